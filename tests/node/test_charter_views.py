"""Who is waited for: the rule and the electorate say it, before and after the vote."""

from __future__ import annotations

import pytest

from hamsaya.charter.votes import (
    And,
    Consensus,
    MinusConcerned,
    NegativeConsensus,
    Or,
    Over,
    Quota,
    Rule,
    Silence,
    voters,
)
from hamsaya.messages.charter import CastVote, Propose, Resolve
from hamsaya.node.assembly import records_due
from hamsaya.node.charter_views import chapters, decision, decisions, relations
from hamsaya.node.send import Draft
from tests.support.federation import Federation, make_federation

ALL = frozenset(("ava", "bel", "cor"))


@pytest.mark.parametrize(("rule", "asked"), [
    (Consensus(), "ava bel cor"),
    (Quota(1), "ava bel cor"),
    (Silence(72), "ava bel cor"),
    (MinusConcerned("ava", NegativeConsensus()), "bel cor"),
    (Over(frozenset(("ava", "who-is-absent"))), "ava"),
    (Or((Over(frozenset(("ava",))), Over(frozenset(("cor",))))), "ava cor"),
    (And((MinusConcerned("ava", Consensus()), Over(frozenset(("bel",))))), "bel cor"),
    (MinusConcerned("ava", Over(frozenset(("ava", "bel")))), "bel"),
    (And(()), ""),
])
def test_the_rule_says_whose_votes_it_asks_for(rule: Rule, asked: str) -> None:
    """A member that is reminded although its vote counts for nothing learns to ignore reminders."""
    assert voters(rule, ALL) == set(asked.split())


@pytest.fixture(scope="module")
def fed() -> Federation:
    """Three parties with one question, in which the second is concerned."""
    made = make_federation(members=("pk", "ir", "uz"))
    made.send("pk", Draft(Propose(proposal="pk/1", decision="adopt-finding", title="t", concerned="ir",
                                  act=Resolve(ground="F-1")), ("ir", "uz")))
    made.carry_all()
    return made


def test_votes_then_a_depositary_then_nobody(fed: Federation) -> None:
    """The list shortens with every vote, and ends with whoever has to record."""
    def view() -> tuple[str, list[str]]:
        found = decision(fed.node("ir"), "pk/1")
        assert found is not None
        return found.status, found.waits_for

    assert view() == ("open", ["pk", "uz"])
    subject = fed.node("pk").state.charter.proposals["pk/1"].subject
    fed.send("pk", Draft(CastVote(proposal="pk/1", subject=subject, choice="no"), ("ir", "uz")))
    fed.carry_all()
    assert view() == ("to-record", ["uz", "pk"]), "in the order in which they stand in for each other"
    for draft in records_due(fed.node("uz")):
        fed.send("uz", draft)
    fed.carry_all()
    assert view() == ("blocked", [])
    (known,) = decisions(fed.node("pk"))
    assert known.own_vote == "no" and known.expires_at is None and known.appeal == "appeal-finding"
    assert [(record.by, record.counted, record.void) for record in known.records] == [("uz", {"pk": "no"}, False)]
    assert decision(fed.node("pk"), "pk/2") is None


def test_chapters_are_the_charter_whole_and_nobody_has_reserved(fed: Federation) -> None:
    """Every article of the charter in effect is there to be read, in its order."""
    document = fed.node("pk").agreement.charter.document
    assert [(each.instrument, each.clauses) for each in chapters(fed.node("pk"))] == [
        (one.id, list(one.clauses)) for one in document.instruments]
    assert relations(fed.node("pk")) == []
