"""``hamsaya charter``, what one party says of its own obligations: reservations, withdrawal, links, and winding down.

A reservation is made no later than one's signature; a notice of withdrawal runs before it takes effect; a cut link
is cut at once. Messages go to every party that a clause lets be told; ``--to`` says otherwise.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import typer

from hamsaya.base.errors import OperatorError
from hamsaya.cli.assembly import say
from hamsaya.cli.command import Session, command, reference
from hamsaya.cli.output import Block, Table, when
from hamsaya.messages.cases import Revoke
from hamsaya.messages.charter import Cut, CutReason, React, Reserve, Stance, Withdraw
from hamsaya.messages.kinds import kind_of

app = typer.Typer()

ClauseArg = Annotated[str, typer.Argument(
    parser=reference, metavar="INSTRUMENT:CLAUSE", help="The clause, such as case-exchange:CX.3.")]
MemberArg = Annotated[str, typer.Argument(metavar="MEMBER", help="Another party.")]
Answer = Literal["accept", "object", "object-excluding"]
STANCES: dict[Answer, Stance] = {
    "accept": "accepted", "object": "objected", "object-excluding": "objected-excluding"}
MOST_ROWS = 100_000


def _parts(clause: str) -> tuple[str, str]:
    instrument, colon, name = clause.partition(":")
    if not (instrument and colon and name):
        raise typer.BadParameter(f"expected INSTRUMENT:CLAUSE, received {clause[:40]!r}")
    return instrument, name


@command(app, "reservations")
def reservations(session: Session) -> None:
    """List the reservations, the answers to them, and what each leaves between this party and every other."""
    views, between = session.call("reservations"), session.call("relations")
    if not views and not session.as_json:
        session.answer(None, "Nobody has reserved a clause.")
        return
    session.answer(
        {"reservations": views, "relations": between},
        Table(("by", "clause", "kinds", "only under", "since", "withdrawn", "answers", "text"),
              [(v["member"], f"{v['instrument']}:{v['clause']}", v["excludes"] or "all", v["obligations"],
                when(v["at"]), v["withdrawn"], v["answers"], v["text"]) for v in views], "Reservations"),
        Table(("with", "clause", "reserved by", "effect", "until", "in words"),
              [(r["other"], f"{r['instrument']}:{r['clause']}", r["reserved_by"], r["effect"], when(r["until"]),
                r["sentence"]) for r in between], "Between this party and"),
    )


@command(app, "reserve", "send")
def reserve(
    session: Session,
    clause: ClauseArg,
    text: Annotated[str, typer.Option(help="The reservation in one line.")],
    exclude: Annotated[list[str] | None, typer.Option(
        metavar="KIND", help="A message kind it is limited to; repeat. Without one: all of the clause.")] = None,
    obligation: Annotated[list[str] | None, typer.Option(
        metavar="NAME", help="The clause is accepted only under this obligation; repeat.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take an earlier reservation back.")] = False,
) -> None:
    """Reserve a clause, or with --withdraw take the reservation back; the others have twelve months to answer."""
    instrument, name = _parts(clause)
    say(session, Reserve(instrument=instrument, clause=name, excludes=exclude or [], obligations=obligation or [],
                         text=text, withdrawn=withdraw))


@command(app, "react", "send")
def react(
    session: Session,
    member: Annotated[str, typer.Argument(metavar="MEMBER", help="Who made the reservation.")],
    clause: ClauseArg,
    stance: Annotated[Answer, typer.Argument(
        help="object: the clause falls away between the two; object-excluding: the whole instrument does.")],
) -> None:
    """Answer another's reservation; who is silent for twelve months has accepted it."""
    instrument, name = _parts(clause)
    say(session, React(reserving=member, instrument=instrument, clause=name, stance=STANCES[stance]))


@command(app, "withdraw", "send")
def withdraw(
    session: Session,
    instrument: Annotated[str, typer.Argument(parser=reference, metavar="INSTRUMENT", help="What is left.")],
    text: Annotated[str, typer.Option(help="The notice in one line.")],
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the notice back while it still runs.")] = False,
) -> None:
    """Give notice of leaving an instrument; it takes effect once the instrument's notice has run."""
    say(session, Withdraw(instrument=instrument, text=text, revoked=revoke))
    if not session.dry_run and not session.as_json:
        _say_when(session, instrument)


def _say_when(session: Session, instrument: str) -> None:
    own = session.call("status")["node"]
    leaves = next(view["leaves"] for view in session.call("standings") if view["member"] == own)
    if instrument in leaves:
        session.answer(None, f"It takes effect at {when(leaves[instrument])}; until then nothing changes. What is then "
                             "to be given back: hamsaya charter winddown")


@command(app, "cut", "send")
def cut(
    session: Session,
    member: MemberArg,
    reason: Annotated[CutReason, typer.Option(help="Why, from the closed list.")],
) -> None:
    """Cut the link with one party: from now on nothing goes to it or is taken from it; what waits is stopped."""
    waiting = {row["message_id"] for row in _rows(session, member) if row["state"] == "waiting"}
    result = _submit(session, Cut(member=member, cut=True, reason=reason))
    if session.dry_run:
        session.answer_sent({**result, "waiting": len(waiting)})
        return
    session.call("stop-outbox")
    stopped = [row for row in _rows(session, member) if row["message_id"] in waiting and row["state"] == "refused"]
    result["stopped"] = [{"message_id": row["message_id"], "kind": row["kind"]} for row in stopped]
    session.answer_sent(result)
    if not session.as_json:
        session.answer(None, f"The link with {member} is cut. Messages stopped that waited for it: {len(stopped)}.",
                       *(f"  {row['kind']} {row['message_id']}" for row in stopped),
                       f"To join it again: hamsaya charter join {member}")


@command(app, "join", "send")
def join(
    session: Session,
    member: MemberArg,
    reason: Annotated[CutReason, typer.Option(help="The reason for which it had been cut.")] = "technical",
) -> None:
    """Join a link again that this party had cut; what was stopped meanwhile is not sent any more."""
    session.answer_sent(_submit(session, Cut(member=member, cut=False, reason=reason)))
    if session.dry_run or session.as_json:
        return
    own = session.call("status")["node"]
    still = any(view["member"] == own and member in view["cut_with"] for view in session.call("standings"))
    session.answer(None, f"The link with {member} stays cut: {member} has cut it too, and joins it again itself."
                   if still else f"The link with {member} is joined.")


def _submit(session: Session, body: Cut) -> dict[str, Any]:
    return session.submit(kind_of(body), msgspec.to_builtins(body), ["all"])


def _rows(session: Session, member: str) -> list[dict[str, Any]]:
    return [row for row in session.call("outbox", limit=MOST_ROWS) if row["destination"] == member]


# --- winding down ----------------------------------------------------------------------------------------


@command(app, "winddown", "send")
def winddown(
    session: Session,
    member: Annotated[str | None, typer.Argument(metavar="MEMBER", help="One party; else each that leaves.")] = None,
    execute: Annotated[bool, typer.Option("--execute", help="Revoke everything of ours that they hold.")] = False,
    officer: Annotated[str | None, typer.Option(
        parser=reference, metavar="REF", help="With --execute: who does this, the desk's own reference.")] = None,
) -> None:
    """Show what is to be given back when a party leaves, by when, and what is tied to it; --execute asks ours back.

    A revocation goes to every holder of an item, also to those that stay. What we hold of theirs is theirs to revoke;
    its purge then stands in: hamsaya case inbox
    """
    if execute != (officer is not None):
        raise typer.BadParameter("expected --execute with --officer")
    views = session.call("winddown", member=member)
    if not views:
        who = "Nobody has left an instrument or given notice" if member is None else f"{member} is not leaving"
        if execute:
            raise OperatorError(f"{who}; there is nothing to wind down", code="not-leaving")
        session.answer(views, f"{who}.")
        return
    if execute:
        assert officer is not None
        _execute(session, views, officer)
        return
    some = [view for view in views if view["here"] or view["there"] or view["tied"]]
    others = [view["member"] for view in views if view not in some]
    session.answer(
        views, _departures(views), *(block for view in some for block in _settle(view)),
        *([f"Nothing is held of, by or tied to: {', '.join(others)}."] if others else []),
    )


def _departures(views: list[dict[str, Any]]) -> Table:
    """Return who leaves what and until when, each once, whoever it is to be settled with."""
    rows = {(d["member"], d["instrument"], d["stage"], when(d["notice_at"]), when(d["left_at"]), when(d["ends_at"]))
            for view in views for d in view["departures"]}
    return Table(("leaves", "instrument", "stage", "notice", "effect", "wind-down ends"), sorted(rows))


def _settle(view: dict[str, Any]) -> list[Block]:
    """Return one party's part as blocks, with the next step."""
    columns = ("case", "item", "instrument", "released", "revoked", "purge due", "attested", "also held by")
    open_ = [item for item in view["there"] if item["revoked_at"] is None]
    steps = [f"To ask back what they hold of ours: hamsaya charter winddown {view['member']} --execute --officer DESK"
             ] if open_ else []
    revoked = any(item["revoked_at"] is not None for item in view["here"])
    inbox = ["What they have revoked is to be purged here: hamsaya case inbox"] if revoked else []
    return [
        Table(columns, [_held(item) for item in view["here"]], f"Of {view['member']}, held here"),
        Table(columns, [_held(item) for item in view["there"]], f"Ours, held by {view['member']}"),
        Table(("tied", "reference", "as", "status"),
              [(t["kind"], t["reference"], t["as"], t["status"]) for t in view["tied"]], f"Tied to {view['member']}"),
        *inbox, *steps,
    ]


def _held(item: dict[str, Any]) -> tuple[object, ...]:
    return (item["case"], item["item"], item["instrument"], when(item["released_at"]), when(item["revoked_at"]),
            when(item["purge_due"]), item["attested"], item["others"])


def _execute(session: Session, views: list[dict[str, Any]], officer: str) -> None:
    """Revoke each item of ours once, whoever holds it; one refusal does not keep the others from being asked."""
    ours = {(item["case"], item["item"]): item for view in views for item in view["there"]
            if item["revoked_at"] is None}
    sent = []
    for (case, name), item in ours.items():
        body = Revoke(item=name, reason="consent-withdrawn", officer=officer)
        holders = [item["holder"], *item["others"]]
        sent.append({"item": name, **session.submit(kind_of(body), msgspec.to_builtins(body), holders, case)})
    if not sent:
        session.answer(sent, "They hold nothing of ours that is not revoked.")
        return
    session.answer(sent, Table(
        ("item", "revoked", "told"),
        [(s["item"], ("yes" if s["allowed"] else s["code"]) + ", dry run" if session.dry_run else f"leaf {s['index']}",
          s["recipients"]) for s in sent],
    ), "Whoever has not attested the purge is shown by: hamsaya charter winddown")
