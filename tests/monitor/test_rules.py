"""What may be reported: one's own cells, in good order, for a period that was; anything else is refused by rule."""

from __future__ import annotations

import pytest

from hamsaya.canon import encode
from hamsaya.messages.compliance import Attest
from hamsaya.messages.monitor import Coverage, CoverRow, Dispute, Picture, Report, Row
from hamsaya.monitor.reduce import snapshot
from hamsaya.monitor.rules import decide
from hamsaya.monitor.types import EMPTY
from tests.monitor.story import AREAS, BOTH, FEB, JAN, MARCH, NOBODYS, NORTH, SOUTH, event, fold, report

GOOD = (Row(NORTH, JAN, 1, 2, 5, 4, 9), Row(NORTH, FEB, 1, 1, 1, 1, 1), Row(BOTH, JAN, 3, 1, 0, 0, 2))
REFUSED = {
    "a neighbour's cell": (report(Row(SOUTH, JAN, 1, 1, 0, 0, 0)), "not-your-area"),
    "a cell given to nobody": (report(Row(NOBODYS, JAN, 1, 1, 0, 0, 0)), "not-your-area"),
    "a cell outside the annex": (report(Row(999, JAN, 1, 1, 0, 0, 0)), "not-your-area"),
    "one foreign cell among own ones": (report(*GOOD, Row(SOUTH, JAN, 1, 1, 0, 0, 0)), "not-your-area"),
    "a month before the period": (report(Row(NORTH, "2018-12", 1, 1, 0, 0, 0)), "outside-period"),
    "a month after the period": (report(Row(NORTH, MARCH, 1, 1, 0, 0, 0)), "outside-period"),
    "rows out of order": (report(GOOD[1], GOOD[0]), "rows-unsorted"),
    "the same row twice": (report(GOOD[0], GOOD[0]), "rows-unsorted"),
    "best below low": (report(Row(NORTH, JAN, 1, 1, 1, 2, 3)), "bad-interval"),
    "best above high": (report(Row(NORTH, JAN, 1, 1, 4, 2, 3)), "bad-interval"),
    "a period that runs backward": (report(first=FEB, last=JAN), "bad-period"),
    "a vintage of tomorrow": (report(as_of=2_001), "vintage-in-future"),
    "a statement on a backward period": (
        Picture(first=FEB, last=JAN, digest=bytes(32), cells=4, coverage="complete"), "bad-period"
    ),
    "a body of another room": (Attest(finding="F", verdict="breach", reason=None), "unknown-kind"),
}


def test_a_report_on_own_cells_is_permitted() -> None:
    """Border cells are everybody's who touches them."""
    assert decide(EMPTY, event("north", report(*GOOD)), AREAS).allowed


def test_a_report_of_nothing_is_permitted() -> None:
    """That nothing happened is a report; silence is not."""
    assert decide(EMPTY, event("south", report()), AREAS).allowed


@pytest.mark.parametrize(("body", "code"), REFUSED.values(), ids=REFUSED)
def test_refusals(body: Report, code: str) -> None:
    """Each rule has an attack or a mistake that only it stops."""
    assert decide(EMPTY, event("north", body), AREAS).code == code


def test_a_refusal_names_the_row_by_its_place() -> None:
    """The sender must find the row; the record of the refusal must not carry counts."""
    decision = decide(EMPTY, event("north", report(*GOOD, Row(SOUTH, JAN, 1, 7, 77, 77, 77))), AREAS)
    assert "row 4 of 4" in decision.sentence() and "77" not in decision.sentence()


def test_without_an_annex_nobody_reports() -> None:
    """Closed by default: no signed annex, no reporting area."""
    assert decide(EMPTY, event("north", report(*GOOD)), {}).code == "not-your-area"


def test_a_statement_may_differ_from_ones_own_picture() -> None:
    """A node that holds other reports must be able to say so; the difference is what one wants to see."""
    stated = Picture(first=JAN, last=FEB, digest=bytes(32), cells=4, coverage="partial")
    assert decide(EMPTY, event("south", stated), AREAS).allowed


def cover(*rows: CoverRow, as_of: int = 1_000, first: str = JAN, last: str = FEB) -> Coverage:
    return Coverage(as_of=as_of, first=first, last=last, rows=list(rows))


def contest(gid: int = NORTH, low: int = 20, high: int = 60, as_of: int = 1_000, first: str = JAN) -> Dispute:
    return Dispute(as_of=as_of, gid=gid, first=first, last=FEB, low=low, high=high, own=80, ground="no-access")


REFUSED_COVERAGE = {
    "a neighbour's cell": (cover(CoverRow(SOUTH, 50)), "not-your-area"),
    "rows out of order": (cover(CoverRow(BOTH, 50), CoverRow(NORTH, 50)), "rows-unsorted"),
    "a cell twice": (cover(CoverRow(NORTH, 50), CoverRow(NORTH, 60)), "rows-unsorted"),
    "a vintage of tomorrow": (cover(as_of=2_001), "vintage-in-future"),
    "a period that runs backward": (cover(first=FEB, last=JAN), "bad-period"),
    "a contest of another's figure": (contest(gid=SOUTH), "not-your-area"),
    "a contest of no figure": (contest(low=70, high=60), "bad-interval"),
    "a contest of tomorrow": (contest(as_of=2_001), "vintage-in-future"),
    "a contest of a backward period": (contest(first=MARCH), "bad-period"),
}


def test_a_member_declares_and_contests_its_own_coverage() -> None:
    """A declaration of nothing is one too: it says that the sender watches none of its cells."""
    for body in (cover(CoverRow(NORTH, 0), CoverRow(BOTH, 100)), cover(), contest()):
        assert decide(EMPTY, event("north", body), AREAS).allowed


@pytest.mark.parametrize(("body", "code"), REFUSED_COVERAGE.values(), ids=REFUSED_COVERAGE)
def test_refusals_of_coverage(body: Coverage | Dispute, code: str) -> None:
    """Nobody speaks of what another covers, and each contest names a figure."""
    assert decide(EMPTY, event("north", body), AREAS).code == code


def test_the_later_declaration_and_contest_stand_in_any_order() -> None:
    """Two nodes that hear the same in another order hold the same."""
    said = [event("north", cover(CoverRow(NORTH, 10)), 1), event("north", cover(CoverRow(NORTH, 30), as_of=1_500), 2),
            event("north", contest(), 3), event("north", contest(as_of=1_500, high=90), 4)]
    forward, backward = fold(*said), fold(*reversed(said))
    assert encode(snapshot(forward)) == encode(snapshot(backward))
    assert forward.coverage["north", JAN, FEB].coverage.rows == [CoverRow(NORTH, 30)]
    assert forward.contests["north", NORTH, JAN, FEB].dispute.high == 90
