"""Attacks on hit/no-hit between real nodes, each by its name: what honest ends do when a party alters its program."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from hamsaya.base.errors import OperatorError, PeerError, PolicyRefusal
from hamsaya.base.instants import DAY
from hamsaya.canon import decode, encode
from hamsaya.crypto.oprf import EpochKey
from hamsaya.matching import tags
from hamsaya.matching.audit import population
from hamsaya.matching.probe import PER_CASE, PER_DAY
from hamsaya.matching.types import Audit, Notice, Openings, Pick, ProbeAnswer, Record
from hamsaya.messages.cases import Close
from hamsaya.messages.charter import Cut
from hamsaya.node import match_sets, match_views
from hamsaya.node.match_audits import audit_draft, findings_on, openings_due
from hamsaya.node.match_secrets import keep_secrets
from hamsaya.node.match_sets import FETCHES, request, serve, take, take_whole, whole
from hamsaya.node.send import Draft
from hamsaya.node.writer import Act
from tests.matching.scene import phone, records
from tests.node.match_scene import CASE, WATCH, Scene, attack, opening, scenery
from tests.support.federation import one

IDENTITY = bytes(32)
NO_POINT = bytes([2]) + bytes(31)
NOT_CANONICAL = b"\xff" * 32


@pytest.fixture
def scene() -> Scene:
    """A set of ten records of Iran, published to both others and fetched by Pakistan."""
    made = scenery()
    made.publish("ir", records())
    made.fetch("pk")
    return made


def open_cases(scene: Scene, count: int) -> list[str]:
    """Open further cases between Pakistan and Iran and return their references."""
    refs = [f"C-more-{number}" for number in range(count)]
    until = scene.fed.clock.now() + 300 * DAY
    for ref in refs:
        scene.fed.send("pk", Draft(opening(until, ("pk", "ir")), ("ir",), case=ref))
    scene.fed.carry_all()
    return refs


def counted(scene: Scene, *members: str) -> set[int]:
    """Return how many inputs of Pakistan at Iran each of these nodes has counted, over all days."""
    return {
        sum(inputs for account, inputs in scene.node(member).state.matches.asked.items()
            if (account.responder, account.querier) == ("ir", "pk") and isinstance(account.what, int))
        for member in members
    }


# -- whoever asks -------------------------------------------------------------------------------------------


def test_fishing_by_enumeration_ends_at_the_budgets(scene: Scene) -> None:
    """Walking through numbers in one case, then in as many as one likes: twenty a case, five hundred a day, all on
    record at three nodes; an altered node that sends on is refused by both that count."""
    cases = open_cases(scene, PER_DAY // PER_CASE)
    for place, case in enumerate(cases):
        scene.ask("pk", "ir", [phone(place * 100 + number) for number in range(PER_CASE)], f"P-{place}", case)
    assert counted(scene, "pk", "ir", WATCH) == {PER_DAY}
    probe, _ = scene.prepare("pk", "ir", [phone(99_999)], "P-fish")
    with pytest.raises(PolicyRefusal, match="500 of 500 inputs of this day"):
        scene.say("pk", probe, "ir")
    attack(scene, "pk", probe, "ir", WATCH)
    assert scene.refused("pk") == {"ir": "over-budget", WATCH: "over-budget"}
    assert counted(scene, "ir", WATCH) == {PER_DAY}


def test_a_probe_without_an_open_case(scene: Scene) -> None:
    """None named, one never opened, one closed, one of others: nothing is answered and nothing is learnt."""
    probe, _ = scene.prepare("pk", "ir", [phone(1)])
    with pytest.raises(PolicyRefusal) as refused:
        scene.say("pk", probe, "ir", case=None)
    assert refused.value.code == "case-required"
    attack(scene, "pk", probe, "ir", WATCH, case=None)
    assert set(scene.refused("pk").values()) == {"case-required"}
    with pytest.raises(PolicyRefusal) as refused:
        scene.say("pk", probe, "ir", case="C-never")
    assert refused.value.code == "case-not-open"
    attack(scene, "pk", probe, "ir", WATCH, case="C-never")
    assert ("ir", "match.probe") in scene.waits("pk"), "it waits for a case that does not come, and expires"
    (foreign,) = open_cases(scene, 1)
    attack(scene, "uz", scene.prepare("uz", "ir", [phone(1)])[0], "ir", WATCH, case=foreign)
    assert scene.refused("uz")["ir"] == "not-a-participant"
    scene.fed.clock.advance(1)
    scene.fed.send("pk", Draft(Close(outcome="resolved", officer="desk-1"), ("ir", "uz"), case=CASE))
    scene.fed.carry_all()
    scene.fed.clock.advance(1)
    attack(scene, "pk", scene.prepare("pk", "ir", [phone(1)])[0], "ir", WATCH)
    assert scene.refused("pk")["ir"] == "case-not-open"
    scene.turn()
    assert {each.status for each in scene.node("ir").state.matches.probes.values()} <= {"lapsed"}


def test_over_budget_in_one_case(scene: Scene) -> None:
    """The twenty-first input about one case is refused by the asker's own node, by the owner's and by oversight's."""
    scene.ask("pk", "ir", [phone(number) for number in range(PER_CASE)])
    probe, _ = scene.prepare("pk", "ir", [phone(50)])
    with pytest.raises(PolicyRefusal, match="20 of 20 inputs of this case"):
        scene.say("pk", probe, "ir")
    attack(scene, "pk", probe, "ir", WATCH)
    assert scene.refused("pk") == {"ir": "over-budget", WATCH: "over-budget"}
    assert counted(scene, "pk") == {21} and counted(scene, "ir", WATCH) == {20}, "an altered node counts for itself"


def test_invalid_points_in_a_probe(scene: Scene) -> None:
    """The identity, an encoding of nothing, one of two encodings: an evaluation of these could give the key away."""
    probe, _ = scene.prepare("pk", "ir", [phone(1), phone(2)])
    for number, point in enumerate((IDENTITY, NO_POINT, NOT_CANONICAL)):
        spoilt = changed(probe, probe=f"P-bad-{number}", elements=[point, probe.elements[1]])
        with pytest.raises(PolicyRefusal) as refused:
            scene.say("pk", spoilt, "ir")
        assert refused.value.code == "bad-element"
        attack(scene, "pk", spoilt, "ir", WATCH)
        assert scene.refused("pk") == {"ir": "bad-element", WATCH: "bad-element"}
    scene.turn()
    assert not scene.node("ir").state.matches.probes


def test_a_probe_hidden_from_oversight(scene: Scene) -> None:
    """What oversight does not receive it cannot audit: the owner refuses it."""
    probe, _ = scene.prepare("pk", "ir", [phone(1)])
    attack(scene, "pk", probe, "ir")
    assert scene.refused("pk") == {"ir": "oversight-missing"}


def test_a_probe_shown_to_the_joint_cell(scene: Scene) -> None:
    """The charter's ban stands before every rule: the joint cell has no part in questions under a mask."""
    probe, _ = scene.prepare("pk", "ir", [phone(1)])
    draft = Draft(probe, ("ir", WATCH, "joint-cell"), case=CASE)
    with pytest.raises(PolicyRefusal) as refused:
        scene.fed.send("pk", draft)
    assert refused.value.code == "forbidden"


def test_a_probe_its_node_could_not_open(scene: Scene) -> None:
    """The node sends no probe whose secrets it does not hold, or holds wrongly: audits would find it unopened."""
    probe, _ = scene.prepare("pk", "ir", [phone(1)])
    with pytest.raises(OperatorError) as refused:
        scene.say("pk", probe, "ir")
    assert refused.value.code == "no-secrets"
    with pytest.raises(OperatorError) as refused:
        scene.ask("pk", "ir", [phone(1)], spoil=lambda made: changed(made, elements=probe.elements))
    assert refused.value.code == "wrong-secrets"
    assert scene.node("pk").store.kept_in("probe-secrets") == {}


def test_asking_about_another_than_committed_to(scene: Scene) -> None:
    """The audit finds it: an element of one number under the commitment to another is shown as what it is."""
    honest, secrets = scene.prepare("pk", "ir", [phone(1)], "P-1")
    other, _ = scene.prepare("pk", "ir", [phone(2)], "P-1")
    first = scene.fed.clock.now()
    one(scene.node("pk"), Act(lambda node: keep_secrets(node, CASE, honest, secrets)))
    attack(scene, "pk", changed(honest, elements=other.elements), "ir", WATCH)
    scene.fed.clock.advance(DAY)
    _audit(scene, first)
    (view,) = match_views.audits(scene.node(WATCH))
    assert [(each.probe, each.place, each.flaw) for each in view.findings or []] == [("P-1", 0, "other-commitment")]


def _audit(scene: Scene, first: int) -> str:
    draft = audit_draft(scene.node(WATCH), "pk", first, scene.fed.clock.now() - 1)
    assert draft is not None and isinstance(draft.body, Audit)
    scene.fed.send(WATCH, draft)
    scene.fed.carry_all()
    for each in openings_due(scene.node("pk")):
        scene.fed.send("pk", each)
    scene.fed.carry_all()
    return draft.body.audit


# -- whoever is asked ---------------------------------------------------------------------------------------


def test_a_responder_with_a_per_querier_key_in_its_notices() -> None:
    """Two keys for one epoch, one for each asker: oversight must be told of both, refuses the second, and the asker's
    own probe names the key, so it is refused there too, with both signed statements in two logs."""
    scene = scenery()
    honest = scene.publish("ir", records(), ("pk",))
    special = EpochKey(b"s" * 32)
    attack(scene, "ir", changed(honest, public=special.public, edition=b"s" * 16), "uz", WATCH, case=None)
    assert scene.refused("ir") == {WATCH: "epoch-key-changed"}
    assert scene.node("uz").state.matches.notices["ir", 1].notice.public == special.public
    probe, _ = scene.prepare("uz", "ir", [phone(1)])
    attack(scene, "uz", probe, "ir", WATCH)
    assert scene.refused("uz")[WATCH] == "wrong-key"


def test_a_responder_with_a_per_querier_key_in_its_answer(scene: Scene) -> None:
    """An evaluation under another key than the noticed one has no proof: asker and oversight refuse it alike."""
    scene.ask("pk", "ir", [phone(1), phone(2)], "P-1")
    asking = scene.node("ir").state.matches.probes["pk", "P-1"]
    evaluated, proof = EpochKey(b"s" * 32).evaluate(asking.elements)
    wrong = ProbeAnswer(probe="P-1", evaluated=list(evaluated), proof=proof)
    attack(scene, "ir", wrong, "pk", WATCH)
    assert scene.refused("ir") == {"pk": "bad-proof", WATCH: "bad-proof"}
    assert scene.found("pk").reads == "the answer", "none of it was used"
    assert scene.node("pk").state.matches.probes["pk", "P-1"].status == "asked"


def test_a_key_file_of_another_time_answers_nothing(scene: Scene) -> None:
    """An owner whose keys were set back would answer under a key that nobody noticed: it lets the probe lapse."""
    scene.ask("pk", "ir", [phone(1)], "P-1")
    node = scene.node("ir")
    node.ring = replace(node.ring, matches=(replace(node.ring.matches[0], seed=b"o" * 32),))
    scene.turn()
    asking = scene.node("pk").state.matches.probes["pk", "P-1"]
    assert (asking.status, asking.code) == ("lapsed", "epoch-over")


@pytest.mark.parametrize("point", [IDENTITY, NO_POINT, NOT_CANONICAL])
def test_invalid_points_in_an_answer(scene: Scene, point: bytes) -> None:
    """What is no element is refused before anything is computed with it."""
    scene.ask("pk", "ir", [phone(1)], "P-1")
    asking = scene.node("ir").state.matches.probes["pk", "P-1"]
    key = scene.node("ir").ring.match_key(1)
    assert key is not None
    _, proof = EpochKey(key.seed).evaluate(asking.elements)
    attack(scene, "ir", ProbeAnswer(probe="P-1", evaluated=[point], proof=proof), "pk", WATCH)
    assert scene.refused("ir") == {"pk": "bad-element", WATCH: "bad-element"}


def test_a_notice_whose_key_is_no_element() -> None:
    """Under such a key a proof would say nothing."""
    scene = scenery()
    notice = scene.build("ir", records())
    attack(scene, "ir", changed(notice, public=NO_POINT), "pk", WATCH, case=None)
    assert scene.refused("ir") == {"pk": "bad-element", WATCH: "bad-element"}


def test_stuffing_the_tag_set() -> None:
    """An entry added for one querier, to see whether it follows up, does not lead to the noticed root: nothing is kept.

    Stuffed for all, the set is another edition, with its size in a notice that everybody and oversight receives.
    """
    scene = scenery()
    notice = scene.publish("ir", records(), ("pk",))
    asked = request(scene.node("pk"), "ir", notice.edition)
    edition, first, hashes, buckets = decode(one(scene.node("ir"), Act(lambda node: serve(node, asked))))  # type: ignore[arg-type]
    stuffed = [*buckets]
    stuffed[7] = stuffed[7] + (b"\x00\x7f" + b"\xff" * 12)
    number = next(place for place, each in enumerate(buckets) if each)
    pages = {
        "a stuffed bucket": [edition, first, hashes, stuffed],
        "other hashes": [edition, first, bytes(32) + hashes[32:], buckets],
        "hashes left out": [edition, first, b"", buckets],
        "a bucket in another's place": [edition, first, hashes, [*buckets[: number], b"", *buckets[number:-1]]],
        "another page": [edition, 5, hashes, buckets],
        "no bucket": [edition, first, hashes, []],
        "another edition": [b"x" * 16, first, hashes, buckets],
        "no page": ["edition"],
    }
    for name, page in pages.items():
        with pytest.raises(PeerError) as refused:
            one(scene.node("pk"), Act(lambda node, page=page: take(node, "ir", notice, encode(page))))  # type: ignore[misc]
        assert refused.value.code == "wrong-set", name
        assert scene.node("pk").store.sets() == [], name
    scene.fed.clock.advance(1)
    later = scene.publish("ir", [*records(), Record(phone(70), "other", "desk-0")], ("pk",))
    for member in ("pk", WATCH):
        assert scene.node(member).state.matches.notices["ir", 1].notice == later != notice


def test_a_stuffed_set_in_a_file(scene: Scene) -> None:
    """A set that came by courier is held to the same notice."""
    good = whole(scene.node("ir"), "ir")
    bad = tags.TagSet(good.epoch, good.edition, good.desks, good.entries[:-14])
    with pytest.raises(PeerError) as refused:
        one(scene.node("uz"), Act(lambda node: take_whole(node, bad)))
    assert refused.value.code == "wrong-set"
    assert one(scene.node("uz"), Act(lambda node: take_whole(node, good))).complete  # type: ignore[attr-defined]
    scene.ask("uz", "ir", [phone(3)], "P-1")
    scene.turn()
    assert scene.found("uz").inputs[0].state == "hit-unverified"


def test_a_set_is_served_to_those_addressed_alone(scene: Scene) -> None:
    """Not to a member that was left out, not to one that was cut off since, and not for a request of another."""
    later = scene.publish("ir", [*records(), Record(phone(70), "other", "desk-0")], ("pk",))
    node = scene.node("ir")

    def code(member: str, edition: bytes) -> str:
        with pytest.raises(PeerError) as refused:
            one(node, Act(lambda n: serve(n, request(scene.node(member), "ir", edition))))
        return refused.value.code

    assert code("uz", later.edition) == "not-addressed" == code("pk", b"x" * 16)
    asked = request(scene.node("pk"), "ir", later.edition)
    with pytest.raises(PeerError) as refused:
        one(node, Act(lambda n: serve(n, asked[:-1] + bytes([asked[-1] ^ 1]))))
    assert refused.value.code == "bad-signature"
    scene.fed.clock.advance(6 * 60_000)
    with pytest.raises(PeerError) as refused:
        one(node, Act(lambda n: serve(n, asked)))
    assert refused.value.code == "stale-request"
    scene.fed.send("ir", Draft(Cut(member="pk", cut=True, reason="technical"), ("uz", WATCH)))
    assert code("pk", later.edition) == "not-addressed"
    assert "uz" not in node.store.kept_in(FETCHES)


def test_an_epoch_begun_anew_for_one_asker(scene: Scene) -> None:
    """Skipping and repeating epochs would hide a set from oversight: it sees every notice, in order."""
    notice = scene.node("pk").state.matches.notices["ir", 1].notice
    other = EpochKey(b"o" * 32).public
    attack(scene, "ir", changed(notice, epoch=3, public=other, edition=b"3" * 16), "uz", WATCH, case=None)
    assert scene.refused("ir") == {WATCH: "wrong-epoch"}
    attack(scene, "ir", changed(notice, epoch=2, edition=b"2" * 16), "pk", WATCH, case=None)
    assert scene.refused("ir")["pk"] == "key-reused"


# -- audits -------------------------------------------------------------------------------------------------


def test_nobody_but_oversight_audits_and_nobody_chooses_the_sample(scene: Scene) -> None:
    """A member's demand, picks of one's own, and a seed that no two logs made are refused by the audited node."""
    first = scene.fed.clock.now()
    scene.ask("pk", "ir", [phone(number) for number in range(4)], "P-1")
    scene.fed.clock.advance(DAY)
    draft = audit_draft(scene.node(WATCH), "pk", first, first + 1, count=2)
    assert draft is not None and isinstance(draft.body, Audit)
    body = draft.body
    chosen = [pick for pick in population(scene.node(WATCH).state.matches, "pk", first, first + 1)
              if pick not in body.picks]
    single = scene.node("pk").store.checkpoint()
    assert single is not None
    wrong: dict[str, tuple[Audit, str]] = {
        "picks of one's own": (changed(body, audit="a", picks=chosen[:2]), "wrong-sample"),
        "another seed": (changed(body, audit="b", seed=bytes(32), picks=[Pick(probe="P-1", place=0)]), "wrong-sample"),
        "one log twice": (changed(body, audit="c", checkpoints=[body.checkpoints[0]] * 2), "wrong-seed"),
        "no log's note": (changed(body, audit="d", checkpoints=[b"x", *body.checkpoints[1:]]), "wrong-seed"),
        "other logs' notes": (changed(body, audit="e", checkpoints=[single[1].encode(), *body.checkpoints[:1]]),
                              "wrong-seed"),
    }
    for name, (each, code) in wrong.items():
        attack(scene, WATCH, each, "pk", case=None)
        assert scene.refused(WATCH)["pk"] == code, name
    attack(scene, "ir", changed(body, audit="f"), "pk", case=None)
    assert scene.refused("ir")["pk"] == "no-clause"
    assert not scene.node("pk").state.matches.audits


def test_an_audit_left_unanswered_or_answered_in_part(scene: Scene) -> None:
    """Openings left out are refused, and until all have come the audit stands as demanded: that is what is seen."""
    first = scene.fed.clock.now()
    scene.ask("pk", "ir", [phone(1), phone(2)], "P-1")
    scene.fed.clock.advance(DAY)
    draft = audit_draft(scene.node(WATCH), "pk", first, first + 1)
    assert draft is not None and isinstance(draft.body, Audit)
    scene.fed.send(WATCH, draft)
    scene.fed.carry_all()
    (due,) = openings_due(scene.node("pk"))
    assert isinstance(due.body, Openings)
    attack(scene, "pk", changed(due.body, openings=due.body.openings[:1]), WATCH, case=None)
    assert scene.refused("pk")[WATCH] == "wrong-sample"
    assert findings_on(scene.node(WATCH), draft.body.audit) is None
    assert match_views.audits(scene.node(WATCH))[0].status == "demanded"


def test_an_opening_sent_to_a_member(scene: Scene) -> None:
    """It names who was asked about: the charter lets it go to oversight and to nobody else."""
    first = scene.fed.clock.now()
    scene.ask("pk", "ir", [phone(1)], "P-1")
    scene.fed.clock.advance(DAY)
    draft = audit_draft(scene.node(WATCH), "pk", first, first + 1)
    assert draft is not None
    scene.fed.send(WATCH, draft)
    scene.fed.carry_all()
    (due,) = openings_due(scene.node("pk"))
    for told in (("ir",), (WATCH, "ir"), ("joint-cell",)):
        with pytest.raises(PolicyRefusal):
            scene.fed.send("pk", Draft(due.body, told))


def test_oversight_cannot_be_left_out_of_a_notice() -> None:
    """A key that oversight never saw could be anybody's own."""
    scene = scenery()
    notice: Notice = scene.build("ir", records())
    attack(scene, "ir", notice, "pk", case=None)
    assert scene.refused("ir") == {"pk": "oversight-missing"}
    assert match_sets.wanted(scene.node("pk")) == []
