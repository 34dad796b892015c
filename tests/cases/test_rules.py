"""Who may do what within a case, and when: every forbidden act is refused with its own code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hamsaya.base.instants import DAY, HOUR, MINUTE
from hamsaya.cases import files, requests, rules, views
from hamsaya.cases.types import EMPTY_CASES, CasesState
from hamsaya.messages.catalog import KINDS
from hamsaya.messages.event import Event
from hamsaya.messages.node import Publish
from tests.cases.story import (
    ANSWERED,
    ASKED,
    CLOSED,
    OPENED,
    PAUSED,
    REVOKED,
    ROUTINE,
    SECRET,
    T0,
    TRANSFERRED,
    WITHDRAWN,
    acknowledge,
    admit,
    answer,
    ask,
    case_open,
    clarify,
    close,
    decide,
    decline,
    extend,
    fold,
    overdue,
    pause,
    person,
    purge,
    raise_limit,
    resume,
    revoke,
    say,
    transfer,
    with_fields,
    withdraw,
)

RAISED = fold(say("ava", raise_limit()))
THREAT = fold(say("ava", ask(urgency="threat-to-life")), state=OPENED)
FOUR_PAUSES = fold(*(say("bel", pause(ref=f"p{number}"), number) for number in range(1, 5)), state=ASKED)

PERMITTED: list[tuple[CasesState, Event]] = [
    (EMPTY_CASES, say("ava", case_open())),
    (EMPTY_CASES, say("ava", case_open(subjects=[person()] * 20))),
    (EMPTY_CASES, say("ava", raise_limit())),
    (RAISED, say("ava", case_open(subjects=[person()] * 30))),
    (EMPTY_CASES, say("ava", case_open(retain_until=T0 + files.MAX_RETENTION))),
    (OPENED, say("cor", ask(to="ava"))),
    (OPENED, say("ava", ask(), to=("bel",))),
    (ASKED, say("bel", acknowledge())),
    (ASKED, say("bel", answer())),
    (ASKED, say("bel", decline())),
    (ASKED, say("ava", overdue(2 * HOUR), 2 * HOUR + 1)),
    (ANSWERED, say("bel", acknowledge())),
    (ANSWERED, say("ava", overdue(8 * HOUR, step="answer"), 9 * HOUR)),
    (ASKED, say("bel", admit())),
    (ASKED, say("bel", pause())),
    (ASKED, say("bel", pause(reason="court"))),
    (PAUSED, say("bel", pause(ref="p2", reason="force-majeure"), 6)),
    (PAUSED, say("bel", admit(held_directly=False), 6)),
    (PAUSED, say("bel", resume(), 6)),
    (PAUSED, say("ava", clarify(), 6)),
    (PAUSED, say("bel", answer(), 6)),
    (ROUTINE, say("bel", extend(), 7 * DAY)),
    (ASKED, say("bel", transfer())),
    (TRANSFERRED, say("ava", ask("R-2", to="cor", continues="R-1"), 20)),
    (ASKED, say("ava", ask("R-2", to="cor", continues="unknown here"), 20)),
    (ASKED, say("ava", withdraw())),
    (WITHDRAWN, say("bel", answer(), 11)),  # It was on its way when the question was withdrawn.
    (ANSWERED, say("ava", withdraw(), 11)),
    (ANSWERED, say("bel", revoke())),
    (REVOKED, say("watch", purge())),
    (REVOKED, say("ava", purge(outcome="in-court-file"))),
    (OPENED, say("ava", close())),
    (CLOSED, say("cor", ask("R-2", to="bel"), 29)),  # Put before the closing, arrived after it.
    (CLOSED, say("bel", revoke(), 40)),
]


@pytest.mark.parametrize(("state", "event"), PERMITTED)
def test_what_the_tables_allow_is_permitted(state: CasesState, event: Event) -> None:
    """Refusing all would pass every test below."""
    decision = decide(state, event)
    assert decision.allowed, decision.sentence()


REFUSED: list[tuple[str, CasesState, Event]] = [
    ("case-required", OPENED, replace(say("ava", ask()), case=None)),
    ("predecessor-missing", EMPTY_CASES, say("ava", ask())),
    ("predecessor-missing", EMPTY_CASES, say("ava", close())),
    ("predecessor-missing", OPENED, say("bel", acknowledge())),
    ("predecessor-missing", OPENED, say("bel", answer())),
    ("predecessor-missing", OPENED, say("ava", overdue(2 * HOUR), 2 * HOUR)),
    ("predecessor-missing", ASKED, say("bel", revoke())),
    ("predecessor-missing", ANSWERED, say("ava", purge())),  # Nobody has revoked it yet.
    # Opening
    ("already-exists", OPENED, say("bel", case_open())),
    ("not-a-participant", EMPTY_CASES, say("watch", case_open(), to=("ava", "bel", "cor"))),
    ("recipient-missing", EMPTY_CASES, say("ava", case_open(), to=("bel", "watch"))),
    ("recipient-outside", EMPTY_CASES, say("ava", case_open(), to=("bel", "cor", "dun"))),
    ("participants", EMPTY_CASES, say("ava", case_open(participants=["ava", "bel", "bel"]), to=("bel",))),
    ("too-many-subjects", EMPTY_CASES, say("ava", case_open(subjects=[person()] * 21))),
    ("too-many-subjects", RAISED, say("ava", case_open(subjects=[person()] * 31))),
    ("predecessor-missing", replace(EMPTY_CASES, own="bel"), say("ava", case_open(subjects=[person()] * 21))),
    ("too-many-subjects", replace(EMPTY_CASES, own="ava"), say("ava", case_open(subjects=[person()] * 21))),
    ("already-exists", RAISED, say("bel", case_open())),
    # Raising how many a case names
    ("two-persons", EMPTY_CASES, say("ava", raise_limit(second="ava-1"))),
    ("oversight-missing", EMPTY_CASES, say("ava", raise_limit(), to=("bel", "cor"))),
    ("already-exists", RAISED, say("ava", raise_limit())),
    ("already-exists", OPENED, say("ava", raise_limit())),
    ("retention", EMPTY_CASES, say("ava", case_open(retain_until=T0))),
    ("retention", EMPTY_CASES, say("ava", case_open(retain_until=T0 + files.MAX_RETENTION + 1))),
    # Asking
    ("not-a-participant", OPENED, say("watch", ask(), to=("bel",))),
    ("not-a-participant", OPENED, say("ava", ask(to="watch"))),
    ("wrong-role", OPENED, say("ava", ask(to="ava"))),
    ("recipient-missing", OPENED, say("ava", ask(), to=("cor",))),
    ("recipient-outside", OPENED, say("ava", ask(), to=("bel", "dun"))),
    ("already-exists", ASKED, say("cor", ask())),
    ("case-closed", CLOSED, say("cor", ask("R-2"), 30)),
    ("retention-over", OPENED, say("ava", ask(), 90 * DAY)),
    # Acknowledging, answering, declining
    ("wrong-role", ASKED, say("cor", acknowledge())),
    ("wrong-role", ASKED, say("ava", answer())),
    ("wrong-role", ASKED, say("cor", decline())),
    ("not-a-participant", ASKED, say("watch", answer())),
    ("recipient-missing", ASKED, say("bel", answer(), to=("cor", "watch"))),
    ("illegal-transition", fold(say("bel", acknowledge()), state=ASKED), say("bel", acknowledge())),
    ("illegal-transition", fold(say("bel", acknowledge()), state=ANSWERED), say("bel", acknowledge())),
    ("illegal-transition", ANSWERED, say("bel", answer(item="I-2"))),
    ("illegal-transition", ANSWERED, say("bel", decline())),
    ("illegal-transition", fold(say("bel", decline()), state=ASKED), say("bel", answer())),
    ("no-text", ASKED, say("bel", answer(text=None))),
    ("two-persons", ASKED, say("bel", answer(released_by="bel-1"))),
    ("already-exists", fold(say("ava", ask("R-2")), state=ANSWERED), say("bel", answer("R-2"))),
    ("retention-over", ASKED, say("bel", answer(), 90 * DAY)),
    # Admitting, pausing, extending
    ("illegal-transition", fold(say("bel", admit()), state=ASKED), say("bel", admit(), 1)),
    ("wrong-role", ASKED, say("ava", admit())),
    ("wrong-role", ASKED, say("ava", pause())),
    ("already-exists", PAUSED, say("bel", pause(), 6)),
    ("cannot-pause", THREAT, say("bel", pause())),
    ("too-many-pauses", FOUR_PAUSES, say("bel", pause(ref="p5"), 9)),
    ("predecessor-missing", ASKED, say("bel", resume())),
    ("predecessor-missing", ASKED, say("ava", clarify())),
    ("wrong-role", PAUSED, say("ava", resume(), 6)),
    ("wrong-role", PAUSED, say("bel", clarify(), 6)),
    ("not-asked", fold(say("bel", pause(reason="court")), state=ASKED), say("ava", clarify(), 6)),
    ("illegal-transition", fold(say("bel", resume(), 6), state=PAUSED), say("bel", resume(), 7)),
    ("illegal-transition", fold(say("ava", clarify(), 6), state=PAUSED), say("ava", clarify(), 7)),
    ("no-extension", ASKED, say("bel", extend())),
    ("already-extended", fold(say("bel", extend()), state=ROUTINE), say("bel", extend(), 1)),
    ("too-late", replace(ROUTINE, own="bel"), say("bel", extend(), 7 * DAY + 1)),
    # Handing over and withdrawing
    ("wrong-role", ASKED, say("ava", transfer())),
    ("wrong-role", ASKED, say("bel", transfer(to="bel"))),
    ("wrong-role", ASKED, say("bel", transfer(to="ava"))),
    ("not-a-participant", ASKED, say("bel", transfer(to="watch"))),
    ("wrong-role", ASKED, say("bel", withdraw())),
    ("illegal-transition", WITHDRAWN, say("ava", withdraw(), 11)),
    ("illegal-transition", TRANSFERRED, say("bel", answer(), 11)),
    ("not-transferred", TRANSFERRED, say("ava", ask("R-2", to="bel", continues="R-1"), 11)),
    ("not-transferred", TRANSFERRED, say("cor", ask("R-2", to="ava", continues="R-1"), 11)),
    ("not-transferred", ANSWERED, say("ava", ask("R-2", to="cor", continues="R-1"), 11)),
    ("predecessor-missing", ASKED, say("ava", ask("R-2", to="cor", continues="R-1"), 11)),
    ("not-transferred", replace(ASKED, own="ava"), say("ava", ask("R-2", to="cor", continues="R-1"), 11)),
    ("predecessor-missing", replace(ASKED, own="ava"), say("ava", ask("R-2", to="cor", continues="R-9"), 11)),
    # Overdue
    ("wrong-role", ASKED, say("cor", overdue(2 * HOUR), 2 * HOUR)),
    ("not-due", ASKED, say("ava", overdue(2 * HOUR), 2 * HOUR)),
    ("wrong-due", ASKED, say("ava", overdue(HOUR), 3 * HOUR)),
    ("predecessor-missing", ASKED, say("ava", overdue(3 * HOUR), 4 * HOUR)),
    ("wrong-due", replace(ASKED, own="ava"), say("ava", overdue(3 * HOUR), 4 * HOUR)),
    ("wrong-due", replace(PAUSED, own="ava"), say("ava", overdue(8 * HOUR, step="answer"), 9 * HOUR)),
    (
        "already-marked",
        fold(say("ava", overdue(2 * HOUR), 2 * HOUR + 1), state=ASKED),
        say("ava", overdue(2 * HOUR), 3 * HOUR),
    ),
    # Revoking and purging
    ("wrong-role", ANSWERED, say("ava", revoke())),
    ("recipient-missing", ANSWERED, say("bel", revoke(), to=("ava", "cor"))),  # A holder is left out.
    ("illegal-transition", REVOKED, say("bel", revoke())),
    ("law-required", REVOKED, say("ava", with_fields(purge(outcome="retained-under-law"), law=None))),
    ("wrong-role", REVOKED, say("bel", purge())),
    ("not-a-participant", REVOKED, say("dun", purge(), to=("bel",))),
    ("recipient-missing", REVOKED, say("ava", purge(), to=("cor",))),
    ("already-purged", fold(say("ava", purge()), state=REVOKED), say("ava", purge(outcome="in-court-file"))),
    # Closing
    ("wrong-role", OPENED, say("bel", close())),
    ("illegal-transition", CLOSED, say("ava", close(), 40)),
    # What is no message of a case
    ("illegal-transition", OPENED, say("ava", Publish(statements=[b""]))),
]


@pytest.mark.parametrize(("code", "state", "event"), REFUSED)
def test_each_forbidden_act_is_refused_with_its_code(code: str, state: CasesState, event: Event) -> None:
    """The code tells the sender's machine what to do next: wait, correct, or give up."""
    decision = decide(state, event)
    assert (decision.allowed, decision.code) == (False, code), decision.sentence()
    assert SECRET not in decision.sentence()


def test_without_observers_only_participants_may_be_told() -> None:
    """Nobody outside a case is an observer by default."""
    assert rules.decide(EMPTY_CASES, say("ava", case_open())).code == "recipient-outside"


def test_every_case_kind_has_a_role_and_a_row() -> None:
    """A kind without a row could never be sent; a row without a kind would be dead law."""
    kinds = {kind for kind in KINDS if kind.startswith("case.")} | {"oversight.freeze", "oversight.unfreeze"}
    assert kinds == set(rules.ROLES) == {kind for _, kind in rules.TRANSITIONS}


def test_the_published_clocks_are_those_of_the_agreement() -> None:
    """Known table: acknowledge within 30 min, 2 h, 24 h; answer within 2 h, 8 h, 7 d."""
    assert {urgency: tuple(clocks)[:2] for urgency, clocks in requests.DEADLINES.items()} == {
        "threat-to-life": (30 * MINUTE, 2 * HOUR),
        "urgent": (2 * HOUR, 8 * HOUR),
        "routine": (24 * HOUR, 7 * DAY),
    }


def test_a_late_answer_is_accepted_and_shown_as_late() -> None:
    """A clock that runs out shames; it does not close the door on the answer."""
    marked = fold(say("ava", overdue(2 * HOUR), 3 * HOUR), state=ASKED)
    late = fold(say("bel", answer(), 8 * HOUR + 1), state=marked)
    view = views.cases(late, T0 + 9 * HOUR)[0].requests[0]
    assert (view.request.status, view.late) == ("answered", ["acknowledge", "answer"])
    assert view.request.marks == ("acknowledge",)


def test_an_answer_in_time_is_not_late_however_late_one_looks() -> None:
    """Lateness is judged by instants, not by the day on which the page is opened."""
    assert views.cases(ANSWERED, T0 + 30 * DAY)[0].requests[0].late == []
    assert views.overdue(ANSWERED, T0 + 30 * DAY) == []


def test_overdue_lists_what_is_due_and_not_done() -> None:
    """The longest overdue comes first, and nothing before its instant has passed."""
    assert views.overdue(ASKED, T0 + 2 * HOUR) == []
    found = views.overdue(ASKED, T0 + 8 * HOUR + 1)
    assert [(each.step, each.due - T0, each.marked) for each in found] == [
        ("acknowledge", 2 * HOUR, False),
        ("answer", 8 * HOUR, False),
    ]


def test_the_inbox_says_who_has_what_to_do() -> None:
    """Each side sees its own task and its own clock."""

    def tasks(state: CasesState, member: str, at: int) -> list[tuple[str, str, int, bool]]:
        return [(t.task, t.reference, t.due - T0, t.late) for t in views.inbox(state, member, T0 + at)]

    assert tasks(ASKED, "bel", 1) == [("acknowledge", "R-1", 2 * HOUR, False)]
    taken = fold(say("bel", acknowledge(), HOUR), state=ASKED)
    assert tasks(taken, "bel", 8 * HOUR) == [("answer", "R-1", 8 * HOUR, False)]
    assert tasks(taken, "bel", 9 * HOUR) == [("answer", "R-1", 8 * HOUR, True)]
    assert tasks(taken, "ava", 9 * HOUR) == [("mark-overdue", "R-1", 8 * HOUR, True)]
    assert tasks(ANSWERED, "bel", 9 * HOUR) == tasks(ANSWERED, "ava", 9 * HOUR) == []
    assert tasks(REVOKED, "cor", 30) == [("purge", "I-1", 72 * HOUR + 20, False)]
    assert tasks(fold(say("cor", purge(), 40), state=REVOKED), "cor", 50) == []


def test_a_case_shows_its_items_and_who_has_not_attested() -> None:
    """A recall is cooperation: what is outstanding must be plain to see."""
    state = fold(say("ava", purge(outcome="retained-under-law"), 40), state=REVOKED)
    view = views.case(state, "C-1", T0 + 50)
    assert view is not None
    item = view.items[0]
    assert [(each.holder, each.outcome) for each in item.item.attested] == [("ava", "retained-under-law")]
    assert (item.outstanding, item.purge_due) == (["cor", "watch"], T0 + 20 + 72 * HOUR)
    assert views.case(state, "C-2", T0) is None
    assert views.case(ANSWERED, "C-1", T0).items[0].outstanding == []  # type: ignore[union-attr]


def test_an_instrument_may_shorten_the_time_and_never_lengthen_it() -> None:
    """The ceiling of five years holds whatever an instrument says."""
    longer = say("ava", case_open(retain_until=T0 + 100 * DAY), to=("bel", "cor"))
    assert rules.decide(EMPTY_CASES, longer, longest=100 * DAY).allowed
    assert rules.decide(EMPTY_CASES, longer, longest=99 * DAY).code == "retention"
    beyond = say("ava", case_open(retain_until=T0 + files.MAX_RETENTION + 1), to=("bel", "cor"))
    assert rules.decide(EMPTY_CASES, beyond, longest=2 * files.MAX_RETENTION).code == "retention"
