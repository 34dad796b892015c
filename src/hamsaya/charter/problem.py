"""One thing wrong with a charter's text: where it stands, how grave it is, and why."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["error", "warning"]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A fault of one article, instrument or class of decisions.

    Attributes:
        ref: ``instrument:clause``, an instrument, ``rules:class``, or ``charter`` for the whole.
        code: One machine word.
        severity: Of an ``error`` the text is refused; a ``warning`` is for its authors.
        sentence: Why, in plain words.
    """

    ref: str
    code: str
    severity: Severity
    sentence: str


def error(ref: str, code: str, sentence: str) -> Problem:
    """Return a fault for which the text is refused."""
    return Problem(ref=ref, code=code, severity="error", sentence=sentence)


def warning(ref: str, code: str, sentence: str) -> Problem:
    """Return a fault that harms nobody."""
    return Problem(ref=ref, code=code, severity="warning", sentence=sentence)
