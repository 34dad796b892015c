"""What passed between each pair, by act, counted from headers and coded words; small counts are left out of exports.

Rules
1. A request counts once, in the period in which it was asked, under the act of its case. Its outcome is what either end
   has reported of it. A case of which no opening was reported has the act ``unknown``.
2. In an export a count below ``K`` (five) is left out, and so is what it could be reckoned from: of the outcomes of a
   pair and act as in ``cases.figures``, of an overdue count its rest. Nothing is summed over pairs or acts.
3. Openings of cases with more than twenty, and freezes, are counted by member and by reason; the same floor holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from hamsaya.cases.figures import CODES, K, suppressed
from hamsaya.node.core import Node
from hamsaya.node.oversight.findings import both_ends
from hamsaya.node.oversight.stream import opening_of, openings_of
from hamsaya.node.oversight.types import HeaderRow, OversightState

UNKNOWN = "unknown"
OUTCOMES = ("open", "answered", "declined")
Count = int | None


class PairCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What ``asker`` asked of ``asked`` about one act, and what came of it; None is fewer than five, or kept with them.

    ``inputs`` were asked about in ``probes``; ``hits`` were confirmed by a person, ``misses`` were not.
    """

    asker: str
    asked: str
    act: str
    requests: Count
    answered: Count
    declined: Count
    open: Count
    refusals: dict[str, Count]
    overdue: Count
    probes: Count
    inputs: Count
    hits: Count
    misses: Count


class MemberCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Cases one member opened, those for which two persons raised how many may be named, and its cases frozen."""

    member: str
    cases: Count
    raised: Count
    frozen: Count


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """The counts of one period, whole or as they may leave this node."""

    since: int
    until: int
    suppressed: bool
    pairs: list[PairCounts]
    members: list[MemberCounts]


def statistics(node: Node, since: int, until: int, *, export: bool = False) -> Statistics:
    """Return the counts of ``since <= t < until`` (UTC ms), with small ones left out for an export."""
    state = node.state.oversight
    leaves = [rows for rows in both_ends(state).values() if any(row.role in ("sent", "received") for row in rows)]
    admitted = [next(row for row in rows if row.role in ("sent", "received")) for rows in leaves]
    pairs = list(_pairs(state, admitted, since, until))
    members = list(_members(node, admitted, since, until))
    if export:
        # A line with nothing in it would say that there was something; without it there was less than five of all.
        pairs = [cut for pair in pairs if (cut := _cut(pair)).requests is not None or cut.probes is not None]
        members = [_cut_member(each) for each in members]
    return Statistics(since=since, until=until, suppressed=export, pairs=pairs, members=members)


def _act(state: OversightState, case: str | None, between: tuple[str, str]) -> str:
    opening = opening_of(state, case or "", between)
    return (opening.fact("act") if opening is not None else None) or UNKNOWN


def _pairs(state: OversightState, rows: Iterable[HeaderRow], since: int, until: int) -> Iterator[PairCounts]:
    rows = list(rows)
    said: dict[tuple[str, str], list[HeaderRow]] = {}
    for row in rows:
        if (request := row.fact("request")) is not None:
            said.setdefault((row.case or "", request), []).append(row)
    asked: dict[tuple[str, str, str], list[list[HeaderRow]]] = {}
    probes: dict[tuple[str, str, str], list[HeaderRow]] = {}
    for row in rows:
        to, inside = row.fact("asked"), since <= row.issued_at < until
        if to is None or not inside:
            continue
        key = (row.sender, to, _act(state, row.case, (row.sender, to)))
        if row.kind == "case.ask":
            # A member may state whom it asked and not by which reference: then no outcome is known.
            asked.setdefault(key, []).append(said.get((row.case or "", row.fact("request") or ""), []))
        elif row.kind == "match.probe":
            probes.setdefault(key, []).append(row)
    confirmed = [row for row in rows if row.kind == "match.confirm" and since <= row.issued_at < until]
    for key in sorted({*asked, *probes}):
        yield _pair(state, key, asked.get(key, []), probes.get(key, []), confirmed)


def _pair(
    state: OversightState, key: tuple[str, str, str], requests: list[list[HeaderRow]], probes: list[HeaderRow],
    confirmed: list[HeaderRow],
) -> PairCounts:
    ends = [_end(said) for said in requests]
    codes = [code for end, code in ends if end == "declined"]
    mine = [row.fact("outcome") for row in confirmed
            if row.sender == key[1] and key[0] in row.recipients and _act(state, row.case, key[:2]) == key[2]]
    return PairCounts(
        asker=key[0], asked=key[1], act=key[2], requests=len(requests),
        answered=sum(end == "answered" for end, _ in ends), declined=len(codes),
        open=sum(end == "open" for end, _ in ends),
        refusals={code: codes.count(code) for code in CODES if code in codes},
        overdue=sum(any(row.kind == "case.overdue" for row in said) for said in requests),
        probes=len(probes), inputs=sum(_number(row.fact("inputs")) for row in probes),
        hits=mine.count("confirmed"), misses=mine.count("not-confirmed"),
    )


def _number(word: str | None) -> int:
    """Return a count that a member stated, 0 where it stated none."""
    return int(word) if word is not None and word.isdecimal() and len(word) < 6 else 0


def _end(said: list[HeaderRow]) -> tuple[Literal["open", "answered", "declined"], str]:
    for row in said:
        if row.kind == "case.answer":
            return "answered", ""
        if row.kind in ("case.decline", "case.transfer"):
            return "declined", row.fact("code") or "not-competent"
    return "open", ""


def _members(node: Node, rows: Iterable[HeaderRow], since: int, until: int) -> Iterator[MemberCounts]:
    inside = [row for row in rows if since <= row.issued_at < until]
    openers = {(row.case, row.sender) for row in inside if row.kind == "case.open"}
    frozen = {case for case, known in node.state.cases.freezes.items() if any(since <= e.at < until for e in known)}
    for member in sorted(node.agreement.overseen_by(node.own)):
        yield MemberCounts(
            member=member, cases=sum(opener == member for _, opener in openers),
            raised=sum(row.kind == "case.raise" and row.sender == member for row in inside),
            frozen=sum(any(each.sender == member for each in openings_of(node.state.oversight, case))
                       for case in frozen),
        )


def _cut(pair: PairCounts) -> PairCounts:
    total = pair.requests or 0
    outcomes = {"open": pair.open or 0, "answered": pair.answered or 0, "declined": pair.declined or 0}
    shown = suppressed(total, outcomes, OUTCOMES)
    late = pair.overdue or 0
    parts = suppressed(pair.inputs, {"hits": pair.hits or 0, "misses": pair.misses or 0,
                                     "rest": (pair.inputs or 0) - (pair.hits or 0) - (pair.misses or 0)})
    return PairCounts(
        asker=pair.asker, asked=pair.asked, act=pair.act, requests=_floor(total), answered=shown["answered"],
        declined=shown["declined"], open=shown["open"],
        refusals=suppressed(shown["declined"], {code: pair.refusals.get(code) or 0 for code in CODES}),
        overdue=suppressed(total, {"late": late, "rest": total - late})["late"],
        probes=_floor(pair.probes), inputs=_floor(pair.inputs), hits=parts["hits"], misses=parts["misses"],
    )


def _cut_member(counts: MemberCounts) -> MemberCounts:
    return MemberCounts(member=counts.member, cases=_floor(counts.cases), raised=_floor(counts.raised),
                        frozen=_floor(counts.frozen))


def _floor(count: Count) -> Count:
    return count if count is not None and count >= K else None
