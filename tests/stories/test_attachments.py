"""Files of items between three real nodes: given, fetched, broken off, locked, tampered with, recalled, deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import HamsayaError
from hamsaya.base.instants import DAY
from hamsaya.canon import decode, encode
from hamsaya.cases.types import Frozen
from hamsaya.messages.attachments import CHUNK_BYTES, MAX_ATTACHMENT_BYTES, Attach, Sheet
from hamsaya.messages.cases import Purge, Revoke
from hamsaya.messages.items import Accept, Hold
from hamsaya.messages.oversight import FreezeReason
from hamsaya.node import attachments, chunk_rules
from hamsaya.node.actions import files as actions
from hamsaya.node.chunk_rules import Progress
from hamsaya.node.items import items_due
from hamsaya.node.journal import read_event
from hamsaya.node.prepared import PrepareJob, discard
from hamsaya.node.send import Draft
from hamsaya.node.service import Service
from hamsaya.node.sheets import seal_chunk
from hamsaya.node.writer import Act
from tests.node.making import CASE, answer, asking, clone, handmade, held, parties, receive, reopened
from tests.node.meshes import Mesh, run
from tests.support.federation import START, Federation, one
from tests.support.persons import signed

PICTURE = b"\x89PNG\r\n\x1a\n"
NAMES = (CASE, "I-1", "f-1")
THREE = ("pk", "ir", "uz")


def picture(size: int) -> bytes:
    """Return ``size`` bytes that begin as a picture and repeat nowhere."""
    return PICTURE + hashlib.shake_256(str(size).encode()).digest(size - len(PICTURE))


def begun(*to: str, **axes: Any) -> Federation:
    """Pakistan has asked, Iran has answered with one item: Pakistan and Uzbekistan, or whom ``to`` names."""
    fed, holders = clone(parties(*THREE, with_case=True)), to or ("pk", "uz")
    fed.send("pk", Draft(asking().body, ("ir", "uz"), case=CASE))
    fed.carry_all()
    fed.send("ir", Draft(answer(holders, "R-1", "I-1", "the text", **axes), holders, case=CASE))
    fed.carry_all()
    return fed


async def sealed(service: Service, raw: bytes, file: str = "gate.png", size: int | None = None,
                 names: tuple[str, str, str] = NAMES) -> Attach:
    """Seal a file as the command does, and return the message that names its chunks."""
    case, item, attachment = names
    fields = {"case": case, "item": item, "attachment": attachment}
    await actions._begin(service, actions.BeginArgs(**fields, file=file, size=len(raw) if size is None else size))
    for start in range(0, len(raw), CHUNK_BYTES):
        await actions._put(service, actions.PieceArgs(**fields, data=raw[start : start + CHUNK_BYTES]))
    body: Attach = await actions._finish(service, actions.FinishArgs(**fields, prepared_by="o-1", released_by="o-2"))
    return body


def give(fed: Federation, mesh: Mesh, raw: bytes, names: tuple[str, str, str] = NAMES, **more: Any) -> Attach:
    """Let Iran give a file with its item to both holders."""
    body = run(fed, mesh, lambda m: sealed(m.services["ir"], raw, names=names, **more))
    fed.clock.advance(1000)
    fed.send("ir", Draft(body, ("pk", "uz"), case=CASE))
    fed.carry_all()
    return body


def fetch(fed: Federation, mesh: Mesh, member: str = "pk", most: int = 100) -> Progress:
    """Let a member bring the file to its node."""
    return run(fed, mesh, lambda m: m.services[member].transfers.fetch(*NAMES, most))


def read(fed: Federation, mesh: Mesh, member: str = "pk", desk: str | None = None) -> bytes:
    """Return the file as a desk of a member is given it."""
    async def act(m: Mesh) -> bytes:
        service, fields = m.services[member], {"case": CASE, "item": "I-1", "attachment": "f-1", "desk": desk}
        view = await actions._open(service, actions.DeskArgs(**fields))
        return b"".join([(await actions._read(service, actions.ReadArgs(**fields, index=index)))["data"]
                         for index in range(view.pieces)])

    return run(fed, mesh, act)


def code_of(act: Callable[[], object]) -> str:
    """Return the code with which something is refused."""
    with pytest.raises(HamsayaError) as refused:
        act()
    return refused.value.code


def view(fed: Federation, mesh: Mesh, member: str = "pk") -> Any:
    """Return the one file of the item as a member's liaison desk sees it."""
    node = fed.node(member)
    (found,) = attachments.shown(node, mesh.chunks.get(member), node.state.cases.items[CASE, "I-1"])
    return found


def says(fed: Federation, sender: str, body: Any, *to: str) -> None:
    fed.clock.advance(1000)
    fed.send(sender, Draft(body, to, case=CASE))
    fed.carry_all()


def sweep(fed: Federation, mesh: Mesh, member: str) -> int:
    return run(fed, mesh, lambda m: m.services[member].sweep())


@settings(max_examples=6, deadline=None)
@given(st.sampled_from([9, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 77]), st.integers(1, 4))
def test_a_file_of_any_length_arrives_as_it_was(size: int, most: int) -> None:
    """Sealed by one node, fetched a few chunks at a time by another, checked whole and read piece by piece."""
    fed, mesh, raw = begun(), Mesh(), picture(size)
    give(fed, mesh, raw)
    while fetch(fed, mesh, most=most).held < -(-size // CHUNK_BYTES):
        pass
    assert read(fed, mesh) == raw
    assert (view(fed, mesh).file, view(fed, mesh).type, view(fed, mesh).size) == ("gate.png", "image/png", size)
    for member in THREE:
        live = held(fed.node(member))
        assert held(reopened(fed, member)) == live


def test_a_broken_transfer_goes_on_where_it_stopped() -> None:
    """Every third answer is lost; the node is opened anew after each break; no chunk is asked for that is here."""
    fed, mesh, raw = begun(), Mesh(), picture(9 * CHUNK_BYTES)
    give(fed, mesh, raw)
    mesh.fault = lambda path, number, body: None if number % 3 == 0 else body
    breaks = 0
    while not mesh.chunks.get("pk") or len(mesh.chunks["pk"].kept) < 9:
        before = set(mesh.chunks["pk"].kept) if "pk" in mesh.chunks else set()
        try:
            fetch(fed, mesh, most=3)
        except HamsayaError as error:
            assert error.code == "no-answer"
            breaks += 1
            fed.parties["pk"].restart(fed.node("pk").store.reopen())  # type: ignore[attr-defined]
        assert before <= set(mesh.chunks["pk"].kept)
    assert breaks and read(fed, mesh) == raw
    gets = len(mesh.asked)
    assert fetch(fed, mesh).held == 9 and len(mesh.asked) == gets, "what is here is not asked for again"


@pytest.mark.parametrize("spoil", [
    lambda chunks: [chunks[0][:-1] + bytes([chunks[0][-1] ^ 1]), *chunks[1:]],
    lambda chunks: [chunks[0][:-1], *chunks[1:]],
    lambda chunks: chunks[::-1], lambda chunks: chunks[:1] * len(chunks), lambda chunks: chunks[:-1],
    lambda chunks: [*chunks, chunks[0]], lambda chunks: [b""] * len(chunks), lambda chunks: [7] * len(chunks),
])
def test_a_changed_chunk_is_refused_and_nothing_of_it_kept(spoil: Callable[[list[Any]], list[Any]]) -> None:
    """Attack: whoever carries the bytes, or their originator itself, gives others than were signed."""
    fed, mesh, raw = begun(), Mesh(), picture(3 * CHUNK_BYTES)
    body = give(fed, mesh, raw)
    mesh.fault = lambda path, number, out: encode(spoil(decode(out)))
    assert code_of(lambda: fetch(fed, mesh)) in ("wrong-chunk", "non-canonical")
    assert set(mesh.chunks["pk"].kept) <= set(body.chunks)
    mesh.fault = lambda path, number, out: out
    fetch(fed, mesh)
    assert read(fed, mesh) == raw


def test_what_the_disk_has_altered_is_fetched_again() -> None:
    """A chunk is looked at again each time it is read."""
    fed, mesh, raw = begun(), Mesh(), picture(2 * CHUNK_BYTES)
    body = give(fed, mesh, raw)
    fetch(fed, mesh)
    mesh.chunks["pk"].kept[body.chunks[1]] = b"other bytes"
    assert code_of(lambda: read(fed, mesh)) == "incomplete"
    fetch(fed, mesh)
    assert read(fed, mesh) == raw


@pytest.mark.parametrize("disclosure", ["D2", "D3"])
def test_a_locked_file_is_sealed_bytes_until_its_conditions_are_accepted(disclosure: str) -> None:
    """Before: every chunk is here, and neither the file nor its name, type or digest can be known. After: it opens."""
    fed, mesh, raw = begun(disclosure=disclosure), Mesh(), picture(CHUNK_BYTES + 5)
    body = give(fed, mesh, raw)
    assert body.sheet is None and body.locked is not None
    assert fetch(fed, mesh).held == 2
    seen = view(fed, mesh)
    assert (seen.file, seen.type, seen.size, seen.digest, seen.withheld) == (None, None, None, None, "locked")
    assert code_of(lambda: read(fed, mesh)) == "locked"
    node = fed.node("pk")
    everything = b"".join([*mesh.chunks["pk"].kept.values(), *(repr(read_event(row, node.ring.storage)).encode()
                                                               for row in node.store.journal())])
    for secret in (raw[:64], raw[-64:], b"gate.png", hashlib.sha256(raw).digest(), b"image/png"):
        assert secret not in everything and repr(secret).encode() not in everything

    says(fed, "pk", Accept(item="I-1", officer="desk-1"), "ir")
    for draft in items_due(fed.node("ir")):
        fed.send("ir", draft)
    fed.carry_all()
    assert read(fed, mesh) == raw and view(fed, mesh).file == "gate.png"
    assert code_of(lambda: read(fed, mesh, "uz")) == "locked", "one holder's acceptance opens nothing for another"


def test_a_desk_outside_the_audience_is_given_no_file() -> None:
    """The caveats of the item are those of its files."""
    fed, mesh = begun(disclosure="D3"), Mesh()
    give(fed, mesh, picture(99))
    fetch(fed, mesh)
    assert code_of(lambda: read(fed, mesh, desk="pk/border")) == "outside-audience"


@pytest.mark.parametrize(("raw", "file", "code"), [
    (b"\x7fELF" + bytes(99), "gate.png", "program"), (b"PK\x03\x04" + bytes(99), "gate.png", "archive"),
    (b"<svg onload=alert(1)>", "gate.txt", "active-document"), (picture(99), "gate.txt", "type-mismatch"),
    (picture(99), "gate.zip", "unknown-type"), (picture(99), "gate", "unknown-type"),
    (picture(99), "../gate.png", "bad-file-name"), (picture(99), "gate\u202egnp.png", "bad-file-name"),
    (picture(99), ".png", "bad-file-name"), (b"", "gate.png", "oversize"),
])
def test_the_givers_own_node_refuses_what_is_not_on_the_list(raw: bytes, file: str, code: str) -> None:
    """By its name, or by its bytes once they have streamed by; nothing is left of it after a sweep."""
    fed, mesh = begun(), Mesh()
    assert code_of(lambda: give(fed, mesh, raw, file=file)) == code
    assert sweep(fed, mesh, "ir") == len(mesh.chunks["ir"].kept) == 0 or not mesh.chunks["ir"].kept


def test_a_file_that_is_too_large_is_refused_by_its_size_alone() -> None:
    """Before a byte of it is read; and what grows while it is read is another file than was begun."""
    fed, mesh = begun(), Mesh()
    assert code_of(lambda: give(fed, mesh, picture(99), size=MAX_ATTACHMENT_BYTES + 1)) == "oversize"
    assert code_of(lambda: give(fed, mesh, picture(99), size=98)) == "wrong-file"
    assert code_of(lambda: give(fed, mesh, picture(99), size=100)) == "wrong-file"


def dishonest(raw: bytes, **changes: Any) -> tuple[Attach, list[bytes]]:
    """Return a message about a file, and its chunks, as a node makes them that asks nobody."""
    key = bytes(32)
    chunks = [seal_chunk(key, NAMES, 0, True, raw)]
    sheet = Sheet(file="gate.png", type="image/png", size=len(raw), digest=hashlib.sha256(raw).digest(), key=key)
    fields: dict[str, Any] = {
        "item": "I-1", "attachment": "f-1", "chunks": [hashlib.sha256(each).digest() for each in chunks],
        "sealed_bytes": sum(map(len, chunks)), "sheet": sheet, "locked": None, "prepared_by": "o-1",
        "released_by": "o-2"}
    return Attach(**(fields | changes)), chunks


@pytest.mark.parametrize("raw", [b"\x7fELF" + bytes(99), b"GIF8" + bytes(9), b"<html>"])
def test_a_dishonest_type_is_found_by_the_receiver(raw: bytes) -> None:
    """Attack: the sender's node lets anything pass under the name of a picture. Nobody is given it."""
    fed, mesh = begun("pk"), Mesh()
    body, chunks = dishonest(raw)
    assert receive(fed.node("pk"), handmade(fed, "ir", "pk", body).encode()).code == "admitted"
    run(fed, mesh, lambda m: m.services["pk"].transfers.carried(*NAMES, 0, chunks[0]))
    assert code_of(lambda: read(fed, mesh)) in ("program", "unknown-type", "active-document")


def test_a_dishonest_digest_is_found_by_the_receiver() -> None:
    """Attack: another picture than the one that two persons signed for."""
    fed, mesh = begun("pk"), Mesh()
    body, chunks = dishonest(picture(99))
    assert body.sheet is not None
    other = Sheet(file="gate.png", type="image/png", size=99, digest=bytes(32), key=body.sheet.key)
    body = dishonest(picture(99), sheet=other)[0]
    receive(fed.node("pk"), handmade(fed, "ir", "pk", body).encode())
    run(fed, mesh, lambda m: m.services["pk"].transfers.carried(*NAMES, 0, chunks[0]))
    assert code_of(lambda: read(fed, mesh)) == "wrong-file"


@pytest.mark.parametrize(("changes", "code"), [
    ({"chunks": []}, "no-text"), ({"sealed_bytes": 10}, "bad-sizes"), ({"sealed_bytes": 3_000_000}, "bad-sizes"),
    ({"chunks": [bytes(32)] * 2}, "bad-sizes"), ({"sheet": None}, "not-locked"), ({"locked": bytes(40)}, "not-locked"),
    ({"chunks": [bytes(32)] * 101}, "bad-body"), ({"item": "I-9"}, "predecessor-missing"),
    ({"released_by": "o-1"}, "two-persons"),
])
def test_the_holders_node_refuses_a_message_that_does_not_fit(changes: dict[str, Any], code: str) -> None:
    """Attack: whatever its own rules say, the sender gets it signed and sent."""
    fed = begun("pk")
    body, _ = dishonest(picture(99), **changes)
    assert code_of_receipt(fed, handmade(fed, "ir", "pk", body).encode()) in (code, "same-person", "wrong-person")
    assert not fed.node("pk").state.cases.items[CASE, "I-1"].attachments


def code_of_receipt(fed: Federation, raw: bytes) -> str:
    try:
        return receive(fed.node("pk"), raw).code
    except HamsayaError as error:
        return error.code


def test_a_sheet_says_one_type_by_name_and_field() -> None:
    """Attack: ``gate.png`` that the sheet calls a text, for programs that go by the name."""
    fed = begun("pk")
    body, _ = dishonest(picture(99))
    assert body.sheet is not None
    twisted = Sheet(file="gate.png", type="text/plain", size=99, digest=body.sheet.digest, key=body.sheet.key)
    raw = handmade(fed, "ir", "pk", dishonest(picture(99), sheet=twisted)[0]).encode()
    assert receive(fed.node("pk"), raw).code == "type-mismatch"


def test_only_the_originator_gives_and_only_to_who_holds_the_item() -> None:
    """Attack: a holder attaches something to another's item; the originator adds a reader who was not given it."""
    fed = begun("pk")
    body, _ = dishonest(picture(99))
    assert code_of(lambda: fed.send("pk", Draft(body, ("ir",), case=CASE))) == "wrong-role"
    assert code_of(lambda: fed.send("ir", Draft(body, ("pk", "uz"), case=CASE))) == "recipient-outside"
    assert code_of(lambda: fed.send("ir", Draft(body, ("pk", "joint-cell"), case=CASE))) in ("forbidden", "standing")


def test_chunks_go_to_holders_alone_and_from_the_originator_alone() -> None:
    """Attack: who was not given the item asks its originator, or another holder, as a removed member would through a
    third party; a stranger asks; the words of the refusal are the same, known file or not."""
    fed = begun("pk")
    mesh = Mesh()
    body = run(fed, mesh, lambda m: sealed(m.services["ir"], picture(99)))
    fed.send("ir", Draft(body, ("pk",), case=CASE))
    fed.carry_all()
    fetch(fed, mesh)

    def asks(by: str, to: str, attachment: str = "f-1", signed_by: str | None = None) -> str:
        plan = chunk_rules.Plan(CASE, "I-1", attachment, to, (bytes(32),), 99, None)
        request = chunk_rules.signed_request(fed.node(by), "get", plan, to, range(1))
        if signed_by:
            inner = decode(request)[0]
            other = chunk_rules.signed_request(fed.node(signed_by), "get", plan, to, range(1))
            request = encode([inner, decode(other)[1]])
        return code_of(lambda: run(fed, mesh, lambda m: m.services[to].transfers.serve(request)))

    assert asks("uz", "ir") == asks("uz", "pk") == asks("pk", "ir", "f-9") == "not-yours"
    assert asks("uz", "ir", signed_by="pk") == "bad-signature"
    assert asks("ir", "pk") == "not-yours", "not even its originator fetches a file from a holder"
    assert fed.node("ir").store.refusal_counts()["not-yours"] == 2


@pytest.mark.parametrize("fetched", [False, True])
def test_who_names_anothers_chunks_does_not_learn_who_has_them(fetched: bool) -> None:
    """Attack: a co-holder attaches the very chunks of a file it was given to an item of its own, and asks what misses.

    What it is told, and what its file is asked for, is the same whether or not the other holder has fetched the first.
    """
    fed, mesh = begun(), Mesh()
    first = give(fed, mesh, picture(CHUNK_BYTES + 9))
    if fetched:
        fetch(fed, mesh)
    fetch(fed, mesh, "uz")
    says(fed, "pk", asking("uz", "R-2").body, "uz")
    says(fed, "uz", answer("pk", "R-2", "U-1", "the text"), "pk")
    sheet = Sheet(file="gate.png", type="image/png", size=CHUNK_BYTES + 9, digest=bytes(32), key=bytes(32))
    says(fed, "uz", msgspec.structs.replace(first, item="U-1", attachment="u-1", sheet=sheet), "pk")
    plan = chunk_rules.plan_of(fed.node("uz"), CASE, "U-1", "u-1")

    async def puts(m: Mesh) -> list[list[int]]:
        told = []
        for indices in (range(0), range(1), range(0), range(1, 2)):
            sealed = [mesh.chunks["uz"].kept[plan.chunks[index]] for index in indices]
            request = chunk_rules.signed_request(fed.node("uz"), "put", plan, "pk", indices)
            told.append(await m.services["pk"].transfers.accept(encode([request, sealed])))
        return told

    before = len(mesh.asked)
    run(fed, mesh, lambda m: m.services["pk"].transfers.fetch(CASE, "U-1", "u-1", 100))
    assert len(mesh.asked) == before + 1, "its file is asked for whole"
    if not fetched:
        mesh.chunks["pk"].kept.clear()
    assert run(fed, mesh, puts) == [[0, 1], [1], [1], []]
    if fetched:
        assert read(fed, mesh) == picture(CHUNK_BYTES + 9), "and the first one is as it was"


def test_an_old_request_and_one_for_another_node_are_refused() -> None:
    """Attack: a request that somebody has kept, or that was for somebody else."""
    fed, mesh = begun(), Mesh()
    give(fed, mesh, picture(99))
    plan = chunk_rules.plan_of(fed.node("pk"), *NAMES)
    request = chunk_rules.signed_request(fed.node("pk"), "get", plan, "ir", range(1))
    assert len(run(fed, mesh, lambda m: m.services["ir"].transfers.serve(request))) == 1
    assert code_of(lambda: run(fed, mesh, lambda m: m.services["uz"].transfers.serve(request))) == "bad-request"
    assert code_of(lambda: run(fed, mesh, lambda m: m.services["ir"].transfers.accept(encode([request, []]))))\
        == "bad-request", "a question is no offer"
    fed.clock.advance(6 * 60_000)
    assert code_of(lambda: run(fed, mesh, lambda m: m.services["ir"].transfers.serve(request))) == "stale-request"


def test_a_recalled_file_is_given_to_nobody_and_purged_with_its_item() -> None:
    """Recall, purge and the sweep: the chunks go from the holder's disk, and the key from its journal."""
    fed, mesh, raw = begun(), Mesh(), picture(2 * CHUNK_BYTES)
    give(fed, mesh, raw)
    fetch(fed, mesh, "pk")
    says(fed, "ir", Revoke(item="I-1", reason="error", officer="o-2"), "pk", "uz")
    assert code_of(lambda: fetch(fed, mesh, "uz")) == "item-revoked"
    assert sweep(fed, mesh, "pk") == 0, "recall is cooperation: the holder's own purge deletes"
    says(fed, "pk", Purge(item="I-1", outcome="purged", law=None, officer="desk-1"), "ir")
    assert sweep(fed, mesh, "pk") == 2 and not mesh.chunks["pk"].kept
    assert code_of(lambda: read(fed, mesh)) == "deleted" and view(fed, mesh).withheld == "deleted"
    node = fed.node("pk")
    bodies = [event.body for row in node.store.journal() if (event := read_event(row, node.ring.storage))]
    (kept,) = [body for body in bodies if isinstance(body, Attach)]
    assert (kept.chunks, kept.sheet, kept.locked) == ([], None, None)
    assert held(reopened(fed, "pk")) == held(fed.node("pk"))
    assert len(mesh.chunks["ir"].kept) == 2 and sweep(fed, mesh, "ir") == 0


def test_a_purge_through_the_running_node_takes_the_chunks_at_once() -> None:
    """No hour passes between the attestation and the deletion."""
    fed, mesh = begun(), Mesh()
    give(fed, mesh, picture(99))
    fetch(fed, mesh)
    says(fed, "ir", Revoke(item="I-1", reason="error", officer="o-2"), "pk", "uz")
    purge = Draft(Purge(item="I-1", outcome="purged", law=None, officer="desk-1"), ("ir",), case=CASE)
    run(fed, mesh, lambda m: m.services["pk"].send(signed(fed.node("pk"), purge)))
    assert not mesh.chunks["pk"].kept


def test_a_file_sent_before_and_arriving_after_the_purge_leaves_nothing() -> None:
    """The two cross on their way: the journal keeps that there was a file."""
    fed, mesh = begun(), Mesh()
    body = run(fed, mesh, lambda m: sealed(m.services["ir"], picture(99)))
    fed.send("ir", Draft(body, ("pk", "uz"), case=CASE))
    late = next(raw for to, _, raw in fed.waiting("ir") if to == "pk")
    fed.clock.advance(1000)
    fed.send("ir", Draft(Revoke(item="I-1", reason="error", officer="o-2"), ("pk", "uz"), case=CASE))
    receive(fed.node("pk"), [raw for to, _, raw in fed.waiting("ir") if to == "pk"][-1])
    fed.send("pk", Draft(Purge(item="I-1", outcome="purged", law=None, officer="desk-1"), ("ir",), case=CASE))
    assert receive(fed.node("pk"), late).code == "admitted"
    (file,) = fed.node("pk").state.cases.items[CASE, "I-1"].attachments
    assert (file.chunks, file.sheet) == ((), None)
    assert held(reopened(fed, "pk")) == held(fed.node("pk"))
    assert code_of(lambda: fetch(fed, mesh)) == "deleted"


def test_files_are_deleted_in_time_with_their_item_and_a_hold_keeps_them() -> None:
    """Retention is the item's; a law that keeps the item keeps its files."""
    fed, mesh = begun(delete_by=START + 9 * DAY), Mesh()
    give(fed, mesh, picture(99))
    for member in ("pk", "uz"):
        fetch(fed, mesh, member)
    says(fed, "uz", Hold(item="I-1", law="law-1", prepared_by="o-1", released_by="o-2"), "ir")
    fed.clock.advance(9 * DAY)
    for member in THREE:
        for draft in items_due(fed.node(member)):
            fed.send(member, draft)
    assert [sweep(fed, mesh, member) for member in THREE] == [1, 1, 0]
    assert code_of(lambda: read(fed, mesh, "uz")) == "past-deletion", "what a law keeps is kept, and shown to nobody"
    assert len(mesh.chunks["uz"].kept) == 1


def test_a_holder_that_has_deleted_an_item_is_given_no_file_of_it() -> None:
    """Attack: it says over its signature that the item is gone there, and fetches the rest of its file."""
    fed, mesh = begun(delete_by=START + 9 * DAY), Mesh()
    give(fed, mesh, picture(99))
    request = chunk_rules.signed_request(fed.node("pk"), "get", chunk_rules.plan_of(fed.node("pk"), *NAMES), "ir",
                                         range(1))
    assert len(run(fed, mesh, lambda m: m.services["ir"].transfers.serve(request))) == 1
    assert "pk" in {holder for _, holder, _ in chunk_rules.own_plans(fed.node("ir"))}
    plan = chunk_rules.plan_of(fed.node("pk"), *NAMES)
    fed.clock.advance(9 * DAY)
    for draft in items_due(fed.node("pk")):
        fed.send("pk", draft)
    fed.carry_all()
    again = chunk_rules.signed_request(fed.node("pk"), "get", plan, "ir", range(1))
    assert code_of(lambda: run(fed, mesh, lambda m: m.services["ir"].transfers.serve(again))) == "item-revoked"
    assert "pk" not in {holder for _, holder, _ in chunk_rules.own_plans(fed.node("ir"))}


def test_a_second_person_may_look_at_a_prepared_file_and_a_discarded_one_goes() -> None:
    """Chunks wait with the message, over a restart; nothing of it is served before it is released."""
    fed, mesh, raw = begun(), Mesh(), picture(CHUNK_BYTES + 9)
    body = run(fed, mesh, lambda m: sealed(m.services["ir"], raw))
    draft = signed(fed.node("ir"), Draft(body, ("pk", "uz"), case=CASE))
    kept: Any = one(fed.node("ir"), PrepareJob(Draft(draft.body, draft.recipients, draft.instrument, CASE,
                                                     acts=draft.acts[:1])))
    assert sweep(fed, mesh, "ir") == 0 and read(fed, mesh, "ir") == raw
    summary = attachments.summary(fed.node("ir"), CASE, body)
    assert (summary["file"], summary["size"], summary["sha256"]) == ("gate.png", len(raw),
                                                                     hashlib.sha256(raw).hexdigest())
    plan = chunk_rules.plan_of(fed.node("ir"), *NAMES)
    request = chunk_rules.signed_request(fed.node("pk"), "get", plan, "ir", range(1))
    assert code_of(lambda: run(fed, mesh, lambda m: m.services["ir"].transfers.serve(request))) == "not-yours"
    carry = code_of(lambda: run(fed, mesh, lambda m: m.services["ir"].transfers.to_carry(*NAMES, 0)))
    assert carry == "not-released", "no courier takes it past the second person"
    one(fed.node("ir"), Act(lambda node: discard(node, kept.number)))
    assert sweep(fed, mesh, "ir") == 2 and not mesh.chunks["ir"].kept


def test_a_frozen_case_gives_no_chunk() -> None:
    """Oversight has stopped the case: what was named before the freeze is not handed out during it."""
    fed, mesh = begun(), Mesh()
    give(fed, mesh, picture(99))
    node = fed.node("ir")
    freeze = Frozen(case=CASE, freeze="watch/1", by="oversight", reason=get_args(FreezeReason)[0], officer="o-1",
                    at=fed.clock.now())
    cases = node.state.cases
    node.state = replace(node.state, cases=replace(cases, freezes=cases.freezes.set(CASE, (freeze,))))
    assert code_of(lambda: fetch(fed, mesh)) == "case-frozen" and not mesh.chunks["pk"].kept
    node.state = replace(node.state, cases=cases)
    assert fetch(fed, mesh).held == 1


def test_no_courier_gets_around_a_freeze_or_a_recall() -> None:
    """Attack: what the nodes refuse each other is carried out and in by hand, at either end."""
    fed, mesh = begun(), Mesh()
    give(fed, mesh, picture(99))

    def carry(_: Any = None) -> Any:
        return run(fed, mesh, lambda m: m.services["ir"].transfers.to_carry(*NAMES, 0))

    def take(sealed: bytes) -> Any:
        return run(fed, mesh, lambda m: m.services["pk"].transfers.carried(*NAMES, 0, sealed))

    chunk = carry()
    freeze = Frozen(case=CASE, freeze="watch/1", by="oversight", reason=get_args(FreezeReason)[0], officer="o-1",
                    at=fed.clock.now())
    for member in ("ir", "pk"):
        node = fed.node(member)
        cases = node.state.cases
        node.state = replace(node.state, cases=replace(cases, freezes=cases.freezes.set(CASE, (freeze,))))
        act: Callable[[], object] = carry if member == "ir" else lambda: take(chunk)
        assert code_of(act) == "case-frozen" and not mesh.chunks["pk"].kept
        if member == "pk":
            assert code_of(lambda: fetch(fed, mesh)) == "case-frozen", "also of one that has not heard of the freeze"
        node.state = replace(node.state, cases=cases)
    says(fed, "ir", Revoke(item="I-1", reason="error", officer="o-2"), "pk", "uz")
    assert code_of(carry) == code_of(lambda: take(chunk)) == "item-revoked" and not mesh.chunks["pk"].kept


def test_there_is_only_so_much_room() -> None:
    """A quota for all files and one for each other party: nobody fills another's disk."""
    fed, mesh = begun(), Mesh()
    give(fed, mesh, picture(2 * CHUNK_BYTES))

    async def within(m: Mesh, **room: int) -> Progress:
        transfers = m.services["pk"].transfers
        transfers.room, transfers.room_each = room["room"], room["each"]
        return await transfers.fetch(*NAMES, 100)

    assert code_of(lambda: run(fed, mesh, lambda m: within(m, room=CHUNK_BYTES, each=9 << 20))) == "quota"
    assert code_of(lambda: run(fed, mesh, lambda m: within(m, room=9 << 20, each=CHUNK_BYTES))) == "quota"
    assert not mesh.chunks["pk"].kept
    assert run(fed, mesh, lambda m: within(m, room=9 << 20, each=9 << 20)).held == 2


def test_a_node_that_accepts_no_connection_hands_its_files_over() -> None:
    """It goes on after every break, sends what is missing alone, and nobody else can put anything in its place."""
    fed, mesh, raw = begun(), Mesh(), picture(6 * CHUNK_BYTES)
    body = give(fed, mesh, raw)
    mesh.fault = lambda path, number, out: None if number == 2 else out
    for _ in range(3):
        run(fed, mesh, lambda m: m.services["ir"].transfers.hand_over())
    assert set(mesh.chunks["pk"].kept) == set(mesh.chunks["uz"].kept) == set(body.chunks)
    assert read(fed, mesh, "uz") == raw

    plan = chunk_rules.plan_of(fed.node("uz"), *NAMES)
    stranger = chunk_rules.signed_request(fed.node("uz"), "put", plan, "pk", range(1))
    put = encode([stranger, [mesh.chunks["uz"].kept[body.chunks[0]]]])
    assert code_of(lambda: run(fed, mesh, lambda m: m.services["pk"].transfers.accept(put))) == "not-yours"
    mesh.chunks["pk"].kept.clear()
    own = chunk_rules.signed_request(fed.node("ir"), "put", plan, "pk", range(1))
    for chunk in (b"other", mesh.chunks["uz"].kept[body.chunks[1]]):
        wrong = encode([own, [chunk]])
        assert code_of(lambda w=wrong: run(fed, mesh, lambda m: m.services["pk"].transfers.accept(w))) == "wrong-chunk"
    assert not mesh.chunks["pk"].kept
