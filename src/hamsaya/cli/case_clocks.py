"""``hamsaya case clocks`` and ``escalations``: who waits for what, until when, and who was told that it is late."""

from __future__ import annotations

from typing import Annotated

import typer

from hamsaya.cli.command import Session, command, reference
from hamsaya.cli.output import Table, when

app = typer.Typer()


@command(app, "clocks")
def clocks(
    session: Session,
    case: Annotated[str | None, typer.Option(parser=reference, metavar="CASE", help="Of one case; of all without it.")]
    = None,
) -> None:
    """List every step that this node waits for or owes and that is not done, with the reminders that were sent."""
    views = session.call("clocks", case=case)
    session.answer(views, Table(
        ("due", "clock", "step", "time", "case", "about", "owes", "waits", "said", "recorded as late"),
        [(when(v["status"]["due"]), v["status"]["state"], v["step"], v["nth"], v["case"], v["about"], v["owes"],
          v["waits"], [f"{level} {when(at)}" for level, at in v["said"].items()], when(v["recorded"])) for v in views],
    ))


@command(app, "escalations")
def escalations(session: Session) -> None:
    """List the steps long overdue of which this node was told, as the joint cell and the oversight body see them."""
    views = session.call("escalations")
    session.answer(views, Table(
        ("told", "case", "about", "step", "time", "urgency", "owed by", "waited for by", "was due"),
        [(when(v["at"]), v["case"], v["about"], v["step"], v["nth"], v["urgency"], v["owes"], v["waits"],
          when(v["due"])) for v in views],
    ))
