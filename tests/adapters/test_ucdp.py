"""The reader of UCDP GED files: real columns read, every broken row refused by line and field, nothing quoted."""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from hamsaya.adapters.ucdp import COLUMNS, REQUIRED, read
from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.monitor.counts import counts
from hamsaya.monitor.types import Incident, gid_of

ROW = {
    "id": "244657", "date_start": "2019-08-16", "date_end": "2019-08-17 00:00:00.000", "latitude": "34.5167",
    "longitude": "69.1833", "priogrid_gid": str(gid_of(69.1833, 34.5167)), "type_of_violence": "3", "best": "5",
    "low": "3", "high": "8", "where_prec": "1", "source_headline": "SECRET quoted news", "country": "Nowhere",
}
INCIDENT = Incident("244657", "2019-08-17", 69.1833, 34.5167, gid_of(69.1833, 34.5167), 3, 5, 3, 8, 1)
HXL = {name: f"#{name}" for name in ROW}


def table(*rows: dict[str, str], columns: tuple[str, ...] = tuple(ROW)) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def write(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


Save = Callable[[str, bytes], Path]
FORMS = {
    "plain": ("ged.csv", table(ROW).encode()),
    "packed": ("ged.csv.gz", gzip.compress(table(ROW).encode())),
    "byte order mark": ("ged.csv", b"\xef\xbb\xbf" + table(ROW).encode()),
    "HXL tags": ("ged.csv", table(HXL, ROW).encode()),
    "DOS lines": ("ged.csv", table(ROW).replace("\n", "\r\n").encode()),
    "blank line": ("ged.csv", table(ROW).encode() + b"\n"),
    "columns in another order": ("ged.csv", table(ROW, columns=tuple(reversed(ROW))).encode()),
}


@pytest.mark.parametrize(("name", "data"), FORMS.values(), ids=FORMS)
def test_every_form_of_the_file_gives_the_same_incident(save: Save, name: str, data: bytes) -> None:
    """Providers pack, tag and mark the same release in different ways."""
    assert list(read(save(name, data))) == [INCIDENT]


def test_optional_columns_may_be_absent(save: Save) -> None:
    """Older and cut releases have no end date, cell or precision; the start date is then the day."""
    (incident,) = read(save("ged.csv", table(ROW, columns=REQUIRED).encode()))
    assert (incident.day, incident.where_prec, incident.gid) == ("2019-08-16", None, INCIDENT.gid)


def test_parquet_gives_the_same_incidents_as_csv(tmp_path: Path) -> None:
    """Typed columns, dates as dates and missing numbers as NaN must not change a single value."""
    import datetime

    columns = {
        "id": [244657], "date_start": [datetime.date(2019, 8, 16)], "date_end": [datetime.datetime(2019, 8, 17)],
        "latitude": [34.5167], "longitude": [69.1833], "priogrid_gid": [float("nan")], "type_of_violence": [3],
        "best": [5.0], "low": [3], "high": [8], "where_prec": [1], "source_headline": ["SECRET"],
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "ged.parquet")
    assert list(read(tmp_path / "ged.parquet")) == [INCIDENT]


def test_parquet_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A missing optional package is the operator's to add; the message must name it."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(OperatorError, match=r"hamsaya\[parquet\]"):
        list(read(tmp_path / "ged.parquet"))


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_column_is_named(save: Save, name: str) -> None:
    """A file of another kind must fail at its head, not row by row."""
    columns = tuple(column for column in ROW if column != name)
    with pytest.raises(PeerError, match=f"missing: {name}$") as caught:
        list(read(save("ged.csv", table(ROW, columns=columns).encode())))
    assert caught.value.code == "missing-columns"


def test_a_parquet_file_without_a_column_is_refused_too(tmp_path: Path) -> None:
    """Both forms of a file are held to the same columns."""
    parquet.write_table(pyarrow.table({"id": [1]}), tmp_path / "ged.parquet")
    with pytest.raises(PeerError, match="missing: date_start, latitude"):
        list(read(tmp_path / "ged.parquet"))


BROKEN = [
    ("id", ""), ("id", "x" * 65), ("id", "a\x07b"),
    ("date_start", ""), ("date_start", "17/08/2019"), ("date_start", "2019-02-30"), ("date_start", "20190816"),
    ("date_start", "2019-08-16X"), ("date_end", "2019-08-15"), ("date_end", "SECRET"),
    ("latitude", ""), ("latitude", "SECRET"), ("latitude", "nan"), ("latitude", "90"), ("latitude", "-90.1"),
    ("longitude", "180"), ("longitude", "inf"), ("longitude", "69,18"),
    ("priogrid_gid", "179789"), ("priogrid_gid", "0"), ("priogrid_gid", "SECRET"),
    ("type_of_violence", "0"), ("type_of_violence", "4"), ("type_of_violence", "1.5"), ("type_of_violence", ""),
    ("best", "-1"), ("best", "1e3"), ("best", "2147483648"), ("low", ""), ("high", "SECRET"), ("high", "9" * 30),
    ("where_prec", "8"), ("where_prec", "SECRET"),
]


@pytest.mark.parametrize(("field", "value"), BROKEN)
def test_a_broken_row_is_refused_by_line_and_field_and_never_quoted(save: Save, field: str, value: str) -> None:
    """The person who repairs the file needs the place; a log must not carry its content."""
    path = save("ged.csv", table(HXL, ROW, {**ROW, field: value}).encode())
    with pytest.raises(PeerError, match=f"^line 4, {field}: expected") as caught:
        list(read(path))
    assert caught.value.code == "bad-incident"
    assert "SECRET" not in str(caught.value)


def test_bad_rows_are_collected_where_the_caller_asks(save: Save) -> None:
    """One bad row of 400,000 must not cost the rest."""
    problems: list[PeerError] = []
    path = save("ged.csv", table(ROW, {**ROW, "best": "?"}, {**ROW, "id": "2"}).encode() + b"only,three,cells\n")
    assert [incident.id for incident in read(path, problems.append)] == ["244657", "2"]
    assert [str(problem).split(":")[0] for problem in problems] == ["line 3, best", "line 5, row"]


CROSSED = {
    "bounds cross": (("2", "2", "1"), (1, 2)),
    "best above both": (("4", "3", "3"), (3, 4)),
    "best below both": (("1", "2", "2"), (1, 2)),
}


@pytest.mark.parametrize(("figures", "bounds"), CROSSED.values(), ids=CROSSED)
def test_bounds_that_miss_the_best_estimate_are_widened_and_said_so(
    save: Save, figures: tuple[str, str, str], bounds: tuple[int, int]
) -> None:
    """UCDP publishes such rows; dropping them would lose deaths, keeping them silently would hide the repair."""
    best, low, high = figures
    (incident,) = read(save("ged.csv", table({**ROW, "best": best, "low": low, "high": high}).encode()))
    assert (incident.best, incident.low, incident.high) == (int(best), *bounds)
    assert incident.widened


NOT_FILES = {
    "not gzip": ("ged.csv.gz", b"id,best\n"),
    "gzip cut short": ("ged.csv.gz", gzip.compress(table(*[ROW] * 99).encode())[:-40]),
    "gzip with a flipped byte": ("ged.csv.gz", gzip.compress(table(ROW).encode())[:-6] + b"\0" * 6),
    "not UTF-8": ("ged.csv", table(ROW).encode() + b"\xff\xfe\n"),
    "open quote": ("ged.csv", table(ROW).encode() + b'"never closed'),
    "not Parquet": ("ged.parquet", b"PAR1 no"),
    "Parquet cut short": ("ged.parquet", b""),
}


@pytest.mark.parametrize(("name", "data"), NOT_FILES.values(), ids=NOT_FILES)
def test_what_is_not_the_file_that_its_name_says_is_refused(save: Save, name: str, data: bytes) -> None:
    """A download that broke off is common; it must end in a sentence, not in a library's traceback."""
    with pytest.raises(PeerError) as caught:
        list(read(save(name, data)))
    assert caught.value.code == "bad-incidents"


@pytest.mark.parametrize("name", ["ged.csv", "ged.csv.gz", "ged.parquet"])
def test_a_file_that_is_not_there_is_the_operators_matter(tmp_path: Path, name: str) -> None:
    """The path is set here; nobody outside can repair it."""
    with pytest.raises(OperatorError, match=name):
        list(read(tmp_path / name))


def consume(path: Path) -> None:
    """Read all; only the two errors of the contract may escape, and what is read is well-formed."""
    try:
        for incident in read(path, lambda _: None):
            assert incident.low <= incident.best <= incident.high
            assert 1 <= incident.gid <= 259_200
    except (PeerError, OperatorError):
        pass


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@given(data=st.binary(max_size=400), suffix=st.sampled_from(["csv", "csv.gz", "parquet"]))
def test_arbitrary_bytes_raise_nothing_else(scratch: Path, data: bytes, suffix: str) -> None:
    """A file from outside may hold anything at all."""
    path = scratch / f"bytes.{suffix}"
    path.write_bytes(data)
    consume(path)


@given(rows=st.lists(st.fixed_dictionaries({name: st.text(max_size=12) for name in COLUMNS}), max_size=4))
def test_arbitrary_fields_raise_nothing_else(scratch: Path, rows: list[dict[str, str]]) -> None:
    """Under a right header the fields may still be anything that a CSV can carry."""
    path = scratch / "fields.csv"
    path.write_bytes(table(*rows, columns=COLUMNS).encode("utf-8", "surrogatepass"))
    consume(path)


@given(
    field=st.sampled_from(COLUMNS),
    value=st.from_regex(r"[-+0-9.eE_: T]{1,14}", fullmatch=True) | st.sampled_from(["NaN", "-0", "1e400", "٣"]),
)
def test_a_field_that_is_nearly_right_raises_nothing_else(scratch: Path, field: str, value: str) -> None:
    """Numbers and dates in odd spellings reach the deepest code."""
    path = scratch / "near.csv"
    path.write_bytes(table({**ROW, field: value}).encode())
    consume(path)


@given(place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_flipped_byte_in_a_parquet_file_raises_nothing_else(scratch: Path, place: int, byte: int) -> None:
    """The Parquet library meets damaged bytes before any check of ours."""
    whole = scratch / "whole.parquet"
    if not whole.exists():
        parquet.write_table(pyarrow.table({name: [value] * 50 for name, value in ROW.items()}), whole)
    data = bytearray(whole.read_bytes())
    data[place % len(data)] = byte
    (scratch / "flipped.parquet").write_bytes(data)
    consume(scratch / "flipped.parquet")


REAL = {
    "ucdp-ged-region.csv.gz": (37_486, 530),
    "ucdp-ged-pakistan-v22_1.csv.gz": (6_082, 199),
    "ucdp-candidate-global-v26_0_2.csv.gz": (1_298, 7),
    "ucdp-ged-global-v21_1-prec12.parquet": (167_543, 1_373),
}


@pytest.mark.parametrize(("name", "rows", "widened"), [(name, *figures) for name, figures in REAL.items()])
def test_real_releases_read_whole(shared_data: Path, name: str, rows: int, widened: int) -> None:
    """Every row of the real files must pass the rules, cells included; only their crossed bounds are touched."""
    if not (shared_data / name).is_file():
        pytest.skip(f"{name} absent")
    incidents = list(read(shared_data / name))
    assert (len(incidents), sum(incident.widened for incident in incidents)) == (rows, widened)
    counted = counts(incidents)
    assert sum(row.incidents for row in counted) == rows
    assert Counter({1: 0}) + Counter(i.violence for i in incidents) == Counter(
        {kind: sum(row.incidents for row in counted if row.violence == kind) for kind in (1, 2, 3)}
    )
