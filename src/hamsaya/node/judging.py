"""One commitment judged from a file: how probable a breach is, and how much evidence that rests on.

1. The mandate of every seat runs on the day of judgement, the panel is not empty, and no bloc holds k seats.
2. Every measurement is in the commitment's own unit and lies before that day; dates are Gregorian.
3. A source says one thing: unlike measurements of one source for one day, or unlike reports, are refused.
4. Then P(breach) with its interval, and apart from it the grade of the evidence (``compliance.posterior``).

Whatever is refused changes nothing: a judgement is arithmetic and is stored nowhere.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Literal

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.base.interval import Interval
from hamsaya.compliance.course import day
from hamsaya.compliance.panel import panel_rates
from hamsaya.compliance.posterior import Grade, Record, Report, judge
from hamsaya.node.files import Span, Strict, interval, read_json

FORM = ('expected {"as_of": "2026-03-01", "commitment": {"unit", "target_low", "target_high"}, "prior": [low, middle, '
        'high], "k", "panel": [{"member", "bloc", "mandate_until", "record": [hits, misses, false, right]}], '
        '"reports": {"MEMBER": "breach"}, "evidence": [{"by", "class", "date", "value", "unit"}]}')
Word = Literal["breach", "no-breach", "cannot-tell"]


class CommitmentFile(Strict, frozen=True):
    unit: str
    target_low: float
    target_high: float
    materiality: float = 0.0


class SeatFile(Strict, frozen=True):
    member: str
    bloc: str
    mandate_until: str
    record: tuple[float, float, float, float] = (8.0, 2.0, 1.0, 9.0)


class EvidenceFile(Strict, frozen=True):
    by: str
    evidence_class: str = msgspec.field(name="class")
    date: str
    value: float | None = None
    unit: str | None = None


class JudgeFile(Strict, frozen=True):
    as_of: str
    commitment: CommitmentFile
    panel: list[SeatFile]
    reports: dict[str, Word]
    k: int
    prior: Span = (0.02, 0.05, 0.2)
    rho: Span = 0.5
    evidence: list[EvidenceFile] = []


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """P(breach) at 90 percent, the grade of the evidence, and how the panel would err at its members' average rates.

    ``outside_target``: measurements beyond the target by more than what is material, of those that were made.
    """

    breach: Interval
    grade: Grade
    independent: float
    weights: dict[str, float]
    votes: dict[str, int]
    rating_reached: bool
    panel_detection: float
    panel_false_alarm: float
    measurements: int
    outside_target: int
    access_denied: int
    words: list[str]


def judged_of(path: Path) -> Judgement:
    """Return the judgement of a file.

    Raises:
        OperatorError: ``bad-file``; the sentence says which rule the file breaks and what to do.
    """
    file = read_json(path, JudgeFile, FORM)
    try:
        return _judged(file)
    except ValueError as error:
        raise OperatorError(f"{path}: {error}", code="bad-file") from None


def _judged(file: JudgeFile) -> Judgement:
    today = day(file.as_of)
    _check_panel(file, today)
    _check_evidence(file, today)
    seats = {seat.member: seat for seat in file.panel}
    reports = [Report(member, seats[member].bloc, word == "breach", Record(*seats[member].record))
               for member, word in file.reports.items() if word != "cannot-tell"]
    found = judge(interval(file.prior, "prior"), reports, interval(file.rho, "rho").mid)
    votes = Counter(file.reports.values())
    detect = sum(s.record[0] / (s.record[0] + s.record[1]) for s in file.panel) / len(file.panel)
    false = sum(s.record[2] / (s.record[2] + s.record[3]) for s in file.panel) / len(file.panel)
    rates = panel_rates(len(file.panel), file.k, detect, false)
    values = [each.value for each in file.evidence if each.value is not None]
    return Judgement(
        breach=found.breach, grade=found.grade, independent=found.independent, weights=dict(found.weights),
        votes={word: votes[word] for word in ("breach", "no-breach", "cannot-tell")},
        rating_reached=max(votes["breach"], votes["no-breach"]) >= file.k, panel_detection=rates.detection,
        panel_false_alarm=rates.false_alarm, measurements=len(values),
        outside_target=sum(not _within(file.commitment, value) for value in values),
        access_denied=sum(each.evidence_class == "access-denied" for each in file.evidence),
        words=_words(found.breach, found.grade, found.independent),
    )


def _within(commitment: CommitmentFile, value: float) -> bool:
    return commitment.target_low - commitment.materiality <= value <= commitment.target_high + commitment.materiality


def _check_panel(file: JudgeFile, today: int) -> None:
    if not file.panel:
        raise ValueError("expected a panel with at least one seat, received an empty one; name its members first")
    if not 1 <= file.k <= len(file.panel):
        raise ValueError(f"expected k from 1 to the {len(file.panel)} seats of the panel, received {file.k}")
    for seat in file.panel:
        if day(seat.mandate_until) < today:
            raise ValueError(f"the mandate of {seat.member} ended on {seat.mandate_until}, before {file.as_of}; renew "
                             "it or seat another member")
    if strangers := sorted(set(file.reports) - {seat.member for seat in file.panel}):
        raise ValueError(f"{strangers[0]} reports and has no seat on the panel")
    if len({seat.member for seat in file.panel}) != len(file.panel):
        raise ValueError("expected each member on one seat")
    bloc, held = Counter(seat.bloc for seat in file.panel).most_common(1)[0]
    if held >= file.k and len(file.panel) > 1:
        raise ValueError(f"bloc {bloc} holds {held} seats and {file.k} votes decide; no bloc may hold k seats")


def _check_evidence(file: JudgeFile, today: int) -> None:
    if file.commitment.target_low > file.commitment.target_high:
        raise ValueError("expected target_low of at most target_high")
    said: dict[tuple[str, str], float] = {}
    for each in file.evidence:
        if day(each.date) > today:
            raise ValueError(f"evidence of {each.by} is dated {each.date}, after the day of judgement {file.as_of}")
        if (each.value is None) != (each.unit is None):
            raise ValueError(f"evidence of {each.by} of {each.date}: expected a value and its unit together")
        if each.value is None or each.unit is None:
            continue
        if each.unit != file.commitment.unit:
            raise ValueError(f"units do not match: the commitment is in {file.commitment.unit!r}, evidence of "
                             f"{each.by} of {each.date} in {each.unit!r}; convert it before it is lodged")
        if each.evidence_class == "access-denied":
            raise ValueError(f"{each.by} was denied access on {each.date} and cannot have measured {each.value:g}")
        if said.setdefault((each.by, each.date), each.value) != each.value:
            raise ValueError(f"evidence of {each.by} of {each.date} contradicts itself: {said[each.by, each.date]:g} "
                             f"and {each.value:g} {each.unit}; ask which it stands by")


def _words(breach: Interval, grade: Grade, independent: float) -> list[str]:
    told = [f"P(breach) is {breach.mid:.2f} (90 percent: {breach.low:.2f} to {breach.high:.2f})."]
    told.append(f"The evidence is {grade}: its reports count as {independent:.1f} independent ones.")
    if grade in ("none", "thin"):
        told.append("Without more of it the commitment stays unverified, whatever the probability.")
    return told
