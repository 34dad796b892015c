"""The table of tranches that members read is the table that nodes apply."""

from __future__ import annotations

from pathlib import Path

from hamsaya.base.instants import DAY
from hamsaya.linkage import rules

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tranches.md").read_text(encoding="utf-8")


def printed() -> dict[tuple[str, str], str]:
    """Return the cells of the page's table: (from, to) -> ground."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines() if line.startswith("|")]
    states, cells = rows[0][1:], {}
    for to, *row in rows[2:]:
        cells |= {(at, to.removeprefix("to ")): ground for at, ground in zip(states, row, strict=True) if ground != "–"}
    return cells


def test_the_page_says_what_nodes_do() -> None:
    """Every row of the code is on the page with its ground, and the page has none of its own."""
    assert printed() == {row: rules.ground_words(*row) for row in rules.TRANSITIONS}


def test_the_page_names_the_terms() -> None:
    """The numbers in its sentences are those of the code, and what never stops is named."""
    assert rules.NOTICE_TERM == 30 * DAY and rules.LEAST_PROBATION_DAYS == 30
    assert "**notice** lasts 30 days" in PAGE and "at least 30 and at most 730 days" in PAGE
    assert frozenset(("humanitarian-goods", "medicine", "pedestrian-return")) == rules.NON_SUSPENDABLE
    assert "**Humanitarian goods, medicine and pedestrian return**" in PAGE
