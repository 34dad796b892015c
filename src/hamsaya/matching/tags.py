"""The tag set of one epoch: what a responder publishes of its files, and how a querier finds its hits there.

    built = build(key, records, epoch=7, edition=..., decoy_seed=..., executor=pool)
    built.notice                                  # goes into the log
    find(built.tags, output)                      # the querier's side: Hit or None

Rules
1. An entry is 14 bytes: the first 12 of the identifier's OPRF output, then category and desk sealed under the rest of
   that output and the edition. Without the output, which only the responder's key gives, an entry is noise: nobody can
   test a guess, and two editions of one set cannot be compared entry by entry beyond their tags.
2. Entries are sorted, so a set says nothing of the order of the files, and is the same for any number of workers.
3. An identifier found in more than ``cap`` records is dropped: a shared office number says nothing of a person. One
   found in several names the gravest category and its desk; the desk knows of the others.
4. Decoys fill the set up to a coarse size, so its growth tells little, and look like entries; the owner can derive
   them again. A *planted* identifier is a decoy that can be hit: it belongs to nobody, so a request about it shows
   enumeration.
5. The notice holds the size and the Merkle root (RFC 9162 §2.1) over 4,096 buckets by the tag's first 12 bits. A set or
   a bucket that does not lead to the logged root is refused (``wrong-set``): an entry cannot be added for one
   querier, or without everybody seeing the set grow.
6. A querier compares with the whole set. A bucket costs 3 kB where the set is too large to fetch, and tells the
   responder 12 bits of the output, so a set up to a million entries is fetched whole.

A chance hit has probability size / 2^96. Left out: building by increments; an epoch's set is built whole.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import pairwise

from hamsaya.base.errors import PeerError
from hamsaya.canon import tagged
from hamsaya.matching.identifiers import encoded
from hamsaya.matching.oprf import ResponderKey
from hamsaya.matching.types import CATEGORIES, Hit, Identifier, Notice, Record

TAG_BYTES = 12
ENTRY_BYTES = TAG_BYTES + 2
BUCKET_BITS = 12
BUCKETS = 1 << BUCKET_BITS
EDITION_BYTES = 16
DECOY_SEED_BYTES = 32
OVER_MATCH_CAP = 5
"""Records an identifier may be found in; exchange notes §5 (9) ask for a cap, the number is ours."""
CHUNK = 2_000
"""Identifiers a worker takes at once: about a tenth of a second."""


@dataclass(frozen=True)
class TagSet:
    """The sorted entries of one edition, as they are published."""

    epoch: int
    edition: bytes
    desks: tuple[str, ...]
    entries: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """How many entries the set has."""
        return len(self.entries) // ENTRY_BYTES

    def bucket(self, number: int) -> bytes:
        """Return the entries whose tags begin with the 12 bits of ``number``, 0 <= number < 4,096."""
        low, high = (self._place(bound << 4) for bound in (number, number + 1))
        return self.entries[low * ENTRY_BYTES : high * ENTRY_BYTES]

    def _place(self, first_two_bytes: int) -> int:
        if first_two_bytes > 0xFFFF:
            return self.size
        bound, entries = first_two_bytes.to_bytes(2, "big"), self.entries
        starts = range(0, len(entries), ENTRY_BYTES)
        return bisect_left(starts, bound, key=lambda start: entries[start : start + 2])


@dataclass(frozen=True)
class Built:
    """What building gives: the set, the notice to log, and what only the owner may know.

    ``dropped`` are the identifiers over the cap; ``planted`` the tags of identifiers that belong to nobody;
    ``decoys`` how many entries are noise.
    """

    tags: TagSet
    notice: Notice
    dropped: tuple[Identifier, ...] = field(repr=False)
    planted: frozenset[bytes] = field(repr=False)
    decoys: int = 0


def build(
    key: ResponderKey,
    records: Iterable[Record],
    *,
    epoch: int,
    edition: bytes,
    decoy_seed: bytes,
    executor: Executor,
    cap: int = OVER_MATCH_CAP,
    fill: Callable[[int], int] | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Built:
    """Return the tag set of ``records`` under the epoch's key.

    Args:
        epoch: 1 or more; each has its own key.
        edition: 16 random bytes, used for this building alone.
        decoy_seed: 32 secret random bytes; with the size they give the decoys again.
        executor: Where the multiplications run; the result does not depend on it or on its workers.
        cap: Records an identifier may be found in, 1 or more.
        fill: From the number of true entries to the published size, at least as large; ``coarse`` without it.
        progress: Told the number of identifiers done so far.
    Raises:
        PeerError: an identifier not in its one spelling (``bad-identifier``).
        ValueError: an edition or a seed of another length, more than 256 desks, a cap below 1, a size too small.
    """
    if len(edition) != EDITION_BYTES or len(decoy_seed) != DECOY_SEED_BYTES or cap < 1:
        raise ValueError("expected an edition of 16 bytes, a decoy seed of 32 and a cap of at least 1")
    kept, dropped, desks = _gather(records, cap)
    wanted = [(item, _plain(record, desks)) for item, record in sorted(kept.items())]
    chunks = [wanted[first : first + CHUNK] for first in range(0, len(wanted), CHUNK)]
    entries: list[bytes] = []
    for made in executor.map(_entries, [key] * len(chunks), [edition] * len(chunks), chunks):
        entries += made
        progress(len(entries))
    owned = [entry[:TAG_BYTES] for entry, record in zip(entries, _in_order(kept), strict=True) if record.planted]
    decoys = _decoys(decoy_seed, edition, (fill or coarse)(len(entries)) - len(entries))
    tags = TagSet(epoch, edition, desks, b"".join(sorted(entries + decoys)))
    notice = Notice(epoch=epoch, public=key.public, edition=edition, size=tags.size, root=root_of(tags),
                    desks=list(desks))
    return Built(tags, notice, tuple(sorted(dropped)), frozenset(owned), len(decoys))


def coarse(entries: int) -> int:
    """Return the published size for so many true entries: to a step of an eighth to a quarter of it, at least 1,024."""
    step = max(1024, 1 << max(0, entries.bit_length() - 3))
    return -(-max(entries, 1) // step) * step


def find(tags: TagSet, output: bytes) -> Hit | None:
    """Return what the set says of the identifier with this 64-byte OPRF output.

    Raises:
        PeerError: an entry that its owner sealed wrongly (``wrong-set``).
    """
    return find_in(tags.entries, tags.edition, tags.desks, output)


def find_in(entries: bytes, edition: bytes, desks: Sequence[str], output: bytes) -> Hit | None:
    """Return what sorted ``entries``, a set's or a bucket's, say of the identifier with this output; as ``find``."""
    tag = output[:TAG_BYTES]
    count = len(entries) // ENTRY_BYTES
    starts = range(0, count * ENTRY_BYTES, ENTRY_BYTES)
    place = bisect_left(starts, tag, key=lambda start: entries[start : start + TAG_BYTES])
    entry = entries[place * ENTRY_BYTES : (place + 1) * ENTRY_BYTES]
    if entry[:TAG_BYTES] != tag:
        return None
    category, desk = _xor(entry[TAG_BYTES:], _pad(output, edition))
    if category >= len(CATEGORIES) or desk >= len(desks):
        raise _wrong("an entry that opens to a known category and desk")
    return Hit(category=CATEGORIES[category], desk=desks[desk])


def bucket_of(output: bytes) -> int:
    """Return the number of the bucket in which the entry with this output would lie."""
    return int.from_bytes(output[:2], "big") >> 16 - BUCKET_BITS


# -- the root -----------------------------------------------------------------------------------------------


def root_of(tags: TagSet) -> bytes:
    """Return the Merkle root over the set's buckets, 32 bytes."""
    return _levels(tags)[-1][0]


def leaf_hashes(tags: TagSet) -> list[bytes]:
    """Return the hashes of the set's buckets in order; with them a set is fetched bucket by bucket, each verified."""
    return [_leaf(tags.bucket(number)) for number in range(BUCKETS)]


def verify_hashes(notice: Notice, hashes: Sequence[bytes]) -> None:
    """Return when ``hashes`` are those of all buckets of the set that ``notice`` is about; raises ``wrong-set``."""
    if len(hashes) != BUCKETS or _up(list(hashes))[-1][0] != notice.root:
        raise _wrong("the bucket hashes that lead to the logged root")


def verify_hashed(hashed: bytes, number: int, entries: bytes) -> None:
    """Return when ``entries`` are bucket ``number`` by its verified hash, sorted, in their place; ``wrong-set``."""
    if _leaf(_checked(entries, number, number + 1)) != hashed:
        raise _wrong("a bucket with the hash that leads to the logged root")


def verify_set(notice: Notice, tags: TagSet) -> None:
    """Return when ``tags`` is the very set that ``notice`` is about.

    Raises:
        PeerError: another epoch, edition, list of desks, size or root than was logged, or entries out of order
            (code ``wrong-set``).
    """
    _checked(tags.entries, 0, BUCKETS)
    said = (notice.epoch, notice.edition, tuple(notice.desks), notice.size, notice.root)
    if (tags.epoch, tags.edition, tags.desks, tags.size, root_of(tags)) != said:
        raise _wrong(f"the logged set of epoch {notice.epoch}, {notice.size} entries with the logged root")


def _levels(tags: TagSet) -> list[list[bytes]]:
    return _up(leaf_hashes(tags))


def _up(level: list[bytes]) -> list[list[bytes]]:
    levels = [level]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [hashlib.sha256(b"\1" + left + right).digest() for left, right in pairs]
        levels.append(level)
    return levels


def _leaf(entries: bytes) -> bytes:
    return hashlib.sha256(b"\0" + entries).digest()


def _checked(entries: bytes, first: int, end: int) -> bytes:
    """Return ``entries`` once they are whole, in rising order without a repeated tag, and within the buckets named."""
    if len(entries) % ENTRY_BYTES:
        raise _wrong(f"whole entries of {ENTRY_BYTES} bytes")
    tags = [entries[at : at + TAG_BYTES] for at in range(0, len(entries), ENTRY_BYTES)]
    if any(low >= high for low, high in pairwise(tags)):
        raise _wrong("entries in rising order, each tag once")
    if tags and not first <= bucket_of(tags[0]) <= bucket_of(tags[-1]) < end:
        raise _wrong("entries of the bucket asked for")
    return entries


# -- the entries --------------------------------------------------------------------------------------------


def _gather(
    records: Iterable[Record], cap: int
) -> tuple[dict[Identifier, Record], list[Identifier], tuple[str, ...]]:
    """Return the gravest record of each identifier, the identifiers over the cap, and the desks in order."""
    found: dict[Identifier, list[Record]] = defaultdict(list)
    for record in records:
        found[record.identifier].append(record)
    over = [item for item, several in found.items() if len(several) > cap]
    kept = {item: min(several, key=_gravity) for item, several in found.items() if len(several) <= cap}
    desks = tuple(sorted({record.desk for record in kept.values()})) or ("none",)
    if len(desks) > 256:
        raise ValueError(f"expected at most 256 desks, received {len(desks)}")
    return kept, over, desks


def _gravity(record: Record) -> tuple[bool, int, str]:
    # A planted identifier that is also in a true file is no decoy.
    return record.planted, CATEGORIES.index(record.category), record.desk


def _in_order(kept: dict[Identifier, Record]) -> list[Record]:
    return [kept[item] for item in sorted(kept)]


def _plain(record: Record, desks: Sequence[str]) -> bytes:
    return bytes((CATEGORIES.index(record.category), desks.index(record.desk)))


def _entries(key: ResponderKey, edition: bytes, chunk: Sequence[tuple[Identifier, bytes]]) -> list[bytes]:
    """Return the entries of ``chunk`` (identifier, plain category and desk) in its order; runs in a worker."""
    made = []
    for item, plain in chunk:
        output = key.output(encoded(item))
        made.append(output[:TAG_BYTES] + _xor(plain, _pad(output, edition)))
    return made


def _pad(output: bytes, edition: bytes) -> bytes:
    """Return what hides category and desk: used once, as output and edition occur together once."""
    return hashlib.sha256(b"hamsaya/v1/hit-pad\0" + edition + output[TAG_BYTES:]).digest()[: ENTRY_BYTES - TAG_BYTES]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _decoys(seed: bytes, edition: bytes, count: int) -> list[bytes]:
    """Return ``count`` entries that no identifier has, but for a chance of 2^-96 each."""
    if count < 0:
        raise ValueError("expected a published size of at least the number of true entries")
    return [hashlib.sha256(tagged("hamsaya/v1/decoy", [seed, edition, number])).digest()[:ENTRY_BYTES]
            for number in range(count)]


def _wrong(expected: str) -> PeerError:
    return PeerError(f"expected {expected}, received another; fetch the set again and show both to oversight",
                     code="wrong-set")
