"""``hamsaya case``: the steps of one request between its asking and its end, and what they come to over a period."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from hamsaya.base.errors import OperatorError
from hamsaya.cli.cases import Case, Officer, RequestRef, request_view
from hamsaya.cli.command import Session, command, instant, reference
from hamsaya.cli.output import Table, when
from hamsaya.messages.cases import (
    MAX_SUBJECTS,
    MOST_SUBJECTS,
    Admit,
    Clarify,
    Extend,
    ExtensionReason,
    Extent,
    Pause,
    PauseReason,
    Raise,
    Resume,
    Transfer,
    Withdraw,
)

app = typer.Typer()

PauseRef = Annotated[str | None, typer.Option(
    "--pause", parser=reference, metavar="REF", help="The pause's reference; the one open without it.")]
Why = Annotated[str, typer.Option(help="What is needed, or why it takes longer.")]
Day = Annotated[int | None, typer.Option(parser=instant, metavar="DATE")]


def _asker(session: Session, case: str, request: str) -> list[str]:
    return [request_view(session, case, request)["asker"]]


def _open_pause(session: Session, case: str, request: str, named: str | None, reason: str | None = None) -> str:
    """Return the reference of the pause named, else of the only open one (of that reason)."""
    if named is not None:
        return named
    found = [each["pause"] for each in request_view(session, case, request)["pauses"]
             if each["resumed_at"] is None and each["clarified_at"] is None and reason in (None, each["reason"])]
    if len(found) != 1:
        raise OperatorError(f"expected one open pause of {request}, found {len(found)}; name it with --pause (see: "
                            f"hamsaya case show {case} --json)", code="which-pause")
    return str(found[0])


@command(app, "raise", "send")
def raise_limit(
    session: Session,
    case: Case,
    limit: Annotated[int, typer.Option(min=MAX_SUBJECTS + 1, max=MOST_SUBJECTS, help="How many it may name.")],
    reason: Annotated[str, typer.Option()],
    member: Annotated[list[str], typer.Option("--with", help="Another participant-to-be; repeat.")],
    officer: Officer = None,
    second_officer: Annotated[str | None, typer.Option(
        parser=reference, metavar="PSEUDONYM", help="Another person; that of --and without it.")] = None,
) -> None:
    """Before opening a case: let it name more, decided by two persons; oversight is told."""
    overseers = [peer["member"] for peer in session.call("peers") if peer["role"] == "oversight"]
    body = Raise(limit=limit, reason=reason, officer=session.officer(officer),
                 second_officer=session.officer(second_officer, 1))
    session.send(body, dict.fromkeys([*member, *overseers]), case)


@command(app, "raises")
def raises(session: Session) -> None:
    """List the decisions known here that a case may name more; oversight sees these and no case."""
    found = session.call("case-raises")
    session.answer(found, Table(
        ("at", "case", "by", "limit", "officers", "reason"),
        [(when(each["at"]), each["case"], each["by"], each["limit"], each["officers"], each["reason"])
         for each in found],
    ))


@command(app, "admit", "send")
def admit(
    session: Session, *, case: Case, request: RequestRef, officer: Officer = None,
    extent: Annotated[Extent, typer.Option(help="How much of the question is taken on.")] = "whole",
    elsewhere: Annotated[bool, typer.Option(
        "--elsewhere", help="The answer is not held here and must be sought: an urgent one then has three days.")]
    = False,
) -> None:
    """Take a request on, all of it or a part, and say whether the answer is held here."""
    session.send(Admit(request=request, extent=extent, held_directly=not elsewhere, officer=session.officer(officer)),
                 _asker(session, case, request), case)


@command(app, "pause", "send")
def pause(
    session: Session, *, case: Case, request: RequestRef, reason: Annotated[PauseReason, typer.Option()], text: Why,
    officer: Officer = None, ref: PauseRef = None,
) -> None:
    """Stop the clocks of a request for a reason that the asker sees."""
    view = request_view(session, case, request)
    body = Pause(request=request, pause=ref or f"p{len(view['pauses']) + 1}", reason=reason, text=text,
                 officer=session.officer(officer))
    session.send(body, [view["asker"]], case)


@command(app, "resume", "send")
def resume(session: Session, *, case: Case, request: RequestRef, officer: Officer = None, ref: PauseRef = None) -> None:
    """Let the clocks of a request run again."""
    body = Resume(request=request, pause=_open_pause(session, case, request, ref), officer=session.officer(officer))
    session.send(body, _asker(session, case, request), case)


@command(app, "clarify", "send")
def clarify(
    session: Session, *, case: Case, request: RequestRef,
    text: Annotated[str, typer.Option(help="The answer to what was asked back.")], officer: Officer = None,
    ref: PauseRef = None,
) -> None:
    """Answer a clarification of one's own request; its clocks run again."""
    body = Clarify(request=request, pause=_open_pause(session, case, request, ref, "clarification"), text=text,
                   officer=session.officer(officer))
    session.send(body, [request_view(session, case, request)["asked"]], case)


@command(app, "extend", "send")
def extend(
    session: Session, *, case: Case, request: RequestRef, reason: Annotated[ExtensionReason, typer.Option()], text: Why,
    officer: Officer = None,
) -> None:
    """Take the one extension of a routine request, before it is due."""
    body = Extend(request=request, reason=reason, text=text, officer=session.officer(officer))
    session.send(body, _asker(session, case, request), case)


@command(app, "transfer", "send")
def transfer(
    session: Session, *, case: Case, request: RequestRef,
    member: Annotated[str, typer.Argument(help="The participant that is competent.")], officer: Officer = None,
) -> None:
    """End a request by naming the participant that is competent; the asker puts it there (ask --continues)."""
    session.send(Transfer(request=request, to=member, reason="not-competent", officer=session.officer(officer)),
                 _asker(session, case, request), case)


@command(app, "withdraw", "send")
def withdraw(session: Session, *, case: Case, request: RequestRef, officer: Officer = None) -> None:
    """Take one's own question back."""
    asked = request_view(session, case, request)["asked"]
    session.send(Withdraw(request=request, officer=session.officer(officer)), [asked], case)


@command(app, "table", "json")
def table(session: Session) -> None:
    """Print the published table: which message moves a case, a request or an item from where to where; no node."""
    from hamsaya.node.case_table import case_table

    rows = case_table()
    session.answer(rows, Table(("state", "message", "then", "sent by", "only when it crossed another"),
                               [(row.state, row.message, row.then, row.by, row.crossing) for row in rows]))


@command(app, "figures")
def figures(
    session: Session,
    since: Day = None,
    until: Day = None,
) -> None:
    """Predictability and reciprocity of each pair over a period (the last whole quarter without one)."""
    start, end = last_quarter(session.now())
    since, until = start if since is None else since, end if until is None else until
    found = session.call("case-figures", since=since, until=until)
    shown = [each for each in found if any(each[name] is not None for name in ("requests", *ITEM_SHARES))]
    session.answer(found, Table(
        ("asker", "asked", "requests", "answered", "declined", "unanswered", "in time", "median", "reciprocity",
         "consents in time", "feedback in time", "purges in time"),
        [(each["asker"], each["asked"], each["requests"], each["answered"], each["declined"], each["unanswered"],
          _share(each["ended_in_time"]), _hours(each["response"]["median"]), _ratio(each["reciprocity"]),
          *(_share(each[name]) for name in ITEM_SHARES))
         for each in shown],
    ), f"{len(found) - len(shown)} of {len(found)} pairs have too few requests due in the period to say anything.")


ITEM_SHARES = ("consents_in_time", "feedback_in_time", "purges_in_time")


def last_quarter(now: int) -> tuple[int, int]:
    """Return the first and the last instant (excluded) of the last quarter that is over at ``now``, in UTC."""
    today = datetime.fromtimestamp(now / 1000, UTC)
    end = datetime(today.year, today.month - (today.month - 1) % 3, 1, tzinfo=UTC)
    start = end.replace(month=end.month - 3) if end.month > 3 else end.replace(year=end.year - 1, month=10)
    return int(start.timestamp() * 1000), int(end.timestamp() * 1000)


def _share(share: dict[str, Any] | None) -> str:
    if share is None:
        return "-"
    low, high = f"{share['low']:.0%}", f"{share['high']:.0%}"
    return low if low == high else f"{low} to {high}"


def _hours(milliseconds: int | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds / 3_600_000:.1f} h"


def _ratio(found: dict[str, Any] | None) -> str:
    return "-" if found is None or found["ratio"] is None else f"{found['ratio']:.2f}"
