"""Vintages: which row speaks, told by a plain second reading of the rules, and as-of questions that never change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.monitor.incidents import Incidents, month_number
from hamsaya.monitor.vintages import (
    Speakers,
    Vintage,
    covered,
    version_in_name,
    version_key,
    version_of_rows,
)
from tests.monitor.tables import table

JANUARY = month_number("2019-01")
DAY = 17_897  # 2019-01-01


def spoken(vintages: list[Vintage], tables: dict[int, Incidents], as_of: int | None = None) -> list[tuple[int, bytes]]:
    """Return (release, id) of every row that speaks, asked in halves as the store asks."""
    speakers, found = Speakers(vintages, as_of), []
    for number in speakers.order:
        whole = tables[number]
        for half in (slice(None, len(whole) // 2), slice(len(whole) // 2, None)):
            part = whole.take(half)
            found += [(number, name) for name in part.id[speakers.of(number, part)].tolist()]
    return sorted(found)


def by_the_rules(vintages: list[Vintage], tables: dict[int, Incidents], as_of: int | None) -> list[tuple[int, bytes]]:
    """Say the same row by row, as the rules are written."""
    known = [one for one in vintages if as_of is None or one.as_of <= as_of]

    def covers(one: Vintage, month: int, country: str) -> bool:
        return one.covers is not None and country in one.countries and one.covers[0] <= month <= one.covers[1]

    return sorted(
        (own.number, name)
        for own in known
        for name, month, code in zip(tables[own.number].id.tolist(), tables[own.number].end_month.tolist(),
                                     tables[own.number].country.tolist(), strict=True)
        if not any(one.source == own.source and one.rank > own.rank
                   and (name in tables[one.number].id.tolist() or covers(one, month, (("Ava", "Bel", "")[code])))
                   for one in known)
    )


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Vintage], dict[int, Incidents]]:
    """Return up to six releases of two sources with overlapping ids, months and countries."""
    vintages, tables = [], {}
    for number in range(1, draw(st.integers(2, 7))):
        names = draw(st.lists(st.integers(0, 9), unique=True, min_size=1, max_size=6))
        days = DAY + np.array([31 * draw(st.integers(0, 3)) for _ in names])
        tables[number] = table(len(names), id=np.array([f"{name}".encode() for name in names], "S"), start=days,
                               end=days, country=[draw(st.integers(-1, 1)) for _ in names])
        kind = draw(st.sampled_from(["annual", "candidate", "single"]))
        first = draw(st.integers(JANUARY, JANUARY + 3))
        covers = draw(st.none() | st.tuples(st.just(first), st.integers(first, JANUARY + 3)))
        vintages.append(Vintage(number, draw(st.sampled_from(["one", "two"])), kind,
                                draw(st.sampled_from(["19.1", "20.1", ""])), draw(st.integers(0, 3)), covers,
                                draw(st.sampled_from([("Ava",), ("Ava", "Bel"), ()]))))
    return vintages, tables


@given(histories(), st.none() | st.integers(0, 3))
def test_the_rows_that_speak_are_those_of_the_rules(
    history: tuple[list[Vintage], dict[int, Incidents]], as_of: int | None
) -> None:
    """Read in halves and with a set of keys, or row by row with the rules in hand: one answer."""
    assert spoken(*history, as_of) == by_the_rules(*history, as_of)


@given(histories())
def test_what_was_known_then_does_not_change(history: tuple[list[Vintage], dict[int, Incidents]]) -> None:
    """A replay of a past forecast reads the table that the forecast read, whatever was taken in since."""
    vintages, tables = history
    for as_of in range(4):
        then = [one for one in vintages if one.as_of <= as_of]
        assert spoken(vintages, tables, as_of) == spoken(then, tables)


def test_annual_wins_over_candidate_by_id_and_withdraws_what_it_does_not_repeat() -> None:
    """A candidate event is preliminary: the annual release has the last word on its months and countries."""
    annual = Vintage(1, "ucdp", "annual", "20.1", 10, (JANUARY, JANUARY + 11), ("Ava",))
    candidate = Vintage(2, "ucdp", "candidate", "19.0.2", 20, (JANUARY + 1, JANUARY + 1), ("Ava", "Bel"))
    tables = {1: table(2, start=DAY, end=DAY), 2: table(4, start=DAY, end=DAY, country=[0, 1, 0, 1])}
    assert spoken([annual, candidate], tables) == [(1, b"e0"), (1, b"e1"), (2, b"e3")]
    assert len(spoken([annual, candidate], tables, as_of=10)) == 2


@pytest.mark.parametrize(("kind", "version", "rows", "expected"), [
    ("annual", "25.1", None, ("1989-01", "2024-12")),
    ("candidate", "26.0.2", None, ("2026-02", "2026-02")),
    ("candidate", "25.01.25.12", None, ("2025-01", "2025-12")),
    ("candidate", "", ("2024-01", "2026-02"), ("2025-03", "2026-02")),
    ("candidate", "", ("2026-01", "2026-02"), ("2026-01", "2026-02")),
    ("annual", "", ("2001-05", "2019-03"), ("2001-01", "2019-12")),
    ("candidate", "", None, None),
    ("single", "", ("2026-01", "2026-02"), None),
])
def test_what_a_release_covers(
    kind: str, version: str, rows: tuple[str, str] | None, expected: tuple[str, str] | None
) -> None:
    """A month's candidates replace that month; an update without a version at most the last twelve."""
    months = None if rows is None else (month_number(rows[0]), month_number(rows[1]))
    wanted = None if expected is None else (month_number(expected[0]), month_number(expected[1]))
    assert covered(kind, version, months) == wanted


@pytest.mark.parametrize(("name", "version"), [
    ("GEDEvent_v25_1.csv", "25.1"), ("ged251-csv.zip", "25.1"), ("GEDEvent_v26_0_2.csv", "26.0.2"),
    ("GEDEvent_v25_01_25_12.csv", "25.01.25.12"), ("ucdp-ged-global-v21_1-prec12.parquet", "21.1"),
    ("incidents.csv", ""), ("ged2510.csv", ""),
])
def test_the_version_in_a_published_name(name: str, version: str) -> None:
    """UCDP writes its version into the name; a file without one is not given one by its name."""
    assert version_in_name(name) == version


def test_versions_sort_by_their_numbers() -> None:
    """9.1 is older than 10.1, and a year's candidates stand with their last month."""
    versions = ["", "17.2", "21.1", "25.0.11", "25.01.25.12", "25.1"]
    assert sorted(versions, key=version_key) == versions
    assert version_of_rows("annual", (0, month_number("2024-12"))) == "25.1"
    assert version_of_rows("candidate", (0, month_number("2026-02"))) == "26.0.2"
    with pytest.raises(ValueError, match="release"):
        Speakers([]).of(1, table())
