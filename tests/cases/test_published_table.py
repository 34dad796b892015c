"""The table that members read is the table that nodes apply."""

from __future__ import annotations

from pathlib import Path

import pytest

from hamsaya.cases import files, freezing, notices, requests

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cases.md").read_text(encoding="utf-8")


def printed(first_state: str, second_state: str) -> tuple[dict[tuple[str, str], str], dict[str, str]]:
    """Return the cells and the senders of the page's table with these first two states."""
    lines = PAGE.splitlines()
    start = next(n for n, line in enumerate(lines) if f"| {first_state} | {second_state} |" in line)
    states = [cell.strip() for cell in lines[start].split("|")[3:-1]]
    cells, senders = {}, {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        kind, sender, *row = (cell.strip() for cell in line.split("|")[1:-1])
        senders[kind.strip("`")] = sender
        cells |= {(state, kind.strip("`")): then for state, then in zip(states, row, strict=True) if then != "–"}
    return cells, senders


@pytest.mark.parametrize(
    ("states", "transitions", "crossing", "roles"),
    [
        (("none", "raised"), {**files.TRANSITIONS, **freezing.TRANSITIONS, **notices.TRANSITIONS}, {},
         {**files.ROLES, **freezing.ROLES, **notices.ROLES}),
        (("none", "asked"), requests.OPEN_ROWS, requests.CROSSING, requests.ROLES),
    ],
)
def test_the_page_says_what_nodes_do(
    states: tuple[str, str],
    transitions: dict[tuple[str, str], str],
    crossing: dict[tuple[str, str], str],
    roles: dict[str, str],
) -> None:
    """Every row of the table is on the page with its sender, and the page has none of its own."""
    cells, senders = printed(*states)
    assert cells == {**transitions, **{row: f"({then})" for row, then in crossing.items()}}
    assert senders == roles


def test_the_page_names_the_limits() -> None:
    """The numbers in its sentences are those of the code."""
    assert (files.MAX_SUBJECTS, requests.MAX_PAUSES) == (20, 4)
    assert "at most twenty persons" in PAGE and "at most four times" in PAGE
