"""Tag sets of hit/no-hit at a node: built here and published, or fetched from a peer and verified.

    asked  = "hamsaya/v1/tag-set" 0x00 CBOR[ from, to, at, edition, first ]      the peer's signature is over this
    answer = CBOR[ edition, first, hashes, [bucket, …] ]         hashes: of all 4,096 buckets with the first page, or ""

Rules
1. A set is what an admitted notice says: each bucket that arrives is verified against the notice's root before it is
   kept, so nothing has to be trusted for having come by this way (ADR 15).
2. It is served to those whom the notice was addressed to and whom the charter lets be told now, and to nobody else
                                                                                          (``not-addressed``).
3. Pages are bounded; fetching goes on at the bucket where it stopped. No set has to lie in memory whole.
4. A set and its key are kept while a probe may name their epoch: the current one and the one before. A key of an epoch
   that is over is destroyed: what remains of its set can then be guessed at by nobody.

What is published says what may be asked, and is signed by a person (``match.notice``). The records themselves are not
kept: the next epoch is built from the owner's files again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.base.instants import DAY
from hamsaya.canon import decode, encode
from hamsaya.matching import tags
from hamsaya.matching.tags import BUCKETS, ENTRY_BYTES, Built, TagSet
from hamsaya.matching.types import Hit, Notice, Noticed
from hamsaya.messages.kinds import encode_body, parse_body
from hamsaya.node.core import Node
from hamsaya.node.exchange import open_request, signed_request
from hamsaya.node.handlers import OWN
from hamsaya.node.journal import event_of
from hamsaya.ports.keys import MatchKey, with_match_key
from hamsaya.ports.store import SetRow

DOMAIN = "hamsaya/v1/tag-set"
PART_BYTES = 4 << 20
GRACE = 7 * DAY
"""How long the key of the epoch before answers on after a new epoch was noticed: probes on their way still arrive."""
EPOCH_AGE = 28 * DAY
"""From when on the owner is reminded to build the next epoch."""
FETCHES = "match-fetch"
MOST_ENTRIES = 1 << 24
"""A larger set is not fetched by itself (it would take 235 MB), whatever its notice says; it may come as a file."""


class Part(NamedTuple):
    """How far a set has come."""

    owner: str
    epoch: int
    edition: bytes
    held: int

    @property
    def complete(self) -> bool:
        """Whether every bucket is here."""
        return self.held == BUCKETS


# -- own ----------------------------------------------------------------------------------------------------


def prepare_epoch(node: Node, fresh: bool) -> MatchKey:
    """Return the key for the next set: of the current epoch, or of a new one, made and durable before it is used.

    Args:
        fresh: Begin a new epoch although the current one goes on.
    """
    current = node.state.matches.current.get(node.own, 0)
    lost = node.ring.match_key(current) is None
    epoch = current + 1 if fresh or lost else current
    ring = with_match_key(node.ring, epoch, node.clock.now(), node.random)
    if ring is not node.ring:
        node.key_store.save(ring)
        node.ring = ring
    made = ring.match_key(epoch)
    assert made is not None
    return made


def keep_built(node: Node, built: Built) -> None:
    """Keep a set that was built here until it is published; one built before and never published goes."""
    for row in node.store.sets():
        if row.owner == node.own and not is_noticed(node, row):
            node.store.drop_set(row.edition)
    _keep(node, node.own, built.notice, built.tags)


def own_unpublished(node: Node) -> Notice:
    """Return the notice of the set that waits to be published; raises OperatorError ``nothing-built``."""
    for row in node.store.sets():
        if row.owner == node.own and not is_noticed(node, row):
            return notice_of(row)
    raise OperatorError("no set waits to be published; build one: hamsaya match build FILE.csv", code="nothing-built")


def is_noticed(node: Node, row: SetRow) -> bool:
    """Say whether ``row`` is the set of the latest notice of its epoch."""
    found = node.state.matches.notices.get((row.owner, row.epoch))
    return found is not None and found.notice.edition == row.edition


def notice_of(row: SetRow) -> Notice:
    """Return what a set's notice says."""
    notice = parse_body("match.notice", row.notice)
    assert isinstance(notice, Notice)
    return notice


# -- served -------------------------------------------------------------------------------------------------


def serve(node: Node, unverified_bytes: bytes) -> bytes:
    """Return the page of a set that a peer asks for.

    Raises:
        PeerError: a request that is none, or of somebody who was not addressed (``not-addressed``).
    """
    member, rest = open_request(node, unverified_bytes, DOMAIN)
    match rest:
        case [bytes() as edition, int() as first] if 0 <= first < BUCKETS:
            pass
        case _:
            raise PeerError("expected [from, to, at, edition, first]", code="bad-request")
    row = _served(node, member, edition)
    buckets = node.store.buckets(edition, first, PART_BYTES)
    node.store.put_kept(FETCHES, member, node.clock.now() + 365 * DAY,
                        encode([row.epoch, first + len(buckets), node.clock.now()]))
    return encode([edition, first, row.hashes if first == 0 else b"", buckets])


def _served(node: Node, member: str, edition: bytes) -> SetRow:
    for row in node.store.sets():
        if row.owner == node.own and row.edition == edition and is_noticed(node, row):
            noticed = node.state.matches.notices[node.own, row.epoch]
            if member in noticed.told and _may_be_told(node, noticed, member):
                return row
    raise PeerError("expected a set that a notice of this node has addressed to the asker", code="not-addressed")


def _may_be_told(node: Node, noticed: Noticed, member: str) -> bool:
    """Say whether the charter lets ``member`` be told of the notice now: it may have left or been cut off since."""
    sent = next(each for each in node.store.find_journal(noticed.message) if each.role == "sent")
    event = replace(event_of(sent.header, noticed.notice), recipients=(member,))
    return node.agreement.decide(node.state.charter, event, OWN, node.clock.now()).allowed


# -- fetched ------------------------------------------------------------------------------------------------


def wanted(node: Node) -> list[tuple[str, Notice]]:
    """Return whose sets were noticed to this node and are not here whole, of epochs that may still be asked about."""
    matches = node.state.matches
    return [
        (owner, each.notice) for (owner, epoch), each in sorted(matches.notices.items(), key=lambda pair: pair[0])
        if owner != node.own and node.own in each.told and epoch >= matches.current[owner] - 1
        and node.own not in node.agreement.overseers and each.notice.size <= MOST_ENTRIES
        and node.store.buckets_held(each.notice.edition) < BUCKETS
    ]


def request(node: Node, owner: str, edition: bytes) -> bytes:
    """Return this node's signed request for the next page of a set of ``owner``."""
    return signed_request(node, owner, DOMAIN, [edition, node.store.buckets_held(edition)])


def take(node: Node, owner: str, notice: Notice, unverified_bytes: bytes) -> Part:
    """Keep one page of ``owner``'s set once every bucket on it is verified, and return how far the set has come.

    Raises:
        PeerError: another page than was asked for, buckets that do not lead to the notice's root, or other than as many
            entries as the notice says (``wrong-set``).
    """
    held = node.store.buckets_held(notice.edition)
    match decode(unverified_bytes, 8 + BUCKETS):
        case [bytes() as edition, int() as first, bytes() as hashes, list() as buckets] if (
            (edition, first) == (notice.edition, held) and buckets and all(type(each) is bytes for each in buckets)
        ):
            pass
        case _:
            raise PeerError(f"expected the buckets of epoch {notice.epoch} from {held} on, received another page",
                            code="wrong-set")
    row = next((each for each in node.store.sets() if each.edition == notice.edition), None)
    if row is None:
        tags.verify_hashes(notice, _split(hashes))
        row = SetRow(owner, notice.epoch, notice.edition, encode_body(notice), hashes, node.clock.now())
        node.store.put_set(row)
    known = _split(row.hashes)
    for number, entries in enumerate(buckets, start=first):
        tags.verify_hashed(known[number] if number < len(known) else b"", number, entries)
    _require_size(node, notice, held + len(buckets) == BUCKETS, sum(map(len, buckets)))
    node.store.put_buckets(notice.edition, first, buckets)
    return Part(owner, notice.epoch, notice.edition, held + len(buckets))


def _require_size(node: Node, notice: Notice, last: bool, more: int) -> None:
    """Refuse what would make the set longer than its notice says, or leave it shorter: the root alone binds no size."""
    total, said = node.store.set_bytes(notice.edition) + more, notice.size * ENTRY_BYTES
    if total > said or (last and total < said):
        raise PeerError(f"expected the {notice.size} entries that were noticed, received {total // ENTRY_BYTES}; show "
                        "both to oversight", code="wrong-set")


def take_whole(node: Node, published: TagSet) -> Part:
    """Keep a set that came as a file, once it is the very one that a notice here is about.

    Raises:
        PeerError: it is not (``wrong-set``). OperatorError: no notice here is about it (``no-notice``).
    """
    for (owner, _), each in sorted(node.state.matches.notices.items()):
        if each.notice.edition == published.edition and owner != node.own:
            tags.verify_set(each.notice, published)
            node.store.drop_set(published.edition)
            _keep(node, owner, each.notice, published)
            return Part(owner, published.epoch, published.edition, BUCKETS)
    raise OperatorError("no notice here is about that set; its owner publishes it first: hamsaya match publish",
                        code="no-notice")


def whole(node: Node, owner: str) -> TagSet:
    """Return the latest noticed set of ``owner`` that is here whole; raises OperatorError ``no-set``."""
    for row in sorted(node.store.sets(), key=lambda each: each.epoch, reverse=True):
        if row.owner == owner and is_noticed(node, row) and node.store.buckets_held(row.edition) == BUCKETS:
            notice = notice_of(row)
            entries = b"".join(node.store.buckets(row.edition, 0, 1 << 40))
            return TagSet(row.epoch, row.edition, tuple(notice.desks), entries)
    raise OperatorError(f"no published set of {owner} is here whole; see: hamsaya match status", code="no-set")


def look_up(node: Node, owner: str, epoch: int) -> Callable[[bytes], Hit | None] | None:
    """Return what finds an output in the set of that epoch, a bucket at a time; None while no set of it is here whole.

    Of several editions of one epoch, which have one key, the noticed one, else the latest.
    """
    rows = [row for row in node.store.sets()
            if (row.owner, row.epoch) == (owner, epoch) and node.store.buckets_held(row.edition) == BUCKETS]
    if not rows:
        return None
    row = next((each for each in rows if is_noticed(node, each)), rows[-1])
    desks = notice_of(row).desks

    def find(output: bytes) -> Hit | None:
        entries = node.store.bucket(row.edition, tags.bucket_of(output))
        assert entries is not None, "the set is here whole"
        return tags.find_in(entries, row.edition, desks, output)

    return find


def parts(node: Node) -> list[Part]:
    """Return how far every set here has come."""
    return [Part(row.owner, row.epoch, row.edition, node.store.buckets_held(row.edition)) for row in node.store.sets()]


# -- the clock's part ---------------------------------------------------------------------------------------


def tidy(node: Node) -> None:
    """Drop sets that no probe may name any more or that a later edition has replaced; destroy keys that are over."""
    matches, now = node.state.matches, node.clock.now()
    complete = {(row.owner, row.epoch) for row in node.store.sets()
                if is_noticed(node, row) and node.store.buckets_held(row.edition) == BUCKETS}
    for row in node.store.sets():
        over = row.epoch < matches.current.get(row.owner, 0) - 1
        replaced = (row.owner, row.epoch) in complete and not is_noticed(node, row) and row.owner != node.own
        older = row.owner == node.own and _replaced_here(node, row)
        # Its owner gives the rest of an edition no more once it has noticed another.
        half = row.owner != node.own and node.store.buckets_held(row.edition) < BUCKETS
        replaced |= half and not is_noticed(node, row)
        if over or replaced or older:
            node.store.drop_set(row.edition)
    current = matches.current.get(node.own)
    if current is None:
        return
    grace = matches.notices[node.own, current].at + GRACE > now
    kept = tuple(key for key in node.ring.matches if key.epoch >= current or (key.epoch == current - 1 and grace))
    if kept != node.ring.matches:
        ring = replace(node.ring, matches=kept)
        node.key_store.save(ring)
        node.ring = ring


def _replaced_here(node: Node, row: SetRow) -> bool:
    """Say whether a later own edition of the epoch of ``row`` was noticed: one built after it waits for its person."""
    noticed = node.state.matches.notices.get((row.owner, row.epoch))
    return noticed is not None and noticed.notice.edition != row.edition and noticed.at > row.at


def _keep(node: Node, owner: str, notice: Notice, published: TagSet) -> None:
    hashes = b"".join(tags.leaf_hashes(published))
    node.store.put_set(SetRow(owner, notice.epoch, notice.edition, encode_body(notice), hashes, node.clock.now()))
    node.store.put_buckets(notice.edition, 0, [published.bucket(number) for number in range(BUCKETS)])


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
