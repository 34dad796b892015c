"""Other clocks between two members: they count once both have signed, for what is asked later, and for nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import HOUR, MINUTE
from hamsaya.cases import views
from hamsaya.messages.charter import Sign
from hamsaya.node.agreement import CLOCKS
from hamsaya.node.annexes import clock_annexes
from hamsaya.node.send import Draft
from tests.node.making import CASE, asking, opening
from tests.support.federation import Federation, make_federation, small_pack

THREE = ("pk", "ir", "uz")
ANNEX = b"""
[[annexes]]
between = ["ir", "pk"]
since = 0
overrides = [{ step = "acknowledge", urgency = "urgent", held_directly = true, term = 3_600_000 }]
"""


def sign(fed: Federation, member: str) -> None:
    revision = fed.node(member).agreement.documents[CLOCKS]
    fed.send(member, Draft(Sign(document=CLOCKS, revision=revision), tuple(m for m in THREE if m != member)))
    fed.carry_all()


def due(fed: Federation, member: str, request: str) -> int:
    """Return how long after its asking a request is to be acknowledged, as a member's node reckons."""
    node = fed.node(member)
    found = views.case(node.state.cases, CASE, fed.clock.now(), node.agreement.annexes(node.state.charter))
    assert found is not None
    (view,) = [each for each in found.requests if each.request.request == request]
    assert view.acknowledge_due is not None
    return view.acknowledge_due - view.request.asked_at


def test_terms_count_between_the_two_that_signed_and_from_then_on() -> None:
    """One signature is an offer; a clock that runs already keeps its term; a third member has the published one."""
    fed = make_federation(members=THREE, pack=replace(small_pack(THREE), clocks=ANNEX))
    fed.send("pk", opening(fed, participants=THREE))
    sign(fed, "pk")
    fed.send("pk", asking(request="R-1"))
    fed.clock.advance(MINUTE)
    sign(fed, "ir")
    fed.clock.advance(MINUTE)
    fed.send("pk", asking(request="R-2"))
    fed.send("pk", asking(to="uz", request="R-3"))
    fed.carry_all()
    for member in ("pk", "ir"):
        assert (due(fed, member, "R-1"), due(fed, member, "R-2")) == (2 * HOUR, HOUR)
    assert due(fed, "uz", "R-3") == 2 * HOUR


@pytest.mark.parametrize(
    "file",
    [b"annexes = 1", b"other = []", b"annexes = [1]", b"\xff", b"[[annexes]]\nbetween = ['ir', 'pk']",
     ANNEX.replace(b'"pk"', b'"zz"'), ANNEX.replace(b"3_600_000", b"1")],
)
def test_an_annex_that_does_not_fit_founds_no_node(file: bytes) -> None:
    """What members would sign must be what a node can apply."""
    with pytest.raises(OperatorError, match=r"clocks\.toml"):
        clock_annexes(file, THREE)
