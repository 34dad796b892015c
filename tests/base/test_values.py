"""Instants, intervals, decisions and errors: small values that everything else stands on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.base import errors
from hamsaya.base.decision import Decision, Reason, permit, refuse
from hamsaya.base.errors import HamsayaError, OperatorError, PeerError, PolicyRefusal, RetryLater, StoreError
from hamsaya.base.instants import DAY, parse, to_text
from hamsaya.base.interval import Interval


@given(st.integers(0, 4_000_000_000))
def test_instants_round_trip_by_the_second(seconds: int) -> None:
    """The text form is UTC with seconds, and its parse is the same instant."""
    assert parse(to_text(seconds * 1000)) == seconds * 1000


def test_an_offset_is_part_of_an_instant() -> None:
    """Noon in Karachi is seven in the morning UTC; without an offset it is no instant at all."""
    assert parse("2026-03-01T12:00:00+05:00") == parse("2026-03-01T07:00:00Z")
    assert to_text(DAY) == "1970-01-02T00:00:00Z"
    with pytest.raises(ValueError, match="offset"):
        parse("2026-03-01T12:00:00")


def test_an_instant_past_the_calendar_is_shown() -> None:
    """A peer may write any instant below 2**48; it must not take a list down."""
    assert to_text(253_402_300_799_000) == "9999-12-31T23:59:59Z"
    assert to_text(253_402_300_800_000) == "253402300800000 ms" and str(2**48 - 1) in to_text(2**48 - 1)


@pytest.mark.parametrize("bounds", [(2, 1, 3), (1, 3, 2), (float("nan"), 1, 2), (1, float("nan"), 2)])
def test_an_interval_holds_its_middle(bounds: tuple[float, float, float]) -> None:
    """Crossed or unknown bounds are no interval."""
    with pytest.raises(ValueError, match="low <= mid <= high"):
        Interval(*bounds)


def test_a_decision_has_reasons() -> None:
    """Closed by default: a decision nobody can explain cannot be made."""
    with pytest.raises(ValueError, match="reason"):
        Decision(True, "permitted", ())


def test_require_turns_a_refusal_into_an_error_with_all_reasons() -> None:
    """Ignoring a negative decision would be wrong, so it raises; a positive one is handed on."""
    yes = permit("A.1", "it may", obligations=frozenset({"two-persons"}))
    assert yes.require() is yes
    no = Decision(False, "no-clause", (Reason("A.2", "none lets it"), Reason("A.3", "nor this")))
    with pytest.raises(PolicyRefusal) as refused:
        no.require()
    assert refused.value.decision is no and refused.value.code == "no-clause"
    assert str(refused.value) == "refused (no-clause): none lets it [A.2]; nor this [A.3]"
    assert not refuse("x", "r", "t").allowed


def test_the_tree_of_errors_says_who_must_act() -> None:
    """Each branch is drawn at the head of the module, descends from the root and has its own code."""
    branches = (PeerError, RetryLater, PolicyRefusal, OperatorError, StoreError)
    for branch in branches:
        assert issubclass(branch, HamsayaError) and branch.__name__ in (errors.__doc__ or "")
    assert len({branch.code for branch in branches}) == len(branches)
    assert issubclass(RetryLater, PeerError) and PeerError("x", code="stale").code == "stale"
    assert PeerError.code == "malformed", "a code of one error is not the code of its class"
