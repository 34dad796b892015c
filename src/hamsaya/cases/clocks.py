"""The clocks of the cell: when each step is due, what stops a clock, and what happens when one runs out.

Rules
1. A step has a term for each urgency, in ``TERMS``. It runs from its start in UTC milliseconds; weekends, holidays and
   working hours do not exist here.
2. Two members may agree on other terms between them in an annex that both have signed, tighter or looser, within
   ``TIGHTEST`` and ``LOOSEST``; receipt, acknowledgement and first answer keep their order. The annex in force when
   a clock starts holds for that clock to its end.
3. A pause has a reason, and stops the steps that ``STOPS`` lists for it and no other. The receipt of a message on a
   threat to life is never paused, and under a threat to life no clarification stops a clock.
4. Time counts once however many pauses cover it. While a pause is open that stops a clock before its term is used up,
   the step has no due instant. A freeze by oversight stops every step.
5. The first answer to a routine request may be extended once, by 23 days, with a reason said before it is due.
6. A step is in time when done by its due instant, overdue after it. A pause that begins later does not help.
7. Reminders fall when half and four fifths of the term are used. What is overdue climbs ``ESCALATION``: at once, when
   half the term again has passed, and when all of it has.

    clock = Clock("first-answer", "urgent", asked_at, pauses=(Pause("court", start, None),), held_directly=False)
    status(clock, now).state                # "paused"

Left out: who may declare a pause and whether the reason is true; the members see each other's pauses and judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.base.errors import PeerError
from hamsaya.base.instants import DAY, HOUR, MINUTE
from hamsaya.messages.cases import ExtensionReason, PauseReason, Urgency
from hamsaya.messages.kinds import Instant, Member, misfit

Step = Literal[
    "receipt",
    "acknowledge",
    "first-answer",
    "confirm-hit",
    "onward-decision",
    "recall-acknowledge",
    "purge-attest",
    "feedback",
]
State = Literal["running", "due-soon", "paused", "overdue", "met"]
Rung = Literal["desk-head", "releasing-authority", "joint-cell"]
Duration = Annotated[int, msgspec.Meta(ge=1, lt=2**48)]

URGENCIES: tuple[Urgency, ...] = ("threat-to-life", "urgent", "routine")


class Term(NamedTuple):
    """Milliseconds allowed where the answer is held directly, and where it must first be sought elsewhere."""

    held: int
    otherwise: int


def _same(term: int) -> Term:
    return Term(term, term)


# What each step may take, by urgency.
TERMS: dict[Step, dict[Urgency, Term]] = {
    "receipt": {
        "threat-to-life": _same(2 * MINUTE),
        "urgent": _same(5 * MINUTE),
        "routine": _same(15 * MINUTE),
    },
    "acknowledge": {
        "threat-to-life": _same(30 * MINUTE),
        "urgent": _same(2 * HOUR),
        "routine": _same(24 * HOUR),
    },
    "first-answer": {
        "threat-to-life": _same(2 * HOUR),
        "urgent": Term(8 * HOUR, 3 * DAY),
        "routine": _same(7 * DAY),
    },
    "confirm-hit": {
        "threat-to-life": _same(2 * HOUR),
        "urgent": _same(12 * HOUR),
        "routine": _same(48 * HOUR),
    },
    "onward-decision": {
        "threat-to-life": _same(4 * HOUR),
        "urgent": _same(24 * HOUR),
        "routine": _same(7 * DAY),
    },
    "recall-acknowledge": {
        "threat-to-life": _same(1 * HOUR),
        "urgent": _same(24 * HOUR),
        "routine": _same(24 * HOUR),
    },
    "purge-attest": {
        "threat-to-life": _same(24 * HOUR),
        "urgent": _same(72 * HOUR),
        "routine": _same(72 * HOUR),
    },
    "feedback": {
        "threat-to-life": _same(7 * DAY),
        "urgent": _same(30 * DAY),
        "routine": _same(90 * DAY),
    },
}
REPEATS: dict[tuple[Step, Urgency], int] = {("feedback", "routine"): 180 * DAY}
"""Steps that come again, and after how long."""
EXTENSIONS: dict[tuple[Step, Urgency], int] = {("first-answer", "routine"): 23 * DAY}
"""Steps that may be extended once, and by how much."""

# What stops which clock. A clarification waits for the asker, so it stops what depends on the question; a court stops
# what the law forbids to do before it has ruled; force majeure stops people, also from acknowledging.
STOPS: dict[PauseReason, frozenset[Step]] = {
    "clarification": frozenset(("first-answer", "confirm-hit", "onward-decision")),
    "court": frozenset(("first-answer", "confirm-hit", "onward-decision", "purge-attest", "feedback")),
    "force-majeure": frozenset(TERMS),
}
# Under a threat to life these stop nothing: the receipt is a machine's, and a question does not wait for a question.
NEVER: frozenset[tuple[PauseReason, Step]] = frozenset(
    [*((reason, "receipt") for reason in STOPS), *(("clarification", step) for step in TERMS)]
)

TIGHTEST = 4
LOOSEST: dict[Urgency, int] = {"threat-to-life": 2, "urgent": 4, "routine": 4}
"""An annex may divide a published term by at most ``TIGHTEST`` and multiply it by at most ``LOOSEST``."""

REMINDERS: tuple[int, ...] = (50, 80)
"""Percent of the term used; from the last on a step is due soon."""
ESCALATION: tuple[tuple[int, Rung], ...] = ((0, "desk-head"), (50, "releasing-authority"), (100, "joint-cell"))
"""Percent of the term that has passed again since the step was due, and who is told then."""


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A frozen record that travels; a broken rule is a ValueError here and a PeerError where it is parsed."""


class Pause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reason and the time it covers, ``start <= t < end`` in UTC milliseconds; no end while it is open."""

    reason: PauseReason
    start: Instant
    end: Instant | None

    def __post_init__(self) -> None:
        if self.end is not None and self.end < self.start:
            raise ValueError("expected a pause to end after it began")


class Extension(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The asked member said at ``at`` that it needs longer, and why."""

    reason: ExtensionReason
    at: Instant


class Override(_Wire, frozen=True):
    """One term that two members agreed on, milliseconds. Only an urgent first answer tells the two cases apart."""

    step: Step
    urgency: Urgency
    held_directly: bool
    term: Duration

    def __post_init__(self) -> None:
        published = TERMS[self.step][self.urgency]
        usual = published.held if self.held_directly else published.otherwise
        if not self.held_directly and published.held == published.otherwise:
            raise ValueError("expected held_directly where the step has one term for both cases")
        if not usual <= self.term * TIGHTEST <= usual * TIGHTEST * LOOSEST[self.urgency]:
            raise ValueError(
                f"expected a term from a quarter of the published one to {LOOSEST[self.urgency]} times it"
            )


class Annex(_Wire, frozen=True):
    """The terms between two members, for clocks that start at ``since <= t < until`` in UTC milliseconds.

    It counts once both have signed it; the caller has verified that.
    """

    between: tuple[Member, Member]
    since: Instant
    until: Instant | None
    overrides: tuple[Override, ...]

    def __post_init__(self) -> None:
        if self.between[0] >= self.between[1]:
            raise ValueError("expected two different members in alphabetical order")
        if self.until is not None and self.until <= self.since:
            raise ValueError("expected an annex to end after it began")
        if len({(o.step, o.urgency, o.held_directly) for o in self.overrides}) != len(self.overrides):
            raise ValueError("expected each term once")
        for urgency in URGENCIES:
            for held in (True, False):
                first = [_agreed(self, s, urgency, held) for s in ("receipt", "acknowledge", "first-answer")]
                if first != sorted(first):
                    raise ValueError("expected a receipt before an acknowledgement, and that before an answer")


@dataclass(frozen=True, slots=True)
class Clock:
    """One step that somebody has to do.

    Attributes:
        started: UTC milliseconds of the message that asks for it.
        pauses: In any order; those that do not stop this step are ignored.
        annex: The terms between the two members, if they have agreed on any (``annex_for``).
        held_directly: Whether the asked member holds the answer itself; until it says otherwise it is taken to.
        extension: Counts where rule 5 lets it.
        nth: Which time, from 1, for a step that repeats.
        frozen: Times, start and end in UTC ms (None while open), for which oversight lets every step stand.
    Raises:
        ValueError: ``nth`` is not 1 for a step that does not repeat.
    """

    step: Step
    urgency: Urgency
    started: int
    pauses: tuple[Pause, ...] = ()
    annex: Annex | None = None
    held_directly: bool = True
    extension: Extension | None = None
    nth: int = 1
    frozen: tuple[tuple[int, int | None], ...] = ()

    def __post_init__(self) -> None:
        if self.nth < 1 or (self.nth > 1 and (self.step, self.urgency) not in REPEATS):
            raise ValueError(f"expected nth 1 for {self.urgency} {self.step}, received {self.nth}")


class Escalated(NamedTuple):
    """From ``at`` on, ``to`` is told that a step is overdue."""

    at: int
    to: Rung


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A clock as it stands at one instant; durations in milliseconds.

    Attributes:
        late: Overdue, or done after it was due.
        due: None while an open pause keeps it from being known.
        left: Running time that is left of the term.
        reminders: When a reminder falls, as far as that is known.
        escalations: When the rungs are told, should the step not be done.
    """

    state: State
    late: bool
    due: int | None
    left: int
    reminders: tuple[int, ...]
    escalations: tuple[Escalated, ...]


def parse_annex(plain: Any) -> Annex:
    """Return ``plain`` (JSON values) as an annex.

    Raises:
        PeerError: a field missing, unknown or of the wrong form, or a term out of bounds (``bad-annex``).
    """
    try:
        return msgspec.convert(plain, Annex)
    except msgspec.ValidationError as error:
        raise PeerError(f"the annex does not fit its schema: {misfit(error)}", code="bad-annex") from None


def annex_for(annexes: Iterable[Annex], one: str, other: str, started: int) -> Annex | None:
    """Return the annex between two members that holds for a clock started at ``started``: the latest begun."""
    pair = tuple(sorted((one, other)))
    found = [a for a in annexes if a.between == pair and a.since <= started and (a.until is None or started < a.until)]
    return max(found, key=lambda annex: annex.since, default=None)


def stops(reason: PauseReason, step: Step, urgency: Urgency) -> bool:
    """Return whether a pause for ``reason`` stops the clock of ``step``."""
    return step in STOPS[reason] and not (urgency == "threat-to-life" and (reason, step) in NEVER)


def may_extend(clock: Clock, at: int) -> Decision:
    """Return whether the asked member may say at ``at`` that it needs longer."""
    if (clock.step, clock.urgency) not in EXTENSIONS:
        return refuse("no-extension", "clocks:5", f"{clock.step} has no extension when {clock.urgency}")
    if clock.extension is not None:
        return refuse("already-extended", "clocks:5", "it has been extended before")
    until = _reached(clock, _base(clock))
    if until is not None and at > until:
        return refuse("too-late", "clocks:5", "an extension is asked for before the step is due")
    return permit("clocks:5", f"{clock.step} may be extended once")


def term(clock: Clock) -> int:
    """Return the running time that the step may take, milliseconds: agreed or published, with its extension."""
    usual, extension = _base(clock), clock.extension
    if extension is None or (clock.step, clock.urgency) not in EXTENSIONS:
        return usual
    until = _reached(clock, usual)
    in_time = until is None or extension.at <= until
    return usual + (EXTENSIONS[clock.step, clock.urgency] if in_time else 0)


def due(clock: Clock) -> int | None:
    """Return the instant by which the step is due, or None while an open pause keeps it from being known."""
    return _reached(clock, _before(clock) + term(clock))


def stopped(clock: Clock, until: int) -> int:
    """Return for how long, milliseconds, the clock stood between its start and ``until``."""
    spans = (min(until, end) - start for start, end in _spans(clock) if start < until)
    return sum(spans)


def reminders(clock: Clock) -> tuple[int, ...]:
    """Return when reminders fall, earliest first, as far as that is known."""
    instants = (_reached(clock, _before(clock) + _share(term(clock), percent)) for percent in REMINDERS)
    return tuple(instant for instant in instants if instant is not None)


def escalations(clock: Clock) -> tuple[Escalated, ...]:
    """Return when each rung is told should the step not be done; nothing while the due instant is not known."""
    until = due(clock)
    if until is None:
        return ()
    # The millisecond after: at its due instant a step is still in time.
    return tuple(Escalated(until + 1 + _share(_base(clock), percent), rung) for percent, rung in ESCALATION)


def status(clock: Clock, now: int, done_at: int | None = None) -> Status:
    """Return how the clock stands at ``now``.

    Args:
        now: UTC milliseconds.
        done_at: When the step was done; later than ``now`` counts as not yet.
    """
    until, allowed = due(clock), term(clock)
    done = done_at is not None and done_at <= now
    seen = min(now, done_at) if done_at is not None else now
    used = min(allowed, max(0, seen - clock.started - stopped(clock, seen) - _before(clock)))
    late = until is not None and seen > until
    state: State = "met"
    if not done:
        state = "overdue" if late else _running(clock, now, used, allowed)
    return Status(
        state=state,
        late=late,
        due=until,
        left=allowed - used,
        reminders=reminders(clock),
        escalations=escalations(clock),
    )


def _running(clock: Clock, now: int, used: int, allowed: int) -> State:
    """Return the state of a clock that is neither met nor overdue."""
    if used < allowed and any(start <= now < end for start, end in _spans(clock)):
        return "paused"
    return "due-soon" if used >= _share(allowed, REMINDERS[-1]) else "running"


# --- Running time ----------------------------------------------------------------------------------------

_OPEN = 2**63
"""The end of a pause that has none; later than every instant."""


def _reached(clock: Clock, running: int) -> int | None:
    """Return when the clock has run for ``running`` milliseconds, or None when an open pause stops it before."""
    at = clock.started
    for start, end in _spans(clock):
        if start - at >= running:
            break
        running, at = running - (start - at), end
    return at + running if at < _OPEN else None


def _spans(clock: Clock) -> Sequence[tuple[int, int]]:
    """Return the times at which the clock stands, in order, apart from each other, none before its start."""
    return tuple(_merged(sorted(_clipped(clock))))


def _clipped(clock: Clock) -> Iterator[tuple[int, int]]:
    for pause in clock.pauses:
        start, end = max(pause.start, clock.started), _OPEN if pause.end is None else pause.end
        if start < end and stops(pause.reason, clock.step, clock.urgency):
            yield start, end
    for begun, ended in clock.frozen:
        start, end = max(begun, clock.started), _OPEN if ended is None else ended
        if start < end:
            yield start, end


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield sorted ``spans`` with those that touch or overlap made one."""
    current: tuple[int, int] | None = None
    for start, end in spans:
        if current is None or start > current[1]:
            if current is not None:
                yield current
            current = (start, end)
        else:
            current = (current[0], max(current[1], end))
    if current is not None:
        yield current


def _base(clock: Clock) -> int:
    """Return the term without extension; from the second time on it is what ``REPEATS`` says."""
    if clock.nth > 1:
        return REPEATS[clock.step, clock.urgency]
    return _agreed(clock.annex, clock.step, clock.urgency, clock.held_directly)


def _before(clock: Clock) -> int:
    """Return the running time that belongs to the earlier times of a step that repeats."""
    if clock.nth == 1:
        return 0
    first = _agreed(clock.annex, clock.step, clock.urgency, clock.held_directly)
    return first + (clock.nth - 2) * REPEATS[clock.step, clock.urgency]


def _agreed(annex: Annex | None, step: Step, urgency: Urgency, held_directly: bool) -> int:
    """Return the agreed term of a step, or the published one where nothing was agreed."""
    published = TERMS[step][urgency]
    held = held_directly or published.held == published.otherwise
    for override in () if annex is None else annex.overrides:
        if (override.step, override.urgency, override.held_directly) == (step, urgency, held):
            return override.term
    return published.held if held else published.otherwise


def _share(term: int, percent: int) -> int:
    return term * percent // 100
