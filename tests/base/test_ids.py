"""Identifiers: what a slug, a reference and a message id may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.base.ids import member_id, message_id, reference


@pytest.mark.parametrize("text", ["pk", "joint-cell", "a0", "x" * 32])
def test_slugs(text: str) -> None:
    """A lower-case letter first, 2 to 32 characters."""
    assert member_id(text) == text


@pytest.mark.parametrize("text", ["", "p", "PK", "0a", "-a", "a b", "pk\n", "x" * 33, "pа", "a/b"])
def test_what_is_no_slug(text: str) -> None:
    """No line feed, no look-alike Cyrillic letter, nothing a path or a log line could be confused by."""
    with pytest.raises(ValueError, match="expected a member slug"):
        member_id(text)


@pytest.mark.parametrize("text", ["", " C", "-1", "C-1\n", "C 1", "x" * 65, "C\0", "قضيه"])
def test_what_is_no_reference(text: str) -> None:
    """The same for references of cases, commitments and tranches."""
    with pytest.raises(ValueError, match="expected a reference"):
        reference(text)


def test_references() -> None:
    """What people write on files is a reference."""
    for text in ("C-2026-001", "pk/C.1:a_b", "9", "x" * 64):
        assert reference(text) == text


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_message_ids_sort_by_time(first: int, second: int, noise: bytes) -> None:
    """Ids made later sort later, so that they are inserted at the end of a tree."""
    assert len(message_id(first, noise)) == 16
    assert (message_id(first, noise) < message_id(second, noise)) == (first < second)


@pytest.mark.parametrize(("now", "noise"), [(-1, bytes(10)), (2**48, bytes(10)), (0, bytes(9)), (0, bytes(11))])
def test_a_message_id_needs_its_ranges(now: int, noise: bytes) -> None:
    """A caller's mistake is no identifier."""
    with pytest.raises((ValueError, OverflowError)):
        message_id(now, noise)
