"""The exercise's attacker: what he sends, and what he does to a log. Every attempt must be refused, and is shown so.

He holds one member's keys and TLS certificate (a captured node) and keys of his own making. He speaks to real nodes
over their real interface; nothing in a node helps him.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from hamsaya.adapters.http import HttpTransport
from hamsaya.base.errors import HamsayaError
from hamsaya.base.ids import message_id
from hamsaya.base.instants import DAY
from hamsaya.canon import digest, encode
from hamsaya.cli.fleet import Fleet
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.acts import Signed, encode_content
from hamsaya.messages.cases import Open
from hamsaya.messages.envelope import Envelope, parse, seal
from hamsaya.messages.kinds import Body, encode_body, kind_of
from hamsaya.node.bootstrap import open_directory, own_card, read_settings
from hamsaya.node.core import Node
from hamsaya.node.dispatch import refusal_code
from hamsaya.node.settle import verify_receipt
from hamsaya.node.signers import seats_of
from hamsaya.ports.transport import Address, Answer
from hamsaya.translog.checkpoint import Checkpoint
from hamsaya.translog.cosignature import sign_checkpoint
from hamsaya.translog.witness import encode_add_checkpoint


@dataclass(frozen=True)
class Attempt:
    """One attack and how it ended: ``code`` is the refusal's word, ``refused`` whether it was the one expected."""

    name: str
    code: str
    refused: bool
    words: str


@dataclass
class Attacker:
    """Whoever captured ``captive``'s node; ``victim`` is attacked. ``copy`` is the captive's stolen directory."""

    fleet: Fleet
    captive: str
    victim: str
    copy: Path

    def steal(self) -> Node:
        """Copy the captive's directory while it runs, and open the copy: keys, directory of peers, journal."""
        left = shutil.ignore_patterns("node.db*", "lock", "persons")  # Persons keep their keys, not the node.
        shutil.copytree(self.fleet.home(self.captive), self.copy, ignore=left)
        copy_database(self.fleet.home(self.captive) / "node.db", self.copy / "node.db")
        opened = open_directory(self.copy, self.fleet.passphrase(self.captive))
        os.close(opened.lock)
        return opened.node

    async def post(self, victim: str, path: str, body: bytes) -> Answer:
        """Post to a node through the captive's TLS certificate: the gate lets it pass."""
        home = self.fleet.home(victim)
        endpoint = f"https://127.0.0.1:{read_settings(home).listen_port}"
        transport = HttpTransport(self.copy / "tls.crt", self.copy / "tls.key")
        try:
            return await transport.post(Address(victim, endpoint, own_card(home).tls_certificate), path, body, 20.0)
        finally:
            await transport.close()

    def forge(
        self, node: Node, victim: str, body: Body, case: str, key: SigningKey | None = None, *, persons: bool = False
    ) -> Envelope:
        """Return an envelope in the captive's name, asking no pipeline whether it may be sent.

        Args:
            persons: With the signatures of the captive's own persons: a genuine message.
        """
        now = node.clock.now()
        kem = node.state.directory.peers[victim].kem_at(now)
        assert kem is not None, "every node publishes its keys four weeks ahead"
        kind, raw = kind_of(body), encode_body(body)
        instrument, told = node.agreement.instrument_for(kind), (victim,)
        signed = Signed.over(raw, node.agreement.federation, self.captive, kind, instrument, case, told)
        people = zip(self.fleet.people(self.captive), seats_of(kind), strict=False) if persons else ()
        content = encode_content(raw, [person.sign(signed, seat[0]) for person, seat in people])
        return seal(
            content, kind=kind, message_id=message_id(now, secrets.token_bytes(10)), sender=self.captive,
            signing_key=key or node.ring.message, recipients={victim: kem.public},
            instrument=instrument, case=case, issued_at=now, expires_at=now + 30 * DAY,
            charter_revision=node.agreement.revision, exercise=node.agreement.exercise,
            content_key=secrets.token_bytes(32),
        )

    async def run(self) -> list[Attempt]:
        """Make every attempt and return how each ended."""
        node = self.steal()
        opening = Open(
            title="EXERCISE attack", purpose="prevent-attack", act="bombing", participants=[self.captive, self.victim],
            legal_basis="CX.1",
            desk="desk",
            officer=self.fleet.people(self.captive)[0].person, retain_until=node.clock.now() + 30 * DAY, subjects=[],
        )
        return [
            await self._forged_sender(node, opening),
            await self._stripped_signature(node, opening),
            await self._replay(node, opening),
            await self._charter_breach(node, opening),
            await self._no_person(node, opening),
            await self._forked_log(node),
            self._tampered_log(node),
        ]

    async def _forged_sender(self, node: Node, body: Body) -> Attempt:
        """Sign in the captive's name with a key of one's own."""
        stranger = SigningKey("ml-dsa-44", secrets.token_bytes(64))
        forged = self.forge(node, self.victim, body, "ATTACK-1", stranger)
        answer = await self.post(self.victim, "/v1/envelopes", forged.encode())
        return _attempt("forged sender", answer, "unknown-key", "the member has published no such key")

    async def _stripped_signature(self, node: Node, body: Body) -> Attempt:
        """Keep the captive's Ed25519 signature and strip the post-quantum one."""
        whole = self.forge(node, self.victim, body, "ATTACK-2")
        stripped = encode([whole.header_bytes, whole.wraps, whole.sealed_body, [whole.signature[0], b""]])
        answer = await self.post(self.victim, "/v1/envelopes", stripped)
        return _attempt("stripped signature", answer, "bad-signature", "both signatures must verify and one is missing")

    async def _replay(self, node: Node, body: Body) -> Attempt:
        """Send one genuine message twice: the second changes nothing and gets the first one's receipt."""
        genuine = self.forge(node, self.victim, body, "ATTACK-3", persons=True).encode()
        first = await self.post(self.victim, "/v1/envelopes", genuine)
        second = await self.post(self.victim, "/v1/envelopes", genuine)
        wanted = parse(genuine).header.mid.hex()
        log = await self.fleet.call(self.victim, "log", limit=1_000_000)
        leaves = sum(row["message_id"] == wanted for row in log)
        same = first.status == second.status == 200 and first.body == second.body
        return Attempt("replay", "duplicate" if same else refusal_code(second), same and leaves == 1,
                       "the stored receipt came back byte for byte; the log holds the message once")

    async def _charter_breach(self, node: Node, body: Body) -> Attempt:
        """Sign, with the captive's real keys, what a clause forbids: case content for the joint cell."""
        cell = min(node.agreement.joint_cells)
        breach = self.forge(node, cell, body, "ATTACK-4")
        answer = await self.post(cell, "/v1/envelopes", breach.encode())
        return _logged("charter breach", node, cell, breach, answer, "forbidden")

    async def _no_person(self, node: Node, body: Body) -> Attempt:
        """Open a case with all of the captured node's keys, and nobody who prepared or released it."""
        alone = self.forge(node, self.victim, body, "ATTACK-5")
        answer = await self.post(self.victim, "/v1/envelopes", alone.encode())
        return _logged("no person", node, self.victim, alone, answer, "person-missing")

    async def _forked_log(self, node: Node) -> Attempt:
        """Ask a witness to cosign another history of the captive's log, signed with its real log key."""
        origin = node.agreement.origin(self.captive)
        fork = Checkpoint(origin, node.tree.size, digest(b"another history"))
        note = sign_checkpoint(fork, node.ring.log, node.clock.ticks() // 1000)
        body = encode_add_checkpoint(node.tree.size, [], note)
        answer = await self.post(self.victim, "/add-checkpoint", body)
        return Attempt("forked log", f"http-{answer.status}", answer.status in (409, 422),
                       "the witness cosigns only what extends the log it has seen")

    def _tampered_log(self, node: Node) -> Attempt:
        """Change one byte of one journal row in the stolen copy and open it as the operator would."""
        passphrase = self.fleet.passphrase(self.captive)
        node.store.close()
        with sqlite3.connect(self.copy / "node.db") as database:
            database.execute("UPDATE journal SET code='admitted ' WHERE idx=(SELECT max(idx)/2 FROM journal)")
        database.close()
        try:
            open_directory(self.copy, passphrase).close()
        except HamsayaError as error:
            noticed = error.code == "damaged-log"
            return Attempt("tampered log", error.code, noticed, "the journal no longer makes the root")
        return Attempt("tampered log", "opened", False, "expected the node to refuse its altered journal")


def _logged(name: str, node: Node, victim: str, sent: Envelope, answer: Answer, expected: str) -> Attempt:
    """Return how an attempt ended that its victim must log as refused, with a receipt that proves it."""
    if answer.status != 200:
        return Attempt(name, refusal_code(answer), False, "expected a logged refusal with its receipt")
    verdict = verify_receipt(node, victim, sent.statement, answer.body)
    return Attempt(name, verdict.code, (verdict.state, verdict.code) == ("refused", expected),
                   "logged as refused, with a receipt that proves it")


def copy_database(source: Path, target: Path) -> None:
    """Copy a SQLite file that is in use, whole and consistent."""
    reader = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
    writer = sqlite3.connect(target)
    try:
        reader.backup(writer)
    finally:
        reader.close()
        writer.close()
    target.chmod(0o600)


def _attempt(name: str, answer: Answer, expected: str, words: str) -> Attempt:
    code = refusal_code(answer) if answer.status != 200 else "admitted"
    return Attempt(name, code, code == expected, words)
