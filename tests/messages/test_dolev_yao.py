"""The envelope's design holds against an insider who owns the network; two well-known designs do not."""

from __future__ import annotations

import inspect

import pytest

from hamsaya.messages import envelope
from tests.messages.dolev_yao import Design, Term, attacks, chain, forgeable, knowledge

NOTHING: Term = ("constant", "none")


def header(sender: str, recipient: str, message_id: str, key: Term) -> Term:
    """Who writes to whom, under which id, with the commitment to the content key."""
    return chain(
        ("name", sender), ("name", recipient), ("id", message_id), ("hash", ("pair", ("label", "commit"), key))
    )


def ours(sender: str, recipient: str, message_id: str, body: Term, key: Term) -> Term:
    """Header bound into wrap and body; the signature covers header and the digests of both."""
    head = header(sender, recipient, message_id, key)
    wrap, sealed = ("wrapped", key, recipient, ("hash", head)), ("locked", body, key, head)
    return chain(head, wrap, sealed, ("signed", sender, chain(head, ("hash", wrap), ("hash", sealed))))


def sign_then_encrypt(sender: str, recipient: str, message_id: str, body: Term, key: Term) -> Term:
    """The mutant of JWS in JWE: the signature inside does not say to whom."""
    return chain(
        ("wrapped", key, recipient, NOTHING), ("locked", ("pair", body, ("signed", sender, body)), key, NOTHING)
    )


def encrypt_then_sign_unbound(sender: str, recipient: str, message_id: str, body: Term, key: Term) -> Term:
    """The mutant whose wrap and body do not know their header: the signature can be replaced."""
    head = header(sender, recipient, message_id, NOTHING)
    wrap, sealed = ("wrapped", key, recipient, NOTHING), ("locked", body, key, NOTHING)
    return chain(head, wrap, sealed, ("signed", sender, chain(head, wrap, sealed)))


def wrap_unbound(sender: str, recipient: str, message_id: str, body: Term, key: Term) -> Term:
    """Ours, with a wrap that does not know its header; the body still does."""
    head = header(sender, recipient, message_id, key)
    wrap, sealed = ("wrapped", key, recipient, NOTHING), ("locked", body, key, head)
    return chain(head, wrap, sealed, ("signed", sender, chain(head, ("hash", wrap), ("hash", sealed))))


def unsigned(sender: str, recipient: str, message_id: str, body: Term, key: Term) -> Term:
    """No signature at all."""
    head = header(sender, recipient, message_id, key)
    return chain(head, ("wrapped", key, recipient, ("hash", head)), ("locked", body, key, head))


def in_the_clear(sender: str, recipient: str, message_id: str, body: Term, key: Term) -> Term:
    """Signed, not sealed."""
    head = header(sender, recipient, message_id, key)
    return chain(head, body, ("signed", sender, chain(head, body)))


def test_our_design_holds() -> None:
    """No secrecy lost, no plagiarism, no surreptitious forwarding."""
    assert attacks(ours) == set()


@pytest.mark.parametrize(
    ("mutant", "found"),
    [
        (sign_then_encrypt, {"forwarding"}),
        (encrypt_then_sign_unbound, {"plagiarism"}),
        (unsigned, {"forwarding"}),
        (in_the_clear, {"secrecy", "plagiarism"}),
    ],
)
def test_the_checker_finds_the_known_attacks(mutant: Design, found: set[str]) -> None:
    """A checker that finds nothing proves nothing: each mutant must fail in the way the literature says."""
    assert attacks(mutant) == found


def test_one_binding_is_enough_against_plagiarism() -> None:
    """With the body bound to the header a free wrap helps nobody in this model; we bind both all the same."""
    assert attacks(wrap_unbound) == set()


def test_the_model_is_of_the_code() -> None:
    """What the model binds is what ``seal`` binds: the header in wraps and body, digests in the statement."""
    source = inspect.getsource(envelope)
    for line in (
        "_WRAP_LABEL + digest(header_bytes) + kid",
        "seal_body(derive(content_key, _BODY_LABEL), body, header_bytes)",
        "[header_bytes, digest(wraps), digest(sealed_body), len(sealed_body)]",
    ):
        assert line in source


def test_the_attacker_composes_and_takes_apart() -> None:
    """The checker itself, on terms small enough to see."""
    secret, key = ("fresh", "s"), ("fresh", "k")
    assert not forgeable(secret, knowledge({("locked", secret, key, NOTHING)}))
    assert forgeable(secret, knowledge({("locked", secret, key, NOTHING), key}))
    assert forgeable(secret, knowledge({("wrapped", secret, "M", NOTHING), ("secret", "M")}))
    assert not forgeable(secret, knowledge({("wrapped", secret, "B", NOTHING), ("secret", "M")}))
    assert forgeable(secret, knowledge({("signed", "A", secret)}))
    assert not forgeable(("signed", "A", NOTHING), knowledge({("secret", "M")}))
    assert not forgeable(secret, knowledge({("hash", secret)}))
    # A key that can be computed opens, although it was never sent as such.
    assert forgeable(secret, knowledge({("locked", secret, ("hash", NOTHING), NOTHING)}))
