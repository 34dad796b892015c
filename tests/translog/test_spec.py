"""docs/spec/log.md and its vectors say what the code does."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from hamsaya.crypto.signing import SigningKey
from hamsaya.translog.checkpoint import Checkpoint, parse_checkpoint
from hamsaya.translog.cosignature import (
    log_vkeys,
    ml_dsa_message,
    open_checkpoint,
    verify_line,
    verify_note,
    witness_vkeys,
)
from hamsaya.translog.leaf import leaf_entry
from hamsaya.translog.note import parse_note, parse_vkey
from hamsaya.translog.policy import parse_policy, policy_text
from hamsaya.translog.proof import parse_proof, verify_proof
from hamsaya.translog.tiles import entry_bundle, parse_bundle, parse_path
from hamsaya.translog.tree import Tree, leaf_hash
from hamsaya.translog.witness import (
    Seen,
    accept_cosignatures,
    add_checkpoint,
    encode_add_checkpoint,
    parse_add_checkpoint,
)

SPEC = Path(__file__).parents[2] / "docs" / "spec"
PAGE = (SPEC / "log.md").read_text(encoding="utf-8")


def load(name: str) -> Any:
    return json.loads((SPEC / "vectors" / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def log() -> Any:
    return load("log.json")


def test_the_ml_dsa_44_cosignature_vector() -> None:
    """Key, key id, message and line follow from the seed; the published signature verifies and no other text does."""
    vector = load("cosignature-ml-dsa-44.json")
    key = SigningKey("ml-dsa-44", bytes(32) + bytes.fromhex(vector["seed"]))
    vkey = witness_vkeys(vector["cosigner_name"], key.verifying_key)[1]
    assert vkey.public.hex() == vector["public_key"] and vkey == parse_vkey(vector["vkey"])
    assert vkey.encode() == vector["vkey"] and vkey.key_id.hex() == vector["key_id"]
    head = parse_checkpoint(vector["checkpoint"])
    message = ml_dsa_message(vkey.name, vector["time"], head.origin, 0, head.size, head.root)
    assert message.hex() == vector["signed_message"]
    value = vector["time"].to_bytes(8, "big") + bytes.fromhex(vector["signature"])
    assert verify_line(vkey, vector["checkpoint"], value) == vector["time"]
    assert vkey.sign_line(value).encode() == vector["line"]
    assert vector["note"] == f"{vector['checkpoint']}\n{vector['line']}"
    again = key.sign_ml_dsa(message)
    assert verify_line(vkey, vector["checkpoint"], value[:8] + again) == vector["time"]
    assert len(verify_note(parse_note(vector["note"].encode()), [vkey])) == 1


def test_the_log_vector_follows_from_its_seeds(log: Any) -> None:
    """Entries, roots, bundle, keys and policy are recomputed; every signature verifies."""
    keys = {each: SigningKey("ml-dsa-44", bytes.fromhex(log[f"{each}_seed"])) for each in ("log", "witness")}
    raw = [{name: bytes.fromhex(value) for name, value in leaf.items()} for leaf in log["leaves"]]
    entries = [leaf["entry"] for leaf in raw]
    assert entries == [leaf_entry(leaf["salt"], leaf["statement"]) for leaf in raw]
    assert [leaf["leaf_hash"] for leaf in raw] == [leaf_hash(entry) for entry in entries]
    tree = Tree(leaf["leaf_hash"] for leaf in raw)
    assert [tree.root(size).hex() for size in range(6)] == log["roots"]
    bundle = bytes.fromhex(log["entry_bundle"]["bytes"])
    assert bundle == entry_bundle(entries)
    assert parse_bundle(bundle, parse_path(log["entry_bundle"]["path"]).width) == entries
    head = Checkpoint("member-a.example/log", 5, tree.root())
    log_keys = log_vkeys(head.origin, keys["log"].verifying_key)
    witness_keys = witness_vkeys("member-b.example/witness", keys["witness"].verifying_key)
    assert [key.encode() for key in log_keys] == log["log_vkeys"]
    assert [key.encode() for key in witness_keys] == log["witness_vkeys"]
    assert open_checkpoint(log["checkpoint"].encode(), log_keys) == head
    assert policy_text(log_keys, {"member-b": witness_keys}, 1) == log["policy"]


def test_the_witness_exchange_of_the_vector(log: Any) -> None:
    """The request is what a log of five entries sends to a witness that saw three; the answer completes the note."""
    tree = Tree(bytes.fromhex(leaf["leaf_hash"]) for leaf in log["leaves"])
    note, request = log["checkpoint"].encode(), log["add_checkpoint_request"].encode()
    assert encode_add_checkpoint(3, tree.consistency(3), note) == request
    log_keys, witness_keys = ([parse_vkey(key) for key in log[f"{each}_vkeys"]] for each in ("log", "witness"))
    key = SigningKey("ml-dsa-44", bytes.fromhex(log["witness_seed"]))
    answer = add_checkpoint(
        parse_add_checkpoint(request), {log_keys[0].name: log_keys}, Seen(3, tree.root(3)), key, witness_keys[0].name, 1
    )
    assert answer.status == 200 and answer.seen == Seen(5, tree.root())
    merged = accept_cosignatures(note, log["add_checkpoint_answer"].encode(), witness_keys)
    assert merged.decode() == log["cosigned_checkpoint"]


def test_the_proof_of_the_vector(log: Any) -> None:
    """It verifies for its entry under its policy, with both keys of the log."""
    proof = parse_proof(log["proof"].encode())
    log_keys = [parse_vkey(key) for key in log["log_vkeys"]]
    entry = bytes.fromhex(log["leaves"][proof.index]["entry"])
    assert verify_proof(proof, entry, log_keys, parse_policy(log["policy"].encode())).size == 5


def test_the_example_of_the_page_is_the_vector(log: Any) -> None:
    """Line by line; a shortened line keeps its beginning and its end. The leaf beside it is the third one."""
    shown = re.search(r"```\n(.*?)\n```", PAGE, re.DOTALL)
    assert shown
    lines = log["proof"].rstrip("\n").split("\n")
    for printed, whole in zip(shown[1].split("\n"), lines, strict=True):
        head, cut, tail = printed.partition("[...]")
        assert (whole.startswith(head) and whole.endswith(tail)) if cut else printed == whole
    for value in log["leaves"][2].values():
        assert value in PAGE


def test_the_page_names_the_formulas_of_the_code() -> None:
    """The domain of the leaf and the label of the message, by recomputation from the words on the page."""
    assert '`entry = SHA-256("hamsaya/v1/leaf" ‖ 0x00 ‖ CBOR([salt, statement]))`' in PAGE
    cbor = b"\x82\x58\x20" + bytes(32) + b"\x41s"
    assert leaf_entry(bytes(32), b"s") == sha256(b"hamsaya/v1/leaf" + b"\0" + cbor).digest()
