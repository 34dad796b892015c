"""What a charter gives to whom, worked out from its text alone: no node, no keys, no messages.

    figures = power_of((1,) * 15, 9, {0, 1, 2, 3, 4})       # figures.shapley_shubik[0] == "421/2145"
    report = report_of(read_document(None))                 # the built-in pack's charter
    report.decidable["2"].share                             # R_2 == 0.9

What a report finds
1. For each class of decisions: its voting game, whether it survives 1, 2 or 3 members being absent, and p_decide.
2. Powers nobody can use: no party has the role and standing, or too few may sign for the instrument to enter into
   force. Parties are taken as the charter lists them; an absent one may come.
3. Conflicts: a permission that a ban of the same instrument takes back, wholly or for some kinds, whoever asks.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import immutables
import msgspec

from hamsaya.base.errors import OperatorError, PeerError, PolicyRefusal
from hamsaya.charter import rules
from hamsaya.charter.decidable import fatal_absence, game_of, rule_of
from hamsaya.charter.power import Game, Indices, indices
from hamsaya.charter.rules import ALL_STANDINGS, Clauses, Compiled, CompiledClause, compile_document
from hamsaya.charter.types import (
    CHARTER,
    CharterState,
    Clause,
    DecisionClass,
    Document,
    Instrument,
    Party,
    document_from_plain,
    kinds_named,
)
from hamsaya.charter.votes import PRESENT, SEATED, Rule
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body, Member, Ref, schema
from hamsaya.node.bootstrap import open_named_pack

P_BLOCK = 0.1
"""Probability that one of the other members refuses, for ``p_decide``."""
ABSENCES = (1, 2, 3)


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """The indices of one voting game: chances as numbers, and exactly as fractions such as ``421/2145``."""

    members: int
    quota: int
    vetoes: list[int]
    winning: int
    swings: list[int]
    banzhaf: list[float]
    banzhaf_exact: list[str]
    banzhaf_raw: list[float]
    banzhaf_raw_exact: list[str]
    shapley_shubik: list[str]
    power_to_act: float
    power_to_act_exact: str
    prevent: list[str]
    initiate: list[str]
    blockers: list[int]
    smallest_veto_set: int
    dictator: int | None
    dummies: list[int]


def power_of(weights: Sequence[int], quota: int, vetoes: Iterable[int] = ()) -> Power:
    """Return the power indices of a voting game; members are numbered from 0.

    Raises:
        ValueError: no such game (see ``Game``).
    """
    game = Game(tuple(weights), quota, frozenset(vetoes))
    return power_view(game, indices(game))


def power_view(game: Game, found: Indices) -> Power:
    """Return ``found``, the indices of ``game``, as plain values."""
    return Power(
        members=len(game.weights), quota=game.quota, vetoes=sorted(game.vetoes),
        winning=found.winning, swings=list(found.swings),
        banzhaf=[float(share) for share in found.banzhaf], banzhaf_exact=[str(share) for share in found.banzhaf],
        banzhaf_raw=[float(chance) for chance in found.banzhaf_raw],
        banzhaf_raw_exact=[str(chance) for chance in found.banzhaf_raw],
        shapley_shubik=[str(share) for share in found.shapley_shubik],
        power_to_act=float(found.power_to_act), power_to_act_exact=str(found.power_to_act),
        prevent=[str(share) for share in found.prevent], initiate=[str(share) for share in found.initiate],
        blockers=list(found.blockers), smallest_veto_set=found.smallest_veto_set,
        dictator=found.dictator, dummies=list(found.dummies),
    )


class ClassReport(msgspec.Struct, frozen=True, kw_only=True):
    """One class of decisions.

    ``stopped_by``: per k, members whose absence stops it though the member whose own act it is attends (the first
    stands for any); None if there are none. ``p_decide`` is the probability that a decision about a member is taken
    against its will.
    """

    id: str
    title: str
    words: str
    touches_soil_or_data: bool
    power: Power
    stopped_by: dict[str, list[str] | None]
    p_decide: float


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """R_k while the member whose own act it is attends, and where it may be among the absent itself."""

    share: float
    exact: str
    whoever_is_absent: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong with one clause or instrument, and why."""

    ref: str
    why: str


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """One clause: the sentence agreed to, and what the node makes of it."""

    ref: str
    text: str
    words: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a charter gives to whom. ``others`` are the members that vote beside the one concerned, today."""

    title: str
    draft: bool
    members: list[str]
    others: int
    p_block: float
    classes: list[ClassReport]
    decidable: dict[str, Share]
    unusable: list[Finding]
    conflicts: list[Finding]
    articles: list[Article]


def read_document(file: Path | None) -> Document:
    """Return the charter of a pack's folder or a ``charter.toml``, by default that of the built-in pack.

    A file without members takes them from the ``members.toml`` beside it.

    Raises:
        OperatorError: the pack or the file cannot be read, or does not fit its schema (``bad-charter``).
    """
    if file is None or file.is_dir():
        return document_from_plain(open_named_pack(None if file is None else str(file)).charter)
    plain = _toml(file)
    beside = file.with_name("members.toml")
    try:
        return document_from_plain(plain if "members" in plain or not beside.exists() else {**plain, **_toml(beside)})
    except PeerError as error:
        raise OperatorError(f"{file}: {error}", code=error.code) from None


def _toml(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OperatorError(f"{file}: expected TOML in UTF-8: {error}", code="bad-file") from None


def report_of(document: Document) -> Report:
    """Return the static report of ``document``.

    Raises:
        OperatorError: a class of decisions whose parameters make no rule (``bad-rule``).
    """
    compiled = compile_document(document)
    members = [party.id for party in document.members if party.role == "member" and party.standing in SEATED]
    voting = sum(party.role == "member" and party.standing in PRESENT for party in document.members)
    if not members:
        raise OperatorError("expected at least one member with a seat in the charter", code="bad-charter")
    others = max(1, voting - 1)
    classes = [_class(decision, members, others) for decision in document.rules]
    return Report(
        title=document.title, draft=document.draft, members=members, others=others, p_block=P_BLOCK, classes=classes,
        decidable={str(k): _share(document.rules, classes, members, k) for k in ABSENCES} if classes else {},
        unusable=_unusable(compiled), conflicts=_conflicts(compiled),
        articles=[Article(ref=f"{instrument.id}:{clause.id}", text=clause.text, words=_clause_words(clause))
                  for instrument in document.instruments for clause in instrument.clauses],
    )


def _class(decision: DecisionClass, members: list[str], others: int) -> ClassReport:
    try:
        rule, game = _own_act(decision, members), game_of(decision, len(members))
        stopped = {str(k): fatal_absence(rule, members, k, members[:1]) for k in ABSENCES}
        chance = rules.p_decide(decision, others, P_BLOCK)
    except ValueError as error:
        raise OperatorError(f"decision class {decision.id}: {error}", code="bad-rule") from None
    power = power_view(game, indices(game))
    return ClassReport(
        id=decision.id, title=decision.title, words=_class_words(decision, power),
        touches_soil_or_data=decision.touches_soil_or_data, power=power, p_decide=chance,
        stopped_by={k: None if gone is None else list(gone) for k, gone in stopped.items()},
    )


def _own_act(decision: DecisionClass, members: list[str]) -> Rule:
    # Any member may be the one concerned, or the proposer: the rules treat all alike, and the first stands for all.
    return rule_of(decision, members, concerned=members[0], proposer=members[0])


def _share(decisions: Sequence[DecisionClass], classes: Sequence[ClassReport], members: list[str], k: int) -> Share:
    attended = sum(one.stopped_by[str(k)] is None for one in classes)
    strict = sum(fatal_absence(_own_act(decision, members), members, k) is None for decision in decisions)
    total = len(classes)
    return Share(share=attended / total, exact=f"{attended}/{total}", whoever_is_absent=f"{strict}/{total}")


_RULE_WORDS = {
    "owner-alone": "the owner alone decides",
    "consensus": "nobody refuses",
    "minus-concerned": "nobody but the member concerned refuses",
    "quota": "{quota} of {members} votes in favour decide",
    "negative-consensus": "adopted unless {stops} of {members} refuse",
    "any-member": "any member by itself",
}


def _class_words(decision: DecisionClass, power: Power) -> str:
    stops = power.members - power.quota + 1
    words = [_RULE_WORDS[decision.rule].format(quota=power.quota, members=power.members, stops=stops)]
    params = decision.params
    words += ["among the participants"] if params.get("over") == "participants" else []
    words += ["the territory's member must vote in favour"] if params.get("consent") == "territory" else []
    words += [f"silence for {params['silence_hours']} hours agrees"] if "silence_hours" in params else []
    words += [f"within {params['days']} days"] if "days" in params else []
    tacit = f"who is absent agrees after {params.get('tacit_days')} days"
    absent = {"tacit": tacit, "blocks": "who is absent refuses", "abstains": "who is absent abstains"}
    return "; ".join(words + [absent[text] for text in absent if params.get("absent") == text])


_ROLE_WORDS = {
    "member": "a member", "joint-cell": "the joint cell", "oversight": "the oversight body", "any": "any party",
}


def _clause_words(clause: Clause) -> str:
    kinds, limit = ", ".join(clause.kinds), clause.standing or ("full",)
    standing = "any standing" if clause.effect == "forbid" and not clause.standing else f"standing {_any_of(limit)}"
    ends_named = (clause.senders, clause.recipients)
    senders, recipients = (_any_of([_ROLE_WORDS[role] for role in roles]) for roles in ends_named)
    if clause.effect == "forbid":
        ends = [f"{senders} may not send"] * bool(senders) + [f"{recipients} may not receive"] * bool(recipients)
        return f"With {standing}, {', and '.join(ends)}, {kinds}."
    words = [f"With {standing}, {senders} may send {kinds} to {recipients or 'itself'}"]
    words += ["only within a case"] if clause.needs_case else []
    words += ["also before entry into force"] if clause.before_entry else []
    words += [f"with the consent of the {clause.consent_of}"] if clause.consent_of != "none" else []
    words += [f"and owes {', '.join(clause.obligations)}"] if clause.obligations else []
    return f"{', '.join(words)}."


def _any_of(words: Sequence[str]) -> str:
    return " or ".join(words)


def _unusable(compiled: Compiled) -> list[Finding]:
    found = []
    for instrument in compiled.document.instruments:
        if instrument.entry_into_force > len(compiled.ratifiers):
            why = f"needs {instrument.entry_into_force} signatures, and {len(compiled.ratifiers)} may sign"
            found.append(Finding(ref=instrument.id, why=why))
        for permit in _permits(compiled, instrument):
            if why := _nobody(permit, compiled.document.members):
                found.append(Finding(ref=permit.reason.ref, why=why))
    return found


def _permits(compiled: Compiled, instrument: Instrument) -> dict[CompiledClause, list[str]]:
    """Return the permissions of ``instrument`` in its order, each with the kinds of message it speaks of."""
    found: dict[CompiledClause, list[str]] = {}
    for clause in instrument.clauses:
        ref = f"{instrument.id}:{clause.id}"
        for kind in sorted(kinds_named(clause.kinds)) if clause.effect == "permit" else ():
            for permit in _clauses(compiled, instrument, kind).permits:
                if permit.reason.ref == ref:
                    found.setdefault(permit, []).append(kind)
    return found


def _clauses(compiled: Compiled, instrument: Instrument, kind: str) -> Clauses:
    return compiled.clauses.get((instrument.id, kind), Clauses((), ()))


def _nobody(permit: CompiledClause, parties: Iterable[Party]) -> str:
    able = [party for party in parties if party.standing in permit.standing]
    senders = {party.id for party in able if party.role in permit.senders}
    recipients = {party.id for party in able if party.role in permit.recipients}
    if not senders:
        return "no party has a role and standing to send it"
    if permit.recipients and not recipients - (senders if len(senders) == 1 else set()):
        return "no other party has a role and standing to receive it"
    return ""


def _conflicts(compiled: Compiled) -> list[Finding]:
    found = []
    for instrument in compiled.document.instruments:
        for permit, kinds in _permits(compiled, instrument).items():
            shadows = {kind: _shadow(permit, _clauses(compiled, instrument, kind).bans) for kind in kinds}
            banned = {kind: bans for kind, bans in shadows.items() if bans}
            if banned:
                which = "all it permits" if len(banned) == len(kinds) else ", ".join(banned)
                by = ", ".join(sorted({ban.reason.ref for bans in banned.values() for ban in bans}))
                found.append(Finding(ref=permit.reason.ref, why=f"{by} takes back {which}"))
    return found


def _shadow(permit: CompiledClause, bans: Sequence[CompiledClause]) -> list[CompiledClause]:
    """Return the bans that leave nobody to send or nobody to receive what ``permit`` permits; else none."""
    standings = permit.standing & ALL_STANDINGS
    senders = {(role, standing) for role in permit.senders for standing in standings}
    recipients = {(role, standing) for role in permit.recipients for standing in standings}
    if not permit.recipients:  # A note to oneself is judged with the sender as its recipient.
        recipients = senders
    may_send = {end for end in senders if not any(_stops(ban, ban.senders, end) for ban in bans)}
    may_receive = {end for end in recipients if not any(_stops(ban, ban.recipients, end) for ban in bans)}
    if may_send & may_receive if not permit.recipients else may_send and may_receive:
        return []
    return [ban for ban in bans if any(_stops(ban, ban.senders, end) for end in senders)
            or any(_stops(ban, ban.recipients, end) for end in recipients)]


def _stops(ban: CompiledClause, roles: Collection[str], end: tuple[str, str]) -> bool:
    return end[0] in roles and end[1] in ban.standing


class RequestFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question to a charter: may ``sender`` send a message of this kind to ``recipients``?

    Without ``instrument`` the first that permits the kind is taken, without ``exercise`` what the instrument is for,
    without ``signed`` every member in full standing has signed. No recipient means a note to oneself.
    """

    kind: str
    sender: Member
    recipients: list[Member] = []
    instrument: Ref | None = None
    case: Ref | None = None
    exercise: bool | None = None
    signed: list[Member] | None = None


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
    except (OSError, msgspec.DecodeError) as error:
        raise OperatorError(f"{path}: expected a request such as {{\"kind\": \"case.open\", \"sender\": …, "
                            f"\"recipients\": […]}}: {error}", code="bad-request-file") from None


def explain_request(document: Document, request: RequestFile) -> Explained:
    """Return what ``document`` says of ``request``, from its text and the signatures alone."""
    compiled = compile_document(document)
    schema(request.kind)
    try:
        instrument = request.instrument or rules.instrument_for(compiled, request.kind)
        signed = frozenset(request.signed) if request.signed is not None else compiled.ratifiers
        held = compiled.instruments.get(instrument)
        event = Event(
            message_id=bytes(16), kind=request.kind, sender=request.sender, recipients=tuple(request.recipients),
            instrument=instrument, case=request.case, issued_at=0, expires_at=0, body=Body(),
            exercise=bool(held and held.exercise) if request.exercise is None else request.exercise,
        )
        state = CharterState(immutables.Map({(CHARTER, compiled.revision): signed}))
        decision = rules.decide_event(compiled, state, event)
    except PolicyRefusal as refusal:
        decision = refusal.decision
    return Explained(
        verdict="permitted" if decision.allowed else "refused", code=decision.code,
        clauses=[reason.ref for reason in decision.reasons], sentence=decision.sentence(),
        obligations=sorted(decision.obligations),
    )
