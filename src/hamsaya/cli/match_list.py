"""``hamsaya match list``: the UN Security Council's list at this node, and the line that says its date.

    register(group)        # from the module that makes the group ``match``
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any

import typer

from hamsaya.cli.command import Session, command, new_group
from hamsaya.cli.output import Table, facts, when


def register(group: typer.Typer) -> None:
    """Add the group ``list`` to the group ``match``."""
    listed = new_group(group, "list", "The UN Security Council's consolidated list, as this node holds it.")
    command(listed, "load")(load)
    command(listed, "show")(show)


def load(
    session: Session,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The list's XML, packed or not.")],
) -> None:
    """Load the list; the whole of it or nothing, and never an older one over a later one."""
    view = session.call("list-load", content=base64.b64encode(file.read_bytes()).decode())
    session.answer(view, facts(**_shown(view)), said(view))


def show(
    session: Session,
    reference: Annotated[list[str] | None, typer.Argument(help="Permanent reference numbers, such as QDi.001.")] = None,
) -> None:
    """Show the list's date and size, and how references stand by it; a name makes nobody eligible."""
    view, found = session.call("list"), session.call("listed", references=reference or [])
    session.answer(
        {**view, "references": found}, facts(**_shown(view)),
        *([Table(("reference", "listed", "kind", "name", "regime", "listed on"), [
            (each["reference"], each["listed"], each["kind"], each["name"], each["regime"], each["listed_on"])
            for each in found])] if found else []),
        said(view),
    )


def _shown(view: dict[str, Any]) -> dict[str, object]:
    return {**view, "as_of": when(view["as_of"]), "loaded_at": when(view["loaded_at"]), "digest": view["digest"][:16]}


def said(view: dict[str, Any]) -> str:
    """Return the line that goes wherever something of the list is shown: its date, and whether it is stale."""
    if view["as_of"] is None:
        return "No UN list is loaded: hamsaya match list load FILE.xml"
    stale = f"; STALE, {view['age_days']} days old: load the current one" if view["stale"] else ""
    return f"UN list of {when(view['as_of'])}{stale}"


def list_line(session: Session) -> str:
    """Return ``said`` of the node's list."""
    return said(session.call("list"))
