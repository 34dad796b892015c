"""From a written name to its words: folded, cut, joined and freed of what is no name. The original is never changed.

Rules
1. NFKC and lower case. Marks are taken from Latin letters only: й, ӣ, ӯ and ئ are letters, not decorated ones. Arabic
   vowel signs, tatweel, joiners and apostrophes go; a zero-width non-joiner joins, since it stands inside a word.
2. What stands in brackets and all digits go. One comma turns ``SURNAME, Given`` round.
3. The letters that Arabic, Persian, Urdu and Pashto keyboards write differently get one form (ي ى ے -> ی, ك -> ک).
4. Chinese names become pinyin, from Han letters, Latin or Cyrillic (Palladius). Of Han letters the first, or a known
   pair, is the family name, unless a dot divides the name.
5. Compounds become one word (``names_joined``). Articles and filiation words go, then titles.
6. At most 256 characters and 12 words count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from anyascii import anyascii

from hamsaya.matching.names_joined import (
    ARABIC,
    CYRILLIC,
    LATIN,
    PINYIN,
    Word,
    joined_words,
    without_article,
)
from hamsaya.matching.scripts import words
from hamsaya.matching.scripts.latin import MARKED
from hamsaya.matching.scripts.pinyin import TELLING, spelled

MAX_LETTERS = 256
MAX_WORDS = 12

_BRACKETS = re.compile(r"[(\[（][^)\]）]*[)\]）]?")
_DROPPED = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u200b-\u200f\u2060\ufeff'’‘`´ʿʾʻʼʹ′\"“”]")
_ONE_FORM = str.maketrans({
    **dict.fromkeys("يىېےۓۍ", "ی"), **dict.fromkeys("كڪ", "ک"), "ہ": "ه", "ۀ": "ه", "ة": "ه",
    "ё": "е", "ۃ": "ه",
})
_ALEF = str.maketrans(dict.fromkeys("أإٱآ", "ا"))
_WORD = re.compile(r"[^\W\d_]+")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_MUHAMMAD_JOINED = re.compile(
    "(m[ou]ha?mm?[ae]d)((?![ioe]v|i$|i[^s])..+)"
    "|(мухамм?ад|муҳаммад)((?![оеи]в|ий?$|ӣ$)..+)"
    "|(محمد)((?!ی)..+)"
)
_FAITH_JOINED = re.compile("(?<=..)ال(?=دین$)")
_GOD_JOINED = re.compile("(?<=..)الله$")
_RUSSIAN_ENDING = re.compile("(?!عبد|م..وف)(.{3,}?)[ویا]+فا?")


def script_of(text: str) -> str:
    """Return the script of a folded word, told from its first letter; whatever is neither is read as Latin."""
    first = text[:1]
    if "\u0400" <= first <= "\u052f":
        return CYRILLIC
    if "\u0600" <= first <= "\u077f" or "\u08a0" <= first <= "\u08ff":
        return ARABIC
    return LATIN


def is_han(letter: str) -> bool:
    """Return whether a text begins with a Han character."""
    return bool(_HAN.match(letter))


def folded(name: str) -> str:
    """Return the name with what scripts and keyboards write differently in one form (rules 1 to 3)."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).lower())[:MAX_LETTERS]
    text = _DROPPED.sub("", _BRACKETS.sub(" ", text)).translate(_ONE_FORM)
    surname, comma, given = text.partition(",")
    return f"{given} {surname}" if comma and "," not in given and given.strip() else text


@lru_cache(maxsize=4_096)
def words_of(name: str) -> tuple[Word, ...]:
    """Return the words that make the name, in their order; none only where the name has no letters."""
    pieces = _as_pinyin(list(islice(_pieces(folded(name)), MAX_WORDS)))
    joined = joined_words(pieces)
    proper = [word for word in joined if word.text not in words.PARTICLES] or joined
    named = [word for word in proper if word.text not in words.TITLES] or proper
    return tuple(word._replace(weak=word.text in words.WEAK) for word in named)


def _pieces(text: str) -> Iterator[Word]:
    """Yield the words as written, each in letters its table knows (rule 4)."""
    dotted = any(dot in text for dot in "·•・‧")
    for match in _WORD.finditer(text):
        rest = match.group()
        while han := _HAN.search(rest):
            yield from _plain(rest[: han.start()])
            yield from _han(han.group(), whole=dotted)
            rest = rest[han.end():]
        yield from _plain(rest)


def _as_pinyin(pieces: list[Word]) -> list[Word]:
    """Return a short name as pinyin where each word is Mandarin and one has letters that tell."""
    spelt = [spelled(word.text, word.script) for word in pieces]
    if 2 <= len(pieces) <= 3 and all(spelt) and any(TELLING.search(word.text) for word in pieces):
        return [Word(spelling or "", PINYIN) for spelling in spelt]
    return pieces


def _han(run: str, *, whole: bool) -> Iterator[Word]:
    cut = 0 if whole or not 2 <= len(run) <= 4 else 2 if len(run) > 2 and run[:2] in words.COMPOUND_SURNAMES else 1
    for part in (run[:cut], run[cut:]):
        if part:
            sounds = "".join(_ascii_letters(anyascii(part)))
            yield Word(sounds.removesuffix("fu") if whole and part.endswith("夫") else sounds, PINYIN)


def _plain(text: str) -> Iterator[Word]:
    if not text:
        return
    script = script_of(text)
    if script is LATIN:
        text = "".join(_ascii_letters("".join(MARKED.get(letter, letter) for letter in text)))
    elif script is ARABIC and text.translate(_ALEF) not in words.GOD | words.FAITH | words.TITLES:
        text = without_article(text)
        text = _GOD_JOINED.sub("لله", _FAITH_JOINED.sub("", text))
        if ending := _RUSSIAN_ENDING.fullmatch(text):
            text = ending[1]
    text = text.translate(_ALEF)
    if match := _MUHAMMAD_JOINED.fullmatch(text):
        head, text = filter(None, match.groups())
        yield Word(head, script)
    if text:
        yield Word(text, script)


def _ascii_letters(text: str) -> Iterator[str]:
    """Yield the letters a to z of a text, marks taken off, letters of other scripts in their romanised form."""
    bare = (letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    return (letter for letter in anyascii("".join(bare)).lower() if "a" <= letter <= "z")
