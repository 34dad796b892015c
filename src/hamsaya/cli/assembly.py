"""``hamsaya charter``, deciding together: who stands where, what is proposed, votes, and who acts for a party.

Who may record a vote is a depositary of the charter; its node does so by itself. ``charter proposals`` says who is
waited for. Messages go to every party that a clause lets be told; ``--to`` says otherwise.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from hamsaya.base.errors import HamsayaError, OperatorError, PeerError
from hamsaya.cli.command import Session, command, read_toml, reference
from hamsaya.cli.output import Block, Table, facts, remark, when
from hamsaya.messages.charter import (
    Act,
    Amend,
    CastVote,
    Choice,
    Competent,
    CompetentBody,
    Propose,
    Resolve,
    Retract,
    SetStanding,
    Standing,
)
from hamsaya.messages.kinds import Body, body_from_plain, kind_of

app = typer.Typer()

ALL = ["all"]
ProposalArg = Annotated[str, typer.Argument(parser=reference, metavar="REF", help="The proposal, such as ava/1.")]
BODY_FORM = "INSTRUMENT=NAME=DESK"
NEXT_STEPS = {
    "unknown-class": "; the classes are listed by: hamsaya charter report",
    "not-conferred": "; what each class may confer is said by: hamsaya charter report",
    "concerned": "; say with --concerned whom it is about, and with --participants who takes part",
    "bad-amendment": "; its head must say supersedes = the revision that hamsaya charter show names",
}
"""What to do about a proposal that was refused, by the code of the refusal."""


def say(session: Session, body: Body) -> None:
    """Send ``body`` to everybody once it fits its form, so that a word too long is told before the node is asked."""
    plain = msgspec.to_builtins(body)
    body_from_plain(kind_of(body), plain)
    session.answer_sent(session.submit(kind_of(body), plain, ALL))


@command(app, "standings")
def standings(session: Session) -> None:
    """Show where every party stands: in general, under single instruments, cut links, notices of withdrawal."""
    views = session.call("standings")
    epoch = views[0]["epoch"] if views else 0
    session.answer(
        views,
        Table(("party", "role", "kind", "standing", "elsewhere", "link cut with", "leaves", "signed"),
              [(v["member"], v["role"], v["kind"], _standing(v), v["under"], v["cut_with"],
                {name: when(at) for name, at in v["leaves"].items()}, f"{len(v['signed'])} instruments")
               for v in views]),
        f"Membership epoch {epoch}: that many decisions on standings are in effect.",
    )


def _standing(view: dict[str, Any]) -> str:
    clauses = ", ".join(view["clauses"])
    return f"{view['standing']} ({clauses})" if clauses else str(view["standing"])


@command(app, "competent", "send")
def competent(
    session: Session,
    file: Annotated[Path | None, typer.Option(
        "--set", exists=True, dir_okay=False, metavar="FILE.toml",
        help="Name this party's bodies from a file whose tables \\[\\[bodies]] each have instrument, "
             "name and desk.")] = None,
    body: Annotated[list[str] | None, typer.Option(
        metavar=BODY_FORM, help="Name a body here instead; repeat. A new list takes the place of the earlier one.",
    )] = None,
) -> None:
    """List the competent bodies of every party, and who still has to name them; or name this party's own."""
    if file is not None and body:
        raise typer.BadParameter("expected --set or --body, not both")
    if file is not None:
        try:
            named = body_from_plain("charter.competent", read_toml(file))
        except PeerError as error:
            raise OperatorError(f"{file}: expected tables [[bodies]], each with instrument, name and desk: {error}",
                                code=error.code) from None
    elif body:
        named = Competent(bodies=[_body(text) for text in body])
    else:
        _list_competent(session)
        return
    say(session, named)


def _body(text: str) -> CompetentBody:
    parts = [part.strip() for part in text.split("=")]
    if len(parts) != 3 or not all(parts):
        raise typer.BadParameter(f"expected {BODY_FORM}, received {text[:40]!r}")
    return CompetentBody(instrument=parts[0], name=parts[1], desk=parts[2])


def _list_competent(session: Session) -> None:
    views = session.call("competent")
    session.answer(views, Table(
        ("party", "instrument", "body", "desk", "named", "to be named by"),
        [row for v in views for row in _competent_rows(v)],
    ))


def _competent_rows(view: dict[str, Any]) -> list[tuple[object, ...]]:
    due = f"{when(view['due'])}{' (overdue)' if view['overdue'] else ''}" if view["due"] is not None else "-"
    if not view["bodies"]:
        return [(view["member"], "-", "-", "-", "-", due)]
    return [(view["member"], b["instrument"], b["name"], b["desk"], when(view["named_at"]), "-")
            for b in view["bodies"]]


# --- proposals -------------------------------------------------------------------------------------------


@command(app, "proposals")
def proposals(session: Session) -> None:
    """List what has been proposed: how far each has come, who is waited for, when time alone changes it."""
    views = session.call("decisions")
    session.answer(views, Table(
        ("proposal", "class", "title", "status", "concerned", "votes", "waits for", "changes by itself", "in effect"),
        [(v["proposal"], v["decision"], v["title"], v["status"], v["concerned"], _tally(v), waits_for(v),
          when(v["next_at"]), when(v["effective_at"])) for v in views],
    ))


def _tally(view: dict[str, Any]) -> dict[str, int]:
    choices = [vote["choice"] for vote in view["votes"]]
    return {choice: choices.count(choice) for choice in ("yes", "no", "abstain") if choice in choices}


def waits_for(view: dict[str, Any]) -> str:
    """Return in words whose act a proposal waits for."""
    names = ", ".join(view["waits_for"])
    match view["status"]:
        case "to-record":
            return f"a record by {names}" if names else "a record; the charter names no depositary"
        case "open":
            return f"votes of {names}" if names else "time alone"
        case "queued":
            return "its effect"
    return "-"


@command(app, "proposal")
def proposal(session: Session, ref: ProposalArg) -> None:
    """Show one proposal whole: what it does, its rule, every vote and whether it was counted, records, effect."""
    view = find(session, ref)
    blocks: list[Block] = [facts(
        proposal=view["proposal"], title=view["title"], by=view["by"], proposed=when(view["proposed_at"]),
        class_of_decisions=f"{view['decision']}: {view['class_title']}", rule=view["rule"], does=_does(view),
        concerned=view["concerned"], participants=view["participants"], appeals=view["against"],
        status=view["status"], waits_for=waits_for(view), changes_by_itself=when(view["next_at"]),
        lapses=when(view["expires_at"]), in_effect=when(view["effective_at"]), subject=view["subject"],
    )]
    blocks += [f"  {reason}" for reason in view["reasons"]]
    blocks.append(Table(("member", "vote", "at", "counted", "reason"),
                        [(v["member"], v["choice"], when(v["at"]), v["counted"], v["reason"]) for v in view["votes"]],
                        "Votes"))
    if view["records"]:
        blocks.append(Table(
            ("record by", "verdict", "opened", "closed", "in effect", "epoch", "counted", "void"),
            [(r["by"], r["verdict"], when(r["opened_at"]), when(r["closed_at"]), when(r["effective_at"]), r["epoch"],
              r["counted"], r["void"]) for r in view["records"]], "Records"))
    session.answer(view, *blocks, *_next_steps(session, view))


def _does(view: dict[str, Any]) -> str:
    act = view["act"]
    match act["type"]:
        case "standing":
            clauses = f" for {', '.join(act['clauses'])}" if act["clauses"] else ""
            return f"{act['member']} becomes {act['standing']} under {act['instrument'] or 'every instrument'}{clauses}"
        case "amend":
            text = view["amendment"]
            return f"puts \"{text['title']}\" of {text['dated']} in effect, revision {text['revision']}"
    return f"decides on {act['ground']}"


def _next_steps(session: Session, view: dict[str, Any]) -> list[str]:
    if view["status"] == "open" and session.call("status")["node"] in view["waits_for"]:
        return [f"This party has not voted: hamsaya charter vote {view['proposal']} yes|no|abstain"]
    if view["appeal"] and view["status"] in ("queued", "in-effect", "blocked"):
        return [f"The member concerned or the proposer may appeal: hamsaya charter propose {view['appeal']} "
                f"--against {view['proposal']} --title …"]
    return []


def find(session: Session, ref: str) -> dict[str, Any]:
    """Return one proposal; raises OperatorError ``unknown-proposal`` with the next step."""
    view = session.call("decision", proposal=ref) if "/" in ref else None
    if view is None:
        raise OperatorError(f"this node knows no proposal {ref}; see: hamsaya charter proposals",
                            code="unknown-proposal")
    return dict(view)


@command(app, "propose", "send")
def propose(
    session: Session,
    decision: Annotated[str, typer.Argument(
        parser=reference, metavar="CLASS", help="The class of decisions; hamsaya charter report lists them.")],
    title: Annotated[str, typer.Option(help="The question, in one line.")],
    standing: Annotated[Standing | None, typer.Option(help="Give --member this standing.")] = None,
    member: Annotated[str | None, typer.Option(help="Whose standing.")] = None,
    instrument: Annotated[str | None, typer.Option(help="Under which instrument; without it under all.")] = None,
    clauses: Annotated[list[str] | None, typer.Option(help="Of a partial standing the clauses; repeat.")] = None,
    amend: Annotated[str | None, typer.Option(
        metavar="CHARTER", help="Amend: this text (a version's folder, a charter.toml, a version of the built-in pack) "
                                "takes the place of the one in effect.")] = None,
    ground: Annotated[str | None, typer.Option(help="Decide on this: a finding, a tranche, a budget, a visit.")] = None,
    concerned: Annotated[str | None, typer.Option(help="Whom it is about; for a standing it is --member.")] = None,
    participants: Annotated[list[str] | None, typer.Option(help="Who takes part, where the rule asks; repeat.")] = None,
    against: Annotated[str | None, typer.Option(
        parser=reference, metavar="REF", help="The proposal that this appeals; its act is taken over.")] = None,
    ref: Annotated[str | None, typer.Option(help="A name of one's own choice; else the date and a number.")] = None,
) -> None:
    """Put a question to the members: a standing, an amendment of the charter, or a decision that others rest on."""
    earlier = find(session, against) if against is not None else None
    act = _act(session, earlier, standing, member, instrument, clauses or [], amend, ground)
    about = concerned or (act.member if isinstance(act, SetStanding) else (earlier or {}).get("concerned"))
    own = str(session.call("status")["node"])
    name = f"{own}/{ref.removeprefix(f'{own}/')}" if ref is not None else _new_ref(session, own)
    question = Propose(
        proposal=name, decision=decision, title=title, act=act, concerned=about, against=against,
        participants=participants or (earlier["participants"] if earlier else []),
    )
    try:
        say(session, question)
    except HamsayaError as error:
        raise OperatorError(f"{error}{NEXT_STEPS.get(error.code, '')}", code=error.code) from None
    if not session.dry_run and not session.as_json:
        remark(f"proposal {name}; how far it comes: hamsaya charter proposal {name}\nYour own vote is no part of it: "
               f"hamsaya charter vote {name} yes")


def _act(
    session: Session, earlier: dict[str, Any] | None, standing: Standing | None, member: str | None,
    instrument: str | None, clauses: list[str], amend: str | None, ground: str | None,
) -> Act:
    """Return what is proposed: exactly one of a standing, an amendment and a ground, or what is appealed."""
    asked = [each for each in (standing, amend, ground) if each is not None]
    if not asked and earlier is not None and earlier["act"]["type"] != "amend":
        taken: Act = msgspec.convert(earlier["act"], Act)
        return taken
    if len(asked) != 1:
        raise typer.BadParameter("expected exactly one of --standing, --amend and --ground")
    if (standing is None) != (member is None) or (standing is None and (instrument or clauses)):
        raise typer.BadParameter("expected --standing with --member, and --instrument and --clauses only with them")
    if standing is not None and member is not None:
        return SetStanding(member=member, standing=standing, instrument=instrument, clauses=clauses)
    if ground is not None:
        return Resolve(ground=ground)
    assert amend is not None
    return Amend(document=_amendment(session, amend))


def _amendment(session: Session, name: str) -> bytes:
    """Return the text ``name`` as an amendment carries it; what is wrong with it is said, and errors refuse."""
    from hamsaya.node.amending import amendment_named

    found = amendment_named(name, session.call("documents")["charter"])
    if not session.as_json:
        for problem in found.problems:
            remark(f"{problem.severity}: {problem.ref}: {problem.sentence} [{problem.code}]")
    errors = [problem for problem in found.problems if problem.severity == "error"]
    if errors:
        raise PeerError(f"{name}: {errors[0].ref}: {errors[0].sentence} [{errors[0].code}]; {len(errors)} in all, see: "
                        f"hamsaya charter check {name}", code="bad-amendment")
    if not session.as_json:
        remark(f"revision {found.revision}, in place of {found.supersedes}")
    return found.document


def _new_ref(session: Session, own: str) -> str:
    """Return an unused reference of this party: the day in UTC and a number."""
    day = when(session.now())[:10]
    taken = {view["proposal"] for view in session.call("proposals")}
    return next(name for n in range(1, len(taken) + 2) if (name := f"{own}/{day}-{n}") not in taken)


@command(app, "vote", "send")
def vote(
    session: Session,
    ref: ProposalArg,
    choice: Annotated[Choice, typer.Argument(help="A no also breaks a silence; an abstention blocks nothing.")],
    reason: Annotated[str, typer.Option(help="Why, in at most 200 characters.")] = "",
) -> None:
    """Cast this party's one vote, on exactly the text of the proposal known here."""
    view = find(session, ref)
    say(session, CastVote(proposal=ref, subject=bytes.fromhex(view["subject"]), choice=choice, reason=reason))
    if view["records"] and not session.as_json:
        remark(f"This proposal is recorded already ({view['status']}): the vote is kept, and not counted.")


@command(app, "retract", "send")
def retract(session: Session, ref: ProposalArg) -> None:
    """Take one's own proposal back, as long as nothing is recorded."""
    find(session, ref)
    say(session, Retract(proposal=ref))
