"""From a word to the skeleton of its consonants, one for each reading of its letters.

    skeletons(Word("muhammad", "latin"))  == skeletons(Word("محمد", "arabic")) == ("MMT",)

Rules
1. The longest letters of the table win (sh before s). A vowel counts at the head of a word only.
2. A word has two readings: every letter's first, then every letter's second, where there is one. Traditions do not mix
   within a word: whoever writes ذ for z also writes ث for s.
3. Then, alike for all scripts: t and d before s or z are silent (ts, dz); h inside a word is left out, since
   Russian, French and Urdu write it or not; a doubled consonant is one.
"""

from __future__ import annotations

import re
from functools import lru_cache

from hamsaya.matching.names_joined import ARABIC, CYRILLIC, LATIN, PINYIN, Word
from hamsaya.matching.scripts import Script, arabic, cyrillic, latin, words

READINGS = 2
MAX_CODES = 12
LONGEST = 4
_TABLES = {ARABIC: arabic.TABLE, CYRILLIC: cyrillic.TABLE, LATIN: latin.TABLE, PINYIN: latin.PINYIN}
_DOUBLED = re.compile(r"(.)\1+")
_SILENT = re.compile("T(?=[SZ])")


@lru_cache(maxsize=4_096)
def skeletons(word: Word) -> tuple[str, ...]:
    """Return the word's skeletons, the plain one first: one or two of at most 12 codes, empty when it has none."""
    if fixed := words.FIXED.get(word.text):
        return (fixed,)
    readings = _read(word.text, _TABLES[word.script])
    return tuple(dict.fromkeys(map(_settled, readings)))


def _read(text: str, table: Script) -> list[str]:
    parts, place = [], 0
    while place < len(text):
        letters, codes = _codes(text, place, table)
        place += len(letters)
        parts.append(codes)
    return ["".join(codes[min(reading, len(codes) - 1)] for codes in parts) for reading in range(READINGS)]


def _codes(text: str, place: int, table: Script) -> tuple[str, tuple[str, ...]]:
    """Return the letters that stand together at ``place``, and how they are read."""
    for length in range(min(LONGEST, len(text) - place), 0, -1):
        letters = text[place:place + length]
        if letters in table.consonants:
            if place and place + length == len(text) and letters in table.silent_end:
                return letters, ("",)
            if letters == "c" and text[place + 1:place + 2] in latin.SOFTENS_C:
                return letters, ("S",)
            return letters, table.consonants[letters]
    return text[place], ("" if place else table.heads.get(text[0], ""),)


def _settled(codes: str) -> str:
    codes = _DOUBLED.sub(r"\1", codes)
    codes = _SILENT.sub("", codes)
    return _DOUBLED.sub(r"\1", codes[:1] + codes[1:].replace("H", ""))[:MAX_CODES]
