"""Write incidents to a file that others can read: GED's column names, and what must be cited in the file itself.

Parquet carries citation and licence in its metadata; CSV in the columns ``source`` and ``licence`` of every row, and in
a text beside it. What it writes, ``eventfile`` reads back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hamsaya.base.errors import OperatorError

NAMES = {
    "id": "id", "type_of_violence": "violence", "where_prec": "where_prec", "adm_1": "adm1", "latitude": "lat",
    "longitude": "lon", "priogrid_gid": "gid", "country": "country", "date_prec": "date_prec", "date_start": "start",
    "date_end": "end", "best": "best", "high": "high", "low": "low",
}
"""Name in the file -> our column, in GED's order."""


def write(path: Path, tables: Iterable[Any], citations: Sequence[str]) -> int:
    """Write tables of incidents (``monitor.incidents.Incidents``) and return how many rows they had.

    Args:
        path: ``.csv`` or ``.parquet``; must not exist.
    Raises:
        OperatorError: ``bad-file``, it exists or has another ending; ``missing-extra``.
    """
    if path.suffix not in (".csv", ".parquet") or path.exists():
        raise OperatorError(f"{path}: expected a new file that ends with .csv or .parquet", code="bad-file")
    try:
        import pyarrow
        from pyarrow import csv, parquet
    except ImportError:
        raise OperatorError("exports need the extra: install hamsaya[parquet]", code="missing-extra") from None
    text = pyarrow.string()
    kinds = {"date_start": pyarrow.date32(), "date_end": pyarrow.date32(), "latitude": pyarrow.float64(),
             "longitude": pyarrow.float64(), **dict.fromkeys(("id", "country", "adm_1"), text)}
    said = {"citation": json.dumps(list(citations), ensure_ascii=False)}
    schema = pyarrow.schema([*((name, kinds.get(name, pyarrow.int32())) for name in NAMES),
                             ("source", text), ("version", text), ("licence", text)], metadata=said)
    rows, making = 0, csv.CSVWriter if path.suffix == ".csv" else parquet.ParquetWriter
    beside = path.with_name(path.name + ".part")  # What breaks off must not look like the whole.
    with making(beside, schema) as writer:
        for table in tables:
            arrays = [pyarrow.array(_values(table, name), schema.field(name).type) for name in schema.names]
            writer.write_batch(pyarrow.record_batch(arrays, schema=schema))
            rows += len(table)
    beside.rename(path)
    if path.suffix == ".csv":
        path.with_name(path.name + ".citation.txt").write_text("\n".join(citations) + "\n", encoding="utf-8")
    return rows


def _values(table: Any, name: str) -> Any:
    """Return one column of the file, None where unknown."""
    if name in ("source", "version", "licence"):
        return _words(table.release, [getattr(release, name) for release in table.releases])
    column = getattr(table, NAMES[name])
    match name:
        case "id":
            return column.astype("U")
        case "country":
            return _words(column, table.countries)
        case "adm_1":
            return _words(column, [area for _, area in table.areas])
        case "where_prec" | "date_prec":
            return [code or None for code in column.tolist()]
        case "date_start" | "date_end":
            return column.astype("M8[D]")
    return column


def _words(codes: Any, words: Sequence[str]) -> Any:
    return np.array([*words, None], object)[codes]
