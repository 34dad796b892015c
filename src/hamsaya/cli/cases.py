"""``hamsaya case``: one case at a time, one question to one member, and how each question ends.

Who is told follows from the case, the least that the rules ask for: a question goes to the member asked, its answer
to the asker, a revocation to every holder, opening and closing to the participants. ``--to`` says otherwise.
"""

from __future__ import annotations

from typing import Annotated, Any, get_args

import msgspec
import typer

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY
from hamsaya.cli.command import Session, command, instant, reference
from hamsaya.cli.hotline import register
from hamsaya.cli.match_list import list_line
from hamsaya.cli.output import Table, facts, when
from hamsaya.messages.cases import (
    Acknowledge,
    Act,
    Ask,
    Close,
    CloseOutcome,
    Decline,
    DeclineCode,
    Eligibility,
    Open,
    Purpose,
    Subject,
    SubjectType,
    Urgency,
)
from hamsaya.messages.notices import SealedDate

app = typer.Typer(help="Cases between members: questions, answers, refusals, revocations.", no_args_is_help=True)
register(app)

Case = Annotated[str, typer.Argument(parser=reference, metavar="case", help="The case's reference.")]
RequestRef = Annotated[str, typer.Argument(parser=reference, metavar="request", help="The request's reference.")]
Officer = Annotated[str | None, typer.Option(
    parser=reference, metavar="PSEUDONYM", help="Who does this; the person of --as without it.")]
Desk = Annotated[str, typer.Option(parser=reference, metavar="REF", help="The desk that answers for it.")]
LegalBasis = Annotated[str, typer.Option(parser=reference, metavar="REF", help="The clause or law it rests on.")]
SUBJECT_FORM = "TYPE | LABEL | ELIGIBILITY | GROUND"
SUBJECT_HELP = (f"Whom or what the case names, as {SUBJECT_FORM}; repeat. Types: {', '.join(get_args(SubjectType))}. "
                f"Eligibility: {', '.join(get_args(Eligibility))}. Ground: the listing or the act, by its reference.")


def _case(session: Session, case: str) -> dict[str, Any]:
    view: dict[str, Any] | None = session.call("case", case=case)
    if view is None:
        raise OperatorError(f"this node knows no case {case}; see: hamsaya case list", code="unknown-case")
    return view


def request_view(session: Session, case: str, request: str) -> dict[str, Any]:
    """Return a request as this node knows it; raises OperatorError `unknown-request`."""
    for view in _case(session, case)["requests"]:
        if view["request"]["request"] == request:
            return dict(view["request"])
    raise OperatorError(f"this node knows no request {request} in {case}; see: hamsaya case show {case}",
                        code="unknown-request")


def _own(session: Session) -> str:
    return str(session.call("status")["node"])


def _new_ref(session: Session, case: str, letter: str, taken: set[str]) -> str:
    """Return an unused reference that begins with this node's slug, so that two nodes never choose the same."""
    own = _own(session)
    return next(ref for n in range(1, len(taken) + 2) if (ref := f"{case}/{own}-{letter}{n}") not in taken)


def _subject(text: str) -> Subject:
    parts = [part.strip() for part in text.split("|")]
    if len(parts) != 4:
        raise typer.BadParameter(f"expected {SUBJECT_FORM}, received {len(parts)} parts")
    kind, label, eligibility, ground = parts
    return Subject(type=_one_of(SubjectType, kind), label=label, eligibility=_one_of(Eligibility, eligibility),
                   eligibility_ref=ground)


def _one_of(words: Any, word: str) -> Any:
    """Return ``word`` when it is in a closed list; typer knows none for options that repeat."""
    if word not in get_args(words):
        raise typer.BadParameter(f"expected one of {', '.join(get_args(words))}, received {word[:40]!r}")
    return word


@command(app, "list")
def list_cases(session: Session) -> None:
    """List the cases this node takes part in."""
    views = session.call("cases")
    session.answer(views, Table(
        ("case", "status", "title", "opened by", "participants", "requests", "items", "kept until"),
        [(v["case"]["case"], "frozen" if v["frozen"] else v["case"]["status"], v["case"]["title"], v["case"]["opener"],
          v["case"]["participants"], len(v["requests"]), len(v["items"]), when(v["case"]["retain_until"]))
         for v in views],
    ), list_line(session))


@command(app, "show")
def show(session: Session, case: Case) -> None:
    """Show one case with its requests, their clocks, and its items."""
    view = _case(session, case)
    head = {**view["case"], "subjects": [f"{s['type']} {s['label']} ({s['eligibility']} {s['eligibility_ref']})"
                                         for s in view["case"]["subjects"]]}
    head |= {name: when(head[name]) for name in ("opened_at", "retain_until", "closed_at")}
    requests = [(r["request"]["request"], r["request"]["asker"], r["request"]["asked"], r["request"]["urgency"],
                 r["request"]["declined"] or r["request"]["status"], r["state"], when(r["answer_due"]), r["late"],
                 r["request"]["question"]) for r in view["requests"]]
    items = [(i["item"]["item"], i["item"]["originator"], i["item"]["status"], i["item"]["holders"],
              [*i["words"], *i["beyond"]], when(i["purge_due"]), i["outstanding"], i["item"]["text"] or i["withheld"])
             for i in view["items"]]
    files = [(i["item"]["item"], f["attachment"], f["file"] or f["withheld"], f["type"], f["size"],
              f"{f['held']} of {f['chunks']}") for i in view["items"] for f in i["attachments"]]
    pauses = [(r["request"]["request"], p["pause"], p["reason"], p["text"], when(p["started_at"]),
               when(min((at for at in (p["resumed_at"], p["clarified_at"]) if at is not None), default=None)),
               p["clarification"] or "-") for r in view["requests"] for p in r["request"]["pauses"]]
    named = [s["eligibility_ref"] for s in view["case"]["subjects"] if s["eligibility"] == "unsc-listed"]
    by_list = session.call("listed", references=named) if named else []
    session.answer(
        {**view, "un_list": session.call("list"), "listed": by_list}, facts(**head),
        *([Table(("reference", "on the UN list", "kind", "name", "regime"), [
            (each["reference"], each["listed"], each["kind"], each["name"], each["regime"]) for each in by_list],
            "Named as listed")] if named else []),
        list_line(session),
        Table(("request", "from", "to", "urgency", "state", "clock", "answer due", "late", "question"), requests,
              "Requests"),
        *([Table(("request", "pause", "reason", "text", "from", "until", "clarification"), pauses, "Pauses")]
          if pauses else []),
        Table(("item", "from", "status", "holders", "caveats", "purge due", "not attested", "text"), items, "Items"),
        *([Table(("freeze", "by", "reason", "since"), [(f["freeze"], f["by"], f["reason"], when(f["at"]))
                                                      for f in view["frozen"]], "Frozen")] if view["frozen"] else []),
        *([Table(("item", "file", "name", "type", "bytes", "chunks here"), files, "Files")] if files else []),
    )


@command(app, "inbox")
def inbox(session: Session) -> None:
    """List what this node has still to do, by deadline."""
    tasks = session.call("inbox")
    session.answer(tasks, Table(
        ("due", "clock", "task", "case", "reference", "reminders", "then told"),
        [(when(t["due"]), t["state"], t["task"], t["case"], t["reference"], [when(at) for at in t["reminders"]],
          [f"{rung} {when(at)}" for at, rung in t["escalations"]]) for t in tasks],
    ))


@command(app, "open", "send")
def open_case(
    session: Session,
    case: Case,
    title: Annotated[str, typer.Option()],
    purpose: Annotated[Purpose, typer.Option()],
    act: Annotated[Act, typer.Option(help="The mutually criminalised act.")],
    member: Annotated[list[str], typer.Option("--with", help="Another participant; repeat.")],
    legal_basis: LegalBasis,
    desk: Desk,
    officer: Officer = None,
    retain_days: Annotated[int, typer.Option(min=1, help="Days to keep it, when --retain-until is not given.")] = 365,
    retain_until: Annotated[int | None, typer.Option(parser=instant, metavar="DATE")] = None,
    subject: Annotated[list[str] | None, typer.Option(metavar="SUBJECT", help=SUBJECT_HELP)] = None,
    notice_on: Annotated[int | None, typer.Option(
        parser=instant, metavar="DATE", help="The day on which persons it names are to be told, sealed until then; "
        "without it the last day of the case's time.")] = None,
) -> None:
    """Open a case for one purpose and one criminal act."""
    participants = list(dict.fromkeys([_own(session), *member]))
    until = retain_until if retain_until is not None else session.now() + retain_days * DAY
    subjects = [_subject(text) for text in subject or ()]
    body = Open(title=title, purpose=purpose, act=act, legal_basis=legal_basis, participants=participants, desk=desk,
                officer=session.officer(officer), retain_until=until, subjects=subjects,
                notice=sealed_date(session, case, notice_on))
    session.send(body, participants[1:], case)


def sealed_date(session: Session, case: str, date: int | None) -> SealedDate | None:
    """Return ``date`` sealed by the node; None for none, which the node fills in where a person is named."""
    if date is None:
        return None
    return msgspec.convert(session.call("seal-notice", case=case, date=date), SealedDate)


@command(app, "ask", "send")
def ask(
    session: Session,
    case: Case,
    member: Annotated[str, typer.Argument(help="The participant asked.")],
    question: Annotated[str, typer.Option()],
    desk: Desk,
    officer: Officer = None,
    urgency: Annotated[Urgency, typer.Option(help="Sets the clocks.")] = "routine",
    legal_basis: Annotated[str | None, typer.Option(
        parser=reference, metavar="REF", help="The clause or law asked under; the case's own without it.")] = None,
    continues: Annotated[str | None, typer.Option(
        parser=reference, metavar="REQUEST", help="The request that was handed over to this participant.")] = None,
    request: Annotated[str | None, typer.Option(help="The request's reference; one is made up without it.")] = None,
) -> None:
    """Put one question to one participant."""
    view = _case(session, case)
    if request is None:
        taken = {each["request"]["request"] for each in view["requests"]}
        request = _new_ref(session, case, "q", taken)
    body = Ask(request=request, to=member, question=question, urgency=urgency,
               legal_basis=legal_basis or view["case"]["legal_basis"], desk=desk, officer=session.officer(officer),
               continues=continues)
    session.send(body, [member], case)


@command(app, "acknowledge", "send")
def acknowledge(session: Session, case: Case, request: RequestRef, officer: Officer = None) -> None:
    """Say that a person has taken a request in hand."""
    asker = request_view(session, case, request)["asker"]
    session.send(Acknowledge(request=request, officer=session.officer(officer)), [asker], case)


@command(app, "decline", "send")
def decline(
    session: Session, case: Case, request: RequestRef, code: Annotated[DeclineCode, typer.Option()],
    officer: Officer = None,
) -> None:
    """Refuse a request with a code from the closed list."""
    asker = request_view(session, case, request)["asker"]
    session.send(Decline(request=request, code=code, officer=session.officer(officer)), [asker], case)


@command(app, "close", "send")
def close(
    session: Session, case: Case, outcome: Annotated[CloseOutcome, typer.Option()], officer: Officer = None
) -> None:
    """Close a case that this node opened."""
    participants = _case(session, case)["case"]["participants"]
    session.send(Close(outcome=outcome, officer=session.officer(officer)), participants, case)
