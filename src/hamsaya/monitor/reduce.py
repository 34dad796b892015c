"""Fold reports and statements: the later vintage wins, so the order of arrival does not matter."""

from __future__ import annotations

import dataclasses
from operator import itemgetter
from typing import Any

import msgspec

from hamsaya.messages.alerts import Acted, Alert, Assessment, Concur
from hamsaya.messages.event import Event
from hamsaya.messages.monitor import Coverage, Dispute, Picture, Report
from hamsaya.monitor import alerts_reduce
from hamsaya.monitor.types import Contested, Declared, Part, State, Statement


def apply(state: State, event: Event) -> State:
    """Return the state with the event in it; other kinds change nothing."""
    match event.body:
        case Report() as report:
            return _apply_report(state, event, report)
        case Picture() as picture:
            return _apply_picture(state, event, picture)
        case Coverage() as coverage:
            return _apply_coverage(state, event, coverage)
        case Dispute() as dispute:
            return _apply_dispute(state, event, dispute)
        case Alert() | Acted() | Assessment() | Concur():
            return dataclasses.replace(state, alerts=alerts_reduce.apply(state.alerts, event))
    return state


def _apply_report(state: State, event: Event, report: Report) -> State:
    key, part = (event.sender, report.first, report.last), Part(event.message_id, report)
    held = state.parts.get(key)
    if held is not None and held.vintage >= part.vintage:
        return state
    return dataclasses.replace(state, parts=state.parts.set(key, part))


def _apply_picture(state: State, event: Event, picture: Picture) -> State:
    key = (event.sender, picture.first, picture.last)
    held = state.statements.get(key)
    if held is not None and (held.issued_at, held.message_id) >= (event.issued_at, event.message_id):
        return state
    stated = Statement(event.issued_at, event.message_id, picture)
    return dataclasses.replace(state, statements=state.statements.set(key, stated))


def _apply_coverage(state: State, event: Event, coverage: Coverage) -> State:
    key, said = (event.sender, coverage.first, coverage.last), Declared(event.message_id, coverage)
    held = state.coverage.get(key)
    if held is not None and held.vintage >= said.vintage:
        return state
    return dataclasses.replace(state, coverage=state.coverage.set(key, said))


def _apply_dispute(state: State, event: Event, dispute: Dispute) -> State:
    key = (event.sender, dispute.gid, dispute.first, dispute.last)
    held, said = state.contests.get(key), Contested(event.message_id, dispute)
    if held is not None and held.vintage >= said.vintage:
        return state
    return dataclasses.replace(state, contests=state.contests.set(key, said))


def snapshot(state: State) -> Any:
    """Return the state as plain values; equal states give equal deterministic bytes."""
    return {
        "parts": [
            [*key, part.message_id, _plain(part.report)]
            for key, part in sorted(state.parts.items(), key=_key)
        ],
        "statements": [
            [*key, stated.issued_at, stated.message_id, _plain(stated.picture)]
            for key, stated in sorted(state.statements.items(), key=_key)
        ],
        "coverage": [
            [*key, said.message_id, _plain(said.coverage)]
            for key, said in sorted(state.coverage.items(), key=_key)
        ],
        "contests": [
            [*key, said.message_id, _plain(said.dispute)]
            for key, said in sorted(state.contests.items(), key=itemgetter(0))
        ],
        "alerts": alerts_reduce.snapshot(state.alerts),
    }


def _key(item: tuple[tuple[str, str, str], object]) -> tuple[str, str, str]:
    return item[0]


def _plain(body: Report | Picture | Coverage | Dispute) -> Any:
    return msgspec.to_builtins(body, builtin_types=(bytes,))
