"""The published table of the cell, as its rules have it: for those who must read it."""

from __future__ import annotations

import msgspec

from hamsaya.cases.rules import CROSSING, ROLES, TRANSITIONS


class TableRowView(msgspec.Struct, frozen=True, kw_only=True):
    """In ``state`` the message leads to ``then``; ``crossing`` ones are only taken, never sent."""

    state: str
    message: str
    then: str
    by: str
    crossing: bool


def case_table() -> list[TableRowView]:
    """Return every row, in the order of the lives of a case, a request and an item."""
    return [TableRowView(state=state, message=kind, then=then, by=ROLES[kind], crossing=(state, kind) in CROSSING)
            for (state, kind), then in TRANSITIONS.items()]
