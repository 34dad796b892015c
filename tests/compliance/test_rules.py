"""From a promise to a finding: nothing is found without evidence, a reply in time and a majority of the panel."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from hamsaya.base.instants import DAY
from hamsaya.canon import encode
from hamsaya.compliance import reduce, rules, views
from hamsaya.compliance.types import EMPTY_COMPLIANCE, ComplianceState
from hamsaya.messages.catalog import KINDS
from hamsaya.messages.compliance import Attest, Commit, Evidence, Finding, Notify, Reply, Seat
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body, kind_of
from hamsaya.messages.node import Publish

T0 = 1_750_000_000_000
DUE = 15 * DAY
SEATS = {"bel": "north", "cor": "north", "dun": "south", "eld": "south", "cell": "joint"}


def say(sender: str, body: Body, at: int = 0, **fields: Any) -> Event:
    """Return ``body`` as said by ``sender``, ``at`` ms after T0, outside any exercise."""
    now = T0 + at
    told = Event(b"\0" * 16, kind_of(body), sender, ("cell",), "verification", None, now, now + DAY, False, body)
    return replace(told, **fields)


def commit(**fields: Any) -> Commit:
    plain = Commit(
        commitment="K-1",
        title="Visits are admitted",
        indicator="share of visits admitted",
        unit="percent",
        target_low=90.0,
        target_high=100.0,
        cadence_days=30,
        timeliness_days=15,
        required_detection=0.9,
        max_false_alarm=0.1,
        evidence_classes=["joint-visit", "self-report", "counterpart-report"],
        panel=[Seat(member=member, bloc=bloc) for member, bloc in SEATS.items()],
        k=3,
    )
    return structs.replace(plain, **fields)


def evidence(ref: str = "E-1", evidence_class: Any = "joint-visit", **fields: Any) -> Evidence:
    plain = Evidence(
        commitment="K-1",
        evidence=ref,
        evidence_class=evidence_class,
        observed_from=T0 - DAY,
        observed_to=T0,
        value=None if evidence_class == "access-denied" else 50.0,
        digest=b"\1" * 32,
        summary="One of two visits was admitted",
    )
    return structs.replace(plain, **fields)


def notify(**fields: Any) -> Notify:
    plain = Notify(commitment="K-1", finding="F-1", proposed="NC", evidence=["E-1"], reply_due=T0 + DUE)
    return structs.replace(plain, **fields)


def reply() -> Reply:
    return Reply(finding="F-1", text="Snow closed the road.")


def attest(verdict: Any = "breach", finding: str = "F-1") -> Attest:
    return Attest(finding=finding, verdict=verdict)


def adopt(rating: Any = "NC", finding: str = "F-1") -> Finding:
    return Finding(finding=finding, rating=rating)


def fold(*events: Event, state: ComplianceState = EMPTY_COMPLIANCE) -> ComplianceState:
    """Return the state after ``events``, each of which must be permitted."""
    for event in events:
        rules.decide(state, event).require()
        state = reduce.apply(state, event)
    return state


def verdicts(**given_by: str) -> list[Event]:
    return [say(member, attest(verdict.replace("_", "-"))) for member, verdict in given_by.items()]


PROMISED = fold(say("ava", commit()))
SEEN = fold(say("bel", evidence()), state=PROMISED)
NOTIFIED = fold(say("bel", notify()), state=SEEN)
REPLIED = fold(say("ava", reply()), state=NOTIFIED)
BREACH = fold(*verdicts(dun="breach", eld="breach", cell="breach"), state=REPLIED)
UNHEARD = fold(*verdicts(dun="breach", eld="breach", cell="breach"), state=NOTIFIED)
TWO = fold(*verdicts(bel="breach", cor="breach"), state=REPLIED)
SPLIT = fold(*verdicts(bel="breach", cor="breach", dun="no_breach", eld="no_breach", cell="cannot_tell"), state=REPLIED)
ADOPTED = fold(say("cell", adopt()), state=BREACH)
TERM = DUE + rules.PANEL_TERM

PERMITTED: list[tuple[ComplianceState, Event]] = [
    (EMPTY_COMPLIANCE, say("ava", commit(target_low=90.0, target_high=90.0))),
    (EMPTY_COMPLIANCE, say("ava", commit(k=5))),
    (PROMISED, say("bel", evidence(observed_from=T0))),
    (PROMISED, say("bel", evidence(evidence_class="access-denied"))),
    (PROMISED, say("ava", evidence(evidence_class="self-report"))),
    (PROMISED, say("bel", evidence(evidence_class="counterpart-report"))),
    (SEEN, say("cell", notify(proposed="PC"))),
    (SEEN, say("cell", notify(reply_due=T0 + 1), exercise=True)),
    (NOTIFIED, say("ava", reply(), DUE - 1)),
    (NOTIFIED, say("bel", attest())),
    (REPLIED, say("bel", attest(), TERM - 1)),
    (BREACH, say("cell", adopt())),
    (UNHEARD, say("cell", adopt(), DUE)),
    (fold(*verdicts(dun="no_breach", eld="no_breach", bel="no_breach"), state=REPLIED), say("cell", adopt("C"))),
    (SPLIT, say("cell", adopt("U"))),
    (REPLIED, say("cell", adopt("U"), TERM)),
    (ADOPTED, say("bel", attest("no-breach"))),  # It was on its way when the finding was adopted.
]


@pytest.mark.parametrize(("state", "event"), PERMITTED)
def test_what_the_rules_allow_is_permitted(state: ComplianceState, event: Event) -> None:
    """Refusing all would pass every test below."""
    decision = rules.decide(state, event)
    assert decision.allowed, decision.sentence()


def seats(*members: str) -> list[Seat]:
    return [Seat(member=member, bloc=SEATS.get(member, "west")) for member in members]


REFUSED: list[tuple[str, ComplianceState, Event]] = [
    # Committing
    ("already-exists", PROMISED, say("bel", commit(panel=seats("cor", "dun", "cell")))),
    ("target-range", EMPTY_COMPLIANCE, say("ava", commit(target_low=100.5))),
    ("panel", EMPTY_COMPLIANCE, say("ava", commit(panel=seats("bel", "dun", "bel", "cell")))),
    ("panel", EMPTY_COMPLIANCE, say("ava", commit(k=6))),
    ("panel", EMPTY_COMPLIANCE, say("ava", commit(k=2))),
    ("panel", EMPTY_COMPLIANCE, say("ava", commit(k=2, panel=seats("bel", "dun", "cell", "fen")))),
    ("owner-on-panel", EMPTY_COMPLIANCE, say("bel", commit())),
    ("bloc", EMPTY_COMPLIANCE, say("ava", commit(panel=seats("bel", "cor", "dun"), k=2))),
    # Evidence
    ("predecessor-missing", EMPTY_COMPLIANCE, say("bel", evidence())),
    ("already-exists", SEEN, say("dun", evidence())),
    ("evidence-class", PROMISED, say("bel", evidence(evidence_class="sensor-product"))),
    ("observed", PROMISED, say("bel", evidence(observed_to=T0 - 2 * DAY))),
    ("observed", PROMISED, say("bel", evidence(observed_to=T0 + 1))),
    ("observed", PROMISED, say("bel", evidence(evidence_class="access-denied", value=0.0))),
    ("self-report", PROMISED, say("bel", evidence(evidence_class="self-report"))),
    ("self-report", PROMISED, say("ava", evidence(evidence_class="counterpart-report"))),
    # Notifying
    ("predecessor-missing", EMPTY_COMPLIANCE, say("bel", notify())),
    ("predecessor-missing", SEEN, say("bel", notify(evidence=["E-1", "E-2"]))),
    ("already-exists", NOTIFIED, say("dun", notify())),
    *[("proposed-rating", SEEN, say("bel", notify(proposed=word))) for word in ("C", "LC", "U")],
    ("reply-due", SEEN, say("bel", notify(reply_due=T0 + DUE - 1))),
    ("reply-due", SEEN, say("bel", notify(reply_due=T0), exercise=True)),
    # Replying
    ("predecessor-missing", SEEN, say("ava", reply())),
    ("not-the-owner", NOTIFIED, say("bel", reply())),
    ("reply-due", NOTIFIED, say("ava", reply(), DUE)),
    ("illegal-transition", REPLIED, say("ava", reply())),
    ("illegal-transition", ADOPTED, say("ava", reply())),
    # Attesting
    ("predecessor-missing", SEEN, say("bel", attest())),
    ("not-on-panel", NOTIFIED, say("ava", attest("no-breach"))),
    ("not-on-panel", NOTIFIED, say("fen", attest())),
    ("already-attested", BREACH, say("dun", attest("no-breach"))),
    ("panel-term", REPLIED, say("bel", attest(), TERM)),
    # Adopting
    ("predecessor-missing", SEEN, say("cell", adopt())),
    ("predecessor-missing", UNHEARD, say("cell", adopt())),  # The reply is awaited.
    ("predecessor-missing", UNHEARD, say("cell", adopt(), DUE - 1)),
    ("predecessor-missing", REPLIED, say("cell", adopt())),  # Verdicts are awaited.
    ("predecessor-missing", REPLIED, say("cell", adopt("U"))),
    ("predecessor-missing", REPLIED, say("cell", adopt("C"))),
    ("predecessor-missing", TWO, say("cell", adopt("C"))),  # All three still to be heard could say so.
    ("wrong-rating", fold(*verdicts(dun="cannot_tell"), state=TWO), say("cell", adopt("C"))),
    ("wrong-rating", REPLIED, say("cell", adopt("PC"))),
    ("wrong-rating", BREACH, say("cell", adopt("PC"))),
    ("wrong-rating", BREACH, say("cell", adopt("C"))),
    ("wrong-rating", BREACH, say("cell", adopt("U"), TERM)),
    ("wrong-rating", SPLIT, say("cell", adopt("NC"))),
    ("illegal-transition", ADOPTED, say("cell", adopt())),
    ("illegal-transition", ADOPTED, say("ava", Publish(statements=[b""]))),
]


@pytest.mark.parametrize(("code", "state", "event"), REFUSED)
def test_each_forbidden_act_is_refused_with_its_code(code: str, state: ComplianceState, event: Event) -> None:
    """The code tells the sender's machine what to do next: wait, correct, or give up."""
    decision = rules.decide(state, event)
    assert (decision.allowed, decision.code) == (False, code), decision.sentence()


def test_a_wrong_rating_is_refused_naming_the_right_one() -> None:
    """A finding says what the panel said, not what its sender wishes."""
    assert "yield NC, not C" in rules.decide(BREACH, say("cell", adopt("C"))).sentence()


def test_a_panel_must_agree_with_the_roster() -> None:
    """Whoever relabels its allies could hold k seats under two names."""
    roster = {**SEATS, "dun": "north"}
    assert rules.decide(EMPTY_COMPLIANCE, say("ava", commit()), SEATS).allowed
    assert rules.decide(EMPTY_COMPLIANCE, say("ava", commit()), roster).code == "bloc"
    assert rules.decide(EMPTY_COMPLIANCE, say("ava", commit()), {}).code == "bloc"


def test_every_compliance_kind_has_a_row() -> None:
    """A kind without a row could never be sent; a row without a kind would be dead law."""
    kinds = {kind for kind in KINDS if kind.startswith("compliance.")}
    assert kinds == {kind for _, kind in rules.TRANSITIONS}


def test_unverified_is_the_default_and_is_never_compliant() -> None:
    """Silence, a split panel and a pending finding all show as unverified."""
    for state in (PROMISED, SEEN, NOTIFIED, REPLIED, BREACH, SPLIT, fold(say("cell", adopt("U")), state=SPLIT)):
        view = views.commitments(state, T0)[0]
        assert (view.rating, view.words) == ("U", "unverified")
    assert views.commitments(ADOPTED, T0)[0].words == "not compliant"


def test_denied_access_is_counted_as_a_fact_of_its_own() -> None:
    """Access denied must never vanish into missing evidence."""
    state = fold(say("bel", evidence("E-2", "access-denied")), state=SEEN)
    view = views.commitments(state, T0)[0]
    assert (view.access_denied, view.by_class) == (1, {"access-denied": 1, "joint-visit": 1})


def test_a_finding_shows_its_tally_and_who_is_still_to_be_heard() -> None:
    """Ratings are tallies, never averages."""
    finding = views.commitments(BREACH, T0)[0].findings[0]
    assert finding.tally == {"breach": 3, "no-breach": 0, "cannot-tell": 0}
    assert (finding.outstanding, finding.derived, finding.status) == (["bel", "cor"], "NC", "replied")
    early = views.commitments(NOTIFIED, T0 + DUE)[0].findings[0]
    assert early.reply_expired and early.derived is None and early.status == "notified"


def test_the_rating_is_that_of_the_finding_adopted_last() -> None:
    """A later finding replaces an earlier one, whatever their references."""
    again = fold(say("bel", notify(finding="A-2", reply_due=T0 + DUE + DAY), DAY), state=ADOPTED)
    again = fold(say("ava", Reply(finding="A-2", text="Open again."), DAY), state=again)
    again = fold(*[say(m, attest("no-breach", "A-2"), DAY) for m in ("bel", "cor", "dun")], state=again)
    again = fold(say("cell", adopt("C", "A-2"), DAY + 1), state=again)
    assert views.rating(again, "K-1") == ("C", T0 + DAY + 1)
    assert views.adopted(again, "F-1") == ("K-1", "NC")
    assert views.adopted(BREACH, "F-1") is None and views.adopted(BREACH, "F-9") is None


@given(
    given_by=st.dictionaries(st.sampled_from(sorted(SEATS)), st.sampled_from(["breach", "no-breach", "cannot-tell"]))
)
def test_no_rating_but_u_without_a_majority(given_by: dict[str, str]) -> None:
    """C and NC need k votes, and one verdict can be adopted at any time or none."""
    state = fold(*[say(member, attest(verdict)) for member, verdict in given_by.items()], state=REPLIED)
    allowed = {word for word in ("C", "LC", "PC", "NC", "U") if rules.decide(state, say("cell", adopt(word))).allowed}
    tally = list(given_by.values())
    expected = {"NC"} if tally.count("breach") >= 3 else {"C"} if tally.count("no-breach") >= 3 else set()
    if not expected and len(tally) == len(SEATS):
        expected = {"U"}
    assert allowed == expected


def acts(at: int) -> list[Event]:
    """Return everything anybody might say about K-1 and two findings on it, lawful or not."""
    everybody = ("ava", *SEATS)
    found = [say(who, evidence(f"{who}-E"), at) for who in everybody]
    for ref in ("F-1", "F-2"):
        found += [say("bel", notify(finding=ref, evidence=["bel-E"], reply_due=T0 + 20 * DAY), at)]
        found += [say(who, Reply(finding=ref, text="No."), at) for who in everybody]
        found += [say(who, attest(v, ref), at) for who in everybody for v in ("breach", "no-breach")]
        found += [say("cell", adopt(word, ref), at) for word in ("NC", "C", "U")]
    return found


@settings(max_examples=60)
@given(choices=st.lists(st.integers(0, 10_000), max_size=14))
def test_messages_of_two_senders_commute(choices: list[int]) -> None:
    """Third parties see the messages of two senders in either order, and must agree in the end."""
    state = PROMISED
    lawful: list[Event] = []
    for step, choice in enumerate([*choices, 0]):
        lawful = [event for event in acts(step * 2 * DAY) if rules.decide(state, event).allowed]
        if step < len(choices) and lawful:
            state = fold(lawful[choice % len(lawful)], state=state)
    for one, other in combinations(lawful, 2):
        if one.sender != other.sender:
            left, right = fold(one, other, state=state), fold(other, one, state=state)
            assert encode(reduce.snapshot(left)) == encode(reduce.snapshot(right))


def test_messages_of_other_rooms_change_nothing() -> None:
    """The fold is total: a node may hand every event to every core."""
    assert reduce.apply(ADOPTED, say("ava", Publish(statements=[b""]))) is ADOPTED
