"""Tranches as a person or a program reads them, and what a member receives in all."""

from __future__ import annotations

from hamsaya.base.interval import Interval
from hamsaya.linkage.rules import NON_SUSPENDABLE, NOTICE_TERM, TRANSITIONS, ground_words
from hamsaya.linkage.types import LinkageState, TrancheRecord, TrancheView
from hamsaya.messages.linkage import TrancheState

FLOWING: frozenset[TrancheState] = frozenset(("running", "notice", "continued", "reinstated"))


def tranches(state: LinkageState) -> list[TrancheView]:
    """Return every tranche, oldest first, with the states it may move to."""
    ordered = sorted(state.tranches.values(), key=lambda each: (each.declared_at, each.tranche))
    return [_tranche(each) for each in ordered]


def flow(state: LinkageState, receiver: str) -> Interval:
    """Return what ``receiver`` receives of all tranches that flow now, million US$ a year."""
    flowing = [t for t in state.tranches.values() if t.receiver == receiver and t.status in FLOWING]
    return Interval(
        sum(t.low_musd for t in flowing), sum(t.mid_musd for t in flowing), sum(t.high_musd for t in flowing)
    )


def _tranche(tranche: TrancheRecord) -> TrancheView:
    suspendable = tranche.goods not in NON_SUSPENDABLE
    following = {
        to: ground_words(at, to)
        for at, to in TRANSITIONS
        if at == tranche.status and (suspendable or to not in ("notice", "suspended"))
    }
    ends = tranche.since + NOTICE_TERM if tranche.status == "notice" else tranche.probation_until
    return TrancheView(tranche=tranche, status=tranche.status, since=tranche.since, suspendable=suspendable,
                       next=following, term_ends=ends)
