"""What holds between two members when one of them has signed with a reservation.

Rules (Vienna Convention on the Law of Treaties, 1969)
1. No reservation in effect: the clause applies between the two.
2. A clause that the instrument lets nobody reserve cannot be reserved (art. 19): it applies all the same.
3. Accepted, expressly or by twelve months' silence (art. 20.5): modified, and for both ways alike (art. 21.1).
   The months run from the notice, or from the day the silent member itself was bound, whichever is later.
4. Objected to, without more: between the two the clause does not apply to the extent reserved (art. 21.3).
5. Objected to with the declared intention (art. 20.4 b): the instrument is not in force between the two.
6. While the months run and nothing has been said there is no relation yet (art. 20.4 a); ``until`` says how long.
7. An acceptance is final. An objection counts only within the months; it may be softened to a simple one or
   turned into an acceptance, never hardened. A reservation may be withdrawn at any time (art. 22).
8. Where both have reserved, the effect that leaves the least stands.

    relation(Provision("CX.3"), ("pk", "uz"), [Reservation("uz", "CX.3", at)], [], now).effect

Left out: reservations that need every party's acceptance (art. 20.2, 20.3), and whether one fits the object and
purpose (art. 19 c): both are judgements of people, who then say so by an objection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from hamsaya.base.instants import to_text

Effect = Literal["applies", "modified-both-ways", "excluded-between-the-two", "no-treaty-relation"]
Stance = Literal["accepted", "objected", "objected-excluding"]
# From the most to the least that is left between the two.
EFFECTS: tuple[Effect, ...] = ("applies", "modified-both-ways", "excluded-between-the-two", "no-treaty-relation")


@dataclass(frozen=True, slots=True)
class Provision:
    """One clause as far as reservations go."""

    clause: str
    reservable: bool = True


@dataclass(frozen=True, slots=True)
class Reservation:
    """``member`` reserved ``clause``; instants of the notice and of a withdrawal in UTC milliseconds."""

    member: str
    clause: str
    notified_at: int
    withdrawn_at: int | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """``member`` answered the reservation of ``reserving`` on ``clause``, at UTC milliseconds ``at``."""

    member: str
    reserving: str
    clause: str
    stance: Stance
    at: int


class Relation(NamedTuple):
    """What holds between the two, in words too; ``until``: when silence alone will change it, UTC milliseconds."""

    effect: Effect
    until: int | None
    sentence: str


def relation(
    provision: Provision,
    between: tuple[str, str],
    reservations: Iterable[Reservation],
    reactions: Iterable[Reaction],
    now: int,
    bound: Mapping[str, int] | None = None,
) -> Relation:
    """Return the effect of ``provision`` between two members, the same seen from either side.

    Args:
        reservations, reactions: In any order; those of others, on other clauses or after ``now`` do not count.
        now: UTC milliseconds.
        bound: When each member consented to be bound; who is not named was bound before every notice.
    Raises:
        ValueError: the two are one.
    """
    if between[0] == between[1]:
        raise ValueError(f"expected two members, received {between[0]!r} twice")
    said = [r for r in reactions if r.clause == provision.clause and r.at <= now]
    found = [
        _one(provision, reservation, other, said, now, (bound or {}).get(other, 0))
        for reservation in reservations
        for other in between
        if _in_effect(reservation, provision, now) and {reservation.member, other} == set(between)
    ]
    if not found:
        return Relation("applies", None, f"{provision.clause} applies: neither has reserved it.")
    return max(found, key=lambda one: (EFFECTS.index(one.effect), -(one.until or 0), one.sentence))


def _in_effect(reservation: Reservation, provision: Provision, now: int) -> bool:
    withdrawn = reservation.withdrawn_at is not None and reservation.withdrawn_at <= now
    return reservation.clause == provision.clause and reservation.notified_at <= now and not withdrawn


def _one(
    provision: Provision, reservation: Reservation, other: str, said: list[Reaction], now: int, bound_at: int
) -> Relation:
    by, clause = reservation.member, provision.clause
    if not provision.reservable:
        return Relation("applies", None, f"{clause} applies: nobody may reserve it, so what {by} said has no effect.")
    silent_until = twelve_months_after(max(reservation.notified_at, bound_at))
    match _stance(reservation, other, said, silent_until):
        case "accepted":
            text = f"{clause} applies as {by} reserved it, in both directions: {other} has accepted the reservation."
            return Relation("modified-both-ways", None, text)
        case "objected":
            text = f"{clause} does not apply between {by} and {other} as far as {by} reserved it: {other} has objected."
            return Relation("excluded-between-the-two", None, text)
        case "objected-excluding":
            text = f"Nothing of the instrument is in force between {by} and {other}: {other} has objected and said so."
            return Relation("no-treaty-relation", None, text)
    if now >= silent_until:
        text = f"{clause} applies as {by} reserved it, in both directions: {other} was silent for twelve months."
        return Relation("modified-both-ways", None, text)
    text = f"Nothing is in force yet between {by} and {other}: {other} may answer the reservation on {clause}"
    return Relation("no-treaty-relation", silent_until, f"{text} until {to_text(silent_until)}.")


def _stance(reservation: Reservation, other: str, said: list[Reaction], silent_until: int) -> Stance | None:
    """Return where ``other`` stands after all it said in time, by rule 7."""
    stance: Stance | None = None
    for reaction in sorted(said, key=lambda r: (r.at, r.stance)):
        parties = (reaction.member, reaction.reserving)
        if parties != (other, reservation.member) or reaction.at < reservation.notified_at:
            continue
        if reaction.stance == "accepted":
            return "accepted"
        if stance is None and reaction.at >= silent_until:
            return None
        if stance is None or reaction.stance == "objected":
            stance = reaction.stance
    return stance


def twelve_months_after(instant: int) -> int:
    """Return the same day and time a year later in UTC; 29 February becomes 28 February."""
    day = datetime.fromtimestamp(instant // 1000, UTC)
    later = day.replace(year=day.year + 1, day=28 if (day.month, day.day) == (2, 29) else day.day)
    return int(later.timestamp()) * 1000 + instant % 1000
