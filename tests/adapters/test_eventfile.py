"""Files of incidents, honest and hostile: every row is taken whole, or told by its line, and nothing else happens."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.adapters import eventtext
from hamsaya.adapters.eventfile import read_events
from hamsaya.adapters.eventformats import FORMATS, format_of
from hamsaya.base.errors import HamsayaError, OperatorError, PeerError
from hamsaya.monitor.incidents import ACTORS, day_number
from hamsaya.monitor.types import gid_of
from tests.adapters.eventmaking import acled, ged, ids, read, text_of

SECRET = "secret-word"


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a file."""

    def write(data: str | bytes, name: str = "ged.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return write


Put = Callable[..., Path]


def test_all_columns_of_a_ged_file_become_a_few_that_hold_no_person(put: Put) -> None:
    """Parties, dyads, sources and headlines stay in the file; of who acted there is a class."""
    batches, problems, _ = read(put(text_of([ged(0), ged(1, type_of_violence=3), ged(2, gwnob=2)])))
    columns = batches[0].columns
    assert problems == [] and ids(batches) == ["1000", "1001", "1002"]
    assert columns["start"][0] == day_number("2019-03-02") and columns["end"][0] == day_number("2019-03-04")
    assert [ACTORS[code] for code in columns["actors"]] == ["state-group", "state-civilians", "state-state"]
    assert batches[0].countries == ("Ava",) and batches[0].areas == (("Ava", "North province"),)
    assert not any("Name" in str(value) or "Gov" in str(value) for value in (*columns.values(), *batches[0][2:]))


BAD_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "latitude beyond the pole": ({"latitude": 134.5, "longitude": 69.2}, "latitude"),
    "longitude beyond 180": ({"latitude": 34.5, "longitude": 180}, "longitude"),
    "no number": ({"latitude": SECRET, "longitude": 69.2}, "latitude"),
    "not a number": ({"latitude": "nan", "longitude": 69.2}, "latitude"),
    "infinite": ({"latitude": 34.5, "longitude": "inf"}, "longitude"),
    "exchanged, told by the cell": (
        {"latitude": 69.2, "longitude": 34.5, "priogrid_gid": gid_of(69.2, 34.5)}, "latitude"),
    "exchanged, told by the country": ({"latitude": 69.2, "longitude": 34.5}, "latitude"),
    "another cell": ({"priogrid_gid": 5}, "priogrid_gid"),
    "year 1900": ({"date_start": "1900-01-01", "date_end": "1900-01-01"}, "date_start"),
    "year 2100": ({"date_end": "2100-01-01"}, "date_end"),
    "year 2100 from the start": ({"date_start": "2100-01-01", "date_end": "2100-01-01"}, "date_start"),
    "no such day": ({"date_start": "2019-02-30"}, "date_start"),
    "day before month": ({"date_start": "02/03/2019"}, "date_start"),
    "no date": ({"date_start": ""}, "date_start"),
    "backward": ({"date_end": "2019-03-01"}, "date_end"),
    "ten years long": ({"date_start": "2009-03-01"}, "date_end"),
    "negative deaths": ({"best": -3}, "best"),
    "half a death": ({"best": 2.5}, "best"),
    "deaths in words": ({"low": SECRET}, "low"),
    "deaths beyond counting": ({"high": 2**31}, "high"),
    "high below low": ({"low": 5, "high": 2}, "high"),
    "no deaths given": ({"best": ""}, "best"),
    "a type of violence that is none": ({"type_of_violence": 4}, "type_of_violence"),
    "precision out of range": ({"where_prec": 9}, "where_prec"),
    "date precision out of range": ({"date_prec": 6}, "date_prec"),
    "empty id": ({"id": " "}, "id"),
    "id of another script": ({"id": "١٢٣"}, "id"),
    "an id as long as a book": ({"id": "9" * 100_000}, "id"),
    "a country as long as a book": ({"country": SECRET * 100}, "country"),
    "a digit of another script": ({"best": "٣"}, "best"),
    "underscored": ({"best": "1_0"}, "best"),
    "underscored degrees": ({"latitude": "3_4.5", "longitude": 69.2}, "latitude"),
    "degrees in digits of another script": ({"latitude": "٣٤.٥", "longitude": 69.2}, "latitude"),
    "a decimal comma": ({"latitude": "34,5", "longitude": 69.2}, "latitude"),
    "a day with something after it": ({"date_start": "2019-03-02 or so"}, "date_start"),
    "a spreadsheet's day": ({"date_start": 43525}, "date_start"),
    "a control character in a name": ({"country": "A\x1b[31mva"}, "country"),
    "deaths beyond any number": ({"best": "1e308"}, "best"),
}


@pytest.mark.parametrize(("changed", "field"), BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_a_bad_row_is_told_by_line_and_field_and_the_rest_is_taken(
    put: Put, changed: dict[str, Any], field: str
) -> None:
    """The content of the field is not repeated: a refusal must not carry what it refuses."""
    batches, problems, _ = read(put(text_of([ged(0), ged(1), ged(2, **changed), ged(3), ged(4)])))
    assert [(one.line, one.field) for one in problems] == [(4, field)]
    assert ids(batches) == ["1000", "1001", "1003", "1004"]
    assert SECRET not in str(problems[0])


def test_crossed_bounds_are_taken_on_request_and_always_widened(put: Put) -> None:
    """The source's own releases hold such rows; a best estimate outside its bounds is kept and marked."""
    rows = [ged(0, low=9, high=1), ged(1, best=8)]
    batches, problems, _ = read(put(text_of(rows)), widen=True)
    assert problems == [] and len(ids(batches)) == 2
    batches, problems, _ = read(put(text_of(rows)))
    assert [one.field for one in problems] == ["high"] and ids(batches) == ["1001"]


def test_an_event_of_tomorrow_is_not_known_today(put: Put) -> None:
    """A date after the day of taking in is a slip of the source or a leak from the future."""
    _, problems, _ = read(put(text_of([ged(0), ged(1)])), latest=day_number("2019-03-03"))
    assert [(one.line, one.field) for one in problems] == [(2, "date_end"), (3, "date_end")]


LINES = text_of([ged(0), ged(1), ged(2), ged(3)]).splitlines(keepends=True)
HEAD, FIRST, SECOND, THIRD, FOURTH = LINES
HOSTILE: dict[str, tuple[bytes, list[int], list[str]]] = {
    "NUL bytes": ((HEAD + FIRST + "1001,\0\0\n" + THIRD).encode(), [3], ["1000", "1002"]),
    "mixed encodings": ((HEAD + FIRST).encode() + SECOND.replace("North", "Nörd").encode("latin-1") + THIRD.encode(),
                        [3], ["1000", "1002"]),
    "too few fields": ((HEAD + "1,2,3\n" + SECOND).encode(), [2], ["1001"]),
    "a million columns in a row": ((HEAD + FIRST + "," * 10**6 + "\n" + THIRD).encode(), [3], ["1000", "1002"]),
    "a line of many megabytes": ((HEAD + FIRST + "x" * 5_000_000 + "\n" + THIRD).encode(), [3], ["1000", "1002"]),
    "a quote never closed": ((HEAD + FIRST + '"' + SECOND + THIRD + FOURTH).encode(), [3],
                             ["1000", "1002", "1003"]),
    "a quote closed rows later": ((HEAD + '"' + FIRST + SECOND + '"' + THIRD + FOURTH).encode(), [2, 4],
                                  ["1001", "1003"]),
    "rubbish after a quote": ((HEAD + '"1"x,' + FIRST + THIRD).encode(), [2], ["1002"]),
    "an empty line": ((HEAD + FIRST + "\n\n" + THIRD).encode(), [], ["1000", "1002"]),
    "a byte order mark": (b"\xef\xbb\xbf" + (HEAD + FIRST).encode(), [], ["1000"]),
    "lines of Windows": ((HEAD + FIRST + SECOND).replace("\n", "\r\n").encode(), [], ["1000", "1001"]),
    "no line at the end": ((HEAD + FIRST + SECOND).rstrip("\n").encode(), [], ["1000", "1001"]),
    "a second header": ((HEAD + FIRST + HEAD + THIRD).encode(), [3], ["1000", "1002"]),
    "HXL tags further down": ((HEAD + FIRST + "#x" + "," * 48 + "\n").encode(), [3], ["1000"]),
}


@pytest.mark.parametrize(("data", "bad", "taken"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_a_broken_line_does_stays_on_that_line(put: Put, data: bytes, bad: list[int], taken: list[str]) -> None:
    """A quote left open must not swallow the rows after it, nor a wild byte the file."""
    batches, problems, _ = read(put(data))
    assert ids(batches) == taken
    assert sorted({one.line for one in problems}) == bad


@pytest.mark.parametrize("block", [7, 64, 1 << 18])
def test_lines_are_cut_alike_whatever_the_size_of_a_block(
    put: Put, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """A line that ends where a block does is one line."""
    monkeypatch.setattr(eventtext, "BLOCK", block)
    monkeypatch.setattr(eventtext, "MAX_LINE", 5_000)
    data = (HEAD + FIRST + "y" * 20_000 + "\n" + SECOND + "z" * 6_000 + "\n\n" + THIRD).encode()
    batches, problems, _ = read(put(data))
    assert ids(batches) == ["1000", "1001", "1002"]
    assert [one.line for one in problems] == [3, 5]


def test_a_row_of_hxl_tags_under_the_header_is_told(put: Put) -> None:
    """The Humanitarian Data Exchange adds one: left out, and said so."""
    batches, problems, notes = read(put(HEAD + "#event+id" + "," * 48 + "\n" + FIRST))
    assert ids(batches) == ["1000"] and problems == []
    assert notes == ["line 2: a row of HXL tags, left out"]


NO_FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "missing-columns"),
    "a million columns": (b"," * 10**6 + b"\n", "bad-incidents"),
    "many columns": (b"," * 600 + b"\n", "bad-incidents"),
    "of two-byte characters": (HEAD.encode("utf-16"), "bad-incidents"),
    "a picture": (bytes(range(256)) * 10, "bad-incidents"),
    "another table": (b"a,b\n1,2\n", "missing-columns"),
    "a header that names a column twice": (HEAD.replace("relid", "id").encode(), "bad-incidents"),
    "an open quote for a header": (b'"id,date_start\n', "bad-incidents"),
}


@pytest.mark.parametrize(("data", "code"), NO_FILES.values(), ids=NO_FILES.keys())
def test_a_file_that_is_no_file_of_incidents_is_refused(put: Put, data: bytes, code: str) -> None:
    """Nothing of it is a row, so nothing of it is taken."""
    with pytest.raises(PeerError) as refused:
        read(put(data))
    assert refused.value.code == code


def test_too_many_bad_rows_are_another_file(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarantine without an end would be a way to fill a disk."""
    monkeypatch.setattr(eventtext, "MAX_BAD", 50)
    with pytest.raises(PeerError, match="more than 50 bad rows"):
        read(put(HEAD + "1,2\n" * 60))


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_packed_files_are_read_as_streams(put: Put) -> None:
    """UCDP publishes zips, the shared data is gzip."""
    data = (HEAD + FIRST).encode()
    assert ids(read(put(gzip.compress(data), "a.csv.gz"))[0]) == ["1000"]
    assert ids(read(put(zipped({"GED.csv": data, "readme.pdf": b"x"}), "a.zip"))[0]) == ["1000"]
    for broken, name in ((gzip.compress(data)[:-20], "b.csv.gz"), (b"no zip", "b.zip"), (data, "c.csv.gz"),
                         (zipped({"a.csv": data, "b.csv": data}), "d.zip"), (zipped({}), "e.zip")):
        with pytest.raises(PeerError) as refused:
            read(put(broken, name))
        assert refused.value.code == "bad-incidents"


@pytest.mark.parametrize("name", ["bomb.csv.gz", "bomb.zip"])
def test_a_bomb_is_refused_at_its_ratio(put: Put, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Rows that repeat pack a thousand to one; no real file does."""
    monkeypatch.setattr(eventtext, "ALWAYS_UNPACKED", 1 << 20)
    data = HEAD.encode() + FIRST.encode() * 30_000
    packed = gzip.compress(data) if name.endswith("gz") else zipped({"a.csv": data})
    assert len(packed) * 200 < len(data)
    with pytest.raises(PeerError, match="unpacks to at most"):
        read(put(packed, name))


def test_a_file_that_is_not_there_is_the_operator_s_to_mend(tmp_path: Path) -> None:
    """And so is a format nobody knows."""
    with pytest.raises(OperatorError) as refused:
        read(tmp_path / "gone.csv")
    assert refused.value.code == "incidents-unreadable"
    with pytest.raises(OperatorError, match="ucdp-ged, ucdp-candidate, acled, csv"):
        format_of("xlsx")


@pytest.mark.parametrize(("row", "violence", "actors"), [
    (acled(1), 1, "state-group"),
    (acled(1, inter1=2, inter2=3), 2, "group-group"),
    (acled(1, inter1="1.0", inter2="8"), 1, "state-state"),
    (acled(1, event_type="Violence against civilians", inter1="Rebel group", inter2="Civilians"), 3,
     "group-civilians"),
    (acled(1, event_type="Explosions/Remote violence", inter1="1", inter2="7"), 3, "state-civilians"),
])
def test_an_acled_row_is_read_by_its_classes(put: Put, row: dict[str, Any], violence: int, actors: str) -> None:
    """Old exports have numbers for classes of actors, new ones words; names of actors are not looked at."""
    batches, problems, _ = read(put(text_of([row])), "acled")
    columns = batches[0].columns
    assert problems == [] and ids(batches) == ["AVA1"]
    assert (columns["violence"][0], ACTORS[columns["actors"][0]]) == (violence, actors)
    assert columns["start"][0] == day_number("2019-03-05") and columns["best"][0] == 2


def test_what_acled_counts_beyond_violence_is_left_out_and_counted(put: Put) -> None:
    """Protest is no incident here; a type that nobody knows is not guessed."""
    rows = [acled(1), acled(2, event_type="Protests"), acled(3, event_type="Riots"), acled(4, event_type="Other"),
            acled(5, event_date="2019-03-05", geo_precision=3)]
    batches, problems, notes = read(put(text_of(rows)), "acled")
    assert ids(batches) == ["AVA1", "AVA5"]
    assert [(one.line, one.field) for one in problems] == [(5, "event_type")]
    assert notes == ["1 rows of the kind 'protests', left out", "1 rows of the kind 'riots', left out"]
    assert batches[0].columns["where_prec"].tolist() == [1, 4]


def test_a_mapping_names_the_columns_of_any_table(put: Put) -> None:
    """A ministry's own table is read as it is."""
    mapping = put("""
        [columns]
        id = "No"
        start = "Day"
        lat = "Y"
        lon = "X"
        best = "Killed"
        violence = "Kind"
        [constants]
        country = "Ava"
        [violence]
        bombing = 2
        [source]
        name = "ministry"
        licence = "internal"
        date_form = "%d.%m.%Y"
        """, "map.toml")
    path = put("No;Day;X;Y;Kind;Killed\n7;02.03.2019;69.2;34.5;Bombing;4\n8;2019-03-03;69.2;34.5;bombing;\n")
    problems: list[Any] = []
    file = read_events(path, format_of("csv", mapping), problems.append)
    batches = list(file.batches)
    assert ids(batches) == ["7"] and batches[0].columns["violence"].tolist() == [2]
    assert [(one.line, one.field) for one in problems] == [(3, "Killed")]
    assert (file.origin.source, file.origin.licence, batches[0].countries) == ("ministry", "internal", ("Ava",))


@pytest.mark.parametrize("text", ["x", "[columns]\nx = 1", "[other]\n", "columns = 3", "[violence]\na = 4"])
def test_a_mapping_that_is_none_is_refused(put: Put, text: str) -> None:
    """A misspelt field would leave a column out without a word."""
    with pytest.raises(OperatorError) as refused:
        format_of("csv", put(text, "map.toml"))
    assert refused.value.code == "bad-mapping"
    with pytest.raises(OperatorError):
        format_of("acled", put("", "map.toml"))


@settings(max_examples=300)
@given(st.data())
def test_no_bytes_make_it_fail_in_any_other_way(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Bytes changed, cut in and cut out: every row is taken or told, or the file is refused by name."""
    whole = bytearray("".join(LINES).encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(whole)))
        upto = min(len(whole), at + data.draw(st.integers(0, 40)))
        wounds = st.sampled_from([b'"', b"\n", b'","', b"\0", b"\xff", b",,"])
        whole[at:upto] = data.draw(st.binary(max_size=20) | wounds)
    form = data.draw(st.sampled_from(sorted(FORMATS)))
    path = tmp_path_factory.mktemp("fuzz") / "f.csv"
    path.write_bytes(bytes(whole))
    try:
        batches, problems, _ = read(path, form)
    except HamsayaError:
        return
    for batch in batches:
        columns = batch.columns
        assert ((columns["lat"] >= -90) & (columns["lat"] < 90) & (columns["best"] >= 0)).all()
        assert (columns["start"] <= columns["end"]).all()
    rows = sum(bool(line.strip(b"\r")) for line in bytes(whole).split(b"\n")[1:])
    assert sum(len(batch.lines) for batch in batches) + len(problems) <= rows
    assert len({one.line for one in problems}) == len(problems)


@settings(max_examples=100)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=1, max_size=40))
def test_every_line_is_accounted_for(tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[bool, int]]) -> None:
    """Good rows, bad rows and open quotes in any order: lines taken and lines told are all lines, each once."""
    rows = text_of([ged(number) for number in range(len(plan))]).splitlines(keepends=True)
    wounds = ['"', "1,2\n", "\0", "x" * 9, ",", '",x","\n', '"a\n']
    lines = [row if good else wounds[kind] if wounds[kind].endswith("\n") else wounds[kind] + row
             for row, (good, kind) in zip(rows[1:], plan, strict=True)]
    path = tmp_path_factory.mktemp("lines") / "f.csv"
    path.write_text(rows[0] + "".join(lines), encoding="utf-8")
    batches, problems, _ = read(path)
    told = [one.line for one in problems] + [line for batch in batches for line in batch.lines.tolist()]
    assert sorted(told) == list(range(2, len(plan) + 2))
    assert {number for number, (good, _) in enumerate(plan, 2) if good} <= {
        line for batch in batches for line in batch.lines.tolist()}


def test_parquet_holds_the_same_incidents(put: Put, tmp_path: Path) -> None:
    """Types differ, absent numbers are NaN, dates are dates; what is read does not differ."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import csv as arrow_csv
    from pyarrow import parquet

    text = text_of([ged(0), ged(1, where_prec="", date_end=""), ged(2, best=-1), ged(3)])
    parquet.write_table(arrow_csv.read_csv(pyarrow.BufferReader(text.encode())), tmp_path / "a.parquet")
    ours, bad, _ = read(tmp_path / "a.parquet")
    same, bad_csv, _ = read(put(text))
    assert [one.line for one in bad] == [3] and [one.line for one in bad_csv] == [4]
    for name, column in same[0].columns.items():
        assert np.array_equal(ours[0].columns[name], column), name
    with pytest.raises(PeerError):
        read(put(b"PAR1 no", "b.parquet"))


@pytest.mark.parametrize(("changed", "field"), [
    ({"id": None}, "id"), ({"date_start": 43525}, "date_start"), ({"date_start": 43525.0}, "date_start"),
    ({"best": "two"}, "best"), ({"best": float("inf")}, "best"), ({"best": True}, "best"), ({"best": None}, "best"),
    ({"latitude": float("nan")}, "latitude"), ({"country": "A\x1bva"}, "country"),
], ids=lambda value: "-".join(f"{name} {type(one).__name__}" for name, one in value.items())
    if isinstance(value, dict) else "")
def test_a_column_of_a_wrong_type_is_told_by_its_row(tmp_path: Path, changed: dict[str, Any], field: str) -> None:
    """A Parquet file has types of its own; none of them ends the reading, or passes for something else."""
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    row = {"id": 7, "type_of_violence": 1, "latitude": 34.5, "longitude": 69.2, "country": "Ava",
           "date_start": "2019-03-02", "best": 2, "low": 1, "high": 3}
    path = tmp_path / "ged.parquet"
    types = {name: pyarrow.int64() for name, value in changed.items() if value is None}
    columns = {name: pyarrow.array([value], types.get(name)) for name, value in (row | changed).items()}
    parquet.write_table(pyarrow.table(columns), path)
    batches, problems, _ = read(path)
    assert [(one.line, one.field) for one in problems] == [(1, field)] and ids(batches) == []


def test_an_id_kept_as_a_float_is_the_same_id(tmp_path: Path) -> None:
    """Tables with gaps make floats of whole numbers; a release must still meet the ids of the one before it."""
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    size, path = 3, tmp_path / "ged.parquet"
    columns = {"id": [71629.0, 5.0, 123456789.0], "type_of_violence": [1.0] * size, "latitude": [34.5] * size,
               "longitude": [69.2] * size, "date_start": ["2019-03-02"] * size, "date_end": [float("nan")] * size,
               "best": [2.0] * size, "low": [1.0] * size, "high": [3.0] * size}
    parquet.write_table(pyarrow.table(columns), path)
    batches, problems, _ = read(path)
    assert ids(batches) == ["71629", "5", "123456789"] and problems == []


def test_a_pipe_is_refused_before_it_is_waited_for(tmp_path: Path) -> None:
    """Nobody writes into it: a command that opened it would hang for ever."""
    for name in ("ged.csv", "ged.parquet", "ged.csv.gz"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(OperatorError, match="regular file"):
            read(tmp_path / name)


def test_lines_of_nothing_end_soon(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small packed file may hold millions of them; they are no rows, so nothing else would count them."""
    monkeypatch.setattr(eventtext, "MAX_EMPTY", 50)
    text = text_of([ged(0)])
    assert ids(read(put(text + "\n" * 50))[0]) == ["1000"]
    with pytest.raises(PeerError, match="empty lines"):
        read(put(text + "\n" * 51))


def test_a_header_of_one_column_says_what_separates(put: Put) -> None:
    """The commonest cause is another delimiter."""
    with pytest.raises(PeerError, match="separate columns by"):
        read(put(text_of([ged(0)]).replace(",", ":")))


def test_the_real_files_are_read_whole(shared_data: Path) -> None:
    """Row counts and deaths of the files' own description; crossed bounds are UCDP's own."""
    _, problems, _ = read(shared_data / "ucdp-ged-pakistan-v22_1.csv.gz")
    assert {one.field for one in problems} == {"high"}
    batches, problems, _ = read(shared_data / "ucdp-ged-pakistan-v22_1.csv.gz", widen=True)
    assert problems == [] and len(ids(batches)) == 6_082 and batches[0].countries == ("Pakistan",)
    batches, problems, _ = read(shared_data / "ucdp-candidate-global-v26_0_2.csv.gz", "ucdp-candidate", widen=True)
    assert problems == [] and len(ids(batches)) == 1_298
    with pytest.raises(PeerError, match="latitude"):
        read(shared_data / "ucdp-candidate-region-2025-nogeo.csv.gz")
