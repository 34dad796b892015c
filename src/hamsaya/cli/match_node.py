"""``hamsaya match``: hit/no-hit between nodes, as the owner of files and as whoever asks.

    register(group)        # from the module that makes the group ``match``

A probe is made here, in the program of the person who signs it: the node gets the message, and its secrets to keep.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from hamsaya.base.errors import OperatorError
from hamsaya.cli.command import Session, command, reference
from hamsaya.cli.match_list import list_line
from hamsaya.cli.output import Table, facts, remark, when
from hamsaya.messages.cases import Ask, Urgency
from hamsaya.messages.match import Confirm, DeclineCode, Identifier, Notice, Outcome, ProbeDecline

Officer = Annotated[str | None, typer.Option(
    parser=reference, metavar="PSEUDONYM", help="Who does this; the person of --as without it.")]
ProbeRef = Annotated[str, typer.Argument(parser=reference, metavar="probe", help="The probe's reference.")]
Place = Annotated[int, typer.Argument(min=0, max=99, help="The input's place, as match answers prints it.")]
Case = Annotated[str, typer.Argument(parser=reference, metavar="case", help="The open case.")]
Asker = Annotated[str | None, typer.Option("--from", help="The asker, where several have used the reference.")]
ITEM = re.compile(r"(?P<type>[a-z]+)=(?P<value>[^@]+)(?:@(?P<issuer>[A-Za-z]{3}))?")


def register(group: typer.Typer) -> None:
    """Add the commands to the group ``match``."""
    command(group, "build")(build)
    command(group, "publish", "send")(publish)
    command(group, "fetch")(fetch)
    command(group, "export")(export)
    command(group, "probe", "send")(probe)
    command(group, "answers")(answers)
    command(group, "ask", "send")(ask)
    command(group, "status")(status)
    command(group, "by-hand")(by_hand)
    command(group, "answer")(answer)
    command(group, "decline", "send")(decline)
    command(group, "confirm", "send")(confirm)


# -- the owner of files -------------------------------------------------------------------------------------


def build(
    session: Session,
    file: Annotated[Path, typer.Argument(
        exists=True, dir_okay=False, help="CSV: type, value, issuer, category, desk and, if wanted, born, planted.")],
    fresh: Annotated[bool, typer.Option("--new-epoch", help="Begin a new epoch, with a key of its own.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes to use.")] = 1,
    cap: Annotated[int, typer.Option(min=1, help="Drop an identifier found in more records than this.")] = 5,
) -> None:
    """Build this node's tag set from a file of typed identifiers and names; nobody is told before it is published."""
    with _waiting(f"building the set of {file.name}"):
        view = session.call("match-build", path=str(file.resolve()), fresh=fresh, workers=workers, cap=cap)
    session.answer(view, facts(**view), "Publish it: hamsaya match publish --as FILE")


def publish(
    session: Session,
    member: Annotated[list[str] | None, typer.Option(
        "--with", help="A member that may fetch the set and ask; repeat. All that may be told without it.")] = None,
) -> None:
    """Publish the set that was built: its key, size and root go to those who may ask, and to oversight."""
    view = session.call("match-unpublished")
    notice = msgspec.convert(view, Notice)
    session.send(notice, [*member, *_overseers(session)] if member else ["all"])


def fetch(
    session: Session,
    file: Annotated[Path | None, typer.Option(
        "--file", exists=True, dir_okay=False, help="A set that came as a file (match export).")] = None,
) -> None:
    """Fetch the sets that were published to this node, or take one from a file; each is checked against its notice."""
    if file is not None:
        found = [session.call("match-take", content=base64.b64encode(file.read_bytes()).decode())]
    else:
        with _waiting("fetching tag sets"):
            found = session.call("match-fetch")
    session.answer(found, Table(("owner", "epoch", "buckets here", "complete"), [
        (each["owner"], each["epoch"], each["buckets_here"], each["complete"]) for each in found]))


def export(
    session: Session,
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where the set goes.")],
) -> None:
    """Write this node's published set to a file, to be carried to those whom its notice was addressed to."""
    view = session.call("match-set", member=session.call("status")["node"])
    file.write_bytes(base64.b64decode(view["content"]))
    session.answer({"owner": view["owner"], "epoch": view["epoch"], "file": str(file)},
                   f"the set of epoch {view['epoch']} is in {file}")


def by_hand(
    session: Session,
    off: Annotated[bool, typer.Option("--off", help="Answer by the clock again.")] = False,
) -> None:
    """Answer probes only when a person says so; by default the node answers what the rules permit."""
    view = session.call("match-by-hand", by_hand=not off)
    session.answer(view, "probes wait for: hamsaya match answer, or decline" if view["by_hand"] else
                   "probes are answered by the clock")


def answer(session: Session, probe: ProbeRef, asker: Asker = None) -> None:
    """Let a probe be answered that waits here; nobody here learns what was asked or found."""
    view = session.call("match-answer", probe=probe, querier=asker)
    session.answer(view, f"probe {probe} is answered, for {', '.join(view[0]['recipients'])}")


def decline(
    session: Session, probe: ProbeRef, code: Annotated[DeclineCode, typer.Option()], officer: Officer = None,
    asker: Asker = None,
) -> None:
    """Refuse a probe that waits here with a code from the closed list."""
    waits = session.call("match-waiting", probe=probe, querier=asker)
    session.send(ProbeDecline(probe=probe, code=code, officer=session.officer(officer)),
                 [waits["querier"], *_overseers(session)], waits["case"])


def confirm(
    session: Session,
    case: Case,
    probe: ProbeRef,
    place: Place,
    outcome: Annotated[Outcome, typer.Option()],
    request: Annotated[str, typer.Option(parser=reference, help="The question in the case that named the hit.")],
    officer: Officer = None,
) -> None:
    """Say, once a person has looked at the file, whether a hit of another's probe is one."""
    for view in (session.call("case", case=case) or {"requests": []})["requests"]:
        if view["request"]["request"] == request:
            asker = view["request"]["asker"]
            break
    else:
        raise OperatorError(f"this node knows no request {request} in {case}; see: hamsaya case show {case}",
                            code="unknown-request")
    session.send(Confirm(probe=probe, place=place, request=request, outcome=outcome, officer=session.officer(officer)),
                 [asker, *_overseers(session)], case)


# -- whoever asks -------------------------------------------------------------------------------------------


def probe(
    session: Session,
    case: Case,
    member: Annotated[str, typer.Argument(help="The participant asked.")],
    item: Annotated[list[str] | None, typer.Option(
        metavar="TYPE=VALUE[@STATE]", help="document, phone, handset, plate, account or name; repeat.")] = None,
    name: Annotated[list[str] | None, typer.Option(
        metavar="NAME:YEAR", help="A name as written and a year of birth; up to four inputs each; repeat.")] = None,
    file: Annotated[Path | None, typer.Option(
        "--file", exists=True, dir_okay=False, help="CSV: type, value, issuer and, for names, born.")] = None,
    officer: Officer = None,
    legal_basis: Annotated[str | None, typer.Option(help="The clause or law asked under; the case's own without it.")]
    = None,
    ref: Annotated[str | None, typer.Option(parser=reference, help="The probe's reference; one is made up.")] = None,
) -> None:
    """Ask a participant of an open case whether it holds a file on any of 1 to 100 identifiers, under a mask."""
    view = session.call("case", case=case)
    if view is None:
        raise OperatorError(f"this node knows no case {case}; see: hamsaya case list", code="unknown-case")
    wanted = _wanted(item or (), name or (), file)
    body, secrets = _made(session, case, member, wanted, officer, legal_basis or view["case"]["legal_basis"],
                          ref or _new_ref(session, case))
    said = {"kind": "match.probe", "body": msgspec.to_builtins(body), "to": session.to or [
        member, *_overseers(session)], "case": case}
    if session.dry_run:
        session.answer_sent({**session.call("explain", **said), "node_running": session.client.running})
        return
    said, _ = session.signers.sign(said, session.call("explain", **said))
    sent = session.call("match-probe", **said, secrets=msgspec.to_builtins(secrets))
    session.answer({**sent, "probe": body.probe, "inputs": len(wanted), "node_running": session.client.running},
                   f"probe {body.probe}: {len(wanted)} inputs to {member}, leaf {sent['index']}",
                   f"What came of it: hamsaya match answers --probe {body.probe}")
    if not session.client.running:
        remark("The node does not run: the message waits in its outbox (hamsaya node run, or node courier export).")


def _made(
    session: Session, case: str, member: str, wanted: list[Identifier], officer: str | None, legal_basis: str, ref: str
) -> tuple[Any, Any]:
    from hamsaya.node.match_probes import prepare_probe

    notice = msgspec.convert(session.call("match-notice", member=member), Notice)
    who = officer or ("officer" if session.dry_run and session.person_file is None else session.officer(None))
    return prepare_probe(notice, member, case, wanted, probe=ref, officer=who, legal_basis=legal_basis)


def _wanted(items: Any, names: Any, file: Path | None) -> list[Identifier]:
    from hamsaya.matching.types import Identifier as Known
    from hamsaya.node.hit_no_hit import of_name, read_wanted, typed

    found: list[Known] = [] if file is None else read_wanted(file)
    for text in items:
        parts = ITEM.fullmatch(text)
        if parts is None:
            raise typer.BadParameter("expected TYPE=VALUE or TYPE=VALUE@STATE for --item")
        found.append(typed(parts["type"], parts["value"], parts["issuer"]))
    for text in names:
        written, _, year = text.rpartition(":")
        if not written or not re.fullmatch("[12][0-9]{3}", year):
            raise typer.BadParameter("expected NAME:YEAR for --name, such as 'Ahmad Zahir:1946'")
        found += of_name(written, int(year))
    return list(dict.fromkeys(found))


def answers(
    session: Session,
    probe: Annotated[str | None, typer.Option(parser=reference, help="One probe; all without it.")] = None,
) -> None:
    """Say what became of this node's probes: for each input no hit, or a category and the desk that confirms it."""
    found = [each for each in session.call("match-answers") if probe in (None, each["probe"])]
    rows = [(each["probe"], each["responder"], one["place"], one["type"], one["value"], one["state"], one["category"],
             one["desk"], one["request"]) for each in found for one in each["inputs"]]
    session.answer(
        found,
        Table(("probe", "case", "asked", "when", "state", "waits for", "hits"), [
            (each["probe"], each["case"], each["responder"], when(each["at"]), each["code"] or each["status"],
             each["reads"], each["hits"]) for each in found]),
        Table(("probe", "asked", "place", "type", "value", "state", "category", "desk", "request"), rows, "Inputs"),
        "A hit is no finding: a person at the desk confirms it, on a request in the case (hamsaya match ask).",
        list_line(session),
    )


def ask(
    session: Session,
    probe: ProbeRef,
    place: Place,
    desk: Annotated[str, typer.Option(parser=reference, metavar="REF", help="The desk here that asks.")],
    question: Annotated[str | None, typer.Option(help="What else is asked, beside whether it is the same.")] = None,
    officer: Officer = None,
    urgency: Annotated[Urgency, typer.Option(help="Sets the clocks.")] = "routine",
) -> None:
    """Follow a hit up: ask the other side, on an ordinary request of the case, to confirm it by a person."""
    found, one = _hit(session, probe, place)
    case, number = found["case"], f"{probe}-h{place}"
    view = session.call("case", case=case)
    text = (f"Hit of probe {probe} at place {place}: {one['type']} {one['value']}"
            f"{' of ' + one['issuer'] if one['issuer'] else ''}, category {one['category']}, desk {one['desk']}. "
            "Please confirm that the file is about the same.")
    body = Ask(request=number, to=found["responder"], question=f"{text} {question or ''}".strip(), urgency=urgency,
               legal_basis=view["case"]["legal_basis"], desk=desk, officer=session.officer(officer), continues=None)
    result = session.submit("case.ask", msgspec.to_builtins(body), [found["responder"]], case)
    if not session.dry_run:
        session.call("match-followed", probe=probe, place=place, request=number)
    session.answer_sent(result)


def _hit(session: Session, probe: str, place: int) -> tuple[dict[str, Any], dict[str, Any]]:
    for each in session.call("match-answers"):
        if each["probe"] == probe and place < len(each["inputs"]) and each["inputs"][place]["category"]:
            return each, each["inputs"][place]
    raise OperatorError(f"probe {probe} has no hit at {place}; see: hamsaya match answers", code="no-hit")


# -- both ---------------------------------------------------------------------------------------------------


def status(session: Session) -> None:
    """Show what is published here and by others, who has asked whom how much, and what waits."""
    view = session.call("match-status")
    own = facts(answered="by hand" if view["by_hand"] else "by the clock", epoch=view["epoch"],
                epoch_since=when(view["epoch_since"]), next_epoch_due=view["epoch_due"],
                built_and_not_published=view["unpublished"] and view["unpublished"]["entries"])
    session.answer(
        view, own,
        Table(("owner", "epoch", "entries", "for", "published", "here"), [
            (each["owner"], f"{each['epoch']}{'' if each['current'] else ' (before)'}", each["entries"], each["told"],
             when(each["at"]), "whole" if each["complete"] else f"{each['buckets_here']} of 4096 buckets")
            for each in view["notices"]], "Published sets"),
        Table(("asker", "asked", "probes", "inputs", "today", "waiting", "declined", "confirmed", "not", "fetched"), [
            (each["querier"], each["responder"], each["probes"], each["inputs"], f"{each['today']} of "
             f"{each['day_budget']}", each["waiting"], each["declined"], each["confirmed"], each["not_confirmed"],
             when(each["fetched_at"])) for each in view["pairs"]], "Who asked whom"),
        *([Table(("probe", "asker", "case", "inputs", "asked", "may not be answered because"), [
            (each["probe"], each["querier"], each["case"], each["inputs"], when(each["at"]), each["lapses"])
            for each in view["waiting"]], "Waiting here")] if view["waiting"] else []),
        list_line(session),
    )


def _overseers(session: Session) -> list[str]:
    return [peer["member"] for peer in session.call("peers") if peer["role"] == "oversight"]


def _new_ref(session: Session, case: str) -> str:
    own = session.call("status")["node"]
    taken = {each["probe"] for each in session.call("match-answers")}
    return next(ref for n in range(1, len(taken) + 2) if (ref := f"{case}/{own}-p{n}") not in taken)


def _waiting(what: str) -> Any:
    """Show that something is under way, on a terminal; elsewhere show nothing."""
    import sys
    from contextlib import nullcontext

    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(what)
