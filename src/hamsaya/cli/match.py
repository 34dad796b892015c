"""``hamsaya match``: names across scripts, without a node; hit/no-hit and the UN list are in the modules beside it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from hamsaya.cli import match_files, match_list, match_node, match_oversight
from hamsaya.cli.command import Session, command, new_group
from hamsaya.cli.output import Table, facts

app = typer.Typer(help="Hit/no-hit between nodes, names across scripts, and the UN list.", no_args_is_help=True)
for _part in (match_node, match_oversight, match_list, match_files):
    _part.register(app)
names = new_group(app, "names", "Keys of a name, candidates ranked with reasons, and how well both do.")

Name = Annotated[str, typer.Argument(help="A name as written, in any script.")]
Born = Annotated[int | None, typer.Option(min=1000, max=2999, help="Year of birth, when known.")]


@command(names, "keys", "json")
def keys(session: Session, name: Name, born: Born = None) -> None:
    """Print the matching keys of a name: at most 4, joined with the year of birth where it is given."""
    from hamsaya.node.names import keys_of

    found = keys_of(name, born)
    session.answer({"name": name, "born": born, "keys": found},
                   *(found or ["No key: too few consonants to match without a year of birth (--born)."]))


@command(names, "rank", "json")
def rank(
    session: Session,
    name: Name,
    file: Annotated[Path, typer.Argument(
        exists=True, dir_okay=False, help="One name a line; or CSV with a column name and, if wanted, born.")],
    born: Born = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Candidates to print.")] = 20,
) -> None:
    """Rank the names of a file by how well they fit a name, and say why."""
    from hamsaya.node.names import rank_file

    found = rank_file(name, file, born, limit)
    session.answer(
        {"name": name, "born": born, "candidates": found},
        Table(("score", "match", "line", "candidate", "why"),
              [(f"{one.score:.2f}", one.is_match, one.line, one.candidate, "; ".join(one.reasons)) for one in found]),
        "A score is no finding: a person compares the whole entry.",
    )


@command(names, "evaluate", "json")
def evaluate(
    session: Session,
    file: Annotated[Path, typer.Argument(
        exists=True, dir_okay=False, help="CSV or CSV.GZ: name1, name2, is_match and, if wanted, group.")],
) -> None:
    """Measure recall and precision of keys and scores on your own labelled pairs."""
    from hamsaya.node.names import evaluate as measured

    with _progress(file) as each:
        found = measured(file, each)
    rows = [("all", found.overall), *(("group " + name, one) for name, one in found.groups.items()),
            *((name, one) for name, one in found.scripts.items())]
    session.answer(
        found,
        facts(tables=found.version, keys_at_most=found.max_keys, threshold=found.threshold),
        Table(("", "pairs", "true", "key recall", "key precision", "rank recall", "rank precision"),
              [(name, one.pairs, one.matches, *(_share(value) for value in (
                  one.keys.recall, one.keys.precision, one.rank.recall, one.rank.precision))) for name, one in rows]),
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


@contextmanager
def _progress(file: Path) -> Iterator[Callable[[int], None]]:
    """Show how far reading has come, on a terminal; elsewhere show nothing."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns: tuple[Any, ...] = (SpinnerColumn(), TextColumn("{task.description}: {task.completed:,.0f} pairs"),
                                TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(file.name, total=None)
        yield lambda count: progress.update(task, completed=count) if count % 500 == 0 else None
