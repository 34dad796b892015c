"""The clock of a finding, from the notification to the vote on the benefit; and days as people write them.

    notified -- 15 d reply -- 15 d panel -- 5 d review -- 30 d vote to continue -- the benefit ends, or was voted on

Sixty-five days in all, as in the published snapback procedure, whose last thirty ran from 28 August to 27 September
2025.
Dates are Gregorian and in ASCII digits. A date of another calendar is refused by name, never converted on a guess:
a year between 1300 and 1500 may be a solar or a lunar one, which differ by forty years.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from hamsaya.base.instants import DAY

REPLY_DAYS, PANEL_DAYS, REVIEW_DAYS, VOTE_DAYS = 15, 15, 5, 30
STAGES = (("reply", REPLY_DAYS), ("panel", PANEL_DAYS), ("review", REVIEW_DAYS), ("vote-to-continue", VOTE_DAYS))

_FORM = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_CALENDARS = ((1300, 1500, "the Solar Hijri or the Islamic calendar"), (2400, 2700, "the Buddhist calendar"),
              (5600, 6000, "the Hebrew calendar"))


class Stage(NamedTuple):
    """One stretch of the course: its name, and its end in UTC milliseconds."""

    name: str
    ends: int


def course(notified_at: int) -> list[Stage]:
    """Return when each stage ends if every party takes all of its time."""
    found, at = [], notified_at
    for name, days in STAGES:
        at += days * DAY
        found.append(Stage(name, at))
    return found


def day(text: str) -> int:
    """Return the first UTC millisecond of a Gregorian day written as YYYY-MM-DD.

    Raises:
        ValueError: another form, a day that does not exist, or a year of another calendar; the sentence says which.
    """
    if not text.isascii():
        raise ValueError(f"expected a date in the digits 0 to 9, such as 2026-03-01, received {text[:20]!r}")
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a date such as 2026-03-01, received {text[:20]!r}")
    year, month, number = map(int, match.groups())
    for first, last, name in _CALENDARS:
        if first <= year <= last:
            raise ValueError(f"expected a Gregorian date, received {text}, whose year is one of {name}; convert the "
                             "day and write it as YYYY-MM-DD")
    try:
        return int(datetime(year, month, number, tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        raise ValueError(f"expected a day that exists, received {text}") from None
