"""Parquet files of columns with their own account of themselves, as JSON under ``hamsaya`` in the metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hamsaya.base.errors import OperatorError


def _library() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise OperatorError("Parquet needs the extra: install hamsaya[parquet], or choose another format",
                            code="missing-extra") from None
    return pyarrow, parquet


def read_columns(path: Path) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Return what the file says of itself and its columns; raises ValueError when it is no such file."""
    pyarrow, parquet = _library()
    try:
        table = parquet.read_table(path)
    except pyarrow.ArrowException as error:
        raise ValueError(str(error)) from None
    about = json.loads((table.schema.metadata or {}).get(b"hamsaya", b"null"))
    return about, {name: table[name].to_pylist() for name in table.column_names}


def write_columns(path: Path, columns: Mapping[str, Sequence[Any]], about: Mapping[str, Any]) -> None:
    """Write columns; the same ones give the same bytes with the same version of the library."""
    pyarrow, parquet = _library()
    table = pyarrow.table({name: list(values) for name, values in columns.items()})
    said = json.dumps(dict(about), sort_keys=True, ensure_ascii=False).encode()
    parquet.write_table(table.replace_schema_metadata({b"hamsaya": said}), path, compression="zstd")
