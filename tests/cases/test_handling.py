"""What caveats let be done: each refusal by its code, and a combination allows only what every part allows."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hamsaya.cases.caveats import USES, Conflict, combine, weaker
from hamsaya.cases.handling import (
    NEEDS,
    TLPS,
    Handling,
    explain,
    from_pap,
    from_words,
    permits,
    tlp,
    to_pap,
    to_words,
)
from hamsaya.messages.caveats import PARTIES, PUBLIC, Action, Caveats, Use, Word, listed
from tests.cases.test_caveats import ADDRESSEES, any_caveats, caveats, consent

HANDLINGS: tuple[Handling, ...] = get_args(Handling)
WORDS: tuple[Word, ...] = get_args(Word)
NOW = 1_000


def may(
    item: Caveats,
    act: Handling,
    by: str = "ava",
    at: int = NOW,
    to: str = "bel",
    consented: frozenset[str] = frozenset(),
) -> str:
    """Return the code of the decision; ``to`` counts for an onward sending alone."""
    return permits(item, act, by, at, to=to if act == "onward" else None, consented=consented).code


# --- refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", HANDLINGS)
def test_without_caveats_the_audience_may_do_everything(act: Handling) -> None:
    """Otherwise the refusals below would prove nothing."""
    assert may(caveats(), act) == "permitted"


REFUSALS: list[tuple[str, dict[str, Any], dict[str, Any], set[Handling]]] = [
    ("embargoed", {"embargo_until": NOW + 1}, {}, set(HANDLINGS)),
    ("past-deletion", {"delete_by": NOW}, {}, set(HANDLINGS)),
    ("outside-audience", {}, {"by": "cor"}, set(HANDLINGS)),
    ("outside-audience", {"audience": listed("ava/liaison")}, {"by": "ava/border"}, set(HANDLINGS)),
    ("outside-audience", {"audience": listed("ava/liaison", "bel")}, {"by": "ava/liaison"}, {"index"}),
    ("not-to-state", {"rights": ("not-to-state:ava",)}, {}, set(HANDLINGS)),
    ("not-to-state", {"rights": ("not-to-state:bel",)}, {}, {"onward"}),
    ("not-in-court", {"disclosure": "D1"}, {}, {"court"}),
    ("no-onward", {"disclosure": "D2"}, {}, {"onward"}),
    ("use", {"use": "freeze"}, {}, {"court"}),
    ("use", {"use": "check"}, {}, {"court", "freeze"}),
    ("use", {"use": "lead-only"}, {}, {"court", "freeze", "check", "index"}),
    ("action", {"action": "passive"}, {}, {"court", "freeze", "check"}),
    ("action", {"action": "no-action"}, {}, {"court", "freeze", "check", "index"}),
    ("source-protected", {"protected": True}, {}, {"court", "index"}),
    ("consent-required", {"consents": (consent("cor"),)}, {}, {"export", "onward", "index"}),
]


@pytest.mark.parametrize(("code", "fields", "how", "acts"), REFUSALS)
def test_a_caveat_refuses_exactly_its_acts(
    code: str, fields: dict[str, Any], how: dict[str, Any], acts: set[Handling]
) -> None:
    """Each rule bites where it should, with its own code, and nowhere else."""
    assert {act for act in HANDLINGS if may(caveats(**fields), act, **how) == code} == acts


def test_the_named_desk_keeps_it_on_its_own_screen() -> None:
    """D3 leaves the looking, and what use and action allow; nothing that would carry the item elsewhere."""
    item = caveats(disclosure="D3", audience=listed("ava/liaison", "bel/liaison"))
    codes = {act: may(item, act, by="ava/liaison", to="bel/liaison") for act in HANDLINGS}
    assert {act for act, code in codes.items() if code == "permitted"} == {"show", "check", "freeze"}
    assert codes["export"] == "named-desk-only"
    assert "caveats:disclosure" in {reason.ref for reason in permits(item, "index", "ava/liaison", NOW).reasons}


def test_onward_sending_outside_the_audience_is_refused() -> None:
    """Attack: a holder passes an item to a member that its originator never named."""
    assert may(caveats(), "onward", to="cor") == "outside-audience"
    assert may(caveats(audience=listed("ava", "bel/liaison")), "onward", to="bel/border") == "outside-audience"


def test_onward_sending_without_the_third_partys_consent_is_refused() -> None:
    """Attack: one consent of two, or another act's, is passed off as consent; silence denies."""
    item = caveats(consents=(consent("cor"), consent("dov", reference="T-2")))
    assert may(item, "onward", consented=frozenset({"T-1"})) == "consent-required"
    assert may(item, "onward", consented=frozenset({"T-9"})) == "consent-required"
    assert may(item, "onward", consented=frozenset({"T-1", "T-2"})) == "permitted"


def test_a_refusal_names_every_rule_that_stands_against_the_act() -> None:
    """A person who mends one thing only to meet the next loses the night."""
    item = caveats(disclosure="D1", use="lead-only", protected=True, embargo_until=NOW + 1)
    refs = [reason.ref for reason in permits(item, "court", "ava", NOW).reasons]
    assert refs == ["caveats:time", "caveats:disclosure", "caveats:use", "caveats:source"]


def test_a_recipient_belongs_to_onward_sending_alone() -> None:
    """A caller that forgets whom it sends to must not be told that it may."""
    with pytest.raises(ValueError, match="recipient"):
        permits(caveats(), "onward", "ava", NOW)
    with pytest.raises(ValueError, match="recipient"):
        permits(caveats(), "show", "ava", NOW, to="bel")


def test_the_embargo_ends_and_deletion_begins_at_their_instants() -> None:
    """Both bounds to the millisecond, since two nodes must agree on them."""
    item = caveats(embargo_until=10, delete_by=20)
    assert [may(item, "show", at=at) for at in (9, 10, 19, 20)] == [
        "embargoed",
        "permitted",
        "permitted",
        "past-deletion",
    ]


@pytest.mark.parametrize(("act", "needed"), [(act, needs.use) for act, needs in NEEDS.items() if needs.use])
def test_who_may_take_the_graver_step_may_take_the_lighter(act: Handling, needed: Use) -> None:
    """The order of uses is that of intrusion: every use up to the one needed refuses, every graver one allows."""
    allowed = [use for use in USES if may(caveats(use=use), act) == "permitted"]
    assert allowed == list(USES[: USES.index(needed) + 1])


# --- obligations -----------------------------------------------------------------------------------------


def test_rights_are_owed_where_a_person_can_be_touched() -> None:
    """No software knows whether a state tortures: a named person answers for it, before a check as before a court."""
    item = caveats(rights=("minor", "no-death-penalty-or-torture", "no-return", "not-to-state:dov"))
    owed = {"minor", "no-death-penalty-or-torture", "no-return"}
    for act in ("court", "freeze", "check", "index"):
        assert owed <= permits(item, act, "ava", NOW).obligations
    assert permits(item, "show", "ava", NOW).obligations == frozenset()


def test_whatever_leaves_carries_its_caveats_and_an_old_item_is_reviewed() -> None:
    """The two things a sender must still do."""
    assert permits(caveats(review_on=NOW), "export", "ava", NOW).obligations == {"carry-caveats", "review"}
    assert permits(caveats(review_on=NOW + 1), "show", "ava", NOW).obligations == frozenset()


# --- combination -----------------------------------------------------------------------------------------


@given(
    any_caveats(),
    any_caveats(),
    st.sampled_from(HANDLINGS),
    st.sampled_from(ADDRESSEES),
    st.sampled_from(ADDRESSEES),
    st.integers(0, 20),
)
def test_a_combination_allows_what_all_its_parts_allow_and_no_more(
    a: Caveats, b: Caveats, act: Handling, by: str, to: str, at: int
) -> None:
    """Merging items must neither open nor close anything that the items themselves do not."""
    try:
        both = combine(a, b)
    except Conflict:
        return
    more = {"to": to} if act == "onward" else {}
    decisions = [permits(each, act, by, at, **more) for each in (a, b, both)]
    assert decisions[2].allowed == (decisions[0].allowed and decisions[1].allowed)
    if decisions[2].allowed:
        assert decisions[2].obligations == decisions[0].obligations | decisions[1].obligations


# --- labels and words ------------------------------------------------------------------------------------

LABELS = [
    ({"audience": PUBLIC}, "TLP:CLEAR"),
    ({"audience": PUBLIC, "disclosure": "D1"}, "TLP:GREEN"),
    ({"audience": PARTIES}, "TLP:GREEN"),
    ({}, "TLP:AMBER"),
    ({"disclosure": "D2"}, "TLP:AMBER+STRICT"),
    ({"audience": PARTIES, "rights": ("not-to-state:dov",)}, "TLP:AMBER+STRICT"),
    ({"audience": PUBLIC, "protected": True}, "TLP:AMBER+STRICT"),
    ({"consents": (consent("cor"),)}, "TLP:AMBER+STRICT"),
    ({"audience": listed("ava", "bel/liaison")}, "TLP:RED"),
    ({"disclosure": "D3", "audience": listed("bel/liaison")}, "TLP:RED"),
]


@pytest.mark.parametrize(("fields", "label"), LABELS)
def test_the_traffic_light_says_no_less_than_the_caveats(fields: dict[str, Any], label: str) -> None:
    """A system that knows only the label must not spread more than the caveats allow."""
    assert tlp(caveats(**fields)) == label


@given(any_caveats(), any_caveats())
def test_the_traffic_light_of_a_combination_is_no_lighter(a: Caveats, b: Caveats) -> None:
    """Merging must not turn amber into green. A desk for whose sake all was red may drop out of the audience."""
    assume(not any(0 < sum("/" in desk for desk in each.audience.desks) < len(each.audience.desks) for each in (a, b)))
    try:
        both = combine(a, b)
    except Conflict:
        return
    assert TLPS.index(tlp(both)) >= max(TLPS.index(tlp(a)), TLPS.index(tlp(b)))


def test_actions_come_back_from_their_label() -> None:
    """And the label that allows everything is not read as more than we can say."""
    actions: tuple[Action, ...] = get_args(Action)
    assert [from_pap(to_pap(action)) for action in actions] == list(actions)
    assert from_pap("PAP:CLEAR") == "active"


@given(any_caveats())
def test_every_item_can_be_explained(a: Caveats) -> None:
    """Each stated caveat has its sentence."""
    sentences = explain(a)
    assert all(sentence.endswith(".") and sentence[0] != " " for sentence in sentences)
    instants = (a.embargo_until, a.review_on, a.delete_by)
    stated = len(a.rights) + len(a.consents) + a.protected + sum(instant is not None for instant in instants)
    assert len(sentences) == len(set(sentences)) == 4 + stated


def test_an_explanation_does_not_promise_the_item_to_a_barred_state() -> None:
    """The sentence about the audience is what a person reads at night."""
    sentences = explain(caveats(rights=("not-to-state:bel",)))
    assert "To be seen by ava alone." in sentences
    assert "Not to bel." in sentences


@given(st.sets(st.sampled_from(WORDS)))
def test_the_words_of_an_answer_keep_their_meaning(words: set[Word]) -> None:
    """Messages already logged must mean at least as much once read as caveats, and come back without loss."""
    item = from_words(words, listed("ava", "bel/border"))
    back, lost = to_words(item)
    assert words <= set(back)
    assert lost == ()
    assert from_words(back, item.audience) == item
    refused: dict[Word, Handling] = {"not-in-court": "court", "no-onward": "onward", "lead-only": "check"}
    for word, act in refused.items():
        if word in words:
            assert may(item, act, by="bel/border", to="bel/border") != "permitted"
    if "named-desk-only" in words:
        assert item.audience == listed("ava/liaison", "bel/border")
    if "no-death-penalty-or-torture" in words:
        assert item.rights == ("no-death-penalty-or-torture",)


@given(any_caveats())
def test_what_the_words_cannot_say_is_named(a: Caveats) -> None:
    """A message in the old words may go out only where no axis is lost."""
    words, lost = to_words(a)
    assert lost == weaker(a, from_words(words, a.audience))
    assert ("action" in lost) == (a.action != "active")
    assert ("use" in lost) == (a.use in ("check", "freeze"))
    assert not {"disclosure", "audience"} & set(lost)
