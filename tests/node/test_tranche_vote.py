"""Between real nodes: a tranche on notice goes on by the members' recorded vote, and by nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hamsaya.base.errors import PolicyRefusal
from hamsaya.base.instants import DAY
from hamsaya.messages.charter import Resolve
from hamsaya.messages.compliance import Attest, Commit, Evidence, Finding, Notify, Provisional, Reply, Seat
from hamsaya.messages.linkage import Goods, Step, Tranche, TrancheState
from hamsaya.node.assembly import records_due
from tests.console.scene import _propose, _vote, tell_all
from tests.support.federation import Federation, make_federation

MEMBERS = ("pk", "ir", "kz", "tj", "uz", "cn", "kg", "joint-cell")

OTHERS = ("pk", "ir", "kz", "uz", "cn", "kg")
"""Six of the members but the one concerned: so many let a tranche go on."""


@pytest.fixture
def made() -> Iterator[Federation]:
    """A federation in which a promise was found not to be kept, and the tranche tied to it is on notice."""
    federation = make_federation(members=MEMBERS)
    promise(federation)
    declare(federation, "T-1", "energy")
    move(federation, "T-1", "notice", "F-1")
    yield federation


def promise(made: Federation) -> None:
    now = made.clock.now()
    blocs = made.node("pk").agreement.blocs
    tell_all(made, "tj", Commit(
        commitment="K-1", title="EXERCISE: visits", indicator="visits admitted", unit="percent", query=None,
        target_low=90.0, target_high=100.0, materiality=0.0, until=now + 900 * DAY, publication="members",
        cadence_days=30, timeliness_days=15, required_detection=0.9, max_false_alarm=0.1,
        evidence_classes=["joint-visit"], k=2, panel=[Seat(member=name, bloc=blocs[name])
                                                      for name in ("ir", "cn", "joint-cell")]), "compliance.commit")
    tell_all(made, "ir", Evidence(
        commitment="K-1", evidence="E-1", evidence_class="access-denied", observed_from=now - DAY,
        observed_to=now - DAY, value=None, unit=None, replaces=None, digest=bytes(32),
        summary="EXERCISE: not admitted"), "compliance.evidence")
    tell_all(made, "ir", Provisional(commitment="K-1", finding="F-1", proposed="NC", evidence=["E-1"],
                                     conductor="joint-cell", reopens=None), "compliance.provisional")
    tell_all(made, "joint-cell", Notify(finding="F-1", reply_due=now + 16 * DAY), "compliance.notify")
    tell_all(made, "tj", Reply(finding="F-1", stance="disputed", text="EXERCISE: snow."), "compliance.reply")
    for member in ("cn", "joint-cell"):
        tell_all(made, member, Attest(finding="F-1", verdict="breach", reason=None), "compliance.attest")
    tell_all(made, "joint-cell", Finding(finding="F-1", rating="NC"), "compliance.finding")


def declare(made: Federation, ref: str, goods: Goods) -> None:
    tell_all(made, "pk", Tranche(tranche=ref, project="line", receiver="tj", payers=["pk"], goods=goods, low_musd=1.0,
                                 mid_musd=2.0, high_musd=3.0, commitment="K-1", source="EXERCISE"), "linkage.tranche")
    for to in ("escrowed", "released", "running"):
        move(made, ref, to, "D-1")


def move(made: Federation, ref: str, to: TrancheState, ground: str, days: int | None = None) -> None:
    tell_all(made, "pk", Step(tranche=ref, to=to, ground=ground, probation_days=days), "linkage.step")


def ask(made: Federation, concerned: str | None, refusing: tuple[str, ...], ground: str = "T-1") -> None:
    """Ask the members whether the tranche is to be suspended, and have the outcome recorded."""
    _propose(made, "kz/stop", "suspend-tranche", concerned, Resolve(ground=ground), "EXERCISE: suspend it")
    for member in refusing:
        _vote(made, member, "kz/stop", "no")
    made.clock.advance(DAY)
    for draft in records_due(made.node("joint-cell")):
        made.send("joint-cell", draft)
    made.carry_all()


def statuses(made: Federation, ref: str = "T-1") -> set[str]:
    return {made.node(member).state.linkage.tranches[ref].status for member in MEMBERS}


def refused(made: Federation, ref: str, to: TrancheState, ground: str) -> str:
    with pytest.raises(PolicyRefusal) as caught:
        move(made, ref, to, ground)
    return caught.value.code


def test_a_name_without_a_recorded_vote_continues_nothing(made: Federation) -> None:
    """A payer cannot let a tranche go on, or keep it from suspension, by naming a decision that nobody took."""
    assert refused(made, "T-1", "continued", "kz/stop") == "predecessor-missing"
    _propose(made, "kz/stop", "suspend-tranche", "tj", Resolve(ground="T-1"), "EXERCISE: suspend it")
    assert refused(made, "T-1", "continued", "kz/stop") == "predecessor-missing"
    assert statuses(made) == {"notice"}


def test_the_members_vote_lets_it_go_on_at_every_node(made: Federation) -> None:
    """Enough of the others refuse the suspension: the record is the ground, and no suspension passes it."""
    ask(made, "tj", OTHERS)
    assert refused(made, "T-1", "suspended", "F-1") == "continued-by-vote"
    move(made, "T-1", "continued", "kz/stop")
    assert statuses(made) == {"continued"}
    assert refused(made, "T-1", "notice", "F-1") == "ground-used"


def test_a_vote_on_another_tranche_is_no_ground(made: Federation) -> None:
    """Each benefit is a question of its own."""
    ask(made, "tj", OTHERS, ground="T-9")
    assert refused(made, "T-1", "continued", "kz/stop") == "predecessor-missing"


def test_without_a_vote_it_is_suspended_and_comes_back_on_probation(made: Federation) -> None:
    """Silence is no vote to continue; what people live on stays where it is all the while."""
    declare(made, "T-2", "medicine")
    assert refused(made, "T-2", "notice", "F-1") == "humanitarian"
    move(made, "T-1", "suspended", "F-1")
    assert statuses(made) == {"suspended"} and statuses(made, "T-2") == {"running"}
    assert refused(made, "T-1", "reinstated", "F-1") == "ground"
