"""The charter document as data, and what faces show of it.

The document is the text and the law at once: every clause carries the sentence that people agreed to and the
typed fields that software decides by. ``revision`` is what members sign; a changed word is another revision.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from hamsaya.base.errors import PeerError
from hamsaya.canon import decode, digest, encode, tagged
from hamsaya.charter.votes import Rule, parse_rule
from hamsaya.messages.catalog import KINDS
from hamsaya.messages.charter import Standing
from hamsaya.messages.kinds import Line, Member, Ref

MemberKind = Literal["state", "de-facto-authority", "organisation"]
Role = Literal["member", "joint-cell", "oversight"]
Roles = tuple[Literal["member", "joint-cell", "oversight", "any"], ...]
Modality = Literal["power", "permission", "duty", "ban"]
Consent = Literal["none", "data-owner", "territory", "nationals-state"]
ObjectClass = Literal["none", "keys", "decision", "case", "case-content", "area-counts", "finding", "benefit", "soil"]
Confers = Literal["amend", "resolve", "full", "partial", "observer", "absent", "supervised", "suspended", "left"]
Sentence = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Signatures = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Days = Annotated[int, msgspec.Meta(ge=1, le=36_600)]
SomeDays = Annotated[int, msgspec.Meta(ge=0, le=36_600)]
Date = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}\Z")]

CHARTER = "charter"
"""The ``document`` of a ``charter.sign`` that signs the charter itself; an annex has its own reference."""
REVISION_DOMAIN = "hamsaya/v1/charter"
TOUCHES = frozenset(("case-content", "area-counts", "soil"))
"""Objects that are a member's soil, data or people: acts on them need its consent, whatever anybody else decides."""
DRAFTS = "draft."
"""Instruments whose id begins so are texts under negotiation: they are shown and reported on, and give no power."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the document: unknown fields are refused, lest a misspelt safeguard be silently ignored."""


class Party(_Part, frozen=True):
    """One member of the charter. Names are display text, without prejudice to any position on status.

    ``overseer`` is the party with the role of oversight to which its node reports; all of them where none is named.
    """

    id: Member
    kind: MemberKind
    role: Role
    standing: Standing
    bloc: Ref
    name: str = ""
    names: dict[str, Line] = msgspec.field(default_factory=dict)
    languages: tuple[str, ...] = ()
    authority: str = ""
    inbound: bool = True
    overseer: str = ""

    def display(self, language: str = "en") -> str:
        """Return the party's name in ``language``, else in English, else its plain name or id."""
        return self.names.get(language) or self.names.get("en") or self.name or self.id


class Source(_Part, frozen=True):
    """Where a statement of fact in an article comes from, and as of when."""

    title: Line
    as_of: Line


class Clause(_Part, frozen=True):
    """One power, permission or duty, or one ban.

    Attributes:
        text, texts: The sentence agreed to in English, and in the pack's other languages.
        modality: ``power``, ``permission`` and ``duty`` let a message pass; ``ban`` stops it.
        kinds: Message kinds, or ``room.*`` for every kind of a room.
        senders, recipients: Roles. All but a ban need both ends to match, with no recipients meaning a note to
            oneself; a ban stops the message when either end matches.
        standing: Standings. All but a ban need both ends to hold one of them (default: full); a ban stops only an
            end that holds one of them (default: every standing).
        needs_case: It counts only within a case.
        before_entry: It counts before the instrument is in force too, to bring it into force.
        object: What the act is about; what touches a member's soil, data or people needs ``consent_of``.
        consent_of: Whose consent the act must carry.
        decision: The class of decisions by which such acts are decided; "" where nobody else has to decide.
        reservable: Whether a member may reserve it.
        wind_down: It goes on for a member that has left, while the instrument is wound down.
        obligations: What the sender must still do, for example ``two-persons``.
    """

    id: Ref
    text: Sentence
    modality: Modality
    kinds: Annotated[tuple[str, ...], msgspec.Meta(max_length=64)]
    senders: Roles
    recipients: Roles
    texts: dict[str, Sentence] = msgspec.field(default_factory=dict)
    needs_case: bool = False
    standing: tuple[Standing, ...] | None = None
    before_entry: bool = False
    object: ObjectClass = "none"
    consent_of: Consent = "none"
    decision: str = ""
    reservable: bool = False
    wind_down: bool = False
    obligations: tuple[Ref, ...] = ()
    sources: tuple[Source, ...] = ()

    def words(self, language: str = "en") -> str:
        """Return the sentence in ``language``, else in English."""
        return self.texts.get(language, self.text)


class Instrument(_Part, frozen=True):
    """A purpose with its clauses; a party may be bound by any subset of a charter's instruments.

    Attributes:
        entry_into_force: How many members of full standing must have signed.
        required: Members that must be among them.
        entry_delay_days: From the signature that completes them to entry into force.
        sunset_days: How long it is in force; 0 for without end.
        notice_days: From a notice of withdrawal to its effect.
        wind_down_days: From that effect, how long clauses marked ``wind_down`` go on.
        requires: Instruments that must be in force for this one to be.
        retention_days: The longest that what was sent under it may be kept.
    """

    id: Ref
    title: Line
    purpose: Sentence
    entry_into_force: Signatures
    retention_days: Days
    clauses: tuple[Clause, ...]
    exercise: bool = False
    required: tuple[Member, ...] = ()
    entry_delay_days: SomeDays = 0
    sunset_days: SomeDays = 0
    notice_days: Days = 90
    wind_down_days: SomeDays = 90
    requires: tuple[Ref, ...] = ()

    @property
    def draft(self) -> bool:
        """Whether it lies in the namespace of drafts, and so gives no power."""
        return self.id.startswith(DRAFTS)


class DecisionClass(_Part, frozen=True):
    """How the members decide one class of questions.

    Attributes:
        rule: The rule as a plain table (see ``charter.votes.parse_rule``); ``*concerned``, ``*proposer`` and
            ``*participants`` stand for whoever a question names.
        touches_soil_or_data: Such a decision needs the consent of the member concerned, whatever the vote.
        confers: What such a decision may do: the standings it may give, ``amend``, ``resolve``.
        timelock_hours: From the recorded vote to its effect.
        expires_days: Undecided, it lapses.
        appeal: The class by which the member concerned may have the outcome decided again.
    """

    id: Ref
    title: Line
    rule: dict[str, Any]
    touches_soil_or_data: bool = False
    confers: tuple[Confers, ...] = ("resolve",)
    timelock_hours: Annotated[int, msgspec.Meta(ge=0, le=24 * 366)] = 0
    expires_days: Days = 90
    appeal: str = ""

    def parsed(self) -> Rule:
        """Return the rule with its placeholders; raises PeerError ``bad-rule``."""
        return parse_rule(self.rule)


class Document(_Part, frozen=True):
    """The whole charter. A draft binds nobody: of a draft only exercise instruments enter into force.

    Attributes:
        dated: The day of this version; versions stand side by side.
        supersedes: The revision that this one takes the place of (hex), or "".
        recognition: The clause "without prejudice to recognition" under which de facto authorities take part.
        depositaries: Parties that count votes, in the order in which they stand in for each other.
        epoch_signatures: How many other members must have voted in favour by name before a standing changes.
    """

    title: Line
    members: tuple[Party, ...]
    instruments: tuple[Instrument, ...]
    rules: tuple[DecisionClass, ...] = ()
    draft: bool = False
    dated: Date = "1970-01-01"
    supersedes: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?\Z")] = ""
    recognition: str = ""
    depositaries: tuple[Member, ...] = ()
    epoch_signatures: Signatures = 1


class Held(NamedTuple):
    """A standing; of a partial one the clauses it is held for (none named: all)."""

    standing: Standing
    clauses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Request:
    """The question put to the charter: may ``sender`` say ``kind`` to ``recipient`` under ``instrument``, at ``at``?

    ``consents`` are those the act carries, in the words of a clause's ``consent_of``.
    """

    kind: str
    sender: str
    recipient: str
    instrument: str
    case: str | None
    exercise: bool
    at: int = 0
    consents: frozenset[str] = frozenset()


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen record of plain fields for faces; instants are UTC milliseconds."""


class InstrumentView(_View, frozen=True):
    """How far one instrument is on its way into force."""

    instrument: str
    title: str
    purpose: str
    exercise: bool
    draft: bool
    in_force: bool
    expired: bool
    signed_by: list[str]
    needed: int
    required: list[str]
    requires: list[str]
    retention_days: int


class StandingView(_View, frozen=True):
    """Where one party stands: in general, under instruments where that is another, and what it has said of leaving.

    ``leaves``: instrument -> when a notice of withdrawal takes or took effect. ``epoch`` numbers the membership.
    """

    member: str
    role: str
    kind: str
    standing: Standing
    clauses: list[str]
    under: dict[str, Standing]
    cut_with: list[str]
    leaves: dict[str, int]
    signed: list[str]
    epoch: int


class VoteView(_View, frozen=True):
    """One vote; ``counted``: the record that stands lists it."""

    member: str
    choice: str
    at: int
    reason: str
    counted: bool


class ProposalView(_View, frozen=True):
    """One question and how far it has come.

    ``status``: open, to-record (decided, not yet recorded), queued (adopted, waiting for its effect), in-effect,
    blocked, appealed (an appeal took its place), retracted. ``next_at``: when time alone may change it.
    """

    proposal: str
    by: str
    decision: str
    title: str
    subject: str
    act: dict[str, Any]
    concerned: str | None
    participants: list[str]
    against: str | None
    proposed_at: int
    status: str
    next_at: int | None
    effective_at: int | None
    recorded_by: str | None
    reasons: list[str]
    votes: list[VoteView]


class CompetentView(_View, frozen=True):
    """A party's competent bodies; ``due``: by when it is to name them, ``overdue``: that day is over."""

    member: str
    bodies: list[dict[str, Any]]
    named_at: int | None
    due: int | None
    overdue: bool


class ReservationView(_View, frozen=True):
    """One reservation and what the others answered; who did not answer for twelve months has accepted it."""

    member: str
    instrument: str
    clause: str
    excludes: list[str]
    obligations: list[str]
    text: str
    at: int
    withdrawn: bool
    answers: dict[str, str]


def document_from_plain(plain: Mapping[str, Any]) -> Document:
    """Return the charter that ``plain`` (a parsed TOML or JSON table) says.

    Raises:
        PeerError: code ``bad-charter``; a field is missing, unknown or of the wrong type (the field is
            named), an id is used twice, or a clause names a kind of message that does not exist.
    """
    try:
        document = msgspec.convert(plain, Document)
    except msgspec.ValidationError as error:
        raise PeerError(f"the charter does not fit its schema: {error}", code="bad-charter") from None
    _unique("members", (member.id for member in document.members))
    _unique("instruments", (instrument.id for instrument in document.instruments))
    _unique("rules", (rule.id for rule in document.rules))
    for instrument in document.instruments:
        _unique(f"instruments.{instrument.id}.clauses", (clause.id for clause in instrument.clauses))
        for clause in instrument.clauses:
            _known(f"{instrument.id}:{clause.id}.kinds", clause.kinds)
    for rule in document.rules:
        rule.parsed()
    return document


def document_bytes(document: Document) -> bytes:
    """Return the document as an amendment carries it; ``document_from_bytes`` reads it back."""
    return encode(msgspec.to_builtins(document))


@lru_cache(maxsize=16)
def document_from_bytes(unverified_bytes: bytes) -> Document:
    """Return the charter an amendment carries; raises PeerError as ``document_from_plain`` does.

    Remembered, since every question about an amendment comes back to its text, and reading one takes a tenth of a
    second at its longest.
    """
    plain = decode(unverified_bytes)
    if type(plain) is not dict:
        raise PeerError("expected a charter as a table", code="bad-charter")
    return document_from_plain(plain)


def kinds_named(names: Collection[str]) -> frozenset[str]:
    """Return every registered message kind that ``names`` (kinds, or ``room.*``) name."""
    rooms = tuple(name[:-1] for name in names if name.endswith(".*"))
    return frozenset(kind for kind in KINDS if kind in names or kind.startswith(rooms))


def revision(document: Document) -> bytes:
    """Return the 32 bytes that members sign: SHA-256 of the document's tagged deterministic encoding."""
    return digest(tagged(REVISION_DOMAIN, msgspec.to_builtins(document)))


def _unique(where: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise PeerError(f"expected unique ids in {where}, received {name!r} twice", code="bad-charter")
        seen.add(name)
    if not seen and where in ("members", "instruments"):
        raise PeerError(f"expected at least one entry in {where}", code="bad-charter")


def _known(where: str, names: Iterable[str]) -> None:
    for name in names:
        if not kinds_named([name]):
            raise PeerError(f"expected message kinds in {where}, received {name[:40]!r}", code="bad-charter")
