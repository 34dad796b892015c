"""The pages on coverage and on the store of incidents: what they show, and what they must never show."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from hamsaya.console.i18n import LANGUAGES, reader
from hamsaya.console.watch import desk_files, looked_at
from hamsaya.node import coverage_views, desk
from hamsaya.node.coverage_views import CoveragePage
from hamsaya.ports.layers import MapLines
from tests.console import scene
from tests.console.markup import Page


def page() -> CoveragePage:
    node = scene.federation().node("pk")
    return coverage_views.coverage_page(node.state.monitor, node.agreement.areas, "pk", *scene.MONTHS)


def test_a_cell_is_watched_by_who_reports_and_does_not_disclaim() -> None:
    """A declaration of nothing takes a cell out, and silence of its reporters too; the kinds add up to the annex."""
    found = page()
    areas = scene.federation().node("pk").agreement.areas
    assert sum(found.counts.values()) == len(areas) == len(found.cells)
    disclaimed = {row.gid for row in found.areas if ("pk", 0) in row.declared}
    assert disclaimed and all(found.cells[gid] == "nobody" for gid in disclaimed)
    silent = [gid for gid, who in areas.items() if who == {"tm"}]
    assert silent and all(found.cells[gid] == "nobody" for gid in silent)
    shared = [gid for gid, who in areas.items() if who == {"pk", "ir"}]
    assert shared and all(found.cells[gid] == "several" for gid in shared)


def test_no_total_of_any_party_stands_beside_anothers() -> None:
    """There is no ranking: figures by cell, parties by name, and no field that adds up over a party's cells."""
    found = page()
    members = [each.member for each in found.declarations]
    assert members == sorted(members) and len(set(members)) > 1
    assert set(coverage_views.Declaration.__struct_fields__) == {"member", "first", "last", "as_of"}
    assert [row.gid for row in found.areas] == sorted(row.gid for row in found.areas)
    assert all(row.declared == sorted(row.declared) for row in found.areas)
    own = [one.gid for one in looked_at(found, {}, None, None).own_rows]
    assert own and all("pk" in found.reporters[gid] for gid in own)


def test_merged_reports_are_measured_for_this_party_alone() -> None:
    """The ledger holds another side's accounts too: none of its figures may come out."""
    found = looked_at(page(), {}, None, scene.desk())
    assert found.measured is not None and found.measured.member == "pk"
    assert 0 < found.measured.overall.low < found.measured.overall.mid < found.measured.overall.high <= 1
    assert desk.measured(scene.desk(), "tj", {}) is None
    assert desk.measured(Path("/nowhere"), "pk", {}) is None


def test_the_page_shows_contests_beside_figures(full: scene.Console) -> None:
    """Declared, contested and measured in one row, with a ground in words."""
    text = full.browser.get("/coverage").text
    assert "reports of others are missing" in text and re.search(r"10%</bdi> to .*30%</bdi> contested with .*55%", text)
    assert "nine times in ten" in text and "There is no ranking" in text
    assert re.search(r"between 10 and 40 times in a hundred", text) and 'class="blind"' in text


def test_periods_are_checked(full: scene.Console) -> None:
    """As on the joint picture."""
    assert full.browser.get("/coverage?first=2026-05&last=2026-01").status_code == 400
    assert full.browser.get("/coverage?first=2026-05&last=2026-06&unwatched=25").status_code == 200
    assert "2020" in full.browser.get("/coverage?first=2020-01&last=2020-02").text


@pytest.mark.parametrize("drawn", [True, False])
def test_maps_draw_boundaries_only_where_the_pack_has_them(drawn: bool) -> None:
    """With lines: settled, disputed and the legend of both. Without: edges of the annex, those of several dashed."""
    lines = MapLines(source="x", settled=[[(60.0, 30.0), (62.0, 31.0)]], disputed=[[(70.0, 33.0), (71.0, 34.0)]])
    console = scene.make_console(scene.federation().node("pk"), lines=lines if drawn else None)
    for path in ("/picture", "/coverage"):
        text = console.browser.get(path).text
        assert ("Disputed boundary" in text) == ('class="disputed" d="M' in text) == drawn
        assert ("left undetermined" in text) == ('class="undetermined" d="M' in text) == (not drawn)
        assert not Page(text).all("style")


def test_the_store_is_shown_by_area_and_month_and_never_by_row(full: scene.Console) -> None:
    """Vintages with licence, counts, quarantine with line and reason; no id, no place, nothing that a row held."""
    text = full.browser.get("/incidents").text
    assert "CC BY 4.0" in text and "Sundberg" in text and "26.1" in text
    assert "date_start" in text and "a date such as" in text and "here&lt;" not in text and "<b>here" not in text
    assert "1003" not in text and "69.2" not in text and "Somebody" not in text
    held = desk.store_page(scene.desk())
    assert held is not None and (held.incidents, held.bad, len(held.months)) == (60, 3, 12)
    assert sum(month.incidents for month in held.months) == 60 and sum(month.best for month in held.months) == 180
    assert [month.month for month in held.months] == sorted((month.month for month in held.months), reverse=True)


def test_what_lies_on_the_desk_is_listed_and_what_is_none_of_its_kind_says_so(full: scene.Console) -> None:
    """A file that cannot be read is told as such, never left out."""
    found = {each.what: each for each in desk.papers(scene.desk())}
    assert set(found) == {"zones", "blind-spots", "ledger", "forecast"}
    assert (found["zones"].as_of, found["blind-spots"].as_of, found["ledger"].as_of) == (
        "2026-01-31", "2026-01", "2026-02-01")
    assert not found["forecast"].readable and "cannot be read" in full.browser.get("/incidents").text


def test_a_broken_store_is_told_and_breaks_nothing(tmp_path: Path) -> None:
    """The page says what to do; the node's own pages go on."""
    shutil.copytree(scene.desk(), tmp_path / "desk")
    for part in (tmp_path / "desk" / "incidents" / "parts").iterdir():
        part.write_bytes(b"no part")
    assert desk_files(tmp_path / "desk").broken and not desk_files(tmp_path / "none").broken
    console = scene.make_console(scene.federation().node("pk"), desk=tmp_path / "desk")
    answer = console.browser.get("/incidents")
    assert answer.status_code == 200 and "cannot be read" in answer.text


@pytest.mark.parametrize("tag", LANGUAGES)
def test_shares_are_written_as_the_language_writes_them(tag: str) -> None:
    """And they keep their order beside words that run from the right."""
    said = reader(LANGUAGES[tag]).share(0.5)
    assert said.startswith('<bdi dir="ltr">') and re.search("50.?%|۵۰٪", said)
