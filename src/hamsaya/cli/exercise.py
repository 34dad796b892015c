"""The exercise: what the parties of a region pack do to each other in half a minute, on real nodes over real TLS.

Acts, in order
 1  cards       every operator admits the others' cards by fingerprint, and enrols two persons at its desk
 2  charter     everybody signs the charter and the reporting annex; instruments enter into force
 3  monitoring  members report counts of a GED file for their own areas, while one node is killed and one link is cut
 4  picture     every party entitled to it states the digest of its joint picture
 5  case        one answer, one coded refusal, one overdue, one revocation with attested purge
 6  promise     commitment, evidence, notice, right of reply, panel, finding
 7  tranche     declared, running, put on notice by the finding; the price before and after
 8  alert       one member warns under its budget, whom it asks answers, one more is refused
 9  attacks     forged sender, stripped signature, replay, charter breach, forked and tampered log
10  logs        every log cosigned by the others and audited; every message accounted for at both ends
Everything is said through the nodes' own pipelines; the script only decides who says what when.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from hamsaya.adapters.clock import begin_fast_time
from hamsaya.adapters.regionpack import AskScript, Pack
from hamsaya.base.instants import DAY
from hamsaya.base.interval import Interval
from hamsaya.cases import handling
from hamsaya.charter.types import document_from_plain
from hamsaya.cli.exercise_alert import warn
from hamsaya.cli.exercise_link import Link
from hamsaya.cli.fleet import Fleet, Refused
from hamsaya.messages import cases, compliance, linkage
from hamsaya.messages.caveats import LIAISON, LOCKED, listed
from hamsaya.messages.charter import Sign
from hamsaya.messages.items import Accept
from hamsaya.messages.kinds import kind_of
from hamsaya.messages.monitor import Report, Row
from hamsaya.monitor.counts import own_rows, split_report
from hamsaya.node.agreement import Agreement
from hamsaya.node.bootstrap import own_card
from hamsaya.node.chain import Chain, price_chain

WAIT_S = 30.0
"""How long nothing at all may happen at any node while the script waits: a slow machine is none that hangs."""
BEGINS = "fast-time"
Say = Callable[[str, str], None]


@dataclass
class Exercise:
    """One run. ``say(act, sentence)`` tells people what happens."""

    fleet: Fleet
    pack: Pack
    agreement: Agreement
    links: list[Link]
    say: Say
    incidents: int
    rows: list[Row]
    source: tuple[str, str]
    first: str
    last: str
    as_of: int
    outcome: dict[str, Any] = field(default_factory=dict)

    @property
    def members(self) -> list[str]:
        """The parties with role member that take part."""
        return [p.id for p in self.pack.parties if p.role == "member" and p.id in self.fleet.members]

    # 1
    async def cards(self) -> None:
        """Every operator admits every other card."""
        raw = {member: (self.fleet.home(member) / "node.card").read_bytes() for member in self.fleet.members}
        prints = {member: own_card(self.fleet.home(member)).fingerprint for member in self.fleet.members}

        async def admit(member: str) -> None:
            for other in self.fleet.members:
                if other != member:
                    await self.fleet.call(member, "add-peer", card=raw[other], fingerprint=prints[other])

        await asyncio.gather(*(admit(member) for member in self.fleet.members))
        self.say("cards", f"{len(raw)} parties admitted each other's cards by fingerprint")
        await asyncio.gather(*(self._enrol(member) for member in self.fleet.members))
        self.say("cards", "each party enrolled two persons with keys of their own; one prepares, the other releases")

    async def _enrol(self, member: str) -> None:
        for key in self.fleet.people(member):
            await self.fleet.call(member, "enrol", person=key.person, roles=key.roles, public=key.public,
                                  staff_number=f"EXERCISE {key.person}", name=f"EXERCISE {key.person}")

    # 2
    async def charter(self) -> None:
        """Everybody signs the charter and the annex."""
        for document, revision in self.agreement.documents.items():
            body = Sign(document=document, revision=revision)
            await asyncio.gather(*(self.fleet.send(m, "charter.sign", body, ["all"]) for m in self.fleet.members))
        in_force = await self._until("the instruments in force", self._all_in_force)
        self.say("charter", f"signed by all; {len(in_force)} instruments in force at every node")

    async def _all_in_force(self) -> list[Any] | None:
        views = await self.fleet.everywhere("instruments")
        every = [[v for v in view if not v["draft"]] for view in views.values()]
        return every[0] if all(v["in_force"] for view in every for v in view) else None

    # 3
    async def monitoring(self) -> None:
        """Members report; in the middle of it one node is killed and one link cut."""
        script = self.pack.exercise.faults
        for link in self.links:
            await link.cut()
        reports = {member: self._reports(member) for member in self.members}
        others = [member for member in self.members if member != script.kill]
        sending = [asyncio.create_task(self._report(member, reports[member])) for member in others]
        await asyncio.sleep(0.15)
        self.fleet.kill(script.kill)
        cut = "–".join(script.cut)
        self.say("monitoring", f"{script.kill} killed with SIGKILL and the link {cut} cut in mid-exchange")
        await asyncio.gather(*sending)
        self.fleet.launch(script.kill)
        await self.fleet.ready(script.kill)
        await self._report(script.kill, reports[script.kill])
        for link in self.links:
            await link.heal()
        await self._until("every report delivered", self._settled)
        self.say("monitoring", f"{self.incidents} incidents reported as counts by area; {script.kill} restarted, "
                               "the link healed, nothing lost")

    def _reports(self, member: str) -> list[Report]:
        own = own_rows(self.rows, member, self.agreement.areas)
        source, licence = self.source
        return split_report(own, source=source, licence=licence, as_of=self.as_of, first=self.first,
                            last=self.last)

    async def _report(self, member: str, reports: Iterable[Report]) -> None:
        for report in reports:
            await self.fleet.send(member, "monitor.report", report, ["all"])

    async def delivered(self) -> None:
        """Return once everything said has arrived everywhere."""
        await self._until("every message delivered", self._settled)

    async def _settled(self) -> bool:
        views = await self.fleet.everywhere("status")
        return not any(view["outbox"].get("waiting") for view in views.values())

    # 4
    async def picture(self) -> None:
        """Every party entitled to the joint picture states its digest."""
        entitled = [m for m in self.fleet.members if self.agreement.charter.members[m].role != "oversight"]
        period = {"first": max(self.first, _months_before(self.last, 35)), "last": self.last}
        await self.fleet.everywhere("state-picture", entitled, **period)
        await self._until("every statement delivered", self._settled)
        views = await self.fleet.everywhere("picture", entitled, **period)
        digests = {view["digest"] for view in views.values()}
        equal = len(digests) == 1 and all(all(view["stated"].values()) for view in views.values())
        one = next(iter(views.values()))
        self.outcome |= {"joint_picture_equal": equal, "picture": {**period, "digest": one["digest"],
                                                                    "statuses": one["statuses"]}}
        self.say("picture", f"{len(entitled)} nodes hold {'the same' if equal else 'DIFFERENT'} joint picture "
                            f"{one['digest'][:16]}… of {period['first']} to {period['last']}: {one['statuses']}")

    # 5
    async def case(self) -> None:
        """One case: an answer, a coded refusal, an overdue, a revocation with attested purge."""
        script = self.pack.exercise.case
        now = (await self.fleet.call(script.opener, "status"))["now"]
        opening = cases.Open(
            title=script.title, purpose=script.purpose, act=script.act, participants=script.participants,
            legal_basis=script.legal_basis, desk=script.desk, officer=script.officer,
            retain_until=now + script.retain_days * DAY, subjects=script.subjects,
        )
        await self._case(script.opener, opening, script.participants)
        for ask in script.asks:
            body = cases.Ask(request=ask.request, to=ask.to, question=ask.question, urgency=ask.urgency,
                             legal_basis=script.legal_basis, desk=script.desk, officer=ask.officer)
            await self._case(script.opener, body, [ask.to])
            await self._answer(ask)
        self.time_passes()
        await self._until("the overdue mark", self._overdue_marked)
        await self._revoke()
        view = await self.fleet.call(script.opener, "case", case=script.reference)
        requests = [each["request"] for each in view["requests"]]
        for request in requests:
            end = f"declined ({request['declined']})" if request["declined"] else request["status"]
            overdue = f", overdue: {', '.join(request['marks'])}" if request["marks"] else ""
            self.say("case", f"{request['asker']} asked {request['asked']} ({request['urgency']}): {end}{overdue}")
        self.outcome["case"] = {request["request"]: request["status"] for request in requests}

    async def _case(self, sender: str, body: Any, to: list[str]) -> None:
        kind, reference = kind_of(body), self.pack.exercise.case.reference
        await self._when_possible(lambda: self.fleet.send(sender, kind, body, to, case=reference))

    async def _answer(self, ask: AskScript) -> None:
        opener = self.pack.exercise.case.opener
        if ask.answer is not None:
            await self._case(ask.to, cases.Acknowledge(request=ask.request, officer=ask.answer.prepared_by), [opener])
            script, audience = ask.answer, listed(f"{opener}/{LIAISON}")
            body = cases.Answer(
                request=ask.request, item=script.item, text=script.text, locked=None,
                caveats=handling.from_words(script.caveats, audience), grading=script.grading, derived_from=[],
                supersedes=None, prepared_by=script.prepared_by, released_by=script.released_by,
            )
            await self._case(ask.to, body, [opener])
            if body.caveats.disclosure in LOCKED:
                await self._accept(opener, ask.to, script.item)
        if ask.decline is not None:
            decline = cases.Decline(request=ask.request, code=ask.decline.code, officer=ask.decline.officer)
            await self._case(ask.to, decline, [opener])

    async def _accept(self, holder: str, owner: str, item: str) -> None:
        """The holder's officer accepts the caveats; the owner's node then gives the key by itself."""
        await self._case(holder, Accept(item=item, officer=self.pack.exercise.case.officer), [owner])
        await self._until("the key of a locked item", lambda: self._open(holder, item))

    async def _open(self, holder: str, item: str) -> bool:
        view = await self.fleet.call(holder, "case", case=self.pack.exercise.case.reference)
        return any(each["item"]["item"] == item and each["item"]["text"] for each in view["items"])

    def time_passes(self) -> None:
        """Let the days begin that the rest of the exercise needs: all nodes read one file, so their clocks agree."""
        begin_fast_time(self.fleet.directory / BEGINS)

    async def _overdue_marked(self) -> bool:
        script = self.pack.exercise.case
        view = await self.fleet.call(script.opener, "case", case=script.reference)
        late = {ask.request for ask in script.asks if ask.outcome == "overdue"}
        return all(each["request"]["marks"] for each in view["requests"] if each["request"]["request"] in late)

    async def _revoke(self) -> None:
        revoke = self.pack.exercise.case.revoke
        body = cases.Revoke(item=revoke.item, reason=revoke.reason, officer=revoke.officer)
        await self._case(revoke.by, body, [revoke.holder])
        purge = cases.Purge(item=revoke.item, outcome=revoke.purge_outcome, law=None, officer=revoke.purge_officer)
        await self._case(revoke.holder, purge, [revoke.by])
        attested = await self._until("the attested purge", self._purge_attested)
        self.outcome["purge"] = attested
        self.say("case", f"{revoke.by} revoked {revoke.item}; {revoke.holder} attests: {attested}")

    async def _purge_attested(self) -> str | None:
        script = self.pack.exercise.case
        view = await self.fleet.call(script.revoke.by, "case", case=script.reference)
        item = next(each["item"] for each in view["items"] if each["item"]["item"] == script.revoke.item)
        attested = {each["holder"]: str(each["outcome"]) for each in item["attested"]}
        return attested.get(script.revoke.holder)

    # 6
    async def promise(self) -> None:
        """A commitment, its evidence, the right of reply, the panel and the finding."""
        script = self.pack.exercise.commitment
        terms = script.body
        await self._all(script.owner, "compliance.commit", terms)
        now = (await self.fleet.call(script.owner, "status"))["now"]
        for item in script.evidence:
            evidence = compliance.Evidence(
                commitment=terms.commitment, evidence=item.evidence, evidence_class=item.evidence_class,
                observed_from=now - item.days_ago_from * DAY, observed_to=now - item.days_ago_to * DAY,
                value=item.value, unit=None if item.value is None else terms.unit, replaces=None,
                digest=hashlib.sha256(item.summary.encode()).digest(), summary=item.summary,
            )
            await self._all(item.by, "compliance.evidence", evidence)
        raised = compliance.Provisional(
            commitment=terms.commitment, finding=script.finding, proposed=script.proposed, conductor=script.conductor,
            evidence=[item.evidence for item in script.evidence], reopens=None,
        )
        await self._all(script.raised_by, "compliance.provisional", raised)
        notice = compliance.Notify(finding=script.finding, reply_due=now + (script.reply_days + 1) * DAY)
        await self._all(script.conductor, "compliance.notify", notice)
        reply = compliance.Reply(finding=script.finding, stance="disputed", text=script.reply)
        await self._all(script.owner, "compliance.reply", reply)
        for member, verdict in script.verdicts.items():
            attest = compliance.Attest(finding=script.finding, verdict=verdict, reason=f"EXERCISE: {verdict}.")
            await self._all(member, "compliance.attest", attest)
        await self._until("every verdict delivered", self._settled)
        finding = compliance.Finding(finding=script.finding, rating=script.expected_rating)
        await self._all(script.conductor, "compliance.finding", finding)
        votes = Counter(script.verdicts.values())
        self.outcome["finding"] = script.expected_rating
        self.say("promise", f"{script.owner} promised: {terms.title}; replied to the notice; panel {terms.k} of "
                            f"{len(terms.panel)} voted {dict(votes)}; finding {script.expected_rating}")

    async def _all(self, sender: str, kind: str, body: object) -> None:
        await self._when_possible(lambda: self.fleet.send(sender, kind, body, ["all"]))

    # 7
    async def tranche(self) -> None:
        """A tranche is declared, runs, and is put on notice; what compliance costs before and after."""
        script, promise = self.pack.exercise.tranche, self.pack.exercise.commitment
        ref = script.body.tranche
        before = self.price("adopt-finding", 1, 1)
        await self._all(script.declared_by, "linkage.tranche", script.body)
        path: list[linkage.TrancheState] = ["escrowed", "released", "running"]
        for state in path:
            await self._all(script.declared_by, "linkage.step",
                            linkage.Step(tranche=ref, to=state, ground="charter/decision", probation_days=None))
        notice = linkage.Step(tranche=ref, to="notice", ground=promise.finding, probation_days=None)
        await self._all(script.noticed_by, "linkage.step", notice)
        await self._until("the notice everywhere", lambda: self._tranche_state(ref, "notice"))
        after = self.price("suspend-tranche", len(promise.body.panel), promise.body.k)
        self.outcome |= {"price_before": before.price.mid, "price_after": after.price.mid, "tranche": "notice"}
        self.say("tranche", f"{ref} on notice at every node; humanitarian goods cannot be touched")
        self.say("tranche", f"price of compliance before, one attestor and '{before.rule}': {_span(before.price)}")
        self.say("tranche", f"price of compliance after, panel {after.panel} and '{after.rule}': {_span(after.price)}")

    async def _tranche_state(self, ref: str, state: str) -> bool:
        entitled = [m for m in self.fleet.members if self.agreement.charter.members[m].role != "oversight"]
        views = await self.fleet.everywhere("tranches", entitled)
        return all((ref, state) in {(t["tranche"]["tranche"], t["status"]) for t in view} for view in views.values())

    # 8
    async def alert(self) -> None:
        """A member's alerts under its budget are delivered, and answered by whom they ask."""
        self.outcome["alert"] = await warn(self.fleet, self.agreement.areas, self.pack.exercise.case.opener, self.rows,
                                           self.say, self._until)

    def price(self, rule_id: str, seats: int, k: int) -> Chain:
        """Return the price of compliance under one of the charter's rules and one panel."""
        document = document_from_plain(self.pack.charter)
        rule = next(rule for rule in document.rules if rule.id == rule_id)
        inputs = {name: Interval(i.low, i.mid, i.high) for name, i in self.pack.inputs.items()}
        return price_chain(inputs, rule, len(self.members) - 1, seats, k, self.pack.exercise.tranche.body.mid_musd)

    # 10
    async def logs(self) -> None:
        """Every log is cosigned by the others and audited; every message is accounted for at both ends."""
        await self.delivered()
        await self.fleet.everywhere("cosign")
        audits = await self.fleet.everywhere("audit")
        self.outcome["logs_verified"] = len(audits)
        least = min(len(audit["witnesses"]) for audit in audits.values())
        self.say("logs", f"{len(audits)} logs verified, each cosigned by at least {least} other parties")
        self.outcome |= await self._account()
        self.say("logs", "{messages_sent} messages sent, {messages_admitted} admitted, {lost} lost, {duplicated} twice"
                 .format_map(self.outcome))

    async def _account(self) -> dict[str, int]:
        """Return the account of all logs, once nothing is on its way that the fast clock has made nodes say since."""
        for _ in range(10):
            counts = account(await self.fleet.everywhere("log", limit=10_000_000))
            if not counts["lost"]:
                break
            await asyncio.sleep(0.5)
            await self.delivered()
        return counts

    async def _until(self, what: str, done: Callable[[], Awaitable[Any]]) -> Any:
        """Wait until ``done`` gives something; raises Refused when nothing has moved at any node for ``WAIT_S``."""
        patience = Patience(self.fleet)
        while await patience.left():
            result = await done()
            if result:
                return result
            await asyncio.sleep(0.1)
        text = f"nothing moved for {WAIT_S:.0f} s, waiting for {what}; see node.out in the nodes' directories (--dir " \
               "keeps them)"
        raise Refused(text, code="exercise-stuck")

    async def _when_possible(self, send: Callable[[], Awaitable[Any]]) -> None:
        """Send once what the sender's own state still waits for has arrived there."""
        patience = Patience(self.fleet)
        while await patience.left():
            try:
                await send()
                return
            except Refused as refusal:
                if refusal.code != "predecessor-missing":
                    raise
            await asyncio.sleep(0.1)
        raise Refused("what this message answers never arrived at its sender", code="exercise-stuck")


class Patience:
    """How long the script waits: as long as a log grows or an outbox changes somewhere, and ``WAIT_S`` more."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet, self._seen, self._until = fleet, dict[str, Any](), time.monotonic() + WAIT_S

    async def left(self) -> bool:
        """Say whether to go on; the nodes are asked only where the time would be over."""
        if time.monotonic() < self._until:
            return True
        views = await self._fleet.everywhere("status")
        seen = {member: (view["log_size"], view["outbox"]) for member, view in views.items()}
        moved, self._seen = seen != self._seen, seen
        self._until = time.monotonic() + WAIT_S
        return moved


def account(logs: dict[str, list[Any]]) -> dict[str, int]:
    """Return deliveries sent, admitted, lost and admitted twice, from the logs of both ends."""
    sent = Counter(
        (row["sender"], row["message_id"], recipient)
        for rows in logs.values() for row in rows if row["role"] == "sent" for recipient in row["recipients"]
    )
    received = Counter(
        (row["sender"], row["message_id"], member)
        for member, rows in logs.items() for row in rows if row["role"] == "received"
    )
    expected = {key for key in sent if key[2] in logs}
    return {
        "messages_sent": len(expected),
        "messages_admitted": len(expected & received.keys()),
        "lost": len(expected - received.keys()),
        "duplicated": sum(count - 1 for count in received.values()) + sum(count - 1 for count in sent.values()),
    }


def _months_before(month: str, count: int) -> str:
    number = int(month[:4]) * 12 + int(month[5:]) - 1 - count
    return f"{number // 12:04}-{number % 12 + 1:02}"


def _span(price: Interval) -> str:
    return f"{price.mid:.2f} $ for each $ of compliance cost ({price.low:.2f} to {price.high:.2f})"
