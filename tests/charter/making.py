"""What the charter's tests share: a small fictional charter, and a history of messages under it, told one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import msgspec

from hamsaya.base.decision import Decision
from hamsaya.base.instants import DAY, HOUR, parse
from hamsaya.charter import assembly, reduce
from hamsaya.charter.compiled import Compiled, compile_document
from hamsaya.charter.history import record_of
from hamsaya.charter.said import EMPTY_CHARTER, CharterState
from hamsaya.charter.situation import Situation
from hamsaya.charter.types import CHARTER, Document, document_bytes, document_from_plain, revision
from hamsaya.charter.votes import Vote
from hamsaya.messages import charter as said
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body, kind_of
from hamsaya.node.agreement import Agreement

START = parse("2026-03-01T08:00:00Z")
MEMBERS = ("ava", "bel", "cor", "dun", "eld", "fen")
PARTIES = (*MEMBERS, "gil", "cell", "watch")
SEATED = ["full", "partial", "absent"]
KEEPS = ["full", "partial", "observer", "absent", "supervised", "suspended"]
OWN = frozenset(("data-owner",))


def party(name: str, role: str = "member", standing: str = "full", **fields: Any) -> dict[str, Any]:
    """Return one party's table."""
    return {"id": name, "kind": "state", "role": role, "standing": standing, "bloc": "x"} | fields


def clause(name: str, kinds: list[str], **fields: Any) -> dict[str, Any]:
    """Return one clause's table: a permission between members unless said otherwise."""
    ends = {"senders": ["member"], "recipients": ["member"]}
    return {"id": name, "text": f"Clause {name}.", "modality": "permission", "kinds": kinds} | ends | fields


def instrument(name: str, *clauses: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return one instrument's table."""
    base = {"id": name, "title": name, "purpose": name, "exercise": True, "retention_days": 30}
    return base | {"entry_into_force": 2, "clauses": list(clauses)} | fields


def decision(name: str, rule: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return one decision class's table."""
    return {"id": name, "title": name, "rule": rule} | fields


def others(inner: dict[str, Any]) -> dict[str, Any]:
    """Return the rule ``inner`` by everybody but the member concerned."""
    return {"rule": "minus-concerned", "concerned": "*concerned", "inner": inner}


CONSENSUS = {"rule": "consensus"}
TERRITORY = {"rule": "over", "participants": ["*concerned"], "inner": {"rule": "quota", "q": 1}}
CLASSES = [
    decision("admit", others(CONSENSUS), confers=["full", "partial", "observer"], timelock_hours=24),
    decision("suspend", others({"rule": "quota", "q": 3}), confers=["suspended", "full"], appeal="review"),
    decision("expel", others(CONSENSUS), confers=["left"], timelock_hours=72, expires_days=30),
    decision("review", others(CONSENSUS), confers=["suspended", "full"]),
    decision("amend", {"rule": "consensus", "absent": {"tacit_days": 10}}, confers=["amend"], timelock_hours=240),
    decision("finding", others({"rule": "silence", "hours": 72}), appeal="panel", timelock_hours=24),
    decision("panel", others({"rule": "negative-consensus", "days": 15})),
    decision("budget", {"rule": "quota", "q": 4}, expires_days=10),
    decision("visit", {"rule": "and", "rules": [TERRITORY, {"rule": "quota", "q": 3}]}, touches_soil_or_data=True),
]
FOUNDING = instrument(
    "founding",
    clause("F.1", ["charter.sign", "charter.reserve", "charter.react"], before_entry=True, standing=KEEPS,
           senders=["any"], recipients=["any"]),
    clause("F.2", ["keys.publish"], before_entry=True, standing=KEEPS, modality="duty", object="keys",
           senders=["any"], recipients=["any"]),
    clause("F.3", ["node.peer"], recipients=[], senders=["any"], before_entry=True, standing=KEEPS),
    clause("F.4", ["charter.propose", "charter.retract", "charter.vote", "charter.contest"], standing=KEEPS,
           modality="power", recipients=["any"], object="decision"),
    clause("F.5", ["charter.record"], modality="duty", senders=["any"], recipients=["any"], standing=KEEPS),
    clause("F.6", ["charter.withdraw", "charter.cut", "charter.competent"], before_entry=True, standing=KEEPS,
           senders=["any"], recipients=["any"], wind_down=True),
    entry_into_force=4,
)
CASES = instrument(
    "cases",
    clause("C.1", ["case.open", "case.ask", "case.acknowledge", "case.decline", "case.close"], needs_case=True,
           standing=["full", "partial"], obligations=["logged"], reservable=True),
    clause("C.2", ["case.answer"], needs_case=True, standing=["full", "partial"], obligations=["two-persons"],
           consent_of="data-owner", object="case-content", reservable=True),
    clause("C.3", ["case.revoke", "case.purge"], needs_case=True, modality="duty", wind_down=True,
           standing=["full", "partial", "suspended", "supervised"]),
    clause("C.4", ["case.*"], modality="ban", senders=["oversight"], recipients=["oversight"]),
    clause("C.5", ["case.open"], modality="ban", senders=["member"], recipients=[], standing=["partial"]),
    notice_days=90, wind_down_days=30,
)
FINDINGS = instrument(
    "findings",
    clause("G.1", ["compliance.attest", "compliance.finding"], modality="power", object="finding"),
    clause("G.2", ["compliance.reply"], modality="duty", standing=KEEPS, object="finding"),
)
AREAS = instrument(
    "areas",
    clause("A.1", ["monitor.report"], consent_of="data-owner", object="area-counts", reservable=True),
    required=["ava"], entry_delay_days=30, sunset_days=400, requires=["findings"],
)
JOINT = instrument(
    "joint",
    clause("J.1", ["linkage.step"], consent_of="territory", object="soil", decision="visit"),
    clause("J.2", ["linkage.tranche"], consent_of="nationals-state", object="benefit"),
)
DRAFT = instrument("draft.union", clause("D.1", ["case.*"]))
PLAIN: dict[str, Any] = {
    "title": "A charter of nowhere",
    "draft": True,
    "dated": "2026-02-01",
    "members": [*(party(name) for name in MEMBERS), party("gil", standing="observer"),
                party("cell", "joint-cell"), party("watch", "oversight")],
    "instruments": [FOUNDING, CASES, FINDINGS, AREAS, JOINT, DRAFT],
    "rules": CLASSES,
    "depositaries": ["cell", "watch"],
    "epoch_signatures": 2,
}


@cache
def founding() -> Compiled:
    """Return the charter of nowhere, compiled once."""
    return compile_document(document_from_plain(PLAIN))


def agreement(compiled: Compiled | None = None, own: str = "ava") -> Agreement:
    """Return what the members agreed, without any network around it."""
    chosen = compiled or founding()
    return Agreement("nowhere", own, chosen, chosen, {CHARTER: chosen.revision}, {}, frozenset(("cell", "watch")), True)


def amended(base: Document, **changes: Any) -> Document:
    """Return a charter that supersedes ``base`` and differs by ``changes``."""
    return replace_document(base, supersedes=revision(base).hex(), dated="2026-06-01", **changes)


def replace_document(base: Document, **changes: Any) -> Document:
    """Return ``base`` with some of its fields changed."""
    return msgspec.structs.replace(base, **changes)


def sound(document: Document) -> None:
    """Find every charter fit to take effect: what makes one unfit has tests of its own."""


def draft_event(kind: str, sender: str, recipients: tuple[str, ...], body: Body, at: int, number: int = 0,
                **fields: Any) -> Event:
    """Return a message of the exercise, under the instrument that the charter of nowhere sends its kind under."""
    told = Event(number.to_bytes(16, "big"), kind, sender, recipients, "founding", None, at, at + 30 * DAY, True, body)
    return replace(told, **fields)


@dataclass
class World:
    """One node's view of a history: what is said is judged as a node judges it, and folded when it is lawful."""

    agreement: Agreement = field(default_factory=agreement)
    state: CharterState = EMPTY_CHARTER
    now: int = START
    log: list[Event] = field(default_factory=list)
    told: int = 0

    def situation(self, at: int | None = None) -> Situation:
        """Return who stands where at ``at``, by default now."""
        return self.agreement.situation(self.state, self.now if at is None else at)

    def event(self, sender: str, body: Body, at: int | None = None, recipients: tuple[str, ...] | None = None) -> Event:
        """Return ``body`` as the next message of ``sender``, to one other party that it may reach."""
        self.told += 1
        to = next(name for name in ("watch", "cell", "ava") if name != sender) if recipients is None else None
        issued_at = self.now if at is None else at
        if isinstance(body, said.Propose) and not body.put_at:  # As the send pipeline dates a question.
            body = msgspec.structs.replace(body, put_at=issued_at)
        counting = self.situation(issued_at).compiled.document.depositaries
        if isinstance(body, said.Record) and sender in counting:  # As each depositary knows its own place.
            body = msgspec.structs.replace(body, rank=counting.index(sender))
        return draft_event(kind_of(body), sender, recipients or ((to,) if to else ()), body, issued_at, self.told)

    def judge(self, event: Event, proven: tuple[str, int] | None = None) -> Decision:
        """Return what the charter's own rules say of ``event``, its clauses first."""
        by_clause = self.agreement.decide(self.state, event, OWN)
        if not by_clause.allowed:
            return by_clause
        return assembly.decide(lambda at: self.agreement.situation(self.state, at), event, sound, proven)

    def tell(self, event: Event, proven: tuple[str, int] | None = None) -> Decision:
        """Judge ``event`` and fold it if it is lawful."""
        found = self.judge(event, proven)
        if found.allowed:
            self.state = reduce.apply(self.state, event)
            self.log.append(event)
        return found

    def say(self, sender: str, body: Body, at: int | None = None, proven: tuple[str, int] | None = None) -> str:
        """Let ``sender`` say ``body``; return the code of the answer."""
        return self.tell(self.event(sender, body, at), proven).code

    def must(self, sender: str, body: Body, at: int | None = None, proven: tuple[str, int] | None = None) -> Event:
        """Let ``sender`` say ``body``, which has to be lawful, and return the message."""
        event = self.event(sender, body, at)
        assert self.tell(event, proven).allowed, self.judge(event, proven).sentence()
        return event

    def later(self, milliseconds: int) -> World:
        """Let time pass."""
        self.now += milliseconds
        return self

    # -- the steps of a decision ---------------------------------------------------------------------------------

    def sign(self, *members: str, instruments: Iterable[str] = ()) -> World:
        """Let each of ``members`` sign the charter in effect."""
        for member in members:
            current = self.situation().compiled.revision
            self.must(member, said.Sign(document=CHARTER, revision=current, instruments=list(instruments)))
        return self

    def propose(self, by: str, name: str, decision: str, act: said.Act, **fields: Any) -> str:
        """Put a question that has to be lawful, and return its reference."""
        self.must(by, question(by, name, decision, act, **fields))
        return f"{by}/{name}"

    def vote(self, reference: str, **choices: said.Choice) -> World:
        """Let members vote on a question known here."""
        for member, choice in choices.items():
            self.must(member, ballot(self.state, reference, choice))
        return self

    def count(self, reference: str, **fields: Any) -> said.Record:
        """Return the record that an honest depositary makes now: of all votes known here, by its own clock."""
        return honest_record(self, reference, **fields)

    def record(self, reference: str, by: str = "cell", **fields: Any) -> Event:
        """Let a depositary record the outcome, which has to be lawful."""
        return self.must(by, self.count(reference, **fields))

    def decide(self, by: str, name: str, decision: str, act: said.Act, votes: dict[str, said.Choice], wait: int = 0,
               **fields: Any) -> str:
        """Put a question, vote, wait and record; return its reference."""
        reference = self.propose(by, name, decision, act, **fields)
        self.vote(reference, **votes).later(wait)
        self.record(reference)
        return reference

    def standing(self, member: str, under: str = "", at: int | None = None) -> str:
        """Return where ``member`` stands."""
        return self.situation(at).held(member, under).standing

    def verdict(self, reference: str) -> str | None:
        """Return how the record that stands came out."""
        record = record_of(self.state, reference)
        return None if record is None else record.verdict


def question(by: str, name: str, decision: str, act: said.Act, **fields: Any) -> said.Propose:
    """Return a question; the member whose standing it changes is the one concerned."""
    if isinstance(act, said.SetStanding):
        fields = {"concerned": act.member} | fields
    return said.Propose(proposal=f"{by}/{name}", decision=decision, title=name, act=act, **fields)


def ballot(state: CharterState, reference: str, choice: said.Choice) -> said.CastVote:
    """Return a vote on the question known under ``reference``."""
    return said.CastVote(proposal=reference, subject=state.proposals[reference].subject, choice=choice)


def honest_record(world: World, reference: str, **fields: Any) -> said.Record:
    """Return the record of all votes known, each at its own time; ``fields`` falsify it."""
    state, put = world.state, world.state.proposals[reference]
    opened_at = fields.get("opened_at", put.at)
    then = world.situation(opened_at)
    cast = {member: vote for (name, member), vote in state.votes.items() if name == reference}
    votes = {member: Vote(vote.choice, vote.at) for member, vote in cast.items()}
    closed_at = fields.get("closed_at", world.now)
    outcome = assembly.outcome_of(then, put, votes, opened_at, closed_at)
    timelock = then.compiled.classes[put.decision].timelock_hours * HOUR
    listed = [counted(member, vote.choice, vote.at, vote.message) for member, vote in sorted(cast.items())]
    heard = {vote.member: Vote(vote.choice, vote.at) for vote in fields.get("votes", listed)}
    body = said.Record(proposal=reference, subject=put.subject,
                       verdict="adopted" if outcome.verdict == "adopted" else "blocked", opened_at=opened_at,
                       decided_at=assembly.decided_at(then, put, heard, opened_at, closed_at) or closed_at,
                       closed_at=closed_at, effective_at=closed_at + timelock, rank=fields.get("rank", 0),
                       epoch=then.epoch, votes=listed)
    return replace_body(body, **fields)


def replace_body(body: Any, **fields: Any) -> Any:
    """Return a message's body with some of its fields changed."""
    return msgspec.structs.replace(body, **fields)


def counted(member: str, choice: said.Choice, at: int, message: bytes) -> said.CountedVote:
    """Return one line of a record."""
    return said.CountedVote(member=member, choice=choice, at=at, message=message, ballot=[])


def omitted(world: World, member: str, reference: str = "ava/q") -> tuple[said.Record, bytes]:
    """Return the record without ``member``'s vote, and that vote's message."""
    record = honest_record(world, reference)
    vote = world.state.votes[reference, member]
    return replace_body(record, votes=[each for each in record.votes if each.member != member]), vote.message


def give(member: str, standing: said.Standing, instrument: str | None = None, *clauses: str) -> said.SetStanding:
    """Return the act that gives ``member`` a standing."""
    return said.SetStanding(member=member, standing=standing, instrument=instrument, clauses=list(clauses))


def amend(document: Document) -> said.Amend:
    """Return the act that replaces the charter by ``document``."""
    return said.Amend(document=document_bytes(document))


def signed_world(*members: str) -> World:
    """Return a world in which ``members`` (by default all) have signed everything."""
    world = World()
    return world.sign(*(members or PARTIES))


@cache
def away(member: str, standing: said.Standing = "absent") -> Compiled:
    """Return the charter of nowhere with one member absent, or of another standing."""
    base = founding().document
    parties = [msgspec.structs.replace(one, standing=standing) if one.id == member else one for one in base.members]
    return compile_document(replace_document(base, members=tuple(parties)))


def yes(*members: str) -> dict[str, said.Choice]:
    """Return votes in favour."""
    return dict.fromkeys(members, "yes")
