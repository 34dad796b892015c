"""Wiring, beside ``packs`` and ``data_files``: founds a node in a directory and opens it again.

    DIR/node.toml     what this node is: slug, pack, endpoint, exercise clock     (public)
    DIR/node.card     the card for the peers' operators                           (public)
    DIR/node.db       the store                                                   (0600)
    DIR/keys.bin      the key ring, under the passphrase                          (0600)
    DIR/root.bin      the offline root, under the passphrase: move it to a safe   (0600)
    DIR/tls.key .crt  the gate's certificate                                      (0600)
    DIR/chunks/       sealed chunks of files, ciphertext under keys that lie in the store
    DIR/lock          held by whoever writes; a second writer is refused
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import hashlib
import os
import tomllib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate

from hamsaya.adapters import unsc
from hamsaya.adapters.chunkfiles import FileChunks
from hamsaya.adapters.clock import ExerciseClock, SystemClock, SystemRandom
from hamsaya.adapters.http import HttpTransport, admit, make_certificate, server_context
from hamsaya.adapters.keyfile import KeyFile
from hamsaya.adapters.regionpack import Pack
from hamsaya.adapters.sqlite import SqliteStore
from hamsaya.base.errors import OperatorError
from hamsaya.base.ids import member_id
from hamsaya.charter.cedar import Engine
from hamsaya.charter.check import require_sound
from hamsaya.charter.compiled import compile_document
from hamsaya.charter.types import document_from_plain
from hamsaya.crypto.signing import SigningKey
from hamsaya.crypto.support import require_post_quantum
from hamsaya.messages.acts import PersonKey
from hamsaya.messages.keys import SIGNING_LIFETIME, Card, encode_card, open_card, sign_statement
from hamsaya.messages.node import Peer
from hamsaya.node.agreement import CLOCKS, Agreement
from hamsaya.node.annexes import clock_annexes
from hamsaya.node.core import Node, Step, no_step, open_node
from hamsaya.node.listing import read_kept
from hamsaya.node.packs import charters_beside as charters_beside
from hamsaya.node.packs import open_charter as open_charter
from hamsaya.node.packs import open_named_pack as open_named_pack
from hamsaya.node.packs import pack_inputs as pack_inputs
from hamsaya.node.packs import pack_priors as pack_priors
from hamsaya.node.rotation import reissue_card
from hamsaya.node.send import Draft, SendJob
from hamsaya.node.service import Pace, Service
from hamsaya.node.transfer import MIB
from hamsaya.ports.clock import Clock
from hamsaya.ports.keys import KeyRing, KeyStore, new_ring, rotate

ENGINE = Engine()
"""Cedar beside the reference, one for the process: what it remembers depends on the charter's text alone."""


class ExerciseTime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fast clock all parties of one exercise share: start in UTC ms, how many times faster, and for how long.

    ``begins`` is a file that all of them read: where it is named the fast time begins at the instant that stands in it.
    """

    anchor_ms: int
    rate: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    fast_ms: Annotated[int, msgspec.Meta(ge=0)]
    begins: str = ""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """DIR/node.toml. Defaults are the safe ones; times are seconds of machine time.

    ``pack`` is the name of a built-in region pack or the path of a pack's folder; ``present`` names parties that
    the pack lists as absent and that take part here. ``endpoint`` is the https address peers reach, without which
    the node pulls. ``routes`` says how this node reaches a peer where that differs from the peer's card (a gateway,
    a relay); the peer's pinned certificate still decides. ``files_mib`` is the room for files on this disk, and
    ``files_mib_each`` for those of one other party. The two hosts are loopback until the operator says
    otherwise.
    """

    node: str
    pack: str
    present: tuple[str, ...] = ()
    endpoint: str | None = None
    listen_host: str = "127.0.0.1"
    listen_port: int = 8443
    console_host: str = "127.0.0.1"
    console_port: int = 8080
    cosign_s: float = 60.0
    deadlines_s: float = 5.0
    backoff_cap_s: float = 60.0
    files_mib: Annotated[int, msgspec.Meta(ge=0)] = 10_240
    files_mib_each: Annotated[int, msgspec.Meta(ge=0)] = 2_048
    routes: dict[str, str] = {}
    exercise_time: ExerciseTime | None = None


@dataclass(frozen=True)
class Opened:
    """A node opened from its directory, with what its faces need."""

    node: Node
    settings: Settings
    pack: Pack
    directory: Path
    lock: int

    def close(self) -> None:
        """Close the store and let go of the lock."""
        self.node.store.close()
        os.close(self.lock)


def found(directory: Path, settings: Settings, passphrase: str) -> Card:
    """Found a new node in ``directory`` and return its card; its first leaf is its own card.

    Raises:
        OperatorError: a node is there already (code ``already-founded``): a second history is never founded over
            an existing one. Also a slug the pack does not know, an endpoint that is no https address
            (``bad-endpoint``), or a directory that cannot be written.
    """
    require_post_quantum()
    refuse_second_history(directory)
    pack = open_pack(settings)
    if settings.node not in {party.id for party in pack.parties}:
        raise OperatorError(f"expected one of the pack's parties, received {member_id(settings.node)!r}",
                            code="unknown-member")
    _require_https(settings.endpoint)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    clock, random = _clock(settings), SystemRandom()
    root = SigningKey("ml-dsa-65", random.bytes(64))
    ring = rotate(new_ring(settings.node, random), clock.now(), random)
    tls_key, certificate = make_certificate(settings.node, clock.ticks())
    card = make_card(ring, root, clock.now(), settings.endpoint, certificate)
    raw_card = encode_card(card, ring.message)
    write_private(directory / "tls.key", tls_key)
    write_private(directory / "tls.crt", load_der_x509_certificate(certificate).public_bytes(Encoding.PEM))
    KeyFile(directory / "root.bin", passphrase).save_root(root)
    key_store = KeyFile(directory / "keys.bin", passphrase)
    key_store.save(ring)
    SqliteStore(directory / "node.db", create=True).close()
    os.chmod(directory / "node.db", 0o600)
    _keep_card(directory, raw_card)
    # Written last: a founding that was interrupted before this line is no node yet.
    (directory / "node.toml").write_text(render_settings(settings), encoding="utf-8")
    with closing(_open(directory, settings, pack, lambda: key_store, no_step)) as opened:
        _commit_one(opened.node, Draft(Peer(card=raw_card, fingerprint=card.fingerprint)))
    return card


def refuse_second_history(directory: Path) -> None:
    """Return when no node is in ``directory``; raises OperatorError ``already-founded``."""
    present = [name for name in ("node.toml", "node.db", "keys.bin") if (directory / name).exists()]
    if present:
        raise OperatorError(
            f"{directory} already holds a node ({', '.join(present)}); a second history is never founded over an "
            "existing one. Choose another directory, or move this one away", code="already-founded"
        )


def _require_https(endpoint: str | None) -> None:
    """Return when peers can use ``endpoint``: it stands on the card, and peers post to nothing but https."""
    try:
        parts = None if endpoint is None else urlsplit(endpoint)
        fits = parts is None or (parts.scheme == "https" and bool(parts.hostname) and (parts.port or 443) > 0
                                 and not (parts.path or parts.query or parts.fragment or parts.username))
    except ValueError:  # A port or an IPv6 address that is none.
        fits = False
    if not fits:
        raise OperatorError("expected an endpoint such as https://node.example:8443, without a path",
                            code="bad-endpoint")


def make_card(ring: KeyRing, root: SigningKey, now: int, endpoint: str | None, tls_certificate: bytes) -> Card:
    """Return the card of a node with these keys: the root vouches for the signing keys, they for the KEM keys."""
    until = now + SIGNING_LIFETIME
    signing = [
        ring.statement("message", ring.message.verifying_key.raw, now, until),
        ring.statement("log", ring.log.verifying_key.raw, now, until),
        ring.statement("witness", ring.witness.verifying_key.raw, now, until),
    ]
    sealing = [ring.statement("kem", epoch.kem.public, epoch.not_before, epoch.not_after) for epoch in ring.epochs]
    return Card(
        node=ring.node,
        root=root.verifying_key.raw,
        statements=[sign_statement(s, root) for s in signing] + [sign_statement(s, ring.message) for s in sealing],
        endpoint=endpoint,
        tls_certificate=tls_certificate,
    )


def open_directory(directory: Path, passphrase: str, *, step: Step = no_step) -> Opened:
    """Return the node kept in ``directory``, its state rebuilt from its journal and checked against its log.

    Raises:
        OperatorError: no node there, another writer has it open (``locked``), a wrong passphrase, or a journal
            that does not match its own log.
    """
    require_post_quantum()
    settings = read_settings(directory)
    return _open(directory, settings, open_pack(settings), lambda: KeyFile(directory / "keys.bin", passphrase), step)


def _open(
    directory: Path, settings: Settings, pack: Pack, make_key_store: Callable[[], KeyStore], step: Step
) -> Opened:
    agreement = agreement_of(pack, settings.node)
    if settings.exercise_time is not None and not agreement.exercise:
        raise OperatorError("an exercise clock is set, but the charter is no exercise; remove exercise_time from "
                            "node.toml", code="wrong-clock")
    lock = _lock(directory)
    try:
        store = SqliteStore(directory / "node.db")
        node = open_node(agreement=agreement, key_store=make_key_store(), store=store, clock=_clock(settings),
                         random=SystemRandom(), step=step)
        node.routes = settings.routes
        node.listed = read_kept(store)
    except BaseException:
        os.close(lock)
        raise
    return Opened(node, settings, pack, directory, lock)


def make_service(opened: Opened) -> tuple[Service, Callable[[], object]]:
    """Return the service of an opened node, and a function giving the TLS context its server listens with."""
    certificate, key = opened.directory / "tls.crt", opened.directory / "tls.key"
    context = server_context(certificate, key)
    settings = opened.settings
    pace = Pace(cosign_s=settings.cosign_s, deadlines_s=settings.deadlines_s, backoff_cap_s=settings.backoff_cap_s)
    service = Service(
        opened.node,
        HttpTransport(certificate, key),
        pace,
        admit_certificate=lambda der: admit(context, der),
        keep_card=lambda node: _keep_card(opened.directory, reissue_card(node, own_card(opened.directory))),
        read_list=unsc.parse,
        chunks=FileChunks(opened.directory / "chunks"), room=settings.files_mib * MIB,
        room_each=settings.files_mib_each * MIB,
    )
    return service, lambda: context


def renew_message_key(opened: Opened, root_file: Path, passphrase: str, *, compromised: bool) -> bytes:
    """Replace the message key by a fresh one under the offline root, and return the card that shows it.

    The statement is durable and on its way to every peer when this returns; the log and witness keys live as long
    as their log.
    """
    service, _ = make_service(opened)
    root = KeyFile(root_file, passphrase).load_root()

    async def renew() -> bytes:
        try:
            return await service.renew_message_key(root, compromised)
        finally:
            await service.stop()

    statement = asyncio.run(renew())
    card = own_card(opened.directory)
    pairs = zip(card.statements, card.open_statements(), strict=True)
    kept = [raw for raw, key in pairs if key.use in ("log", "witness")]
    return _keep_card(opened.directory, reissue_card(opened.node, card, [statement, *kept]))


def note_move(opened: Opened) -> bool:
    """Put the endpoint of node.toml on the node's card when it has changed, and say whether it had.

    The new card is a leaf of the node's own log. Peers reach the new address once their operators have admitted the
    new card, whose fingerprint is the old one.
    """
    node, endpoint = opened.node, opened.settings.endpoint
    if node.state.directory.peers[node.own].endpoint == endpoint:
        return False
    _require_https(endpoint)
    moved = msgspec.structs.replace(own_card(opened.directory), endpoint=endpoint)
    raw = reissue_card(node, moved)
    _commit_one(node, Draft(Peer(card=raw, fingerprint=moved.fingerprint)))
    _keep_card(opened.directory, raw)
    return True


def _commit_one(node: Node, draft: Draft) -> None:
    (result,) = node.commit([SendJob(draft)])
    if isinstance(result, Exception):
        raise result


def _keep_card(directory: Path, raw: bytes) -> bytes:
    """Replace DIR/node.card whole: a card handed out must let its reader seal to this node at once."""
    temporary = directory / "node.card.new"
    temporary.write_bytes(raw)
    os.replace(temporary, directory / "node.card")
    return raw


def make_person(file: Path, passphrase: str, node: str, person: str, roles: tuple[str, ...]) -> PersonKey:
    """Make a person's key in a new file under that person's own passphrase, and return it.

    Raises:
        OperatorError: there is a file of that name (code ``already-there``): a key is never written over.
    """
    if file.exists():
        raise OperatorError(f"{file} is there already, and a key is never written over; choose another name",
                            code="already-there")
    key = PersonKey(node, person, roles, SystemRandom().bytes(32))
    KeyFile(file, passphrase).save_person(key)
    return key


def open_person(file: Path, passphrase: str) -> PersonKey:
    """Return the person's key in ``file``; raises OperatorError when it is none or does not open."""
    if not file.exists():
        raise OperatorError(f"expected a person's key file at {file}; see: hamsaya person enrol", code="no-keys")
    return KeyFile(file, passphrase).load_person()


def agreement_of(pack: Pack, own: str) -> Agreement:
    """Return what the parties of ``pack`` agreed, as the node of ``own`` enforces it."""
    document = document_from_plain(pack.charter)
    require_sound(document)
    charter = compile_document(document)
    exercise = any(instrument.exercise for instrument in document.instruments)
    documents = {"charter": charter.revision, "annex-reporting": pack.annex_digest}
    if pack.clocks:
        documents[CLOCKS] = hashlib.sha256(pack.clocks).digest()
    return Agreement(
        federation=pack.id,
        own=own,
        founding=charter,
        charter=charter,
        documents=documents,
        areas=pack.areas,
        observers=frozenset(party.id for party in pack.parties if party.role != "member"),
        exercise=exercise,
        judge=ENGINE,
        clocks=clock_annexes(pack.clocks, {party.id for party in pack.parties}),
        priors=pack_priors(pack),
    )


def open_pack(settings: Settings) -> Pack:
    """Return the region pack the settings name, with the parties that take part."""
    return _with_present(open_named_pack(settings.pack), settings.present)


def _with_present(pack: Pack, present: tuple[str, ...]) -> Pack:
    """Return ``pack`` with the named parties in full standing; the charter's revision changes with it."""
    unknown = set(present) - {party.id for party in pack.parties}
    if unknown:
        raise OperatorError(f"present: expected parties of the pack, received {', '.join(sorted(unknown))}",
                            code="unknown-member")
    parties = tuple(
        msgspec.structs.replace(party, standing="full") if party.id in present else party for party in pack.parties
    )
    members = [
        {**member, "standing": "full"} if member["id"] in present else member for member in pack.charter["members"]
    ]
    return replace(pack, parties=parties, charter={**pack.charter, "members": members})


def read_settings(directory: Path) -> Settings:
    """Return DIR/node.toml; raises OperatorError naming the field that does not fit."""
    path = directory / "node.toml"
    try:
        plain = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(plain, Settings)
    except FileNotFoundError:
        text = f"no node in {directory}; found one: hamsaya node init MEMBER --dir {directory}, or name its --dir"
        raise OperatorError(text, code="no-node") from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise OperatorError(f"{path}: {error}", code="bad-settings") from None


def render_settings(settings: Settings) -> str:
    """Return ``settings`` as TOML; every value is a number, a text, a list of texts or one flat table."""
    lines: list[str] = []
    tables: list[str] = []
    for name, value in msgspec.to_builtins(settings).items():
        if isinstance(value, dict):
            tables += ["", f"[{name}]", *(f"{key} = {_toml(item)}" for key, item in value.items())]
        elif value is not None:
            lines.append(f"{name} = {_toml(value)}")
    return "\n".join([*lines, *tables, ""])


def _toml(value: object) -> str:
    # JSON's numbers, strings, booleans and arrays of strings are TOML's too.
    return msgspec.json.encode(value).decode()


def own_card(directory: Path) -> Card:
    """Return the card kept in ``directory``."""
    return open_card((directory / "node.card").read_bytes())


def settle_memory() -> None:
    """Keep the cyclic collector from walking the node's long-lived state on every burst of messages.

    What is alive now (code, state, keys) is set aside for good; what follows is frozen records without cycles, so
    rare collections lose nothing. Measured: a fifth of the CPU of an accepted message.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _clock(settings: Settings) -> Clock:
    fast = settings.exercise_time
    if fast is None:
        return SystemClock()
    return ExerciseClock(fast.anchor_ms, fast.rate, fast.fast_ms, Path(fast.begins) if fast.begins else None)


def _lock(directory: Path) -> int:
    """Take the directory's lock until the process ends; two writers would fork the log."""
    descriptor = os.open(directory / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise OperatorError(f"{directory} is in use by a running node; talk to it instead (hamsaya does so by itself "
                            "while it runs)", code="locked") from None
    return descriptor


def check_library() -> None:
    """Return when the installed library can do what the protocol promises; raises OperatorError."""
    require_post_quantum()


def check_store(directory: Path) -> None:
    """Return when the store opens and has this version's schema; raises OperatorError or StoreError."""
    SqliteStore(directory / "node.db").close()
