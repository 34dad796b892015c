"""Which committed probes oversight opens: drawn week by week by what neither side could choose.

Rules
1. The population of a week (UTC, from Monday) is every input that a member asked about in it, declined ones too.
2. The seed is the hash of checkpoints that members' logs signed and reported after the week was over, the first of each
   log, of at least two logs of which one at least is not the audited member's (``matching.audit``). Who asked could not
   know it; the overseer cannot choose it, for every note but the first of a log is passed over.
3. ``OPENINGS`` inputs of each member and week are drawn, all where there are fewer: misuse of a tenth of the inputs
   goes unseen once in twenty weeks. The demand (``match.audit``) goes out by itself; whoever is audited
   computes the same draw.
4. The demand names the list that it was drawn from. A member that has asked about more than has arrived here says so
   (``other-population``). When that has come the week is drawn anew, by checkpoints signed after it came.
5. A draw whose openings have not come within ``ANSWER`` is shown as not answered, which counts as misuse; one that was
   said to be from another list only when nothing has come for as long as a message may be on its way.
6. A probe that bears the date of a week for which its sender has opened a list without it was made afterwards, and is
   shown: whoever dates its probes back would never be drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import count, takewhile
from typing import Literal

import msgspec

from hamsaya.base.errors import HamsayaError, PeerError
from hamsaya.base.instants import DAY
from hamsaya.matching.audit import named, openings_needed, population
from hamsaya.matching.types import Asking, Auditing
from hamsaya.messages.keys import STORE_AND_FORWARD
from hamsaya.node.core import Node
from hamsaya.node.match_audits import audit_draft, findings_on
from hamsaya.node.match_rules import opened_notes
from hamsaya.node.send import Draft
from hamsaya.node.settle import verify_receipt

WEEK = 7 * DAY
MONDAY = 4 * DAY
"""1970-01-05, the first Monday."""
OPENINGS = openings_needed(0.10)
ANSWER = 7 * DAY
FOREVER = 2**62
MAX_NOTES = 8
DrawState = Literal["nothing-asked", "seed-awaited", "to-demand", "demanded", "not-answered", "opened"]


class DrawView(msgspec.Struct, frozen=True, kw_only=True):
    """One member's draw for one week; ``picks`` are [probe, place], ``flaws`` what did not open as committed to."""

    member: str
    first: int
    last: int
    population: int
    logs: list[str]
    state: DrawState
    demanded_at: int | None
    picks: list[tuple[str, int]]
    flaws: list[str]


def last_week(now: int) -> tuple[int, int]:
    """Return the first and the last millisecond of the last week that is over at ``now``."""
    start = MONDAY + (now - MONDAY) // WEEK * WEEK - WEEK
    return start, start + WEEK - 1


def reference(member: str, last: int, nth: int = 1) -> str:
    """Return the reference of the ``nth`` audit of ``member`` for the week that ends with ``last``."""
    return f"{member}/{last}" if nth == 1 else f"{member}/{last}/{nth}"


def made(node: Node, member: str, last: int) -> list[Auditing]:
    """Return this node's audits of ``member`` for the week that ends with ``last``, the first one first."""
    audits = node.state.matches.audits
    found = (audits.get((node.own, reference(member, last, nth))) for nth in count(1))
    return list(takewhile(lambda each: each is not None, found))  # type: ignore[arg-type]


def checkpoints_after(node: Node, audited: str, last: int) -> dict[str, bytes]:
    """Return, by origin, the first note of each overseen log reported and signed after ``last``: others' logs first.

    Notes of later days than the third are passed over, so that who waits cannot try again.
    """
    state, day = node.state.oversight, last // DAY
    members = sorted(node.agreement.overseen_by(node.own), key=lambda member: (member == audited, member))
    found: dict[str, bytes] = {}
    for member in members:
        notes = (state.notes.get((member, each)) for each in (day + 1, day + 2, day + 3))
        note = next((each for each in notes if each is not None and _holds(node, each, last)), None)
        if note is not None and len(found) < MAX_NOTES:
            found[node.agreement.origin(member)] = note
    return found


def _holds(node: Node, note: bytes, last: int) -> bool:
    with suppress(PeerError):
        return bool(opened_notes(node.agreement, node.state.directory, [note], last))
    return False


def draws(node: Node) -> list[DrawView]:
    """Return the draw of each overseen member for the last week that is over, then those of earlier weeks that wait."""
    first, last = last_week(node.clock.now())
    members = node.agreement.overseen_by(node.own)
    asked = {(each.querier, *last_week(each.at + WEEK)) for each in node.state.matches.probes.values()}
    waits = [(member, start, end) for member, start, end in sorted(asked, key=lambda each: (-each[1], each[0]))
             if member in members and first - STORE_AND_FORWARD <= start < first
             and not any(each.opened_by is not None for each in made(node, member, end))]
    return [draw_of(node, *each) for each in (*((member, first, last) for member in sorted(members)), *waits)]


def _after(node: Node, member: str, first: int, last: int) -> int:
    """Return after which instant checkpoints seed the next draw: the week's end, or what came last of a late probe."""
    if not made(node, member, last) and first == last_week(node.clock.now())[0]:
        return last
    asked = (each for each in node.state.matches.probes.values() if each.querier == member and first <= each.at <= last)
    return max([last, *(arrived for each in asked if (arrived := _arrival(node, each)) is not None)])


def draw_of(node: Node, member: str, first: int, last: int) -> DrawView:
    """Return the draw from the inputs that ``member`` asked about in [first, last], UTC milliseconds."""
    inputs = population(node.state.matches, member, first, last)
    notes = checkpoints_after(node, member, _after(node, member, first, last))
    seeded = len(notes) >= 2 and bool(set(notes) - {node.agreement.origin(member)})
    state: DrawState = "nothing-asked" if not inputs else "to-demand" if seeded else "seed-awaited"
    audit, flaws = next(reversed(made(node, member, last)), None), list[str]()
    if audit is not None and (audit.opened_by is not None or audit.population == named(inputs)):
        late = audit.at + ANSWER < node.clock.now()
        state = "opened" if audit.opened_by is not None else "not-answered" if late else "demanded"
        flaws = [finding.flaw for finding in findings_on(node, audit.audit) or ()]
    return DrawView(
        member=member, first=first, last=last, population=len(inputs), logs=sorted(notes), state=state,
        demanded_at=None if audit is None else audit.at, flaws=flaws,
        picks=[] if audit is None else [(pick.probe, pick.place) for pick in audit.picks],
    )


def audits_due(node: Node) -> Iterator[Draft]:
    """Yield the demand for openings of each overseen member for the last week, where its seed is there and none was."""
    for view in draws(node):
        if view.state == "to-demand":
            after = _after(node, view.member, view.first, view.last)
            notes = list(checkpoints_after(node, view.member, after).values())
            nth = len(made(node, view.member, view.last)) + 1
            with suppress(HamsayaError):
                draft = audit_draft(node, view.member, view.first, view.last, count=OPENINGS,
                                    audit=reference(view.member, view.last, nth), checkpoints=notes)
                if draft is not None:
                    yield draft


def undrawn(node: Node) -> Iterator[tuple[str, int, str]]:
    """Yield (member, when it arrived, why) for each probe of a week for which its sender opened a list without it."""
    state = node.state.matches
    for asking in sorted(state.probes.values(), key=lambda each: (each.at, each.querier, each.probe)):
        first, last = last_week(asking.at + WEEK)
        arrived = _arrival(node, asking) if last < node.clock.now() else None
        if arrived is None or arrived <= last:
            continue
        if any(each.opened_by is not None and each.at < arrived for each in made(node, asking.querier, last)):
            yield asking.querier, arrived, f"{asking.probe}: it came too late for the draw of the week it is dated in"


def _arrival(node: Node, asking: Asking) -> int | None:
    """Return when a probe of a member that this node oversees was taken in here, None for others."""
    if asking.querier not in node.agreement.overseen_by(node.own):
        return None
    rows = node.store.find_journal(asking.message)
    return next((row.at for row in rows if (row.sender, row.role) == (asking.querier, "received")), None)


def _patience(node: Node, audit: Auditing) -> int:
    """Return for how long an audit may stay unopened (rule 5), milliseconds; one that was drawn anew for ever."""
    if audit is not next(reversed(made(node, audit.of, audit.last)), audit):
        return FOREVER
    return STORE_AND_FORWARD if _answered(node, audit) == "other-population" else ANSWER


def _answered(node: Node, audit: Auditing) -> str:
    """Return what the receipt of the audited member says of the demand; "" while there is none."""
    receipt = node.store.receipt(audit.of, audit.message)
    row = next((row for row in node.store.find_journal(audit.message) if row.sender == node.own), None)
    with suppress(PeerError):
        return verify_receipt(node, audit.of, row.statement, receipt).code if row is not None and receipt else ""
    return ""


def unopened(node: Node) -> Iterator[tuple[str, int, str]]:
    """Yield (member, when demanded, why) for each audit of this node not answered in time, or not as committed."""
    for (overseer, ref), audit in sorted(node.state.matches.audits.items()):
        if overseer != node.own:
            continue
        if audit.opened_by is None and audit.at + _patience(node, audit) < node.clock.now():
            yield audit.of, audit.at, f"{ref}: the inputs drawn have not been opened"
        for flaw in {finding.flaw for finding in findings_on(node, ref) or ()}:
            yield audit.of, audit.at, f"{ref}: an input drawn did not open as it was committed to ({flaw})"
