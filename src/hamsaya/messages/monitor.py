"""Bodies of cooperative monitoring: counts and coverage by area and month. No field of any type can hold a person."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.kinds import Body, Hash, Instant, Line, kind

# Two centuries: a picture of ten thousand years would cost every node more than it could ever say.
Month = Annotated[str, msgspec.Meta(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])\Z")]
Gid = Annotated[int, msgspec.Meta(ge=1, le=259_200)]
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]


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


class CoverRow(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Of the events in one cell, the share that the sender says it comes to know, in per cent."""

    gid: Gid
    percent: Percent


@kind("monitor.coverage")
class Coverage(Body, frozen=True):
    """What the sender says it covers of its own cells over a period. A later ``as_of`` replaces what it said of it.

    A declaration is a claim like any other: it is shown beside what merged reports measure, and neither overrules
    the other.
    """

    as_of: Instant
    first: Month
    last: Month
    rows: Annotated[list[CoverRow], msgspec.Meta(max_length=20_000)]


@kind("monitor.contest")
class Dispute(Body, frozen=True):
    """The sender contests the figure of its own coverage of one cell; the figure and the contest stay side by side.

    ``low`` to ``high`` is the figure contested, ``own`` what the sender puts against it, all in per cent. The ground
    is a word of a closed list: there is no room for names.
    """

    as_of: Instant
    gid: Gid
    first: Month
    last: Month
    low: Percent
    high: Percent
    own: Percent
    ground: Literal["reports-missing", "merged-wrongly", "no-access", "not-this-cell", "other-period"]
