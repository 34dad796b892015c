"""Between real nodes: what others report moves P(breach) as one source, once, and never into a rating."""

from __future__ import annotations

from functools import cache

import pytest
from msgspec import structs

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY
from hamsaya.messages.compliance import Attest, Commit, Evidence, Finding, Notify, Provisional, Query, Reply, Seat
from hamsaya.messages.monitor import Report, Row
from hamsaya.messages.node import Publish
from hamsaya.node.posteriors import PosteriorView, posteriors
from hamsaya.node.readings import NAME
from hamsaya.node.rotation import peers_to_tell, rotate_keys
from hamsaya.node.send import Draft
from hamsaya.node.visits import visits_of_node
from hamsaya.node.writer import Act
from tests.console.scene import tell_all
from tests.node.making import clone
from tests.support.federation import Federation, make_federation, one

MEMBERS = ("uz", "kz", "ir", "joint-cell")
OWNER = "uz"


@cache
def _promised() -> Federation:
    """A federation in which one member promised few incidents in two cells: one it shares, and one of a neighbour."""
    fed = make_federation(members=MEMBERS)
    blocs = fed.node("ir").agreement.blocs
    tell_all(fed, OWNER, Commit(
        commitment="K-1", title="EXERCISE: few incidents", indicator="incidents", unit="incidents",
        query=Query(measure="incidents", violence=0, cells=list(cells(fed)), months=1), target_low=0.0,
        target_high=3.0, materiality=1.0, until=fed.clock.now() + 900 * DAY, publication="members", cadence_days=40,
        timeliness_days=15, required_detection=0.9, max_false_alarm=0.1,
        evidence_classes=["joint-visit", "counterpart-report"], k=2,
        panel=[Seat(member=name, bloc=blocs[name]) for name in ("kz", "ir", "joint-cell")]), "compliance.commit")
    later(fed, 45)  # The first whole month after the promise is over.
    return fed


@pytest.fixture
def fed() -> Federation:
    return clone(_promised())


def cells(fed: Federation) -> tuple[int, int]:
    areas = fed.node("ir").agreement.areas
    return (next(gid for gid, who in sorted(areas.items()) if who == {OWNER, "kz"}),
            next(gid for gid, who in sorted(areas.items()) if who == {"ir"}))


def later(fed: Federation, days: int) -> None:
    """Let time pass, with keys renewed on the way."""
    for _ in range(days // 15):
        fed.clock.advance(15 * DAY)
        for member in fed.parties:
            node = fed.node(member)
            publication = Publish(statements=one(node, Act(rotate_keys)))  # type: ignore[arg-type]
            if publication.statements:
                fed.send(member, Draft(publication, peers_to_tell(node, publication)))
        fed.carry_all()
    fed.clock.advance(days % 15 * DAY)


def report(fed: Federation, member: str, month: str, *counts: tuple[int, int]) -> None:
    """Let ``member`` report a month: (cell, incidents)."""
    rows = [Row(gid, month, 1, count, count, count, count) for gid, count in counts if count]
    others = tuple(name for name in ("uz", "kz", "ir") if name != member)
    fed.send(member, Draft(Report(source="EXERCISE", licence="none", as_of=fed.clock.now(), first=month, last=month,
                                  rows=rows), others))
    fed.carry_all()


def view(fed: Federation, member: str = "ir") -> PosteriorView:
    (found,) = posteriors(fed.node(member))
    return found


def test_before_anybody_reports_nothing_moves(fed: Federation) -> None:
    """The reading says why it counts nothing."""
    found = view(fed)
    assert found.reading is not None and found.reading.ratio is None and "counts nothing" in found.reading.reason
    assert (found.reports, found.grade) == ({}, "none")


def test_a_month_beyond_the_range_moves_every_node_alike_and_no_rating(fed: Federation) -> None:
    """Two reporters are one source; the probability rises at every node by as much, and unverified stays unverified."""
    before, (shared, other) = view(fed), cells(fed)
    report(fed, "kz", "2026-10", (shared, 4))
    report(fed, "ir", "2026-10", (other, 8))
    found = view(fed)
    assert found.reports == {NAME: "breach"} and found.independent == 1.0 and found.grade == "thin"
    assert found.breach.mid > 2.0 * before.breach.mid and (found.rating, found.words) == ("U", "unverified")
    assert found.reading is not None and found.reading.ratio is not None
    assert (found.reading.low, found.reading.high, found.reading.reporters) == (12, 12, ["ir", "kz"])
    assert found.reading.ratio.low >= 1.0 and "beyond the range" in found.reading.reason
    assert view(fed, "kz") == view(fed, "uz") == found


def test_a_quiet_month_speaks_for_the_owner_and_a_silent_neighbour_does_not(fed: Federation) -> None:
    """Nothing reported by all who look is within; while one has not reported it is unverified and moves nothing."""
    before = view(fed)
    report(fed, "kz", "2026-10")
    half = view(fed)
    assert half.breach == before.breach and half.reading is not None and half.reading.reading == "unverified"
    report(fed, "ir", "2026-10")
    whole = view(fed)
    assert whole.breach.mid < before.breach.mid and whole.reports == {NAME: "no-breach"}


def test_the_owners_own_reports_move_nothing(fed: Federation) -> None:
    """Neither into compliance nor into a breach: with them and without them the reading is the same."""
    before, (shared, other) = view(fed), cells(fed)
    report(fed, OWNER, "2026-10", (shared, 90))
    assert view(fed).breach == before.breach
    report(fed, "kz", "2026-10", (shared, 4))
    report(fed, "ir", "2026-10", (other, 8))
    with_it = view(fed)
    assert with_it.reading is not None and (with_it.reading.low, with_it.reading.high) == (12, 12)


def test_what_a_panel_judged_is_not_counted_again(fed: Federation) -> None:
    """Once a verdict was given, the month it could look at is spent; the next month counts beside the verdicts."""
    shared, other = cells(fed)
    report(fed, "kz", "2026-10", (shared, 4))
    report(fed, "ir", "2026-10", (other, 8))
    now = fed.clock.now()
    tell_all(fed, "ir", Evidence(
        commitment="K-1", evidence="E-1", evidence_class="access-denied", observed_from=now - DAY, observed_to=now,
        value=None, unit=None, replaces=None, digest=bytes(32), summary="EXERCISE"), "compliance.evidence")
    tell_all(fed, "ir", Provisional(commitment="K-1", finding="F-1", proposed="NC", evidence=["E-1"],
                                    conductor="joint-cell", reopens=None), "compliance.provisional")
    tell_all(fed, "joint-cell", Notify(finding="F-1", reply_due=now + 16 * DAY), "compliance.notify")
    assert NAME in view(fed).reports
    tell_all(fed, OWNER, Reply(finding="F-1", stance="disputed", text="EXERCISE"), "compliance.reply")
    tell_all(fed, "kz", Attest(finding="F-1", verdict="breach", reason=None), "compliance.attest")
    spent = view(fed)
    assert spent.reports == {"kz": "breach"} and spent.reading is not None and spent.reading.ratio is None
    assert "last verdict" in spent.reading.reason
    tell_all(fed, "joint-cell", Attest(finding="F-1", verdict="breach", reason=None), "compliance.attest")
    tell_all(fed, "joint-cell", Finding(finding="F-1", rating="NC"), "compliance.finding")
    with pytest.raises(OperatorError, match="K-1: found NC"):
        visits_of_node(fed.node("ir"), "average")
    later(fed, 60)
    for month in ("2026-11", "2026-12"):
        report(fed, "kz", month)
        report(fed, "ir", month)
    then = view(fed)
    assert then.reports == {"kz": "breach", "joint-cell": "breach", NAME: "no-breach"} and then.rating == "NC"
    assert then.reading is not None and then.reading.first == "2026-12"


def test_one_account_is_counted_once_though_its_reporter_lodges_it_too(fed: Federation) -> None:
    """A reporter's own measurement of the month is the picture's account; another's is a source of its own."""
    shared, other = cells(fed)
    now = fed.clock.now()
    lodged = Evidence(commitment="K-1", evidence="E-1", evidence_class="counterpart-report",
                      observed_from=now - 20 * DAY, observed_to=now - 10 * DAY, value=12.0, unit="incidents",
                      replaces=None, digest=bytes(32), summary="EXERCISE")
    tell_all(fed, "kz", lodged, "compliance.evidence")
    tell_all(fed, "joint-cell", structs.replace(lodged, evidence="E-2", evidence_class="joint-visit"),
             "compliance.evidence")
    assert view(fed).reports == {"kz": "breach", "joint-cell": "breach"}
    report(fed, "kz", "2026-10", (shared, 4))
    report(fed, "ir", "2026-10", (other, 8))
    assert view(fed).reports == {"joint-cell": "breach", NAME: "breach"}


def test_old_months_count_no_more(fed: Federation) -> None:
    """A reading grows old as a measurement does."""
    shared, other = cells(fed)
    report(fed, "kz", "2026-10", (shared, 4))
    report(fed, "ir", "2026-10", (other, 8))
    later(fed, 100)
    assert NAME not in view(fed).reports


def test_visits_follow_what_is_believed_and_leave_out_what_has_ended(fed: Federation) -> None:
    """A reading beyond raises the rate that its commitment is given; an ended mandate takes one out."""
    shared, other = cells(fed)
    blocs = fed.node("ir").agreement.blocs
    tell_all(fed, "kz", structs.replace(
        fed.node("ir").state.compliance.commitments["K-1"].terms, commitment="K-2", query=None, unit="visits",
        until=fed.clock.now() + 20 * DAY,
        panel=[Seat(member=name, bloc=blocs[name]) for name in ("uz", "ir", "joint-cell")]), "compliance.commit")

    def rates() -> dict[str, float]:
        return {row.site: row.per_year for row in visits_of_node(fed.node("ir"), "average").sites}

    before = rates()
    assert before["K-1"] == pytest.approx(before["K-2"])
    report(fed, "kz", "2026-10", (shared, 4))
    report(fed, "ir", "2026-10", (other, 8))
    assert rates()["K-1"] > before["K-1"] > rates()["K-2"]
    fed.clock.advance(21 * DAY)
    found = visits_of_node(fed.node("ir"), "average")
    assert [row.site for row in found.sites] == ["K-1"] and "mandate ended" in found.left_out["K-2"]
