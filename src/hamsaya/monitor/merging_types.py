"""Accounts of incidents by area, what became of comparing them, and what persons decided. No field can hold a person.

An *account* is what one reporter says of one event: where, when, how many deaths between two bounds, and codes. A
*denial* is an account too: it says that something did not happen, or happened elsewhere than on the reporter's side.
An *incident* holds the accounts of one event side by side. Nothing is ever deleted: earlier vintages of an account and
every decision stay in the ledger, and incidents are computed from it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.kinds import Instant, Member, Ref

Stance = Literal["affirms", "denies", "elsewhere"]
"""affirms: it happened so; denies: it did not happen; elsewhere: not on the reporter's side."""
Ground = Literal["review", "place", "day", "deaths", "actors", "source", "unmerge", "undo"]
"""Why a person ruled so: all of it, or what decided (source: one reporter copies the other); or by which call."""
Verdict = Literal["same", "different", "open"]
"""open: an earlier ruling is taken back, the model speaks again."""
Agreement = Literal["single", "agreed", "differing", "contested"]
"""single: one side speaks; agreed: sides agree within their bounds; differing: they do not; contested: one denies."""

Day = Annotated[int, msgspec.Meta(ge=-25_567, le=84_006)]  # 1900-01-01 to 2199-12-31, days since 1970-01-01.
Deaths = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
Key = tuple[Member, Ref]
"""Reporter and its own number of the account."""


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one reporter says of one event.

    Attributes:
        id: The reporter's own number.
        as_of: Vintage, UTC milliseconds; the latest of one id speaks.
        longitude, latitude: Degrees, WGS 84.
        precision: UCDP's ``where_prec`` of the place, 1 exact to 7; 0 unknown.
        first_day, last_day: Days since 1970-01-01.
        low, best, high: Deaths, low <= best <= high.
        violence: 1 state-based, 2 non-state, 3 one-sided; 0 unknown.
        actor: Class of who acted, a number of the list that the reporters agreed on; 0 unknown. Never a name.
        answers: The account that a denial is about, where it says so.
    """

    reporter: Member
    id: Ref
    as_of: Instant
    longitude: Annotated[float, msgspec.Meta(ge=-180, lt=180)]
    latitude: Annotated[float, msgspec.Meta(ge=-90, lt=90)]
    precision: Annotated[int, msgspec.Meta(ge=0, le=7)]
    first_day: Day
    last_day: Day
    low: Deaths
    best: Deaths
    high: Deaths
    violence: Annotated[int, msgspec.Meta(ge=0, le=3)]
    actor: Annotated[int, msgspec.Meta(ge=0, le=63)]
    stance: Stance = "affirms"
    answers: Key | None = None

    def __post_init__(self) -> None:
        if self.first_day > self.last_day:
            raise ValueError("expected first_day <= last_day")
        if not self.low <= self.best <= self.high:
            raise ValueError("expected low <= best <= high")
        if self.answers is not None and self.stance == "affirms":
            raise ValueError("expected answers with a denial only")

    @property
    def key(self) -> Key:
        """Who says it, under which number."""
        return self.reporter, self.id


class Candidate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two accounts that may be of one event; ``left`` before ``right``.

    Attributes:
        odds: Of one event against two, before other pairs compete. Of a denial 1: nothing is known, a person decides.
        denial: One of the two is a denial that names no account.
        reasons: Words for the reader, the weightiest first.
    """

    left: Key
    right: Key
    odds: float
    denial: bool
    reasons: list[str]


class Ruling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person decided about two accounts; the latest of a pair holds, the earlier stay.

    ``by`` is the pseudonym under which the person is enrolled. There is no free text.
    """

    left: Key
    right: Key
    verdict: Verdict
    ground: Ground
    by: Ref
    at: Instant


class Ledger(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is known: accounts that speak, earlier vintages, candidates, rulings in the order in which they fell."""

    accounts: list[Account] = []
    earlier: list[Account] = []
    candidates: list[Candidate] = []
    rulings: list[Ruling] = []


class Linked(msgspec.Struct, frozen=True):
    """A candidate with its probability once all compete and persons have ruled; None of a denial not ruled on."""

    candidate: Candidate
    probability: float | None
    ruling: Ruling | None


class Incident(msgspec.Struct, frozen=True):
    """One event as its reporters tell it. The accounts themselves stay as they are; this is what they span.

    Attributes:
        id: Reporter and number of its first account.
        accounts, denials: Keys, sorted.
        probability: That the weakest of the pairs that hold it together is one event; None with one account.
        low, high: Deaths, from the lowest to the highest bound; low is 0 where someone denies it.
        best_low, best_high: Span of the best estimates.
        cells: PRIO-GRID cells of the places given, sorted.
        disagreement: Words; empty where the sides agree.
    """

    id: str
    status: Agreement
    accounts: list[Key]
    denials: list[Key]
    probability: float | None
    first_day: int
    last_day: int
    low: int
    best_low: int
    best_high: int
    high: int
    cells: list[int]
    violence: list[int]
    actors: list[int]
    disagreement: list[str]
