"""``hamsaya charter``: what is agreed, how far it is signed, and what it lets this node do."""

from __future__ import annotations

import json
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from hamsaya.base.errors import OperatorError
from hamsaya.cli import texts
from hamsaya.cli.command import Session, command, read_toml
from hamsaya.cli.output import Table
from hamsaya.messages.charter import Sign
from hamsaya.messages.kinds import KINDS, kind_of

app = typer.Typer(help="What the members agreed, and what it permits.", no_args_is_help=True)
app.add_typer(texts.app)  # Without a name: its commands stand beside those here.


@command(app, "show")
def show(session: Session) -> None:
    """Show the instruments: which are in force, who has signed, how many signatures each needs."""
    views = session.call("instruments")
    session.answer(views, Table(
        ("instrument", "title", "in force", "signed by", "needed", "exercise", "kept at most"),
        [(v["instrument"], v["title"], _force(v), v["signed_by"], v["needed"], v["exercise"],
          f"{v['retention_days']} days") for v in views],
    ), f"Revision of the charter: {session.call('documents')['charter']}")


def _force(view: dict[str, Any]) -> str:
    if view["draft"]:
        return "draft"
    return "yes" if view["in_force"] else "ended" if view["expired"] else "no"


@command(app, "explain")
def explain(
    session: Session,
    kind: Annotated[str, typer.Argument(
        metavar="KIND|REQUEST.json", help="A message kind, such as case.open; or a request in a file.")],
    to: Annotated[list[str] | None, typer.Option(help="A recipient; repeat, or 'all'.")] = None,
    case: Annotated[str | None, typer.Option(help="The case it would belong to.")] = None,
    instrument: Annotated[str | None, typer.Option(help="The instrument it would be sent under.")] = None,
    body: Annotated[Path | None, typer.Option(
        exists=True, dir_okay=False, help="The message as TOML or JSON; then the state of things counts too.")] = None,
    charter: Annotated[str | None, typer.Option(
        help="With a file: the charter to ask, as for charter report.")] = None,
) -> None:
    """Say whether a message may be sent, and which clauses decide; nothing is sent.

    With a kind: by this node, now. With a file: by any party, from the charter's text alone; docs/charter.md lists
    its fields. A refusal is an answer too: the exit code is 0.
    """
    if kind.endswith(".json"):
        if to or case or instrument or body:
            raise typer.BadParameter("expected --to, --case, --instrument and --body with a kind; a file says them")
        _explain_file(session, Path(kind), charter)
        return
    if charter is not None:
        raise typer.BadParameter("expected --charter with a REQUEST.json only; a node asks the charter it enforces")
    _require_kind(kind)
    asked = {"kind": kind, "to": to or [], "case": case, "instrument": instrument}
    question = {} if body is None else {"body": _read_body(body)}
    view = session.call("explain" if question else "may", **asked, **question)
    verdict = "permitted" if view["allowed"] else f"refused ({view['code']})"
    told = ", ".join(view["recipients"]) or "this node alone"
    owed = [f"It obliges to: {', '.join(view['obligations'])}."] if view["obligations"] else []
    reasons = [f"  {reason}" for reason in view["reasons"]]
    session.answer(view, f"{kind} to {told}: {verdict}, because:", *reasons, *owed)


def _explain_file(session: Session, path: Path, charter: str | None) -> None:
    from hamsaya.node.charter_request import explain_request, read_request
    from hamsaya.node.packs import open_charter

    request = read_request(path)
    _require_kind(request.kind)
    found = explain_request(open_charter(charter), request)
    owed = [f"It obliges to: {', '.join(found.obligations)}."] if found.obligations else []
    session.answer(found, f"{request.kind} from {request.sender}: {found.sentence}.", *owed)


def _require_kind(kind: str) -> None:
    """Raise OperatorError ``unknown-kind``, with the kinds that are spelt nearly so, unless ``kind`` is one."""
    if kind not in KINDS:
        near = get_close_matches(kind[:40], KINDS) or sorted(name for name in KINDS if name.startswith(f"{kind}."))
        meant = f"; did you mean {' or '.join(near)}?" if near else "; see: hamsaya charter report"
        raise OperatorError(f"expected a known message kind, received {kind[:40]!r}{meant}", code="unknown-kind")


def _read_body(path: Path) -> object:
    if path.suffix != ".json":
        return read_toml(path)
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise OperatorError(f"{path}: expected JSON: {error}", code="bad-file") from None


@command(app, "sign", "send")
def sign(
    session: Session,
    document: Annotated[list[str] | None, typer.Argument(
        help="charter, or an annex by its reference; without any, all of them.")] = None,
) -> None:
    """Sign the charter and its annexes, exactly in the revision this node enforces."""
    documents = session.call("documents")
    unknown = sorted(set(document or ()) - set(documents))
    if unknown:
        raise OperatorError(f"expected some of {', '.join(documents)}, received {unknown[0]}", code="unknown-document")
    sent = []
    for name in document or documents:
        body = Sign(document=name, revision=bytes.fromhex(documents[name]))
        sent.append({"document": name, **session.submit(kind_of(body), msgspec.to_builtins(body), ["all"])})
    session.answer(sent, Table(
        ("document", "revision", "signed", "told"),
        [(s["document"], documents[s["document"]], "dry run" if session.dry_run else f"leaf {s['index']}",
          s["recipients"]) for s in sent],
    ))
