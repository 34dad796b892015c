"""P(breach) from a live record, and apart from it how much evidence there is; a rating follows from neither."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace as replace_state
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hamsaya.base.instants import DAY
from hamsaya.base.interval import Interval
from hamsaya.compliance.confidence import UNSPOKEN, confidence
from hamsaya.compliance.types import ComplianceState, FindingCase
from hamsaya.node.posteriors import ENOUGH, PRIOR, PosteriorView, posterior
from tests.compliance import test_rules as told

BLOCS = {"ava": "north", "bel": "north", "cor": "north", "dun": "south", "eld": "south", "cell": "joint"}
NOW = told.T0 + 20 * DAY


def found(state: ComplianceState, now: int = NOW) -> PosteriorView:
    return posterior(state, "K-1", BLOCS, {}, now)


def test_without_any_word_the_prior_stands_and_the_evidence_is_none() -> None:
    """A promise alone says nothing about conduct, and is unverified."""
    view = found(told.PROMISED)
    assert (view.grade, view.reports, view.words) == ("none", {}, "unverified")
    assert view.breach.mid == pytest.approx(0.059, abs=0.005)  # The prior's mean: its middle, drawn up by its spread.
    assert view.breach.low < PRIOR.mid < view.breach.high < 0.25


def test_verdicts_move_the_probability_and_their_number_the_grade() -> None:
    """Three seats of two blocs that saw a breach make one probable; the rating still waits for the adoption."""
    view = found(told.BREACH)
    assert view.breach.mid > 0.7 and view.grade == "fair" and view.rating == "U"
    assert view.reports == {"dun": "breach", "eld": "breach", "cell": "breach"}
    assert 2.0 < view.independent < 3.0, "two of one bloc are fewer than two"
    assert found(told.ADOPTED).rating == "NC" and found(told.ADOPTED).breach == view.breach


def test_evidence_that_the_panel_judged_is_not_counted_again() -> None:
    """A verdict on a photograph and the photograph are one report."""
    assert found(told.SEEN).reports == {"bel": "breach"}, "before a finding the measurement itself speaks"
    assert found(told.NOTIFIED).reports == {}


def test_denied_access_moves_no_probability_and_is_shown_apart() -> None:
    """Who was not let in has measured nothing; who did not let in has that on its record."""
    state = told.fold(told.say("bel", told.evidence(evidence_class="access-denied")), state=told.PROMISED)
    view = found(state)
    assert (view.access_denied, view.grade, view.breach) == (1, "none", found(told.PROMISED).breach)


def test_the_owners_own_report_counts_nothing_in_its_own_cause() -> None:
    """Otherwise a member could report itself into compliance."""
    own = told.say("ava", told.evidence(evidence_class="self-report", value=99.0))
    assert found(told.fold(own, state=told.PROMISED)).reports == {}


def test_a_measurement_grows_old_and_a_correction_takes_its_place() -> None:
    """Last year's road is not this month's; of one source only the last word counts."""
    fixed = told.fold(told.say("bel", told.evidence("E-2", value=95.0, replaces="E-1")), state=told.SEEN)
    assert found(fixed).reports == {"bel": "no-breach"}
    assert found(told.SEEN, told.T0 + 45 * DAY).reports == {}


def test_a_finding_that_is_closed_speaks_no_longer() -> None:
    """What was found then is not what is so now: the commitment is unverified again."""
    view = found(told.CLOSED)
    assert (view.rating, view.finding, view.grade) == ("U", None, "none")


def record(n: int, verdicts: dict[str, str]) -> FindingCase:
    """Return an adopted finding on another commitment of the same owner, with these verdicts."""
    case = told.ADOPTED.findings["F-1"]
    words: list[Any] = [replace(case.verdicts[0], member=member, verdict=word) for member, word in verdicts.items()]
    return replace(case, finding=f"H-{n}", commitment="K-2", verdicts=tuple(words))


def with_history(liar: str) -> ComplianceState:
    """Return a state with twelve other findings in which ``liar`` always says the contrary of all others."""
    state = replace_state(told.BREACH, commitments=told.BREACH.commitments.set(
        "K-2", told.BREACH.commitments["K-1"]))
    for n in range(12):
        truth, other = ("breach", "no-breach") if n % 2 else ("no-breach", "breach")
        verdicts = {member: other if member == liar else truth for member in told.SEATS}
        state = replace_state(state, findings=state.findings.set(f"H-{n}", record(n, verdicts)))
    return state


def test_who_errs_how_is_learned_from_the_other_findings() -> None:
    """A seat that always said the contrary is believed less, whatever it says now."""
    honest, lying = found(with_history("nobody")), found(with_history("dun"))
    assert honest.learned and lying.learned and not found(told.BREACH).learned
    assert lying.breach.mid < honest.breach.mid
    assert ENOUGH <= 12


@given(st.dictionaries(st.sampled_from(sorted(told.SEATS)), st.sampled_from(["breach", "no-breach", "cannot-tell"])))
def test_no_probability_ever_makes_a_rating(verdicts: dict[str, str]) -> None:
    """Unverified stays unverified until a finding is adopted, however sure anybody is."""
    state = told.fold(*told.verdicts(**{m: w.replace("-", "_") for m, w in verdicts.items()}), state=told.REPLIED)
    view = found(state)
    assert (view.rating, view.words) == ("U", "unverified")
    assert 0.0 < view.breach.low <= view.breach.mid <= view.breach.high < 1.0


def test_confidence_is_said_in_words_and_only_of_a_finding() -> None:
    """Probability and quantity stand side by side, and neither stands in for the other."""
    sure, torn = Interval(0.93, 0.97, 0.99), Interval(0.2, 0.5, 0.8)
    assert confidence("NC", sure, "ample") == "high confidence; ample evidence"
    assert confidence("NC", sure, "thin") == "moderate confidence; thin evidence"
    assert confidence("C", sure, "ample") == "low confidence; ample evidence"
    assert confidence("C", Interval(0.01, 0.02, 0.05), "fair") == "high confidence; fair evidence"
    assert confidence("PC", torn, "ample") == "low confidence; ample evidence"
    assert confidence("U", sure, "ample") == UNSPOKEN


def test_a_node_and_its_faces_start_without_array_libraries() -> None:
    """They are loaded by the view that needs them; a node that only passes messages never carries them."""
    script = ("import sys, hamsaya.node.bootstrap, hamsaya.node.actions, hamsaya.console.app, hamsaya.cli.main\n"
              "held = {'numpy', 'scipy', 'numba', 'lightgbm', 'matplotlib'} & set(sys.modules)\n"
              "sys.exit(f'loaded at start: {sorted(held)}' if held else 0)")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
