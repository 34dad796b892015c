"""Openings of probes week by week, drawn by checkpoints that nobody chose; and what a freeze does to probes."""

from __future__ import annotations

import pytest

from hamsaya.base.errors import PolicyRefusal
from hamsaya.base.instants import DAY
from hamsaya.messages.charter import Competent, CompetentBody
from hamsaya.messages.kinds import Body
from hamsaya.messages.match import Audit
from hamsaya.messages.oversight import Freeze, Unfreeze
from hamsaya.node.match_audits import openings_due
from hamsaya.node.match_probes import ProbeJob
from hamsaya.node.oversight import draws
from hamsaya.node.oversight.due import oversight_due
from hamsaya.node.oversight.findings import findings
from hamsaya.node.oversight.statistics import statistics
from hamsaya.node.send import Draft
from tests.matching.scene import phone, records
from tests.node.making import handmade, receive
from tests.node.match_scene import CASE, MEMBERS, WATCH, Scene, dishonest, scenery
from tests.support import persons
from tests.support.federation import one


def turn(scene: Scene, *members: str) -> None:
    """Let nodes say what their clocks bring, oversight's part too, and deliver."""
    for _ in range(2):
        for member in members or tuple(scene.fed.parties):
            for draft in oversight_due(scene.node(member)):
                scene.fed.send(member, draft)
        scene.fed.carry_all()


def probed(count: int = 3) -> Scene:
    """Return a scene in which Pakistan has asked Iran about ``count`` numbers, answered."""
    scene = scenery()
    scene.publish("ir", records())
    scene.fetch("pk")
    scene.ask("pk", "ir", [phone(number) for number in range(1, count + 1)], "P-1")
    scene.turn()
    turn(scene)
    return scene


def of(scene: Scene, member: str) -> draws.DrawView:
    return next(view for view in draws.draws(scene.node(WATCH)) if view.member == member)


def pass_week(scene: Scene) -> None:
    """Let the week of the probes end, and two days pass in which members report something."""
    start, _ = draws.last_week(scene.fed.clock.now())
    scene.fed.clock.advance(start + 2 * draws.WEEK - scene.fed.clock.now() + DAY)


def test_a_weeks_probes_are_drawn_demanded_and_opened_by_the_nodes_themselves() -> None:
    """The seed is of logs that signed after the week; the demand goes out once, and opens as it was committed to."""
    scene = probed()
    pass_week(scene)
    assert (of(scene, "pk").state, of(scene, "ir").state) == ("seed-awaited", "nothing-asked")
    assert not [draft for draft in oversight_due(scene.node(WATCH)) if isinstance(draft.body, Audit)]
    scene.say("uz", _word(scene), case=None)
    turn(scene, "uz")
    assert of(scene, "pk").state == "seed-awaited", "one log could be chosen by its owner"
    scene.say("pk", _word(scene), case=None)
    turn(scene, "pk", "uz")
    view = of(scene, "pk")
    assert view.state == "to-demand" and len(view.logs) == 2 and view.population == 3
    turn(scene)
    assert of(scene, "pk").state == "demanded" and len(of(scene, "pk").picks) == 3
    scene.turn()
    assert (of(scene, "pk").state, of(scene, "pk").flaws) == ("opened", [])
    assert not [draft for draft in oversight_due(scene.node(WATCH)) if isinstance(draft.body, Audit)], "once a week"
    assert "bad-opening" not in {each.code for each in findings(scene.node(WATCH))}


def test_openings_are_read_whoever_used_their_message_id_before() -> None:
    """Attack: two members agree on a message id, so that the overseer takes one's message for the other's openings."""
    scene = probed()
    pass_week(scene)
    for member in ("uz", "pk"):
        scene.say(member, _word(scene), case=None)
    turn(scene)
    (openings,) = openings_due(scene.node("pk"))
    for by, body, instrument in (("uz", _word(scene), "founding"), ("pk", openings.body, "case-exchange")):
        letter = handmade(scene.fed, by, WATCH, body, message_id=b"m" * 16, case=None, instrument=instrument)
        assert receive(scene.node(WATCH), letter.encode()).code == "admitted"
    assert (of(scene, "pk").state, of(scene, "pk").flaws) == ("opened", [])
    assert not [each for each in findings(scene.node(WATCH)) if each.code == "bad-opening"]


def test_silence_is_a_finding() -> None:
    """A member that does not open what was drawn is named after a week."""
    scene = probed()
    pass_week(scene)
    for member in ("uz", "pk"):
        scene.say(member, _word(scene), case=None)
    turn(scene)
    assert of(scene, "pk").state == "demanded"
    scene.fed.clock.advance(6 * DAY)
    assert "bad-opening" not in {each.code for each in findings(scene.node(WATCH))}
    scene.fed.clock.advance(2 * DAY)
    (found,) = [each for each in findings(scene.node(WATCH)) if each.code == "bad-opening"]
    assert found.members == ["pk"]


@pytest.mark.parametrize(("later", "back"), [(1, 2 * DAY), (draws.WEEK, 9 * DAY)])
def test_a_probe_dated_into_a_week_that_was_drawn_is_a_finding(later: int, back: int) -> None:
    """Attack: whoever dates probes back, or holds up what goes to oversight, would be in no draw at all."""
    scene = probed()
    pass_week(scene)
    for member in ("uz", "pk"):
        scene.say(member, _word(scene), case=None)
    turn(scene)
    scene.turn()
    assert of(scene, "pk").state == "opened"
    probe, _ = scene.prepare("pk", "ir", [phone(9)], "P-2")
    scene.fed.clock.advance(later - back)
    with dishonest():
        scene.fed.send("pk", Draft(probe, ("ir", WATCH), case=CASE))
    scene.fed.clock.advance(back)
    scene.fed.carry_all()
    scene.turn()
    assert scene.node(WATCH).state.matches.probes["pk", "P-2"].status == "answered"
    (found,) = [each for each in findings(scene.node(WATCH)) if each.code == "bad-opening"]
    assert found.members == ["pk"] and "P-2" in found.text


def test_a_probe_that_comes_before_the_draw_of_its_week_is_in_it() -> None:
    """A link that was away over the end of the week is no fault."""
    scene = probed()
    probe, _ = scene.prepare("pk", "ir", [phone(9)], "P-2")
    with dishonest():
        scene.fed.send("pk", Draft(probe, ("ir", WATCH), case=CASE))
    pass_week(scene)
    scene.fed.carry_all()
    assert of(scene, "pk").population == 4
    for member in ("uz", "pk"):
        scene.say(member, _word(scene), case=None)
    turn(scene)
    assert len(of(scene, "pk").picks) == 4
    assert "bad-opening" not in {each.code for each in findings(scene.node(WATCH))}
    scene.fed.clock.advance(draws.WEEK)
    assert not list(draws.undrawn(scene.node(WATCH)))


def asks_unheard(scene: Scene) -> list[bytes]:
    """Let pk ask about one number more while nothing of it reaches oversight; return which messages wait."""
    probe, secrets = scene.prepare("pk", "ir", [phone(9)], "P-2")
    draft = persons.signed(scene.node("pk"), Draft(probe, ("ir", WATCH), case=CASE))
    one(scene.node("pk"), ProbeJob(draft, tuple(secrets)))
    store = scene.node("pk").store
    late = [mid for destination, mid, _ in scene.fed.waiting("pk") if destination == WATCH]
    for mid in late:
        store.retry_outbox(WATCH, mid, 2**62 + 1, "the courier is away")
    return late


def test_a_member_whose_probe_is_still_on_its_way_is_accused_of_nothing() -> None:
    """The demand names another list than the member's own: it says so, and the week is drawn anew once all has come."""
    scene = probed()
    late = asks_unheard(scene)
    pass_week(scene)
    for member in ("uz", "pk"):
        scene.say(member, _word(scene), case=None)
    turn(scene)
    scene.turn()
    watch = scene.node(WATCH)
    assert (of(scene, "pk").state, of(scene, "pk").population) == ("demanded", 3)
    (audit,) = watch.state.matches.audits.values()
    assert draws._answered(watch, audit) == "other-population"
    scene.fed.clock.advance(8 * DAY)
    assert "bad-opening" not in {each.code for each in findings(watch)}
    for mid in late:
        scene.node("pk").store.retry_outbox(WATCH, mid, 0, "")
    scene.fed.carry_all()
    waits = [view for view in draws.draws(watch) if view.member == "pk" and view.population == 4]
    assert [view.state for view in waits] == ["seed-awaited"], "what is drawn now was not known when the probe came"
    scene.fed.clock.advance(DAY)
    for member in ("uz", "pk"):
        scene.say(member, _word(scene), case=None)
    turn(scene)
    scene.turn()
    assert sorted(each.status for each in watch.state.matches.audits.values()) == ["demanded", "opened"]
    scene.fed.clock.advance(29 * DAY)
    assert "bad-opening" not in {each.code for each in findings(watch)}


def test_a_member_that_says_there_was_more_and_sends_nothing_is_found() -> None:
    """What it says is missing can be on its way for thirty days, and no longer."""
    scene = probed()
    asks_unheard(scene)
    pass_week(scene)
    for member in ("uz", "pk"):
        scene.say(member, _word(scene), case=None)
    turn(scene)
    scene.fed.clock.advance(29 * DAY)
    assert "bad-opening" not in {each.code for each in findings(scene.node(WATCH))}
    scene.fed.clock.advance(2 * DAY)
    (found,) = [each for each in findings(scene.node(WATCH)) if each.code == "bad-opening"]
    assert found.members == ["pk"]


def test_the_seed_is_the_first_checkpoint_of_each_log() -> None:
    """What a log signs later in the week cannot take its place, whoever would like another draw."""
    scene = probed()
    pass_week(scene)
    _, last = draws.last_week(scene.fed.clock.now())
    for member in ("uz", "pk"):
        scene.say(member, _word(scene), case=None)
    turn(scene, "uz", "pk")
    first = draws.checkpoints_after(scene.node(WATCH), "pk", last)
    for member in ("uz", "pk"):
        scene.say(member, _word(scene), case=None)
    turn(scene, "uz", "pk")
    assert draws.checkpoints_after(scene.node(WATCH), "pk", last) == first


def test_no_probe_in_a_frozen_case_and_probes_are_counted() -> None:
    """Neither asked nor answered while it stands; counted with their inputs for oversight."""
    scene = scenery()
    scene.publish("ir", records())
    scene.fetch("pk")
    turn(scene)
    scene.ask("pk", "ir", [phone(1), phone(2)], "P-1")
    freeze = Freeze(freeze="F-1", reason="purpose", officer="desk-1")
    _tell(scene, freeze)
    with pytest.raises(PolicyRefusal) as refused:
        scene.ask("pk", "ir", [phone(3)], "P-2")
    assert refused.value.decision.code == "case-frozen"
    with pytest.raises(PolicyRefusal):
        scene.turn()
    assert scene.node("pk").state.matches.probes["pk", "P-1"].status == "asked"
    _tell(scene, Unfreeze(freeze="F-1", reason="cleared", officer="desk-1"))
    scene.turn()
    assert scene.node("pk").state.matches.probes["pk", "P-1"].status == "answered"
    turn(scene)
    (pair,) = statistics(scene.node(WATCH), 0, scene.fed.clock.now() + 1).pairs
    assert (pair.asker, pair.asked, pair.act, pair.probes, pair.inputs) == ("pk", "ir", "bombing", 1, 2)
    export = statistics(scene.node(WATCH), 0, scene.fed.clock.now() + 1, export=True)
    assert not export.pairs, "a line with nothing in it would say that there was something"


def _tell(scene: Scene, body: Body) -> None:
    scene.fed.send(WATCH, Draft(body, MEMBERS, case=CASE))
    scene.fed.carry_all()


def _word(scene: Scene) -> Body:
    """Return something that a member may say to oversight at any time."""
    return Competent(bodies=[CompetentBody(instrument="founding", name="EXERCISE body", desk=f"desk-{scene.drawn}")])
