"""May this item leave: by two persons, to somebody, under caveats that let those receive it, locked where they ask.

Rules, in the order in which they are applied
1. it carries its text: in clear under D0 and D1, locked under D2 and D3             else ``no-text``, ``not-locked``
2. its reference is free                                                             else ``already-exists``
3. one person prepared it and another released it                                    else ``two-persons``
4. every participant that receives it is in its audience and in no barred state; what is told to observers is the
   charter's business, and no caveat hides an item from oversight      else ``outside-audience``, ``not-to-state``
5. it is released before the day on which it is to be deleted                        else ``past-deletion``
6. what it supersedes answered the same request                                      else ``wrong-request``

An audience of nobody cannot be written: the schema refuses it. What the item was made of is judged in ``onward``.
"""

from __future__ import annotations

from collections.abc import Iterator

from hamsaya.base.decision import Decision, refuse
from hamsaya.base.instants import to_text
from hamsaya.cases.matter import Matter
from hamsaya.cases.types import CasesState
from hamsaya.messages.cases import Answer
from hamsaya.messages.caveats import LOCKED
from hamsaya.messages.event import Event


def refusals(state: CasesState, event: Event, body: Answer, matter: Matter) -> Iterator[Decision]:
    """Yield every rule that stands against releasing the item of ``body``."""
    # 1. The text.
    if body.text is None and body.locked is None:
        yield refuse("no-text", "cases:answer", "an answer carries its item; only a deleted one lacks it")
    if (body.caveats.disclosure in LOCKED) != (body.locked is not None) or (body.text and body.locked):
        yield refuse("not-locked", "cases:answer", "what is D2 or D3 is sent locked, and nothing else is")
    # 2. and 3.
    if (event.case or "", body.item) in state.items:
        yield refuse("already-exists", "cases:answer", "the item's reference is taken")
    if body.prepared_by == body.released_by:
        yield refuse("two-persons", "cases:answer", "one person prepares an item and another releases it")
    # 4.
    for member in sorted(set(event.recipients) & matter.participants):
        if not body.caveats.audience.reaches(member):
            yield refuse("outside-audience", "cases:audience", f"nobody at {member} is in its audience")
        if member in body.caveats.barred:
            yield refuse("not-to-state", "cases:audience", f"it must not go to {member}")
    # 5.
    if body.caveats.delete_by is not None and event.issued_at >= body.caveats.delete_by:
        text = f"it was to be deleted by {to_text(body.caveats.delete_by)}"
        yield refuse("past-deletion", "cases:answer", text)
    # 6.
    if matter.item is not None and matter.item.request != body.request:
        yield refuse("wrong-request", "cases:answer", "what it supersedes answered another request")
