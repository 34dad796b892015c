"""Bodies of the hotline: a notice in minutes between members, without a case and without a person's name.

It is for what cannot wait for a question and its clocks: that nobody shoots at the other's patrol by mistake, that an
attack is under way near a border. Areas are grid cells, half a degree wide; there is no field for a position.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.kinds import Body, Ref, kind

NoticeRef = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{1,31}/[A-Za-z0-9][A-Za-z0-9._:-]{0,31}\Z")]
"""A notice's reference: the sender's slug, a slash, and a name of its own choice."""
Subject = Literal[
    "deconfliction", "attack-under-way", "attack-feared", "hostages", "explosives-found", "crossing-closed",
    "people-in-distress", "correction",
]
Pace = Literal["minutes", "quarter-hour", "hour"]
Outcome = Literal["over", "false-alarm", "taken-over"]
Cell = Annotated[int, msgspec.Meta(ge=1, le=259_200)]
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


@kind("hotline.notice")
class Notice(Body, frozen=True):
    """Tell other members at once; each of them acknowledges by the clock of ``pace``.

    ``cells``: PRIO-GRID cells that it concerns, possibly none.
    """

    notice: NoticeRef
    subject: Subject
    pace: Pace
    cells: Annotated[list[Cell], msgspec.Meta(max_length=16)]
    text: Short
    officer: Ref


@kind("hotline.acknowledge")
class AcknowledgeNotice(Body, frozen=True):
    """A person at the told side has read the notice."""

    notice: NoticeRef
    officer: Ref


@kind("hotline.say")
class SayOnHotline(Body, frozen=True):
    """The sender or one of the told adds to it."""

    notice: NoticeRef
    text: Short
    officer: Ref


@kind("hotline.close")
class CloseNotice(Body, frozen=True):
    """The sender closes its notice; what is said afterwards is still heard."""

    notice: NoticeRef
    outcome: Outcome
    officer: Ref
