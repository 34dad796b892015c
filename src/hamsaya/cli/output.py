"""What commands print: one JSON value for programs, plain tables and sentences for people.

Text from other parties reaches a terminal only through ``printable``: control characters and characters that turn
the direction of writing around could make a line say something else than it does.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hamsaya.base.instants import to_text

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Table:
    """Rows under column names; a cell is shown by ``cell``."""

    columns: Sequence[str]
    rows: Iterable[Sequence[object]] = field(default_factory=list)
    title: str = ""


Block = str | Table


def printable(text: str) -> str:
    """Return ``text`` on one line without characters that steer a terminal."""
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text)


def cell(value: object) -> str:
    """Return a value as people read it in a table."""
    match value:
        case _ if value in (None, "", [], {}):  # As a pattern {} would match every mapping.
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case Mapping():
            return ", ".join(f"{cell(key)} {cell(item)}" for key, item in value.items())
        case list() | tuple():
            return ", ".join(cell(item) for item in value)
        case _:
            return printable(str(value))


def when(instant: int | None) -> str:
    """Return an instant as UTC text."""
    return "-" if instant is None else to_text(instant)


def facts(**rows: object) -> Table:
    """Return a table of two columns: what, and its value; underscores become spaces."""
    return Table(("", ""), [(name.replace("_", " "), value) for name, value in rows.items()])


def print_json(value: Any) -> None:
    """Write ``value`` as the one JSON value of standard output."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def print_blocks(blocks: Iterable[Block]) -> None:
    """Write sentences and tables for people: framed at a terminal, plain columns elsewhere."""
    for block in blocks:
        if isinstance(block, str):
            sys.stdout.write("".join(f"{printable(line)}\n" for line in block.splitlines()))
        else:
            _print_table(block)
    sys.stdout.flush()


def _print_table(table: Table) -> None:
    rows = [[cell(value) for value in row] for row in table.rows]
    if sys.stdout.isatty():
        _print_framed(table, rows)
        return
    if table.title:
        sys.stdout.write(f"{printable(table.title)}\n")
    lines = [list(table.columns), *rows] if any(table.columns) else rows
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def _print_framed(table: Table, rows: list[list[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Framed
    from rich.text import Text

    framed = Framed(title=table.title and Text(table.title), box=box.SIMPLE_HEAD, show_header=any(table.columns))
    for name in table.columns:
        framed.add_column(name, overflow="fold")
    for row in rows:
        framed.add_row(*map(Text, row))  # As text: square brackets in a title are no markup.
    Console().print(framed)


def complain(code: str, message: str, *, as_json: bool) -> None:
    """Say why a command did not do what was asked: in JSON on standard output, else on standard error."""
    if as_json:
        print_json({"error": {"code": code, "message": message}})
    else:
        sys.stderr.write(f"hamsaya: {printable(message)} [{printable(code)}]\n")


def remark(text: str) -> None:
    """Say something beside the result, on standard error, in lines as given."""
    sys.stderr.write("".join(f"{printable(line)}\n" for line in text.split("\n")))
