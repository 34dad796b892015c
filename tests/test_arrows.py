"""The rooms of Hamsaya and the imports between them: arrows point down only (docs/map.md shows the picture).

Rules
1. base <- canon <- crypto <- translog, messages <- cores <- ports <- node <- faces (api, console, cli).
2. A core imports base, canon and messages, never another core, and has no clock, chance, environment or
   input and output of its own. The array libraries are for the cores that compute on arrays, and no node loads them
   before it is asked for such a thing.
3. Of a core, ``ports``, ``adapters`` and the faces see the module ``types`` only; ``node`` sees all of it.
4. ``adapters`` are named by ``node/bootstrap.py``, ``packs.py`` and ``data_files.py`` alone, and by the commands that
   play operator and attacker.
5. ``regions`` is data.

An import under ``TYPE_CHECKING``, inside a function, relative or by name (``import_module``) counts like any
other. What this leaves out: objects handed over at run time, which is how the node introduces cores.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = "hamsaya"
SOURCE = Path(__file__).resolve().parent.parent / "src" / PACKAGE

CORES = frozenset({"charter", "cases", "matching", "monitor", "border", "compliance", "linkage", "lab"})
FACES = frozenset({"api", "console", "cli"})
_GROUND = frozenset({"base", "canon", "messages"})
_BELOW_CORES = _GROUND | {"crypto", "translog"}

# Room -> rooms it may import whole. Its own room is always allowed.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "base": frozenset(),
    "canon": frozenset({"base"}),
    "crypto": frozenset({"base", "canon"}),
    "translog": frozenset({"base", "canon", "crypto"}),
    "messages": frozenset({"base", "canon", "crypto"}),
    **{core: _GROUND for core in CORES},
    "ports": _BELOW_CORES,
    "adapters": _BELOW_CORES | {"ports"},
    "node": _BELOW_CORES | CORES | {"ports"},
    **{face: frozenset({"node", "base", "messages"}) for face in FACES},
    # `node run` starts the other faces in its process; they do not know of each other.
    "cli": frozenset({"node", "base", "messages", "api", "console"}),
    "regions": frozenset(),
}
# Rooms that see of a core its types only.
SEES_TYPES = frozenset({"ports", "adapters"}) | FACES
# The modules that name adapters.
WIRING = frozenset(f"{PACKAGE}.node.{name}" for name in ("bootstrap", "packs", "data_files"))
# Commands that play the operator, the network and the attacker on this machine: they may import anything.
PLAYERS = tuple(f"{PACKAGE}.cli.{name}" for name in ("demo", "bench", "exercise"))

THIRD_PARTY_IN_CORES = frozenset({"anyascii", "cedarpy", "immutables", "msgspec", "rapidfuzz"})
# Cores that compute on arrays (ADR 14); what folds messages imports none of it, so a node does not carry it.
ARRAY_CORES = frozenset({"monitor", "compliance", "linkage", "lab"})
ARRAYS = frozenset({"lightgbm", "numba", "numpy", "scipy"})
NOT_IN_CORES = frozenset(
    {
        *("time", "random", "secrets", "uuid"),
        *("os", "sys", "platform", "getpass", "signal"),
        *("io", "pathlib", "shutil", "tempfile", "sqlite3", "logging"),
        *("socket", "ssl", "select", "selectors", "http", "urllib"),
        *("asyncio", "threading", "multiprocessing", "subprocess", "ctypes", "importlib"),
    }
)


@dataclass(frozen=True)
class Arrow:
    """One import: the module it stands in, the full name it reaches, and its line."""

    source: str
    target: str
    line: int


def arrows(module: str, source: str, is_package: bool) -> Iterator[Arrow]:
    """Yield every import of ``source``, the text of ``module``; relative names are made absolute."""
    here = module.split(".") if is_package else module.split(".")[:-1]
    for statement in ast.walk(ast.parse(source)):
        match statement:
            case ast.Import(names=names):
                yield from (Arrow(module, name.name, statement.lineno) for name in names)
            case ast.ImportFrom(module=origin, names=names, level=level):
                base = here[: len(here) - level + 1] if level else []
                prefix = ".".join([*base, *([origin] if origin else [])])
                yield from (Arrow(module, f"{prefix}.{name.name}", statement.lineno) for name in names)
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(target)), *_],
            ):
                yield Arrow(module, target, statement.lineno)


def room_of(name: str) -> str | None:
    """Return the room a full name lies in; None for the package itself and for other packages."""
    parts = name.split(".")
    return parts[1] if parts[0] == PACKAGE and len(parts) > 1 and parts[1] in MAY_IMPORT else None


def objection(arrow: Arrow) -> str | None:
    """Return why the arrow is forbidden, None where it is allowed."""
    here, there = room_of(arrow.source), room_of(arrow.target)
    if here is None or here == there or arrow.source.startswith(PLAYERS):
        return None
    if there is None:
        return _outside(here, arrow.target)
    if there in MAY_IMPORT[here]:
        return None
    if there in CORES and here in SEES_TYPES and arrow.target.split(".")[2:3] == ["types"]:
        return None
    if there == "adapters" and arrow.source in WIRING:
        return None
    allowed = ", ".join(sorted(MAY_IMPORT[here])) or "nothing"
    return f"{here} may not import {there} ({arrow.target}); allowed: {allowed}"


def _outside(here: str, target: str) -> str | None:
    package = target.split(".")[0]
    if package == PACKAGE or here not in CORES:
        return None
    if package in NOT_IN_CORES:
        return f"{here} is a core: what {package!r} would give it comes in as an argument"
    theirs = THIRD_PARTY_IN_CORES | (ARRAYS if here in ARRAY_CORES else frozenset())
    if package not in sys.stdlib_module_names and package not in theirs:
        allowed = ", ".join(sorted(theirs))
        return f"{here} is a core: of other people's packages it may use {allowed}, not {package}"
    return None


def modules() -> list[tuple[str, Path]]:
    """Return every module of the package with its file."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        found.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


def test_every_arrow_points_down() -> None:
    """A forbidden import is where a room starts to depend on another's inside; the failure names its line."""
    found = []
    for module, path in modules():
        for arrow in arrows(module, path.read_text(encoding="utf-8"), path.name == "__init__.py"):
            if reason := objection(arrow):
                found.append(f"{path.relative_to(SOURCE.parent.parent)}:{arrow.line}: {reason}")
    assert not found, "forbidden arrows:\n" + "\n".join(found)


def test_every_folder_is_a_known_room() -> None:
    """A new room must say here what it may import before it imports anything."""
    rooms = {path.name for path in SOURCE.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    assert rooms <= set(MAY_IMPORT)


def test_regions_hold_data_only() -> None:
    """A region pack that needs code would mean that the code knows a region."""
    for path in (SOURCE / "regions").rglob("*.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert all(isinstance(part, ast.Expr) for part in body), f"{path.name} holds code"


FORBIDDEN = {
    "a core imports another core": ("hamsaya.linkage.rules", "from hamsaya.compliance.types import Finding"),
    "a core imports crypto": ("hamsaya.cases.reduce", "import hamsaya.crypto.signing"),
    "a core imports the node": ("hamsaya.cases.rules", "from ..node import handlers"),
    "a core imports its sibling by dots": ("hamsaya.monitor.rules", "from .. import charter"),
    "a core reads the clock": ("hamsaya.charter.rules", "import time"),
    "a core draws lots": ("hamsaya.monitor.rules", "from random import random"),
    "a core takes a web framework": ("hamsaya.cases.rules", "from starlette.requests import Request"),
    "canon imports crypto": ("hamsaya.canon.cbor", "from hamsaya.crypto import signing"),
    "messages import the log": ("hamsaya.messages.event", "from hamsaya.translog.leaf import leaf"),
    "a handler names an adapter": ("hamsaya.node.handlers", "from hamsaya.adapters.sqlite import Store"),
    "an adapter calls the node": ("hamsaya.adapters.http", "from hamsaya.node.receive import receive"),
    "an adapter reads a core's rules": ("hamsaya.adapters.sqlite", "from hamsaya.cases.rules import decide"),
    "a face names an adapter": ("hamsaya.console.pages", "import hamsaya.adapters.sqlite.store"),
    "a face decides by itself": ("hamsaya.api.routes", "from hamsaya.charter import rules"),
    "a page calls the command line": ("hamsaya.console.pages", "from hamsaya.cli.client import connect"),
    "a page calls the API": ("hamsaya.console.pages", "from hamsaya.api.federation import federation_app"),
    "a command names an adapter": ("hamsaya.cli.monitor", "from hamsaya.adapters.ucdp import read"),
    "for type checking only": (
        "hamsaya.cases.types",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from hamsaya.charter.types import State",
    ),
    "inside a function": ("hamsaya.base.ids", "def f():\n    from hamsaya.canon import digest"),
    "by name": ("hamsaya.node.send", "import importlib\nimportlib.import_module('hamsaya.adapters.http')"),
}
ALLOWED = {
    "bootstrap names adapters": ("hamsaya.node.bootstrap", "from hamsaya.adapters.sqlite import Store"),
    "the exercise may forge": ("hamsaya.cli.demo", "from hamsaya.messages.envelope import seal"),
    "the exercise is a folder": ("hamsaya.cli.demo.attacks", "from hamsaya.crypto.signing import SigningKey"),
    "node run starts the other faces": ("hamsaya.cli.serve", "from hamsaya.console.app import console_app"),
    "a face sees a core's types": ("hamsaya.console.pages", "from hamsaya.cases.types import Case"),
    "the node sees cores whole": ("hamsaya.node.handlers", "from hamsaya.cases import reduce, rules"),
    "the version is everybody's": ("hamsaya.api.routes", "from hamsaya import __version__"),
    "a core keeps maps": ("hamsaya.cases.types", "from immutables import Map"),
}


def _objections(module: str, source: str) -> list[str]:
    return [reason for arrow in arrows(module, source, is_package=False) if (reason := objection(arrow))]


@pytest.mark.parametrize(("module", "source"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_forbidden_arrow_is_caught(module: str, source: str) -> None:
    """The check itself must fail on each way of writing a forbidden import, else it guards nothing."""
    assert _objections(module, source)


@pytest.mark.parametrize(("module", "source"), ALLOWED.values(), ids=ALLOWED.keys())
def test_allowed_arrow_passes(module: str, source: str) -> None:
    """A check that also refused the intended arrows would soon be switched off."""
    assert not _objections(module, source)


def test_a_node_carries_no_array_library() -> None:
    """A node folds messages in 80 MB; arrays are loaded by the command or the page that computes on them."""
    loaded = "import sys, hamsaya.node.bootstrap, hamsaya.cli.main; print(*sorted(sys.modules))"
    names = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()
    assert not ARRAYS & {name.split(".")[0] for name in names}
