"""Bad input to verification at running nodes: the sender is told why, the receiver records it, and nothing moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
import pytest
from msgspec import structs

from hamsaya.base.errors import HamsayaError
from hamsaya.base.instants import DAY
from hamsaya.messages.compliance import Attest, Commit, Evidence, Notify, Provisional, Query, Seat
from hamsaya.messages.kinds import Body, body_from_plain, kind_of
from hamsaya.messages.monitor import Report
from hamsaya.node.actions import price as actions
from hamsaya.node.posteriors import posteriors
from hamsaya.node.recipients import everybody
from hamsaya.node.send import Draft
from tests.console.scene import tell_all
from tests.node.making import clone, handmade, held, receive
from tests.support.federation import Federation, make_federation

MEMBERS = ("tj", "ir", "cn", "joint-cell")
HIJRI = int(datetime(1405, 9, 1, tzinfo=UTC).timestamp() * 1000)
"""The first of Azar 1405 as who takes the year for a Gregorian one would write it."""
Case = tuple[str, str, str, Callable[[Federation], Body]]


@cache
def _lodged() -> Federation:
    """A federation with a promise, a measurement, a notified finding and one verdict on it."""
    fed = make_federation(members=MEMBERS)
    now = fed.clock.now()
    tell_all(fed, "tj", promise(fed), "compliance.commit")
    tell_all(fed, "ir", evidence(fed), "compliance.evidence")
    tell_all(fed, "ir", Provisional(commitment="K-1", finding="F-1", proposed="NC", evidence=["E-1"],
                                    conductor="joint-cell", reopens=None), "compliance.provisional")
    tell_all(fed, "joint-cell", Notify(finding="F-1", reply_due=now + 16 * DAY), "compliance.notify")
    tell_all(fed, "ir", Attest(finding="F-1", verdict="breach", reason=None), "compliance.attest")
    return fed


@pytest.fixture
def fed() -> Federation:
    return clone(_lodged())


def promise(fed: Federation, **fields: Any) -> Commit:
    blocs = fed.node("ir").agreement.blocs
    plain = Commit(
        commitment="K-1", title="EXERCISE: visits", indicator="visits admitted", unit="percent", query=None,
        target_low=90.0, target_high=100.0, materiality=0.0, until=fed.clock.now() + 20 * DAY, publication="members",
        cadence_days=30, timeliness_days=15, required_detection=0.9, max_false_alarm=0.1,
        evidence_classes=["joint-visit"], k=2,
        panel=[Seat(member=name, bloc=blocs[name]) for name in ("ir", "cn", "joint-cell")])
    return structs.replace(plain, **fields)


def evidence(fed: Federation, **fields: Any) -> Evidence:
    now = fed.clock.now()
    plain = Evidence(commitment="K-1", evidence="E-1", evidence_class="joint-visit", observed_from=now - DAY,
                     observed_to=now, value=50.0, unit="percent", replaces=None, digest=bytes(32), summary="EXERCISE")
    return structs.replace(plain, **fields)


def months(fed: Federation) -> Report:
    return Report(source="EXERCISE", licence="none", as_of=fed.clock.now(), first="1405-07", last="1405-08", rows=[])


def ended(fed: Federation) -> Evidence:
    fed.clock.advance(21 * DAY)
    return evidence(fed, evidence="E-3")


CASES: dict[str, Case] = {
    "one source twice unlike": ("ir", "contradicts", "says 50", lambda fed: evidence(fed, evidence="E-2", value=95.0)),
    "one seat twice unlike": ("ir", "already-attested", "attests once",
                              lambda fed: Attest(finding="F-1", verdict="no-breach", reason=None)),
    "units that differ": ("cn", "unit", "percent", lambda fed: evidence(fed, evidence="E-2", unit="visits")),
    "a unit that the picture does not count": (
        "tj", "unit", "counts incidents", lambda fed: promise(
            fed, commitment="K-2", query=Query(measure="incidents", violence=0, cells=[1], months=1))),
    "evidence after the mandate": ("ir", "mandate-expired", "expired", ended),
    "a mandate that ended before it began": (
        "tj", "mandate-expired", "mandate ends before", lambda fed: promise(fed, commitment="K-2", until=1)),
    "a panel of nobody": ("tj", "bad-body", "$.panel", lambda fed: promise(fed, commitment="K-2", panel=[])),
    "a mandate in another calendar": ("tj", "bad-body", "$.until",
                                      lambda fed: promise(fed, commitment="K-2", until=HIJRI)),
    "an observation in another calendar": (
        "cn", "bad-body", "$.observed_from", lambda fed: evidence(fed, evidence="E-2", observed_from=HIJRI)),
    "a report in another calendar": ("cn", "bad-body", "$.first", months),
}


@pytest.mark.parametrize("name", CASES)
def test_the_sender_is_told_and_the_receiver_records_it(fed: Federation, name: str) -> None:
    """By its own node nothing leaves; made by hand, it is a refused leaf at whoever gets it, and no state moves."""
    sender, code, words, make = CASES[name]
    body = make(fed)
    other = next(member for member in ("joint-cell", "ir") if member != sender)
    node, receiver = fed.node(sender), fed.node(other)
    before, known = held(node), posteriors(receiver)
    with pytest.raises(HamsayaError) as refused:
        fed.send(sender, Draft(checked(body), tuple(everybody(node, kind_of(body)))))
    assert refused.value.code == code and words in str(refused.value)
    assert held(node).state == before.state and held(node).outbox == before.outbox
    instrument = node.agreement.instrument_for(kind_of(body))
    letter = handmade(fed, sender, other, body, instrument=instrument, case=None)
    at_receiver = held(receiver)
    assert receive(receiver, letter.encode()).code == code
    after = held(receiver)
    assert after.state == at_receiver.state and posteriors(receiver) == known
    (row,) = after.journal[len(at_receiver.journal):]
    assert (row.role, row.code, row.body) == ("refused", code, None)


def checked(body: Body) -> Body:
    """Return the body as it comes in at a node's desk, where its fields are checked first."""
    return body_from_plain(kind_of(body), msgspec.to_builtins(body))


def test_where_keeping_is_no_safer_than_breaking_no_price_is_told(fed: Federation) -> None:
    """b <= a at a node: a sentence instead of a number, for the promise as it stands, and nothing changes by asking."""
    node = fed.node("ir")
    before = held(node)
    seen = actions._what_if(node, actions.WhatIfArgs(settings=["seat.detect=0.1", "seat.false=0.8", "false=0.6"]))
    assert not seen.after.purchasable and seen.after.b.mid <= seen.after.a.mid
    assert any("no flow suffices" in text or "not purchasable" in text for text in seen.words)
    assert held(node) == before
