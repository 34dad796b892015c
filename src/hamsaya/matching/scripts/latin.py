"""The Latin script as English, French, German and Turkic spellings of these names use it, and pinyin."""

from __future__ import annotations

from hamsaya.matching.scripts import script

TABLE = script(
    """
    dzh dj dsch j g = G
    gh = G K
    zh = G Z
    tch tsch = C
    ch = C S
    sch sh shch s = S
    ts tz = S
    c = K
    kh h = H
    b p = B
    ph f = F
    t d = T
    th = T S
    dh = T Z
    z = Z
    k q ck = K
    l = L
    m = M
    n = N
    r = R
    x = H KS
    """,
    heads={"A": "aeiouy", "V": "vw"},
    silent_end="h",
)
PINYIN = script(
    """
    x s sh = S
    q ch c = C
    zh j g = G
    z = Z
    h = H
    b p = B
    f = F
    t d = T
    k = K
    l = L
    m = M
    n = N
    ng = N NG
    r = R
    """,
    heads={"A": "aeiouy", "V": "w"},
)
MARKED = {
    "ş": "sh", "ș": "sh", "š": "sh", "ç": "ch", "č": "ch", "ž": "zh", "ğ": "gh", "ı": "i", "ə": "a", "ł": "l",
    "đ": "d", "ð": "d", "þ": "th", "ø": "o", "æ": "a", "œ": "o", "ß": "ss", "ħ": "h",
}
"""Letters whose mark changes the consonant; every other mark is taken off."""
SOFTENS_C = frozenset("eiy")
