"""``hamsaya case oversight`` and ``hamsaya case notice``: what oversight sees and may do, and the notice to persons.

It stands below ``case`` because what it is about is cases: their headers, what is asked and given in them, a freeze of
one, the content of one under a legal act. The log's own proofs stay in ``log``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY
from hamsaya.cli.case_requests import last_quarter
from hamsaya.cli.cases import Case, Officer
from hamsaya.cli.command import Session, command, instant, new_group, reference
from hamsaya.cli.output import Table, facts, when
from hamsaya.messages.kinds import Body, kind_of
from hamsaya.messages.notices import NoticeGiven, NoticePostpone, NoticeWay, PostponeReason
from hamsaya.messages.oversight import Compare, Freeze, FreezeReason, LegalAct, Unfreeze, UnfreezeReason

app = typer.Typer()
oversight = new_group(app, "oversight", "What oversight sees, and what it may do.")
notice = new_group(app, "notice", "The notice that is owed to persons whom a case named.")

MemberOption = Annotated[str | None, typer.Option(metavar="MEMBER", help="One member's log only.")]
FreezeRef = Annotated[str | None, typer.Option(
    "--ref", parser=reference, metavar="REF", help="The freeze's reference; one is made up, or found, without it.")]
Second = Annotated[str | None, typer.Option(
    parser=reference, metavar="PSEUDONYM", help="Another person; that of --and without it.")]
Day = Annotated[int | None, typer.Option(parser=instant, metavar="DATE")]


def _overseers(session: Session) -> list[str]:
    return [peer["member"] for peer in session.call("peers") if peer["role"] == "oversight"]


def _own(session: Session, case: str) -> list[dict[str, Any]]:
    """Return the freezes of a case that this node made."""
    node = session.call("status")["node"]
    return [each for each in session.call("oversight-frozen") if (each["case"], each["by"]) == (case, node)]


def _date(at: int | None) -> str:
    return "-" if at is None else datetime.fromtimestamp(at / 1000, UTC).date().isoformat()


# --- What it sees ----------------------------------------------------------------------------------------------


@command(oversight, "headers")
def headers(
    session: Session, member: MemberOption = None,
    case: Annotated[str | None, typer.Option(parser=reference, metavar="REF", help="One case only.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the latest first.")] = 50,
) -> None:
    """List the headers that members' logs have been opened to: who, to whom, what, when; no content."""
    found = session.call("oversight-headers", member=member, case=case, limit=limit)
    session.answer(found, Table(
        ("log", "leaf", "at", "role", "message", "case", "from", "to", "asked of the sender", "words"),
        [(h["member"], h["index"], when(h["at"]), h["role"] if h["role"] != "refused" else h["code"], h["kind"],
          h["case"], h["sender"], h["recipients"], h["obligations"], h["facts"]) for h in found],
    ))


@command(oversight, "status")
def status(session: Session) -> None:
    """Show how far each member's log has been opened here; at a member, how far its own was reported."""
    told, streams = session.call("oversight-told"), session.call("oversight-streams")
    value = {"told": told, "streams": streams}
    if not streams:
        session.answer(value, facts(**told))
        return
    session.answer(value, Table(
        ("member", "opened", "proven", "cosigned here", "last report", "last leaf", "findings"),
        [(s["member"], s["opened"], s["proven"], s["witnessed"], when(s["told_at"]), when(s["last_at"]), s["findings"])
         for s in streams],
    ))


@command(oversight, "findings")
def findings(session: Session) -> None:
    """List what does not fit together: leaves kept back, logs rewritten, acts in a frozen case, notices not given."""
    found = session.call("oversight-findings")
    session.answer(found, Table(
        ("at", "finding", "logs of", "case", "leaf", "why"),
        [(when(f["at"]), f["code"], f["members"], f["case"], f["index"], f["text"]) for f in found],
    ), "" if found else "Nothing was found.")


@command(oversight, "statistics")
def statistics(
    session: Session, since: Day = None, until: Day = None,
    export: Annotated[bool, typer.Option("--export", help="Leave out small counts, for others.")] = False,
) -> None:
    """Count requests, outcomes, overdue marks and probes by pair and act (the last whole quarter without dates)."""
    start, end = last_quarter(session.now())
    since, until = start if since is None else since, end if until is None else until
    found = session.call("oversight-statistics", since=since, until=until, export=export)
    session.answer(
        found,
        Table(("asker", "asked", "act", "requests", "answered", "declined", "open", "refusals", "overdue", "probes",
               "inputs", "hits"),
              [(p["asker"], p["asked"], p["act"], p["requests"], p["answered"], p["declined"], p["open"],
                {code: n for code, n in p["refusals"].items() if n}, p["overdue"], p["probes"], p["inputs"], p["hits"])
               for p in found["pairs"]], "Pairs"),
        Table(("member", "cases opened", "limits raised", "cases frozen"),
              [(m["member"], m["cases"], m["raised"], m["frozen"]) for m in found["members"]], "Members"),
    )


@command(oversight, "draws")
def draws(session: Session) -> None:
    """Show which committed probes of the last week were drawn for opening, and by which checkpoints."""
    found = session.call("oversight-draws")
    session.answer(found, Table(
        ("member", "from", "to", "asked", "drawn", "logs", "state", "flaws"),
        [(d["member"], _date(d["first"]), _date(d["last"]), d["population"], len(d["picks"]), d["logs"], d["state"],
          d["flaws"])
         for d in found],
    ))


@command(oversight, "again")
def again(
    session: Session, first: Annotated[int, typer.Option("--from", min=0, help="The first leaf.")] = 0
) -> None:
    """At a member: report this node's log again from a leaf on, for an overseer that has lost it."""
    sent = session.call("oversight-again", first=first)
    session.answer(sent, f"{len(sent)} reports sent.")


@command(oversight, "compare", "send")
def compare(
    session: Session,
    overseer: Annotated[str, typer.Argument(help="The other party that oversees.")],
    overseen: Annotated[str, typer.Option(metavar="MEMBER", help="A member that reports here.")],
    other: Annotated[str, typer.Option(metavar="MEMBER", help="One that reports there.")],
    since: Day = None, until: Day = None,
) -> None:
    """Tell another overseer, by digests, what was seen pass between two members."""
    start, end = last_quarter(session.now())
    found = session.call("oversight-comparison", overseen=overseen, other=other,
                         since=start if since is None else since, until=end if until is None else until)
    session.send(msgspec.convert(found, Compare), [overseer])


@command(oversight, "compared")
def compared(session: Session) -> None:
    """List what other overseers told, against what was seen here: what only one of the two has."""
    found = session.call("oversight-compared")
    session.answer(found, Table(
        ("by", "overseen there", "here", "from", "to", "agreed", "only here", "only there"),
        [(c["by"], c["overseen"], c["other"], _date(c["since"]), _date(c["until"]), c["agreed"], len(c["ours_alone"]),
          len(c["theirs_alone"])) for c in found],
    ))


# --- What it may do --------------------------------------------------------------------------------------------


@command(oversight, "frozen")
def frozen(session: Session) -> None:
    """List the freezes known here, with who and why, and their ends."""
    found = session.call("oversight-frozen")
    session.answer(found, Table(
        ("case", "freeze", "by", "reason", "officer", "from", "heard late", "until", "end heard late", "ended because"),
        [(f["case"], f["freeze"], f["by"], f["reason"], f["officer"], when(f["at"]), when(f["heard_at"]),
          when(f["ended_at"]), when(f["end_heard_at"]), f["end_reason"]) for f in found],
    ))


@command(oversight, "freeze", "send")
def freeze(
    session: Session, case: Case, reason: Annotated[FreezeReason, typer.Option(help="Why, from the closed list.")],
    officer: Officer = None, ref: FreezeRef = None,
) -> None:
    """Freeze a case: nothing is asked, given or probed in it at any end, and its clocks stand."""
    taken = {each["freeze"] for each in _own(session, case)}
    found = session.call("oversight-openings", case=case)
    # Where one reference bears several cases, those that are frozen already are left as they are.
    still = [each for each in found if not each["freezes"]] or found[:1]
    said: list[tuple[Body, list[str]]] = []
    for opening in still:
        name = next(name for number in range(1, len(taken) + 2) if (name := f"f{number}") not in taken)
        name = ref if ref is not None and not said else f"{ref}-{len(said) + 1}" if ref is not None else name
        taken.add(name)
        said.append((Freeze(freeze=name, reason=reason, officer=session.officer(officer)), opening["participants"]))
    _send_each(session, said, case)


def _send_each(session: Session, said: list[tuple[Body, list[str]]], case: str) -> None:
    """Send one message for each case that bears the reference: the participants of one learn nothing of the other."""
    if len(said) == 1:
        session.send(*said[0], case)
        return
    sent = [session.submit(kind_of(body), msgspec.to_builtins(body), told, case) for body, told in said]
    session.answer(sent, f"{len(said)} cases bear the reference {case}, each told by itself:",
                   *[f"  to {', '.join(told)}" for _, told in said])


@command(oversight, "unfreeze", "send")
def unfreeze(
    session: Session, case: Case, reason: Annotated[UnfreezeReason, typer.Option(help="Why, from the closed list.")],
    officer: Officer = None, ref: FreezeRef = None,
) -> None:
    """End a freeze of one's own."""
    own = [each for each in _own(session, case) if each["ended_at"] is None]
    found = [each for each in own if ref in (None, each["freeze"])]
    told = {tuple(each["told"]) for each in found}
    if ref is not None and not found:  # Not known here as this node's own: its rules say what they think of it.
        found = [{"freeze": ref, "told": session.call("oversight-participants", case=case)}]
    elif not found or len(told) != len(found):
        raise OperatorError(f"expected one freeze of {case} by this node, found {len(found)}; name it with --ref (see: "
                            "hamsaya case oversight frozen)", code="which-freeze")
    said: list[tuple[Body, list[str]]] = [
        (Unfreeze(freeze=each["freeze"], reason=reason, officer=session.officer(officer)), each["told"])
        for each in found
    ]
    _send_each(session, said, case)


@command(oversight, "act", "send")
def act(
    session: Session, case: Case,
    ref: Annotated[str, typer.Option("--ref", parser=reference, metavar="REF", help="Your own reference of it.")],
    authority: Annotated[str, typer.Option(help="Who ordered it.")],
    law: Annotated[str, typer.Option(help="The order, by its reference.")],
    member: Annotated[list[str], typer.Option("--from", metavar="MEMBER", help="Whose content is asked; repeat.")],
    item: Annotated[list[str] | None, typer.Option(
        parser=reference, metavar="ITEM", help="Of the case only this; repeat. All of it without one.")] = None,
    days: Annotated[int, typer.Option(min=1, max=90, help="How long it holds.")] = 30,
    officer: Officer = None, second_officer: Second = None,
) -> None:
    """Ask for the content of a case under a legal act, signed by two persons; the members' nodes release it."""
    body = LegalAct(act=ref, authority=authority, law=law, items=item or [], until=session.now() + days * DAY,
                    officer=session.officer(officer), second_officer=session.officer(second_officer, 1))
    session.send(body, member, case)


@command(oversight, "acts")
def acts(session: Session) -> None:
    """List the legal acts known here, and who has still to release something."""
    found = session.call("oversight-acts")
    session.answer(found, Table(
        ("act", "case", "items", "authority", "order", "from", "until", "over", "waiting for"),
        [(a["act"]["act"], a["act"]["case"], a["act"]["items"] or "all", a["act"]["authority"], a["act"]["law"],
          a["act"]["to"], when(a["act"]["until"]), a["over"], a["waiting_for"]) for a in found],
    ))


@command(oversight, "contents")
def contents(
    session: Session, ref: Annotated[str, typer.Argument(parser=reference, metavar="act", help="The act's reference.")]
) -> None:
    """Show what was released under a legal act of this node's own, while it holds."""
    found = session.call("oversight-contents", act=ref)
    session.answer(found, Table(
        ("released by", "said by", "message", "content"),
        [(c["member"], c["sender"], c["kind"], c["body"]) for c in found],
    ))


# --- The notice to persons -------------------------------------------------------------------------------------


@command(notice, "list")
def list_notices(session: Session) -> None:
    """List the notices that cases owe: sealed, waiting, due, given; those due first."""
    found = session.call("notices")
    session.answer(found, Table(
        ("case", "opener", "state", "due", "late", "put off", "given", "by which way"),
        [(n["notice"]["case"], n["notice"]["opener"], n["state"], _date(n["due"]), n["late"],
          [f"{p['reason']} until {_date(p['until'])}" for p in n["notice"]["postponed"]], when(n["notice"]["given_at"]),
          n["notice"]["way"]) for n in found],
    ))


@command(notice, "postpone", "send")
def postpone(
    session: Session, case: Case, until: Annotated[int, typer.Option(parser=instant, metavar="DATE")],
    reason: Annotated[PostponeReason, typer.Option(help="Why, from the closed list.")], officer: Officer = None,
    second_officer: Second = None,
) -> None:
    """Put a notice off by two persons; participants and oversight are told."""
    body = NoticePostpone(until=until, reason=reason, officer=session.officer(officer),
                          second_officer=session.officer(second_officer, 1))
    session.send(body, _told(session, case), case)


@command(notice, "given", "send")
def given(
    session: Session, case: Case, way: Annotated[NoticeWay, typer.Option(help="How it was given.")],
    officer: Officer = None,
) -> None:
    """Say that the persons a case named have been told; to whom and in what words is not said."""
    session.send(NoticeGiven(way=way, officer=session.officer(officer)), _told(session, case), case)


def _told(session: Session, case: str) -> list[str]:
    named: list[Any] = session.call("oversight-participants", case=case)
    return list(dict.fromkeys([*named, *_overseers(session)]))
