"""Wiring of region packs: opened by name or folder, their charters and published figures read, without any node.

Apart from ``bootstrap``, so that a command that asks a pack alone loads no transport, store or keys.
"""

from __future__ import annotations

from pathlib import Path

from hamsaya.adapters.charterfile import HEAD, VERSION, load_charter, versions
from hamsaya.adapters.regionpack import Pack, builtin_pack, load_pack
from hamsaya.base.errors import OperatorError
from hamsaya.base.interval import Interval
from hamsaya.charter.types import Document, document_from_plain
from hamsaya.linkage.types import Quantity

MONEY_A_YEAR = "MUSD/year"
"""The unit of a project's figures that are flows of money."""


def open_named_pack(name: str | None) -> Pack:
    """Return the pack in folder ``name``, else the built-in pack of that name; None is the default one."""
    return load_pack(Path(name)) if name is not None and Path(name).is_dir() else builtin_pack(name)


def open_charter(name: str | None) -> Document:
    """Return the charter ``name``, read from data alone.

    Args:
        name: A version's folder or its ``charter.toml``, a pack's folder, a single file, an installed pack with or
            without a version (``PACK/2026-09-01``), a version of the default pack; None is that pack's own.
    Raises:
        OperatorError: there is none, or it does not fit its schema; the file and the field are named.
    """
    path = Path(name or "")
    if name is not None and path.exists() and not (path / "pack.toml").is_file():
        whole = path.parent if path.is_file() and (path.parent / "articles").is_dir() else path
        if whole.is_dir() and not (whole / HEAD).is_file():
            raise OperatorError(f"{path}: expected the folder of a pack or of a version (with pack.toml or {HEAD}), or "
                                f"a {HEAD}", code="pack-unreadable")
        return document_from_plain(load_charter(whole)[0])
    pack, _, version = ("", "", name) if name is not None and VERSION.match(name) else (name or "").partition("/")
    opened = builtin_pack(pack or None, version or None) if not path.is_dir() or not name else load_pack(path)
    return document_from_plain(opened.charter)


def charters_beside(name: str | None) -> list[str]:
    """Return the versions that stand beside the charter ``name``, each as a name that ``open_charter`` takes."""
    path = Path(name or "")
    if name is not None and path.exists():
        folder = path / "charter" if (path / "pack.toml").is_file() else (path if path.is_dir() else path.parent).parent
        return [str(folder / version) for version in versions(folder.parent)] if folder.name == "charter" else []
    pack = "" if name is None or VERSION.match(name) else name.partition("/")[0]
    opened = builtin_pack(pack or None)
    return [f"{opened.id}/{version}" for version in opened.versions]


def pack_inputs(pack: Pack) -> dict[str, Interval]:
    """Return a pack's priors for the price of compliance by name."""
    return {name: quantity.value for name, quantity in pack_priors(pack).items() if name in pack.inputs}


def pack_priors(pack: Pack) -> dict[str, Quantity]:
    """Return a pack's published figures for the price of compliance, and its projects' yearly flows of money."""
    found = {name: Quantity(Interval(prior.low, prior.mid, prior.high), prior.unit, prior.source)
             for name, prior in pack.inputs.items()}
    for project, figure in ((one, each) for one in pack.projects for each in one.figures):
        if figure.unit == MONEY_A_YEAR:
            value = Interval(figure.low, figure.value, figure.high)
            found[f"flow.{project.id}.{figure.name}"] = Quantity(value, figure.unit, figure.source, figure.as_of,
                                                                 figure.dispute)
    return found
