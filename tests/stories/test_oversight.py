"""Three neighbours under oversight: every header, no content without a legal act, a case frozen, a person told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import immutables
import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import RetryLater
from hamsaya.base.instants import DAY, HOUR, MINUTE
from hamsaya.canon import encode
from hamsaya.cases.views import case as case_view
from hamsaya.cases.views import inbox
from hamsaya.messages.cases import Acknowledge, Decline, Overdue, Raise, Revoke
from hamsaya.messages.items import Accept
from hamsaya.messages.kinds import Body
from hamsaya.messages.notices import NoticeDate, NoticeGiven, NoticePostpone
from hamsaya.messages.oversight import Freeze, LegalAct, Release, Unfreeze
from hamsaya.messages.persons import Name
from hamsaya.node import enrolment, items
from hamsaya.node.handlers import snapshot
from hamsaya.node.journal import read_event
from hamsaya.node.notice_dates import own_dates, seal_date
from hamsaya.node.oversight import legal, reporting, views
from hamsaya.node.oversight.due import keep_watch, oversight_due
from hamsaya.node.oversight.statistics import statistics
from hamsaya.node.recipients import held
from hamsaya.node.send import Draft
from hamsaya.node.writer import Act
from tests.node.making import CASE, SECRET, answer, asking, handmade, receive, refusal, reopened
from tests.support.federation import one
from tests.support.watching import MEMBERS, WATCH, Watched

OFFICERS = {"officer": "desk-1", "second_officer": "desk-2"}


def asked(*, told: bool = True, persons: tuple[str, ...] = ()) -> Watched:
    """Return three neighbours, of whom the first has asked the second."""
    watched = Watched()
    watched.opens(*persons)
    watched.says("pk", asking().body, "ir")
    if told:
        watched.turn()
    return watched


def freeze(ref: str = "F-1", reason: Any = "rights-risk") -> Freeze:
    return Freeze(freeze=ref, reason=reason, officer="desk-1")


def unfreeze(ref: str = "F-1") -> Unfreeze:
    return Unfreeze(freeze=ref, reason="cleared", officer="desk-1")


def act(watched: Watched, ref: str = "A-1", *names: str, days: int = 10, **fields: Any) -> LegalAct:
    plain: dict[str, Any] = {"act": ref, "authority": "High Court", "law": "Order 17/2026", "items": list(names),
                             "until": watched.fed.clock.now() + days * DAY, **OFFICERS}
    return LegalAct(**(plain | fields))


def everything(watched: Watched) -> bytes:
    """Return all that the overseeing node holds, as bytes, opened."""
    node = watched.watch
    rows = [msgspec.to_builtins(each) for each in views.headers(node, 10_000)]
    return encode(snapshot(node.state)) + encode(rows)


# --- Headers -------------------------------------------------------------------------------------------------


def test_every_leaf_of_every_member_is_opened_and_no_word_of_content() -> None:
    """The overseer recomputes each log to the root that its checkpoint has, and holds nothing of what was said."""
    watched = asked(persons=("A. Person",))
    watched.says("ir", answer("pk"), "pk")
    watched.turn()
    for view in (each for each in views.streams(watched.watch) if each.member in MEMBERS):
        assert watched.cosign(view.member) == ""
        tail = watched.node(view.member).tree.size - view.opened
        assert tail <= 1 and view.proven == view.opened and view.findings == 0
    kinds = {row.kind for row in views.headers(watched.watch, 1000, case=CASE)}
    assert kinds == {"case.open", "case.ask", "case.answer"}
    (question, *_) = [row for row in views.headers(watched.watch, 1000, case=CASE) if row.kind == "case.ask"]
    assert question.facts == {"request": "R-1", "asked": "ir", "urgency": "urgent"}
    (given, *_) = [row for row in views.headers(watched.watch, 1000, case=CASE) if row.kind == "case.answer"]
    assert given.obligations == ["caveats", "two-persons"], "what the charter asked of its sender"
    held_here = everything(watched)
    for secret in (SECRET, "A. Person", asking().body.question):  # type: ignore[attr-defined]
        assert secret.encode() not in held_here
    watched.fed.clock.advance(HOUR)
    watched.turn()
    watched.fed.clock.advance(HOUR)
    assert not watched.found()
    live = encode(snapshot(watched.watch.state))
    assert encode(snapshot(reopened(watched.fed, WATCH).state)) == live


def test_idle_nodes_report_nothing() -> None:
    """A report is a leaf too; it waits for the next thing to tell, lest two nodes talk for ever about talking."""
    watched = asked()
    sizes = [watched.node(member).tree.size for member in (*MEMBERS, WATCH)]
    watched.turn()
    assert [watched.node(member).tree.size for member in (*MEMBERS, WATCH)] == sizes


def test_nothing_of_a_case_leaves_while_oversight_is_a_minute_behind() -> None:
    """A node whose clock's own work was switched off reports from within the send pipeline."""
    watched = asked(told=False)
    assert WATCH not in watched.node("pk").state.oversight.told
    watched.fed.clock.advance(2 * MINUTE)
    watched.says("ir", Acknowledge(request="R-1", officer="desk-1"), "pk")
    assert views.telling(watched.node("ir")).reported == watched.node("ir").tree.size - 2, "all but these two"
    assert {row.kind for row in views.headers(watched.watch, 100, member="ir")} >= {"case.open", "case.ask"}


CAVEATS = st.fixed_dictionaries({
    "disclosure": st.sampled_from(["D0", "D1", "D2", "D3"]),
    "use": st.sampled_from(["lead-only", "check", "freeze", "court-measure"]),
    "action": st.sampled_from(["none", "passive", "active"]),
})


@given(axes=CAVEATS, silence=st.booleans())
@settings(max_examples=12, suppress_health_check=list(HealthCheck))
def test_no_caveat_hides_an_answer_from_oversight(axes: dict[str, str], silence: bool) -> None:
    """Whatever is asked of whoever holds an item, its header is told, and under a legal act its text is."""
    watched = asked()
    try:
        given = answer("pk", **axes)
    except Exception:  # Axes that contradict each other cannot be written at all.
        return
    watched.says("ir", given, "pk")
    if silence:
        watched.fed.clock.advance(2 * MINUTE)
        watched.says("pk", asking(request="R-2").body, "ir")
    watched.turn()
    rows = views.headers(watched.watch, 1000, case=CASE)
    assert {row.member for row in rows if row.kind == "case.answer"} == {"ir", "pk"}
    watched.says(WATCH, act(watched), "ir")
    watched.turn()
    assert SECRET in str(legal.contents(watched.watch, "A-1"))


def test_a_member_that_leaves_out_a_header_is_found() -> None:
    """A report with a gap is not taken in; the end that is kept back shows against the log this witness cosigned."""
    watched = asked(told=False)
    node = watched.node("pk")
    (report, told), *_ = reporting.pending(node)
    dropped = msgspec.structs.replace(report, rows=report.rows[:-1], checkpoint=None)
    one_short = handmade(watched.fed, "pk", WATCH, dropped, case=None, instrument="founding")
    assert receive(watched.watch, one_short.encode()).code == "admitted"
    later = msgspec.structs.replace(report, first=report.first + len(report.rows), rows=report.rows[-1:])
    gap = handmade(watched.fed, "pk", WATCH, later, case=None, instrument="founding")
    assert isinstance(refusal(watched.watch, gap.encode()), RetryLater)
    assert watched.cosign("pk") == ""
    watched.turn("ir", "uz")
    watched.fed.clock.advance(6 * MINUTE)
    watched.turn("ir", "uz")
    (missing,) = [each for each in watched.found() if each.code == "unreported"]
    assert missing.members == ["pk"] and missing.index == len(report.rows) - 1
    watched.turn()
    assert "unreported" not in watched.codes(), "once it is told there is nothing to find"


def test_a_header_changed_or_put_in_another_place_is_found() -> None:
    """Rows that do not make the log's root are taken in as evidence against whoever signed them."""
    watched = asked(told=False)
    (report, _), *_ = reporting.pending(watched.node("pk"))
    rows = list(report.rows)
    rows[-1] = msgspec.structs.replace(rows[-1], at=rows[-1].at + 1)
    forged = handmade(watched.fed, "pk", WATCH, msgspec.structs.replace(report, rows=rows), case=None,
                      instrument="founding")
    assert receive(watched.watch, forged.encode()).code == "admitted"
    assert watched.codes() >= {"other-log"}
    true = handmade(watched.fed, "pk", WATCH, report, case=None, instrument="founding")
    receive(watched.watch, true.encode())
    assert watched.codes() >= {"other-log", "rewritten"}


def test_a_message_that_its_sender_never_logged_is_found_at_the_other_end() -> None:
    """What a node sends beside its own log stands in the receiver's, under the sender's signature."""
    watched = asked()
    beside = handmade(watched.fed, "ir", "pk", answer("pk"))
    assert receive(watched.node("pk"), beside.encode()).code == "admitted"
    watched.turn()
    watched.fed.clock.advance(10 * MINUTE)
    watched.fed.send("ir", Draft(Raise(limit=30, reason="More.", **OFFICERS), (WATCH, "uz"), case="C-9"))
    watched.turn()
    (found,) = [each for each in watched.found() if each.code == "not-in-senders-log"]
    assert set(found.members) == {"ir", "pk"} and found.case == CASE


def test_reports_go_to_who_oversees_and_to_nobody_else() -> None:
    """The charter and the rule both say so; a member cannot learn another's headers."""
    watched = asked(told=False)
    (report, _), *_ = reporting.pending(watched.node("pk"))
    assert watched.refused("pk", report, "ir", case=None) == "no-clause"
    letter = handmade(watched.fed, "pk", "ir", report, case=None, instrument="founding")
    assert receive(watched.node("ir"), letter.encode()).code == "no-clause"


# --- Statistics ----------------------------------------------------------------------------------------------


def test_statistics_by_pair_and_act() -> None:
    """Counted from headers and coded words; an export says nothing of fewer than five."""
    watched = Watched()
    watched.opens()
    for number in range(6):
        watched.says("pk", asking(request=f"R-{number}").body, "ir")
        if number:
            watched.says("ir", Decline(request=f"R-{number}", code="not-held", officer="desk-1"), "pk")
    watched.turn()
    now = watched.fed.clock.now()
    (pair,) = statistics(watched.watch, 0, now + 1).pairs
    assert (pair.asker, pair.asked, pair.act, pair.requests, pair.declined, pair.open) == \
        ("pk", "ir", "bombing", 6, 5, 1)
    assert pair.refusals == {"not-held": 5}
    export = statistics(watched.watch, 0, now + 1, export=True)
    (cut,) = export.pairs
    assert (cut.requests, cut.open, cut.overdue) == (6, None, None)
    assert cut.declined is None, "else the one that is open could be reckoned"
    assert all(count is None for count in cut.refusals.values())
    assert not statistics(watched.watch, now + 1, now + 2).pairs


# --- A legal act ---------------------------------------------------------------------------------------------


def test_content_only_under_a_legal_act_of_two_persons() -> None:
    """Without one there is no message that asks, and none that gives; with one each side has both in its log."""
    watched = asked()
    watched.says("ir", answer("pk", disclosure="D2"), "pk")
    watched.turn()
    empty = Release(act="A-1", part=1, parts=1, contents=[])
    assert watched.refused("ir", empty, WATCH) == "no-legal-act"
    unasked = handmade(watched.fed, "ir", WATCH, empty)
    assert receive(watched.watch, unasked.encode()).code == "no-legal-act"
    alone = act(watched, officer="desk-1", second_officer="desk-1")
    assert watched.refused(WATCH, alone, "ir") in ("same-person", "two-persons", "wrong-person")
    assert watched.refused(WATCH, act(watched, days=91), "ir") == "bad-validity"
    assert watched.refused("pk", act(watched), "ir") == "no-clause"

    watched.says(WATCH, act(watched, "A-1", "I-1"), "ir", "pk")
    watched.turn()
    given = legal.contents(watched.watch, "A-1")
    texts = {each.member: each.body["text"] for each in given if each.kind == "case.answer"}
    assert texts == {"ir": SECRET, "pk": None}, "the holder has not accepted and cannot open it"
    assert all(each.kind != "case.ask" for each in given), "the act names one item"
    kinds = [row.kind for row in watched.node("ir").store.journal()]
    assert {"oversight.legal-act", "oversight.release"} <= set(kinds)
    assert SECRET.encode() not in everything(watched)
    (view,) = legal.acts(watched.watch)
    assert view.waiting_for == [] and not view.over
    assert not legal.contents(watched.watch, "A-2")


def test_what_was_shown_under_an_act_is_forgotten_when_it_is_over() -> None:
    """The overseer's journal loses the text with the act's last day, and still makes its own log."""
    watched = asked()
    watched.says("ir", answer("pk"), "pk")
    watched.turn()
    watched.says(WATCH, act(watched), "ir")
    watched.turn()
    assert len(legal.contents(watched.watch, "A-1")) == 3
    watched.fed.clock.advance(11 * DAY)
    assert not legal.contents(watched.watch, "A-1")
    watched.turn()
    watch = reopened(watched.fed, WATCH)
    for row in watch.store.journal():
        if row.kind == "oversight.release":
            event = read_event(row, watch.ring.storage)
            assert event is not None and isinstance(event.body, Release) and not event.body.contents


def test_what_arrives_when_the_act_is_over_is_kept_without_content() -> None:
    """Attack: content released in time is held up on its way, and comes when what was shown has been deleted."""
    watched = asked()
    watched.says("ir", answer("pk"), "pk")
    watched.turn()
    watched.says(WATCH, act(watched), "ir")
    for draft in oversight_due(watched.node("ir")):
        watched.fed.send("ir", draft)
    watched.fed.clock.advance(11 * DAY)
    one(watched.watch, Act(keep_watch))
    watched.fed.carry_all()
    one(watched.watch, Act(keep_watch))
    released = [row for row in watched.watch.store.journal() if row.kind == "oversight.release"]
    assert [row.code for row in released] == ["admitted"]
    event = read_event(released[0], watched.watch.ring.storage)
    assert event is not None and isinstance(event.body, Release) and not event.body.contents
    live = encode(snapshot(watched.watch.state))
    assert encode(snapshot(reopened(watched.fed, WATCH).state)) == live


# --- A frozen case -------------------------------------------------------------------------------------------


def test_a_frozen_case_stands_still_at_every_end() -> None:
    """No answer, question, key or probe; refusal, recall and purge go on; clocks stand with the reason, and go on."""
    watched = asked()
    watched.says("ir", answer("pk", item="I-0", disclosure="D2"), "pk")
    watched.says("pk", asking(request="R-2").body, "ir")
    watched.turn()
    before = case_view(watched.node("pk").state.cases, CASE, watched.fed.clock.now())
    assert before is not None
    due = {each.request.request: each.answer_due for each in before.requests}["R-2"]
    watched.says(WATCH, freeze(), *MEMBERS)
    for member in MEMBERS:
        view = items.case(watched.node(member), CASE)
        assert view is not None and [each.reason for each in view.frozen] == ["rights-risk"]
    assert watched.refused("pk", asking(request="R-3").body, "ir") == "case-frozen"
    assert watched.refused("ir", answer("pk", request="R-2"), "pk") == "case-frozen"
    watched.fed.clock.advance(3 * DAY)
    view = items.case(watched.node("ir"), CASE)
    assert view is not None
    (request,) = [each for each in view.requests if each.request.request == "R-2"]
    assert (request.state, request.answer_due, request.late) == ("paused", None, [])
    assert not [each for each in items.items_due(watched.node("pk")) if isinstance(each.body, Overdue)]
    assert watched.refused("pk", Accept(item="I-0", officer="desk-1"), "ir") == "case-frozen"
    watched.says("ir", Revoke(item="I-0", reason="error", officer="desk-2"), "pk")
    watched.says("ir", Decline(request="R-2", code="rights-risk", officer="desk-1"), "pk")
    assert watched.refused("pk", unfreeze(), "ir", "uz") == "no-clause"
    watched.says(WATCH, unfreeze(), *MEMBERS)
    watched.says("pk", asking(request="R-3").body, "ir")
    view = items.case(watched.node("ir"), CASE)
    assert view is not None and not view.frozen
    (request,) = [each for each in view.requests if each.request.request == "R-2"]
    assert due is not None and request.answer_due == due + 3 * DAY
    assert watched.refused(WATCH, unfreeze(), *MEMBERS) == "illegal-transition"
    watched.turn()
    assert not watched.found()


def test_what_crosses_a_freeze_waits_at_its_sender() -> None:
    """An answer on its way when the case is frozen is held, not lost: it arrives when the freeze ends."""
    watched = asked()
    watched.fed.send("ir", Draft(answer("pk"), ("pk",), case=CASE))
    watched.fed.send(WATCH, Draft(freeze(), MEMBERS, case=CASE))
    watched.fed.carry(WATCH)
    watched.fed.carry_all()
    (row,) = [each for each in watched.node("ir").store.outbox_rows(100) if each.state == "waiting"]
    assert row.kind == "case.answer" and held(watched.node("ir"), row)
    assert (CASE, "I-1") not in watched.node("pk").state.cases.items
    watched.fed.send(WATCH, Draft(unfreeze(), MEMBERS, case=CASE))
    watched.fed.carry_all()
    watched.fed.carry_all()
    assert (CASE, "I-1") in watched.node("pk").state.cases.items


def test_a_member_that_answers_in_a_frozen_case_is_refused_and_found() -> None:
    """Its own node refuses; one that was altered meets the other end, and its own log tells oversight."""
    watched = asked()
    watched.fed.clock.advance(2 * HOUR)
    watched.says(WATCH, freeze(), *MEMBERS)
    letter = handmade(watched.fed, "ir", "pk", answer("pk"), issued_at=watched.fed.clock.now() - HOUR,
                      expires_at=watched.fed.clock.now() + DAY)
    assert isinstance(refusal(watched.node("pk"), letter.encode()), RetryLater), "an earlier date gains nothing"
    node = watched.node("ir")
    node.state = replace(node.state, cases=replace(node.state.cases, freezes=immutables.Map()))
    watched.fed.send("ir", Draft(answer("pk"), ("pk",), case=CASE))
    watched.turn()
    (found,) = [each for each in watched.found() if each.code == "sent-in-frozen-case"]
    assert found.members == ["ir"] and found.case == CASE
    assert (CASE, "I-1") not in watched.node("pk").state.cases.items


def test_who_oversees_nobody_in_a_case_freezes_nothing() -> None:
    """And a freeze is told to all participants, or to none."""
    watched = asked()
    assert watched.refused(WATCH, freeze(), "pk", case="C-none") == "unknown-case"
    assert watched.refused(WATCH, freeze(), "pk", "ir") == "recipient-missing"
    assert watched.refused("pk", freeze(), "ir") == "no-clause"


# --- The notice to a person ----------------------------------------------------------------------------------


def test_a_person_is_told_on_the_day_that_was_sealed() -> None:
    """The day is committed to at the opening, known to opener and oversight, opened on the day, given and recorded."""
    watched = Watched()
    day = watched.fed.clock.now() + 60 * DAY
    watched.opens("A. Person", notice=seal_date(watched.node("pk"), CASE, day))
    watched.turn()
    assert own_dates(watched.node("pk")) == {CASE: day}
    (stated,) = views.notices(watched.watch)
    assert (stated.state, stated.due) == ("waiting", day)
    (closed,) = views.notices(watched.node("ir"))
    assert (closed.state, closed.due) == ("sealed", None), "the others do not know the day"
    early = NoticeDate(date=day, salt=b"s" * 32)
    assert watched.refused("pk", early, "ir", "uz", WATCH) == "wrong-date"

    put_off = NoticePostpone(until=day + 30 * DAY, reason="open-investigation", **OFFICERS)
    assert watched.refused("pk", put_off, "ir") == "oversight-missing"
    watched.passes(60)
    watched.turn()
    assert [view.state for view in views.notices(watched.node("ir"))] == ["due"]
    assert "give-notice" in {task.task for task in _inbox(watched, "pk")}
    watched.says("pk", put_off, "ir", "uz", WATCH)
    for member in (*MEMBERS, WATCH):
        (view,) = views.notices(watched.node(member))
        assert (view.state, view.due) == ("waiting", day + 30 * DAY), member
    assert "give-notice" not in {task.task for task in _inbox(watched, "pk")}
    watched.passes(61)
    watched.turn()
    assert "notice-late" in watched.codes()
    watched.says("pk", NoticeGiven(way="through-counsel", officer="desk-1"), WATCH)
    watched.turn()
    assert "notice-late" not in watched.codes()
    assert watched.refused("pk", put_off, WATCH) in ("wrong-date", "already-given")
    assert watched.refused("ir", NoticeGiven(way="in-writing", officer="desk-1"), WATCH) == "wrong-role"


def test_a_case_that_names_a_person_has_a_day_of_notice() -> None:
    """Where none was given the node seals the end of the case's time; a letter without one is refused."""
    watched = Watched()
    watched.opens("A. Person", retain_days=100)
    (view,) = views.notices(watched.node("pk"))
    assert view.due == watched.fed.clock.now() + 100 * DAY
    bare: Body = msgspec.structs.replace(
        next(e.body for e in _events(watched, "pk") if e.kind == "case.open"), notice=None)
    letter = handmade(watched.fed, "pk", "ir", bare, case="C-2")
    assert receive(watched.node("ir"), letter.encode()).code in ("notice-missing", "recipient-missing")


def _inbox(watched: Watched, member: str) -> list[Any]:
    return inbox(watched.node(member).state.cases, member, watched.fed.clock.now())


def _events(watched: Watched, member: str) -> list[Any]:
    node = watched.node(member)
    return [event for row in node.store.journal() if (event := read_event(row, node.ring.storage)) is not None]


# --- Identity ------------------------------------------------------------------------------------------------


def test_oversight_learns_who_stands_behind_a_pseudonym() -> None:
    """The header names no officer; asked, the member discloses one to oversight and to nobody else."""
    watched = asked()
    watched.fed.send("ir", Draft(Name(person="desk-1", name="A. Example", staff_number="1001")))
    watched.fed.send("ir", enrolment.disclose(watched.node("ir"), "desk-1", WATCH))
    watched.fed.carry_all()
    known = {(view.member, view.person): view.name for view in enrolment.views(watched.watch)}
    assert known["ir", "desk-1"] == "A. Example"
    assert all(view.name is None for view in enrolment.views(watched.node("pk")) if view.member == "ir")
    assert watched.refused("ir", Name(person="desk-1", name="A.", staff_number="1"), "pk", case=None) == "no-clause"

