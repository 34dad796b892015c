"""Between real nodes: members may vote a finding down; where a silence was broken, the proposer may appeal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hamsaya.base.instants import DAY
from hamsaya.charter.history import record_of
from hamsaya.compliance import views
from hamsaya.messages.charter import Propose, Resolve
from hamsaya.node.assembly import records_due
from hamsaya.node.observed import observed
from hamsaya.node.posteriors import posteriors, published
from hamsaya.node.standing import standing
from tests.console.scene import _propose, _vote, tell_all
from tests.node.test_tranche_vote import MEMBERS, OTHERS, declare, move, promise, refused, statuses
from tests.support.federation import Federation, make_federation

ALL = ("tm", *MEMBERS)
"""Every member that votes, so that all others of one can refuse."""


@pytest.fixture
def made() -> Iterator[Federation]:
    """A federation in which a promise was found not to be kept, with a tranche tied to it that runs."""
    federation = make_federation(members=ALL)
    promise(federation)
    declare(federation, "T-1", "energy")
    yield federation


def ask(made: Federation, name: str, refusing: tuple[str, ...], concerned: str = "tj", ground: str = "F-1") -> None:
    _propose(made, name, "adopt-finding", concerned, Resolve(ground=ground), "EXERCISE: adopt the finding")
    _record(made, name, refusing)


def appeal(made: Federation, by: str, against: str, refusing: tuple[str, ...]) -> None:
    name = f"{by}/appeal"
    tell_all(made, by, Propose(proposal=name, decision="appeal-finding", title="EXERCISE: decide again",
                               act=Resolve(ground="F-1"), concerned="tj", against=against), "charter.propose")
    if by not in refusing and len(refusing) < len(OTHERS):
        _vote(made, by, name, "yes")  # Not all refuse then, and nobody need wait thirty days.
    _record(made, name, refusing)


def _record(made: Federation, name: str, refusing: tuple[str, ...]) -> None:
    for member in refusing:
        _vote(made, member, name, "no")
    made.clock.advance(4 * DAY)  # Beyond the seventy-two hours.
    for draft in records_due(made.node("joint-cell")):
        made.send("joint-cell", draft)
    made.carry_all()
    assert record_of(made.node("pk").state.charter, name) is not None


def ratings(made: Federation) -> set[str]:
    """Return how the promise reads, at every node and by each way of reading it."""
    found: set[str] = set()
    for member in ALL:
        node = made.node(member)
        (view,) = views.commitments(standing(node), node.clock.now())
        (judged,) = posteriors(node)
        found |= {view.rating, judged.rating, published(node, "K-1", "members").rating}
    return found


def test_silence_adopts_and_changes_nothing(made: Federation) -> None:
    """Nobody objects within the seventy-two hours: the panel's verdict stands as it did."""
    ask(made, "kz/ask", ())
    assert ratings(made) == {"NC"}
    move(made, "T-1", "notice", "F-1")
    assert statuses(made) == {"notice"}


def test_a_finding_that_was_voted_down_does_not_speak(made: Federation) -> None:
    """One objection: unverified at every node, no word of confidence, no ground for a notice, no case in the price."""
    ask(made, "kz/ask", ("ir",))
    assert ratings(made) == {"U"}
    node = made.node("pk")
    assert published(node, "K-1", "members").confidence.startswith("no confidence")
    assert refused(made, "T-1", "notice", "F-1") == "predecessor-missing"
    seen = observed(node.agreement.priors, standing(node), node.state.linkage, node.clock.now())
    assert not any("verdicts" in word or "Payers" in word for word in seen.words)
    (view,) = views.commitments(standing(node), node.clock.now())
    assert view.findings[0].voted_down and view.findings[0].finding.rating == "NC"


def test_a_broken_silence_falls_back_on_negative_consensus(made: Federation) -> None:
    """The proposer appeals, two of the others refuse, and it is adopted all the same; asking again is no way out."""
    ask(made, "kz/ask", ("ir",))
    appeal(made, "kz", "kz/ask", ("ir", "cn"))
    assert ratings(made) == {"NC"}
    ask(made, "ir/again", ("ir",))
    assert ratings(made) == {"NC"}
    move(made, "T-1", "notice", "F-1")
    assert statuses(made) == {"notice"}


def test_on_appeal_all_others_can_stop_it(made: Federation) -> None:
    """Negative consensus: it falls only where every other member refuses."""
    ask(made, "kz/ask", ())
    appeal(made, "tj", "kz/ask", (*OTHERS, "tm"))
    assert ratings(made) == {"U"}


@pytest.mark.parametrize(("concerned", "ground"), [("cn", "F-1"), ("tj", "F-9")])
def test_a_vote_on_something_else_votes_nothing_down(made: Federation, concerned: str, ground: str) -> None:
    """The owner must be the one concerned, for who is concerned has no vote; and each finding is its own question."""
    ask(made, "kz/ask", ("ir",), concerned, ground)
    assert ratings(made) == {"NC"}
