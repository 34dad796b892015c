"""Pulled, carried, posted: the other ways for the same envelopes, and every parser on the way under fuzz."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import HamsayaError, PeerError
from hamsaya.base.instants import DAY, MINUTE
from hamsaya.canon import decode, encode, tagged
from hamsaya.messages.envelope import parse
from hamsaya.messages.keys import open_card
from hamsaya.node import exchange
from hamsaya.node.exchange import Bundle, Carried, parse_bundle, parse_envelopes, parse_receipts
from hamsaya.node.receive import ReceiveJob
from hamsaya.node.settle import settle, verify_receipt
from hamsaya.node.witnessing import WitnessJob
from tests.node.making import (
    acknowledging,
    answering,
    asking,
    held,
    letters,
    opening,
    parties,
    receive,
    reopened,
    stranger,
)
from tests.node.wires import Wires, with_service, with_writer
from tests.support.federation import Federation
from tests.support.persons import signed


@pytest.fixture
def fed() -> Federation:
    """Two parties with one case open between them."""
    return parties("pk", "ir", with_case=True)


# -- pull -----------------------------------------------------------------------------------------------------------


def code_of(fed: Federation, raw: bytes) -> str:
    """Return how ir's node judges a pull request: who asks, or why not."""
    try:
        return exchange.open_pull_request(fed.node("ir"), raw)
    except PeerError as error:
        return error.code


def test_a_pull_request_names_who_asks_whom_and_when(fed: Federation) -> None:
    """Fresh for five minutes, in both directions of the clock, and for one peer only."""
    raw = exchange.pull_request(fed.node("pk"), "ir")
    assert len(raw) <= exchange.MAX_PULL_REQUEST_BYTES
    for skew, expected in ((0, "pk"), (5 * MINUTE, "pk"), (5 * MINUTE + 1, "stale-request")):
        fed.clock.advance(skew)
        assert code_of(fed, raw) == expected
        fed.clock.advance(-2 * skew)
        assert code_of(fed, raw) == expected
        fed.clock.advance(skew)
    assert code_of(fed, exchange.pull_request(fed.node("pk"), "uz")) == "bad-request"


def test_a_forged_pull_request_is_refused(fed: Federation) -> None:
    """Others would learn what waits for whom, and how much."""
    request = encode(["pk", "ir", fed.clock.now()])
    forged = encode([request, list(stranger().sign(tagged(exchange.PULL_DOMAIN, request)))])
    unknown = encode(["zz", "ir", fed.clock.now()])
    key = fed.node("pk").ring.message
    assert code_of(fed, forged) == "bad-signature"
    assert code_of(fed, encode([unknown, list(key.sign(tagged(exchange.PULL_DOMAIN, unknown)))])) == "unknown-sender"
    assert code_of(fed, encode([request, list(key.sign(tagged("hamsaya/v1/sig", request)))])) == "bad-signature"
    ed, _ = key.sign(tagged(exchange.PULL_DOMAIN, request))
    assert code_of(fed, encode([request, [ed, b""]])) == "bad-signature"


def test_what_waits_is_given_in_order_and_bounded(fed: Federation) -> None:
    """The oldest first, at most the limit; giving it away changes nothing until a receipt is proven."""
    raws = [letters(fed, "pk", asking(request=f"R-{number}"))["ir"] for number in range(5)]
    node, before = fed.node("pk"), held(fed.node("pk"))
    assert exchange.waiting_for(node, "ir", 32) == raws and exchange.waiting_for(node, "ir", 2) == raws[:2]
    assert exchange.waiting_for(node, "zz", 32) == [] and held(node) == before
    assert parse_envelopes(exchange.encode_envelopes(raws)) == raws


def test_a_pull_brings_envelopes_and_gives_receipts_back(fed: Federation) -> None:
    """What the puller takes in and posts settles the sender's rows; a second pull finds nothing to do."""
    letters(fed, "pk", asking())
    requested = exchange.pull_request(fed.node("ir"), "pk")
    member = exchange.open_pull_request(fed.node("pk"), requested)
    answer = exchange.encode_envelopes(exchange.waiting_for(fed.node("pk"), member, 32))
    carried = take_in(fed, "ir", parse_envelopes(answer), [], "pk")
    assert (carried.received, carried.refused, carried.waiting) == (1, 0, 0)
    receiver, receipts = parse_receipts(exchange.encode_receipts(fed.node("ir"), carried.receipts))
    assert receiver == "ir" and take_in(fed, "pk", [], receipts, receiver).settled == 1
    assert exchange.waiting_for(fed.node("pk"), "ir", 32) == []
    again = take_in(fed, "ir", parse_envelopes(answer), [], "pk")
    assert again.receipts == carried.receipts, "a lost answer is asked for again and is the same"


def take_in(fed: Federation, member: str, envelopes: list[bytes], receipts: exchange.Receipts, sender: str) -> Carried:
    """Let ``member``'s running writer take in what came."""
    return with_writer(fed, member, lambda writer: exchange.take_in(writer, envelopes, receipts, sender))


def test_what_is_refused_and_what_must_wait_are_told_apart(fed: Federation) -> None:
    """Junk, a letter for later, a good one and its duplicate, in one answer."""
    later = letters(fed, "pk", opening(fed, "C-2"))["ir"], letters(fed, "pk", asking(case="C-2"))["ir"]
    good = letters(fed, "pk", asking())["ir"]
    carried = take_in(fed, "ir", [b"junk", later[1], good, good], [], "pk")
    assert (carried.received, carried.refused, carried.waiting) == (2, 1, 1)
    assert take_in(fed, "ir", list(later), [], "pk").received == 2
    assert take_in(fed, "pk", [], [(parse(good).header.mid, b"junk"), (bytes(16), b"")], "ir").refused == 2


# -- courier --------------------------------------------------------------------------------------------------------


def carry_file(fed: Federation, sender: str, receiver: str, receipts: exchange.Receipts) -> exchange.Receipts:
    """Carry one file from ``sender`` to ``receiver`` and return the receipts to carry back."""
    content = exchange.export_bundle(fed.node(sender), receiver, receipts).encode()
    bundle = parse_bundle(content, receiver)
    return take_in(fed, receiver, bundle.envelopes, bundle.receipts, bundle.sender).receipts


def test_a_file_carried_twice_or_late_does_no_harm(fed: Federation) -> None:
    """The same file again gives the same receipts; rows wait until a receipt has come home."""
    letters(fed, "pk", asking())
    first = carry_file(fed, "pk", "ir", [])
    assert carry_file(fed, "pk", "ir", []) == first and len(first) == 1
    assert len(fed.node("pk").store.outbox_for("ir", 9)) == 1
    carry_file(fed, "ir", "pk", first)
    carry_file(fed, "ir", "pk", first)
    assert fed.node("pk").store.outbox_for("ir", 9) == []
    assert fed.node("pk").store.receipt("ir", first[0][0]) == first[0][1]


def test_a_file_for_another_member_is_refused(fed: Federation) -> None:
    """By name before anything in it is tried; what is not a courier file at all has its own code."""
    content = exchange.export_bundle(fed.node("pk"), "ir", []).encode()
    for raw, own, code in (
        (content, "uz", "not-for-us"),
        (encode(["hamsaya/v2/courier", "pk", "ir", [], []]), "ir", "bad-bundle"),
        (encode(["hamsaya/v1/courier", "pk", "ir", ["text"], []]), "ir", "bad-bundle"),
        (encode(["hamsaya/v1/courier", "pk", "ir", [], [[b"mid"]]]), "ir", "bad-request"),
        (b"", "ir", "non-canonical"),
    ):
        with pytest.raises(PeerError) as refused:
            parse_bundle(raw, own)
        assert refused.value.code == code


def test_a_courier_can_drop_and_add_but_not_deceive(fed: Federation) -> None:
    """The file itself is not signed: the proofs are in what it carries."""
    raw = letters(fed, "pk", asking())["ir"]
    receipt = receive(fed.node("ir"), raw).receipt
    mid = parse(raw).header.mid
    altered = receipt.replace(b"index ", b"index 1")
    forged = Bundle("ir", "pk", [b"junk", raw], [(mid, altered), (b"x" * 16, receipt)])
    bundle = parse_bundle(forged.encode(), "pk")
    carried = take_in(fed, "pk", bundle.envelopes, bundle.receipts, bundle.sender)
    assert (carried.received, carried.settled, carried.refused) == (0, 0, 4)
    lying = Bundle("uz", "pk", [], [(mid, receipt)])
    assert take_in(fed, "pk", [], parse_bundle(lying.encode(), "pk").receipts, "uz").settled == 0
    assert len(fed.node("pk").store.outbox_for("ir", 9)) == 1, "it waits on"


# -- the service ----------------------------------------------------------------------------------------------------


def test_a_service_sends_imports_and_exports_by_the_same_pipelines(fed: Federation) -> None:
    """What a face offers is what the functions above do."""
    wires = Wires(fed)
    with_service(fed, "pk", wires, lambda service: service.send(signed(service.node, asking())))
    content = with_service(fed, "pk", wires, lambda service: service.export_courier("ir")).encode()
    carried, back = with_service(fed, "ir", wires, lambda service: service.import_courier(content))
    assert carried.received == 1 and back.receiver == "pk"
    carried, _ = with_service(fed, "pk", wires, lambda service: service.import_courier(back.encode()))
    assert carried.settled == 1


def test_what_time_brings_is_done_by_the_clock(fed: Federation) -> None:
    """A tick records an answer that is overdue, makes the coming weeks' keys and expires what nobody fetched."""
    wires = Wires(fed)
    with_service(fed, "pk", wires, lambda service: service.send(signed(service.node, asking())))
    fed.carry_all()
    fed.clock.advance(DAY)
    with_service(fed, "pk", wires, lambda service: service.tick())
    kinds = [row.kind for row in fed.node("pk").store.journal()]
    assert kinds.count("case.overdue") == 2, "to acknowledge and to answer: both clocks ran out"
    fed.carry_all()
    with_service(fed, "pk", wires, lambda service: service.tick())
    assert [row.kind for row in fed.node("pk").store.journal()].count("case.overdue") == 2, "each is recorded once"
    fed.clock.advance(6 * DAY)
    with_service(fed, "pk", wires, lambda service: service.tick())
    assert "keys.publish" in [row.kind for row in fed.node("pk").store.journal()]
    assert held(reopened(fed, "pk")).state == held(fed.node("pk")).state


# -- fuzz -----------------------------------------------------------------------------------------------------------


@cache
def seeds() -> dict[str, bytes]:
    """Valid bytes of every form that comes from outside."""
    fed = parties("pk", "ir", with_case=True)
    raw = letters(fed, "pk", asking())["ir"]
    receipt = receive(fed.node("ir"), raw).receipt
    fed.send("ir", acknowledging())
    fed.send("ir", answering())
    mid = parse(raw).header.mid
    return {
        "envelope": raw,
        "receipt": receipt,
        "pull": exchange.pull_request(fed.node("pk"), "ir"),
        "bundle": exchange.export_bundle(fed.node("ir"), "pk", [(mid, receipt)]).encode(),
        "receipts": exchange.encode_receipts(fed.node("ir"), [(mid, receipt)]),
        "envelopes": exchange.encode_envelopes([raw, raw]),
        "witness": b"old 0\n\n" + (fed.node("pk").store.checkpoint() or (0, ""))[1].encode(),
        "card": fed.parties["pk"].card,
    }


@cache
def target() -> Federation:
    """The federation that the fuzz is thrown at; refusals change nothing, so one serves all."""
    return parties("pk", "ir", with_case=True)


def judge(name: str, raw: bytes) -> None:
    """Hand bytes to everything that reads bytes of that form."""
    ir, pk = target().node("ir"), target().node("pk")
    statement = parse(seeds()["envelope"]).statement
    readers: dict[str, list[Any]] = {
        "envelope": [lambda: raise_first(ir.commit([ReceiveJob(raw)]))],
        "receipt": [
            lambda: verify_receipt(pk, "ir", statement, raw),
            lambda: settle(pk, "ir", parse(seeds()["envelope"]).header.mid, raw),
        ],
        "pull": [lambda: exchange.open_pull_request(ir, raw)],
        "bundle": [lambda: parse_bundle(raw, "pk")],
        "receipts": [lambda: parse_receipts(raw)],
        "envelopes": [lambda: parse_envelopes(raw)],
        "witness": [lambda: raise_first(ir.commit([WitnessJob(raw)]))],
        "card": [lambda: open_card(raw)],
    }
    for reader in readers[name]:
        try:
            reader()
        except HamsayaError as error:
            assert not isinstance(error, PeerError) or error.code, "a refusal has its code"


def raise_first(results: list[Any]) -> None:
    """Raise what a job was refused with, or what broke it."""
    if isinstance(results[0], BaseException):
        raise results[0]


@pytest.mark.parametrize("name", ["envelope", "receipt", "pull", "bundle", "receipts", "envelopes", "witness", "card"])
def test_mutated_bytes_are_refused_by_kind(name: str) -> None:
    """Bytes flipped, cut, doubled and swapped in valid forms: nothing but HamsayaError comes out of any reader."""
    whole = seeds()[name]
    size = len(whole)
    cut = st.integers(0, size)
    mutation = st.one_of(
        st.tuples(st.integers(0, size - 1), st.integers(1, 255)).map(
            lambda p: whole[: p[0]] + bytes([whole[p[0]] ^ p[1]]) + whole[p[0] + 1 :]
        ),
        cut.map(lambda at: whole[:at]),
        st.tuples(cut, st.binary(min_size=1, max_size=9)).map(lambda p: whole[: p[0]] + p[1] + whole[p[0] :]),
        st.tuples(cut, cut).map(lambda p: whole[: min(p)] + whole[max(p) :]),
        st.tuples(cut, cut).map(lambda p: whole[: max(p)] + whole[min(p) :]),
        st.binary(max_size=60),
    )

    @given(mutation)
    @settings(max_examples=60)
    def check(raw: bytes) -> None:
        judge(name, raw)

    check()


@pytest.mark.parametrize("name", ["envelope", "pull", "bundle", "receipts", "envelopes", "card"])
def test_mutated_structures_are_refused_by_kind(name: str) -> None:
    """Canonical CBOR with a part replaced, at any depth: what passes the decoder is refused by the shape."""
    junk = st.recursive(
        st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.binary(max_size=20) | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
        max_leaves=5,
    )

    @given(st.data())
    @settings(max_examples=60)
    def check(data: st.DataObject) -> None:
        judge(name, encode(bent(decode(seeds()[name]), data, junk)))

    check()


def bent(plain: Any, data: st.DataObject, junk: st.SearchStrategy[Any]) -> Any:
    """Return ``plain`` with one part, somewhere, replaced, removed or doubled; CBOR inside bytes is descended into."""
    if isinstance(plain, list) and plain and data.draw(st.integers(0, 4)):
        at = data.draw(st.integers(0, len(plain) - 1))
        return [*plain[:at], bent(plain[at], data, junk), *plain[at + 1 :]]
    if isinstance(plain, bytes) and len(plain) > 40 and data.draw(st.booleans()):
        try:
            return encode(bent(decode(plain), data, junk))
        except PeerError:
            return data.draw(junk)
    if isinstance(plain, list) and data.draw(st.booleans()):
        return plain + plain if data.draw(st.booleans()) else plain[:-1]
    return data.draw(junk)


@pytest.mark.parametrize("many", [33, 500_000])
def test_an_answer_holds_no_more_than_was_asked_for(fed: Federation, many: int) -> None:
    """A peer that answers with a million empty envelopes would have each of them run through the pipeline."""
    with pytest.raises(PeerError):
        parse_envelopes(encode([b""] * many))
    with pytest.raises(PeerError):
        parse_receipts(encode(["ir", [[b"", b""]] * many]))
    with pytest.raises(PeerError):
        parse_bundle(Bundle("pk", "ir", [b""] * (5 + 4 * exchange.COURIER_ENVELOPES), []).encode(), "ir")
    full = [(bytes(16), b"r")] * exchange.PULL_ENVELOPES
    assert parse_receipts(exchange.encode_receipts(fed.node("ir"), full))[1] == full
    assert len(parse_envelopes(encode([b"e"] * exchange.PULL_ENVELOPES))) == exchange.PULL_ENVELOPES
    carried = exchange.COURIER_ENVELOPES
    assert parse_bundle(Bundle("pk", "ir", [b"e"] * carried, full[:1] * carried).encode(), "ir").receiver == "ir"
