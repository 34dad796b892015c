"""Every kind has a handler that decides without breaking, whatever an authentic member says in its schema's words."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.decision import Decision
from hamsaya.base.instants import DAY
from hamsaya.canon import encode
from hamsaya.messages.catalog import KINDS
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import parse_body
from hamsaya.node import handlers
from hamsaya.node.handlers import HANDLERS, FederationState
from hamsaya.node.journal import event_of
from tests.messages.strategies import plain
from tests.node.making import CASE, acknowledging, answering, asking, parties
from tests.support.federation import START, Federation

# Words that name what exists in the state below, so that random messages meet something.
KNOWN = {
    "request": ["R-1", "R-2"],
    "item": ["I-1"],
    "officer": ["desk-1"],
    "to": ["pk", "ir"],
    "document": ["charter", "annex-reporting"],
    "participants": [["pk", "ir"], ["pk", "pk"], ["pk", "ir", "uz"]],
}


@cache
def living() -> Federation:
    """A federation in which a case has been opened, asked, acknowledged and answered."""
    fed = parties("pk", "ir", with_case=True)
    for sender, draft in (("pk", asking()), ("ir", acknowledging()), ("ir", answering())):
        fed.send(sender, draft)
        fed.carry_all()
    return fed


def _fitting(known: Any, value: Any) -> list[Any]:
    """Return what exists in the form of ``value``: a name may stand alone or in a list of names."""
    return [[each] if isinstance(value, list) and isinstance(each, str) else each for each in known]


def events(kind: str) -> st.SearchStrategy[Event]:
    """Return events of ``kind`` from a member, about things that exist as often as not."""

    def shaped(values: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
        fields = {
            name: st.sampled_from(_fitting(KNOWN[name], value)) | st.just(value)
            if name in KNOWN and not kind.startswith("linkage")
            else st.just(value)
            for name, value in values.items()
        }
        return st.fixed_dictionaries(fields)

    return st.builds(
        lambda values, sender, recipients, case, issued: Event(
            message_id=bytes(16),
            kind=kind,
            sender=sender,
            recipients=tuple(recipients),
            instrument="founding",
            case=case,
            issued_at=issued,
            expires_at=issued + DAY,
            exercise=True,
            body=parse_body(kind, encode(values)),
        ),
        plain(kind).flatmap(shaped),
        st.sampled_from(["pk", "ir", "uz", "joint-cell", "zz"]),
        st.lists(st.sampled_from(["pk", "ir", "uz", "joint-cell"]), unique=True, max_size=3),
        st.sampled_from([CASE, "C-other", None]),
        st.sampled_from([0, START, START + 40 * DAY, 2**48 - 1]),
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_handler_answers_everything_its_schema_admits(kind: str) -> None:
    """A decision with reasons, never an exception; what is permitted folds into a state that can be written down."""
    node = living().node("ir")
    rule, fold = HANDLERS[kind.partition(".")[0]]

    @given(events(kind), st.booleans())
    @settings(max_examples=40)
    def check(event: Event, empty: bool) -> None:
        state = FederationState() if empty else node.state
        decision = rule(node.agreement, state, event)
        assert isinstance(decision, Decision) and decision.reasons and isinstance(decision.sentence(), str)
        whole = handlers.decide(node.agreement, state, event)
        assert isinstance(whole, Decision) and (decision.allowed or not whole.allowed)
        if decision.allowed:
            encode(handlers.snapshot(fold(state, event)))

    check()


def test_all_rooms_have_their_part_of_the_snapshot() -> None:
    """A room whose state were left out of it would not be compared, here or anywhere."""
    snapshot = handlers.snapshot(living().node("pk").state)
    assert set(snapshot) == set(FederationState.__slots__)  # type: ignore[attr-defined]
    assert encode(snapshot) == encode(handlers.snapshot(living().node("pk").state))


def test_an_event_is_the_header_and_the_body() -> None:
    """Nothing is added and nothing is lost between the wire and the rules."""
    node = living().node("pk")
    for row in node.store.journal():
        header = row.header
        event = event_of(header, asking().body)
        assert (event.sender, event.kind, event.case, event.instrument) == (
            header.snd,
            header.typ,
            header.case,
            header.ins,
        )
        assert event.recipients == tuple(each.member for each in header.rcp)
        assert (event.issued_at, event.expires_at, event.exercise) == (header.iat, header.exp, header.exr)
