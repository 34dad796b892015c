"""``hamsaya charter``: what is agreed, how far it is signed, and what it lets this node do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hamsaya.base.errors import OperatorError
from hamsaya.cli.command import Session, command, read_toml
from hamsaya.cli.output import Table, facts
from hamsaya.messages.charter import Sign
from hamsaya.messages.kinds import kind_of

app = typer.Typer(help="What the members agreed, and what it permits.", no_args_is_help=True)


@command(app, "show")
def show(session: Session) -> None:
    """Show the instruments: which are in force, who has signed, how many signatures each needs."""
    views = session.call("instruments")
    session.answer(views, Table(
        ("instrument", "title", "in force", "signed by", "needed", "exercise", "kept at most"),
        [(v["instrument"], v["title"], v["in_force"], v["signed_by"], v["needed"], v["exercise"],
          f"{v['retention_days']} days") for v in views],
    ))


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
    charter: Annotated[Path | None, typer.Option(
        exists=True, help="With a file: the pack's folder or charter.toml to ask; default: the built-in pack.")] = None,
) -> None:
    """Say whether a message may be sent, and which clauses decide; nothing is sent.

    With a kind: by this node, now. With a file {"kind", "sender", "recipients", and if wanted "instrument", "case",
    "exercise", "signed"}: by any party, from the charter's text alone.
    """
    if kind.endswith(".json"):
        _explain_file(session, Path(kind), charter)
        return
    asked = {"kind": kind, "to": to or [], "case": case, "instrument": instrument}
    question = {} if body is None else {"body": _read_body(body)}
    view = session.call("explain" if question else "may", **asked, **question)
    verdict = "permitted" if view["allowed"] else f"refused ({view['code']})"
    told = ", ".join(view["recipients"]) or "this node alone"
    owed = [f"It obliges to: {', '.join(view['obligations'])}."] if view["obligations"] else []
    reasons = [f"  {reason}" for reason in view["reasons"]]
    session.answer(view, f"{kind} to {told}: {verdict}, because:", *reasons, *owed)


def _explain_file(session: Session, path: Path, charter: Path | None) -> None:
    from hamsaya.node.charter_report import explain_request, read_document, read_request

    request = read_request(path)
    found = explain_request(read_document(charter), request)
    owed = [f"It obliges to: {', '.join(found.obligations)}."] if found.obligations else []
    session.answer(found, f"{request.kind} from {request.sender}: {found.sentence}.", *owed)


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


@command(app, "power", "json")
def power(
    session: Session,
    weights: Annotated[str, typer.Option(help="Votes of each member, such as 1,1,1 or 5,3,2.")],
    quota: Annotated[int, typer.Option(help="Votes that decide.")],
    veto: Annotated[str, typer.Option(help="Members with a veto, numbered from 0, such as 0,1.")] = "",
) -> None:
    """Work out who can decide what under a voting rule: winning coalitions and exact power indices."""
    from hamsaya.node.charter_report import power_of

    try:
        view = power_of(_numbers(weights, "--weights"), quota, _numbers(veto, "--veto"))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    alike: dict[tuple[object, ...], list[int]] = {}
    each = zip(view.swings, view.banzhaf, view.banzhaf_raw, view.shapley_shubik, view.prevent, view.initiate,
               strict=True)
    for member, row in enumerate(each):
        alike.setdefault(row, []).append(member)
    columns = ("swings", "Banzhaf", "decisive", "Shapley-Shubik", "can prevent", "can initiate")
    session.answer(
        view,
        facts(winning_coalitions=view.winning, power_to_act=f"{view.power_to_act:g} ({view.power_to_act_exact})",
              cannot_be_outvoted=view.blockers, smallest_veto_set=view.smallest_veto_set, decides_alone=view.dictator,
              never_matters=view.dummies),
        Table(("members", *columns), [(members, *row) for row, members in alike.items()]),
    )


@command(app, "report", "json")
def report(
    session: Session,
    file: Annotated[Path | None, typer.Argument(
        exists=True, readable=True, help="A pack's folder or a charter.toml; else the built-in pack.")] = None,
) -> None:
    """Report what a charter gives to whom: who can decide, what stops it, powers nobody can use, every article."""
    from hamsaya.node.charter_report import read_document, report_of

    view = report_of(read_document(file))
    absences = list(view.decidable)
    session.answer(
        view,
        f"{view.title}: {len(view.members)} members with a seat{', a draft that binds nobody' * view.draft}.",
        Table(
            ("decision", "rule", "winning", "power to act", "veto set", *(f"{k} absent" for k in absences), "p_decide"),
            [(one.id, one.words, one.power.winning, one.power.power_to_act_exact,
              f"any {one.power.smallest_veto_set} of {one.power.members}",
              *("goes on" if one.stopped_by[k] is None else "stops" for k in absences), one.p_decide)
             for one in view.classes],
        ),
        f"p_decide: against the will of the member concerned, {view.others} others, each refusing 1 time in "
        f"{1 / view.p_block:g}.",
        *(f"R_{k}: with any {k} absent {share.exact} of the classes can still be decided while the member whose own "
          f"act it is attends, {share.whoever_is_absent} where it may be among the absent."
          for k, share in view.decidable.items()),
        *([] if view.unusable else ["No power is one that nobody can use."]),
        *(f"Nobody can use {one.ref}: {one.why}." for one in view.unusable),
        *([] if view.conflicts else ["No ban takes a permission back."]),
        *(f"Conflict at {one.ref}: {one.why}." for one in view.conflicts),
        *(f"{one.ref}  {one.text}\n    {one.words}" for one in view.articles),
    )


def _numbers(text: str, option: str) -> list[int]:
    try:
        return [int(word) for word in text.split(",")] if text.strip() else []
    except ValueError:
        raise typer.BadParameter(f"expected whole numbers with commas in {option}, received {text[:40]!r}") from None
