"""Caveats: what is combined keeps the strictest of every axis, and nothing that was asked for is ever lost."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError, PolicyRefusal
from hamsaya.canon import decode, encode
from hamsaya.cases.caveats import (
    ACTIONS,
    AXES,
    DISCLOSURES,
    USES,
    Conflict,
    combine,
    derived,
    parse,
    weaker,
)
from hamsaya.messages.caveats import PARTIES, PUBLIC, Audience, Caveats, Consent, listed

MEMBERS = ("ava", "bel", "cor")
ADDRESSEES = (*MEMBERS, *(f"{member}/{desk}" for member in MEMBERS for desk in ("liaison", "border")))
RIGHTS = ("minor", "no-death-penalty-or-torture", "no-return", "not-to-state:ava", "not-to-state:dov")


def caveats(**fields: Any) -> Caveats:
    """Return the loosest caveats for ``ava`` and ``bel``, with these fields instead."""
    loosest: dict[str, Any] = {
        "disclosure": "D0",
        "audience": listed("ava", "bel"),
        "use": "court-order",
        "action": "active",
        "rights": (),
        "protected": False,
        "consents": (),
        "embargo_until": None,
        "review_on": None,
        "delete_by": None,
    }
    return Caveats(**loosest | fields)


def consent(owner: str, *not_with: str, reference: str = "T-1") -> Consent:
    return Consent(owner=owner, reference=reference, not_with=not_with)


def audiences(pool: tuple[str, ...] = ADDRESSEES) -> st.SearchStrategy[Audience]:
    named = st.sets(st.sampled_from(pool), min_size=1).map(lambda desks: listed(*desks))
    return named | st.sampled_from([PUBLIC, PARTIES]) if pool is ADDRESSEES else named


@st.composite
def any_caveats(draw: st.DrawFn) -> Caveats:
    """Caveats of every sort; what contradicts itself is drawn again."""
    disclosure = draw(st.sampled_from(DISCLOSURES))
    excluded = draw(st.sampled_from([(), (), ("dov",), ("cor",)]))
    consents = st.sampled_from(MEMBERS).map(lambda owner: consent(owner, *excluded))
    instants = st.none() | st.integers(0, 20)
    embargo, delete_by = draw(instants), draw(instants)
    if embargo is not None and delete_by is not None and embargo >= delete_by:
        embargo = None
    fields = {
        "disclosure": disclosure,
        "audience": draw(audiences(tuple(a for a in ADDRESSEES if "/" in a) if disclosure == "D3" else ADDRESSEES)),
        "use": draw(st.sampled_from(USES)),
        "action": draw(st.sampled_from(ACTIONS)),
        "rights": tuple(sorted(draw(st.sets(st.sampled_from(RIGHTS), max_size=2)))),
        "protected": draw(st.booleans()),
        "consents": tuple({draw(consents)} if draw(st.integers(0, 3)) == 0 else ()),
        "embargo_until": embargo,
        "review_on": draw(instants),
        "delete_by": delete_by,
    }
    try:
        return caveats(**fields)
    except ValueError:
        return caveats(**fields | {"rights": (), "consents": ()})


def outcome(make: Callable[[], Caveats]) -> Caveats | None:
    """Return what ``make`` returns, None for a conflict."""
    try:
        return make()
    except Conflict:
        return None


# --- combining -------------------------------------------------------------------------------------------


@given(any_caveats(), any_caveats(), any_caveats())
def test_combining_does_not_depend_on_order_or_grouping(a: Caveats, b: Caveats, c: Caveats) -> None:
    """Two nodes that merge the same items in another order must mark the product alike, or block it alike."""
    found = {outcome(lambda order=order: combine(*order)) for order in permutations((a, b, c))}
    found.add(outcome(lambda: combine(a, combine(b, c))))
    found.add(outcome(lambda: combine(combine(a, c), b)))
    assert len(found) == 1


@given(any_caveats())
def test_combining_with_itself_changes_nothing(a: Caveats) -> None:
    """An item quoted twice is no stricter than quoted once."""
    assert combine(a) == combine(a, a) == a
    assert weaker(a, a) == ()


@given(any_caveats(), any_caveats())
def test_a_combination_is_weaker_than_none_of_its_parts(a: Caveats, b: Caveats) -> None:
    """``weaker`` and ``combine`` are the same order, so a product always passes the check that guards re-export."""
    both = outcome(lambda: combine(a, b))
    if both is not None:
        assert weaker(a, both) == weaker(b, both) == ()
        assert (weaker(a, b) == ()) == (both == b)


def test_every_axis_keeps_its_strictest_value() -> None:
    """One worked example that a person can read, with both sides stricter on some axes."""
    one = caveats(disclosure="D2", use="freeze", rights=("minor",), embargo_until=5, review_on=9, protected=True)
    other = caveats(
        audience=listed("bel/liaison", "cor"),
        use="check",
        action="passive",
        rights=("no-return",),
        consents=(consent("dov"),),
        embargo_until=3,
        review_on=7,
        delete_by=30,
    )
    assert combine(one, other) == caveats(
        disclosure="D2",
        audience=listed("bel/liaison"),
        use="check",
        action="passive",
        rights=("minor", "no-return"),
        protected=True,
        consents=(consent("dov"),),
        embargo_until=5,
        review_on=7,
        delete_by=30,
    )


def test_an_empty_combination_is_refused() -> None:
    """An empty "all of" would be an item without any caveat."""
    with pytest.raises(ValueError, match="at least one"):
        combine()
    with pytest.raises(ValueError, match="at least one"):
        derived(PUBLIC, [])


# --- audiences -------------------------------------------------------------------------------------------


@given(audiences(), audiences(), st.sampled_from(ADDRESSEES))
def test_whoever_is_in_a_shared_audience_is_in_both(a: Audience, b: Audience, who: str) -> None:
    """Audiences that only add up are how sharing groups leak."""
    both = outcome(lambda: combine(caveats(audience=a), caveats(audience=b)))
    shared = both is not None and both.audience.includes(who)
    assert shared == (a.includes(who) and b.includes(who))


def test_a_desk_is_within_its_member_and_not_the_other_way() -> None:
    """An item for one desk is not one for the whole service."""
    assert listed("ava").includes("ava/border")
    assert not listed("ava/border").includes("ava")
    assert not listed("ava/border").includes("ava/liaison")


def test_an_audience_of_nobody_cannot_be_written() -> None:
    """Empty means nobody, and nobody is no audience; it must never come to mean everybody."""
    with pytest.raises(ValueError, match="exactly where the audience is listed"):
        listed()
    with pytest.raises(ValueError, match="exactly where the audience is listed"):
        Audience(scope="public", desks=("ava",))


@given(any_caveats(), any_caveats(), audiences())
def test_a_product_reaches_nobody_its_parents_do_not(a: Caveats, b: Caveats, meant: Audience) -> None:
    """Derived products inherit: an author cannot widen what others gave."""
    product = outcome(lambda: derived(meant, [a, b]))
    if product is not None:
        assert weaker(a, product) == weaker(b, product) == ()
        assert weaker(caveats(audience=meant), product) == ()


# --- conflicts -------------------------------------------------------------------------------------------

CONFLICTS: dict[str, tuple[Caveats, Caveats, str]] = {
    "nobody in common": (
        caveats(audience=listed("ava")),
        caveats(audience=listed("bel", "cor/border")),
        "audience-empty",
    ),
    "the only reader is barred": (
        caveats(audience=listed("ava/liaison")),
        caveats(rights=("not-to-state:ava",)),
        "audience-empty",
    ),
    "deleted before seen": (caveats(embargo_until=50), caveats(delete_by=50), "never-usable"),
    "one owner excludes another": (
        caveats(consents=(consent("cor", "dov"),)),
        caveats(consents=(consent("dov"),)),
        "consents-exclude",
    ),
}


@pytest.mark.parametrize(("one", "other", "code"), CONFLICTS.values(), ids=CONFLICTS.keys())
def test_a_conflict_blocks_with_a_sentence(one: Caveats, other: Caveats, code: str) -> None:
    """A merge that leaves nothing says why, in both orders; it is a refusal that a person must answer."""
    for pair in ((one, other), (other, one)):
        with pytest.raises(Conflict) as refused:
            combine(*pair)
        assert refused.value.code == code
        assert len(refused.value.decision.reasons[0].text.split()) >= 6
        assert isinstance(refused.value, PolicyRefusal)


def test_a_conflict_names_the_owners_whose_consents_exclude_each_other() -> None:
    """The releaser must know whom to ask."""
    one, other, _ = CONFLICTS["one owner excludes another"]
    with pytest.raises(Conflict, match=r"cor consented on condition that nothing of dov is combined"):
        combine(one, other)


def test_two_consents_that_do_not_exclude_each_other_are_both_kept() -> None:
    """A product owes its third parties every consent, also two of one owner."""
    first, second = consent("cor", "eri"), consent("cor", reference="T-2")
    both = combine(caveats(consents=(second,)), caveats(consents=(first,)))
    assert both.consents == (first, second)


# --- stripping -------------------------------------------------------------------------------------------

STRICT = caveats(
    disclosure="D3",
    audience=listed("bel/liaison"),
    use="lead-only",
    action="no-action",
    rights=("minor", "not-to-state:dov"),
    protected=True,
    consents=(consent("cor"),),
    embargo_until=10,
    review_on=20,
    delete_by=30,
)
STRIPS: list[tuple[str, dict[str, Any]]] = [
    ("disclosure", {"disclosure": "D2"}),
    ("audience", {"audience": listed("bel/border", "bel/liaison")}),
    ("use", {"use": "check"}),
    ("action", {"action": "passive"}),
    ("rights", {"rights": ("minor",)}),
    ("source", {"protected": False}),
    ("source", {"consents": ()}),
    ("source", {"consents": (consent("cor", reference="T-9"),)}),
    ("time", {"embargo_until": 9}),
    ("time", {"review_on": 21}),
    ("time", {"review_on": None}),
    ("time", {"delete_by": 31}),
]


@pytest.mark.parametrize(("axis", "change"), STRIPS)
def test_relabelling_loses_exactly_the_axis_that_was_loosened(axis: str, change: dict[str, Any]) -> None:
    """The guard of what is sent on names the axis (the attack itself, over nodes: tests/stories/test_item_paths.py)."""
    relabelled = msgspec.structs.replace(STRICT, **change)
    assert weaker(STRICT, relabelled) == (axis,)


def test_every_axis_has_an_attack_that_strips_it() -> None:
    """An axis nobody attacks is one that nobody noticed to be unguarded."""
    assert {axis for axis, _ in STRIPS} == set(AXES)
    assert {field for fields in AXES.values() for field in fields} == set(Caveats.__struct_fields__)


def test_replacing_one_caveat_by_another_is_stripping() -> None:
    """Being stricter elsewhere buys nothing back."""
    traded = caveats(disclosure="D1", rights=("minor", "no-return"), use="lead-only")
    assert weaker(caveats(disclosure="D2"), traded) == ("disclosure",)


def test_a_stricter_label_may_leave() -> None:
    """The guard is against loss, not against care."""
    assert weaker(caveats(), STRICT) == ()


# --- the wire --------------------------------------------------------------------------------------------


@given(any_caveats())
def test_caveats_survive_the_wire(a: Caveats) -> None:
    """What is read equals what was written, in the deterministic bytes that are signed."""
    assert parse(decode(encode(msgspec.to_builtins(a)))) == a


BAD: dict[str, dict[str, Any]] = {
    "an unknown field": {"colour": "red"},
    "a word of no list": {"use": "strike"},
    "an unknown right": {"rights": ["be-kind"]},
    "a state with a line feed": {"rights": ["not-to-state:ava\n"]},
    "rights out of order": {"rights": ["no-return", "minor"]},
    "a right twice": {"rights": ["minor", "minor"]},
    "an empty audience": {"audience": {"scope": "listed", "desks": []}},
    "everybody and a desk": {"audience": {"scope": "public", "desks": ["ava"]}},
    "a desk and its member": {"audience": {"scope": "listed", "desks": ["ava", "ava/border"]}},
    "the named desk of nobody": {"disclosure": "D3"},
    "deletion before the embargo": {"embargo_until": 9, "delete_by": 9},
    "a consent without reference": {"consents": [{"owner": "cor", "not_with": []}]},
    "consents that exclude": {
        "consents": [
            {"owner": "cor", "reference": "T-1", "not_with": ["dov"]},
            {"owner": "dov", "reference": "T-1", "not_with": []},
        ]
    },
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD.keys())
def test_malformed_caveats_are_the_peers_error(change: dict[str, Any]) -> None:
    """Caveats have one spelling and no contradiction; nothing is mended on arrival."""
    plain = msgspec.to_builtins(caveats())
    assert parse(plain) == caveats()
    with pytest.raises(PeerError) as refused:
        parse(plain | change)
    assert refused.value.code == "bad-caveats"
    assert "strike" not in str(refused.value)


@pytest.mark.parametrize("field", Caveats.__struct_fields__)
def test_no_field_may_be_left_out(field: str) -> None:
    """An optional field stays empty, and an empty one would mean that everything is allowed."""
    plain = msgspec.to_builtins(caveats())
    del plain[field]
    with pytest.raises(PeerError, match=field):
        parse(plain)
