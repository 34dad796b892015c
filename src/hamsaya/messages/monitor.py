"""Bodies of cooperative monitoring: counts by area and month. No field of any type can hold a person."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.kinds import Body, Hash, Instant, Line, kind

# Two centuries: a picture of ten thousand years would cost every node more than it could ever say.
Month = Annotated[str, msgspec.Meta(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])\Z")]
Gid = Annotated[int, msgspec.Meta(ge=1, le=259_200)]
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]


class Row(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Incidents of one type in one PRIO-GRID cell and month: how many, and deaths best, low and high."""

    gid: Gid
    month: Month
    violence: Annotated[int, msgspec.Meta(ge=1, le=3)]
    incidents: Count
    best: Count
    low: Count
    high: Count


@kind("monitor.report")
class Report(Body, frozen=True):
    """One member's counts for the cells it reports on. A later ``as_of`` replaces what it said of that period."""

    source: Line
    licence: Line
    as_of: Instant
    first: Month
    last: Month
    rows: Annotated[list[Row], msgspec.Meta(max_length=20_000)]


@kind("monitor.picture")
class Picture(Body, frozen=True):
    """The sender's joint picture of a period has this digest; equal digests are equal pictures."""

    first: Month
    last: Month
    digest: Hash
    cells: Count
    coverage: Literal["complete", "partial"]
