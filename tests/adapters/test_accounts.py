"""Files of accounts that are broken or hostile: every row is taken, or told by line and field; nothing in silence."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hamsaya.adapters.accounts import read_accounts
from hamsaya.base.errors import PeerError
from hamsaya.monitor.merging_types import Account

HEADER = ["id", "date_start", "latitude", "longitude", "type_of_violence", "best", "low", "high"]
GOOD = ["1", "2019-05-02", "34.5", "69.2", "1", "3", "2", "4"]
AS_OF = 1_600_000_000_000  # 2020-09-13


def read(path: Path) -> tuple[list[Account], list[str], list[str]]:
    """Return accounts, what was told of bad rows, and notes."""
    bad: list[PeerError] = []
    notes: list[str] = []
    accounts = [one for one, _ in read_accounts(path, "ava", AS_OF, bad.append, notes.append)]
    return accounts, [str(error) for error in bad], notes


def written(path: Path, *rows: list[str]) -> Path:
    """Write a file of accounts."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


@pytest.mark.parametrize(("field", "value", "said"), [
    ("best", "-3", "line 3, best"), ("low", "9", "line 3, high"), ("date_start", "1900-01-01", "line 3, date_start"),
    ("date_start", "2100-01-01", "line 3, date_start"), ("id", "1", "line 3, id"), ("id", "a\x00b", "line 3, row"),
    ("latitude", "134.5", "line 3, latitude"), ("latitude", "nan", "line 3, latitude"), ("best", "3.5", "line 3, best"),
    ("longitude", "69,2", "line 3, longitude"), ("type_of_violence", "9", "line 3, type_of_violence"),
    ("id", "=cmd()", "line 3, id"), ("high", "99999999999", "line 3, high"), ("best", "٣", "line 3, best"),
])
def test_a_bad_row_is_told_by_line_and_field_and_the_others_stay(
    tmp_path: Path, field: str, value: str, said: str
) -> None:
    """One row's fault is its own; what the field held is never repeated."""
    row = ["2", *GOOD[1:]]
    row[HEADER.index(field)] = value
    accounts, bad, _ = read(written(tmp_path / "a.csv", GOOD, row, ["3", *GOOD[1:]]))
    assert [one.id for one in accounts] == ["1", "3"]
    assert len(bad) == 1 and bad[0].startswith(said)
    assert value not in bad[0] or value == "1"


def test_mixed_encodings_cost_their_lines_only(tmp_path: Path) -> None:
    """A line in another encoding is told; the file is read on."""
    path = written(tmp_path / "a.csv", GOOD, ["3", *GOOD[1:]])
    lines = path.read_bytes().splitlines()
    lines.insert(2, ",".join(["2é", *GOOD[1:]]).encode("latin-1"))
    path.write_bytes(b"\n".join(lines))
    accounts, bad, _ = read(path)
    assert [one.id for one in accounts] == ["1", "3"] and bad == ["line 3, row: expected text in UTF-8"]


@pytest.mark.parametrize("text", ["id," * 1_000_000, "\ufeff", "", "\x00" * 50, "id;date_start\n1;2\n"])
def test_what_is_no_such_file_is_refused(tmp_path: Path, text: str) -> None:
    """A million columns, nothing, NUL bytes, other columns: refused before a row is read."""
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PeerError):
        read(path)


def test_a_row_of_a_million_cells_costs_itself(tmp_path: Path) -> None:
    """The rows before and after are taken."""
    path = written(tmp_path / "a.csv", GOOD)
    with path.open("a", encoding="utf-8") as file:
        file.write("2," * 1_000_000 + "\n" + ",".join(["3", *GOOD[1:]]) + "\n")
    accounts, bad, _ = read(path)
    assert [one.id for one in accounts] == ["1", "3"] and len(bad) == 1 and bad[0].startswith("line 3")


def test_an_open_quote_swallows_nothing(tmp_path: Path) -> None:
    """A quote that never closes costs its line."""
    path = written(tmp_path / "a.csv", GOOD)
    with path.open("a", encoding="utf-8") as file:
        file.write('"2,' + ",".join(GOOD[1:]) + "\n" + ",".join(["3", *GOOD[1:]]) + "\n")
    accounts, bad, _ = read(path)
    assert [one.id for one in accounts] == ["1", "3"] and len(bad) == 1 and bad[0].startswith("line 3")


def test_what_was_done_to_rows_that_stay_is_said(tmp_path: Path) -> None:
    """HXL tags are left out, bounds widened: both are told."""
    accounts, bad, notes = read(written(tmp_path / "a.csv", ["#id"] * 8, GOOD, ["2", *GOOD[1:5], "9", "2", "4"]))
    assert [(one.low, one.best, one.high) for one in accounts] == [(2, 3, 4), (2, 9, 9)] and not bad
    assert len(notes) == 2 and "1 rows with a best" in notes[0] + notes[1] and "HXL" in notes[0] + notes[1]


def test_coordinates_changed_over_are_told(tmp_path: Path) -> None:
    """Latitude 69, longitude 34 among places near (69, 34): in range, and wrong."""
    rows = [[str(n), *GOOD[1:2], f"{34 + n / 20}", f"{69 + n / 15}", *GOOD[4:]] for n in range(30)]
    rows[7][2:4] = rows[7][3:1:-1]
    accounts, bad, _ = read(written(tmp_path / "a.csv", *rows))
    assert len(accounts) == 29 and bad[0].startswith("line 9, latitude") and len(bad) == 1
    far = [*rows, ["x", "2019-05-02", "12", "100", *GOOD[4:]]]
    assert "x" in [one.id for one in read(written(tmp_path / "b.csv", *far))[0]], "far away is no fault"
