"""What came of alerts: from reports alone, alike at every node, never a miss for lack of reports."""

from __future__ import annotations

import pytest

from hamsaya.canon import digest
from hamsaya.messages.alerts import Asked, ByForecast
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body, encode_body
from hamsaya.messages.monitor import Report, Row
from hamsaya.monitor.alerts_record import LAST, assessments, record, resolutions, views
from hamsaya.monitor.alerts_rules import end_of
from hamsaya.monitor.types import State
from tests.monitor.story import fold, report
from tests.monitor.warning import AREAS, BOTH, DUE, JAN, NORTH, acted, alert, assessment, cluster, concur, said

AFTER = end_of(JAN)


def month(*rows: Row) -> Report:
    return report(*rows, first=JAN, last=JAN)


def deaths(gid: int, best: int, incidents: int = 1) -> Row:
    return Row(gid, JAN, 1, incidents, best, best, best)


def told(body: Body, *reports: tuple[str, Report], now: int = AFTER) -> tuple[str, str, int, int]:
    """Return what came of one alert of the north."""
    events = [said("north", body), *(said(who, each, number, AFTER) for number, (who, each) in enumerate(reports, 2))]
    (found,) = resolutions(fold(*events), AREAS, now).values()
    return found.outcome, found.why, found.low, found.high


def test_it_is_open_until_its_months_are_over() -> None:
    """A death on the second day is no hit yet: nobody gains by an early count."""
    reported = ("north", month(deaths(NORTH, 3)))
    assert told(alert(), reported, now=AFTER - 1)[0] == "open"
    assert told(alert(), reported) == ("hit", "reached", 3, 3)


def test_a_miss_needs_reports() -> None:
    """Silence is not peace: a node must not count its own blindness as a false alarm."""
    assert told(alert()) == ("cannot-tell", "silent", 0, 0)
    assert told(alert(), ("north", month())) == ("miss", "not-reached", 0, 0)
    whole = alert(cells=[NORTH, BOTH], last="2019-02")
    assert told(whole, ("north", month()), now=end_of("2019-02"))[:2] == ("cannot-tell", "silent"), "a month is missing"


def test_where_claims_lie_on_both_sides_it_cannot_be_told() -> None:
    """Neither shore can turn an alert of its own into a hit by its own report."""
    both = alert(cells=[BOTH])
    assert told(both, ("north", month(deaths(BOTH, 4))), ("south", month())) == ("cannot-tell", "contested", 0, 4)
    assert told(both, ("north", month(deaths(BOTH, 4))), ("south", month(deaths(BOTH, 1))))[0] == "hit"


def test_a_cluster_counts_incidents() -> None:
    """Three incidents without a death are what it warned of."""
    assert told(cluster(), ("north", month(deaths(NORTH, 0, 3)))) == ("hit", "reached", 3, 3)
    assert told(cluster(), ("north", month(deaths(NORTH, 50, 2))))[0] == "miss"


def test_a_later_report_may_still_turn_it() -> None:
    """What speaks is the latest vintage; a statement of today is no verdict for ever."""
    late = ("north", report(deaths(NORTH, 2), first=JAN, last=JAN, as_of=5_000))
    assert told(alert(), ("north", month()), late)[0] == "hit"


def many(count: int, hits: int) -> State:
    """So many onset alerts on one cell of one month each, of which the first came true."""
    events: list[Event] = []
    for number in range(count):
        year, name = divmod(number, 12)
        of = f"{2019 + year}-{name + 1:02}"
        at = end_of(of) - 20 * 86_400_000
        body = alert(alert=f"north/A-{number}", first=of, last=of, asked=[Asked("north", "verify", at + 1)])
        events.append(said("north", body, number + 1, at))
        rows = [Row(NORTH, of, 1, 1, 2, 2, 2)] if number < hits else []
        events.append(said("north", report(*rows, first=of, last=of, as_of=at), 1000 + number, end_of(of)))
    return fold(*events)


def test_the_record_says_how_many_came_true() -> None:
    """And the Brier score beside that of a constant, so that a poor one shows."""
    state = many(4, 1)
    (onset,) = [rate for rate in record(state.alerts, resolutions(state, AREAS, end_of("2019-04")))
                if rate.kind == "onset"]
    assert (onset.resolved, onset.true, onset.unknown, onset.stated) == (4, 1, 0, pytest.approx(0.4))
    assert onset.brier == pytest.approx((0.6**2 + 3 * 0.4**2) / 4) and onset.brier_constant == pytest.approx(3 / 16)
    assert onset.sentence == "of the last 4 resolved onset alerts, 1 came true"


def test_the_record_looks_at_the_last_ones() -> None:
    """Ten hits of years ago do not stand for what it is worth today."""
    state = many(LAST + 10, 10)
    onset = next(rate for rate in record(state.alerts, resolutions(state, AREAS, end_of("2030-01")))
                 if rate.kind == "onset")
    assert (onset.resolved, onset.true) == (LAST, 0)


def test_every_alert_shows_the_record_of_its_kind_and_who_was_asked_what() -> None:
    """The next warning is read beside what the last ones were worth."""
    body = alert(cells=[BOTH], asked=[Asked("north", "verify", DUE), Asked("south", "verify", DUE)])
    state = fold(said("north", body), said("south", acted(outcome="declined", reason="no-access"), 2, DUE + 1))
    ((view,), rates) = views(state, AREAS, DUE)
    assert view.record == "no onset alert has been resolved yet" and view.reporters == ["north", "south"]
    assert [(one.party, one.outcome, one.reason, one.late) for one in view.asked] == [
        ("north", None, None, False), ("south", "declined", "no-access", True)]
    assert [rate.resolved for rate in rates] == [0, 0, 0]
    assert isinstance(view.basis, ByForecast) and view.model == bytes(range(32)).hex()


def test_a_dissent_stands_beside_the_text() -> None:
    """Wherever the assessment is shown, and the word with its range."""
    body = assessment()
    state = fold(said("north", body), said("south", concur(digest=digest(encode_body(body)), stance="dissent",
                                                           text="We see it otherwise."), 2))
    (view,) = assessments(state.alerts)
    assert [(one.party, one.stance, one.text) for one in view.stances] == [("south", "dissent", "We see it otherwise.")]
    assert (view.confidence, view.low, view.high) == ("likely", 55, 80)
