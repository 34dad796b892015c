"""From a promise to a finding: nothing is found without evidence, a reply in time and a majority of the panel."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY
from hamsaya.canon import encode
from hamsaya.compliance import reduce, rules, views
from hamsaya.compliance.types import EMPTY_COMPLIANCE, ComplianceState
from hamsaya.messages.catalog import KINDS
from hamsaya.messages.compliance import (
    Attest,
    Close,
    Commit,
    Drop,
    Evidence,
    Finding,
    FollowUp,
    Notify,
    Provisional,
    Query,
    Reply,
    Seat,
)
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
        query=None,
        target_low=90.0,
        target_high=100.0,
        materiality=5.0,
        until=T0 + 300 * DAY,
        publication="members",
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
        unit=None if evidence_class == "access-denied" else "percent",
        replaces=None,
        digest=b"\1" * 32,
        summary="One of two visits was admitted",
    )
    return structs.replace(plain, **fields)


def provisional(**fields: Any) -> Provisional:
    plain = Provisional(commitment="K-1", finding="F-1", proposed="NC", evidence=["E-1"], conductor="cell",
                        reopens=None)
    return structs.replace(plain, **fields)


def notify(finding: str = "F-1", reply_due: int = T0 + DUE) -> Notify:
    return Notify(finding=finding, reply_due=reply_due)


def reply(stance: Any = "disputed", finding: str = "F-1") -> Reply:
    return Reply(finding=finding, stance=stance, text="Snow closed the road.")


def attest(verdict: Any = "breach", finding: str = "F-1") -> Attest:
    return Attest(finding=finding, verdict=verdict, reason=f"I saw {verdict}.")


def drop() -> Drop:
    return Drop(finding="F-1", text="The photograph is of another road.")


def follow_up(review_on: int = T0 + 60 * DAY) -> FollowUp:
    return FollowUp(finding="F-1", track="enhanced", review_on=review_on, text="Admit the next visit.")


def close(ground: Any = "lapsed", *evidence: str) -> Close:
    return Close(finding="F-1", ground=ground, evidence=list(evidence))


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
RAISED = fold(say("bel", provisional()), state=SEEN)
NOTIFIED = fold(say("cell", notify()), state=RAISED)
REPLIED = fold(say("ava", reply()), state=NOTIFIED)
BREACH = fold(*verdicts(dun="breach", eld="breach", cell="breach"), state=REPLIED)
UNHEARD = fold(*verdicts(dun="breach", eld="breach", cell="breach"), state=NOTIFIED)
TWO = fold(*verdicts(bel="breach", cor="breach"), state=REPLIED)
SPLIT = fold(*verdicts(bel="breach", cor="breach", dun="no_breach", eld="no_breach", cell="cannot_tell"), state=REPLIED)
ADOPTED = fold(say("cell", adopt()), state=BREACH)
FOLLOWED = fold(say("cell", follow_up()), state=ADOPTED)
CLOSED = fold(say("cell", close()), state=FOLLOWED)
DROPPED = fold(say("cell", drop()), state=NOTIFIED)
LATER = evidence("E-9", observed_from=T0 + 30 * DAY, observed_to=T0 + 31 * DAY, value=95.0)
HEALING = fold(say("dun", LATER, 40 * DAY), state=ADOPTED)
COUNTED = Query(measure="incidents", violence=0, cells=[7, 8], months=1)
TERM = DUE + rules.PANEL_TERM

PERMITTED: list[tuple[ComplianceState, Event]] = [
    (EMPTY_COMPLIANCE, say("ava", commit(target_low=90.0, target_high=90.0))),
    (EMPTY_COMPLIANCE, say("ava", commit(k=5))),
    (PROMISED, say("bel", evidence(observed_from=T0))),
    (PROMISED, say("bel", evidence(evidence_class="access-denied"))),
    (PROMISED, say("ava", evidence(evidence_class="self-report"))),
    (PROMISED, say("bel", evidence(evidence_class="counterpart-report"))),
    (EMPTY_COMPLIANCE, say("ava", commit(unit="incidents", query=COUNTED))),
    (SEEN, say("bel", evidence("E-2", value=60.0, replaces="E-1"))),
    (SEEN, say("bel", evidence("E-2", value=60.0, observed_from=T0 - 3 * DAY, observed_to=T0 - 2 * DAY))),
    (SEEN, say("cor", evidence("E-2", value=60.0))),
    (SEEN, say("cell", provisional(proposed="PC"))),
    (SEEN, say("bel", provisional(proposed="LC", conductor="bel"))),
    (RAISED, say("cell", notify(reply_due=T0 + 1), exercise=True)),
    (RAISED, say("cell", drop())),
    (REPLIED, say("cell", drop())),
    (DROPPED, say("ava", reply())),  # It was on its way when the finding was dropped.
    (DROPPED, say("bel", attest())),
    (ADOPTED, say("cell", follow_up())),
    (FOLLOWED, say("cell", follow_up())),
    (ADOPTED, say("cell", close("superseded"))),
    (HEALING, say("cell", close("remedied", "E-9"), 50 * DAY)),
    (CLOSED, say("bel", provisional(finding="F-2", reopens="F-1"))),
    (CLOSED, say("cor", attest())),
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
    ("panel", EMPTY_COMPLIANCE, say("ava", commit(panel=[]))),
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
    ("unit", PROMISED, say("bel", evidence(unit="incidents"))),
    ("unit", PROMISED, say("bel", evidence(unit=None))),
    ("unit", PROMISED, say("bel", evidence(evidence_class="access-denied", unit="percent"))),
    ("contradicts", SEEN, say("bel", evidence("E-2", value=60.0))),
    ("predecessor-missing", SEEN, say("cor", evidence("E-2", value=60.0, replaces="E-1"))),
    ("mandate-expired", PROMISED, say("bel", evidence(), 301 * DAY)),
    ("mandate-expired", EMPTY_COMPLIANCE, say("ava", commit(until=T0))),
    ("unit", EMPTY_COMPLIANCE, say("ava", commit(unit="deaths", query=COUNTED))),
    # Raising and notifying
    ("predecessor-missing", EMPTY_COMPLIANCE, say("bel", provisional())),
    ("predecessor-missing", SEEN, say("bel", provisional(evidence=["E-1", "E-2"]))),
    ("already-exists", NOTIFIED, say("dun", provisional())),
    *[("proposed-rating", SEEN, say("bel", provisional(proposed=word))) for word in ("C", "U")],
    ("owner-conducts", SEEN, say("bel", provisional(conductor="ava"))),
    ("mandate-expired", SEEN, say("bel", provisional(), 301 * DAY)),
    ("predecessor-missing", ADOPTED, say("bel", provisional(finding="F-2", reopens="F-1"))),
    ("not-closed", DROPPED, say("bel", provisional(finding="F-2", reopens="F-1"))),
    ("predecessor-missing", SEEN, say("cell", notify())),
    ("not-the-conductor", RAISED, say("bel", notify())),
    ("illegal-transition", NOTIFIED, say("cell", notify())),
    ("reply-due", RAISED, say("cell", notify(reply_due=T0 + DUE - 1))),
    ("reply-due", RAISED, say("cell", notify(reply_due=T0), exercise=True)),
    *[("predecessor-missing", RAISED, event) for event in (say("ava", reply()), say("bel", attest()),
                                                          say("cell", adopt()))],
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
    ("illegal-transition", DROPPED, say("cell", adopt("U"), TERM)),
    ("not-the-conductor", BREACH, say("bel", adopt())),
    # What follows
    ("not-the-conductor", NOTIFIED, say("bel", drop())),
    ("illegal-transition", ADOPTED, say("cell", drop())),
    ("illegal-transition", BREACH, say("cell", follow_up())),
    ("review", ADOPTED, say("cell", follow_up(T0))),
    ("not-the-conductor", ADOPTED, say("bel", close())),
    ("illegal-transition", CLOSED, say("cell", close())),
    ("illegal-transition", CLOSED, say("cell", follow_up())),
    ("predecessor-missing", ADOPTED, say("cell", close("remedied", "E-9"))),
    ("evidence", ADOPTED, say("cell", close("remedied", "E-1"))),  # It is older than the finding.
    ("evidence", ADOPTED, say("cell", close("remedied"))),
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
    assert (finding.outstanding, finding.derived, finding.status) == (["bel", "cor"], "NC", "disputed")
    early = views.commitments(NOTIFIED, T0 + DUE)[0].findings[0]
    assert early.derived is None and early.status == "notified"
    assert [(each.step, each.by) for each in early.due] == [("verdicts", list(SEATS)), ("adoption", ["cell"])]


def test_the_rating_is_that_of_the_finding_adopted_last() -> None:
    """A later finding replaces an earlier one, whatever their references."""
    again = fold(say("bel", provisional(finding="A-2"), DAY), state=ADOPTED)
    again = fold(say("cell", notify("A-2", T0 + DUE + DAY), DAY), say("ava", reply(finding="A-2"), DAY), state=again)
    again = fold(*[say(m, attest("no-breach", "A-2"), DAY) for m in ("bel", "cor", "dun")], state=again)
    again = fold(say("cell", adopt("C", "A-2"), DAY + 1), state=again)
    assert views.rating(again, "K-1") == ("C", T0 + DAY + 1)
    assert views.adopted(again, "F-1", T0) == ("K-1", "NC")
    assert views.adopted(BREACH, "F-1", T0) is None and views.adopted(BREACH, "F-9", T0) is None


def test_a_closed_finding_speaks_no_longer() -> None:
    """Remedied is not compliant: nobody has found that. Nor does it stop a benefit any more."""
    assert views.rating(FOLLOWED, "K-1")[0] == "NC"
    assert views.rating(CLOSED, "K-1") == ("U", None)
    assert views.adopted(CLOSED, "F-1", T0) is None and views.adopted(CLOSED, "F-1", T0 - 1) == ("K-1", "NC")
    again = fold(say("bel", provisional(finding="F-2", reopens="F-1")), state=CLOSED)
    assert [each.reopened_by for each in views.commitments(again, T0)[0].findings] == [["F-2"], []]


def test_each_state_names_who_is_awaited_and_until_when() -> None:
    """A finding that waits for somebody says for whom, or it would rest there for ever."""
    awaited = {name: [(d.step, d.by, d.due - T0) for d in views.commitments(state, T0)[0].findings[0].due]
               for name, state in (("raised", RAISED), ("notified", NOTIFIED), ("breach", BREACH),
                                   ("adopted", ADOPTED), ("followed", FOLLOWED), ("dropped", DROPPED))}
    assert awaited == {
        "raised": [("notify", ["cell"], 30 * DAY)],
        "notified": [("reply", ["ava"], DUE), ("verdicts", list(SEATS), DUE + 15 * DAY), ("adoption", ["cell"], TERM)],
        "breach": [("adoption", ["cell"], TERM)],
        "adopted": [],
        "followed": [("review", ["cell"], 60 * DAY)],
        "dropped": [],
    }
    assert views.commitments(RAISED, T0 + 31 * DAY)[0].findings[0].due[0].overdue


def test_a_statement_says_no_more_than_its_level() -> None:
    """The public reads rating, votes and dissent; members the index of evidence; the owner everything about itself."""
    state = fold(*verdicts(bel="no_breach"), state=ADOPTED)
    with pytest.raises(OperatorError, match="expected at least the level members"):
        views.statement(state, "K-1", "public", T0)
    members, owner = (views.statement(state, "K-1", level, T0) for level in ("members", "owner"))
    assert (members.rating, members.words, members.dissent) == ("NC", "not compliant", ["I saw no-breach."])
    assert [item.evidence for item in members.index] == ["E-1"] and members.whole is None
    assert owner.whole == views.commitments(state, T0)[0]
    opened = fold(say("ava", commit(publication="public")))
    public = views.statement(opened, "K-1", "public", T0)
    assert (public.words, public.index, public.whole) == ("unverified", [], None)
    with pytest.raises(OperatorError, match="compliance status"):
        views.statement(state, "K-9", "owner", T0)


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
        found += [say("bel", provisional(finding=ref, evidence=["bel-E"]), at)]
        found += [say("cell", notify(ref, T0 + 20 * DAY), at)]
        found += [say("cell", structs.replace(each, finding=ref), at) for each in (drop(), follow_up(), close())]
        found += [say("dun", provisional(finding="F-3", evidence=["bel-E"], reopens=ref), at)]
        found += [say(who, reply(finding=ref), at) for who in everybody]
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
