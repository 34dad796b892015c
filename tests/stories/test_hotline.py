"""The hotline between real nodes: it warns in minutes, also a suspended neighbour's, and without the joint cell."""

from __future__ import annotations

import pytest

from hamsaya.base.errors import PolicyRefusal
from hamsaya.base.instants import MINUTE
from hamsaya.cases.hotline import notices
from hamsaya.messages.hotline import AcknowledgeNotice, CloseNotice, Notice, SayOnHotline
from hamsaya.node.send import Draft
from tests.node.making import parties
from tests.support.federation import Federation

WARNING = Notice(notice="pk/1", subject="deconfliction", pace="minutes", cells=[1], text="EXERCISE: a patrol at dusk.",
                 officer="desk-1")


@pytest.fixture
def fed() -> Federation:
    return parties("pk", "ir", "uz")


def test_a_warning_is_read_in_minutes_and_both_ends_see_who_has_not(fed: Federation) -> None:
    """No joint cell takes part: three members' nodes and nothing else."""
    fed.send("pk", Draft(WARNING, ("ir", "uz")))
    fed.carry_all()
    fed.clock.advance(MINUTE)
    fed.send("ir", Draft(AcknowledgeNotice(notice="pk/1", officer="desk-2"), ("pk", "uz")))
    fed.carry_all()
    fed.clock.advance(5 * MINUTE)
    for member in fed.parties:
        (view,) = notices(fed.node(member).state.hotline, fed.clock.now())
        assert (list(view.acknowledged), view.late) == (["ir"], ["uz"])
    fed.send("uz", Draft(SayOnHotline(notice="pk/1", text="EXERCISE: seen.", officer="desk-3"), ("pk", "ir")))
    fed.send("pk", Draft(CloseNotice(notice="pk/1", outcome="over", officer="desk-1"), ("ir", "uz")))
    fed.carry_all()
    assert {notices(fed.node(m).state.hotline, fed.clock.now())[0].outcome for m in fed.parties} == {"over"}


def test_nobody_speaks_on_anothers_notice_uninvited(fed: Federation) -> None:
    """A notice to one neighbour is not the third's business."""
    fed.send("pk", Draft(WARNING, ("ir",)))
    fed.carry_all()
    with pytest.raises(PolicyRefusal, match="predecessor-missing"):
        fed.send("uz", Draft(SayOnHotline(notice="pk/1", text="x", officer="d"), ("pk",)))
    with pytest.raises(PolicyRefusal, match="recipient-outside"):
        fed.send("ir", Draft(SayOnHotline(notice="pk/1", text="x", officer="d"), ("pk", "uz")))
