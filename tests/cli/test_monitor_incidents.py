"""Incident files by command: taken in or refused, vintages replayed, quarantine shown, exports that cite."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hamsaya.node.incidents import read_incidents
from tests.adapters.eventmaking import acled, ged, text_of
from tests.cli.analyst import Analyst

pytest.importorskip("pyarrow")


@pytest.fixture
def analyst(tmp_path: Path) -> Analyst:
    """An analyst with an empty store."""
    return Analyst(tmp_path)


GED = ("--format", "ucdp-ged")
ROWS = [ged(0), ged(1, best=-1), ged(2), ged(2), ged(3, latitude=69.2, longitude=34.5), ged(4)]


def test_a_bad_row_refuses_the_file_or_is_set_aside_as_chosen(analyst: Analyst) -> None:
    """Never silently: by default nothing is taken, on request the rest, and what was set aside can be looked at."""
    file = analyst.put(ROWS)
    said = analyst.refused("ingest", file, *GED)
    assert said["code"] == "bad-incidents" and "line 3, best" in said["message"] and "line 5, id" in said["message"]
    assert analyst.json("quarantine") == {"bad_rows": 0, "rows": []}
    taken = analyst.json("ingest", file, *GED, "--on-error", "quarantine")
    assert (taken["rows"], taken["bad_rows"], taken["already"]) == (3, 3, False)
    shown = analyst.json("quarantine", "--ingest", "1")
    assert [(row["line"], row["field"]) for row in shown["rows"]] == [(3, "best"), (5, "id"), (6, "latitude")]
    assert analyst.json("quarantine", "--limit", "1")["bad_rows"] == 3
    assert analyst.refused("quarantine", "--ingest", "9")["code"] == "unknown-ingest"
    assert "line 3, best" in analyst.run("ingest", file, *GED, "--on-error", "quarantine").stderr


def test_a_file_taken_in_twice_is_there_once(analyst: Analyst) -> None:
    """A job that runs every night must not fill the store."""
    file = analyst.put([ged(0)])
    assert not analyst.json("ingest", file, *GED)["already"]
    assert analyst.json("ingest", file, *GED)["already"]
    assert len(analyst.json("incidents", "status")["ingests"]) == 1


def update(analyst: Analyst, name: str, rows: list[dict[str, Any]], known: str, form: str = "ucdp-candidate") -> None:
    analyst.json("ingest", analyst.put(rows, name), "--format", form, "--as-of", known)


def test_a_source_that_goes_back_is_believed(analyst: Analyst) -> None:
    """The same file after another one of its release is news; asked for otherwise, it is another ingest too."""
    one, two = analyst.put([ged(0, best=1)], "one.csv"), analyst.put([ged(0, best=2)], "two.csv")
    for path, best in ((one, 1), (two, 2), (one, 1)):
        assert not analyst.json("ingest", path, *GED, "--release", "20.1", "--bounds", "widen")["already"]
        assert analyst.json("incidents", "status")["best"] == best
    again = ("ingest", one, *GED, "--release", "20.1", "--bounds", "widen")
    assert analyst.json(*again)["already"]
    assert not analyst.json(*again, "--covers", "2019-01:2019-03")["already"]
    assert not analyst.json("ingest", one, "--format", "ucdp-candidate", "--bounds", "widen")["already"]


def test_nothing_is_known_before_its_time(analyst: Analyst) -> None:
    """A file known as of tomorrow could hold incidents of tomorrow, and forecasts of today would know them."""
    result = analyst.run("ingest", analyst.put([ged(0)]), *GED, "--as-of", "2090-01-01")
    assert result.exit_code == 2 and not (analyst.folder / "store").exists()


def test_vintages_are_kept_and_replayed(analyst: Analyst) -> None:
    """Two updates and an annual release: each question is answered as it would have been answered then."""
    march = {"date_start": "2019-03-02", "date_end": "2019-03-02"}
    update(analyst, "c_v19_0_3.csv", [ged(0, best=3, **march), ged(1, best=3, **march)], "2019-04-10")
    update(analyst, "c.csv", [ged(1, best=5, **march), ged(5, date_start="2019-04-02", date_end="2019-04-02")],
           "2019-05-10")
    update(analyst, "v20_1.csv", [ged(1, best=4, high=9, **march)], "2020-06-01", "ucdp-ged")
    totals = {day: analyst.json("incidents", "status", "--as-of", day) for day in
              ("2019-04-01", "2019-05-01", "2019-06-01", "2020-07-01")}
    assert [(one["incidents"], one["best"]) for one in totals.values()] == [(0, 0), (2, 6), (2, 8), (1, 4)]
    now = analyst.json("incidents", "status")
    assert [(one["rows"], one["speaking"]) for one in now["ingests"]] == [(2, 0), (2, 0), (1, 1)]
    assert [one["covers"] for one in now["ingests"]] == [
        "2019-03 to 2019-03", "2019-03 to 2019-04", "1989-01 to 2019-12"]


def test_an_older_release_taken_in_later_does_not_win(analyst: Analyst) -> None:
    """Who fills in history must not undo the present."""
    update(analyst, "v20_1.csv", [ged(0, best=4)], "2020-06-01", "ucdp-ged")
    update(analyst, "v19_1.csv", [ged(0, best=3), ged(1)], "2020-07-01", "ucdp-ged")
    assert analyst.json("incidents", "status")["best"] == 4


def test_an_export_cites_and_is_read_back(analyst: Analyst) -> None:
    """Source and licence go with every row; ACLED's rows stay here, and that is said."""
    analyst.json("ingest", analyst.put([ged(0), ged(1)]), *GED)
    analyst.json("ingest", analyst.put([acled(1)], "acled.csv"), "--format", "acled")
    said = analyst.json("incidents", "export", str(analyst.folder / "out.csv"))
    assert (said["rows"], said["left_out"]) == (2, 1) and "Sundberg" in said["citations"][0]
    rows = list(csv.DictReader((analyst.folder / "out.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["licence"] for row in rows} == {"CC BY 4.0"}
    assert "Sundberg" in (analyst.folder / "out.csv.citation.txt").read_text(encoding="utf-8")
    analyst.json("incidents", "export", str(analyst.folder / "out.parquet"))
    assert analyst.refused("incidents", "export", str(analyst.folder / "out.csv"))["code"] == "bad-file"
    for name in ("out.csv", "out.parquet"):
        again = read_incidents(analyst.folder / name)
        assert again.problems == [] and again.table.best.tolist() == [3, 3]
        assert again.table.id.tolist() == [b"1000", b"1001"] and again.table.areas == (("Ava", "North province"),)


def test_counts_by_cell_on_every_grid(analyst: Analyst) -> None:
    """The same incidents on four grids; the annex says who reports only where the cells are its own."""
    analyst.json("ingest", analyst.put([ged(0), ged(7, id=1), ged(3)]), *GED)
    for words in ((), ("--grid", "quarter"), ("--grid", "tenth", "--shifted"), ("--box", "69,34,71,36")):
        cells = analyst.json("incidents", "cells", *words)["cells"]
        assert sum(cell["incidents"] for cell in cells) == 3 and sum(cell["best"] for cell in cells) == 9
    assert analyst.json("incidents", "cells")["cells"][0]["reporters"]
    assert analyst.json("incidents", "cells", "--box", "0,0,1,1")["cells"] == []
    assert analyst.run("incidents", "cells", "--box", "9,9,1,1").exit_code == 2


def test_hexagons_are_another_view_of_the_same(analyst: Analyst) -> None:
    """None is smaller than the smallest zone."""
    pytest.importorskip("h3")
    analyst.json("ingest", analyst.put([ged(0), ged(1)]), *GED)
    cells = analyst.json("incidents", "cells", "--grid", "hexagons", "--resolution", "3")["cells"]
    assert sum(cell["incidents"] for cell in cells) == 2 and not cells[0]["reporters"]
    assert analyst.run("incidents", "cells", "--grid", "hexagons", "--resolution", "7").exit_code == 2


def test_without_a_store_it_says_how_to_begin_one(analyst: Analyst) -> None:
    """And a command that only looks makes none."""
    for words in (("incidents", "status"), ("quarantine",), ("incidents", "cells")):
        said = analyst.refused(*words)
        assert said["code"] == "no-incidents" and "monitor ingest" in said["message"]
    assert not (analyst.folder / "store").exists()


@pytest.mark.parametrize("words", [("--covers", "2019-05"), ("--covers", "2019-05:2019-04"), ("--as-of", "x")])
def test_a_slip_on_the_command_line_is_wrong_usage(analyst: Analyst, words: tuple[str, str]) -> None:
    """Exit code 2, and nothing was begun."""
    assert analyst.run("ingest", analyst.put([ged(0)]), *GED, *words).exit_code == 2


@pytest.mark.parametrize(("data", "code"), [
    (b"," * 10**6 + b"\n", "bad-incidents"), (b"", "missing-columns"), (b"\0" * 5_000, "bad-incidents"),
    (b"a,b\n1,2\n", "missing-columns"), (text_of([ged(0)]).split("\n")[0].encode(), "bad-incidents"),
])
def test_a_hostile_file_is_refused_by_name(analyst: Analyst, data: bytes, code: str) -> None:
    """With a code and without a traceback, and the store is as it was."""
    path = analyst.folder / "x.csv"
    path.write_bytes(data)
    assert analyst.refused("ingest", str(path), *GED, "--on-error", "quarantine")["code"] == code
    assert analyst.json("incidents", "status")["ingests"] == []


def test_a_release_is_fetched_from_a_mirror(analyst: Analyst, site: Callable[[bytes], str]) -> None:
    """Licence and citation are said before a byte comes; the file is then taken in."""
    address = site(text_of([ged(0)]).encode())
    result = analyst.run("fetch", "ucdp", "--version", "26.0.2", "--address", address, "--to", str(analyst.folder))
    assert result.exit_code == 0 and "CC BY 4.0" in result.stderr and "Hegre" in result.stderr
    got = analyst.json("fetch", "ucdp", "--address", address, "--to", str(analyst.folder / "b"))
    assert analyst.json("ingest", got["file"], *GED)["rows"] == 1
    assert analyst.refused("fetch", "ucdp", "--version", "x")["code"] == "unknown-release"


@pytest.fixture
def site() -> Any:
    """Return a function that serves bytes over loopback and gives their address."""
    from tests.adapters.test_ucdpfetch import Site

    made = Site()

    def serve(data: bytes) -> str:
        made.data = data
        return made.address

    yield serve
    made.server.shutdown()
    made.server.server_close()
