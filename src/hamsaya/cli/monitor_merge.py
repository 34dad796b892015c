"""``hamsaya monitor merge`` and what follows from it: the queue, rulings, unmerging, coverage, blind spots.

All but ``declare`` and ``contest`` work on files and need no node.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import typer

from hamsaya.base.errors import OperatorError
from hamsaya.cli.command import Session, command, read_toml, reference
from hamsaya.cli.monitor_incidents import AsOf, Store, data_directory
from hamsaya.cli.output import Table, facts, remark
from hamsaya.messages.kinds import body_from_plain
from hamsaya.messages.monitor import Dispute

if TYPE_CHECKING:
    from hamsaya.node.merging import Account, Incident, Key, Linked, Merged

SHOWN = 20
BAD_ROWS_SHOWN = 20
BAD_ROWS_KEPT = 1_000  # In JSON.
LedgerFile = Annotated[Path, typer.Argument(dir_okay=False, help="The ledger that merge has written.")]
By = Annotated[str, typer.Option(parser=reference, metavar="REFERENCE", help="The pseudonym of the person who rules.")]
Limit = Annotated[int, typer.Option(min=0, help="Rows to print.")]
Months = Annotated[str, typer.Option(metavar="YYYY-MM")]


def register(app: typer.Typer) -> None:
    """Add the commands to the group ``monitor``."""
    for name, level, function in (
        ("merge", "json", merge), ("queue", "json", queue), ("decide", "json", decide), ("unmerge", "json", unmerge),
        ("undo", "json", undo),
        ("coverage", "json", coverage), ("blind-spots", "json", blind_spots), ("declare", "send", declare),
        ("contest", "send", contest),
    ):
        command(app, name, level)(function)  # type: ignore[arg-type]


def merge(
    session: Session,
    files: Annotated[list[Path], typer.Argument(
        exists=True, dir_okay=False, help="Each reporter's accounts; one file is enough where a ledger is there.")],
    names: Annotated[str, typer.Option(help="The reporters in the same order.")] = "side-a,side-b",
    ledger: Annotated[Path | None, typer.Option(dir_okay=False, help="Keep it here; rulings there stay.")] = None,
    limit: Limit = SHOWN,
) -> None:
    """Merge two or more reporters' accounts: incidents with all claims, how sure that is, and why."""
    from hamsaya.node import merging

    sides = names.split(",")
    if len(set(sides)) != len(files) or not all(sides):
        raise typer.BadParameter(f"expected a reporter for each of {len(files)} files, all different, as in "
                                 f"side-a,side-b, received {names!r}")
    before = merging.opened(ledger).ledger if ledger is not None and ledger.exists() else None
    if len(files) < 2 and before is None:
        raise typer.BadParameter("expected two files, or one and a ledger that is there")
    with _working(session, "comparing"):
        merged = merging.merge_files(dict(zip(sides, files, strict=True)), _now(), before)
    if ledger is not None:
        merging.keep(ledger, merged.ledger)
    bad = [str(error) for error in merged.bad]
    if not session.as_json:
        for text in bad[:BAD_ROWS_SHOWN]:
            remark(f"left out: {text}")
        if len(bad) > BAD_ROWS_SHOWN:
            remark(f"left out: {len(bad) - BAD_ROWS_SHOWN} more rows")
        for text in merged.notes:
            remark(text)
    _answer(session, merged, limit, bad_rows=len(bad), bad=bad[:BAD_ROWS_KEPT], notes=merged.notes)


def queue(session: Session, ledger: LedgerFile, limit: Limit = SHOWN) -> None:
    """List the pairs that a person should look at, the least certain first, with reasons, and open denials."""
    from hamsaya.node import merging

    merged = merging.opened(ledger)
    waiting, denials = merged.queue, [_denial(one) for one in merged.open_denials]
    session.answer(
        {"waiting": len(waiting), "pairs": [_pair(one) for one in waiting[:limit]],
         "passed_over": [_pair(one) for one in merged.passed_over],
         "open_denials": denials},
        facts(waiting=len(waiting), passed_over=len(merged.passed_over), open_denials=len(denials)),
        Table(("account", "account", "one event", "why"), [
            (_key(one.candidate.left), _key(one.candidate.right), _percent(one.probability),
             "; ".join(one.candidate.reasons)) for one in waiting[:limit]]),
        Table(("open denial", "says", "about"), [(one["account"], one["stance"], one["about"]) for one in denials]),
    )


def decide(
    session: Session,
    ledger: LedgerFile,
    left: Annotated[str, typer.Argument(help="reporter:number of one account.")],
    right: Annotated[str, typer.Argument(help="reporter:number of the other.")],
    verdict: Annotated[Literal["same", "different", "open"], typer.Argument(
        help="Of one event, or of two; open takes an earlier ruling back.")],
    by: By,
    why: Annotated[Literal["review", "place", "day", "deaths", "actors", "source"], typer.Option(
        help="What decided; source: one side copies the other.")] = "review",
) -> None:
    """Record a person's ruling on two accounts; the earlier ones stay in the ledger."""
    from hamsaya.node import merging

    _answer(session, merging.decide(ledger, _parsed(left), _parsed(right), verdict, by, _now(), why), 0)


def unmerge(
    session: Session,
    ledger: LedgerFile,
    incident: Annotated[str, typer.Argument(help="Its id, reporter:number of its first account.")],
    by: By,
) -> None:
    """Take an incident apart into its accounts; nothing is deleted, and `decide … same` brings it back."""
    from hamsaya.node import merging

    _answer(session, merging.unmerge(ledger, incident, by, _now()), 0)


def undo(session: Session, ledger: LedgerFile, by: By) -> None:
    """Take back the last ruling, or all of the last unmerging; what was taken back stays in the ledger."""
    from hamsaya.node import merging

    _answer(session, merging.undo(ledger, by, _now()), 0)


def coverage(
    session: Session,
    ledger: LedgerFile,
    member: Annotated[str, typer.Option(help="Whose coverage: its own figures, and nobody else's.")],
    declared: Annotated[Path | None, typer.Option(dir_okay=False, help="What it declared, as for declare.")] = None,
    limit: Limit = SHOWN,
) -> None:
    """Print how much of what others report one member reports too, by cell, with intervals."""
    from hamsaya.node import merging

    rows = read_toml(declared).get("rows", []) if declared is not None else []
    own = merging.own_coverage(ledger, member, {int(gid): percent / 100 for gid, percent in rows})
    events = merging.events_in_all(ledger)
    session.answer(
        {**msgspec.to_builtins(own), "events_in_all": {"low": events.low, "mid": events.mid, "high": events.high}},
        facts(member=own.member, coverage=_span(own.overall.low, own.overall.mid, own.overall.high)),
        *own.words,
        Table(("cell", "coverage", "others' events", "shared", "declared"), [
            (one.gid, _span(one.low, one.mid, one.high), f"{one.events:.0f}", f"{one.shared:.1f}",
             _percent(one.declared)) for one in own.cells[:limit]]),
    )


def blind_spots(
    session: Session,
    month: Annotated[str, typer.Option(metavar="YYYY-MM", help="The last month that is known.")],
    file: Annotated[Path | None, typer.Argument(
        exists=True, dir_okay=False, help="A file of incidents; else the store.")] = None,
    store: Store = None,
    as_of: AsOf = None,
    source: Annotated[str | None, typer.Option(metavar="NAME", help="Of the store: this source only.")] = None,
    ledger: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="For coverage.")] = None,
    pack: Annotated[str | None, typer.Option(help="Whose annex says the cells; the default pack without it.")] = None,
    limit: Limit = SHOWN,
) -> None:
    """List cells where a death is likely and little would be reported; cells, never members."""
    from hamsaya.node import merging
    from hamsaya.node.scanning import table_of

    if len(month) != 7 or month[4] != "-":
        raise typer.BadParameter(f"expected a month such as 2019-08, received {month!r}")
    with _working(session, "learning"):
        table = table_of(file, store or data_directory() / "incidents", as_of, source)
        spots = merging.blind_spots(table, ledger, pack, month, limit)
    session.answer(
        {"month": month, **merging.blind_terms(table, ledger), "spots": msgspec.to_builtins(spots)},
        Table(("cell", "score", "death within 3 months", "reported by anybody", "why"), [
            (one.gid, f"{one.score:.2f} ({one.score_low:.2f} to {one.score_high:.2f})", _percent(one.probability),
             "not known" if ledger is None else _percent(one.coverage), "; ".join(one.reasons)) for one in spots]),
    )


def declare(
    session: Session,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="TOML: first, last, rows = [[cell, %]].")],
) -> None:
    """Declare to every entitled party what this node's member covers of its own cells."""
    told = read_toml(file)
    plain = {**told, "as_of": session.now(), "rows": sorted(told.get("rows", []))}
    session.send(body_from_plain("monitor.coverage", plain), ["all"])


def contest(
    session: Session,
    gid: Annotated[int, typer.Argument(help="The cell.")],
    first: Months,
    last: Months,
    low: Annotated[int, typer.Option(min=0, max=100, help="The figure contested, %, from.")],
    high: Annotated[int, typer.Option(min=0, max=100, help="The figure contested, %, to.")],
    own: Annotated[int, typer.Option(min=0, max=100, help="What the member puts against it, %.")],
    ground: Annotated[
        Literal["reports-missing", "merged-wrongly", "no-access", "not-this-cell", "other-period"],
        typer.Option(help="Why."),
    ],
) -> None:
    """Contest the figure of one's own coverage of a cell; figure and contest stay side by side."""
    plain: dict[str, Any] = {"as_of": session.now(), "gid": gid, "first": first, "last": last, "low": low,
                             "high": high, "own": own, "ground": ground}
    body = body_from_plain("monitor.contest", plain)
    assert isinstance(body, Dispute)
    session.send(body, ["all"])


def _answer(session: Session, merged: Merged, limit: int, **more: Any) -> None:
    """Print what a ledger holds in short; with --json every incident."""
    found = merged.incidents
    names = ("single", "agreed", "differing", "contested")
    statuses = {name: sum(one.status == name for one in found) for name in names}
    held = {frozenset((one.candidate.left, one.candidate.right)): one for one in merged.pairs}
    several = [one for one in found if len(one.accounts) > 1 or one.denials]
    session.answer(
        {"incidents": len(found), "statuses": statuses, "queue": len(merged.queue),
         "passed_over": len(merged.passed_over), "open_denials": len(merged.open_denials), **more,
         "rulings": len(merged.ledger.rulings),
         "merged": [{**msgspec.to_builtins(one), "reasons": _reasons(one, held)} for one in found]},
        facts(accounts=len(merged.ledger.accounts), incidents=len(found), **statuses,
              waiting_for_a_person=len(merged.queue), open_denials=len(merged.open_denials),
              rulings=len(merged.ledger.rulings)),
        Table(("incident", "accounts", "one event", "deaths", "status", "why"), [
            (one.id, [_key(key) for key in (*one.accounts, *one.denials)], _percent(one.probability),
             f"{one.low} to {one.high}", one.status, "; ".join([*one.disagreement, *_reasons(one, held)]))
            for one in several[:limit]]),
    )


def _reasons(one: Incident, held: dict[frozenset[Key], Linked]) -> list[str]:
    pairs = [held[pair] for place, a in enumerate(one.accounts) for b in one.accounts[place + 1 :]
             if (pair := frozenset((a, b))) in held]
    return [reason for pair in pairs for reason in pair.candidate.reasons]


def _pair(one: Linked) -> dict[str, Any]:
    return {"left": _key(one.candidate.left), "right": _key(one.candidate.right), "probability": one.probability,
            "denial": one.candidate.denial, "reasons": one.candidate.reasons}


def _denial(one: Account) -> dict[str, str]:
    about = "names no account: a person decides" if one.answers is None else (
        f"names {_key(one.answers)}, which is not here or was ruled to be another event")
    return {"account": _key(one.key), "stance": one.stance, "about": about}


def _parsed(text: str) -> Key:
    reporter, colon, number = text.partition(":")
    if not (reporter and colon and number):
        raise OperatorError(f"expected an account as reporter:number, received {text[:80]!r}", code="bad-account")
    return reporter, number


def _key(key: Key) -> str:
    return ":".join(key)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _span(low: float, mid: float, high: float) -> str:
    return f"{mid:.0%} ({low:.0%} to {high:.0%})"


def _now() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


def _working(session: Session, what: str) -> Any:
    """Show on a terminal that work goes on; elsewhere show nothing."""
    from rich.console import Console

    return Console(stderr=True, quiet=session.as_json).status(f"{what} …")
