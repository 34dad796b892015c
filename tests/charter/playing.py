"""Random histories of a charter, lawful and not, and the invariants that must hold after every step of them.

``Play`` draws each move from a seed, so that a failure can be told again: ``Play(seed).run(steps)``. What is checked
is worked out anew from the log of what was admitted, by rules written down a second time and as simply as possible.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec

from hamsaya.base.decision import Decision
from hamsaya.base.instants import DAY, HOUR, MINUTE
from hamsaya.canon import encode
from hamsaya.charter import assembly, reduce, rules
from hamsaya.charter.history import SKEW, amendments, record_of
from hamsaya.charter.rules import PASS_CUTS
from hamsaya.charter.said import EMPTY_CHARTER
from hamsaya.charter.situation import Situation
from hamsaya.charter.types import CHARTER, Clause, Request, kinds_named
from hamsaya.charter.votes import SEATED, Vote
from hamsaya.messages import charter as said
from hamsaya.messages.catalog import KINDS
from hamsaya.messages.charter import Contest, Cut, React, Reserve, Resolve, Retract, Sign, Withdraw
from hamsaya.messages.event import Event
from tests.charter.making import (
    CLASSES,
    MEMBERS,
    OWN,
    PARTIES,
    World,
    agreement,
    amend,
    amended,
    away,
    ballot,
    counted,
    founding,
    give,
    honest_record,
    question,
    replace_body,
)

INSTRUMENTS = ("founding", "cases", "findings", "areas", "joint", "draft.union")
EVERY_KIND = sorted(KINDS)
CONSENTS = ("data-owner", "territory", "nationals-state")
STANDINGS = ("full", "partial", "observer", "suspended", "left")
DUTIES = (("charter.vote", "founding"), ("keys.publish", "founding"), ("case.purge", "cases"), ("case.revoke", "cases"),
          ("compliance.reply", "findings"))
"""What a suspended member keeps: its vote's carriage, its keys, purging, revoking, its right of reply."""
LIES = ("verdict", "omit", "flip", "invent", "date", "opened", "closed", "effect", "epoch", "subject")
ASKED = 4
"""Requests put to the clauses after each step."""


@dataclass
class Play:
    """One random history with its checks."""

    seed: int
    world: World = field(init=False)
    random: Random = field(init=False)
    names: int = 0
    ballots: set[tuple[str, str, str]] = field(default_factory=set)
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        texts = (founding(), founding(), away("dun"), away("fen", "partial"))
        self.world = World(agreement=agreement(self.any_of(texts)))

    # -- moves ---------------------------------------------------------------------------------------------------

    def run(self, steps: int) -> None:
        """Play and check ``steps`` moves; most worlds begin with everybody's signature, some with a part of it."""
        for _ in range(self.random.choice((0, 0, 3))):
            self.step("reserve")
        begins = self.random.random()
        for member in PARTIES if begins < 0.9 else ():
            some = ["areas"] if begins > 0.8 else [name for name in INSTRUMENTS if self.random.random() < 0.5]
            self.world.sign(member, instruments=[] if begins < 0.6 else some or ["cases"])
        for step in range(steps):
            self.step(self.random.choices(MOVES, WEIGHTS)[0])
            if step % 10 == 9:
                self.check_orders()
        self.check_orders()

    def step(self, move: str) -> None:
        """Make one move and check everything that one step may break."""
        getattr(self, f"move_{move}")()
        self.check()

    def tell(self, sender: str, body: Any, at: int | None = None, proven: tuple[str, int] | None = None) -> None:
        """Say it, and hold the answer to what every answer owes."""
        event = self.world.event(sender, body, at)
        before = self.world.state
        if isinstance(body, said.CastVote):
            self.ballots.add((sender, body.proposal, body.choice))
        if isinstance(body, said.Record) and not self.signed_by_all(body):
            self.seen["a ballot nobody signed"] += 1  # ``node.handlers`` refuses it before the assembly is asked.
            return
        found = self.world.tell(event, proven)
        explained(found)
        self.seen[f"{event.kind} {found.code}"] += 1
        if not found.allowed:
            assert self.world.state is before, "what is refused changes nothing"
            return
        assert reduce.apply(self.world.state, event) == self.world.state, "what comes twice counts once"
        if isinstance(body, said.Record):
            self.check_record(event, body)

    def signed_by_all(self, body: said.Record) -> bool:
        """Say whether every ballot of the record was signed: also one of two that a member signed."""
        return all((vote.member, body.proposal, vote.choice) in self.ballots for vote in body.votes)

    def any_of(self, names: Any) -> Any:
        """Draw one; a map, whose order differs from run to run, is sorted first."""
        return self.random.choice(names if isinstance(names, list | tuple) else sorted(names))

    def asked(self) -> list[str]:
        """Return every question, the oldest first."""
        return sorted(self.world.state.proposals, key=lambda each: (self.world.state.proposals[each].at, each))

    def move_later(self) -> None:
        jump = self.random.choice((MINUTE, HOUR, 24 * HOUR, 72 * HOUR, 10 * DAY, 30 * DAY, 90 * DAY))
        until = self.world.situation().until
        self.world.now = until if self.random.random() < 0.3 and until < 2**52 else self.world.now + jump

    def move_sign(self) -> None:
        revision = self.any_of((self.world.situation().compiled.revision, founding().revision, b"\7" * 32))
        some = self.random.sample(INSTRUMENTS, self.random.choice((0, 0, 1, 2)))
        self.tell(self.any_of(PARTIES), Sign(document=self.any_of((CHARTER, CHARTER, "annex")), revision=revision,
                                             instruments=some))

    def move_reserve(self) -> None:
        clause = self.any_of((("cases", "C.1"), ("cases", "C.2"), ("cases", "C.3"), ("areas", "A.1"), ("joint", "J.1")))
        kinds = self.random.sample(["case.ask", "case.answer"], self.random.choice((0, 0, 1)))
        owed = self.any_of(([], [], ["two-persons"]))
        back = self.random.random() < 0.3
        self.tell(self.any_of(MEMBERS), Reserve(instrument=clause[0], clause=clause[1], excludes=kinds,
                                                obligations=owed, text="Not so.", withdrawn=back))

    def move_react(self) -> None:
        held = sorted(self.world.state.reservations) or [("ava", "cases", "C.1")]
        reserving, instrument, clause = self.any_of(held)
        stance = self.any_of(("accepted", "objected", "objected-excluding"))
        self.tell(self.any_of(PARTIES), React(reserving=reserving, instrument=instrument, clause=clause, stance=stance))

    def move_withdraw(self) -> None:
        self.tell(self.any_of(MEMBERS), Withdraw(instrument=self.any_of(INSTRUMENTS), text="We go.",
                                                 revoked=self.random.random() < 0.4), self.some_time())

    def move_cut(self) -> None:
        self.tell(self.any_of(PARTIES), Cut(member=self.any_of((*PARTIES, "zoe")), cut=self.random.random() < 0.5,
                                            reason="technical"))

    def some_time(self) -> int:
        """Return now, or an earlier date that a dishonest sender writes."""
        return self.world.now - self.any_of((0, 0, 0, MINUTE, DAY, 29 * DAY))

    def move_propose(self) -> None:
        by, name = self.any_of((*MEMBERS, "gil", "cell")), self.any_of(CLASSES)["id"]
        target = self.any_of((*MEMBERS, "gil"))
        current = self.world.situation().compiled.document
        act: said.Act = Resolve(ground="g")
        if name in ("admit", "suspend", "expel", "review"):
            confers = next(each for each in CLASSES if each["id"] == name)["confers"]
            standing = self.any_of(confers) if self.random.random() < 0.9 else self.any_of(STANDINGS)
            act = give(target, standing, self.any_of((None, None, "cases")))
        elif name == "amend":
            base = self.any_of((current, current, founding().document))
            act = amend(amended(base, title=f"Text {self.names % 3}", epoch_signatures=1 + self.names % 3))
        fields: dict[str, Any] = {"concerned": target} if self.random.random() < 0.9 else {}
        if self.world.state.proposals and self.random.random() < 0.2:
            against = self.any_of(self.world.state.proposals)
            earlier = self.world.state.proposals[against]
            found = self.world.situation().compiled.classes.get(earlier.decision)
            name, act = (found.appeal if found and found.appeal else name), earlier.act
            by = self.any_of((earlier.by, earlier.concerned or by))
            fields = {"against": against} | ({"concerned": earlier.concerned} if earlier.concerned else {})
        self.names += self.random.random() < 0.95  # Sometimes a reference is used again.
        self.tell(by, question(by, f"n{self.names}", name, act, **fields), self.some_time())

    def open_ones(self) -> list[str]:
        state = self.world.state
        open_ = [each for each in self.asked() if record_of(state, each) is None]
        return open_[-4:] or self.asked()[-2:]

    def move_vote(self) -> None:
        if open_ := self.open_ones():
            reference = self.any_of(open_)
            vote = ballot(self.world.state, reference, self.random.choices(("yes", "no", "abstain"), (8, 1, 1))[0])
            if self.random.random() < 0.03:
                vote = replace_body(vote, subject=b"\1" * 32)
            self.tell(self.any_of((*MEMBERS, *MEMBERS, "gil", "cell")), vote, self.some_time())

    def move_all_vote(self) -> None:
        if open_ := self.open_ones():
            weights = self.any_of(((9, 1, 0), (9, 1, 0), (0, 0, 1)))  # In favour for the most part, or nobody cares.
            for member in MEMBERS:
                if self.random.random() < 0.9:
                    choice = self.random.choices(("yes", "no", "abstain"), weights)[0]
                    self.tell(member, ballot(self.world.state, self.any_of(open_), choice))

    def move_record(self) -> None:
        """Record as ``node.assembly`` does: all votes known, each at the time at which it was known."""
        for reference in self.open_ones():
            if self.decidable(reference):
                self.tell(self.any_of(("cell", "cell", "watch")), honest_record(self.world, reference))

    def decidable(self, reference: str) -> bool:
        """Say whether the classes at the question's opening know its class."""
        put = self.world.state.proposals[reference]
        return put.decision in self.world.situation(put.at).compiled.classes

    def move_false_record(self) -> None:
        if not (open_ := self.asked()):
            return
        reference = self.any_of(open_[-6:])
        if not self.decidable(reference):
            return
        record = honest_record(self.world, reference)
        for _ in range(self.random.choice((1, 1, 2))):
            record = self.falsified(record)
        self.tell(self.any_of(("cell", "watch", "ava")), record)

    def falsified(self, record: said.Record) -> said.Record:
        """Return ``record`` with one lie."""
        shift = self.any_of((-DAY, -HOUR, -1, 1, HOUR, 72 * HOUR, 90 * DAY))
        votes = list(record.votes)
        match self.any_of(LIES):
            case "verdict":
                return replace_body(record, verdict="blocked" if record.verdict == "adopted" else "adopted")
            case "omit" if votes:
                votes.pop(self.random.randrange(len(votes)))
            case "flip" if votes:
                index = self.random.randrange(len(votes))
                votes[index] = msgspec.structs.replace(votes[index], choice=self.any_of(("yes", "no", "abstain")))
            case "invent":
                votes.append(counted(self.any_of(PARTIES), "yes", record.closed_at, b"\5" * 16))
            case "date" if votes:
                index = self.random.randrange(len(votes))
                votes[index] = msgspec.structs.replace(votes[index], at=max(0, votes[index].at + shift))
            case "opened":
                return replace_body(record, opened_at=record.opened_at + shift)
            case "closed":
                moved = {"closed_at": record.closed_at + shift, "effective_at": record.effective_at + shift}
                return replace_body(record, **moved)
            case "effect":
                return replace_body(record, effective_at=record.effective_at + shift)
            case "epoch":
                return replace_body(record, epoch=max(0, record.epoch + self.any_of((-1, 1))))
            case "subject":
                return replace_body(record, subject=b"\2" * 32)
        return replace_body(record, votes=votes)

    def move_retract(self) -> None:
        if self.world.state.proposals:
            reference = self.any_of(self.world.state.proposals)
            self.tell(self.any_of((reference.partition("/")[0], "ava")), Retract(proposal=reference))

    def move_contest(self) -> None:
        """Contest with a receipt, true or of another log, time or vote."""
        recorded = [(ref, each) for ref, known in sorted(self.world.state.records.items())
                    for _, each in sorted(known.items())]
        if not recorded:
            return
        reference, record = self.any_of(recorded)
        member = self.any_of(MEMBERS)
        votes = self.world.state.votes
        left_out = [(ref, each, who) for ref, each in recorded for who in MEMBERS
                    if (ref, who) in votes and all(counted.member != who for counted in each.votes)]
        if left_out and self.random.random() < 0.7:  # Drawn blindly, the true ones would hardly ever come up.
            ordered = sorted(left_out, key=lambda each: (each[0], each[1].message, each[2]))
            reference, record, member = self.any_of(ordered)
        vote = self.world.state.votes.get((reference, member))
        proven = (self.any_of((record.by, "watch")), vote.at if vote else self.world.now)
        body = Contest(proposal=reference, record=record.message, vote=vote.message if vote else b"\6" * 16,
                       statement=b"s", receipt=b"r")
        self.tell(member, body, proven=self.any_of((proven, proven, None)))

    # -- checks --------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Check the invariants of one step: powers, consents, what the suspended keep, what the removed get."""
        situation = self.world.situation()
        assert situation.since <= self.world.now < situation.until
        for _ in range(ASKED):
            self.check_request(situation, self.drawn_request(situation))
        self.check_suspended(situation)

    def drawn_request(self, situation: Situation) -> Request:
        """Return any request at all, or one such as some clause speaks of."""
        consents = frozenset(self.random.sample(CONSENTS, self.random.choice((0, 1, 2, 3))))
        kind, name = self.any_of(EVERY_KIND), self.any_of((*INSTRUMENTS, "nowhere"))
        if self.random.random() < 0.8:
            instrument = self.any_of(situation.compiled.document.instruments)
            kind, name = self.any_of(sorted(kinds_named(self.any_of(instrument.clauses).kinds))), instrument.id
        return Request(kind, self.any_of((*PARTIES, "zoe")), self.any_of((*PARTIES, "zoe")), name,
                       self.any_of((None, "C-1", "C-1")), self.random.random() < 0.97, self.world.now, consents)

    def check_request(self, situation: Situation, request: Request) -> None:
        """I1, I2, I5 of the removed, I6."""
        found = rules.decide(situation, request)
        explained(found)
        self.seen[f"asked {found.code}"] += 1
        if not found.allowed:
            return
        clauses = {f"{i.id}:{c.id}": c for i in situation.compiled.document.instruments for c in i.clauses}
        self.check_bans(situation, request)
        for reason in found.reasons:
            clause = clauses[reason.ref]
            assert clause.modality != "ban" and request.kind in kinds_named(clause.kinds)
            assert reason.ref.partition(":")[0] == request.instrument and not request.instrument.startswith("draft.")
            assert clause.before_entry or self.in_force(request.instrument), "I1: no power without a clause in force"
            assert clause.consent_of in ("none", *request.consents), "I2: no act without the consent of its clause"
            assert request.case or not clause.needs_case
            assert clause.before_entry or not self.unanswered(request, clause.id), "a reservation nobody has answered"
            for end in (request.sender, request.recipient):
                member = situation.compiled.members[end].role == "member"
                assert clause.before_entry or not member or end in self.signed(request.instrument), "I1: not signed"
                if self.has_left(end, request.instrument):
                    assert self.winds_down(clause, end, request.instrument), "I5: who has left gets nothing new"
                standing = situation.held(end, request.instrument).standing
                allowed = clause.standing or ("full",)
                winds = standing == "left" and self.winds_down(clause, end, request.instrument)
                assert standing in allowed or winds, "I5: who has been removed gets nothing new"
        if request.sender != request.recipient and request.kind not in PASS_CUTS:
            assert not self.link_cut(request.sender, request.recipient)

    def check_bans(self, situation: Situation, request: Request) -> None:
        """What is permitted is banned by no clause of the instrument, for either end."""
        for clause in situation.compiled.instruments[request.instrument].clauses:
            if clause.modality == "ban" and request.kind in kinds_named(clause.kinds):
                for end, roles in ((request.sender, clause.senders), (request.recipient, clause.recipients)):
                    role, held = situation.compiled.members[end].role, situation.held(end, request.instrument).standing
                    assert not ({role, "any"} & set(roles) and held in (clause.standing or (held,))), "a ban wins"

    def unanswered(self, request: Request, clause: str) -> bool:
        """Work out from the log whether one end has reserved the clause, the other is silent, and months still run."""
        for by, other in ((request.sender, request.recipient), (request.recipient, request.sender)):
            made = [event for event in self.world.log if isinstance(event.body, Reserve) and event.sender == by
                    and (event.body.instrument, event.body.clause) == (request.instrument, clause)]
            answers = [event for event in self.world.log if isinstance(event.body, React) and event.sender == other
                       and (event.body.reserving, event.body.clause) == (by, clause)]
            last = max(made, key=lambda event: (event.issued_at, event.message_id), default=None)
            open_ = by != other and last and not last.body.withdrawn and not answers  # type: ignore[attr-defined]
            if open_ and last and last.issued_at <= self.world.now < last.issued_at + 365 * DAY:
                return True
        return False

    def has_left(self, member: str, name: str) -> bool:
        """Work out from the log whether ``member``'s notice has run, and nobody ever proposed to let it in again."""
        notices = [event for event in self.world.log if isinstance(event.body, Withdraw) and event.sender == member
                   and event.body.instrument == name]
        last = max(notices, key=lambda event: (event.issued_at, event.message_id), default=None)
        acts = [put.act for put in self.world.state.proposals.values()]
        again = any(isinstance(act, said.SetStanding) and (act.member, act.instrument) == (member, name)
                    for act in acts)
        notice = self.world.situation().compiled.instruments[name].notice_days * DAY
        return (last is not None and not last.body.revoked and not again  # type: ignore[attr-defined]
                and last.issued_at + notice <= self.world.now)

    def in_force(self, name: str, depth: int = 0) -> bool:
        """Work out from the log whether an instrument is in force now."""
        document, now = self.world.situation().compiled.document, self.world.now
        instrument = next(each for each in document.instruments if each.id == name)
        able = {party.id for party in document.members if party.role == "member" and party.standing == "full"}
        when = {who: at for who, at in self.signed(name).items() if who in able}
        if len(when) < instrument.entry_into_force or not set(instrument.required) <= set(when) or depth > 5:
            return False
        enough = sorted(when.values())[instrument.entry_into_force - 1]
        start = max(enough, *(when[who] for who in instrument.required), 0) - SKEW + instrument.entry_delay_days * DAY
        ends = start + instrument.sunset_days * DAY if instrument.sunset_days else 2**60
        return start <= now < ends and all(self.in_force(each, depth + 1) for each in instrument.requires)

    def signed(self, name: str) -> dict[str, int]:
        """Return who has signed a text that is or was in effect, and when first."""
        own, found = self.world.agreement, dict[str, int]()
        line = amendments(self.world.state, own.founding.revision)
        lawful = {own.founding.revision, *(revision for start, _, revision in line if start <= self.world.now)}
        for revision in lawful:
            for event in self.world.log:
                body = event.body
                if not isinstance(body, Sign) or (body.document, body.revision) != (CHARTER, revision):
                    continue
                if name in (body.instruments or INSTRUMENTS):
                    found[event.sender] = min(event.issued_at, found.get(event.sender, event.issued_at))
        return found

    def winds_down(self, clause: Clause, member: str, name: str) -> bool:
        """Work out from the log whether ``member`` has left ``name`` by its own notice and is winding down."""
        instrument = self.world.situation().compiled.instruments[name]
        notices = [event for event in self.world.log if isinstance(event.body, Withdraw) and event.sender == member
                   and event.body.instrument == name]
        last = max(notices, key=lambda event: (event.issued_at, event.message_id), default=None)
        if last is None or last.body.revoked or not clause.wind_down:  # type: ignore[attr-defined]
            return False
        left = last.issued_at + instrument.notice_days * DAY
        return left <= self.world.now < left + instrument.wind_down_days * DAY

    def link_cut(self, one: str, other: str) -> bool:
        """Work out from the log whether either of the two has cut the link and not joined it again."""
        for by, to in ((one, other), (other, one)):
            cuts = [event for event in self.world.log if isinstance(event.body, Cut)
                    and (event.sender, event.body.member) == (by, to) and event.issued_at <= self.world.now]
            last = max(cuts, key=lambda event: (event.issued_at, event.message_id), default=None)
            if last is not None and last.body.cut:  # type: ignore[attr-defined]
                return True
        return False

    def check_suspended(self, situation: Situation) -> None:
        """I5: a suspended member keeps its duties and its right of reply, towards whoever is bound and linked."""
        for member in MEMBERS:
            if situation.held(member).standing != "suspended":
                continue
            for kind, name in DUTIES:
                to = next((each for each in MEMBERS if each != member and (each, name) in situation.bound
                           and situation.held(each, name).standing == "full" and not self.link_cut(member, each)), None)
                if (to is None or name not in situation.entered or (member, name) not in situation.bound
                        or situation.held(member, name).standing != "suspended" or name in situation.reserved):
                    continue
                request = Request(kind, member, to, name, "C-1", True, self.world.now, OWN)
                assert rules.decide(situation, request).allowed, f"I5: {member} keeps {kind}"
                self.seen["duties kept"] += 1

    def check_record(self, event: Event, body: said.Record) -> None:
        """I2, I3, I6 of an admitted record, counted a second time from the log."""
        put = self.world.state.proposals[body.proposal]
        assert self.signed_by_all(body) and body.subject == put.subject
        assert put.at - SKEW <= body.opened_at <= body.closed_at and abs(event.issued_at - body.closed_at) <= SKEW
        assert all(body.opened_at - SKEW <= vote.at <= body.closed_at for vote in body.votes)
        assert len({vote.member for vote in body.votes}) == len(body.votes), "a member counts once"
        then = self.world.situation(body.opened_at)
        votes = {vote.member: Vote(vote.choice, vote.at) for vote in body.votes}
        decision = then.compiled.classes[put.decision]
        lapses = body.opened_at + decision.expires_days * DAY
        names = {m for m, vote in votes.items() if vote.choice == "yes" and m != put.concerned and vote.at <= lapses
                 and then.electorate.get(m) in SEATED}
        lapsed = body.closed_at >= lapses
        nameless = isinstance(put.act, said.SetStanding) and len(names) < then.compiled.document.epoch_signatures
        if not (body.verdict == "blocked" and lapsed and nameless):
            assert counted_plainly(put.decision, put.concerned, votes, then.electorate, body), "miscounted"
        if decision.touches_soil_or_data and body.verdict == "adopted":
            assert put.concerned is not None and votes[put.concerned].choice == "yes", "I2: the territory has said yes"
            self.seen["visits adopted"] += 1
        self.seen[f"recorded {body.verdict}"] += 1
        outcome = assembly.outcome_of(then, put, votes, body.opened_at, body.closed_at)
        assert outcome.reasons and all(outcome.reasons), "I6"
        assert body.verdict == "blocked" or not nameless, "a standing changes by the names of others"
        if body.verdict == "adopted":
            better = {member: Vote("yes", vote.at) if self.random.random() < 0.5 else vote
                      for member, vote in votes.items()}
            assert assembly.outcome_of(then, put, better, body.opened_at, body.closed_at).verdict == "adopted", "I3"

    def check_orders(self) -> None:
        """I4: the log folded again, and in another order, gives the same bytes and the same situation."""
        shuffled = list(self.world.log)
        self.random.shuffle(shuffled)
        again, other = EMPTY_CHARTER, EMPTY_CHARTER
        for event in self.world.log:
            again = reduce.apply(again, event)
        for event in shuffled:
            other = reduce.apply(other, event)
        assert again == self.world.state == other
        assert encode(reduce.snapshot(other)) == encode(reduce.snapshot(self.world.state))
        stranger = World(agreement(self.world.agreement.founding), other, self.world.now)
        mine, theirs = self.world.situation(), stranger.situation()
        assert (mine.standings, mine.entered, mine.bound, mine.epoch, mine.compiled.revision) == (
            theirs.standings, theirs.entered, theirs.bound, theirs.epoch, theirs.compiled.revision)


def explained(found: Decision) -> None:
    """I6: every decision has reasons, each with its reference and its sentence."""
    assert found.reasons and all(reason.ref and reason.text.strip() for reason in found.reasons), "I6"


def counted_plainly(
    decision: str, concerned: str | None, votes: dict[str, Vote], standings: dict[str, str], record: said.Record
) -> bool:
    """Say whether ``record``'s verdict is that of the class's rule, written down a second time."""
    opened, closed = record.opened_at, record.closed_at
    expires = {"expel": 30, "budget": 10}.get(decision, 90) * DAY
    closed = min(closed, opened + expires)
    others = decision in ("admit", "suspend", "expel", "review", "finding", "panel")
    seats = {m: s for m, s in standings.items() if s in SEATED and not (others and m == concerned)}
    said_ = {m: v for m, v in votes.items() if m in seats and v.at <= closed}
    chose = {word: {m for m, v in said_.items() if v.choice == word} for word in ("yes", "no", "abstain")}
    present = {m for m, s in seats.items() if s != "absent"}
    lapsed = record.closed_at >= opened + expires
    if not present and not said_:
        return record.verdict == "blocked"
    if decision in ("suspend", "budget", "visit"):
        needed = {"suspend": 3, "budget": 4, "visit": 3}[decision]
        enough = len(chose["yes"]) >= needed
        waiting = len(present - set(said_))
        if decision == "visit":
            own = votes.get(concerned or "")
            there = concerned in present or concerned in said_  # Who is away and votes is there.
            agrees = there and own is not None and own.at <= closed and own.choice == "yes"
            hopeless = not there or (concerned in said_ and not agrees)
            adopted, dead = enough and agrees, hopeless or len(chose["yes"]) + waiting < needed
        else:
            adopted, dead = enough, len(chose["yes"]) + waiting < needed
    elif decision == "finding":
        in_time = {m for m in chose["no"] if said_[m].at < opened + 72 * HOUR}
        adopted, dead = not in_time and closed >= opened + 72 * HOUR, bool(in_time)
    elif decision == "panel":
        ended = closed >= opened + 15 * DAY
        no = {m for m in chose["no"] if said_[m].at < opened + 15 * DAY}
        in_time = {m for m, v in said_.items() if v.at < opened + 15 * DAY}
        body = present | in_time
        dead = no == body
        adopted = not dead and (ended or bool(in_time - no))
    else:
        tacit = opened + 10 * DAY
        late = {m for m, v in said_.items() if decision == "amend" and seats[m] == "absent" and v.at >= tacit}
        no = chose["no"] - late
        silent = {m for m, s in seats.items() if s == "absent" and m not in set(said_) - late}
        agreed = decision != "amend" or not silent or closed >= tacit
        adopted, dead = not no and present <= set(said_) and agreed, bool(no)
    return adopted if record.verdict == "adopted" else (dead or (lapsed and not adopted))


MOVES = ("later", "sign", "reserve", "react", "withdraw", "cut", "propose", "vote", "all_vote", "record",
         "false_record", "retract", "contest")
WEIGHTS = (16, 5, 2, 2, 3, 4, 14, 18, 6, 14, 8, 1, 3)
