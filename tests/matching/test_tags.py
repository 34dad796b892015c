"""The tag set: found and not found, the same for any workers, decoys, the cap, and stuffing that shows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from hamsaya.base.errors import PeerError
from hamsaya.crypto.oprf import EpochKey
from hamsaya.matching import tags
from hamsaya.matching.identifiers import encoded
from hamsaya.matching.tags import BUCKETS, ENTRY_BYTES, TAG_BYTES, TagSet, bucket_of, coarse, find, find_in
from hamsaya.matching.types import Hit, Record
from hamsaya.translog.tree import Tree, leaf_hash
from tests.matching.scene import BUILT, DECOY_SEED, EDITION, KEY, build, phone, records


def output(number: int) -> bytes:
    return KEY.output(encoded(phone(number)))


def entries_of(found: TagSet) -> list[bytes]:
    return [found.entries[at : at + ENTRY_BYTES] for at in range(0, len(found.entries), ENTRY_BYTES)]


def test_what_is_in_the_set_is_found_and_nothing_else() -> None:
    """A hit says category and desk; an identifier outside the set says nothing."""
    assert find(BUILT.tags, output(1)) == Hit(category="wanted", desk="desk-1")
    assert find(BUILT.tags, output(2)) == Hit(category="missing", desk="desk-2")
    assert all(find(BUILT.tags, output(number)) for number in range(10))
    assert not any(find(BUILT.tags, output(number)) for number in range(10, 60))


def test_the_set_is_the_same_for_any_number_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Result and order of the files must not depend on who computed which part."""
    monkeypatch.setattr(tags, "CHUNK", 7)
    own, done = records(40), []
    one = build(own, progress=done.append)
    assert one == build(own[::-1], workers=3)
    with ProcessPoolExecutor(2) as pool:
        assert one == tags.build(KEY, own, epoch=1, edition=EDITION, decoy_seed=DECOY_SEED, executor=pool)
    assert done == [7, 14, 21, 28, 35, 40]


def test_entries_are_sorted_and_of_one_form() -> None:
    """A set must not tell decoys from entries by place, length or order."""
    found = entries_of(BUILT.tags)
    assert found == sorted(found) and len(set(found)) == BUILT.notice.size == 1024
    assert BUILT.decoys == 1014
    # Of uniform bytes about half the bits are set: entries and decoys alike.
    own = {output(number)[:TAG_BYTES] for number in range(10)}
    for group in ([each for each in found if each[:TAG_BYTES] in own], [e for e in found if e[:TAG_BYTES] not in own]):
        bits = sum(int.from_bytes(each, "big").bit_count() for each in group) / (8 * ENTRY_BYTES * len(group))
        assert 0.4 < bits < 0.6


def test_size_moves_in_coarse_steps() -> None:
    """From one epoch to the next, the published size must not count the files."""
    assert [coarse(n) for n in (0, 1, 1024, 1025, 100_000, 1_000_000)] == [1024, 1024, 1024, 2048, 114_688, 1_048_576]
    assert len(build(records(11)).tags.entries) == len(build(records(400)).tags.entries)
    with pytest.raises(ValueError, match="at least the number"):
        build(records(5), fill=lambda entries: entries - 1)


def test_the_owner_can_name_its_decoys() -> None:
    """With the seed they come again; without it they are noise; another edition has others."""
    again, other = build([]), build([], edition=b"f" * 16)
    decoys = set(entries_of(again.tags))
    assert again.decoys == 1024 and len(decoys & set(entries_of(BUILT.tags))) == 1014
    assert not decoys & set(entries_of(other.tags))
    assert not decoys & set(entries_of(build([], decoy_seed=b"x" * 32).tags))


def test_a_planted_identifier_can_be_hit_and_is_known_to_its_owner() -> None:
    """Whoever asks about a number that belongs to nobody has enumerated, or was fed."""
    built = build([*records(5), Record(phone(99), "other", "desk-1", planted=True)])
    assert find(built.tags, output(99)) == Hit(category="other", desk="desk-1")
    assert built.planted == {output(99)[:TAG_BYTES]}


def test_a_planted_identifier_that_is_also_in_a_true_file_is_no_decoy() -> None:
    """A true file must never be taken for bait."""
    built = build([Record(phone(1), "other", "desk-1", planted=True), Record(phone(1), "missing", "desk-2")])
    assert built.planted == frozenset()
    assert find(built.tags, output(1)) == Hit(category="missing", desk="desk-2")


def test_an_identifier_over_the_cap_is_dropped() -> None:
    """A number found in many files belongs to an office, and would turn up whoever called it."""
    shared = [Record(phone(50), "suspect", f"desk-{number}") for number in range(6)]
    built = build([*records(3), *shared])
    assert built.dropped == (phone(50),)
    assert find(built.tags, output(50)) is None
    assert find(build([*records(3), *shared[:5]]).tags, output(50)) == Hit(category="suspect", desk="desk-0")


def test_the_gravest_category_names_the_desk() -> None:
    """Of several files one is named, always the same one."""
    several = [Record(phone(1), "other", "desk-a"), Record(phone(1), "wanted", "desk-z"),
               Record(phone(1), "missing", "desk-b")]
    assert build(several) == build(several[::-1])
    assert find(build(several).tags, output(1)) == Hit(category="wanted", desk="desk-z")


def test_nobody_without_the_output_reads_category_or_desk() -> None:
    """The seal depends on all of the output and on the edition: two editions cannot be compared under the seal."""
    tag, rest = output(1)[:TAG_BYTES], output(1)[TAG_BYTES:]
    wrong = tag + bytes([rest[0] ^ 1]) + rest[1:]
    assert find(BUILT.tags, output(1)) is not None
    try:
        assert find(BUILT.tags, wrong) != find(BUILT.tags, output(1))
    except PeerError as error:  # Noise rarely opens to a known category.
        assert error.code == "wrong-set"
    [first] = [each for each in entries_of(BUILT.tags) if each[:TAG_BYTES] == tag]
    [second] = [each for each in entries_of(build(records(), edition=b"f" * 16).tags) if each[:TAG_BYTES] == tag]
    assert first[TAG_BYTES:] != second[TAG_BYTES:]


def test_another_epochs_key_gives_another_set() -> None:
    """Sets of two epochs have no entry in common, so comparing them tells nothing."""
    other = build(records(), key=EpochKey(b"2" * 32), edition=b"g" * 16, epoch=2)
    tag_sets = [{entry[:TAG_BYTES] for entry in entries_of(each.tags)} for each in (BUILT, other)]
    assert not tag_sets[0] & tag_sets[1]


def test_the_root_is_that_of_the_log() -> None:
    """The root is RFC 9162's over 4,096 leaves, as of the log."""
    tree = Tree(leaf_hash(BUILT.tags.bucket(number)) for number in range(BUCKETS))
    assert BUILT.notice.root == tree.root()


def test_a_bucket_gives_the_same_hits_as_the_set() -> None:
    """What is fetched bucket by bucket is the set, and each bucket is enough for what lies in it."""
    assert b"".join(BUILT.tags.bucket(number) for number in range(BUCKETS)) == BUILT.tags.entries
    hashes = tags.leaf_hashes(BUILT.tags)
    tags.verify_hashes(BUILT.notice, hashes)
    for each in range(12):
        number = bucket_of(output(each))
        entries = BUILT.tags.bucket(number)
        tags.verify_hashed(hashes[number], number, entries)
        assert find_in(entries, EDITION, BUILT.tags.desks, output(each)) == find(BUILT.tags, output(each))


def added(found: TagSet) -> TagSet:
    """Return the set with one more entry, in its place."""
    return replace(found, entries=b"".join(sorted([*entries_of(found), bytes(range(ENTRY_BYTES))])))


STUFFED = {
    "an entry added": added(BUILT.tags),
    "an entry taken away": replace(BUILT.tags, entries=BUILT.tags.entries[ENTRY_BYTES:]),
    "an entry exchanged": replace(BUILT.tags, entries=bytes(ENTRY_BYTES) + BUILT.tags.entries[ENTRY_BYTES:]),
    "a desk redirected": replace(BUILT.tags, desks=("desk-0", "desk-2", "desk-1")),
    "another edition": replace(BUILT.tags, edition=b"f" * 16),
    "another epoch": replace(BUILT.tags, epoch=2),
    "out of order": replace(BUILT.tags, entries=b"".join(entries_of(BUILT.tags)[::-1])),
    "an entry twice": replace(BUILT.tags, entries=BUILT.tags.entries[:ENTRY_BYTES] + BUILT.tags.entries),
    "half an entry": replace(BUILT.tags, entries=BUILT.tags.entries[:-1]),
}


@pytest.mark.parametrize("served", STUFFED.values(), ids=STUFFED)
def test_stuffing_the_tag_set_is_refused(served: TagSet) -> None:
    """The attack of that name: entries added for one querier, to provoke a request that shows whom it looks for."""
    tags.verify_set(BUILT.notice, BUILT.tags)
    with pytest.raises(PeerError) as refused:
        tags.verify_set(BUILT.notice, served)
    assert refused.value.code == "wrong-set"


def test_stuffing_the_tag_set_for_everybody_shows_in_the_log() -> None:
    """Whoever logs the stuffed set as well has logged another root, and in the end another size."""
    stuffed = build(records(1020), edition=b"f" * 16)
    assert stuffed.notice.root != BUILT.notice.root
    assert build(records(1100), edition=b"f" * 16).notice.size > BUILT.notice.size
    with pytest.raises(PeerError):
        tags.verify_set(changed(BUILT.notice, size=1025), BUILT.tags)


def test_a_logged_set_with_a_tag_twice_is_refused() -> None:
    """Even when its owner logged it so: of two entries with one tag, who finds which would be the owner's choice."""
    twice = STUFFED["an entry twice"]
    logged = changed(BUILT.notice, size=twice.size, root=tags.root_of(twice))
    with pytest.raises(PeerError, match="each tag once"):
        tags.verify_set(logged, twice)


def test_a_stuffed_bucket_is_refused() -> None:
    """One bucket may not hold what the logged set does not, nor entries of another bucket, nor may its hash change."""
    number, hashes = bucket_of(output(1)), tags.leaf_hashes(BUILT.tags)
    entries = BUILT.tags.bucket(number)
    for at, served in (
        (number, entries + entries[-ENTRY_BYTES:-1] + b"\xff"),
        (number, b""),
        (number, entries[:-1]),
        (number ^ 1, entries),
    ):
        with pytest.raises(PeerError) as refused:
            tags.verify_hashed(hashes[at], at, served)
        assert refused.value.code == "wrong-set"


@pytest.mark.parametrize("shown", [lambda hashes: hashes[:-1], lambda hashes: [*hashes, bytes(32)],
                                   lambda hashes: [bytes(32), *hashes[1:]], lambda hashes: hashes[::-1]],
                         ids=["one fewer", "one more", "one exchanged", "out of order"])
def test_bucket_hashes_that_do_not_lead_to_the_root_are_refused(shown: Callable[[list[bytes]], list[bytes]]) -> None:
    """Whoever serves hashes of his own could stuff any bucket under them."""
    with pytest.raises(PeerError) as refused:
        tags.verify_hashes(BUILT.notice, shown(tags.leaf_hashes(BUILT.tags)))
    assert refused.value.code == "wrong-set"


def test_a_wrongly_sealed_entry_is_refused() -> None:
    """The owner's mistake becomes a refusal, never a wrong desk."""
    number = BUILT.tags.entries.index(output(1)[:TAG_BYTES])
    seal = number + TAG_BYTES
    spoilt = BUILT.tags.entries[:seal] + bytes([BUILT.tags.entries[seal] ^ 0xF0]) + BUILT.tags.entries[seal + 1 :]
    with pytest.raises(PeerError) as refused:
        find(replace(BUILT.tags, entries=spoilt), output(1))
    assert refused.value.code == "wrong-set"


@pytest.mark.parametrize(("given", "said"), [
    ({"edition": b"e" * 15}, "edition of 16"), ({"decoy_seed": b""}, "decoy seed of 32"),
    ({"cap": 0}, "cap of at least"),
])
def test_a_callers_mistake_is_named(given: dict[str, object], said: str) -> None:
    """Lengths and caps are the caller's own."""
    with pytest.raises(ValueError, match=said):
        build(records(1), **given)


def test_at_most_256_desks() -> None:
    """An entry names its desk in one byte."""
    with pytest.raises(ValueError, match="256 desks"):
        build([Record(phone(number), "other", f"desk-{number}") for number in range(257)])
