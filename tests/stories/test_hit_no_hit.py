"""Hit or no hit between three nodes, and the fourth that audits it: from the file of one to the finding of another."""

from __future__ import annotations

from hamsaya.base.instants import DAY, HOUR, MINUTE
from hamsaya.matching.types import Record
from hamsaya.messages.cases import Ask, Close
from hamsaya.messages.kinds import Body
from hamsaya.messages.match import Confirm
from hamsaya.node import match_views
from hamsaya.node.match_audits import audit_draft, findings_on
from hamsaya.node.send import Draft
from tests.matching.scene import phone, records
from tests.node.match_scene import CASE, WATCH, scenery


def test_a_hit_from_the_owners_file_to_the_auditors_finding() -> None:
    """Published, fetched, asked, answered, found, followed up, confirmed, audited: proven at each step."""
    scene = scenery()
    fed = scene.fed

    # Iran publishes the tags of ten records for Pakistan. Uzbekistan is not told, and may not fetch.
    notice = scene.publish("ir", records(), ("pk",))
    assert scene.node("pk").state.matches.notices["ir", 1].notice == notice
    assert ("ir", 1) not in scene.node("uz").state.matches.notices
    (part,) = scene.fetch("pk")
    assert part.complete and scene.fetch("uz") == [] and scene.fetch("pk") == []
    assert ("ir", "/v1/sets") in scene.wires.asked

    # Within the case a liaison officer of Pakistan asks about three numbers. Nobody can read them.
    scene.ask("pk", "ir", [phone(1), phone(500), phone(2)], "P-1")
    for member in ("ir", WATCH):
        (asking,) = scene.node(member).state.matches.probes.values()
        assert (asking.querier, asking.responder, len(asking.elements)) == ("pk", "ir", 3)
    assert scene.found("pk").reads == "the answer"
    # The owner sees at once who asks how much, before anything is answered.
    (pair,) = match_views.pairs(scene.node("ir"))
    assert (pair.querier, pair.inputs, pair.today, pair.waiting) == ("pk", 3, 3, 1) and pair.fetched == 4096

    # The node of Iran answers by itself and proves its key; Pakistan alone learns what was found.
    scene.turn()
    found = scene.found("pk")
    assert [(each.state, each.category, each.desk) for each in found.inputs] == [
        ("hit-unverified", "wanted", "desk-1"), ("no-hit", None, None), ("hit-unverified", "missing", "desk-2")]
    assert found.inputs[0].value == phone(1).value and found.hits == 2
    assert match_views.answers(scene.node("ir")) == [] == match_views.answers(scene.node(WATCH))

    # A hit is no finding. Pakistan asks on an ordinary request; a person of Iran looks at the file and says no.
    scene.fed.send("pk", _ask("P-1-h0"))
    fed.carry_all()
    confirm = Confirm(probe="P-1", place=0, request="P-1-h0", outcome="not-confirmed", officer="desk-1")
    scene.say("ir", confirm, "pk")
    assert [each.state for each in scene.found("pk").inputs] == ["not-confirmed", "no-hit", "hit-unverified"]
    (pair,) = match_views.pairs(scene.node(WATCH))
    assert (pair.confirmed, pair.not_confirmed) == (0, 1), "oversight counts what came of hits, and sees none"

    # A day later oversight draws inputs that nobody chose; Pakistan opens them by itself, to oversight alone.
    first, last = fed.clock.now() - HOUR, fed.clock.now()
    fed.clock.advance(DAY)
    draft = audit_draft(scene.node(WATCH), "pk", first, last)
    assert draft is not None
    scene.fed.send(WATCH, draft)
    fed.carry_all()
    scene.turn()
    (view,) = match_views.audits(scene.node(WATCH))
    assert (view.status, view.drawn, view.findings) == ("opened", 3, [])
    assert findings_on(scene.node(WATCH), view.audit) == []
    for member in ("ir", "uz"):
        assert not scene.node(member).state.matches.audits, "nobody else hears of an opening"


def test_a_new_epoch_replaces_the_old_and_its_key_is_destroyed() -> None:
    """Probes on their way still arrive; a week later nobody can guess against the old set, the owner least of all."""
    scene = scenery()
    scene.publish("ir", records())
    scene.fetch("pk")
    scene.ask("pk", "ir", [phone(1)], "P-1")
    scene.publish("ir", [*records(), Record(phone(77), "finance", "desk-9")], fresh=True)
    scene.turn()
    assert scene.found("pk", "P-1").inputs[0].state == "hit-unverified", "asked in epoch 1, answered in epoch 2"
    assert [key.epoch for key in scene.node("ir").ring.matches] == [1, 2]
    scene.fetch("pk")
    scene.ask("pk", "ir", [phone(77)], "P-2")
    scene.turn()
    assert scene.found("pk", "P-2").inputs[0].desk == "desk-9"
    scene.fed.clock.advance(8 * DAY)
    scene.turn()
    assert [key.epoch for key in scene.node("ir").ring.matches] == [2] == [
        key.epoch for key in scene.fed.parties["ir"].keys.ring.matches]


def test_a_case_that_closes_lets_its_probes_lapse() -> None:
    """What was asked in time and not answered in time is ended by the asked node, with a code."""
    scene = scenery()
    scene.publish("ir", records())
    scene.ask("pk", "ir", [phone(1)], "P-1")
    scene.fed.clock.advance(MINUTE)
    scene.fed.send("pk", _draft(Close(outcome="resolved", officer="desk-1"), "ir", "uz"))
    scene.fed.carry_all()
    scene.turn()
    asking = scene.node("pk").state.matches.probes["pk", "P-1"]
    assert (asking.status, asking.code) == ("lapsed", "case-closed")
    assert scene.found("pk").inputs[0].state == "lapsed"


def _ask(ref: str) -> Draft:
    return _draft(Ask(request=ref, to="ir", question="Hit of probe P-1 at place 0: please confirm.", urgency="urgent",
                      legal_basis="CX.2", desk="desk", officer="desk-1"), "ir")


def _draft(body: Body, *to: str) -> Draft:
    return Draft(body, to, case=CASE)
