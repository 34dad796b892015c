"""May this be sent? A question in a file, put to a charter's text: no node, no keys, no messages.

    found = explain_request(open_charter(None), read_request(path))
    found.verdict, found.clauses, found.sentence

The parties have signed on one day, and the question is asked on the first day on which the instrument can be in
force, unless the request says otherwise. The answer is that of the rules a node decides by, put to the same facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import msgspec
from immutables import Map

from hamsaya.base.errors import OperatorError, PolicyRefusal
from hamsaya.base.instants import DAY
from hamsaya.charter import rules
from hamsaya.charter.compiled import Compiled, compile_document
from hamsaya.charter.said import EMPTY_CHARTER, Signed
from hamsaya.charter.situation import Situation, situation_at
from hamsaya.charter.types import CHARTER, Consent, Document, Held
from hamsaya.messages.charter import Standing
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body, Member, Ref, schema


class RequestFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question to a charter: may ``sender`` send a message of this kind to ``recipients``?

    Attributes:
        recipients: None means a note to oneself.
        instrument: By default the first that permits the kind.
        exercise: By default what the instrument is for.
        signed: Who has signed all instruments; by default every party in full standing, by the charter or here.
        standings: Standings in general that differ from those of the charter.
        consents: Whose consents the act carries; by default the one that the sender itself can give.
        at: Milliseconds after the signatures; by default the first at which the instrument can be in force.

    docs/charter.md shows these fields to who writes the file.
    """

    kind: str
    sender: Member
    recipients: list[Member] = []
    instrument: Ref | None = None
    case: Ref | None = None
    exercise: bool | None = None
    signed: list[Member] | None = None
    standings: dict[Member, Standing] = {}
    consents: tuple[Consent, ...] = ("data-owner",)
    at: Annotated[int, msgspec.Meta(ge=0, lt=2**48)] | None = None


FORM = ('{"kind": "case.ask", "sender": "…", "recipients": ["…"]}, and if wanted '
        f"{', '.join(RequestFile.__struct_fields__[3:])}")
"""What a request looks like, for who wrote one that is none."""


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: permitted or refused, the clauses and rules that made it so, and one sentence."""

    verdict: str
    code: str
    clauses: list[str]
    sentence: str
    obligations: list[str]


def read_request(path: Path) -> RequestFile:
    """Return the request in a JSON file; raises OperatorError naming the field that does not fit."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=RequestFile)
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}; expected a file with a request: {FORM}",
                            code="bad-request-file") from None
    except msgspec.DecodeError as error:
        raise OperatorError(f"{path}: {error}; expected a request: {FORM}", code="bad-request-file") from None


def explain_request(document: Document, request: RequestFile) -> Explained:
    """Return what ``document`` says of ``request``.

    Raises:
        PeerError: no such kind of message.
        OperatorError: ``standings`` or ``signed`` names no party of the charter (``unknown-member``).
    """
    compiled = compile_document(document)
    schema(request.kind)
    if unknown := sorted({*request.standings, *(request.signed or ())} - set(compiled.members)):
        raise OperatorError(f"expected parties of the charter, received {unknown[0]}", code="unknown-member")
    try:
        instrument = request.instrument or rules.instrument_for(compiled, request.kind)
        held = compiled.instruments.get(instrument)
        at = _first_day(compiled, instrument) * DAY if request.at is None else request.at
        event = Event(
            message_id=bytes(16), kind=request.kind, sender=request.sender, recipients=tuple(request.recipients),
            instrument=instrument, case=request.case, issued_at=at, expires_at=at, body=Body(),
            exercise=bool(held and held.exercise) if request.exercise is None else request.exercise,
        )
        decision = rules.decide_event(_situation(compiled, request, at), event, frozenset(request.consents))
    except PolicyRefusal as refusal:
        decision = refusal.decision
    return Explained(
        verdict="permitted" if decision.allowed else "refused", code=decision.code,
        clauses=[reason.ref for reason in decision.reasons], sentence=decision.sentence(),
        obligations=sorted(decision.obligations),
    )


def _first_day(compiled: Compiled, instrument: str) -> int:
    """Return the longest delay, in days, of ``instrument`` and all that it requires."""
    waiting, seen, longest = [instrument], set[str](), 0
    while waiting:
        one = compiled.instruments.get(waiting.pop())
        if one is not None and one.id not in seen:
            seen.add(one.id)
            longest = max(longest, one.entry_delay_days)
            waiting += one.requires
    return longest


def _situation(compiled: Compiled, request: RequestFile, at: int) -> Situation:
    full = [party.id for party in compiled.document.members
            if request.standings.get(party.id, party.standing) == "full" or party.id in compiled.ratifiers]
    signed: Iterable[str] = full if request.signed is None else request.signed
    signers: Map[str, tuple[Signed, ...]] = Map({member: (Signed(0, ()),) for member in signed})
    state = replace(EMPTY_CHARTER, signatures=EMPTY_CHARTER.signatures.set((CHARTER, compiled.revision), signers))
    found = situation_at(compiled, [compiled.revision], state, at)
    changed = {(member, ""): Held(standing) for member, standing in request.standings.items()}
    return replace(found, standings={**found.standings, **changed})
