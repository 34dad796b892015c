"""A bounded Dolev-Yao checker: what can an insider who owns the network compose from what it has seen?

Terms are tuples, cryptography is perfect. The attacker takes apart all it can (``knowledge``) and then a term is
forgeable when it can be put together from the rest (``forgeable``). Sessions, ids and keys are a handful each: this
finds flaws of design, such as a signature that can be stripped, and proves nothing about an unbounded number of runs.

    ("fresh", x)            a secret made by an honest party     ("secret", who)   a party's private keys
    ("pair", a, b)          both are readable                    ("hash", t)       tells nothing of t, made from t
    ("signed", who, t)      t is readable; made with ("secret", who)
    ("wrapped", t, who, i)  t for ``who`` alone, bound to i      ("locked", t, k, a)  t under key k, bound to a
    anything else           public
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

Term = tuple[Any, ...]
Design = Callable[[str, str, str, Term, Term], Term]
"""(sender, recipient, message id, body, content key) -> the envelope as a term."""


def knowledge(seen: set[Term]) -> set[Term]:
    """Return ``seen`` and everything that comes out of it when taken apart, to the end."""
    known = set(seen)
    while fresh := {part for term in known for part in _parts(term, known)} - known:
        known |= fresh
    return known


def _parts(term: Term, known: set[Term]) -> tuple[Term, ...]:
    match term:
        case ("pair", first, second):
            return (first, second)
        case ("signed", _, text):
            return (text,)
        case ("wrapped", text, who, _) if ("secret", who) in known:
            return (text,)
        case ("locked", text, key, _) if forgeable(key, known):
            return (text,)
    return ()


def forgeable(term: Term, known: set[Term]) -> bool:
    """Say whether the attacker can put ``term`` together from ``known``."""
    if term in known:
        return True
    match term:
        case ("fresh" | "secret", _):
            return False
        case ("signed", who, text):
            return ("secret", who) in known and forgeable(text, known)
        case ("wrapped", text, _, info):
            return forgeable(text, known) and forgeable(info, known)
        case ("pair" | "hash" | "locked", *parts):
            return all(forgeable(part, known) for part in parts)
    return True


def chain(*terms: Term) -> Term:
    """Return nested pairs."""
    return terms[0] if len(terms) == 1 else ("pair", terms[0], chain(*terms[1:]))


def attacks(design: Design) -> set[str]:
    """Return which of three goals the insider M reaches against A and B.

    secrecy      M learns what A sealed to B
    plagiarism   B accepts as M's words a body that A sealed to B
    forwarding   M, to whom A wrote, makes B accept the same words as A's to B
    """
    body, key_a, key_m = ("fresh", "body"), ("fresh", "key of A"), ("fresh", "key of M")
    own = {("secret", "M"), key_m}
    ids, keys = ("1", "2"), (key_a, key_m)
    to_b = knowledge(own | {design("A", "B", "1", body, key_a)})
    to_m = knowledge(own | {design("A", "M", "1", body, key_a)})
    found = {
        "secrecy": forgeable(body, to_b),
        "plagiarism": any(forgeable(design("M", "B", i, body, k), to_b) for i, k in product(ids, keys)),
        "forwarding": any(forgeable(design("A", "B", i, body, k), to_m) for i, k in product(ids, keys)),
    }
    return {goal for goal, reached in found.items() if reached}
