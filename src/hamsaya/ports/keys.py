"""The private keys a node holds, and the promise of whatever keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from hamsaya.base.errors import OperatorError
from hamsaya.canon import decode, encode
from hamsaya.crypto.sealing import KemKey, derive
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.keys import EPOCH_LENGTH, EPOCHS_AHEAD, STORE_AND_FORWARD, KeyStatement, KeyUse
from hamsaya.ports.clock import Random

_IDENTITY_LABEL = b"hamsaya/v1/identity"


@dataclass(frozen=True, slots=True)
class Epoch:
    """One KEM key and the week [not_before, not_after) in which others may seal to it."""

    kem: KemKey
    not_before: int
    not_after: int


@dataclass(frozen=True, slots=True)
class MatchKey:
    """The secrets of one epoch of hit/no-hit: the seed of its key, and that of the decoys in its sets."""

    epoch: int
    seed: bytes = field(repr=False)
    decoy_seed: bytes = field(repr=False)
    made_at: int


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Everything secret that a running node needs; the root is not among it.

    ``successor`` is a message key that has been made and not yet published: it signs only once peers may know it.
    ``matches`` are the keys of hit/no-hit, by epoch; whoever has one can try guesses against that epoch's sets.
    """

    node: str
    message: SigningKey
    log: SigningKey
    witness: SigningKey
    storage: bytes = field(repr=False)
    epochs: tuple[Epoch, ...]
    successor: SigningKey | None = None
    matches: tuple[MatchKey, ...] = ()

    def match_key(self, epoch: int) -> MatchKey | None:
        """Return the secrets of an epoch of hit/no-hit, or None when this node never had them or destroyed them."""
        return next((key for key in self.matches if key.epoch == epoch), None)

    def kem(self, kid: bytes) -> KemKey | None:
        """Return the KEM key of that id, or None when this node never had it or has destroyed it."""
        return next((epoch.kem for epoch in self.epochs if epoch.kem.kid == kid), None)

    @property
    def identity_key(self) -> bytes:
        """The secret under which staff numbers become identities. It follows from the storage key, which it does not
        give away: it can be shown to an oversight body that checks the register of persons."""
        return derive(self.storage, _IDENTITY_LABEL)

    def statement(self, use: KeyUse, public: bytes, not_before: int, not_after: int) -> KeyStatement:
        """Return the (unsigned) statement of one of this node's keys."""
        return KeyStatement(node=self.node, use=use, public=public, not_before=not_before, not_after=not_after)


def new_ring(node: str, random: Random) -> KeyRing:
    """Return fresh keys for ``node``, without any KEM epoch yet."""
    message, log, witness = [SigningKey("ml-dsa-44", random.bytes(64)) for _ in range(3)]
    return KeyRing(node, message, log, witness, random.bytes(32), ())


def rotate(ring: KeyRing, now: int, random: Random) -> KeyRing:
    """Return the ring with epochs up to four weeks ahead and without those past their store-and-forward time.

    An epoch's private part is destroyed 30 days after its end: what was sealed to it can then be opened by
    nobody, here or elsewhere. Epochs beyond the horizon, made while the clock was wrong, are left to their time.
    """
    kept = tuple(epoch for epoch in ring.epochs if epoch.not_after + STORE_AND_FORWARD > now)
    horizon = now + EPOCHS_AHEAD * EPOCH_LENGTH
    start = max((epoch.not_after for epoch in kept if epoch.not_before <= horizon), default=now - now % EPOCH_LENGTH)
    fresh = tuple(
        Epoch(KemKey(random.bytes(32)), begin, begin + EPOCH_LENGTH)
        for begin in range(start, horizon + 1, EPOCH_LENGTH)
    )
    return replace(ring, epochs=kept + fresh)


def with_match_key(ring: KeyRing, epoch: int, now: int, random: Random) -> KeyRing:
    """Return the ring with fresh secrets for ``epoch`` of hit/no-hit; itself where it has some."""
    if ring.match_key(epoch) is not None:
        return ring
    made = MatchKey(epoch, random.bytes(32), random.bytes(32), now)
    return replace(ring, matches=(*ring.matches, made))


def encode_ring(ring: KeyRing) -> bytes:
    """Return the ring's bytes; they are secret and belong under encryption."""
    epochs = [[epoch.kem.seed, epoch.not_before, epoch.not_after] for epoch in ring.epochs]
    successor = ring.successor.seed if ring.successor else None
    seeds = [ring.message.seed, ring.log.seed, ring.witness.seed, successor]
    matches = [[key.epoch, key.seed, key.decoy_seed, key.made_at] for key in ring.matches]
    return encode([2, ring.node, seeds, ring.storage, epochs, matches])


def parse_ring(secret_bytes: bytes) -> KeyRing:
    """Return the ring in ``secret_bytes`` (authenticated by the key file's encryption)."""
    plain: Any = decode(secret_bytes)
    match plain:
        case [1, str() as node, list() as seeds, bytes() as storage, list() as epochs]:
            matches: list[Any] = []
        case [2, str() as node, list() as seeds, bytes() as storage, list() as epochs, list() as matches]:
            pass
        case _:
            text = "expected a key ring of this version; see the CHANGELOG's Schema lines"
            raise OperatorError(text, code="wrong-keys")
    message, log, witness, successor = (SigningKey("ml-dsa-44", seed) if seed else None for seed in seeds)
    assert message and log and witness, "a ring always holds the three signing keys"
    return KeyRing(
        node=node,
        message=message,
        log=log,
        witness=witness,
        storage=storage,
        epochs=tuple(Epoch(KemKey(seed), begin, end) for seed, begin, end in epochs),
        successor=successor,
        matches=tuple(MatchKey(*key) for key in matches),
    )


class KeyStore(Protocol):
    """Keeps a key ring. ``save`` is durable when it returns and never leaves half a file behind."""

    def load(self) -> KeyRing:
        """Return the ring; raises OperatorError when it cannot be opened."""
        ...

    def save(self, ring: KeyRing) -> None:
        """Replace the kept ring."""
        ...
