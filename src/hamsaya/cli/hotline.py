"""``hamsaya case hotline``: a notice in minutes to other members, without a case, and who has read it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hamsaya.base.errors import OperatorError
from hamsaya.cli.command import Session, command, new_group, reference
from hamsaya.cli.output import Table, facts, when
from hamsaya.messages.hotline import AcknowledgeNotice, CloseNotice, Notice, Outcome, Pace, SayOnHotline, Subject

Ref = Annotated[str, typer.Argument(parser=reference, metavar="notice", help="The notice, such as MEMBER/1.")]
Officer = Annotated[str | None, typer.Option(
    parser=reference, metavar="PSEUDONYM", help="Who does this; the person of --as without it.")]


def register(group: typer.Typer) -> None:
    """Add the group ``hotline`` to the group ``case``."""
    hotline = new_group(group, "hotline", "Notices in minutes between members, without a case.")
    command(hotline, "list")(list_notices)
    command(hotline, "show")(show)
    command(hotline, "notice", "send")(notice)
    command(hotline, "acknowledge", "send")(acknowledge)
    command(hotline, "say", "send")(say)
    command(hotline, "close", "send")(close)


def list_notices(session: Session) -> None:
    """List notices, the open ones first: by when who was to read them, and who is late."""
    found = session.call("hotline")
    session.answer(found, Table(
        ("notice", "subject", "from", "read by", "waiting for", "late", "due", "closed"),
        [(n["notice"], n["subject"], n["sender"], list(n["acknowledged"]), n["waiting_for"], n["late"], when(n["due"]),
          n["outcome"] or "-") for n in found],
    ))


def show(session: Session, notice: Ref) -> None:
    """Show one notice and all that was said about it."""
    found = _notice(session, notice)
    session.answer(
        found,
        facts(notice=found["notice"], subject=found["subject"], sender=found["sender"], told=found["told"],
              cells=found["cells"], said=when(found["at"]), due=when(found["due"]), late=found["late"],
              closed=found["outcome"] or "-"),
        found["text"],
        Table(("when", "who", "said"), [(when(at), who, text) for at, who, text in found["words"]]),
    )


def notice(
    session: Session,
    subject: Annotated[Subject, typer.Argument(help="What it is about.")],
    text: Annotated[str, typer.Option(help="What the others must know, in a few words.")],
    officer: Officer = None,
    pace: Annotated[Pace, typer.Option(help="By when it is to be read: 5, 15 or 60 minutes.")] = "minutes",
    cell: Annotated[list[int] | None, typer.Option(min=1, help="A PRIO-GRID cell that it concerns; repeat.")] = None,
    ref: Annotated[str | None, typer.Option(help="Its name after your own slug; one is made up without it.")] = None,
) -> None:
    """Give notice to every member that may be told, or to those named with --to."""
    own = session.call("status")["node"]
    taken = {found["notice"] for found in session.call("hotline")}
    name = ref or next(str(n) for n in range(1, len(taken) + 2) if f"{own}/{n}" not in taken)
    session.send(Notice(notice=f"{own}/{name}", subject=subject, pace=pace, cells=cell or [], text=text,
                        officer=session.officer(officer)), ["all"])


def acknowledge(session: Session, notice: Ref, officer: Officer = None) -> None:
    """Say that a person here has read a notice."""
    session.send(AcknowledgeNotice(notice=notice, officer=session.officer(officer)), _others(session, notice))


def say(session: Session, notice: Ref, text: Annotated[str, typer.Option()], officer: Officer = None) -> None:
    """Add something to a notice, for its sender and all who were told."""
    body = SayOnHotline(notice=notice, text=text, officer=session.officer(officer))
    session.send(body, _others(session, notice))


def close(
    session: Session, notice: Ref, outcome: Annotated[Outcome, typer.Option()], officer: Officer = None
) -> None:
    """Close a notice of this party."""
    body = CloseNotice(notice=notice, outcome=outcome, officer=session.officer(officer))
    session.send(body, _others(session, notice))


def _notice(session: Session, notice: str) -> dict[str, Any]:
    for found in session.call("hotline"):
        if found["notice"] == notice:
            view: dict[str, Any] = found
            return view
    raise OperatorError(f"this node knows no notice {notice}; see: hamsaya case hotline list", code="unknown-notice")


def _others(session: Session, notice: str) -> list[str]:
    found, own = _notice(session, notice), session.call("status")["node"]
    return [member for member in [found["sender"], *found["told"]] if member != own]
