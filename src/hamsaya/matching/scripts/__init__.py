"""What each script's letters say about the consonants of a name: data, one table a script, under one version.

Codes of a skeleton
    A   a vowel at the head of a word; y, ayn and hamza there count as vowels, as scripts disagree about them
    V   w or v at the head of a word; inside a word scripts disagree whether it is a vowel, so it is left out
    B   b p    C   ch      F   f     G   g gh j zh     H   h kh    K   k q
    L   M   N   R          S   s sh  T   t d           Z   z

A row such as ``ذ = T Z`` gives a letter two readings: ذ is d in Arab names and z in Persian ones, Latin ch is English
or French. All other vowels are left out. The tables are ours, written from the scripts' spelling rules; whoever
changes one raises ``VERSION``, or two parties with different tables would silently never match.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

VERSION = "hn1"
"""Version of tables and rules. It stands at the head of every key, so keys of two versions never meet."""


class Script(NamedTuple):
    """One script's table: consonants (one to four letters -> readings), heads of words, letters silent at the end."""

    consonants: Mapping[str, tuple[str, ...]]
    heads: Mapping[str, str]
    silent_end: frozenset[str]


def script(rows: str, heads: Mapping[str, str], silent_end: str = "") -> Script:
    """Return a table from lines of ``letters = readings``, both separated by spaces; ``-`` is the empty reading."""
    consonants = {
        letters: tuple(code.strip("-") for code in codes.split())
        for row in rows.strip().splitlines() for left, codes in [row.split("=")] for letters in left.split()
    }
    return Script(consonants, {letter: code for code, letters in heads.items() for letter in letters},
                  frozenset(silent_end))
