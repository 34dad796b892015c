"""TOML files of a folder of data, read strictly: every refusal names the file and the field."""

from __future__ import annotations

import tomllib
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hamsaya.base.errors import OperatorError

Folder = Path | Traversable
T = TypeVar("T")


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One table of a file; unknown fields are refused."""


def invalid(file: str, field: str, problem: str) -> OperatorError:
    """Return the refusal (``pack-invalid``) of one field of one file."""
    return OperatorError(f"{file}, {field}: {problem}", code="pack-invalid")


def read_bytes(folder: Folder, file: str) -> bytes:
    """Return the bytes of ``file``, a path below ``folder`` with slashes; OperatorError ``pack-unreadable``."""
    try:
        return folder.joinpath(*file.split("/")).read_bytes()
    except OSError as error:
        raise OperatorError(f"{file}: expected a readable file of the region pack ({type(error).__name__})",
                            code="pack-unreadable") from None


def read_plain(folder: Folder, file: str) -> dict[str, Any]:
    """Return the file's table as plain values; OperatorError ``pack-unreadable`` or ``pack-invalid``."""
    try:
        return tomllib.loads(read_bytes(folder, file).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OperatorError(f"{file}: expected TOML in UTF-8: {error}", code="pack-invalid") from None


def read_table(folder: Folder, file: str, table: type[T]) -> T:
    """Return the file as ``table``; msgspec names the path of a field that does not fit; errors as above."""
    return typed(file, read_plain(folder, file), table)


def typed(file: str, plain: Any, table: type[T]) -> T:
    """Return ``plain``, read from ``file``, as ``table``; OperatorError ``pack-invalid``."""
    try:
        return msgspec.convert(plain, table)
    except msgspec.ValidationError as error:
        raise OperatorError(f"{file}: {error}", code="pack-invalid") from None
