"""Cases as a person or a program reads them: clocks, lateness, what is still to be done and by whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hamsaya.cases import clocks, freezing, handling, notices, waiting
from hamsaya.cases.clocks import Annex, Status
from hamsaya.cases.course import STEPS, clock, done_at, due, open_clarifications, over
from hamsaya.cases.item_fold import is_deleted
from hamsaya.cases.lineage import keep_until, products, recalled_at
from hamsaya.cases.requests import DEADLINES, Clocks
from hamsaya.cases.types import (
    Case,
    CasesState,
    CaseView,
    Frozen,
    Item,
    ItemView,
    NoticeView,
    OverdueView,
    Raised,
    Request,
    RequestView,
    Step,
    Task,
    TaskView,
)

Annexes = Sequence[Annex]
"""The terms that pairs of members agreed on."""


def cases(state: CasesState, now: int, annexes: Annexes = ()) -> list[CaseView]:
    """Return every case, oldest first, with its requests and items as they stand at ``now``."""
    ordered = sorted(state.cases.values(), key=lambda case: (case.opened_at, case.case))
    return [_case(state, case, now, annexes) for case in ordered]


def case(state: CasesState, ref: str, now: int, annexes: Annexes = ()) -> CaseView | None:
    """Return one case as it stands at ``now``, or None when this node knows no such case."""
    found = state.cases.get(ref)
    return None if found is None else _case(state, found, now, annexes)


def raises(state: CasesState) -> list[Raised]:
    """Return every decision known here that a case may name more, oldest first; oversight sees these and no case."""
    return sorted(state.raises.values(), key=lambda raised: (raised.at, raised.case))


def frozen(state: CasesState) -> list[Frozen]:
    """Return every freeze known here, ended ones too, oldest first; a party that oversees sees these and no case."""
    found = (each for known in state.freezes.values() for each in known)
    return sorted(found, key=lambda each: (each.at, each.case, each.by, each.freeze))


def notices_owed(state: CasesState, now: int, dates: Mapping[str, int]) -> list[NoticeView]:
    """Return the notice of every case that owes one, those to be given first.

    Args:
        dates: The sealed dates known here, by case.
    """
    found = [notices.view(each, now, dates.get(each.case)) for each in state.notices.values()]
    return sorted(found, key=lambda view: (view.state == "given", view.due is None, view.due or 0, view.notice.case))


def overdue(state: CasesState, now: int, annexes: Annexes = ()) -> list[OverdueView]:
    """Return every step that is past due and not done at ``now``, the longest overdue first."""
    found = [
        _overdue(request, step, until)
        for request in state.requests.values()
        for step in STEPS
        if done_at(request, step) is None and (until := due(request, step, annexes)) is not None and until < now
    ]
    return sorted(found, key=lambda each: (each.due, each.case, each.request, each.step))


def inbox(state: CasesState, member: str, now: int, annexes: Annexes = ()) -> list[TaskView]:
    """Return what ``member`` has still to do at ``now``, by due instant; what has none comes last."""
    tasks = [
        *_asked_of(state, member, now, annexes), *_of_items(state, member, now, annexes),
        *_to_mark(state, member, now, annexes), *_of_the_asker(state, member, now, annexes),
        *_of_notices(state, member, now),
    ]
    return sorted(tasks, key=lambda task: (task.due is None, task.due, task.case, task.reference, task.task))


def _asked_of(state: CasesState, member: str, now: int, annexes: Annexes) -> Iterator[TaskView]:
    for request in state.requests.values():
        if request.asked == member and not over(request):
            step = _next(request)
            yield _clocked(step, request, clocks.status(clock(request, step, annexes), now))


def _of_the_asker(state: CasesState, member: str, now: int, annexes: Annexes) -> Iterator[TaskView]:
    """Yield what an asker has been asked in turn: to clarify, or to put its question to who is competent."""
    again = {(request.case, request.continues) for request in state.requests.values() if request.asker == member}
    for request in state.requests.values():
        if request.asker != member:
            continue
        if not over(request) and open_clarifications(request):
            yield _clocked("clarify", request, clocks.status(clock(request, "answer", annexes), now))
        if request.status == "transferred" and (request.case, request.request) not in again:
            yield TaskView(task="ask-again", case=request.case, reference=request.request, due=None, late=False)


def _of_notices(state: CasesState, member: str, now: int) -> Iterator[TaskView]:
    """Yield the notices whose date has come, or been put off to a day that has."""
    for notice in state.notices.values():
        until = notices.due(notice)
        if notice.opener == member and notice.given_at is None and until is not None and until <= now:
            yield _task("give-notice", notice.case, notice.case, until + notices.GIVE_WITHIN, now)


def _next(request: Request) -> Step:
    """Return the step to be done next, ``answer`` also once nothing is."""
    return "acknowledge" if done_at(request, "acknowledge") is None else "answer"


def _clocked(task: Task, request: Request, status: Status) -> TaskView:
    return TaskView(task=task, case=request.case, reference=request.request, due=status.due, late=status.late,
                    state=status.state, reminders=status.reminders, escalations=status.escalations)


def _of_items(state: CasesState, member: str, now: int, annexes: Annexes) -> Iterator[TaskView]:
    for item in state.items.values():
        if member in _outstanding(state, item):
            yield _task("purge", item.case, item.item, _purge_due(state, item) or now, now)
        elif item.locked is not None and _may_accept(item, member):
            yield _task("accept", item.case, item.item, keep_until(state.cases[item.case], item), now)
    for each in waiting.undone(state, now, annexes):
        status = clocks.status(each.clock, now)
        # Silence has refused a consent whose clock has run out; a word on use is asked for once half its time is over.
        half = bool(status.reminders) and status.reminders[0] <= now
        open_ = {"onward-decision": not status.late, "feedback": half}.get(each.step, False)
        if each.owes == member and open_:
            task: Task = "consent" if each.step == "onward-decision" else "feedback"
            yield TaskView(task=task, case=each.case, reference=each.about, due=status.due, late=status.late,
                           state=status.state, reminders=status.reminders, escalations=status.escalations)


def _may_accept(item: Item, member: str) -> bool:
    accepted = {each.holder for each in item.accepted}
    return member in item.holders and member not in accepted and item.status == "released"


def _to_mark(state: CasesState, member: str, now: int, annexes: Annexes) -> Iterator[TaskView]:
    for late in overdue(state, now, annexes):
        if late.asker == member and not late.marked:
            yield _task("mark-overdue", late.case, late.request, late.due, now)


def _task(task: Task, case: str, reference: str, until: int, now: int) -> TaskView:
    late = until < now
    return TaskView(task=task, case=case, reference=reference, due=until, late=late,
                    state="overdue" if late else "running")


def _overdue(request: Request, step: Step, until: int) -> OverdueView:
    return OverdueView(
        case=request.case,
        request=request.request,
        step=step,
        due=until,
        asker=request.asker,
        asked=request.asked,
        marked=step in request.marks,
    )


def _outstanding(state: CasesState, item: Item) -> list[str]:
    if recalled_at(state, item) is None:
        return []
    done = {each.holder for each in item.attested} | {each.holder for each in item.deleted}
    return [holder for holder in item.holders if holder not in done]


def _clocks(state: CasesState, item: Item) -> Clocks:
    return DEADLINES[state.requests[item.case, item.request].urgency]


def _purge_due(state: CasesState, item: Item) -> int | None:
    recalled = recalled_at(state, item)
    return None if recalled is None else recalled + _clocks(state, item).purge


def _case(state: CasesState, found: Case, now: int, annexes: Annexes) -> CaseView:
    requests = [request for request in state.requests.values() if request.case == found.case]
    items = [item for item in state.items.values() if item.case == found.case]
    return CaseView(
        case=found,
        requests=[_request(each, now, annexes) for each in sorted(requests, key=lambda r: (r.asked_at, r.request))],
        items=[_item(state, each) for each in sorted(items, key=lambda i: (i.released_at, i.item))],
        frozen=list(freezing.standing(state, found.case)),
        notice=None if (owed := state.notices.get(found.case)) is None else notices.view(owed, now),
    )


def _request(request: Request, now: int, annexes: Annexes) -> RequestView:
    status = {step: clocks.status(clock(request, step, annexes), now, done_at(request, step)) for step in STEPS}
    return RequestView(
        request=request,
        state=status[_next(request)].state,
        acknowledge_due=status["acknowledge"].due,
        answer_due=status["answer"].due,
        acknowledged_at=done_at(request, "acknowledge"),
        ended_at=done_at(request, "answer"),
        acknowledge=status["acknowledge"],
        answer=status["answer"],
        late=[step for step in STEPS if status[step].late],
    )


def _item(state: CasesState, item: Item) -> ItemView:
    words, beyond = handling.to_words(item.caveats)
    return ItemView(
        item=item,
        purge_due=_purge_due(state, item),
        outstanding=_outstanding(state, item),
        recalled_at=recalled_at(state, item),
        keep_until=keep_until(state.cases[item.case], item),
        words=words,
        beyond=list(beyond),
        tlp=handling.tlp(item.caveats),
        products=products(state, item),
        withheld="" if item.text is not None else "deleted" if is_deleted(item, state.own) else "locked",
    )
