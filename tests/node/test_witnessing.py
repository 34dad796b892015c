"""Witnesses cosign what extends what they have seen; a fork, a rollback or an altered row is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hamsaya.adapters.memory import MemoryStore
from hamsaya.base.errors import PeerError
from hamsaya.node import views
from hamsaya.node.core import Node
from hamsaya.node.journal import record_entry
from hamsaya.node.logview import audit, latest_note
from hamsaya.node.send import Draft
from hamsaya.node.witnessing import WitnessJob, ask_witness, check_policy, cosigned_note
from hamsaya.node.writer import Act
from hamsaya.ports.transport import Answer
from hamsaya.translog.checkpoint import Checkpoint
from hamsaya.translog.cosignature import sign_checkpoint
from hamsaya.translog.tree import Tree, leaf_hash
from hamsaya.translog.witness import Answer as WitnessAnswer
from hamsaya.translog.witness import encode_add_checkpoint
from tests.node.making import asking, clone, parties, reopened, stranger
from tests.node.wires import Wires, address, with_service, with_writer
from tests.support.federation import Federation, one


@pytest.fixture
def fed() -> Federation:
    """Three parties with one case open between them."""
    return parties("pk", "ir", "uz", with_case=True)


def ask(fed: Federation, wires: Wires, witness: str, old: int = 0, by: str = "pk") -> int | None:
    """Let ``by`` ask one witness to cosign its latest checkpoint."""
    return with_writer(fed, by, lambda writer: ask_witness(writer, wires, address(fed, by, witness), old))


def present(witness: Node, old: int, proof: list[bytes], note: bytes) -> WitnessAnswer:
    """Hand a checkpoint to a witness directly."""
    answer: WitnessAnswer = one(witness, WitnessJob(encode_add_checkpoint(old, proof, note)))  # type: ignore[assignment]
    return answer


def test_a_quorum_of_witnesses_makes_an_auditable_log(fed: Federation) -> None:
    """Both others cosign; one alone is not the quorum, and without any there is nothing to audit."""
    wires, node = Wires(fed), fed.node("pk")
    with pytest.raises(PeerError) as refused:
        audit(node)
    assert refused.value.code == "quorum-missing"
    assert ask(fed, wires, "ir") == node.tree.size
    with pytest.raises(PeerError) as refused:
        audit(node)
    assert refused.value.code == "quorum-missing"
    assert ask(fed, wires, "uz") == node.tree.size
    checkpoint = audit(node)
    assert (checkpoint.size, checkpoint.root) == (node.tree.size, node.tree.root())
    note = cosigned_note(node, checkpoint.size)
    assert note is not None and latest_note(node) == note
    for member in fed.parties:
        check_policy(fed.node(member), "pk", note)


def test_a_witness_is_asked_from_what_it_last_saw(fed: Federation) -> None:
    """What it holds is learned from its 409; nothing new is signed twice."""
    wires = Wires(fed)
    first = ask(fed, wires, "ir")
    fed.send("pk", asking())
    assert ask(fed, wires, "ir", old=0) == (first or 0) + 1 and len(wires.asked) == 3, "asked, corrected, asked again"
    assert ask(fed, wires, "ir", old=(first or 0) + 1) == (first or 0) + 1
    assert fed.node("ir").store.witnessed(fed.node("pk").agreement.origin("pk")) == (
        fed.node("pk").tree.size,
        fed.node("pk").tree.root(),
    )
    assert fed.node("ir").store.refusal_counts() == {}, "a stale size is no offence"


def test_cosigning_all_skips_who_is_away_and_asks_again_later(fed: Federation) -> None:
    """One witness beyond reach does not stop the others."""
    wires = Wires(fed, cut={"uz"})
    size = fed.node("pk").tree.size
    assert with_service(fed, "pk", wires, lambda service: service.cosign()) == {"ir": size}
    wires.cut.clear()
    reopened(fed, "pk")
    assert with_service(fed, "pk", wires, lambda service: service.cosign()) == {"ir": size, "uz": size}


def forked(fed: Federation) -> Federation:
    """Return a federation in which pk has said something else than in ``fed`` from here on."""
    other = clone(fed)
    other.send("pk", asking(request="R-other"))
    fed.send("pk", asking(request="R-1"))
    return other


def test_a_forked_log_is_refused_and_recorded(fed: Federation) -> None:
    """Two histories of one size: the witness has signed one and keeps a record of the other, across a restart."""
    other = forked(fed)
    assert ask(fed, Wires(fed), "ir") == fed.node("pk").tree.size
    size, note = other.node("pk").store.checkpoint() or (0, "")
    for _ in range(2):
        witness = reopened(fed, "ir")
        answer = present(witness, size, [], note.encode())
        assert (answer.status, answer.code, answer.seen) == (409, "fork", None)
        assert witness.store.witnessed(witness.agreement.origin("pk")) == (size, fed.node("pk").tree.root())
    assert fed.node("ir").store.refusal_counts() == {"fork": 2}
    kept = fed.node("ir").store.get_meta(f"fork {fed.node('pk').agreement.origin('pk')}")
    assert kept is not None and kept.endswith(note.encode()), "both histories, signed by the log, are the evidence"
    assert views.status(fed.node("ir")).forked == ["pk"], "the operator is told"
    assert views.status(fed.node("uz")).forked == []
    assert ask(other, Wires(fed), "ir", by="pk") is None, "the forker gets no cosignature"


def test_a_fork_that_grew_is_refused_too(fed: Federation) -> None:
    """A larger tree that does not extend the one cosigned has no proof, whatever proof is offered."""
    other = forked(fed)
    size = ask(fed, Wires(fed), "ir") or 0
    for number in range(3):
        other.send("pk", asking(request=f"R-{number}"))
    tree = other.node("pk").tree
    _, note = other.node("pk").store.checkpoint() or (0, "")
    for proof in (tree.consistency(size, tree.size), [], [bytes(32)]):
        answer = present(fed.node("ir"), size, proof, note.encode())
        assert (answer.status, answer.code) == (422, "bad-proof")
    assert ask(other, Wires(fed), "ir", by="pk") is None
    assert fed.node("ir").store.refusal_counts() == {"bad-proof": 4}


def test_a_store_restored_from_an_older_copy_is_found_by_the_witnesses(fed: Federation) -> None:
    """The copy is whole in itself, so its node opens; but what it says next forks, and nobody cosigns it."""
    store = fed.node("pk").store
    assert isinstance(store, MemoryStore)
    old = store.reopen()
    fed.send("pk", asking(request="R-1"))
    fed.send("pk", asking(request="R-2"))
    size = ask(fed, Wires(fed), "ir") or 0
    fed.parties["pk"].restart(old)
    assert fed.node("pk").tree.size == size - 2
    assert ask(fed, Wires(fed), "ir") is None, "a smaller tree than the one cosigned"
    for number in range(3):
        fed.send("pk", asking(request=f"R-new-{number}"))
    assert fed.node("pk").tree.size > size and ask(fed, Wires(fed), "ir") is None
    assert "bad-proof" in fed.node("ir").store.refusal_counts()


@pytest.mark.parametrize("request_bytes", [b"", b"old 0\n\nnot a note\n", b"\xff" * 50, b"old -1\n\n", b"old 0\n" * 99])
def test_malformed_requests_are_refused_and_recorded(fed: Federation, request_bytes: bytes) -> None:
    """Status 400, a record by digest, nothing cosigned."""
    node = fed.node("ir")
    answer: WitnessAnswer = one(node, WitnessJob(request_bytes))  # type: ignore[assignment]
    assert answer.status == 400 and answer.seen is None
    assert sum(node.store.refusal_counts().values()) == 1 and node.store.cosigned_size() is None


def test_strangers_and_half_signed_checkpoints_are_refused(fed: Federation) -> None:
    """An unknown origin is 404, another's key or one line of two is 403; a log does not witness itself."""
    node, size = fed.node("ir"), fed.node("pk").tree.size
    root, origin = fed.node("pk").tree.root(), node.agreement.origin("pk")
    _, note = fed.node("pk").store.checkpoint() or (0, "")
    cases = {
        404: [
            sign_checkpoint(Checkpoint("elsewhere/log", size, root), stranger(), 1),
            sign_checkpoint(Checkpoint(node.agreement.origin("ir"), size, root), node.ring.log, 1),
        ],
        403: [
            sign_checkpoint(Checkpoint(origin, size, root), stranger(), 1),
            sign_checkpoint(Checkpoint(origin, size, root), fed.node("pk").ring.message, 1),
            "\n".join([*note.split("\n")[:-2], ""]).encode(),
        ],
    }
    for status, notes in cases.items():
        for each in notes:
            assert present(node, 0, [], each).status == status
    assert present(node, 0, [], note.encode()).status == 200


def test_a_cosignature_is_kept_only_if_it_verifies(fed: Federation) -> None:
    """A witness, or whoever answers in its place, may send anything; what does not verify is not kept."""
    wires = Wires(fed)
    node = fed.node("pk")
    _, note = node.store.checkpoint() or (0, "")
    good = present(fed.node("ir"), 0, [], note.encode()).body
    for body in (
        b"",
        b"junk",
        good[:-30],
        good.split(b"\n")[0] + b"\n",
        good.replace(b"ir/witness", b"uz/witness"),
    ):

        async def lie(*unused: object, answer: bytes = body) -> Answer:
            return Answer(200, answer)

        wires.post = lie  # type: ignore[method-assign]
        assert ask(fed, wires, "ir") is None and node.store.cosigned_size() is None


@pytest.mark.parametrize("column", ["role", "code", "at", "statement", "salt", "entry"])
def test_an_altered_row_fails_the_audit(fed: Federation, column: str) -> None:
    """Each column that a leaf commits to, at a row long since cosigned; a consistent rewriting is found by the root."""
    wires = Wires(fed)
    for witness in ("ir", "uz"):
        ask(fed, wires, witness)
    node = fed.node("pk")
    audit(node)
    assert isinstance(node.store, MemoryStore)
    rows = node.store._now.journal
    row = rows[2]
    bent = {"role": "refused", "code": "forged", "at": row.at + 1, "entry": bytes(32), "salt": bytes(32)}
    rows[2] = replace(row, **{column: bent.get(column, row.statement[:-1] + b"\0")})
    with pytest.raises(PeerError) as refused:
        audit(node)
    assert refused.value.code == "leaf-differs"
    whole = rows[2]
    if column != "entry":
        entry = record_entry(whole.role, whole.code, whole.at, whole.statement, whole.salt)
        rows[2] = replace(whole, entry=entry)
        with pytest.raises(PeerError) as refused:
            audit(node)
        assert refused.value.code == "root-differs"


def test_a_tree_rebuilt_by_an_outsider_is_the_cosigned_one(fed: Federation) -> None:
    """Entries and note are enough: no key, no content."""
    wires = Wires(fed)
    for witness in ("ir", "uz"):
        ask(fed, wires, witness)
    node = fed.node("pk")
    entries = node.store.entries(0, node.tree.size)
    assert Tree(leaf_hash(entry) for entry in entries).root() == audit(node).root
    before = len(entries)
    fed.send("pk", Draft(asking().body, ("ir",), case=asking().case))
    assert audit(node).size == before, "what came after waits for its own cosignatures"
    assert one(node, Act(lambda n: n.tree.size)) == before + 1
