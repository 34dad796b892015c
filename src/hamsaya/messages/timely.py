"""Words that count from their date only where they arrive soon after it: each kind's lifetime, judged at arrival.

A message may be on its way for thirty days, and its date is its sender's word. What stops or starts clocks, and what
claims to have come before an event, would gain by an earlier date; so its date is believed for a day.

What arrives later is not lost, for couriers bring it: a freeze and its end count at the node where they come late from
their arrival on, never back in time, and a warning only where what it warns of has not begun (``came-late``). All three
are shown as late. A day is long enough for a night without a link and for two civil clocks, and short against the terms
that run for days; what was dated back by less moves no more than that day.
"""

from __future__ import annotations

from hamsaya.base.instants import DAY
from hamsaya.messages.event import Event

LIFETIMES = {"oversight.freeze": DAY, "oversight.unfreeze": DAY, "monitor.alert": DAY}
"""How long after its date a message of the kind may arrive and count from it, in milliseconds."""


def heard_late(event: Event) -> int | None:
    """Return when ``event`` arrived here where that was after its lifetime; None for all else, one's own words too."""
    lifetime, arrived = LIFETIMES.get(event.kind), event.arrived_at
    return arrived if lifetime is not None and arrived is not None and arrived > event.issued_at + lifetime else None
