"""The charter document as data, what members have signed of it, and how a person sees both.

The document is the text and the law at once: every clause carries the sentence that people agreed to and the
typed fields that software decides by. ``revision`` is what members sign; a changed word is another revision.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import immutables
import msgspec

from hamsaya.base.errors import PeerError
from hamsaya.canon import digest, tagged
from hamsaya.messages.catalog import KINDS
from hamsaya.messages.kinds import Line, Member, Ref

MemberKind = Literal["state", "de-facto-authority", "organisation"]
Role = Literal["member", "joint-cell", "oversight"]
Roles = tuple[Literal["member", "joint-cell", "oversight", "any"], ...]
Standing = Literal["full", "partial", "observer", "absent", "suspended", "left"]
Rule = Literal["owner-alone", "consensus", "minus-concerned", "quota", "negative-consensus", "any-member"]
Sentence = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Signatures = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Days = Annotated[int, msgspec.Meta(ge=1, le=36_600)]

CHARTER = "charter"
"""The ``document`` of a ``charter.sign`` that signs the charter itself; an annex has its own reference."""
REVISION_DOMAIN = "hamsaya/v1/charter"


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the document: unknown fields are refused, lest a misspelt safeguard be silently ignored."""


class Party(_Part, frozen=True):
    """One member of the charter. Names are display text, without prejudice to any position on status."""

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

    def display(self, language: str = "en") -> str:
        """Return the party's name in ``language``, else in English, else its plain name or id."""
        return self.names.get(language) or self.names.get("en") or self.name or self.id


class Clause(_Part, frozen=True):
    """One power or one ban.

    Attributes:
        kinds: Message kinds, or ``room.*`` for every kind of a room.
        senders, recipients: Roles. A permit needs both ends to match, with no recipients meaning a note to
            oneself; a ban stops the message when either end matches.
        standing: Standings. A permit needs both ends to hold one of them (default: full); a ban stops only an
            end that holds one of them (default: every standing).
        needs_case: A permit counts only within a case.
        before_entry: A permit counts before the instrument is in force too, to bring it into force.
        consent_of: Whose consent the act itself carries; information for readers.
        obligations: What the sender must still do, for example ``two-persons``.
    """

    id: Ref
    text: Sentence
    effect: Literal["permit", "forbid"]
    kinds: tuple[str, ...]
    senders: Roles
    recipients: Roles
    needs_case: bool = False
    standing: tuple[Standing, ...] | None = None
    before_entry: bool = False
    consent_of: Literal["none", "data-owner", "territory"] = "none"
    obligations: tuple[Ref, ...] = ()


class Instrument(_Part, frozen=True):
    """A purpose with its clauses; ``entry_into_force`` is the number of members that must have signed."""

    id: Ref
    title: Line
    purpose: Sentence
    entry_into_force: Signatures
    retention_days: Days
    clauses: tuple[Clause, ...]
    exercise: bool = False


class DecisionClass(_Part, frozen=True):
    """How the members decide one class of questions; ``params`` are numbers and words of the rule."""

    id: Ref
    title: Line
    rule: Rule
    params: dict[str, str | int | float | bool] = msgspec.field(default_factory=dict)
    touches_soil_or_data: bool = False


class Document(_Part, frozen=True):
    """The whole charter. A draft binds nobody: of a draft only exercise instruments enter into force."""

    title: Line
    members: tuple[Party, ...]
    instruments: tuple[Instrument, ...]
    rules: tuple[DecisionClass, ...] = ()
    draft: bool = False


@dataclass(frozen=True, slots=True)
class CharterState:
    """Who signed what: (document reference, revision) to the members that signed exactly that."""

    signatures: immutables.Map[tuple[str, bytes], frozenset[str]] = immutables.Map()

    def signed(self, document: str, revision: bytes) -> frozenset[str]:
        """Return the members that signed exactly ``revision`` of ``document``."""
        return self.signatures.get((document, revision), frozenset())


EMPTY_CHARTER = CharterState()


@dataclass(frozen=True, slots=True)
class Request:
    """The question put to the charter: may ``sender`` say ``kind`` to ``recipient`` under ``instrument``?"""

    kind: str
    sender: str
    recipient: str
    instrument: str
    case: str | None
    exercise: bool


class InstrumentView(msgspec.Struct, frozen=True, kw_only=True):
    """How far one instrument is on its way into force."""

    instrument: str
    title: str
    purpose: str
    exercise: bool
    in_force: bool
    signed_by: list[str]
    needed: int
    retention_days: int


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
    return document


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
