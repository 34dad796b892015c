"""Cases as a person or a program reads them: clocks, lateness, what is still to be done and by whom."""

from __future__ import annotations

from collections.abc import Iterator

from hamsaya.cases.requests import DEADLINES, due
from hamsaya.cases.types import (
    Case,
    CasesState,
    CaseView,
    Item,
    ItemView,
    OverdueView,
    Request,
    RequestView,
    Step,
    Task,
    TaskView,
)

STEPS: tuple[Step, ...] = ("acknowledge", "answer")


def cases(state: CasesState, now: int) -> list[CaseView]:
    """Return every case, oldest first, with its requests and items as they stand at ``now``."""
    ordered = sorted(state.cases.values(), key=lambda case: (case.opened_at, case.case))
    return [_case(state, case, now) for case in ordered]


def case(state: CasesState, ref: str, now: int) -> CaseView | None:
    """Return one case as it stands at ``now``, or None when this node knows no such case."""
    found = state.cases.get(ref)
    return None if found is None else _case(state, found, now)


def overdue(state: CasesState, now: int) -> list[OverdueView]:
    """Return every step that is past due and not done at ``now``, the longest overdue first."""
    found = [
        _overdue(request, step)
        for request in state.requests.values()
        for step in STEPS
        if _done_at(request, step) is None and due(request, step) < now
    ]
    return sorted(found, key=lambda each: (each.due, each.case, each.request, each.step))


def inbox(state: CasesState, member: str, now: int) -> list[TaskView]:
    """Return what ``member`` has still to do at ``now``, by due instant."""
    tasks = [*_asked_of(state, member, now), *_to_purge(state, member, now), *_to_mark(state, member, now)]
    return sorted(tasks, key=lambda task: (task.due, task.case, task.reference, task.task))


def _asked_of(state: CasesState, member: str, now: int) -> Iterator[TaskView]:
    for request in state.requests.values():
        if request.asked == member and request.ended_at is None:
            step: Step = "answer" if request.status == "acknowledged" else "acknowledge"
            yield _task(step, request.case, request.request, due(request, step), now)


def _to_purge(state: CasesState, member: str, now: int) -> Iterator[TaskView]:
    for item in state.items.values():
        if member in _outstanding(item):
            yield _task("purge", item.case, item.item, _purge_due(state, item) or now, now)


def _to_mark(state: CasesState, member: str, now: int) -> Iterator[TaskView]:
    for late in overdue(state, now):
        if late.asker == member and not late.marked:
            yield _task("mark-overdue", late.case, late.request, late.due, now)


def _task(task: Task, case: str, reference: str, until: int, now: int) -> TaskView:
    return TaskView(task=task, case=case, reference=reference, due=until, late=until < now)


def _overdue(request: Request, step: Step) -> OverdueView:
    return OverdueView(
        case=request.case,
        request=request.request,
        step=step,
        due=due(request, step),
        asker=request.asker,
        asked=request.asked,
        marked=step in request.marks,
    )


def _done_at(request: Request, step: Step) -> int | None:
    """Return when a step was done. An answer or a refusal without acknowledgement is one at the same time."""
    instants = [request.ended_at, request.acknowledged_at if step == "acknowledge" else None]
    return min((instant for instant in instants if instant is not None), default=None)


def _outstanding(item: Item) -> list[str]:
    attested = {each.holder for each in item.attested}
    return [holder for holder in item.holders if item.revoked_at is not None and holder not in attested]


def _purge_due(state: CasesState, item: Item) -> int | None:
    if item.revoked_at is None:
        return None
    return item.revoked_at + DEADLINES[state.requests[item.case, item.request].urgency].purge


def _case(state: CasesState, found: Case, now: int) -> CaseView:
    requests = [request for request in state.requests.values() if request.case == found.case]
    items = [item for item in state.items.values() if item.case == found.case]
    return CaseView(
        case=found,
        requests=[_request(each, now) for each in sorted(requests, key=lambda r: (r.asked_at, r.request))],
        items=[_item(state, each) for each in sorted(items, key=lambda i: (i.released_at, i.item))],
    )


def _request(request: Request, now: int) -> RequestView:
    instants = {step: _done_at(request, step) for step in STEPS}
    late = [step for step, done in instants.items() if (now if done is None else done) > due(request, step)]
    acknowledge, answer = (due(request, step) for step in STEPS)
    return RequestView(request=request, acknowledge_due=acknowledge, answer_due=answer, late=late)


def _item(state: CasesState, item: Item) -> ItemView:
    return ItemView(item=item, purge_due=_purge_due(state, item), outstanding=_outstanding(item))
