"""``hamsaya case attach`` and ``case fetch``: files that belong to items, and by courier ``case carry``.

A file goes to who holds its item. It is written out where a person says, with its conditions beside it, and nothing
here opens it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.cli.case_items import By, Desk, ItemRef, ReleasedBy, item_view
from hamsaya.cli.cases import Case
from hamsaya.cli.cases import _case as case_view
from hamsaya.cli.command import InFile, Session, command, reference
from hamsaya.cli.output import facts
from hamsaya.messages.attachments import CHUNK_BYTES

app = typer.Typer()

FileRef = Annotated[str, typer.Argument(parser=reference, metavar="file", help="The file's reference.")]
OutFile = Annotated[Path, typer.Argument(dir_okay=False, metavar="OUT", help="Where to write it.")]
COURIER = b"hamsaya/v1/chunks\n"
"""What a carried file begins with; then, for each sealed chunk, its length in four bytes and the chunk."""
Step = Callable[[int], None]


@contextmanager
def bar(session: Session, what: str, total: int, done: int = 0) -> Iterator[Step]:
    """Show a bar on standard error while work goes on; the step takes the bytes done since the last one."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
               TimeRemainingColumn())
    with Progress(*columns, console=console, disable=session.as_json, transient=True) as shown:
        task = shown.add_task(what, total=total, completed=done)
        yield lambda amount: shown.advance(task, amount)


def _file_view(session: Session, case: str, item: str, file: str) -> dict[str, Any] | None:
    for view in case_view(session, case)["items"]:
        if view["item"]["item"] == item:
            return next((dict(each) for each in view["attachments"] if each["attachment"] == file), None)
    return None


def _fresh(session: Session, case: str, item: str) -> str:
    views = [view for view in case_view(session, case)["items"] if view["item"]["item"] == item]
    taken = {each["attachment"] for view in views for each in view["attachments"]}
    taken |= {each["content"].get("attachment") for each in session.call("prepared")}
    own = session.call("status")["node"]
    return next(ref for n in range(1, len(taken) + 2) if (ref := f"{own}-f{n}") not in taken)


@command(app, "attach", "send")
def attach(
    session: Session, case: Case, item: ItemRef, file: InFile, prepared_by: By = None, released_by: ReleasedBy = None,
    name: Annotated[str | None, typer.Option(help="What it is called for others; its own name without it.")] = None,
    ref: Annotated[str | None, typer.Option(parser=reference, help="Its reference; one is made up.")] = None,
) -> None:
    """Give a file with an item of this node, to all who hold the item: one person prepares it, another releases it."""
    holders = item_view(session, case, item)["holders"]
    named = {"prepared_by": session.officer(prepared_by), "released_by": session.officer(released_by, 1)}
    names = {"case": case, "item": item, "attachment": ref or _fresh(session, case, item)}
    size = file.stat().st_size
    begun = session.call("file-begin", **names, file=name or file.name, size=size)
    with file.open("rb") as source, bar(session, "sealing", size) as step:
        while piece := source.read(begun["piece_bytes"]):
            session.call("file-put", **names, data=base64.b64encode(piece).decode())
            step(len(piece))
    body = session.call("file-finish", **names, **named)
    session.answer_sent(session.submit("case.attach", body, holders, case))


@command(app, "fetch")
def fetch(
    session: Session, case: Case, item: ItemRef, file: FileRef,
    out: Annotated[Path | None, typer.Option(help="Where to write it; below a folder under its own name.")] = None,
    carried: Annotated[Path | None, typer.Option("--from", exists=True, dir_okay=False, help="A file that a courier "
                                                 "brought (case carry).")] = None,
    only: Annotated[bool, typer.Option("--only", help="Bring it to the node; write nothing out.")] = False,
    desk: Desk = None,
) -> None:
    """Bring a file here, going on where it stopped, check it whole, and write it out with its conditions beside it."""
    names = {"case": case, "item": item, "attachment": file}
    if carried is not None:
        _take_carried(session, names, carried)
    here = _bring(session, names)
    if only:
        session.answer(here, f"{here['held']} of {here['chunks']} chunks are here.")
        return
    opened = session.call("file-open", **names, desk=desk)
    place = _place(out, opened["file"])
    _write(session, names, desk, opened, place)
    conditions = _conditions(session, names, opened, place)
    result = {**names, **here, "file": opened["file"], "type": opened["type"], "size": opened["size"],
              "sha256": base64.b64decode(opened["digest"]).hex(), "written": str(place), "conditions": str(conditions)}
    session.answer(result, facts(**result), "It is what its originator signed. Nothing here opens it: look at it on a "
                                            "machine where it can do no harm.")


def _bring(session: Session, names: dict[str, str]) -> dict[str, int]:
    """Bring the chunks that are missing here, some at a time, so that a break loses nothing."""
    here: dict[str, int] = session.call("file-fetch", **names, most=0)
    most = 4
    with bar(session, "fetching", here["sealed_bytes"], _bytes(here)) as step:
        while here["held"] < here["chunks"]:
            before, began = here, time.monotonic()
            here = session.call("file-fetch", **names, most=most)
            step(_bytes(here) - _bytes(before))
            # The bar moves about once a second, over a slow line as over a fast one.
            most = max(1, min(32, 2 * most if time.monotonic() - began < 1 else most // 2))
    return here


def _bytes(here: dict[str, int]) -> int:
    return here["sealed_bytes"] * here["held"] // max(1, here["chunks"])


def _place(out: Path | None, name: str) -> Path:
    place = Path(name) if out is None else out / name if out.is_dir() else out
    if place.exists():
        raise OperatorError(f"{place} is there already, and no file is written over; choose another place: --out",
                            code="already-there")
    return place


def _write(session: Session, names: dict[str, str], desk: str | None, opened: dict[str, Any], place: Path) -> None:
    """Write the file beside its place, compare its digest, and move it there whole."""
    part, hashed = place.with_name(place.name + ".part"), hashlib.sha256()
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as target, \
                bar(session, "writing", opened["size"]) as step:
            for index in range(opened["pieces"]):
                piece = base64.b64decode(session.call("file-read", **names, index=index, desk=desk)["data"])
                target.write(piece)
                hashed.update(piece)
                step(len(piece))
        if hashed.digest() != base64.b64decode(opened["digest"]):
            raise PeerError("the bytes written are not the file's; nothing was kept", code="wrong-file")
        os.replace(part, place)
    finally:
        part.unlink(missing_ok=True)


def _conditions(session: Session, names: dict[str, str], opened: dict[str, Any], place: Path) -> Path:
    """Write the conditions of the item beside the file: what leaves the node carries them."""
    known = item_view(session, names["case"], names["item"])
    beside = place.with_name(place.name + ".conditions.json")
    plain = {**names, "originator": known["originator"], "file": opened["file"], "sha256":
             base64.b64decode(opened["digest"]).hex(), "caveats": known["caveats"], "grading": known["grading"]}
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n")
    return beside


# --- By courier -------------------------------------------------------------------------------------------


@command(app, "carry")
def carry(session: Session, case: Case, item: ItemRef, file: FileRef, out: OutFile) -> None:
    """Write the sealed chunks of a file of this node for a courier; only who holds its item can open them."""
    names = {"case": case, "item": item, "attachment": file}
    view = _file_view(session, case, item, file)
    if view is None:
        raise OperatorError(f"this node knows no file {file} of {item}; see: hamsaya case show {case}",
                            code="unknown-attachment")
    with out.open("xb") as target, bar(session, "writing", view["sealed_bytes"]) as step:
        target.write(COURIER)
        for index in range(view["chunks"]):
            sealed = base64.b64decode(session.call("file-give", **names, index=index)["data"])
            target.write(len(sealed).to_bytes(4, "big") + sealed)
            step(len(sealed))
    session.answer({**names, "written": str(out), "bytes": out.stat().st_size},
                   f"{out} holds {view['chunks']} sealed chunks; the message that names them goes by: hamsaya node "
                   "courier export")


def _take_carried(session: Session, names: dict[str, str], carried: Path) -> None:
    with carried.open("rb") as source, bar(session, "taking in", carried.stat().st_size) as step:
        if source.read(len(COURIER)) != COURIER:
            raise PeerError(f"{carried}: expected sealed chunks written by: hamsaya case carry", code="bad-bundle")
        index = 0
        while head := source.read(4):
            length = int.from_bytes(head, "big")
            if length > 2 * CHUNK_BYTES or len(sealed := source.read(length)) != length:
                raise PeerError(f"{carried}: expected whole chunks; what came before is kept", code="bad-bundle")
            session.call("file-take", **names, index=index, data=base64.b64encode(sealed).decode())
            index += 1
            step(4 + length)
