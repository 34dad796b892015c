"""Who must have signed what: separation of duties, below every face and at both ends.

Rules, in the order in which they are applied
1. ``SIGNERS`` has a row for the kind: the seats, in order, and the roles that may take each. As many persons have
   signed as there are seats.                                        else ``person-missing``, ``extra-person``
2. Each is enrolled by the sender, with that key.                    else ``unknown-person``: the enrolment may be on
                                                                     its way, so a receiver waits for it
3. The credential counted when the message was issued.               else ``person-ended``
4. Its holder has the role it acts in, and the seat admits the role. else ``wrong-role``
5. No two are the same natural person: identities are compared, not names.               else ``same-person``
6. Who the body says did it, did it.                                 else ``wrong-person``
7. Every signature holds over this message.                          else ``bad-act-signature``

A kind without a row is refused: whoever adds one says who answers for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.base.errors import PeerError
from hamsaya.crypto import personal
from hamsaya.messages.acts import PersonAct, Signed
from hamsaya.messages.event import Event
from hamsaya.node.persons import PersonsState

Seats = tuple[tuple[str, ...], ...]
NOBODY: Seats = ()
LIAISON: Seats = (("liaison",),)
RELEASER: Seats = (("releaser",),)
VERIFIER: Seats = (("verifier",),)
DESK: Seats = (("liaison", "releaser"),)
"""Whoever is at the desk: an emergency does not wait for a second person."""
READER: Seats = (("liaison", "analyst"),)
ANALYST: Seats = (("analyst",),)
ANALYSED_AND_RELEASED: Seats = (("analyst",), ("releaser",))
"""Free text leaves a node with a second person's signature."""
AUDITOR: Seats = (("auditor",),)
PREPARED_AND_RELEASED: Seats = (("liaison",), ("releaser",))

# kind -> seats in order; the first role of a seat is the one taken by who has several. Acts of the clock and of the
# machine have none: what they say follows from what persons have said.
SIGNERS: Mapping[str, Seats] = {
    "case.open": PREPARED_AND_RELEASED,
    "case.ask": PREPARED_AND_RELEASED,
    "case.acknowledge": LIAISON,
    "case.answer": (("liaison", "analyst"), ("releaser",)),
    "case.attach": (("liaison", "analyst"), ("releaser",)),
    "case.decline": DESK,
    "case.say": DESK,
    "case.read": READER,
    "case.clear": NOBODY,
    "case.remind": NOBODY,
    "case.escalate": NOBODY,
    "case.late": NOBODY,
    "case.lapse": NOBODY,
    "case.revoke": RELEASER,
    "case.purge": READER,
    "case.close": LIAISON,
    "case.overdue": NOBODY,
    "case.raise": PREPARED_AND_RELEASED,
    "case.admit": LIAISON,
    "case.pause": LIAISON,
    "case.resume": LIAISON,
    "case.clarify": LIAISON,
    "case.extend": LIAISON,
    "case.transfer": LIAISON,
    "case.withdraw": LIAISON,
    "case.seen": READER,
    "case.accept": READER,
    "case.use": READER,
    "case.consent-ask": READER,
    "case.consent": RELEASER,
    "case.hold": (("liaison", "analyst"), ("releaser",)),
    "case.unhold": (("liaison", "analyst"), ("releaser",)),
    "case.unlock": NOBODY,
    "case.consent-end": NOBODY,
    "case.recall": NOBODY,
    "case.tombstone": NOBODY,
    "case.notice-date": NOBODY,
    "case.notice-postpone": PREPARED_AND_RELEASED,
    "case.notice-given": LIAISON,
    "oversight.report": NOBODY,
    "oversight.compare": AUDITOR,
    "oversight.freeze": AUDITOR,
    "oversight.unfreeze": AUDITOR,
    "oversight.legal-act": (("auditor",), ("releaser",)),
    "oversight.release": NOBODY,
    "hotline.notice": DESK,
    "hotline.acknowledge": DESK,
    "hotline.say": DESK,
    "hotline.close": DESK,
    "match.notice": RELEASER,
    "match.probe": LIAISON,
    "match.answer": NOBODY,
    "match.decline": DESK,
    "match.lapse": NOBODY,
    "match.confirm": READER,
    "match.audit": NOBODY,
    "match.open": NOBODY,
    "compliance.commit": RELEASER,
    "compliance.evidence": VERIFIER,
    "compliance.provisional": VERIFIER,
    "compliance.notify": VERIFIER,
    "compliance.reply": RELEASER,
    "compliance.attest": VERIFIER,
    "compliance.finding": VERIFIER,
    "compliance.drop": VERIFIER,
    "compliance.follow-up": VERIFIER,
    "compliance.close": VERIFIER,
    "linkage.tranche": RELEASER,
    "linkage.step": RELEASER,
    "charter.sign": RELEASER,
    "charter.reserve": RELEASER,
    "charter.react": RELEASER,
    "charter.withdraw": RELEASER,
    "charter.cut": RELEASER,
    "charter.competent": RELEASER,
    "charter.propose": RELEASER,
    "charter.retract": RELEASER,
    "charter.vote": RELEASER,
    "charter.record": NOBODY,
    "charter.contest": NOBODY,
    "monitor.report": NOBODY,
    "monitor.picture": NOBODY,
    "monitor.coverage": RELEASER,
    "monitor.contest": RELEASER,
    "monitor.alert": ANALYST,
    "monitor.acted": READER,
    "monitor.assessment": ANALYSED_AND_RELEASED,
    "monitor.concur": ANALYSED_AND_RELEASED,
    "person.enrol": NOBODY,
    "person.end": NOBODY,
    "person.name": NOBODY,
    "node.peer": NOBODY,
    "keys.publish": NOBODY,
}
# Fields of bodies that name a person, and the seat of whom they name.
NAMED: Mapping[str, int] = {"officer": 0, "second_officer": 1, "prepared_by": 0, "released_by": 1}


def seats_of(kind: str) -> Seats:
    """Return the seats of ``kind``; none for a kind without a row, which is refused when it is sent."""
    return SIGNERS.get(kind, NOBODY)


def signed_of(federation: str, event: Event) -> Signed:
    """Return what the persons behind ``event`` sign."""
    return Signed(federation, event.sender, event.kind, event.instrument, event.case, event.recipients,
                  event.body_digest)


def decide(state: PersonsState, federation: str, event: Event, *, prepared: bool = False) -> Decision:
    """Decide whether the right persons have signed ``event``.

    Args:
        prepared: Some seats may still be empty: what is there is judged, from the first seat on.
    """
    seats = SIGNERS.get(event.kind)
    if seats is None:
        return refuse("person-missing", "signers:1", f"nobody is named who answers for {event.kind}")
    names = " and ".join(f"{act.person} as {act.role}" for act in event.acts)
    permitted = permit("signers:1", f"signed by {names}" if names else "no person signs this")
    return next(_refusals(state, federation, event, seats, prepared), permitted)


def _refusals(
    state: PersonsState, federation: str, event: Event, seats: Seats, prepared: bool
) -> Iterator[Decision]:
    """Yield every refusal that applies, in the order of the rules."""
    acts = event.acts
    # 1. The seats are taken.
    if len(acts) < len(seats) and not prepared:
        wanted = ", then ".join(" or ".join(seat) for seat in seats)
        yield refuse("person-missing", "signers:1", f"signed by {len(acts)} of {len(seats)} persons: {wanted}")
    if len(acts) > len(seats):
        yield refuse("extra-person", "signers:1", f"{event.kind} is signed by {len(seats)} persons, not {len(acts)}")
    # 2. to 4. Each has a credential that counts, and a role that fits.
    for act, seat in zip(acts, seats, strict=False):
        yield from _credential(state, event, act, seat)
    # 5. Nobody sits on two seats.
    records = [state.people[event.sender, act.person] for act in acts]
    if len({record.identity for record in records}) < len(records):
        yield refuse("same-person", "signers:5", "one natural person has signed twice, under whatever names")
    # 6. The body names them.
    for name, place in NAMED.items():
        named = getattr(event.body, name, None)
        if named is not None and place < len(acts) and named != acts[place].person:
            yield refuse("wrong-person", "signers:6", f"{name} is {named}, and {acts[place].person} has signed")
    # 7. The signatures hold.
    signed = signed_of(federation, event)
    for act, record in zip(acts, records, strict=True):
        credential = record.credential(act.kid)
        assert credential is not None, "rule 2"
        try:
            personal.verify(credential.public, act.signature, signed.by(act.person, act.role))
        except PeerError as error:
            yield refuse(error.code, "signers:7", f"the signature of {act.person} is over something else")


def _credential(state: PersonsState, event: Event, act: PersonAct, seat: tuple[str, ...]) -> Iterator[Decision]:
    record = state.people.get((event.sender, act.person))
    credential = None if record is None else record.credential(act.kid)
    if record is None or credential is None:
        yield refuse("unknown-person", "signers:2", f"{event.sender} has enrolled no {act.person} with that key")
        return
    if record.standing(event.issued_at) is not credential:
        yield refuse("person-ended", "signers:3", f"the credential of {act.person} did not count when this was issued")
    if act.role not in seat or act.role not in credential.roles:
        wanted = " or ".join(seat)
        yield refuse("wrong-role", "signers:4", f"{act.person} signed as {act.role}; expected a {wanted} who is one")
