"""What strangers and peers may ask of a node: every refusal has its status and code, and a log can be audited."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import httpx
import pytest

from hamsaya.adapters.memory import MemoryStore
from hamsaya.api.federation import federation_app
from hamsaya.base.errors import PeerError
from hamsaya.canon import decode, encode
from hamsaya.messages.envelope import MAX_ENVELOPE_BYTES, parse
from hamsaya.messages.keys import STORE_AND_FORWARD
from hamsaya.node import exchange
from hamsaya.node.core import Node
from hamsaya.node.directory import EMPTY_DIRECTORY
from hamsaya.node.journal import record_entry
from hamsaya.node.receive import ReceiveJob
from hamsaya.node.service import Service
from hamsaya.node.settle import verify_receipt
from hamsaya.node.witnessing import witness_keys
from hamsaya.translog import tiles, witness
from hamsaya.translog.audit import audit_log
from hamsaya.translog.cosignature import open_checkpoint
from hamsaya.translog.tree import Tree, leaf_hash
from tests.api.client import get, post, refusal, served
from tests.faults.drafts import ask, open_case
from tests.support.federation import Federation, make_federation


@dataclass
class Scene:
    """Three federated parties and one question on its way from Pakistan to Uzbekistan, where its case is open."""

    federation: Federation
    envelope: bytes

    @property
    def uz(self) -> Node:
        return self.federation.node("uz")

    @property
    def pk(self) -> Node:
        return self.federation.node("pk")


@pytest.fixture
def scene() -> Scene:
    """A fresh federation for each test: requests change it."""
    federation = make_federation()
    federation.send("pk", open_case(federation.clock.now()))
    federation.carry_all()
    federation.send("pk", ask(1, "pk", "uz"))
    ((_, _, envelope),) = federation.waiting("pk")
    return Scene(federation, envelope)


# -- envelopes ---------------------------------------------------------------------------------------------


def test_an_envelope_is_answered_with_a_receipt_that_its_sender_can_prove(scene: Scene) -> None:
    """The answer of the face is the receipt itself: nothing about it is taken on trust."""
    answer = post(scene.uz, "/v1/envelopes", scene.envelope)
    assert answer.status_code == 200
    assert verify_receipt(scene.pk, "uz", parse(scene.envelope).statement, answer.content).state == "admitted"


def test_a_second_posting_is_answered_with_the_same_bytes(scene: Scene) -> None:
    """A sender whose answer was lost posts again, and must get what it would have got."""

    async def story(service: Service, client: httpx.AsyncClient) -> list[bytes]:
        return [(await client.post("/v1/envelopes", content=scene.envelope)).content for _ in range(3)]

    first, *others = served(scene.uz, story)
    assert others == [first, first]


def _resigned(scene: Scene) -> bytes:
    envelope = parse(scene.envelope)
    forged = scene.federation.parties["ir"].keys.ring.message.sign(envelope.statement)
    return replace(envelope, signature=forged).encode()


def _stripped(scene: Scene, half: int) -> bytes:
    envelope = parse(scene.envelope)
    signature = list(envelope.signature)
    signature[half] = bytes(len(signature[half]))
    return replace(envelope, signature=(signature[0], signature[1])).encode()


FORGED = {
    "empty": (lambda scene: b"", "non-canonical"),
    "text": (lambda scene: b"hello", "non-canonical"),
    "a list of nothing": (lambda scene: encode([]), "bad-envelope"),
    "cut": (lambda scene: scene.envelope[:-1], "non-canonical"),
    "longer": (lambda scene: scene.envelope + b"\0", "non-canonical"),
    "signed by another": (_resigned, "bad-signature"),
    "without Ed25519": (lambda scene: _stripped(scene, 0), "bad-signature"),
    "without ML-DSA": (lambda scene: _stripped(scene, 1), "bad-signature"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_malformed_or_forged_envelope_is_refused_and_recorded(scene: Scene, name: str) -> None:
    """Nothing changes but the record of the refusal, which holds a digest and no bytes."""
    make, code = FORGED[name]
    before = scene.uz.tree.root()

    async def story(service: Service, client: httpx.AsyncClient) -> tuple[httpx.Response, dict[str, int]]:
        answer = await client.post("/v1/envelopes", content=make(scene))
        return answer, await service.ask(lambda node: node.store.refusal_counts())

    answer, counts = served(scene.uz, story)
    assert refusal(answer) == (400, code)
    assert counts == {code: 1}
    assert scene.uz.tree.root() == before


def test_an_envelope_for_another_node_is_refused(scene: Scene) -> None:
    """A relay must not find out by posting around who would take a message."""
    assert refusal(post(scene.federation.node("ir"), "/v1/envelopes", scene.envelope)) == (400, "not-for-us")


def test_an_expired_envelope_is_refused(scene: Scene) -> None:
    """Its dedupe row may be gone, so only the refusal keeps it from happening twice."""
    scene.federation.clock.advance(STORE_AND_FORWARD + 1)
    assert refusal(post(scene.uz, "/v1/envelopes", scene.envelope)) == (400, "expired")


def test_an_envelope_of_a_stranger_is_refused(scene: Scene) -> None:
    """No card admitted, nobody to hold to it."""
    scene.uz.state = replace(scene.uz.state, directory=EMPTY_DIRECTORY)
    assert refusal(post(scene.uz, "/v1/envelopes", scene.envelope)) == (400, "unknown-sender")


def test_a_message_that_came_too_early_is_to_be_sent_again(scene: Scene) -> None:
    """Messages of different senders overtake each other; 503 tells the sender that these very bytes will do."""
    federation = make_federation()
    federation.send("pk", open_case(federation.clock.now()))
    federation.send("pk", ask(1, "pk", "uz"))
    late = [envelope for to, _, envelope in federation.waiting("pk") if to == "uz"]
    node = federation.node("uz")

    async def story(service: Service, client: httpx.AsyncClient) -> list[int]:
        opening, question = late
        posts = [await client.post("/v1/envelopes", content=each) for each in (question, opening, question)]
        return [answer.status_code for answer in posts]

    assert served(node, story) == [503, 200, 200]
    assert node.store.refusal_counts() == {}, "a message that is only early is no offence"


def test_a_store_that_refuses_asks_for_the_same_bytes_later(scene: Scene) -> None:
    """A full disk here is no fault of the sender's message."""
    store = scene.uz.store
    assert isinstance(store, MemoryStore)
    store.fail_next("before")
    assert refusal(post(scene.uz, "/v1/envelopes", scene.envelope)) == (503, "disk-full")


@pytest.mark.parametrize(
    ("path", "limit"),
    [("/v1/envelopes", MAX_ENVELOPE_BYTES), ("/v1/pull", exchange.MAX_PULL_REQUEST_BYTES),
     ("/v1/receipts", exchange.MAX_RECEIPTS_BYTES), ("/add-checkpoint", witness.MAX_REQUEST_BYTES)],
)
def test_too_large_a_body_is_refused_before_it_is_read_whole(scene: Scene, path: str, limit: int) -> None:
    """Memory must not be at the mercy of whoever passed the gate."""

    async def story(service: Service, client: httpx.AsyncClient) -> tuple[int, bytes, int]:
        taken, said = 0, []

        async def receive() -> dict[str, object]:
            nonlocal taken
            taken += 1 << 16
            assert taken < 64 * limit, "the node reads on without end"
            return {"type": "http.request", "body": bytes(1 << 16), "more_body": True}

        async def send(message: dict[str, object]) -> None:
            said.append(message)

        # Called as a server calls it, chunk by chunk: a client in between would gather the body first.
        scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}
        await federation_app(service)(scope, receive, send)  # type: ignore[arg-type]
        return said[0]["status"], said[1]["body"], taken  # type: ignore[return-value]

    status, body, taken = served(scene.uz, story)
    assert (status, json.loads(body)["code"]) == (413, "oversize")
    assert limit < taken <= limit + (2 << 16)


def test_a_post_that_breaks_off_is_no_defect(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Links break every day, and whoever passed the gate could fill the operator's log with tracebacks."""

    async def story(service: Service, client: httpx.AsyncClient) -> list[dict[str, object]]:
        said: list[dict[str, object]] = []
        parts = [{"type": "http.request", "body": scene.envelope[:100], "more_body": True}, {"type": "http.disconnect"}]

        async def receive() -> dict[str, object]:
            return parts.pop(0)

        async def send(message: dict[str, object]) -> None:
            said.append(message)

        scope = {"type": "http", "method": "POST", "path": "/v1/envelopes", "headers": [], "query_string": b""}
        await federation_app(service)(scope, receive, send)  # type: ignore[arg-type]
        return said

    assert served(scene.uz, story)[0]["status"] == 400
    assert not caplog.records and not scene.uz.store.refusal_counts()


def test_a_defect_says_nothing_about_itself(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback or an exception's text can hold case content; a peer learns that something failed."""

    async def broken(service: Service, unverified_bytes: bytes) -> None:
        raise ZeroDivisionError("the content of the case")

    monkeypatch.setattr(Service, "receive", broken)
    answer = post(scene.uz, "/v1/envelopes", scene.envelope)
    assert refusal(answer) == (500, "internal")
    assert "content of the case" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/envelopes", 405), ("POST", "/checkpoint", 405), ("GET", "/", 404), ("GET", "/control/status", 405),
     ("GET", "/docs", 404), ("GET", "/openapi.json", 404)],
)
def test_there_is_nothing_else_to_ask(scene: Scene, method: str, path: str, status: int) -> None:
    """The surface is the list in the module's head, and nothing a framework adds."""

    async def story(service: Service, client: httpx.AsyncClient) -> int:
        return (await client.request(method, path)).status_code

    assert served(scene.uz, story) == status


def test_a_node_says_that_its_writer_answers(scene: Scene) -> None:
    """A process that listens while its writer is dead would look alive to whoever watches it."""
    assert get(scene.uz, "/healthz").content == b"ok\n"


# -- pull and receipts -------------------------------------------------------------------------------------


def _pull_cases(scene: Scene) -> dict[str, tuple[bytes, str]]:
    uz, pk = scene.uz, scene.pk
    honest = exchange.pull_request(uz, "pk")
    request, _ = decode(honest)
    forged = encode([request, list(scene.federation.parties["ir"].keys.ring.message.sign(request))])
    lifted = encode([encode(["ir", "pk", uz.clock.now()]), decode(honest)[1]])
    return {
        "garbage": (b"\xff", "non-canonical"),
        "another shape": (encode(["uz"]), "bad-request"),
        "for another node": (exchange.pull_request(uz, "ir"), "bad-request"),
        "a signature of another": (forged, "bad-signature"),
        "another's signature on one's name": (lifted, "bad-signature"),
        "of oneself": (exchange.pull_request(pk, "uz"), "bad-request"),
    }


@pytest.mark.parametrize(
    "name", ["garbage", "another shape", "for another node", "a signature of another",
             "another's signature on one's name", "of oneself"],
)
def test_a_pull_that_its_member_did_not_sign_gets_nothing(scene: Scene, name: str) -> None:
    """Who may fetch the sealed messages of a member would learn who talks to it, and how much."""
    body, code = _pull_cases(scene)[name]
    assert refusal(post(scene.pk, "/v1/pull", body)) == (400, code)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_pull_recorded_long_ago_or_dated_ahead_gets_nothing(scene: Scene, minutes: int) -> None:
    """A request that was caught once must not fetch for ever."""
    body = exchange.pull_request(scene.uz, "pk")
    scene.federation.clock.advance(minutes * 60_000)
    assert refusal(post(scene.pk, "/v1/pull", body)) == (400, "stale-request")


def test_a_pull_is_answered_with_what_waits_and_receipts_settle_it(scene: Scene) -> None:
    """A node that accepts no connection is served as well as any other."""

    async def story(service: Service, client: httpx.AsyncClient) -> tuple[list[bytes], int, dict[str, int]]:
        pulled = await client.post("/v1/pull", content=exchange.pull_request(scene.uz, "pk"))
        envelopes = exchange.parse_envelopes(pulled.content)
        receipts = [(parse(each).header.mid, scene.uz.commit([ReceiveJob(each)])[0].receipt) for each in envelopes]
        given = await client.post("/v1/receipts", content=exchange.encode_receipts(scene.uz, receipts))
        return envelopes, given.status_code, await service.ask(lambda node: node.store.outbox_counts())

    envelopes, status, counts = served(scene.pk, story)
    assert envelopes == [scene.envelope]
    assert (status, set(counts)) == (204, {"admitted"})


@pytest.mark.parametrize("body", [b"", b"\xff", encode([]), encode(["uz", [["id"]]]), encode([1, []])])
def test_malformed_receipts_are_refused(scene: Scene, body: bytes) -> None:
    """They come from outside like everything else."""
    status, _ = refusal(post(scene.pk, "/v1/receipts", body))
    assert status == 400


def test_a_receipt_that_proves_nothing_settles_nothing(scene: Scene) -> None:
    """Otherwise whoever passed the gate could make a sender forget a message."""
    body = encode(["uz", [[parse(scene.envelope).header.mid, b"no proof"]]])

    async def story(service: Service, client: httpx.AsyncClient) -> dict[str, int]:
        await client.post("/v1/receipts", content=body)
        return await service.ask(lambda node: node.store.outbox_counts())

    assert served(scene.pk, story)["waiting"] == 1


# -- witnessing --------------------------------------------------------------------------------------------


def _asking(node: Node, old: int, size: int | None = None, note: bytes | None = None) -> bytes:
    """Return a request to cosign the checkpoint of ``size`` (the latest when None), from ``old``."""
    head = node.store.checkpoint(size)
    assert head is not None
    proof = node.tree.consistency(old, head[0]) if 0 < old < head[0] else []
    return witness.encode_add_checkpoint(old, proof, note or head[1].encode())


def test_the_witness_answers_by_the_published_table(scene: Scene) -> None:
    """Other software may witness our logs and we theirs; the statuses are the contract (C2SP tlog-witness)."""
    pk, small = scene.pk, 3
    head = pk.store.checkpoint()
    assert head is not None and pk.store.checkpoint(small) is not None
    note = head[1].encode()
    unsigned = note[: note.rindex("—".encode())]
    wrong_proof = witness.encode_add_checkpoint(small, [bytes(32)], note)

    async def story(service: Service, client: httpx.AsyncClient) -> list[tuple[int, str, bytes]]:
        said = []
        for body in (b"old x\n\n", _asking(pk, 0, note=note.replace(b"/pk\n", b"/tj\n", 1)),
                     _asking(pk, 0, note=unsigned), _asking(pk, head[0] + 1), _asking(pk, small),
                     _asking(pk, 0, small), wrong_proof, _asking(pk, small), _asking(pk, small)):
            answer = await client.post("/add-checkpoint", content=body)
            said.append((answer.status_code, answer.headers["content-type"].split(";")[0], answer.content))
        return said

    said = served(scene.uz, story)
    assert [status for status, _, _ in said] == [400, 404, 403, 400, 409, 200, 422, 200, 409]
    assert said[4][1:] == ("text/x.tlog.size", b"0\n")
    assert said[8][1:] == ("text/x.tlog.size", b"%d\n" % head[0])
    witness.accept_cosignatures(note, said[7][2], witness_keys(pk, "uz"))


def test_a_log_that_shows_two_histories_is_not_cosigned(scene: Scene) -> None:
    """The fork is the one lie a log can tell; the witness keeps its record of it."""
    pk = scene.pk
    earlier = make_federation().node("pk")  # The same keys, another history of the same length or less.
    forked = earlier.store.checkpoint()
    assert forked is not None

    async def story(service: Service, client: httpx.AsyncClient) -> tuple[list[int], dict[str, int]]:
        said = [await client.post("/add-checkpoint", content=_asking(pk, 0, forked[0])),
                await client.post("/add-checkpoint", content=_asking(pk, forked[0], note=forked[1].encode()))]
        return [each.status_code for each in said], await service.ask(lambda node: node.store.refusal_counts())

    assert pk.tree.root(forked[0]) != earlier.tree.root()
    statuses, counts = served(scene.uz, story)
    assert statuses == [200, 409]
    assert counts == {"fork": 1}


# -- the log as others read it -----------------------------------------------------------------------------


def test_anybody_at_the_gate_can_audit_the_log_from_its_tiles(scene: Scene) -> None:
    """Checkpoint and tiles are all an auditor gets, and all it needs: they reproduce the tree and its root."""
    federation = scene.federation
    for number in range(2, 300):
        federation.send("pk", ask(number, "pk", "uz"))

    async def story(service: Service, client: httpx.AsyncClient) -> tuple[bytes, list[bytes], list[tuple[str, bytes]]]:
        note = (await client.get("/checkpoint")).content
        size = open_checkpoint(note, scene.uz.log_keys("pk")).size
        entries: list[bytes] = []
        while len(entries) < size:
            tile = tiles.Tile(None, len(entries) // tiles.WIDTH, min(tiles.WIDTH, size - len(entries)))
            entries += tiles.parse_bundle((await client.get(f"/{tile.path}")).content, tile.width)
        hashes = [(tile.path, (await client.get(f"/{tile.path}")).content) for tile in tiles.layout(size)]
        return note, entries, hashes

    note, entries, hashes = served(scene.pk, story)
    checkpoint = audit_log(note, entries, scene.uz.log_keys("pk"))
    assert checkpoint.size > tiles.WIDTH
    tree = Tree(map(leaf_hash, entries))
    assert [content for _, content in hashes] == [
        tiles.hash_tile(tree, tile.level or 0, tile.index, tile.width) for tile in tiles.layout(checkpoint.size)
    ]
    assert {path.split("/")[1] for path, _ in hashes} == {"0", "1"}
    for row in scene.pk.store.journal():
        assert entries[row.index] == record_entry(row.role, row.code, row.at, row.statement, row.salt)


@pytest.mark.parametrize(
    "path", ["tile/0/999", "tile/entries/999", "tile/0/00", "tile/0/000.p/0", "tile/0/000.p/300", "tile/x/000",
             "tile/9/000", "tile/entries/000.p/999", "tile/0/000%00", "tile/entries/%2e%2e/%2e%2e/checkpoint"],
)
def test_a_tile_that_is_not_there_is_refused(scene: Scene, path: str) -> None:
    """Paths come from outside: each has one spelling, and none reaches beyond the log."""
    answer = get(scene.pk, f"/{path}")
    assert answer.status_code == 404
    assert len(answer.content) < 300


def test_an_empty_log_has_no_checkpoint() -> None:
    """A node that has said nothing has signed nothing."""
    node = make_federation(signed=False).node("pk")
    node.store = MemoryStore()
    assert refusal(get(node, "/checkpoint")) == (404, "empty-log")


def test_what_was_refused_is_told_without_what_was_received(scene: Scene) -> None:
    """Refusals travel over other people's machines and into their logs."""
    secret = b"the name of a witness in the case"
    answer = post(scene.uz, "/v1/envelopes", encode([secret, secret, secret, [secret, secret]]))
    assert answer.status_code == 400
    assert secret not in answer.content
    with pytest.raises(PeerError):
        parse(secret)
