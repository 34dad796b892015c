"""Public names across scripts: poets, scholars, rulers and cosmonauts, for tests of every script."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

SCRIPTS = {
    "en": "Latin", "la": "Latin", "fa": "Persian", "ar": "Arabic", "ur": "Urdu", "ps": "Pashto", "ru": "Russian",
    "kk": "Kazakh", "ky": "Kyrgyz", "tg": "Tajik", "uz": "Uzbek", "zh": "Chinese",
}


class Public(NamedTuple):
    """One spelling: whose it is (the line), in which language or script, and as written."""

    who: int
    script: str
    name: str


def public_names() -> list[Public]:
    """Return every spelling of the list; Uzbek in Latin letters counts as Latin."""
    text = (Path(__file__).parent / "public-names.txt").read_text(encoding="utf-8")
    found = []
    for who, line in enumerate(line for line in text.splitlines() if line and not line.startswith("#")):
        for spelling in line.split("|"):
            language, name = spelling.split(" ", 1)
            found.append(Public(who, "Latin" if name[0].isascii() else SCRIPTS[language], name))
    return found
