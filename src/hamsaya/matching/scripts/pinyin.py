"""Mandarin names: what may be pinyin, and the Cyrillic spelling (Palladius) turned into it.

    spelled("jinping", "latin") == spelled("цзиньпин", "cyrillic") == "jinping"

Tones are unknown in all three scripts, so one spelling stands for many names.
"""

from __future__ import annotations

import re

_INITIALS = {
    "чж": "zh", "цз": "z", "б": "b", "п": "p", "м": "m", "ф": "f", "д": "d", "т": "t", "н": "n", "л": "l", "г": "g",
    "к": "k", "х": "h", "ц": "c", "с": "s", "ч": "ch", "ш": "sh", "ж": "r", "в": "w", "": "",
}
_FINALS = {
    "уань": "uan", "уан": "uang", "уай": "uai", "уэй": "ui", "юань": "üan", "юнь": "ün", "юн": "iong", "юй": "ü",
    "юэ": "üe",
    "янь": "ian", "ян": "iang", "яо": "iao", "инь": "in", "ин": "ing", "ань": "an", "ан": "ang", "ай": "ai", "ао": "ao",
    "энь": "en", "эн": "eng", "эй": "ei", "эр": "er", "оу": "ou", "унь": "un", "ун": "ong", "уй": "ui", "уа": "ua",
    "я": "ia", "е": "ie", "ю": "iu", "и": "i", "ы": "i", "а": "a", "э": "e", "о": "uo", "у": "u",
}
_PALATAL = {"z": "j", "c": "q", "s": "x"}
_ALONE = {
    "ü": "yu", "üan": "yuan", "üe": "yue", "ün": "yun", "iong": "yong", "iu": "you", "i": "yi", "in": "yin",
    "ing": "ying", "ia": "ya", "iao": "yao", "ie": "ye", "ian": "yan", "iang": "yang", "u": "wu", "uo": "o",
}

_SYLLABLE = re.compile(f"({'|'.join(_INITIALS)})({'|'.join(_FINALS)})ъ?")
_CYRILLIC = re.compile(f"(?:(?:{'|'.join(_INITIALS)})(?:{'|'.join(_FINALS)})ъ?){{1,2}}")
_PINYIN = re.compile(
    "(?:(?:zh|ch|sh|[bpmfdtnlgkhrzcsyw]|[jqx](?=[iu]))?"
    "(?:iang|iong|uang|ang|eng|ong|ian|iao|uai|uan|ing|ai|ei|ao|ou|an|en|er|ia|ie|iu|in|ua|uo|ui|un|ue|[aoeiu])){1,2}"
)
TELLING = re.compile("x|q[iu]|zh|ng$|цз|чж|нь$|юй|сю|ця|цю|уэ")
"""Letters that hardly any other name of two Mandarin syllables has."""


def spelled(text: str, script: str) -> str | None:
    """Return a word in pinyin without tones, None where it cannot be one or two Mandarin syllables."""
    if script == "cyrillic":
        return _from_cyrillic(text) if _CYRILLIC.fullmatch(text) else None
    plain = text.replace("v", "u")
    return plain if script in ("latin", "pinyin") and _PINYIN.fullmatch(plain) else None


def _from_cyrillic(text: str) -> str:
    return "".join(_syllable(_INITIALS[match[1]], match[2]) for match in _SYLLABLE.finditer(text))


def _syllable(initial: str, cyrillic: str) -> str:
    final = _FINALS[cyrillic]
    if not initial:
        return _ALONE.get(final, final)
    if initial in _PALATAL and final[0] in "iü" and cyrillic != "ы":
        initial = _PALATAL[initial]
    if final == "uo" and initial in ("b", "p", "m", "f", "w"):
        final = "o"
    return initial + final.replace("ü", "u")
