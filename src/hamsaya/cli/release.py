"""``hamsaya case``, releasing: what one person has prepared, another sees whole and releases, or it is discarded."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from hamsaya.base.errors import OperatorError
from hamsaya.cli.command import Session, command
from hamsaya.cli.output import Block, Table, facts, when
from hamsaya.cli.signing import act_on, plain_act

app = typer.Typer()

Number = Annotated[int, typer.Argument(min=1, help="Its number, as it was printed and as `case prepared` lists it.")]


def _find(session: Session, number: int) -> dict[str, Any]:
    for view in session.call("prepared"):
        if view["number"] == number:
            return dict(view)
    raise OperatorError(f"nothing waits under the number {number}; see: hamsaya case prepared", code="unknown-number")


@command(app, "prepared")
def prepared(session: Session) -> None:
    """List what one person has signed and another has still to release."""
    views = session.call("prepared")
    session.answer(views, Table(
        ("number", "since", "kind", "case", "to", "signed by", "missing", "would now be"),
        [(v["number"], when(v["at"]), v["kind"], v["explained"]["case"], v["explained"]["recipients"], v["signed"],
          _seats(v), "sent" if v["explained"]["allowed"] else v["explained"]["code"]) for v in views],
    ))


def _seats(view: dict[str, Any]) -> str:
    return ", then ".join(" or ".join(seat) for seat in view["missing"])


def panel(view: dict[str, Any]) -> list[Block]:
    """Return what a person must see before it is released: what is said, to whom, by which clauses, who signed."""
    explained = view["explained"]
    content = {name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
               for name, value in view["content"].items()}
    allowed = "may be sent" if explained["allowed"] else f"would be refused ({explained['code']})"
    head = {"kind": view["kind"], "case": explained["case"], "instrument": explained["instrument"],
            "goes_to": explained["recipients"], "signed_by": view["signed"], "to_be_signed_by": _seats(view)}
    return [facts(**head), "What it says:", facts(**content), f"It {allowed}, because:",
            *(f"  {reason}" for reason in explained["reasons"]),
            *([f"Still owed: {', '.join(explained['obligations'])}"] if explained["obligations"] else [])]


@command(app, "approve", "person")
def approve(
    session: Session,
    number: Number,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask once more at the terminal.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it; release nothing.")] = False,
) -> None:
    """Show a prepared message whole, and release it as the second person."""
    view = _find(session, number)
    if not session.as_json or dry_run:
        session.answer(view, *panel(view))
    if dry_run:
        return
    key = session.signers.key(0)
    if not (yes or session.as_json) and sys.stdin.isatty() and not typer.confirm(f"Release it as {key.person}?"):
        raise OperatorError("not released; it waits on", code="not-released")
    act = act_on(key, view["kind"], view["explained"], view["missing"][0])
    result = session.call("approve", number=number, act=plain_act(act))
    session.answer_sent({**result, "node_running": session.client.running})


@command(app, "discard")
def discard(session: Session, number: Number) -> None:
    """Forget a prepared message; nothing of it was sent."""
    session.answer(session.call("discard", number=number), f"Number {number} is discarded; nothing of it was sent.")
