"""What reservations leave of a clause between two parties, by all that is known here (``charter.treaty`` has the law).

A reservation names some of the clause's kinds, which the clause then does not permit between the two, or obligations,
under which alone it does; with neither it is to the whole clause. Accepted, it works so both ways. Objected to, the
clause is not there between the two as far as it was reserved; with nothing in force between them, nothing of the
instrument is, but what serves to bring it into force.
"""

from __future__ import annotations

from collections.abc import Mapping

from hamsaya.charter.said import Reserved
from hamsaya.charter.situation import Situation
from hamsaya.charter.treaty import Provision, Reaction, Relation, Reservation, relation
from hamsaya.charter.types import CHARTER, Clause, Request

NOTHING = frozenset[str]()


def reserved_between(situation: Situation, request: Request) -> tuple[frozenset[str], frozenset[str]]:
    """Return the clauses that reservations take away for this kind between the two, and obligations they add."""
    pair = (request.sender, request.recipient)
    if pair[0] == pair[1]:
        return NOTHING, NOTHING
    taken, added = set[str](), set[str]()
    instrument = situation.compiled.instruments[request.instrument]
    for clause in instrument.clauses:
        own = reservations_of(situation, instrument.id, clause.id, pair)
        if not own:
            continue
        found = relation_between(situation, instrument.id, clause, pair, request.at)
        if found.effect == "no-treaty-relation":
            return frozenset(each.id for each in instrument.clauses if not each.before_entry), NOTHING
        if found.effect != "applies":
            for word in own.values():
                _leave(word, clause.id, request.kind, found.effect == "modified-both-ways", taken, added)
    return frozenset(taken), frozenset(added)


def _leave(word: Reserved, clause: str, kind: str, modified: bool, taken: set[str], added: set[str]) -> None:
    if word.withdrawn:
        return
    to_a_condition = modified and bool(word.obligations)
    if kind in word.excludes or not (word.excludes or to_a_condition):
        taken.add(clause)
    elif to_a_condition:
        added.update(word.obligations)


def reservations_of(
    situation: Situation, instrument: str, clause: str, pair: tuple[str, str]
) -> dict[str, Reserved]:
    """Return what each of the two has said of reserving the clause, withdrawn or not."""
    words = {member: situation.state.reservations.get((member, instrument, clause)) for member in pair}
    return {member: word for member, word in words.items() if word is not None}


def relation_between(
    situation: Situation, instrument: str, clause: Clause, pair: tuple[str, str], at: int
) -> Relation:
    """Return what holds of ``clause`` between the two at ``at``, the same seen from either side."""
    own = reservations_of(situation, instrument, clause.id, pair)
    reservations = [Reservation(member, clause.id, word.at, word.at if word.withdrawn else None)
                    for member, word in own.items()]
    reactions = [
        Reaction(member, reserving, clause.id, answer.stance, answer.at)
        for (member, reserving, about, name), answers in situation.state.reactions.items()
        if (about, name) == (instrument, clause.id) for answer in answers
    ]
    provision = Provision(clause.id, clause.reservable)
    return relation(provision, pair, reservations, reactions, at, _bound_since(situation, instrument))


def _bound_since(situation: Situation, instrument: str) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for (document, _), signers in situation.state.signatures.items():
        for member, signatures in signers.items() if document == CHARTER else ():
            for each in signatures:
                if not each.instruments or instrument in each.instruments:
                    found[member] = min(found.get(member, each.at), each.at)
    return found
