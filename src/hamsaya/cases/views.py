"""Cases as a person or a program reads them: clocks, lateness, what is still to be done and by whom."""

from __future__ import annotations

from collections.abc import Iterator

from hamsaya.cases import handling
from hamsaya.cases.item_fold import is_deleted
from hamsaya.cases.lineage import keep_until, products, recalled_at
from hamsaya.cases.requests import DEADLINES, Clocks, due
from hamsaya.cases.types import (
    Case,
    CasesState,
    CaseView,
    Item,
    ItemView,
    OverdueView,
    Request,
    RequestView,
    Sought,
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
    tasks = [*_asked_of(state, member, now), *_of_items(state, member, now), *_to_mark(state, member, now)]
    return sorted(tasks, key=lambda task: (task.due, task.case, task.reference, task.task))


def _asked_of(state: CasesState, member: str, now: int) -> Iterator[TaskView]:
    for request in state.requests.values():
        if request.asked == member and request.ended_at is None:
            step: Step = "answer" if request.status == "acknowledged" else "acknowledge"
            yield _task(step, request.case, request.request, due(request, step), now)


def _of_items(state: CasesState, member: str, now: int) -> Iterator[TaskView]:
    for item in state.items.values():
        if member in _outstanding(state, item):
            yield _task("purge", item.case, item.item, _purge_due(state, item) or now, now)
        elif item.locked is not None and _may_accept(item, member):
            yield _task("accept", item.case, item.item, keep_until(state.cases[item.case], item), now)
        if item.originator == member:
            for sought in unanswered(state, item):
                yield _task("consent", item.case, sought.consent, sought.at + _clocks(state, item).answer, now)


def _may_accept(item: Item, member: str) -> bool:
    accepted = {each.holder for each in item.accepted}
    return member in item.holders and member not in accepted and item.status == "released"


def unanswered(state: CasesState, item: Item) -> list[Sought]:
    """Return the questions for consent on which the originator has said nothing; silence denies."""
    return [each for each in item.sought if (item.case, item.item, item.originator, each.consent) not in state.grants]


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
