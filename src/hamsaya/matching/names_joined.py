"""Compounds that some spell as one word and some as two or three: one word each, without the article between.

Rules
1. abd + X (servant of) and Abu X (father of) join with the next word; X ud-Din, X Allah, X Zada, X Pur with the one
   before. Particles between them go. Abdurrahman, Abd al-Rahman, Abderrahmane, عبدالرحمن, Абдурахман are one word.
2. The article goes where a spelling writes it into a word: Es-Saadi, Benmahdi, the -ul of Ziaul Haq.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from hamsaya.matching.scripts import words

LATIN, ARABIC, CYRILLIC, PINYIN = "latin", "arabic", "cyrillic", "pinyin"

_ARTICLE = re.compile(f"^ال(?!{'|'.join(words.NO_ARTICLE)})(?=..)")
_ABD_JOINED = re.compile(
    r"(?P<latin>abd)[aeiou]{1,2}(?:l(?!atif)(?=[a-z]{2})|(?P<sun>[rsznmtd])(?=(?P=sun)))"
    r"|(?P<cyrillic>абд)[уаеиоі](?:ль?(?!атиф)(?=\w{2})|(?P<sunny>[рсшзнтд])(?=(?P=sunny)))"
    r"|(?P<arabic>عبد)ال(?=..)"
)
_WRITTEN_IN = re.compile(r"^e([rsztdn])(?=\1.{4})|^ben(?=[^aeiouj].{3})")
_WRITTEN = {
    "servant": {LATIN: "abd", PINYIN: "abd", ARABIC: "عبد", CYRILLIC: "абд"},
    "father": {LATIN: "abu", PINYIN: "abu", ARABIC: "ابو", CYRILLIC: "абу"},
    "faith": {LATIN: "din", PINYIN: "din", ARABIC: "دین", CYRILLIC: "дин"},
    "god": {LATIN: "lla", PINYIN: "lla", ARABIC: "لله", CYRILLIC: "лла"},
}


class Word(NamedTuple):
    """One word of a name: folded, in which script, and whether it may be left out of the name."""

    text: str
    script: str
    weak: bool = False


def without_article(text: str) -> str:
    """Return an Arabic-script word without the article; names that only begin like it keep their letters."""
    return _ARTICLE.sub("", text)


def joined_words(pieces: Sequence[Word]) -> list[Word]:
    """Return the words with compounds made one."""
    found: list[Word] = []
    place = 0
    while place < len(pieces):
        word = pieces[place]
        place += 1
        if word.text in words.SERVANT | words.FATHER and (after := _next_name(pieces, place)) is not None:
            found.append(_compound(word, pieces[after]))
            place = after + 1
        elif word.text in words.FAITH | words.GOD | words.CHILD and any(w.text not in words.PARTICLES for w in found):
            while found[-1].text in words.PARTICLES:
                found.pop()
            found[-1] = Word(found[-1].text + _ending(word, found[-1].script), found[-1].script)
        else:
            found.append(_bare(word, pieces[place:place + 1]))
    return found


def _next_name(pieces: Sequence[Word], place: int) -> int | None:
    while place < len(pieces) - 1 and pieces[place].text in words.PARTICLES:
        place += 1
    return place if place < len(pieces) else None


def _compound(word: Word, after: Word) -> Word:
    """Return servant-of or father-of with what follows as one word, in the letters of what follows."""
    head = "servant" if word.text in words.SERVANT else "father"
    rest = without_article(after.text) if after.script == ARABIC else after.text
    if head == "servant" and after.script == LATIN and rest in words.GOD:
        rest = _WRITTEN["god"][LATIN]
    return Word(_WRITTEN[head][after.script] + rest, after.script)


def _ending(word: Word, script: str) -> str:
    if word.text in words.FAITH:
        return _WRITTEN["faith"][script]
    return _WRITTEN["god"][script] if word.text in words.GOD else word.text


def _bare(word: Word, following: Sequence[Word]) -> Word:
    """Return a word without the article that a spelling writes into it."""
    text = word.text
    if match := _ABD_JOINED.match(text):
        text = (match["latin"] or match["cyrillic"] or match["arabic"]) + text[match.end():]
    text = _WRITTEN_IN.sub("", text)
    if following and len(text) > 4:
        after = following[0].text
        if (text.endswith("ul") and after in words.REFLEX) or (text[-2:] in ("ur", "us") and after[:1] == text[-1]):
            text = text[:-2]
    return word._replace(text=text)
