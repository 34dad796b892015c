"""``hamsaya match audit`` and ``hamsaya match audits``: openings that nobody chose, demanded and examined.

    register(group)        # from the module that makes the group ``match``
"""

from __future__ import annotations

from typing import Annotated

import typer

from hamsaya.cli.command import Session, command, instant, reference
from hamsaya.cli.output import Table, when

From = Annotated[int, typer.Option("--from", parser=instant, metavar="DATE", help="The period's first instant.")]
Until = Annotated[int, typer.Option("--until", parser=instant, metavar="DATE", help="Its last, which is past.")]


def register(group: typer.Typer) -> None:
    """Add the commands to the group ``match``."""
    command(group, "audit")(audit)
    command(group, "audits")(audits)


def audit(
    session: Session,
    member: Annotated[str, typer.Argument(help="The member whose probes are opened.")],
    first: From,
    last: Until,
    openings: Annotated[int | None, typer.Option(
        min=1, max=1000, help="Inputs to open; 29 without it, which find misuse of 10 % with 95 % confidence.")] = None,
    ref: Annotated[str | None, typer.Option(parser=reference, help="The audit's reference; one is made up.")] = None,
) -> None:
    """At the oversight body: demand that a member open inputs which checkpoints of several logs draw."""
    sent = session.call("match-audit", of=member, first=first, last=last, openings=openings, audit=ref)
    session.answer(sent, f"an audit of {member} is on its way" if sent else f"{member} asked nothing in that period")


def audits(session: Session) -> None:
    """List audits and, at the oversight body, what the openings showed; an empty finding says all was as committed."""
    found = session.call("match-audits")
    session.answer(
        found,
        Table(("audit", "by", "of", "from", "until", "drawn", "state", "not as committed"), [
            (each["audit"], each["overseer"], each["of"], when(each["first"]), when(each["last"]), each["drawn"],
             each["status"], None if each["findings"] is None else [
                 f"{one['probe']} at {one['place']}: {one['flaw']}" for one in each["findings"]] or "nothing")
            for each in found]),
    )
