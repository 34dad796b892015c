"""Fold alerts, answers, assessments and stances. Of a party's stances the later stands; the earlier is in the log."""

from __future__ import annotations

import dataclasses
from operator import itemgetter
from typing import Any

import msgspec

from hamsaya.messages.alerts import Acted, Alert, Assessment, Concur
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body
from hamsaya.messages.timely import heard_late
from hamsaya.monitor.alerts_types import AlertState, Answered, Assessed, Raised, Stance


def apply(state: AlertState, event: Event) -> AlertState:
    """Return the state with the event in it; other kinds change nothing."""
    replace = dataclasses.replace
    match event.body:
        case Alert() as alert:
            raised = Raised(event.sender, event.issued_at, alert, heard_late(event))
            return replace(state, alerts=state.alerts.set(alert.alert, raised))
        case Acted() as acted:
            key = (acted.alert, event.sender, acted.action)
            return replace(state, answers=state.answers.set(key, Answered(event.issued_at, acted)))
        case Assessment() as assessment:
            held = Assessed(event.sender, event.issued_at, event.body_digest, assessment)
            return replace(state, assessments=state.assessments.set(assessment.assessment, held))
        case Concur() as concur:
            return _stance(state, event, concur)
    return state


def _stance(state: AlertState, event: Event, concur: Concur) -> AlertState:
    key, said = (concur.assessment, event.sender), Stance(event.issued_at, event.message_id, concur)
    held = state.stances.get(key)
    if held is not None and (held.at, held.message_id) >= (said.at, said.message_id):
        return state
    return dataclasses.replace(state, stances=state.stances.set(key, said))


def snapshot(state: AlertState) -> Any:
    """Return the state as plain values; equal states give equal deterministic bytes."""
    first = itemgetter(0)
    return {
        "alerts": [[raised.by, raised.at, raised.heard_at, _plain(raised.alert)]
                   for _, raised in sorted(state.alerts.items(), key=first)],
        "answers": [[*key, one.at, _plain(one.said)] for key, one in sorted(state.answers.items(), key=first)],
        "assessments": [[one.by, one.at, one.digest, _plain(one.assessment)]
                        for _, one in sorted(state.assessments.items(), key=first)],
        "stances": [[*key, one.at, one.message_id, _plain(one.said)]
                    for key, one in sorted(state.stances.items(), key=first)],
    }


def _plain(body: Body) -> Any:
    return msgspec.to_builtins(body, builtin_types=(bytes,))
