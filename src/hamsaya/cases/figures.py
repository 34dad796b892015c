"""How predictable each member is for each other, and whether it goes both ways; small counts are not given away.

Rules
1. A request counts once both sides have signed its receipts; what one side alone claims counts for nothing.
2. It belongs to the one period in which its answer was due, and is judged as it stood when that period ended. Periods
   do not overlap and are not reckoned again, so no two tables can be subtracted.
3. Everything is said per ordered pair, all pairs of members are listed, and nothing is summed across pairs.
4. A count below ``K``, zero included, is left out. So is what it could be recomputed from: the parts of a total that
   are left out number at least two and come to at least ``K``, else another is left out as well. Of outcomes it goes
   by ``ORDER``, the first of which goes with any other. Of codes the smallest go, equal ones together, also where
   all that are left out are ``K - 1``. Refusals are broken down by code only where their total is shown.
5. A share needs ``2 K`` requests. Where fewer than ``K`` are on one side of it, it is given as the range that fewer
   than ``K`` leave open: 97 of 100 in time reads "96 to 100 in a hundred", as do 96 and 100. What a count left out
   leaves open stays open: in time cannot be more than have ended, so where the unanswered are left out, late is a
   range up to the most they can be.
6. A median or ninetieth percentile needs ``K`` requests on either side of it, those never answered counting as later
   than all; and it is given only where what is published shows already that it falls on an answered one.
7. Steps of items (a consent decided, a word on what came of it, a purge attested) count in the period in which each was
   due, as shares alone (rule 5); how many there were is not said. A consent that lapsed was not decided in time.
8. Reciprocity is a ratio of shares, never of volumes: who is asked ten times and answers nine is even with who is
   asked a hundred times and answers ninety.

    figures(records, ["ava", "bel", "cor"], since=quarter, until=next_quarter)

Source: Wilson (1927), Probable inference, doi:10.1080/01621459.1927.10502953, for the intervals of shares. The interval
of a ratio divides one's bounds by the other's, which is wider than 95 % asks for.
Left out: what members learn of each other by talking; each knows its own requests exactly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import sqrt
from typing import Literal, NamedTuple, TypeVar, get_args

import msgspec

from hamsaya.messages.cases import DeclineCode, Urgency
from hamsaya.messages.reminders import TimedStep

K = 5
"""The least count that is published."""
Z = 1.959964
"""Standard normal quantile of a two-sided 95 % interval."""
CODES: tuple[DeclineCode, ...] = get_args(DeclineCode)

ORDER: tuple[str, ...] = ("unanswered", "answered", "declined")
"""What is left out first for the sake of another. Answers are known from their share, refusals from nothing else."""

STEP_FIELDS: dict[TimedStep, str] = {"onward-decision": "consents_in_time", "feedback": "feedback_in_time",
                                    "purge-attest": "purges_in_time"}
"""The steps of items that are published, and where."""
Outcome = Literal["answered", "declined"]
Name = TypeVar("Name", bound=str)


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen record of plain fields; instants are UTC milliseconds and durations milliseconds."""


class Exchange(_Record, frozen=True):
    """One request as its receipts show it.

    Attributes:
        reference: Case and request, once in all records.
        outcome: None while not ended; ``code`` goes with "declined" alone.
        acknowledge_due, answer_due: None while an open pause keeps them from being known.
        paused: How long the answer's clock stood between the asking and the end.
        term: Running time allowed for the answer.
        signed_by: Members whose signed receipts show all of this.
    Raises:
        ValueError: the fields contradict each other.
    """

    reference: tuple[str, str]
    asker: str
    asked: str
    urgency: Urgency
    asked_at: int
    acknowledged_at: int | None
    ended_at: int | None
    outcome: Outcome | None
    code: DeclineCode | None
    acknowledge_due: int | None
    answer_due: int | None
    paused: int
    term: int
    signed_by: frozenset[str]

    def __post_init__(self) -> None:
        if (self.ended_at is None) != (self.outcome is None) or (self.code is not None) != (self.outcome == "declined"):
            raise ValueError("expected an outcome exactly where a request has ended, and a code where it was declined")
        if self.asker == self.asked or self.term <= 0 or self.paused < 0:
            raise ValueError("expected two members, a term above zero and no negative pause")


class ItemStep(_Record, frozen=True):
    """One step of an item as its receipts show it: what ``owes`` had to do for ``waits`` until ``due``.

    ``reference`` is case, what it is about, step and time, once in all records. ``signed_by`` as for an exchange.
    """

    reference: tuple[str, str, str, int, str]
    step: TimedStep
    waits: str
    owes: str
    due: int
    done_at: int | None
    signed_by: frozenset[str]


class Share(_Record, frozen=True):
    """A share in [0, 1] of the requests, higher is better; exact where ``low == high``, else a range (rule 5).

    ``interval_low`` and ``interval_high`` bound the 95 % interval of every share in that range.
    """

    low: float
    high: float
    interval_low: float
    interval_high: float


class Response(_Record, frozen=True):
    """How long until the end, without pauses: milliseconds, and as a share of the time allowed. Lower is better."""

    median: int | None
    p90: int | None
    median_of_term: float | None
    p90_of_term: float | None


class Reciprocity(_Record, frozen=True):
    """Share of the asker's requests that were answered, by the share that it answers in turn; 1 is even.

    ``ratio`` is None where a share is a range, ``high`` where there is no upper bound.
    """

    ratio: float | None
    low: float
    high: float | None


class PairFigures(_Record, frozen=True):
    """What ``asked`` did with the requests of ``asker`` in one period; None is fewer than five, or kept with them."""

    asker: str
    asked: str
    requests: int | None
    answered: int | None
    declined: int | None
    unanswered: int | None
    refusals: dict[DeclineCode, int | None]
    answered_share: Share | None
    acknowledged_in_time: Share | None
    ended_in_time: Share | None
    response: Response
    reciprocity: Reciprocity | None = None
    consents_in_time: Share | None = None
    feedback_in_time: Share | None = None
    purges_in_time: Share | None = None


class Counts(NamedTuple):
    """The counts of one ordered pair, none left out; ``answered``, ``refused`` and ``unanswered`` add up to all."""

    answered: int
    refused: Mapping[DeclineCode, int]
    unanswered: int
    acknowledged_in_time: int
    ended_in_time: int


def figures(
    records: Iterable[Exchange], members: Sequence[str], since: int, until: int, steps: Iterable[ItemStep] = ()
) -> list[PairFigures]:
    """Return the figures of every ordered pair of ``members`` for what was due at ``since <= t < until``.

    Args:
        steps: Of items: each is reckoned to who owes it, as what it did for who waits.
        members: All members, whether they asked or not; an absent pair would say that there was nothing.
        since, until: UTC milliseconds.
    Raises:
        ValueError: a request or a step twice, or of somebody who is no member.
    """
    settled: dict[tuple[str, str], list[Exchange]] = {(a, b): [] for a in members for b in members if a != b}
    seen = set()
    for record in records:
        if record.reference in seen or (record.asker, record.asked) not in settled:
            raise ValueError("expected each request once, between two of the members")
        seen.add(record.reference)
        due, both = record.answer_due, frozenset((record.asker, record.asked))
        if due is not None and since <= due < until and both <= record.signed_by:
            settled[record.asker, record.asked].append(record)
    alone = {pair: _pair(*pair, found, until) for pair, found in settled.items()}
    kept = _steps(steps, settled.keys(), since, until)
    return [
        msgspec.structs.replace(each, reciprocity=reciprocity(each.answered_share, alone[b, a].answered_share),
                                **{name: kept[a, b, step] for step, name in STEP_FIELDS.items()})
        for (a, b), each in alone.items()
    ]


def _steps(
    steps: Iterable[ItemStep], pairs: Collection[tuple[str, str]], since: int, until: int
) -> dict[tuple[str, str, TimedStep], Share | None]:
    """Return, for each pair (who waits, who owes) and step, the share of what was due that was done in time."""
    found: dict[tuple[str, str, TimedStep], list[bool]] = {(a, b, step): [] for a, b in pairs for step in STEP_FIELDS}
    seen = set()
    for each in steps:
        if each.reference in seen or (each.waits, each.owes) not in pairs or each.step not in STEP_FIELDS:
            raise ValueError("expected each step of an item once, between two of the members")
        seen.add(each.reference)
        if since <= each.due < until and {each.waits, each.owes} <= each.signed_by:
            found[each.waits, each.owes, each.step].append(each.done_at is not None and each.done_at <= each.due)
    return {key: share(sum(done), len(done)) for key, done in found.items()}


def publish(asker: str, asked: str, counts: Counts) -> PairFigures:
    """Return what may be published of ``counts``, without responses and reciprocity."""
    declined = sum(counts.refused.values())
    requests = counts.answered + declined + counts.unanswered
    outcomes = {"declined": declined, "unanswered": counts.unanswered, "answered": counts.answered}
    shown = suppressed(requests, outcomes, ORDER)
    published = PairFigures(
        asker=asker,
        asked=asked,
        requests=requests if requests >= K else None,
        answered=shown["answered"],
        declined=shown["declined"],
        unanswered=shown["unanswered"],
        refusals=suppressed(shown["declined"], counts.refused),
        answered_share=share(counts.answered, requests, among=requests - (shown["declined"] or 0)),
        acknowledged_in_time=share(counts.acknowledged_in_time, requests),
        ended_in_time=None,
        response=Response(median=None, p90=None, median_of_term=None, p90_of_term=None),
    )
    open_ = 0 if published.unanswered is not None else most_unanswered(published)
    return msgspec.structs.replace(published, ended_in_time=share(counts.ended_in_time, requests, rest=open_))


def suppressed(total: int | None, parts: Mapping[Name, int], order: Sequence[str] = ()) -> dict[Name, int | None]:
    """Return ``parts`` of ``total`` with None for those that are left out (rule 4); all of them where it is None.

    Args:
        order: All names, those first that are left out first for others' sake, the very first for any other's;
            without it the smallest counts are, equal ones together, for which of them went would tell of the rest.
    """
    if total is None or total < K:
        return dict.fromkeys(parts)
    place = {name: order.index(name) if order else count for name, count in parts.items()}
    hidden = {name for name, count in parts.items() if count < K}
    while _told([parts[name] for name in hidden], bool(order)) or (hidden and order and order[0] not in hidden):
        left = [place[name] for name in parts if name not in hidden]
        if not left:
            break
        hidden |= {name for name in parts if place[name] == min(left)}
    return {name: None if name in hidden else count for name, count in parts.items()}


def _told(hidden: Sequence[int], ordered: bool) -> bool:
    """Return whether the sum of the counts left out, which anybody can reckon, tells what they are."""
    all_most = not ordered and all(count == K - 1 for count in hidden)
    return bool(hidden) and (len(hidden) < 2 or sum(hidden) < K or all_most)


def share(part: int, whole: int, *, among: int | None = None, rest: int = 0) -> Share | None:
    """Return ``part`` of ``whole`` as a share (rule 5), or None where there are too few.

    Args:
        among: Those of ``whole`` that are not published as something else; all of them by default.
        rest: The most that may lie outside ``part`` for reasons that are left out.
    Raises:
        ValueError: not ``0 <= part <= among <= whole``.
    """
    among = whole if among is None else among
    if not 0 <= part <= among <= whole:
        raise ValueError(f"expected a part from 0 to {among}, among at most {whole}, received {part}")
    if whole < 2 * K:
        return None
    low, high = _range(part, among, max(rest, K - 1))
    return Share(
        low=low / whole,
        high=high / whole,
        interval_low=wilson(low, whole)[0],
        interval_high=wilson(high, whole)[1],
    )


def _range(part: int, among: int, rest: int) -> tuple[int, int]:
    """Return the least and the most that ``part`` may be read as."""
    if among < rest + K:
        return 0, among
    if among - part <= rest:
        return among - rest, among
    return (0, K - 1) if part < K else (part, part)


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Return the 95 % score interval of ``part`` of ``whole``, within [0, 1]; ``whole`` is above zero."""
    p, z2 = part / whole, Z * Z
    middle, half = p + z2 / (2 * whole), Z * sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole))
    low, high = ((middle + sign * half) / (1 + z2 / whole) for sign in (-1, 1))
    # At the ends the bounds are 0 and 1 themselves; rounding must not move them.
    return (0.0 if part == 0 else low), (1.0 if part == whole else high)


def reciprocity(there: Share | None, back: Share | None) -> Reciprocity | None:
    """Return the ratio of two shares with its interval, or None where one of them is not published."""
    if there is None or back is None:
        return None
    exact = there.low == there.high and back.low == back.high
    return Reciprocity(
        ratio=there.low / back.low if exact else None,
        low=there.interval_low / back.interval_high,
        high=there.interval_high / back.interval_low if back.interval_low > 0 else None,
    )


# --- One pair --------------------------------------------------------------------------------------------


def _pair(asker: str, asked: str, found: Sequence[Exchange], until: int) -> PairFigures:
    ended = [each for each in found if each.ended_at is not None and each.ended_at < until]
    answered = sum(each.outcome == "answered" for each in ended)
    counts = Counts(
        answered=answered,
        refused={code: sum(each.code == code for each in ended) for code in CODES},
        unanswered=len(found) - len(ended),
        acknowledged_in_time=sum(_in_time(each, each.acknowledge_due, each.acknowledged_at) for each in found),
        ended_in_time=sum(_in_time(each, each.answer_due, None) for each in found),
    )
    published = publish(asker, asked, counts)
    return msgspec.structs.replace(published, response=_response(published, ended))


def _in_time(record: Exchange, due: int | None, done_at: int | None) -> bool:
    """Return whether a step was done by ``due``; an end without acknowledgement is one at the same time."""
    done = min((instant for instant in (record.ended_at, done_at) if instant is not None), default=None)
    return done is not None and (due is None or done <= due)


def _response(published: PairFigures, ended: Sequence[Exchange]) -> Response:
    taken = [max(0, (each.ended_at or 0) - each.asked_at - each.paused) for each in ended]
    times = sorted(taken)
    of_term = sorted(time / each.term for time, each in zip(taken, ended, strict=True))
    median, p90 = rank(published, 50), rank(published, 90)
    return Response(
        median=None if median is None else times[median],
        p90=None if p90 is None else times[p90],
        median_of_term=None if median is None else of_term[median],
        p90_of_term=None if p90 is None else of_term[p90],
    )


def rank(published: PairFigures, percent: int) -> int | None:
    """Return the place, from 0, of a percentile among the ended requests in ascending order, or None (rule 6).

    It depends on what is published and on nothing else, so that giving the percentile, or not, says no more.
    """
    requests = published.requests
    if requests is None:
        return None
    place = -(-requests * percent // 100)
    if place < K or requests - place + 1 < K or place > requests - most_unanswered(published):
        return None
    return place - 1


def most_unanswered(published: PairFigures) -> int:
    """Return the most requests that may never have been answered, going by what is published."""
    if published.unanswered is not None:
        return published.unanswered
    requests, least, answered = published.requests or 0, published.answered, published.answered_share
    if least is None:
        least = round(answered.low * requests) if answered is not None else 0
    return requests - least - (published.declined or 0)
