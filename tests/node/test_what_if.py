"""The thread from a charter's text and a node's record to the price; what a setting does; bad settings in words."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY
from hamsaya.base.interval import Interval
from hamsaya.charter.decidable import p_decide
from hamsaya.charter.types import Document, document_from_plain
from hamsaya.compliance.types import EMPTY_COMPLIANCE, Attested, ComplianceState, EvidenceItem, FindingCase
from hamsaya.linkage.types import EMPTY_LINKAGE, LinkageState, Moved, Quantity, TrancheRecord
from hamsaya.node.chain import Charter, Looks, Panel, b_chain, voters_of
from hamsaya.node.observed import observed
from hamsaya.node.packs import open_named_pack, pack_priors
from hamsaya.node.price_setup import Setup, apply_setting, parse_rule_words, setup_of
from hamsaya.node.what_if import WhatIf, what_if
from tests.node.making import clone, parties
from tests.support.federation import START


def exact(value: float) -> Interval:
    return Interval(value, value, value)


@pytest.fixture(scope="module")
def setup() -> Setup:
    pack = open_named_pack(None)
    return setup_of(document_from_plain(pack.charter), pack_priors(pack))


def chain(document: Document, **changes: Any) -> Any:
    fields: dict[str, Any] = {
        "charter": Charter(document, exact(0.1)), "panel": Panel(5, 3, exact(0.8), exact(0.1)),
        "visits": Looks(exact(6.0), exact(0.5), exact(0.05)), "senders": exact(0.6), "r": exact(0.3),
    } | changes
    return b_chain(**fields)


def test_the_chain_is_the_product_of_its_links(setup: Setup) -> None:
    """b is visits, detection, the panel, both decisions and the payers, multiplied; a the same with wrong alarms."""
    found, others = chain(setup.document), voters_of(setup.document) - 1
    rules = {rule.id: rule.parsed() for rule in setup.document.rules}
    finding = p_decide(rules["appeal-finding"], others, 0.1)
    assert finding > p_decide(rules["adopt-finding"], others, 0.1)
    suspension = p_decide(rules["suspend-tranche"], others, 0.1)
    common = 6.0 * finding * suspension * 0.6
    assert found.thread.b.mid == pytest.approx(common * 0.5 * 0.94208)
    assert found.thread.a.mid == pytest.approx(common * 0.05 * 0.00856)
    assert [link.name for link in found.links] == ["visits", "detection", "panel", "finding", "suspension", "payers"]
    assert any(found.thread.largest in sentence for sentence in found.words)


def test_who_breaks_the_silence_only_makes_the_proposer_appeal(setup: Setup) -> None:
    """Silence, with negative consensus as what it falls back on, decides as often as negative consensus alone."""
    alone = what_if(setup, ["charter.finding.rule=negative-consensus"])
    assert alone.after.b == alone.before.b and alone.after.price == alone.before.price
    (link,) = [link for link in alone.before.links if link.name == "finding"]
    assert "rule adopt-finding, on appeal appeal-finding" in link.source


def test_every_link_has_a_source_and_every_answer_an_interval(setup: Setup) -> None:
    """A figure without its source is an opinion."""
    found = what_if(setup, [])
    assert all(link.source for link in found.before.links)
    for interval in (found.before.a, found.before.b, found.before.price):
        assert interval.low <= interval.mid <= interval.high


def test_a_clause_moves_the_price(setup: Setup) -> None:
    """Silence without an appeal: any friend of the accused stops a finding, and the price rises."""
    found = what_if(setup, ["charter.finding.rule=silence:72"])
    assert found.after.b.mid < found.before.b.mid and found.after.price.mid > found.before.price.mid
    assert found.after.break_even_musd < found.before.break_even_musd
    assert found.after.largest_lever == "finding" != found.before.largest_lever
    blocked = what_if(setup, ["charter.finding.rule=consensus"])
    assert not blocked.after.purchasable and blocked.after.price.mid == math.inf
    assert blocked.after.break_even_musd == 0.0 and "no flow suffices" in " ".join(blocked.words)
    assert blocked.after.largest_lever == "finding"


@pytest.mark.parametrize(("setting", "cheaper"), [
    ("visits=12", True), ("visits=3", False), ("panel.colluders=2", False), ("panel=2-of-3", False), ("r=0.1", True),
    ("honoured=0.9", True), ("detect=0.2", False), ("block=0.4", False), ("p_false=0.4", False),
    ("charter.suspend-tranche.rule=minus-one", False), ("seat.detect=0.95", True), ("panel.k=4", False),
])
def test_each_setting_moves_the_price_the_way_it_should(setup: Setup, setting: str, cheaper: bool) -> None:
    """More looking, deciding and honouring make compliance cheaper; collusion and impatience dearer."""
    found = what_if(setup, [setting])
    assert (found.after.price.mid < found.before.price.mid) == cheaper


def test_flows_are_a_persons_choice(setup: Setup) -> None:
    """Without one the flow is an example and said to be so; chosen ones add up, and can be overridden."""
    assert what_if(setup, []).tau_is_example
    one = what_if(setup, ["flow.casa-1000.transit-fee-af=on"])
    two = what_if(setup, ["flow.casa-1000.transit-fee-af=on", "flow.tap-500.transit-fee-af=90..110"])
    assert not one.tau_is_example and one.after.tau_musd == Interval(45.0, 55.0, 65.0)
    assert two.after.tau_musd == Interval(135.0, 155.0, 175.0)
    assert what_if(setup, ["tau=20"]).after.tau_musd.mid == 20.0


def test_the_cheapest_step_is_one_of_visit_rule_and_money(setup: Setup) -> None:
    """At a small flow money is cheapest, at a large one a visit, for it works on all of the flow at once."""
    large, small = what_if(setup, ["tau=1000"]), what_if(setup, ["tau=0.05"])
    assert large.cheapest != "more money" == small.cheapest
    assert {"more money", "one more visit a year"} < {step.name for step in large.next_steps}
    rules = [step for step in large.next_steps if step.cost_musd is None]
    assert len(rules) == 2 and all(step.per_unit_musd is None for step in rules)
    assert any(step.adds_musd > 0 for step in rules)


@pytest.mark.parametrize(("setting", "said"), [
    ("visits", "NAME=VALUE"), ("visits=", "NAME=VALUE"), ("colour=3", "expected a setting"),
    ("visits=-1", "number >= 0"), ("visits=3..2", "LOW"), ("visits=nan", "number >= 0"),
    ("charter.nobody.rule=consensus", "class of decisions"), ("charter.finding.rule=maybe", "expected a rule"),
    ("charter.finding.rule={]", "JSON"), ('charter.finding.rule={"rule": "maybe"}', "rule"), ("panel=3", "K-of-N"),
    ("panel=0-of-3", "1 <= k"), ("panel=1-of-0", "at least one seat"), ("panel.k=x", "whole number"),
    ("panel.colluders=9", "colluders"), ("flow.nowhere.fee=on", "expected a flow"), ("detect=1.5", "[0, 1]"),
    ("block=2", "[0, 1]"), ("honoured=1.5", "probability"),
])
def test_a_setting_that_does_not_fit_is_a_sentence(setup: Setup, setting: str, said: str) -> None:
    """What was expected, what was received; and nothing is changed, for nothing is stored."""
    with pytest.raises(OperatorError) as refused:
        what_if(setup, [setting])
    assert refused.value.code == "bad-setting" and said in str(refused.value)


def test_rules_are_said_in_words_or_as_a_table() -> None:
    """The words stand for the tables that a charter holds."""
    inner = {"rule": "minus-concerned", "concerned": "*concerned"}
    assert parse_rule_words("6-of-others") == {**inner, "inner": {"rule": "quota", "q": 6}}
    assert parse_rule_words("silence:120") == {**inner, "inner": {"rule": "silence", "hours": 120}}
    assert parse_rule_words("negative-consensus:6")["inner"] == {"rule": "negative-consensus", "stops": 6}
    assert parse_rule_words(json.dumps({"rule": "quota", "q": 5})) == {"rule": "quota", "q": 5}


def test_a_pack_without_an_input_says_which(setup: Setup) -> None:
    """The small test pack has a discount rate and nothing else."""
    poor = replace(setup, priors={"r": setup.priors["r"]})
    with pytest.raises(OperatorError, match="visits_per_year") as refused:
        what_if(poor, [])
    assert refused.value.code == "no-inputs"


def test_a_charter_with_nobody_to_decide_has_no_chain(setup: Setup) -> None:
    """One member decides on nobody but itself."""
    alone = structs.replace(setup.document, members=setup.document.members[:1])
    with pytest.raises(ValueError, match="two members"):
        chain(alone)
    with pytest.raises(ValueError, match="class"):
        chain(setup.document, charter=Charter(setup.document, exact(0.1), finding="nothing"))


# --- the node's own record -----------------------------------------------------------------------------------

NOW = START
PRIORS = {name: Quantity(value, "", "prior") for name, value in {
    "visits_per_year": Interval(4, 6, 12), "p_seat_detect": Interval(0.7, 0.8, 0.9),
    "p_seat_false": Interval(0.05, 0.1, 0.15), "p_honoured": Interval(0.4, 0.6, 0.8)}.items()}


def evidence(number: int, kind: str, days_ago: int = 10, replaces: str | None = None) -> EvidenceItem:
    at = NOW - days_ago * DAY
    return EvidenceItem(commitment="K-1", evidence=f"E-{number}", lodged_by="bel", evidence_class=kind,  # type: ignore[arg-type]
                        observed_from=at, observed_to=at, value=None, unit=None, replaces=replaces, digest=bytes(32),
                        summary="seen", lodged_at=at)


def finding(rating: str, *verdicts: str) -> FindingCase:
    said = tuple(Attested(member=f"m{n}", verdict=verdict, at=NOW, reason=None) for n, verdict in enumerate(verdicts))  # type: ignore[arg-type]
    return FindingCase(finding=f"F-{rating}", commitment="K-1", raised_by="bel", raised_at=NOW, conductor="bel",
                       proposed="NC", evidence=("E-1",), reopens=None, notified_at=NOW, reply_due=NOW, verdicts=said,
                       rating=rating, adopted_at=NOW)  # type: ignore[arg-type]


def compliance(items: list[EvidenceItem], findings: list[FindingCase]) -> ComplianceState:
    state = EMPTY_COMPLIANCE
    return replace(state, evidence=state.evidence.update({(i.commitment, i.evidence): i for i in items}),
                   findings=state.findings.update({f.finding: f for f in findings}))


def tranche(*steps: tuple[str, str]) -> LinkageState:
    moved = tuple(Moved(to=to, ground=ground, by="bel", at=NOW) for to, ground in steps)  # type: ignore[arg-type]
    record = TrancheRecord(tranche="T-1", project="line", receiver="ava", payers=("bel",), goods="transit",
                           low_musd=1.0, mid_musd=2.0, high_musd=3.0, commitment="K-1", source="test",
                           declared_by="bel", declared_at=NOW, steps=moved)
    return replace(EMPTY_LINKAGE, tranches=EMPTY_LINKAGE.tranches.set("T-1", record))


def test_without_a_record_the_priors_stand() -> None:
    """Nothing seen, nothing moved, nothing said."""
    found = observed(PRIORS, EMPTY_COMPLIANCE, EMPTY_LINKAGE, NOW)
    assert found.priors == PRIORS and found.words == []


def test_visits_that_took_place_count_and_denied_ones_are_told() -> None:
    """Two of last year's visits, one denial, one of three years ago: (prior + 2) / 2, and the denial in words."""
    items = [evidence(1, "joint-visit"), evidence(2, "joint-visit"), evidence(3, "access-denied"),
             evidence(4, "joint-visit", 1200), evidence(5, "self-report"), evidence(6, "joint-visit", replaces="E-2")]
    found = observed(PRIORS, compliance(items, []), EMPTY_LINKAGE, NOW)
    assert found.priors["visits_per_year"].value == Interval(3.0, 4.0, 7.0)
    assert "denied 1 times" in found.words[0] and "denied" in found.priors["visits_per_year"].source


def test_seats_and_payers_are_known_by_what_they_did() -> None:
    """Verdicts on adopted findings move the seats' rates; a benefit left running after NC lowers the payers' word."""
    findings = [finding("NC", "breach", "breach", "no-breach"), finding("C", "no-breach", "breach")]
    kept = observed(PRIORS, compliance([], findings), tranche(("running", "D"), ("notice", "F-NC")), NOW).priors
    assert kept["p_seat_detect"].value.mid == pytest.approx((10 * 0.8 + 2) / 13)
    assert kept["p_seat_false"].value.mid == pytest.approx((10 * 0.1 + 1) / 12)
    assert kept["p_honoured"].value.mid == pytest.approx((4 * 0.6 + 1) / 5)
    left = observed(PRIORS, compliance([], findings), tranche(("running", "D")), NOW).priors
    assert left["p_honoured"].value.mid == pytest.approx(4 * 0.6 / 5)
    untied = observed(PRIORS, compliance([], findings), EMPTY_LINKAGE, NOW).priors
    assert untied["p_honoured"] == PRIORS["p_honoured"]


def test_a_node_answers_from_its_charter_and_its_record_and_keeps_its_state() -> None:
    """The action of a real node: live record in, nothing written."""
    from hamsaya.node.actions import price as actions

    federation = clone(parties("pk", "ir", "uz"))
    node = next(iter(federation.parties.values())).node
    node.state = replace(node.state, compliance=compliance([evidence(1, "joint-visit")], []))
    state, size = node.state, node.tree.size
    args = actions.WhatIfArgs(settings=["visits=12"])
    seen = actions._what_if(node, args)
    priors = actions._what_if(node, actions.WhatIfArgs(settings=["visits=12"], live=False))
    assert isinstance(seen, WhatIf) and seen.words[0].startswith("1 visits took place")
    assert seen.before.b.mid != priors.before.b.mid and seen.after.b.mid == pytest.approx(priors.after.b.mid)
    with pytest.raises(OperatorError):
        actions._what_if(node, actions.WhatIfArgs(settings=["panel=1-of-0"]))
    assert node.state is state and node.tree.size == size


def test_settings_leave_the_setup_they_start_from(setup: Setup) -> None:
    """A what-if is a value made from a value."""
    before = (setup.document, dict(setup.priors), setup.seats)
    apply_setting(apply_setting(setup, "visits=12"), "charter.finding.rule=minus-one")
    assert (setup.document, dict(setup.priors), setup.seats) == before
