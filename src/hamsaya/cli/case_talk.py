"""``hamsaya case say``, ``talk`` and ``read``: the conversation inside a case, for its parties alone."""

from __future__ import annotations

import base64
from typing import Annotated, Any

import typer

from hamsaya.base.errors import OperatorError
from hamsaya.cli.case_items import Desk, Words
from hamsaya.cli.cases import Case, Officer
from hamsaya.cli.command import Session, command
from hamsaya.cli.output import Block, Table, facts, when

app = typer.Typer()


def _encoded(hexes: list[str]) -> list[str]:
    return [base64.b64encode(bytes.fromhex(each)).decode() for each in hexes]


@command(app, "say", "send")
def say(
    session: Session, case: Case, text: Annotated[str, typer.Argument(help="What is said, at most 2,000 characters.")],
    caveat: Words = None, officer: Officer = None,
) -> None:
    """Say something to the other participants of a case, or to those named with --to."""
    said = session.call("talk", case=case, to=session.to)
    made = session.call("caveats", words=caveat or [], audience=said["to"])
    body = {"text": text, "seen": _encoded(said["heads"]), "caveats": made["caveats"],
            "officer": session.officer(officer)}
    session.answer_sent(session.submit("case.say", body, said["to"], case))


@command(app, "talk")
def talk(session: Session, case: Case, desk: Desk = None) -> None:
    """Show a case's conversation, in the order in which every end reads it, and who has read what."""
    view = session.call("talk", case=case, desk=desk)
    rows = [(when(w["at"]), w["sender"], w["officer"], w["text"] if w["text"] is not None else f"({w['withheld']})",
             [_readers(each) for each in w["readers"]]) for w in view["words"]]
    blocks: list[Block] = [Table(("when", "from", "officer", "said", "told"), rows, f"Said in {case}")]
    if view["unread"]:
        blocks.append(f"{len(view['unread'])} not read by this desk yet: hamsaya case read {case}")
    if view["cleared"]:
        blocks.append(facts(deleted_by=[f"{member} {when(at)}" for member, at in view["cleared"].items()]))
    session.answer(view, *blocks)


def _readers(reader: dict[str, Any]) -> str:
    if reader["read"] is not None:
        return f"{reader['member']} read by {reader['officer']} {when(reader['read'])}"
    return f"{reader['member']} {'delivered' if reader['delivered'] is not None else 'not read'}"


@command(app, "read", "send")
def read(session: Session, case: Case, officer: Officer = None, desk: Desk = None) -> None:
    """Say by name that a person here has read what was said in a case."""
    found = session.call("talk-unread", case=case, desk=desk)
    if not found:
        raise OperatorError(f"nothing said in {case} is unread here", code="already-read")
    said = [session.submit("case.read", {"words": each["words"], "officer": session.officer(officer)}, each["to"], case)
            for each in found]
    session.answer(said, *(f"{'may be sent' if session.dry_run else 'told'}: {', '.join(each['recipients'])}"
                           for each in said))
