"""The cross-script pairs of the UN list, cut into halves and groups by rules that know nothing of our tables.

Halves: a party belongs to the tuning half when the first byte of SHA-256("hamsaya-names-split-1:" + dataid) is below
128, else it is held out. Groups of a pair (individuals only):
    name        the party's own name and its original script
    spelling    an alias whose words each have a counterpart in the own name, and the other way round
    part        an alias whose words each have a counterpart in the own name, which has more words
    other       every other alias: noms de guerre, kunyas, names of another kind
    low         every alias that the list grades Low
A counterpart is a Latin word with a Jaro-Winkler similarity of 0.8 or more; articles and filiation words do not count.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rapidfuzz.distance import JaroWinkler

FILE = "unsc-name-pairs-latin-original.csv.gz"
CORE = ("name", "spelling", "part")
SMALL = frozenset({"al", "el", "bin", "ben", "ibn", "abd", "abdul", "abdel", "ul", "ur", "ud", "din", "ould", "ad",
                   "as"})


class Row(NamedTuple):
    """One pair of the list: the party, both names, its group, and the script of the original."""

    party: str
    latin: str
    original: str
    group: str
    script: str


def is_tuning(party: str) -> bool:
    return hashlib.sha256(f"hamsaya-names-split-1:{party}".encode()).digest()[0] < 128


def rows(folder: Path, *, tuning: bool) -> list[Row]:
    """Return the pairs of one half."""
    with gzip.open(folder / FILE, "rt", encoding="utf-8") as text:
        cells = [row for row in csv.DictReader(text)
                 if row["kind"] == "Individual" and is_tuning(row["dataid"]) == tuning]
    own = {row["dataid"]: row["latin"] for row in cells if row["quality"] == "name"}
    return [Row(row["dataid"], row["latin"], row["original"], _group(row, own.get(row["dataid"])),
                row["original_script"].lower()) for row in cells]


def _group(row: dict[str, str], own: str | None) -> str:
    if row["quality"] in ("name", "Low"):
        return row["quality"].lower()
    if own is None:
        return "other"
    alias, name = _words(row["latin"]), _words(own)
    return ("spelling" if _covered(name, alias) else "part") if _covered(alias, name) else "other"


def _words(text: str) -> list[str]:
    bare = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))
    bare = re.sub("[’‘'`´]", "", re.sub(r"\([^)]*\)|,? born.*| dit .*", "", bare))
    found = re.findall("[a-z]+", bare)
    return [word for word in found if word not in SMALL and len(word) > 1] or found


def _covered(some: list[str], others: list[str]) -> bool:
    return all(any(JaroWinkler.similarity(one, other) >= 0.8 for other in others) for one in some)


def cross(found: list[Row]) -> Iterator[tuple[str, str]]:
    """Yield every pair of a Latin name (none of low grade) and another party's original."""
    latin = sorted({(row.party, row.latin) for row in found if row.group != "low"})
    original = sorted({(row.party, row.original) for row in found})
    yield from ((here, there) for one, here in latin for other, there in original if one != other)
