"""What a node says by the clock: that a step is to be done, is late, was never done, or that others must hear of it.

None of these has words of its own, or names a person: a case, what it is about, a step, an instant, and who owes it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.cases import Urgency
from hamsaya.messages.kinds import Body, Instant, Member, Ref, kind

TimedStep = Literal["acknowledge", "first-answer", "onward-decision", "purge-attest", "feedback"]
Level = Literal["half", "four-fifths", "desk-head", "releasing-authority"]
Nth = Annotated[int, msgspec.Meta(ge=1, le=1000)]


@kind("case.remind")
class Remind(Body, frozen=True):
    """Who waits for a step tells who owes it: time is running out, or has run out and a desk above is to know.

    ``about`` is the request, the item or the consent; ``nth`` counts the times of a step that comes again.
    """

    about: Ref
    step: TimedStep
    nth: Nth
    owes: Member
    level: Level
    due: Instant


@kind("case.escalate")
class Escalate(Body, frozen=True):
    """Who waits tells the joint cell and the oversight body, beside who owes the step, that it is long overdue."""

    about: Ref
    step: TimedStep
    nth: Nth
    owes: Member
    due: Instant
    urgency: Urgency


@kind("case.late")
class Late(Body, frozen=True):
    """The originator records that a holder has not said by then what came of an item, or what became of a recalled one.
    """

    item: Ref
    step: Literal["feedback", "purge-attest"]
    nth: Nth
    owes: Member
    due: Instant


@kind("case.lapse")
class Lapse(Body, frozen=True):
    """Who asked for a consent records that nothing was decided by then: silence is a refusal."""

    consent: Ref
    item: Ref
    due: Instant
