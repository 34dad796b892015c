"""The exercise's warning: a member's alerts under a budget, what they ask of another, its answers, and their record.

History stands behind it and nothing else: a cell's chance is the share of its last twelve months that reached the mark.
An alert speaks of the month after the present one, which no exercise outlasts; so it is open at the end, and every node
works out by itself what came of it once that month is over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from hamsaya.canon import digest, tagged
from hamsaya.cli.fleet import Fleet, Refused
from hamsaya.messages.alerts import Acted, Alert, ByForecast
from hamsaya.messages.monitor import Row
from hamsaya.monitor.alerts_rules import end_of, month_of
from hamsaya.node.alerting import Candidate, Candidates

BUDGET, CANDIDATES, MEMORY_MONTHS = 2, 6, 12
Say = Callable[[str, str], None]
Until = Callable[[str, Callable[[], Awaitable[Any]]], Awaitable[Any]]


async def warn(
    fleet: Fleet, areas: Mapping[int, frozenset[str]], sender: str, rows: Sequence[Row], say: Say, until: Until
) -> dict[str, Any]:
    """Play the act and return its outcome: alerts raised, answered, refused as beyond the budget, and their state."""
    now = (await fleet.call(sender, "status"))["now"]
    told = [member for member in fleet.members if member != sender]
    open_to = {gid: parties for gid, parties in areas.items() if parties.intersection(told)}
    found = candidates(rows, open_to, month_of(end_of(month_of(now))), now)
    asked = {"found": msgspec.to_builtins(found), "actions": ["verify"], "due": None}
    plan = await fleet.call(sender, "plan-alerts", budget=BUDGET, **asked)
    alerts = [msgspec.convert(one, Alert, strict=False) for one in plan["alerts"]]
    for alert in alerts:
        await fleet.send(sender, "monitor.alert", alert, ["all"])
    say("alert", f"{sender} warned of {len(alerts)} of {len(found.areas)} cells for {found.first}, its budget; "
                 f"record so far: {plan['rates'][0]['sentence']}")
    code = await _beyond(fleet, sender, alerts[0])
    say("alert", f"one more alert: refused ({code})")
    wanted = [(each.party, alert.alert) for alert in alerts for each in alert.asked if each.party in told]
    for party, reference in wanted:
        await until("the alert at whom it asks", partial(_held, fleet, party, reference))
        await fleet.send(party, "monitor.acted",
                         Acted(alert=reference, action="verify", outcome="done", reason=None), ["all"])
    state = await until("every answer at the sender", lambda: _answered(fleet, sender, wanted))
    say("alert", f"{len(wanted)} times asked to verify, {len(wanted)} times done by "
                 f"{', '.join(sorted({party for party, _ in wanted}))}; {state}: every node works it out when the "
                 "month is over")
    return {"raised": len(alerts), "asked": len(wanted), "answered": len(wanted), "beyond_budget": code,
            "state": state}


def candidates(
    rows: Sequence[Row], areas: Mapping[int, frozenset[str]], month: str, as_of: int
) -> Candidates:
    """Return the cells with the most deaths in the last months reported, each with its own months as its forecast."""
    last = sorted({row.month for row in rows})[-MEMORY_MONTHS:]
    deaths: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(last, 0))
    for row in rows:
        if row.gid in areas and row.month in last:
            deaths[row.gid][row.month] += row.best
    busiest = sorted(deaths, key=lambda gid: (-sum(deaths[gid].values()), gid))[:CANDIDATES]
    return Candidates(
        kind="escalation", first=month, last=month, as_of=as_of, vintage=digest(tagged(
            "hamsaya/v1/exercise-rows", [msgspec.to_builtins(row) for row in rows if row.month in last])),
        model=digest(tagged("hamsaya/v1/exercise-model", "conflictology")),
        areas=[_candidate(gid, sorted(deaths[gid].values())) for gid in busiest],
    )


def _candidate(gid: int, months: list[int]) -> Candidate:
    mark = max(1, months[len(months) * 3 // 4])
    chance = sum(count >= mark for count in months) / len(months)
    return Candidate(cells=[gid], score=chance, at_least=mark, basis=ByForecast(
        tier="conflictology", chance=chance, low=months[0], high=months[-1]))


async def _beyond(fleet: Fleet, sender: str, alert: Alert) -> str:
    """Try to warn once more than the budget allows, and return the code of the refusal."""
    more = msgspec.structs.replace(alert, alert=f"{alert.alert}-more")
    try:
        await fleet.send(sender, "monitor.alert", more, ["all"])
    except Refused as refusal:
        return refusal.code
    return "not-refused"


async def _held(fleet: Fleet, party: str, reference: str) -> bool:
    return any(one["alert"] == reference for one in (await fleet.call(party, "alerts"))["alerts"])


async def _answered(fleet: Fleet, sender: str, wanted: list[tuple[str, str]]) -> str | None:
    """Return what became of the alerts once every answer has arrived at their sender."""
    held = (await fleet.call(sender, "alerts"))["alerts"]
    done = {(each["party"], one["alert"]) for one in held for each in one["asked"] if each["outcome"] == "done"}
    return ", ".join(sorted({one["resolution"]["outcome"] for one in held})) if done >= set(wanted) else None
