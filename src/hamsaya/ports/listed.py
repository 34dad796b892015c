"""The common eligibility list as a node sees it: each party's reference, its graded names, and the list's date."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a listed party is."""

    INDIVIDUAL = "individual"
    ENTITY = "entity"


class NameQuality(StrEnum):
    """How the list grades a name: its own (also in the original script), a good or a weak alias, or ungraded."""

    NAME = "name"
    ORIGINAL = "original"
    GOOD = "good"
    LOW = "low"
    AKA = "aka"
    FKA = "fka"


class ListedName(NamedTuple):
    """One name as written; ``script`` is the Unicode word for its first letter's script, such as latin or arabic."""

    text: str
    quality: NameQuality
    script: str


class BirthYears(NamedTuple):
    """A year of birth as the list gives it: from ``first`` to ``last``, both included; ``approximate`` as it says."""

    first: int
    last: int
    approximate: bool


class ListedParty(NamedTuple):
    """One entry of the list as of ``as_of`` (UTC milliseconds): whoever shows the entry shows that date with it."""

    reference: str
    data_id: str
    kind: Kind
    regime: str
    names: tuple[ListedName, ...]
    born: tuple[BirthYears, ...]
    listed_on: str | None
    as_of: int


class Listing(NamedTuple):
    """A list as it was loaded: when it was generated, when it was loaded here, and the SHA-256 of its file."""

    as_of: int
    loaded_at: int
    digest: bytes
    parties: tuple[ListedParty, ...]


def eligible(parties: Iterable[ListedParty], reference: str) -> ListedParty | None:
    """Return the listed party with that permanent reference number (``QDi.001``), None when the list has none.

    Only the number counts: a name alone makes nobody eligible. The answer holds as of the party's ``as_of``.
    """
    wanted = reference.strip().casefold()
    return next((party for party in parties if wanted and party.reference.casefold() == wanted), None)
