"""Who the peers are and which keys are theirs, as a fold of admitted cards and published key statements.

Rules
1. A peer exists once the operator has admitted its card (a note to oneself after comparing fingerprints).
2. A later card of the same node must carry the same root; a new root is a new node, not an update.
3. ``keys.publish`` speaks for its sender only, and each statement must be signed by who must sign it.
4. A signature key counts at the message's issue time; a KEM key is chosen by the time of sealing.
5. Of several statements on one key the one that ends first stands, whatever their order: what the root has closed
   stays closed. With a message key the KEM keys of its owner end, since whoever had stolen the one may have made
   the others; the closing publishes the true ones again.
6. At most 32 statements of each use are kept; KEM keys leave when they are over.   else ``too-many-keys``
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from immutables import Map

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.base.errors import PeerError
from hamsaya.crypto.signing import VerifyingKey
from hamsaya.messages.event import Event
from hamsaya.messages.keys import Card, KeyStatement, fingerprint, open_card, open_statements
from hamsaya.messages.node import Peer, Publish


@dataclass(frozen=True, slots=True)
class PeerRecord:
    """One party: its root, its key statements in order of admission, and where it listens."""

    root: bytes
    statements: tuple[KeyStatement, ...]
    endpoint: str | None
    tls_certificate: bytes

    @property
    def root_key(self) -> VerifyingKey:
        """The offline root's public key."""
        return VerifyingKey.parse(self.root, "ml-dsa-65")

    @property
    def fingerprint(self) -> str:
        """The root key's fingerprint, as operators read it to each other."""
        return fingerprint(self.root)

    def keys(self, use: str) -> list[KeyStatement]:
        """The keys of one use by rule 5, in the order in which they became known."""
        standing: dict[bytes, KeyStatement] = {}
        for statement in self.statements:
            if statement.use == use:
                held = standing.setdefault(statement.public, statement)
                standing[statement.public] = min(held, statement, key=lambda each: each.not_after)
        return list(standing.values())

    def kem_at(self, instant: int) -> KeyStatement | None:
        """Return the KEM key to seal to at ``instant``, or None when the peer has published none for it."""
        return next((key for key in reversed(self.statements) if key.use == "kem" and key.valid_at(instant)), None)


@dataclass(frozen=True, slots=True)
class DirectoryState:
    """Every known party by slug, oneself included."""

    peers: Map[str, PeerRecord]

    def message_key(self, member: str, kid: bytes, instant: int) -> VerifyingKey:
        """Return the message key of ``member`` with that id, valid at ``instant``.

        Raises:
            PeerError: the member has no card here (``unknown-sender``) or no such key then (``unknown-key``).
        """
        record = self.peers.get(member)
        if record is None:
            raise PeerError("the sender has no admitted card at this node; its operator and ours exchange cards",
                            code="unknown-sender")
        for key in record.keys("message"):
            if key.kid == kid and key.valid_at(instant):
                return key.verifying_key
        raise PeerError("the sender has published no such key for that time", code="unknown-key")


def signature_keys(state: DirectoryState, member: str, use: str) -> list[VerifyingKey]:
    """Return every key ``member`` has had for ``use``, the latest first; raises PeerError ``unknown-key``."""
    record = state.peers.get(member)
    keys = record.keys(use) if record else []
    if not keys:
        raise PeerError(f"no {use} key of {member} is known here; exchange cards first", code="unknown-key")
    return [key.verifying_key for key in reversed(keys)]


def signature_key(state: DirectoryState, member: str, use: str) -> VerifyingKey:
    """Return the latest key of ``member`` for ``use``; raises PeerError ``unknown-key``."""
    return signature_keys(state, member, use)[0]


def signed_by(state: DirectoryState, member: str, signed: bytes, signatures: Sequence[bytes], at: int) -> bool:
    """Say whether a message key of ``member`` that was valid at ``at`` made both ``signatures`` over ``signed``.

    By the word of the time: a key that its root has closed since has signed all the same. Else a member could vote,
    close its key where the record has not been yet, and keep those nodes from it for good.
    """
    record = state.peers.get(member)
    if record is None or len(signatures) != 2:
        return False
    for key in record.statements:
        if key.use == "message" and key.valid_at(at):
            with suppress(PeerError):
                key.verifying_key.verify((signatures[0], signatures[1]), signed)
                return True
    return False


EMPTY_DIRECTORY = DirectoryState(Map())
MAX_KEYS = 32


def decide(state: DirectoryState, event: Event, own: str) -> Decision:
    """Decide on ``node.peer`` and ``keys.publish`` by rules 1 to 3; ``own`` is this node's slug."""
    try:
        match event.body:
            case Peer(card=raw):
                return _decide_card(state, event, open_card(raw), own)
            case Publish(statements=statements):
                record = state.peers.get(event.sender)
                if record is None:
                    return refuse("unknown-sender", "directory:1", "no card of the sender has been admitted")
                fresh = open_statements(event.sender, statements, record.root_key, record.keys("message"))
                uses = Counter(key.use for key in _merged(record.statements, fresh, event.issued_at))
                if max(uses.values(), default=0) > MAX_KEYS:
                    return refuse("too-many-keys", "directory:6", f"a party has at most {MAX_KEYS} keys of a use")
                return permit("directory:3", "every key statement is signed by who must sign it")
    except PeerError as error:
        return refuse(error.code, "directory:3", str(error))
    return refuse("unknown-kind", "directory", "not a kind of the directory")


def _decide_card(state: DirectoryState, event: Event, card: Card, own: str) -> Decision:
    if event.recipients or event.sender != own:
        return refuse("not-a-note", "directory:1", "a card is admitted by a note to oneself only")
    known = state.peers.get(card.node)
    if known is not None and known.root != card.root:
        return refuse("root-changed", "directory:2", f"{card.node} is known under another root key")
    return permit("directory:1", "the operator admits this card")


def apply(state: DirectoryState, event: Event) -> DirectoryState:
    """Return the directory after an admitted card or publication."""
    at = event.issued_at
    match event.body:
        case Peer(card=raw):
            card = open_card(raw)
            known = state.peers.get(card.node)
            statements = _merged(known.statements if known else (), card.open_statements(), at)
            record = PeerRecord(card.root, statements, card.endpoint, card.tls_certificate)
            return DirectoryState(state.peers.set(card.node, record))
        case Publish(statements=raws):
            record = state.peers[event.sender]
            fresh = open_statements(event.sender, raws, record.root_key, record.keys("message"))
            updated = replace(record, statements=_merged(record.statements, fresh, at))
            return DirectoryState(state.peers.set(event.sender, updated))
    return state


def _merged(known: tuple[KeyStatement, ...], fresh: list[KeyStatement], at: int) -> tuple[KeyStatement, ...]:
    """Return ``known`` and ``fresh`` together by rules 5 and 6; ``at`` is when it was published."""
    new = [statement for statement in fresh if statement not in known]
    held = {statement.public for statement in known if statement.use == "message"}
    if any(statement.public in held for statement in new):
        known = tuple(statement for statement in known if statement.use != "kem")
        new = [statement for statement in fresh if statement not in known]
    return tuple(each for each in (*known, *new) if each.use != "kem" or each.not_after > at)


def snapshot(state: DirectoryState) -> Any:
    """Return the directory as a plain value; equal directories give equal bytes."""
    return {
        member: [record.root, record.endpoint, record.tls_certificate,
                 [[key.use, key.public, key.not_before, key.not_after] for key in record.statements]]
        for member, record in state.peers.items()
    }
