"""The VOPRF: the standard's vectors, a second implementation, and answers that must not be believed."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.crypto import oprf, ristretto
from hamsaya.crypto.oprf import Asked, EpochKey, Mask, ask, element_of, masks, outputs
from tests.crypto.test_ristretto import NO_ELEMENT

KEY = EpochKey(b"k" * 32)
OTHER = EpochKey(b"o" * 32)
SUITE = "ristretto255-SHA512"

# RFC 9497 appendix A.1.2, test vector 1.
PRINTED: dict[str, Any] = {
    "Blind": "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706",
    "BlindedElement": "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",
    "EvaluationElement": "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",
    "Input": "00",
    "Output": "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d"
              "a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c",
    "Proof": {"proof": "ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd06"
                       "6d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d"},
}
SEED, INFO = bytes([0xA3]) * 32, b"test key"


def several(vector: dict[str, Any], name: str) -> list[bytes]:
    return [bytes.fromhex(part) for part in vector[name].split(",")]


@pytest.fixture(scope="session")
def vectors(shared_data: Path) -> list[dict[str, Any]]:
    """Every suite of the public vectors over ristretto255."""
    file = shared_data / "vectors" / "voprf.json.gz"
    if not file.is_file():
        pytest.skip("vectors/voprf.json.gz absent")
    suites = json.loads(gzip.decompress(file.read_bytes()))
    return [suite for suite in suites if suite["identifier"] == SUITE]


@pytest.fixture(scope="session")
def reference() -> ModuleType:
    """The second implementation, on another library."""
    pytest.importorskip("rbcl", reason="rbcl, the second implementation of the group, is not installed")
    from tests.crypto import reference_voprf

    return reference_voprf


def check(vector: dict[str, Any], key: EpochKey) -> None:
    """Hold one vector of mode 1 against the product, step by step."""
    data, elements, products, results, blinds = (
        several(vector, name) for name in ("Input", "BlindedElement", "EvaluationElement", "Output", "Blind"))
    proof = bytes.fromhex(vector["Proof"]["proof"])
    # The RFC multiplies by its blind, the product adds its own: the hash to the group is what both share.
    scaled = [ristretto.sum_of_multiples([int.from_bytes(blind, "little")], [hashed(item)])
              for blind, item in zip(blinds, data, strict=True)]
    assert [ristretto.encode(each) for each in scaled] == elements
    assert list(key.evaluate(elements)[0]) == products
    assert [key.output(each) for each in data] == results
    parsed = [[(each, ristretto.parse(each)) for each in side] for side in (elements, products)]
    oprf.verify_proof(key.public, parsed[0], parsed[1], proof)
    asked = [ask(item, mask) for item, mask in zip(data, new_masks(key, len(data)), strict=True)]
    evaluated, own_proof = key.evaluate([each.element for each in asked])
    assert outputs(key.public, asked, evaluated, own_proof) == results


def hashed(data: bytes) -> ristretto.Point:
    """Return the element to which ``data`` hashes: an asked input under a mask that shifts by nothing."""
    return ask(data, Mask(ristretto.IDENTITY, ristretto.IDENTITY)).point


def new_masks(key: EpochKey, count: int) -> list[Mask]:
    return masks(key.public, [bytes([place]) * 64 for place in range(count)])


def asked_of(key: EpochKey, count: int = 3) -> list[Asked]:
    return [ask(b"input %d" % place, mask) for place, mask in enumerate(new_masks(key, count))]


def test_the_vector_printed_in_the_standard_passes() -> None:
    """This one runs everywhere; the rest of the suite needs the public file."""
    check(PRINTED, EpochKey(SEED, INFO))


def test_every_verifiable_vector_passes(vectors: list[dict[str, Any]]) -> None:
    """Key, blinded elements, evaluation, proof and output of each vector of mode 1, batches included."""
    [suite] = [each for each in vectors if each["mode"] == 1]
    key = EpochKey(bytes.fromhex(suite["seed"]), bytes.fromhex(suite["keyInfo"]))
    assert key.public.hex() == suite["pkSm"]
    assert len(suite["vectors"]) == 3
    for vector in suite["vectors"]:
        check(vector, key)


def test_the_second_implementation_passes_every_vector(vectors: list[dict[str, Any]], reference: ModuleType) -> None:
    """All modes, proofs bit for bit: only then is it worth comparing with."""
    assert [suite["mode"] for suite in vectors] == [0, 1, 2]
    for suite in vectors:
        mode = reference.Reference(suite["mode"])
        key = mode.derive(bytes.fromhex(suite["seed"]), bytes.fromhex(suite["keyInfo"]))
        assert key.hex() == suite["skSm"]
        for vector in suite["vectors"]:
            data, blinds = several(vector, "Input"), several(vector, "Blind")
            info = bytes.fromhex(vector.get("Info", ""))
            elements = [mode.blind(item, blind) for item, blind in zip(data, blinds, strict=True)]
            products = [mode.evaluate(key, each, info) for each in elements]
            assert elements == several(vector, "BlindedElement")
            assert products == several(vector, "EvaluationElement")
            assert [mode.finalize(*each, info) for each in zip(data, blinds, products, strict=True)] == several(
                vector, "Output")
            if mode.mode:
                proof = mode.prove(key, elements, products, bytes.fromhex(vector["Proof"]["r"]), info)
                assert proof.hex() == vector["Proof"]["proof"]


@given(st.binary(min_size=32, max_size=32), st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=6),
       st.integers(1, ristretto.ORDER - 1))
@settings(max_examples=15)
def test_two_implementations_agree(seed: bytes, data: list[bytes], nonce: int) -> None:
    """Key, evaluation, proofs both ways and outputs: a slip in one of them would show here."""
    pytest.importorskip("rbcl", reason="rbcl, the second implementation of the group, is not installed")
    from tests.crypto.reference_voprf import Reference, base, scalar

    mode, key = Reference(1), EpochKey(seed)
    secret = mode.derive(seed, key.info)
    assert key.public == base(secret)
    asked = [ask(item, mask) for item, mask in zip(data, new_masks(key, len(data)), strict=True)]
    elements = [each.element for each in asked]
    products = [mode.evaluate(secret, each) for each in elements]
    assert list(key.evaluate(elements)[0]) == products
    results = outputs(key.public, asked, products, mode.prove(secret, elements, products, scalar(nonce)))
    blind = scalar(nonce + 1) if nonce + 1 < ristretto.ORDER else scalar(1)
    theirs = [mode.finalize(item, blind, mode.evaluate(secret, mode.blind(item, blind))) for item in data]
    assert results == theirs == [key.output(item) for item in data]


@pytest.mark.parametrize("unverified", NO_ELEMENT.values(), ids=NO_ELEMENT)
def test_invalid_points_are_refused_by_both_sides(unverified: bytes) -> None:
    """The attack of that name: an element outside the group could draw bits of the key out of its evaluation.

    The library alone reads the first 32 bytes of a longer string; the length is ours to check.
    """
    asked = asked_of(KEY)
    elements = [each.element for each in asked]
    evaluated, proof = KEY.evaluate(elements)
    for act in (
        lambda: KEY.evaluate([*elements[:2], unverified]),
        lambda: masks(unverified, [b"b" * 64]),
        lambda: outputs(KEY.public, asked, [*evaluated[:2], unverified], proof),
        lambda: outputs(unverified, asked, evaluated, proof),
    ):
        with pytest.raises(PeerError) as refused:
            act()
        assert refused.value.code == "bad-element"


def test_a_responder_with_a_key_for_one_querier_is_refused() -> None:
    """With a key of its own per querier a responder could tell queriers' tags apart, or answer some with noise."""
    asked = asked_of(KEY)
    evaluated, proof = OTHER.evaluate([each.element for each in asked])
    with pytest.raises(PeerError, match="epoch key in the log") as refused:
        outputs(KEY.public, asked, evaluated, proof)
    assert refused.value.code == "bad-proof"


def test_one_element_under_another_key_spoils_the_batch() -> None:
    """The proof is over all elements: the responder cannot mark a single input."""
    asked = asked_of(KEY)
    elements = [each.element for each in asked]
    evaluated, proof = KEY.evaluate(elements)
    marked = [*evaluated[:2], OTHER.evaluate(elements[2:])[0][0]]
    with pytest.raises(PeerError) as refused:
        outputs(KEY.public, asked, marked, proof)
    assert refused.value.code == "bad-proof"


def test_evaluations_in_another_order_are_refused() -> None:
    """Each output must belong to its input."""
    asked = asked_of(KEY)
    evaluated, proof = KEY.evaluate([each.element for each in asked])
    with pytest.raises(PeerError):
        outputs(KEY.public, asked, evaluated[::-1], proof)


PROOFS = {
    "a bit changed": lambda proof: bytes([proof[0] ^ 1]) + proof[1:],
    "halves swapped": lambda proof: proof[32:] + proof[:32],
    "a challenge of the order or more": lambda proof: b"\xff" * 32 + proof[32:],
    "a second spelling of the response": lambda proof: proof[:32] + (
        int.from_bytes(proof[32:], "little") + ristretto.ORDER).to_bytes(32, "little"),
    "a byte short": lambda proof: proof[:-1],
    "nothing": lambda proof: b"",
}


@pytest.mark.parametrize("spoil", PROOFS.values(), ids=PROOFS)
def test_a_spoilt_proof_is_refused(spoil: Any) -> None:
    """A proof has one spelling, and no other one verifies."""
    asked = asked_of(KEY)
    evaluated, proof = KEY.evaluate([each.element for each in asked])
    with pytest.raises(PeerError) as refused:
        outputs(KEY.public, asked, evaluated, spoil(proof))
    assert refused.value.code == "bad-proof"


def test_an_answer_of_another_size_is_refused() -> None:
    """Fewer or more elements than were asked about have no meaning."""
    asked = asked_of(KEY)
    evaluated, proof = KEY.evaluate([each.element for each in asked])
    for wrong in (evaluated[:2], (*evaluated, evaluated[0]), ()):
        with pytest.raises(PeerError) as refused:
            outputs(KEY.public, asked, wrong, proof)
        assert refused.value.code == "bad-proof"


def test_two_blinds_make_two_elements_and_one_output() -> None:
    """A responder cannot see that the same identifier is asked about again."""
    first, second = (ask(b"same", mask) for mask in new_masks(KEY, 2))
    assert first.element != second.element
    results = [outputs(KEY.public, [each], *KEY.evaluate([each.element])) for each in (first, second)]
    assert results[0] == results[1] == [KEY.output(b"same")]


def test_every_byte_of_a_blind_counts() -> None:
    """The scalar is uniform because all 64 bytes make it; a blind that ignored some would hide less than it says."""
    blind = bytes(range(64))
    changed = [blind[:at] + bytes([blind[at] ^ 1]) + blind[at + 1 :] for at in (0, 31, 32, 63)]
    assert len({element_of(b"x", each) for each in (blind, *changed)}) == 5
    assert element_of(b"x", blind) == ask(b"x", masks(KEY.public, [blind])[0]).element


def test_a_key_travels_to_workers_and_prints_nothing() -> None:
    """It is pickled to the processes of an executor; in a traceback it must not appear."""
    again = pickle.loads(pickle.dumps(KEY))
    assert again == KEY and again.public == KEY.public
    assert "kkkk" not in repr(KEY)


@pytest.mark.parametrize(("act", "said"), [
    (lambda: EpochKey(b"k" * 31), "32-byte seed"),
    (lambda: masks(KEY.public, [b"b" * 63]), "64 bytes"),
    (lambda: KEY.output(b""), "1 to 65535 bytes"),
    (lambda: KEY.output(bytes(65_536)), "1 to 65535 bytes"),
    (lambda: ask(b"", new_masks(KEY, 1)[0]), "1 to 65535 bytes"),
    (lambda: KEY.evaluate([]), "at least one"),
])
def test_a_callers_mistake_is_named(act: Any, said: str) -> None:
    """Lengths are the caller's own."""
    with pytest.raises(ValueError, match=said):
        act()
