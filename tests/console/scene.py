"""One federation with something of everything to show, and the console of one of its nodes in a test client."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.testclient import TestClient

from hamsaya.base.instants import DAY, HOUR
from hamsaya.canon import digest
from hamsaya.cases.course import due
from hamsaya.cases.handling import from_words
from hamsaya.console.app import console_app
from hamsaya.messages.alerts import Acted, Alert, Asked, Assessment, ByForecast, ByScan, Concur, Source
from hamsaya.messages.cases import Acknowledge, Answer, Ask, Decline, Open, Overdue, Purge, Revoke, Subject
from hamsaya.messages.caveats import Grading, listed
from hamsaya.messages.charter import (
    Act,
    CastVote,
    Choice,
    Competent,
    CompetentBody,
    Propose,
    React,
    Reserve,
    Resolve,
    SetStanding,
)
from hamsaya.messages.compliance import Attest, Commit, Evidence, Finding, Notify, Provisional, Reply, Seat
from hamsaya.messages.kinds import Body, encode_body
from hamsaya.messages.linkage import Step, Tranche
from hamsaya.messages.monitor import Coverage, Picture
from hamsaya.monitor.alerts_rules import end_of, month_of
from hamsaya.monitor.counts import counts, own_rows, split_report
from hamsaya.monitor.exercise import LICENCE, SOURCE, exercise_incidents
from hamsaya.node.assembly import records_due
from hamsaya.node.console_views import picture
from hamsaya.node.core import Node
from hamsaya.node.receive import ReceiveJob
from hamsaya.node.recipients import everybody
from hamsaya.node.send import Draft
from hamsaya.node.service import Service
from hamsaya.ports.chunks import ChunkStore
from hamsaya.ports.layers import MapLines
from hamsaya.ports.transport import Address
from hamsaya.ports.transport import Answer as HttpAnswer
from tests.console.desk_scene import declarations, make_desk
from tests.support.federation import Federation, make_federation

MEMBERS = ("pk", "af", "cn", "ir", "kz", "tj", "uz", "joint-cell")
MONTHS = ("2026-01", "2026-06")
CASE = "EX-2026-001"
HOSTILE = "<script>alert(1)</script> \u202egnp.exe \" onmouseover=x"
TOKEN = "a-token-of-at-least-sixteen"
ORIGIN = "http://127.0.0.1:8080"


@cache
def federation() -> Federation:
    """The whole story, told once for all tests of the pages."""
    made = make_federation(members=MEMBERS)
    _tell_reservation(made)
    _tell_case(made)
    _tell_hostile_case(made)
    _tell_reports(made)
    _tell_coverage(made)
    _tell_alerts(made)
    _tell_promise(made)
    _tell_tranche(made)
    _tell_decisions(made)
    _forge(made.node("pk"))
    say(made, "pk", Ask(request="EX-2026-001/4", to="ir", question="EXERCISE: still on its way.", urgency="routine",
                        legal_basis="CX.2", desk="desk", officer="desk-pk-1"), ("ir",), CASE, carry=False)
    return made


@cache
def empty_federation() -> Federation:
    """A federation whose parties have exchanged cards and signed, and nothing else."""
    return make_federation(members=("pk", "ir"))


def say(made: Federation, sender: str, body: Body, to: tuple[str, ...], case: str | None = None,
        carry: bool = True) -> None:
    made.send(sender, Draft(body, to, case=case))
    if carry:
        made.carry_all()


def tell_all(made: Federation, sender: str, body: Body, kind: str) -> None:
    say(made, sender, body, tuple(everybody(made.node(sender), kind)))


def _tell_case(made: Federation) -> None:
    parties = ("pk", "ir", "kz", "uz")
    subject = Subject(type="consignment", label="EXERCISE consignment note X-0000",
                      eligibility="mutually-criminalised", eligibility_ref="case-exchange CX.1")
    say(made, "pk", Open(
        title="EXERCISE: fictional consignment of detonators at a rail yard", purpose="trace-explosives",
        act="explosives-trafficking", participants=list(parties), legal_basis="CX.1", desk="desk", officer="desk-pk-1",
        retain_until=made.clock.now() + 90 * DAY, subjects=[subject]), parties, CASE)
    for number, to, urgency in ((1, "ir", "urgent"), (2, "uz", "urgent"), (3, "kz", "threat-to-life")):
        say(made, "pk", Ask(request=f"{CASE}/{number}", to=to, urgency=urgency,
                            legal_basis="CX.2", desk="desk", officer="desk-pk-1",
                            question="EXERCISE: did note X-0000 pass your fictional rail yard?"), (to,), CASE)
    say(made, "ir", Acknowledge(request=f"{CASE}/1", officer="desk-ir-1"), ("pk",), CASE)
    made.clock.advance(HOUR)
    caveats = from_words(["lead-only", "no-death-penalty-or-torture"], listed("pk"))
    say(made, "ir", Answer(request=f"{CASE}/1", item=f"{CASE}/1/A", text="EXERCISE: seen once, on day two.",
                           locked=None, caveats=caveats, grading=Grading(source="B", information="3"), derived_from=[],
                           supersedes=None, prepared_by="desk-ir-1", released_by="desk-ir-2"), ("pk",), CASE)
    say(made, "uz", Decline(request=f"{CASE}/2", code="open-investigation", officer="desk-uz-1"), ("pk",), CASE)
    made.clock.advance(3 * DAY)
    for late in made.node("pk").state.cases.requests.values():
        if late.asked == "kz":
            say(made, "pk", Overdue(request=late.request, step="answer", due=due(late, "answer")), ("kz",), CASE)
    say(made, "ir", Revoke(item=f"{CASE}/1/A", reason="error", officer="desk-ir-2"), ("pk",), CASE)
    say(made, "pk", Purge(item=f"{CASE}/1/A", outcome="purged", law=None, officer="desk-pk-2"), ("ir",), CASE)


def _tell_hostile_case(made: Federation) -> None:
    say(made, "ir", Open(
        title=HOSTILE, purpose="prevent-attack", act="bombing", participants=["ir", "pk"],
        legal_basis="CX.1", desk="desk", officer="desk-ir-1",
        retain_until=made.clock.now() + 30 * DAY, subjects=[]), ("pk",), "EX/hostile")
    say(made, "ir", Ask(request="EX/hostile/1", to="pk", question=HOSTILE, urgency="routine",
                        legal_basis="CX.2", desk="desk", officer="desk-ir-1"),
        ("pk",), "EX/hostile")


def _tell_reports(made: Federation) -> None:
    areas = made.node("pk").agreement.areas
    months = [f"2026-{month:02}" for month in range(1, 7)]
    busy = [gid for gid, who in sorted(areas.items()) if who & {"pk", "ir", "af", "uz", "tj"}]
    rows = counts(exercise_incidents(7, busy, months))
    for member in ("pk", "cn", "ir", "kz", "tj", "uz"):
        last = "2026-03" if member == "uz" else MONTHS[1]
        mine = [row for row in own_rows(rows, member, areas) if row.month <= last]
        for report in split_report(mine, source=SOURCE, licence=LICENCE, as_of=made.clock.now() - DAY,
                                   first=MONTHS[0], last=last):
            tell_all(made, member, report, "monitor.report")
    for member in ("ir", "cn"):
        node = made.node(member)
        joint = picture(node.state.monitor, areas, *MONTHS)
        document = joint.document
        # China states another picture, so that a page has both to show.
        digest = bytes(32) if member == "cn" else bytes.fromhex(joint.digest)
        tell_all(made, member, Picture(first=MONTHS[0], last=MONTHS[1], digest=digest, cells=len(document.cells),
                                       coverage=document.coverage), "monitor.picture")


def _tell_coverage(made: Federation) -> None:
    """Two members declare and contest, the party of the pages among them."""
    areas = made.node("pk").agreement.areas
    for member in ("pk", "uz"):
        own = [gid for gid, who in areas.items() if who == {member}]
        for body in declarations(own, made.clock.now()):
            tell_all(made, member, body, "monitor.coverage" if isinstance(body, Coverage) else "monitor.contest")


@cache
def desk() -> Path:
    """The desk beside the node of the party of the pages."""
    areas = federation().node("pk").agreement.areas
    shared = sorted(gid for gid, who in areas.items() if who == {"pk", "ir"})[:2]
    return make_desk(Path(tempfile.mkdtemp(prefix="hamsaya-desk-")), "pk", shared)


def _tell_alerts(made: Federation) -> None:
    """One alert that cannot be told, one still open, both with an answer; an assessment with a dissent."""
    areas = made.node("pk").agreement.areas
    cells = [gid for gid, who in sorted(areas.items()) if who == {"ir"}][:2]
    now, month = made.clock.now(), month_of(made.clock.now())
    for number, (kind, basis) in enumerate((
        ("onset", ByForecast(tier="kernel", chance=0.4, low=0, high=9)),
        ("cluster", ByScan(statistic=12.5, p_value=0.001, observed=9, expected=2.5, recurrence_days=700.0)),
    )):
        tell_all(made, "pk", Alert(
            alert=f"pk/A-{number}", kind=kind, cells=[cells[number]], zone=None, first=month, last=month,
            measure="deaths" if kind == "onset" else "incidents", at_least=1, basis=basis, as_of=now - DAY,
            vintage=bytes(32), model=bytes(32), asked=[Asked("ir", "joint-visit-offer", end_of(month)),
                                                      Asked("ir", "verify", end_of(month))],
            budget=3, threshold=0.3), "monitor.alert")
    tell_all(made, "ir", Acted(alert="pk/A-0", action="verify", outcome="declined", reason="no-access"),
             "monitor.acted")
    body = Assessment(assessment="pk/S-1", title=HOSTILE, first=MONTHS[0], last=MONTHS[1], cells=cells,
                      text=["EXERCISE: quieter than before."], confidence="likely",
                      sources=[Source("EXERCISE counts", "CC BY 4.0", bytes(32))], alerts=["pk/A-0"], picture=None)
    tell_all(made, "pk", body, "monitor.assessment")
    tell_all(made, "ir", Concur(assessment="pk/S-1", digest=digest(encode_body(body)), stance="dissent",
                                text=HOSTILE), "monitor.concur")


def _tell_promise(made: Federation) -> None:
    blocs = {"cn": "eastern-asia", "ir": "southern-asia", "kz": "central-asia", "uz": "central-asia",
             "joint-cell": "joint"}
    now = made.clock.now()
    tell_all(made, "tj", Commit(
        commitment="EX-C-001", title="EXERCISE: notified joint visits are admitted",
        indicator="share of notified joint visits admitted within 48 hours", unit="percent", query=None,
        target_low=90.0, target_high=100.0, materiality=5.0, until=now + 365 * DAY, publication="members",
        cadence_days=30, timeliness_days=15, required_detection=0.9, max_false_alarm=0.1,
        evidence_classes=["counterpart-report", "joint-visit"], k=3,
        panel=[Seat(member=member, bloc=bloc) for member, bloc in blocs.items()]), "compliance.commit")
    tell_all(made, "joint-cell", Evidence(
        commitment="EX-C-001", evidence="EX-E-001", evidence_class="access-denied", observed_from=now - 20 * DAY,
        observed_to=now - 20 * DAY, value=None, unit=None, replaces=None,
        digest=bytes(32), summary="EXERCISE: the visit was not admitted"),
        "compliance.evidence")
    tell_all(made, "pk", Evidence(
        commitment="EX-C-001", evidence="EX-E-002", evidence_class="counterpart-report", observed_from=now - 30 * DAY,
        observed_to=now - 10 * DAY, value=50.0, unit="percent", replaces=None, digest=bytes(32),
        summary="EXERCISE: one of two visits was admitted"),
        "compliance.evidence")
    tell_all(made, "pk", Provisional(
        commitment="EX-C-001", finding="EX-F-001", proposed="NC", conductor="joint-cell", reopens=None,
        evidence=["EX-E-001", "EX-E-002"]), "compliance.provisional")
    tell_all(made, "joint-cell", Notify(finding="EX-F-001", reply_due=now + 16 * DAY), "compliance.notify")
    tell_all(made, "tj", Reply(finding="EX-F-001", stance="disputed",
                               text="EXERCISE: the fictional road was closed by snow."), "compliance.reply")
    for member, verdict in (("cn", "cannot-tell"), ("kz", "breach"), ("uz", "breach"), ("joint-cell", "breach")):
        tell_all(made, member, Attest(finding="EX-F-001", verdict=verdict, reason=None), "compliance.attest")
    tell_all(made, "joint-cell", Finding(finding="EX-F-001", rating="NC"), "compliance.finding")


def _tell_tranche(made: Federation) -> None:
    tell_all(made, "pk", Tranche(
        tranche="EX-T-001", project="casa-1000", receiver="tj", payers=["pk"], goods="energy", low_musd=45.0,
        mid_musd=55.0, high_musd=65.0, commitment="EX-C-001", source="EXERCISE"), "linkage.tranche")
    for to in ("escrowed", "released", "running", "notice"):
        ground = "EX-F-001" if to == "notice" else "decision-1"
        tell_all(made, "pk", Step(tranche="EX-T-001", to=to, ground=ground, probation_days=None), "linkage.step")


def _tell_reservation(made: Federation) -> None:
    tell_all(made, "ir", Reserve(instrument="case-exchange", clause="CX.6", text="EXERCISE: no clocks are recorded."),
             "charter.reserve")
    tell_all(made, "pk", React(reserving="ir", instrument="case-exchange", clause="CX.6", stance="objected"),
             "charter.react")
    tell_all(made, "pk", Competent(bodies=[CompetentBody(
        instrument="case-exchange", name="EXERCISE bureau of cases", desk="desk-pk-1")]), "charter.competent")


def _tell_decisions(made: Federation) -> None:
    """One standing that is adopted and waits for its effect, one finding blocked, one question still open."""
    _propose(made, "pk/standing", "suspend-party", "tj",
             SetStanding(member="tj", standing="suspended", instrument="case-exchange", clauses=[]),
             "EXERCISE: suspend Tajikistan's part in cases")
    for member in ("pk", "cn", "ir", "kz", "uz"):
        _vote(made, member, "pk/standing", "abstain" if member == "cn" else "yes")
    _propose(made, "kz/finding", "adopt-finding", "tj", Resolve(ground="EX-F-002"), "EXERCISE: adopt the finding")
    _vote(made, "ir", "kz/finding", "no", HOSTILE)
    for draft in records_due(made.node("joint-cell")):
        made.send("joint-cell", draft)
    made.carry_all()
    _propose(made, "ir/budget", "budget", None, Resolve(ground="EX-BUDGET-2027"), HOSTILE)


def _propose(made: Federation, reference: str, decision: str, concerned: str | None, act: Act, title: str) -> None:
    tell_all(made, reference.partition("/")[0], Propose(
        proposal=reference, decision=decision, title=title, act=act, concerned=concerned), "charter.propose")


def _vote(made: Federation, member: str, reference: str, choice: Choice, reason: str = "") -> None:
    subject = made.node(member).state.charter.proposals[reference].subject
    tell_all(made, member, CastVote(proposal=reference, subject=subject, choice=choice, reason=reason), "charter.vote")


def _forge(node: Node) -> None:
    for unverified_bytes in (b"no envelope", b"\xa0"):
        node.commit([ReceiveJob(unverified_bytes)])


class Silent:
    """A transport behind which nobody answers."""

    async def post(self, address: Address, path: str, body: bytes, timeout_s: float) -> HttpAnswer:
        return HttpAnswer(0, b"")

    async def close(self) -> None:
        return None


@dataclass
class Console:
    """The console of one node, and a browser in front of it."""

    service: Service
    browser: TestClient

    def sign_in(self) -> None:
        assert self.browser.get(f"/login/{TOKEN}").status_code == 200


def make_console(
    node: Node, signed_in: bool = True, chunks: ChunkStore | None = None, desk: Path | None = None,
    lines: MapLines | None = None,
) -> Console:
    """Return a console whose link is unused, or used by its own browser."""
    service = Service(node, Silent(), chunks=chunks)
    app = console_app(service, login_token=TOKEN, control_routes=[], session_key=bytes(range(32)), lines=lines,
                      desk=desk)
    console = Console(service, TestClient(app, base_url=ORIGIN, raise_server_exceptions=False))
    if signed_in:
        console.sign_in()
    return console
