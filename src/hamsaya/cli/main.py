"""``hamsaya``: the program's one entry. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted.

Modules that are slow to load are imported by the commands that need them, so that ``--help`` and a question to a
running node answer at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from hamsaya import __version__
from hamsaya.cli import (
    assembly,
    case_clocks,
    case_files,
    case_items,
    case_requests,
    case_talk,
    cases,
    charter,
    compliance,
    incentives,
    linkage,
    log,
    match,
    monitor,
    nodes,
    oversight,
    persons,
    release,
    treaty,
    verification,
    visits,
)
from hamsaya.cli.command import Session, command

app = typer.Typer(
    help="Hamsaya: the node of one party of a regional framework, and the tools around it.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
)
for _name, _group in {
    "node": nodes.app, "person": persons.app, "charter": charter.app, "case": cases.app, "monitor": monitor.app,
    "compliance": compliance.app, "linkage": linkage.app, "log": log.app,
    "match": match.app,
}.items():
    app.add_typer(_group, name=_name)
cases.app.add_typer(case_requests.app)
cases.app.add_typer(release.app)
cases.app.add_typer(oversight.app)
for _more in (assembly.app, treaty.app):
    charter.app.add_typer(_more)  # Without a name: its commands stand beside those of the group.
cases.app.add_typer(case_items.app)
compliance.app.add_typer(verification.app)
compliance.app.add_typer(visits.app)
linkage.app.add_typer(incentives.app)
cases.app.add_typer(case_files.app)
cases.app.add_typer(case_clocks.app)
cases.app.add_typer(case_talk.app)

PRESENT = "--with-"
"""``demo --with-NAME`` is ``demo --with ID``: NAME is a party's id, or its English name in small letters."""


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _app(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")]
    = False,
) -> None:
    pass


@command(app, "demo", "json")
def demo(
    session: Session,
    incidents: Annotated[Path | None, typer.Option(
        exists=True, dir_okay=False, help="A UCDP GED file; else one is looked for, else EXERCISE data made.")] = None,
    once: Annotated[bool, typer.Option("--once", help="End after the exercise; leave no pages up.")] = False,
    directory: Annotated[Path | None, typer.Option("--dir", help="Where the nodes live; else a new place.")] = None,
    base_port: Annotated[int, typer.Option(min=1024, max=65000, help="The first of the ports used.")] = 18440,
    present: Annotated[list[str] | None, typer.Option(
        "--with", help="A party the pack lists as absent that takes part; also as --with-NAME.")] = None,
) -> int:
    """Play the whole exercise on this machine: every party a process, real mutual TLS."""
    from hamsaya.cli.demo import run

    return run(incidents=incidents, once=once, as_json=session.as_json, directory=directory, base_port=base_port,
               present=tuple(present or ()))


@command(app, "bench", "json")
def bench(
    session: Session,
    name: Annotated[
        Literal["receive", "exchange", "log", "seal", "charter", "matching", "monitor", "price", "files", "all"],
        typer.Argument(help="Which measurement."),
    ] = "all",
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rounds, wider error.")] = False,
    part: Annotated[list[str] | None, typer.Option(help="One part of bench monitor or price; repeat.")] = None,
) -> int:
    """Measure, each figure as a ratio to a raw limit taken in the same run."""
    from hamsaya.cli.bench import run

    return run(name=name, as_json=session.as_json, quick=quick, parts=tuple(part or ()))


@command(app, "doctor")
def doctor(session: Session) -> int:
    """Look for what would stop this node: library, clock, disk, rights, keys, log, peers."""
    from hamsaya.cli import doctor as examination

    return examination.doctor(session)


def with_names(words: Sequence[str]) -> list[str]:
    """Return the command line with every ``--with-NAME`` of ``demo`` spelt ``--with ID``; others stay as they are."""
    if "demo" not in words[:1] or not any(word.startswith(PRESENT) for word in words):
        return list(words)
    from hamsaya.node.packs import open_named_pack

    parties = open_named_pack(None).parties
    ids = {spelling: party.id for party in parties
           for spelling in (party.display("en").lower().replace(" ", "-"), party.id)}
    spelt: list[str] = []
    for word in words:
        member = ids.get(word.removeprefix(PRESENT)) if word.startswith(PRESENT) else None
        spelt += [word] if member is None else ["--with", member]
    return spelt


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    app(args=with_names(sys.argv[1:] if words is None else words), prog_name="hamsaya")
