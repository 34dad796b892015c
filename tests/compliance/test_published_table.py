"""The life of a finding that members read is the table that nodes apply, with its clocks."""

from __future__ import annotations

from pathlib import Path

from hamsaya.base.instants import DAY
from hamsaya.compliance import rules

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "findings.md").read_text(encoding="utf-8")


def tables() -> list[list[list[str]]]:
    """Return the page's tables, each as rows of cells without the line of dashes."""
    found: list[list[list[str]]] = [[]]
    for line in PAGE.splitlines():
        if not line.startswith("|"):
            found.append([])
        elif not line.startswith("|---"):
            found[-1].append([cell.strip() for cell in line.split("|")[1:-1]])
    return [table for table in found if table]


def test_the_page_says_what_nodes_do() -> None:
    """Every row of the code on findings is on the page, and the page has none of its own."""
    head, *rows = tables()[0]
    printed = {(at, kind): to for kind, *cells in rows for at, to in zip(head[1:], cells, strict=True) if to != "–"}
    of_commitments = {("none", "compliance.commit"), ("monitoring", "compliance.evidence")}
    assert printed == {row: to for row, to in rules.TRANSITIONS.items() if row not in of_commitments}
    assert all(f"`{kind}`" in PAGE for _, kind in of_commitments)


def test_the_page_names_the_clocks() -> None:
    """The numbers of its second table are those of the code."""
    within = {what: text for what, _, text in tables()[1][1:]}
    days = {"notification, or drop": rules.NOTIFY_TERM, "reply": rules.REPLY_TERM, "verdicts": rules.VERDICT_TERM,
            "adoption": rules.PANEL_TERM}
    assert all(f"{term // DAY} days" in within[what] for what, term in days.items())
    assert within.keys() == {*days, "review"}
