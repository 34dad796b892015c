"""``hamsaya match files``: private hit/no-hit on files, without a node, to try it or to look at what each side holds.

    register(group)        # from the module that makes the group ``match``
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from hamsaya.cli.command import Session, command, new_group, reference
from hamsaya.cli.output import Table, facts

InFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]
NoticeFile = Annotated[Path, typer.Option("--notice", exists=True, dir_okay=False, help="The epoch's notice.")]
KeyFile = Annotated[Path, typer.Option("--key", dir_okay=False, help="The epoch's secret key, a file of mode 0600.")]


def register(group: typer.Typer) -> None:
    """Add the group ``files`` to the group ``match``."""
    files = new_group(group, "files", "Hit/no-hit on files, without a node: build, request, answer, result.")
    command(files, "build", "json")(build)
    command(files, "request", "json")(request)
    command(files, "answer", "json")(answer)
    command(files, "result", "json")(result)


def build(
    session: Session,
    file: Annotated[Path, typer.Argument(
        exists=True, dir_okay=False, help="CSV: type, value, issuer, category, desk and, if wanted, planted.")],
    key: KeyFile,
    out: Annotated[Path, typer.Option(dir_okay=False, help="Where the tag set goes; its notice beside it.")],
    epoch: Annotated[int, typer.Option(min=1, help="The epoch; each has a key of its own.")] = 1,
    new_key: Annotated[bool, typer.Option("--new-key", help="Make the key first; the file must not exist.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes to use.")] = 1,
    cap: Annotated[int, typer.Option(min=1, help="Drop an identifier found in more records than this.")] = 5,
) -> None:
    """Build the tag set of an epoch from a file of typed identifiers, and the notice that goes into the log."""
    from hamsaya.node import hit_no_hit

    pair = hit_no_hit.new_key(key) if new_key else hit_no_hit.read_key(key)
    with shown_progress("identifiers") as each:
        built = hit_no_hit.build_set(file, pair, epoch=epoch, workers=workers, cap=cap, each=each)
    notice = out.with_name(out.name + ".notice")
    hit_no_hit.write_set(out, built.tags)
    hit_no_hit.write_body(notice, built.notice)
    figures = {
        "set": str(out), "notice": str(notice), "epoch": epoch, "entries": built.notice.size, "decoys": built.decoys,
        "dropped": len(built.dropped), "planted": len(built.planted), "bytes": len(built.tags.entries),
        "root": built.notice.root.hex(), "public": built.notice.public.hex(), "desks": list(built.notice.desks),
    }
    session.answer(figures, facts(**{name: str(value) for name, value in figures.items() if name != "desks"}))


def request(
    session: Session,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV: type, value, issuer; 1 to 100.")],
    notice: NoticeFile,
    responder: Annotated[str, typer.Option(help="The member asked.")],
    case: Annotated[str, typer.Option(parser=reference, help="The open case.")],
    officer: Annotated[str, typer.Option(parser=reference, help="The officer who asks, by pseudonym.")],
    legal_basis: Annotated[str, typer.Option(help="The legal basis, by its reference.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="Where the request goes: for the responder.")],
    secrets: Annotated[Path, typer.Option(dir_okay=False, help="Where its secrets go: they stay here, mode 0600.")],
    name: Annotated[str, typer.Option("--probe", parser=reference, help="The probe's reference.")] = "P-1",
) -> None:
    """Make a probe: nobody can read an identifier from it, and each is committed to."""
    from hamsaya.node import hit_no_hit

    made, kept = hit_no_hit.make_request(file, hit_no_hit.read_notice(notice), responder=responder, case=case,
                                         probe=name, officer=officer, legal_basis=legal_basis)
    hit_no_hit.write_secrets(secrets, kept)
    hit_no_hit.write_body(out, made)
    session.answer({"probe": name, "inputs": len(kept), "request": str(out), "secrets": str(secrets)},
                   f"probe {name}: {len(kept)} inputs in {out}", f"keep {secrets} as long as it may be audited")


def answer(
    session: Session,
    file: InFile,
    key: KeyFile,
    notice: NoticeFile,
    out: Annotated[Path, typer.Option(dir_okay=False, help="Where the answer goes: for the querier.")],
) -> None:
    """Answer a probe with an epoch's key, and prove that it was this key; the responder learns no identifier."""
    from hamsaya.node import hit_no_hit

    asked = hit_no_hit.read_request(file)
    made = hit_no_hit.answer_request(asked, hit_no_hit.read_key(key), hit_no_hit.read_notice(notice))
    hit_no_hit.write_body(out, made)
    session.answer({"probe": made.probe, "inputs": len(made.evaluated), "answer": str(out)},
                   f"probe {made.probe}: {len(made.evaluated)} elements answered in {out}")


def result(
    session: Session,
    file: InFile,
    request: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The request that was answered.")],
    secrets: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The request's secrets.")],
    notice: NoticeFile,
    published: Annotated[Path, typer.Option("--set", exists=True, dir_okay=False, help="The responder's tag set.")],
) -> None:
    """Say which identifiers are hits, once the set and the answer are shown to be those of the notice."""
    from hamsaya.node import hit_no_hit

    found = hit_no_hit.read_answer(
        hit_no_hit.read_probe_answer(file), hit_no_hit.read_request(request), hit_no_hit.read_secrets(secrets),
        hit_no_hit.read_notice(notice), hit_no_hit.read_set(published))
    hits = sum(each.hit is not None for each in found)
    rows = [(each.identifier.type, each.identifier.issuer or "", each.identifier.value,
             each.hit.category if each.hit else "no hit", each.hit.desk if each.hit else "") for each in found]
    session.answer({"hits": hits, "results": found},
                   Table(("type", "issuer", "value", "category", "desk"), rows),
                   "A hit is no finding: a person at the desk confirms it, on a request in the case.")


@contextmanager
def shown_progress(what: str) -> Iterator[Callable[[int], None]]:
    """Show how far the work has come, on a terminal; elsewhere show nothing."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda count: progress.update(task, completed=count)
