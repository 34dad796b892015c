"""Figures per pair: what they come to, and that nothing small can be read out of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.base.instants import DAY, HOUR
from hamsaya.cases.figures import (
    CODES,
    Counts,
    Exchange,
    ItemStep,
    K,
    PairFigures,
    Share,
    figures,
    publish,
    rank,
    reciprocity,
    share,
    suppressed,
    wilson,
)
from hamsaya.messages.cases import DeclineCode

T0 = 1_800_000_000_000
END = T0 + 90 * DAY
MEMBERS = ("ava", "bel", "cor")
TERM = 8 * HOUR


def exchange(number: int, **fields: Any) -> Exchange:
    """Return a request of ``ava`` to ``bel`` on the first day, answered after an hour, with these fields instead."""
    usual: dict[str, Any] = {
        "reference": ("C-1", f"R-{number}"),
        "asker": "ava",
        "asked": "bel",
        "urgency": "urgent",
        "asked_at": T0,
        "acknowledged_at": T0 + HOUR // 2,
        "ended_at": T0 + HOUR,
        "outcome": "answered",
        "code": None,
        "acknowledge_due": T0 + 2 * HOUR,
        "answer_due": T0 + TERM,
        "paused": 0,
        "term": TERM,
        "signed_by": frozenset(("ava", "bel")),
    }
    return Exchange(**usual | fields)


OPEN: dict[str, Any] = {"acknowledged_at": None, "ended_at": None, "outcome": None}


def declined(code: DeclineCode) -> dict[str, Any]:
    return {"outcome": "declined", "code": code}


def requests(*groups: tuple[int, dict[str, Any]]) -> list[Exchange]:
    """Return so many requests of each sort, each with a reference of its own."""
    every = [fields for count, fields in groups for _ in range(count)]
    return [exchange(number, **fields) for number, fields in enumerate(every)]


def of(records: list[Exchange], asker: str = "ava", asked: str = "bel", **period: int) -> PairFigures:
    found = figures(records, MEMBERS, period.get("since", T0), period.get("until", END))
    return next(each for each in found if (each.asker, each.asked) == (asker, asked))


# --- what they come to -----------------------------------------------------------------------------------


def test_a_pair_told_by_hand() -> None:
    """Sixty requests of every sort, each figure reckoned on paper."""
    records = requests(
        (30, {}),
        (10, {"ended_at": T0 + 4 * HOUR}),
        (6, {"ended_at": T0 + 10 * HOUR, "acknowledged_at": T0 + 3 * HOUR}),
        (8, declined("not-held")),
        (6, OPEN),
    )
    found = of(records)
    assert (found.requests, found.answered, found.declined, found.unanswered) == (60, 46, 8, 6)
    assert found.refusals == dict.fromkeys(CODES), "what hides the six zeros hides the eight as well"
    assert found.answered_share is not None and found.answered_share.low == 46 / 60
    assert found.acknowledged_in_time is not None and found.acknowledged_in_time.low == 48 / 60
    assert found.ended_in_time is not None and found.ended_in_time.low == 48 / 60
    assert (found.response.median, found.response.p90) == (HOUR, 10 * HOUR)
    assert (found.response.median_of_term, found.response.p90_of_term) == (1 / 8, 10 / 8)
    assert found.reciprocity is None, "nobody asked the other way"


def test_refusals_are_shown_by_code_once_there_are_enough() -> None:
    """The six go with the two, which alone would be seen; the answered are given as the range that this leaves."""
    found = of(
        requests((20, {}), (9, declined("not-held")), (6, declined("sovereignty")), (2, declined("rights-risk")))
    )
    assert found.refusals == dict.fromkeys(CODES) | {"not-held": 9}
    assert (found.requests, found.declined, found.answered, found.unanswered) == (37, 17, None, None)
    assert found.answered_share is not None
    assert (found.answered_share.low, found.answered_share.high) == (16 / 37, 20 / 37)


def test_time_that_stood_still_is_no_response_time() -> None:
    """Half a day at court and one hour of work is an answer after one hour, and in time."""
    pausing = {"ended_at": T0 + 13 * HOUR, "paused": 12 * HOUR, "answer_due": T0 + 20 * HOUR}
    found = of(requests((20, pausing)))
    assert found.response.median == HOUR
    assert found.ended_in_time is not None and found.ended_in_time.high == 1


def test_an_answer_without_acknowledgement_is_one() -> None:
    """As in the views: who answers within the time to acknowledge has acknowledged."""
    found = of(requests((20, {"acknowledged_at": None}), (20, {"acknowledged_at": None, "ended_at": T0 + 3 * HOUR})))
    assert found.acknowledged_in_time is not None
    assert found.acknowledged_in_time.low == found.acknowledged_in_time.high == 0.5


def test_what_one_side_alone_signed_counts_for_nothing() -> None:
    """Attack: a member improves its figures, or spoils another's, with requests the other never saw."""
    honest = requests((20, {}), (10, OPEN))
    one_sided = [
        exchange(100 + number, **OPEN, signed_by=frozenset(("ava", "cor"))) for number in range(50)
    ] + [exchange(200 + number, signed_by=frozenset(("bel",))) for number in range(50)]
    assert of(honest + one_sided) == of(honest)


def test_each_request_belongs_to_one_period_and_is_judged_at_its_end() -> None:
    """Two tables that overlap could be subtracted; a late answer does not change a table already given."""
    middle = T0 + 30 * DAY
    records = requests(
        (12, {}),
        (7, OPEN | {"answer_due": middle - 1}),
        (6, {"answer_due": middle - 1, "ended_at": middle}),
        (20, {"answer_due": middle, "ended_at": middle - 1}),
        (9, OPEN | {"answer_due": None}),
    )
    first, second = of(records, until=middle), of(records, since=middle)
    assert (first.requests, first.answered) == (25, 12)
    assert second.requests == 20


def test_every_pair_of_members_is_listed() -> None:
    """A pair that is absent where there was nothing would tell of those that are present."""
    pairs = [(each.asker, each.asked) for each in figures(requests((3, {})), MEMBERS, T0, END)]
    assert pairs == [(a, b) for a in MEMBERS for b in MEMBERS if a != b]
    few, none = of(requests((3, {}))), of([])
    assert few == none
    assert few.requests is None


def test_records_that_contradict_themselves_are_refused() -> None:
    """Figures from half-filled records would be figures of nothing."""
    with pytest.raises(ValueError, match="outcome exactly where"):
        exchange(1, outcome=None)
    with pytest.raises(ValueError, match="code where it was declined"):
        exchange(1, code="not-held")
    with pytest.raises(ValueError, match="two members"):
        exchange(1, asker="bel")
    with pytest.raises(ValueError, match="each request once"):
        figures([exchange(1), exchange(1)], MEMBERS, T0, END)
    with pytest.raises(ValueError, match="between two of the members"):
        figures([exchange(1, asker="dov")], MEMBERS, T0, END)


# --- shares and reciprocity ------------------------------------------------------------------------------


def test_wilson_agrees_with_published_values() -> None:
    """Newcombe (1998), table I, method 3: four examples to four digits."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


@given(st.integers(1, 500), st.data())
def test_an_interval_holds_its_share(whole: int, data: st.DataObject) -> None:
    """And stays within [0, 1], its mirror image being that of the rest."""
    part = data.draw(st.integers(0, whole))
    low, high = wilson(part, whole)
    assert 0 <= low <= part / whole <= high <= 1
    assert wilson(whole - part, whole) == pytest.approx((1 - high, 1 - low))


def test_a_share_with_few_on_one_side_is_a_range() -> None:
    """The best and the worst are still told from the middling, and nobody sees how few the exceptions were."""
    assert {share(part, 100) for part in range(96, 101)} == {share(100, 100)}
    best, worst, middling = share(97, 100), share(2, 100), share(95, 100)
    assert best is not None and (best.low, best.high) == (0.96, 1.0)
    assert worst is not None and (worst.low, worst.high) == (0.0, 0.04)
    assert middling is not None and middling.low == middling.high == 0.95
    assert best.interval_low == wilson(96, 100)[0]
    assert best.interval_high == 1
    assert share(9, 9) is None
    among = share(14, 100, among=15)
    assert among is not None and (among.low, among.high) == (0.11, 0.15)
    few = share(3, 100, among=8)
    assert few is not None and (few.low, few.high) == (0.0, 0.08)
    open_, beyond = share(92, 100, rest=8), share(91, 100, rest=8)
    assert open_ is not None and (open_.low, open_.high) == (0.92, 1.0)
    assert beyond is not None and beyond.low == beyond.high == 0.91
    for part, whole, rest in ((10, 9, 9), (-1, 9, 9), (5, 9, 10), (5, 9, 4)):
        with pytest.raises(ValueError, match="expected a part from 0"):
            share(part, whole, among=rest)


@given(st.integers(10, 60), st.data())
def test_a_range_never_gives_away_which_share_it_holds(whole: int, data: st.DataObject) -> None:
    """Every share that is not exact is that of five different counts."""
    found = share(data.draw(st.integers(0, whole)), whole)
    assert found is not None
    if found.low != found.high:
        assert sum(share(part, whole) == found for part in range(whole + 1)) == K


def both_ways(there: tuple[int, int], back: tuple[int, int]) -> list[PairFigures]:
    """Return the figures where so many were answered, and so many not, each way."""
    reverse = {"asker": "bel", "asked": "ava"}
    return figures(
        requests((there[0], {}), (there[1], OPEN), (back[0], reverse), (back[1], OPEN | reverse)), MEMBERS, T0, END
    )


def test_reciprocity_is_a_ratio_of_shares_and_not_of_volumes() -> None:
    """Ten times as many requests, answered as often, are even; and each side sees the inverse of the other."""
    even, there, back = both_ways((90, 10), (900, 100)), both_ways((40, 40), (60, 20)), both_ways((60, 20), (40, 40))
    found = [each[0].reciprocity for each in (even, there, back)]
    assert all(each is not None for each in found)
    ratios = [each.ratio for each in found if each is not None]
    assert ratios == pytest.approx([1, 0.5 / 0.75, 0.75 / 0.5])
    reverse = next(each for each in there if (each.asker, each.asked) == ("bel", "ava")).reciprocity
    assert reverse == back[0].reciprocity


@given(st.tuples(st.integers(0, 60), st.integers(0, 60)), st.tuples(st.integers(0, 60), st.integers(0, 60)))
def test_reciprocity_has_an_interval_that_holds_it(there: tuple[int, int], back: tuple[int, int]) -> None:
    """Also where only a range is published; where either side has few requests there is no ratio at all."""
    shares = share(there[0], sum(there)), share(back[0], sum(back))
    found = reciprocity(*shares)
    assert (found is None) == (sum(there) < 2 * K or sum(back) < 2 * K)
    if found is not None and back[0]:
        actual = (there[0] / sum(there)) / (back[0] / sum(back))
        assert found.low <= actual
        assert found.high is None or actual <= found.high
        exact = min(*there, *back) >= K
        assert (found.ratio == pytest.approx(actual)) if exact else found.ratio is None


def test_a_ratio_to_nearly_nothing_has_no_upper_bound() -> None:
    """A division by what may be zero is not made into a number."""
    found = reciprocity(share(20, 40), share(0, 40))
    assert found is not None
    assert found.high is None
    assert found.low > 1


# --- suppression -----------------------------------------------------------------------------------------


@given(st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 12), min_size=2))
def test_what_is_left_out_cannot_be_subtracted_from_its_total(parts: dict[str, int]) -> None:
    """No count below five, and never one hidden part alone, or several that come to less than five."""
    total = sum(parts.values())
    shown = suppressed(total, parts)
    hidden = [parts[name] for name, count in shown.items() if count is None]
    assert all(count is None or count == parts[name] >= K for name, count in shown.items())
    assert not hidden or total < K or (len(hidden) >= 2 and sum(hidden) >= K)
    assert set(suppressed(None, parts).values()) == {None}


def test_no_more_is_left_out_than_need_be() -> None:
    """One more that suffices goes: the smallest, or the first that the order gives up."""
    assert suppressed(40, {"a": 20, "b": 11, "c": 9}) == {"a": 20, "b": 11, "c": 9}
    assert suppressed(43, {"a": 20, "b": 11, "c": 9, "d": 3}) == {"a": 20, "b": 11, "c": None, "d": None}
    assert suppressed(27, {"a": 20, "b": 3, "c": 4}) == {"a": 20, "b": None, "c": None}
    assert suppressed(28, {"a": 5, "b": 20, "c": 3}) == {"a": None, "b": 20, "c": None}
    assert suppressed(28, {"a": 5, "b": 20, "c": 3}, ("b", "a", "c")) == {"a": 5, "b": None, "c": None}
    assert suppressed(28, {"a": 4, "b": 20, "c": 4}, ("b", "a", "c")) == dict.fromkeys("abc")
    assert suppressed(28, {"a": 4, "b": 4, "c": 20}, ("b", "a", "c")) == {"a": None, "b": None, "c": 20}
    assert suppressed(13, {"a": 5, "b": 4, "c": 4}) == dict.fromkeys("abc")


@pytest.mark.parametrize(("parts", "most"), [(2, 30), (3, 26), (4, 16)])
@pytest.mark.parametrize("ordered", [False, True])
def test_a_sum_and_what_is_shown_of_it_never_tell_the_rest(parts: int, most: int, ordered: bool) -> None:
    """Attack: solve for what is left out, knowing the total, the parts shown, and how the rest was chosen."""
    names = "abcd"[:parts]
    alike: dict[tuple[int | None, ...], list[tuple[int, ...]]] = defaultdict(list)
    for counts in product(range(most + 1), repeat=parts):
        if K <= sum(counts) <= most:
            shown = suppressed(sum(counts), dict(zip(names, counts, strict=True)), names if ordered else ())
            alike[sum(counts), *shown.values()].append(counts)
    for (_, *shown_counts), found in alike.items():
        for shown_count, values in zip(shown_counts, zip(*found, strict=True), strict=True):
            assert (len(set(values)) > 1) == (shown_count is None), (shown_counts, found)


THREE: tuple[DeclineCode, ...] = get_args(DeclineCode)[:3]


def tables(most: int) -> Iterator[Counts]:
    """Yield every table of up to ``most`` requests, with three codes of refusal."""
    for answered, *refused, unanswered in product(range(most + 1), repeat=5):
        total = answered + sum(refused) + unanswered
        if total <= most:
            ended = total - unanswered
            for in_time in range(ended + 1):
                yield Counts(answered, dict(zip(THREE, refused, strict=True)), unanswered, total, in_time)


def test_no_suppressed_count_can_be_recomputed() -> None:
    """Attack: an outsider who knows this code sets up every table that would print alike, and looks for one solution.

    All tables of up to fifteen requests are printed; whatever is left out must have at least two values among
    those that look the same, and a total above it never settles it.
    """
    alike: dict[bytes, list[Counts]] = defaultdict(list)
    for counts in tables(15):
        alike[msgspec.json.encode(publish("ava", "bel", counts))].append(counts)
    looks = {text: msgspec.json.decode(text) for text in alike}
    assert len(looks) > 200
    for text, look in looks.items():
        found = alike[text]
        cells = {
            "answered": {counts.answered for counts in found},
            "unanswered": {counts.unanswered for counts in found},
            "declined": {sum(counts.refused.values()) for counts in found},
            **{code: {counts.refused[code] for counts in found} for code in THREE},
        }
        shown = {name: look[name] for name in ("answered", "unanswered", "declined")} | look["refusals"]
        for name, values in cells.items():
            assert (len(values) > 1) == (shown[name] is None), (look, name, values)


def test_a_percentile_gives_nothing_away_by_being_there() -> None:
    """Whether it is given follows from what is printed beside it; and it always falls on an ended request."""
    given_ranks = 0
    for answered, refused, unanswered in product(range(45), range(13), range(13)):
        counts = Counts(answered, {"not-held": refused}, unanswered, 0, 0)
        found = publish("ava", "bel", counts)
        for percent in (50, 90):
            place = rank(found, percent)
            total = answered + refused + unanswered
            if place is not None:
                given_ranks += 1
                assert K - 1 <= place < answered + refused
                assert total - place >= K
    assert given_ranks > 1000


def test_the_ninetieth_percentile_of_few_is_not_given() -> None:
    """Of twelve it would be one of the two slowest answers; the median of twelve has five on either side."""
    found = of(requests((12, {}))).response
    assert (found.median, found.p90) == (HOUR, None)
    assert of(requests((8, {}))).response.median is None
    assert of(requests((40, {}))).response.p90 == HOUR


def test_what_is_never_answered_is_later_than_all() -> None:
    """A member cannot improve its median by answering only the easy ones."""
    assert of(requests((30, {}), (20, OPEN))).response.median == HOUR
    assert of(requests((20, {}), (30, OPEN))).response.median is None


def test_the_published_record_has_no_sum_over_pairs() -> None:
    """A row or column total would let every count that is left out be subtracted."""
    assert set(PairFigures.__struct_fields__) & {"total", "all", "sum"} == set()
    two = figures(requests((20, {}), (3, {"asked": "cor", "signed_by": frozenset(("ava", "cor"))})), MEMBERS, T0, END)
    assert two[0] == figures(requests((20, {})), MEMBERS, T0, END)[0]
    assert two[1].requests is None


def test_a_share_is_typed_for_the_wire() -> None:
    """Figures travel in the quarterly report."""
    found = of(requests((20, {}), (20, OPEN)))
    assert msgspec.json.decode(msgspec.json.encode(found), type=PairFigures) == found
    assert isinstance(found.answered_share, Share)


# --- Steps of items ---------------------------------------------------------------------------------------


def steps(count: int, in_time: int, **fields: Any) -> list[ItemStep]:
    """Return so many steps that ``bel`` owed ``ava``, the first of them done in time."""
    usual: dict[str, Any] = {"step": "feedback", "waits": "ava", "owes": "bel", "due": T0 + DAY,
                             "signed_by": frozenset(("ava", "bel"))}
    return [ItemStep(**usual | {"reference": ("C-1", f"I-{n}", "feedback", 1, "bel"),
                                "done_at": T0 + HOUR if n < in_time else None} | fields) for n in range(count)]


def shares(records: list[ItemStep]) -> dict[tuple[str, str], tuple[Share | None, Share | None, Share | None]]:
    return {(each.asker, each.asked): (each.consents_in_time, each.feedback_in_time, each.purges_in_time)
            for each in figures([], MEMBERS, T0, END, records)}


@pytest.mark.parametrize(("step", "place"), [("onward-decision", 0), ("feedback", 1), ("purge-attest", 2)])
def test_a_step_of_an_item_is_reckoned_to_who_owed_it(step: str, place: int) -> None:
    """As a share in time; done after its instant it is not in time; other pairs have nothing."""
    late = steps(1, 0, step=step, done_at=T0 + 2 * DAY, reference=("C-2", "I", step, 1, "bel"))
    found = shares(steps(20, 12, step=step) + late)
    share_ = found["ava", "bel"][place]
    assert share_ is not None and share_.low == share_.high == 12 / 21
    assert all(each == (None, None, None) for pair, each in found.items() if pair != ("ava", "bel"))
    assert [each is not None for each in found["ava", "bel"]] == [number == place for number in range(3)]


def test_few_steps_are_left_out_and_few_failures_are_a_range() -> None:
    """Under ten nothing is said; a share that fewer than five keep from all is a range."""
    assert shares(steps(9, 9))["ava", "bel"][1] is None
    nearly = shares(steps(30, 28))["ava", "bel"][1]
    assert nearly is not None and (nearly.low, nearly.high) == (26 / 30, 1.0)
    assert nearly == shares(steps(30, 27))["ava", "bel"][1]


def test_a_step_counts_in_its_period_and_once_both_have_signed() -> None:
    """Outside the period, or one side's claim alone, it counts for nothing; twice it is an error."""
    assert shares(steps(30, 20, due=END))["ava", "bel"][1] is None
    assert shares(steps(30, 20, signed_by=frozenset(("ava",))))["ava", "bel"][1] is None
    with pytest.raises(ValueError, match="once"):
        shares(steps(1, 1) * 2)
    with pytest.raises(ValueError, match="members"):
        shares(steps(1, 1, owes="dun"))
