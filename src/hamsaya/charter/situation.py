"""Who stands where at one instant: what all the charter's messages known here come to, at a time.

Rules
1. A member's standing is the document's, then what adopted decisions gave it, in the order of their effect; a
   decision that names an instrument speaks of that one alone.
2. A notice of withdrawal takes effect when the instrument's notice has run, unless it was revoked before: then the
   member has left, and clauses marked so go on for it until the wind-down is over. Only a later decision that names
   the instrument lets it in again.
3. An instrument enters into force once enough members of full standing have signed it, the required ones among them,
   and the delay is over; it ends at its sunset. What it requires must be in force too. A draft never is.
4. Signatures of an earlier revision hold for what lawfully took its place: an amendment binds by the charter's rule.
   They hold for the instruments that were there when they were given and have been there since: a new instrument, or
   one that was dropped and has come back, binds nobody who has not signed it as it is.
5. A cut link is cut both ways from the instant of the message, until whoever cut it joins it again.
6. What was decided counts from its effect (``charter.history``).

    situation = situation_at(compiled, revisions, state, event.issued_at)   # holds for since <= t < until
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from hamsaya.base.instants import DAY
from hamsaya.charter.compiled import Compiled
from hamsaya.charter.history import END_OF_TIME, SKEW, effects, epoch_at, in_effect, record_of
from hamsaya.charter.said import CharterState, Signed
from hamsaya.charter.treaty import twelve_months_after
from hamsaya.charter.types import CHARTER, Held, Instrument
from hamsaya.messages.charter import SetStanding


@dataclass(frozen=True)
class Situation:
    """Everything the clauses ask about members and instruments, fixed for ``since <= t < until``.

    Attributes:
        standings: (member, instrument) -> standing; ``held`` gives those without an entry.
        entered: Instruments in force.
        expired: Instruments whose sunset is over.
        bound: (member, instrument) for every member that has signed it, or an earlier revision of it.
        winding: (member, instrument) for members that have left and are winding down.
        cuts: Pairs whose link is cut, and who cut it.
        reserved: Instruments on which there are reservations.
    """

    compiled: Compiled
    state: CharterState
    since: int
    until: int
    standings: dict[tuple[str, str], Held]
    entered: frozenset[str]
    expired: frozenset[str]
    bound: frozenset[tuple[str, str]]
    winding: frozenset[tuple[str, str]]
    cuts: dict[frozenset[str], str]
    reserved: frozenset[str]
    epoch: int

    def held(self, member: str, instrument: str = "") -> Held:
        """Return ``member``'s standing under ``instrument``, in general without one; "left" for a stranger."""
        found = self.standings.get((member, instrument)) or self.standings.get((member, ""))
        return found or Held("left")

    @cached_property
    def electorate(self) -> dict[str, str]:
        """Every member (not the organs) with its general standing, for ``votes.evaluate``."""
        parties = self.compiled.members.values()
        return {party.id: self.held(party.id).standing for party in parties if party.role == "member"}


def situation_at(
    compiled: Compiled, lineage: Sequence[bytes], state: CharterState, at: int,
    kept: Mapping[bytes, frozenset[str]] | None = None,
) -> Situation:
    """Return the situation at ``at`` (UTC milliseconds).

    Args:
        compiled: The charter that is in effect then.
        lineage: Its revision and those it lawfully took the place of.
        kept: For those, the instruments that have been in every text since; for one not named: all.
    """
    signed = _signatures(lineage, state, kept or {})
    spans = {one.id: _force(compiled, one, signed) for one in compiled.document.instruments}
    instants = [*_instants(compiled, state), *(edge for span in spans.values() for edge in span)]
    standings, winding = _standings(compiled, state, at)
    entered = _required(compiled, {name for name, (start, end) in spans.items() if start <= at < end})
    return Situation(
        compiled, state,
        since=max((instant for instant in instants if instant <= at), default=0),
        until=min((instant for instant in instants if instant > at), default=END_OF_TIME),
        standings=standings,
        entered=entered,
        expired=frozenset(name for name, (_, end) in spans.items() if end <= at),
        bound=frozenset(
            (member, one.id) for one in compiled.document.instruments for member in _signers(one, signed, at)
        ),
        winding=winding,
        cuts={frozenset(pair): pair[0] for pair, said in state.cuts.items() if said.yes and said.at <= at},
        reserved=frozenset(instrument for _, instrument, _ in state.reservations),
        epoch=epoch_at(state, at),
    )


def _signatures(
    lineage: Iterable[bytes], state: CharterState, kept: Mapping[bytes, frozenset[str]]
) -> dict[str, list[Signed]]:
    """Return each member's signatures as far as they hold for the text in effect, counted from ``SKEW`` before."""
    found: dict[str, list[Signed]] = {}
    for text in lineage:
        for member, signatures in state.signed(CHARTER, text).items():
            held = [_held(each, kept[text]) if text in kept else each for each in signatures]
            found.setdefault(member, []).extend(each._replace(at=each.at - SKEW) for each in held if each is not None)
    return found


def _held(signature: Signed, kept: frozenset[str]) -> Signed | None:
    names = kept.intersection(signature.instruments) if signature.instruments else kept
    return signature._replace(instruments=tuple(sorted(names))) if names else None


def _signers(instrument: Instrument, signed: dict[str, list[Signed]], at: int = END_OF_TIME) -> dict[str, int]:
    """Return who has signed ``instrument`` by ``at``, and when first."""
    return {
        member: min(each.at for each in own)
        for member, signatures in signed.items()
        if (own := [s for s in signatures if s.at <= at and (not s.instruments or instrument.id in s.instruments)])
    }


def _force(compiled: Compiled, instrument: Instrument, signed: dict[str, list[Signed]]) -> tuple[int, int]:
    """Return from when to when ``instrument`` is in force by its own terms; (END, END) for never."""
    never = (END_OF_TIME, END_OF_TIME)
    if instrument.draft or (compiled.document.draft and not instrument.exercise):
        return never
    times = {member: at for member, at in _signers(instrument, signed).items() if member in compiled.ratifiers}
    if len(times) < instrument.entry_into_force or not set(instrument.required) <= set(times):
        return never
    complete = max(sorted(times.values())[instrument.entry_into_force - 1],
                   *(times[member] for member in instrument.required), 0)
    start = complete + instrument.entry_delay_days * DAY
    return start, start + instrument.sunset_days * DAY if instrument.sunset_days else END_OF_TIME


def _required(compiled: Compiled, entered: set[str]) -> frozenset[str]:
    """Return the instruments of ``entered`` whose required ones are there too."""
    while lacking := {name for name in entered if not set(compiled.instruments[name].requires) <= entered}:
        entered = entered - lacking
    return frozenset(entered)


def _standings(
    compiled: Compiled, state: CharterState, at: int
) -> tuple[dict[tuple[str, str], Held], frozenset[tuple[str, str]]]:
    found = {(party.id, ""): Held(party.standing) for party in compiled.document.members}
    decided: dict[tuple[str, str], int] = {}
    for effect, _, proposal in in_effect(state, at):
        match proposal.act:
            case SetStanding(member=member, standing=standing, instrument=None, clauses=clauses):
                found = {key: held for key, held in found.items() if key[0] != member}
                found[member, ""] = Held(standing, frozenset(clauses))
            case SetStanding(member=member, standing=standing, instrument=str() as name, clauses=clauses):
                found[member, name] = Held(standing, frozenset(clauses))
                decided[member, name] = effect
    winding = set()
    for (member, name), left_at, over_at in _departures(compiled, state):
        held = found.get((member, name)) or found.get((member, ""))
        if held is not None and held.standing == "left":
            continue  # It was put out, by a decision or by the text: no notice of its own gives it a wind-down.
        if decided.get((member, name), 0) <= left_at <= at:
            found[member, name] = Held("left")
            if at < over_at:
                winding.add((member, name))
    return found, frozenset(winding)


def _departures(compiled: Compiled, state: CharterState) -> Iterable[tuple[tuple[str, str], int, int]]:
    """Yield ((member, instrument), when it has left, when its wind-down is over)."""
    for (member, name), said in state.withdrawals.items():
        instrument = compiled.instruments.get(name)
        if said.yes and instrument is not None:
            left_at = said.at + instrument.notice_days * DAY
            yield (member, name), left_at, left_at + instrument.wind_down_days * DAY


def _instants(compiled: Compiled, state: CharterState) -> Iterable[int]:
    """Yield every instant at which the situation may change by anything but a signature's coming into force."""
    signed = [each.at for signers in state.signatures.values() for own in signers.values() for each in own]
    yield from (at - SKEW for at in signed)
    yield from (effect for effect, _, _ in effects(state))
    for reference in state.proposals:
        record = record_of(state, reference)
        if record is not None:
            yield record.effective_at
    for _, left_at, over_at in _departures(compiled, state):
        yield from (left_at, over_at)
    yield from (said.at for said in state.cuts.values())
    for reservation in state.reservations.values():
        # The months of silence run from the notice or from the day the silent member was bound (treaty.py, rule 3).
        yield from (reservation.at, twelve_months_after(reservation.at))
    for answers in state.reactions.values():
        yield from (answer.at for answer in answers)
    if state.reservations:
        yield from map(twelve_months_after, signed)
