"""Oversight between nodes: cut links, two overseers, reports again, hostile reports, freezes in any order."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import msgspec
import pytest

from hamsaya.base.instants import HOUR
from hamsaya.cases import freezing, reduce
from hamsaya.cases.course import due
from hamsaya.charter.types import Party
from hamsaya.messages.cases import Answer
from hamsaya.messages.charter import Cut
from hamsaya.messages.envelope import statement_parts
from hamsaya.messages.oversight import Compare, Fact, Freeze, Report, Unfreeze
from hamsaya.node.oversight import reporting, views
from hamsaya.node.oversight.due import oversight_due
from hamsaya.node.send import Draft
from hamsaya.translog.frontier import EMPTY
from hamsaya.translog.tree import Tree, leaf_hash
from tests.cases.story import ASKED, T0, decide, say
from tests.node.making import CASE, answer, asking, handmade, receive
from tests.support.federation import Federation, make_federation, small_pack
from tests.support.watching import WATCH, Watched


def test_a_frontier_is_the_edge_of_the_tree() -> None:
    """Leaf by leaf it has the root that the whole tree has."""
    tree, edge = Tree(), EMPTY
    for number in range(70):
        assert edge.root() == tree.root()
        leaf = leaf_hash(str(number).encode())
        tree.append(leaf)
        edge = edge.with_leaf(leaf)
    assert (edge.size, edge.root()) == (70, tree.root())


def test_no_cut_link_shuts_oversight_out() -> None:
    """A member may cut its link with oversight, and goes on reporting; a freeze reaches it all the same."""
    watched = Watched()
    watched.opens()
    watched.fed.send("pk", Draft(Cut(member=WATCH, cut=True, reason="technical"), (WATCH,)))
    watched.fed.carry_all()
    watched.says("pk", asking().body, "ir")
    watched.turn()
    kinds = {row.kind for row in views.headers(watched.watch, 1000, member="pk")}
    assert {"case.open", "case.ask", "charter.cut"} <= kinds
    watched.says(WATCH, Freeze(freeze="F-1", reason="complaint", officer="desk-1"), "pk", "ir", "uz")
    assert freezing.standing(watched.node("pk").state.cases, CASE)


def test_a_log_that_was_lost_is_reported_again() -> None:
    """What is told twice the same is no finding, and tells nothing new."""
    watched = Watched()
    watched.opens()
    watched.turn()
    before = views.streams(watched.watch)
    for report, told in reporting.again(watched.node("pk"), 0):
        watched.fed.send("pk", Draft(report, told))
    watched.fed.carry_all()
    assert [each.opened for each in views.streams(watched.watch)] == [each.opened for each in before]
    watched.turn()
    assert not watched.found()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"checkpoint": b"no note\n"}, "bad-checkpoint"),
        ({"rows": "statement"}, "bad-row"),
        ({"rows": "role"}, "bad-row"),
        ({"checkpoint": "other"}, "bad-checkpoint"),
    ],
)
def test_a_report_that_is_none_is_refused_and_logged(change: dict[str, Any], code: str) -> None:
    """Bad form is the sender's fault and stands in both logs as such."""
    watched = Watched()
    watched.opens()
    (report, _), *_ = reporting.pending(watched.node("pk"))
    rows = list(report.rows)
    if change.get("rows") == "statement":
        rows[0] = msgspec.structs.replace(rows[0], statement=b"x")
    if change.get("rows") == "role":
        first = next(place for place, row in enumerate(rows) if row.role == "received")
        rows[first] = msgspec.structs.replace(rows[first], role="sent")
    note = change.get("checkpoint", report.checkpoint)
    if note == "other":
        head = watched.node("ir").store.checkpoint()
        assert head is not None
        note = head[1].encode()
    body = Report(first=0, rows=rows, checkpoint=note, salt=report.salt)
    letter = handmade(watched.fed, "pk", WATCH, body, case=None, instrument="founding")
    assert receive(watched.watch, letter.encode()).code == code


@pytest.mark.parametrize(("kind", "facts"), [
    ("case.ask", {"asked": "ir"}),
    ("case.ask", {"asked": "ir", "urgency": "?"}),
    ("case.open", {"notice": "zz", "notice-on": "1", "notice-salt": "00"}),
    ("case.open", {"notice": "abc", "notice-on": "999999999999999", "notice-salt": "00"}),
])
def test_no_coded_words_keep_the_overseer_from_its_page(kind: str, facts: dict[str, str]) -> None:
    """Attack: a member states words that do not go together, so that who oversees it sees nothing of anybody."""
    watched = Watched()
    watched.opens("A. Person")
    watched.says("pk", asking().body, "ir")
    (report, _), *_ = reporting.pending(watched.node("pk"))
    words = [Fact(name, value.replace("?", "0")) for name, value in facts.items()]  # type: ignore[arg-type]
    rows = [msgspec.structs.replace(row, facts=words) if statement_parts(row.statement)[0].typ == kind else row
            for row in report.rows]
    letter = handmade(watched.fed, "pk", WATCH, msgspec.structs.replace(report, rows=rows), case=None,
                      instrument="founding")
    assert receive(watched.watch, letter.encode()).code == "admitted"
    page = views.page(watched.watch, 100)
    assert {row.kind for row in page.headers} >= {"case.open", "case.ask"} and page.statistics.pairs
    if kind == "case.open":
        assert [each.code for each in page.findings if each.code.startswith("notice")][:1] == ["notice-date"]


# --- Two overseers -------------------------------------------------------------------------------------------


def two_overseers() -> Federation:
    """Return two members, each overseen by a party of its own."""
    pack = small_pack(("pk", "ir", "oversight", "uz"))
    second = msgspec.structs.replace(pack.party("oversight"), id="watch")
    parties: tuple[Party, ...] = (*pack.parties[:-1], second, pack.parties[-1])
    names = {"pk": "oversight", "ir": "watch", "uz": "watch"}
    table = [{**member, "overseer": names.get(member["id"], "")} for member in pack.charter["members"]]
    table.append({**next(each for each in table if each["id"] == "oversight"), "id": "watch"})
    return make_federation(pack=replace(pack, parties=parties, charter={**pack.charter, "members": table}))


def tell(fed: Federation, *members: str) -> None:
    for member in members or tuple(fed.parties):
        for draft in oversight_due(fed.node(member)):
            fed.send(member, draft)
    fed.carry_all()


def test_each_overseer_sees_its_own_member_and_both_compare() -> None:
    """Neither is told the other's headers; by digests they find what only one of the two logs has."""
    fed = two_overseers()
    watched = Watched(fed)
    watched.opens()
    watched.says("pk", asking().body, "ir")
    beside = handmade(fed, "ir", "pk", answer("pk"))
    assert receive(fed.node("pk"), beside.encode()).code == "admitted"
    tell(fed)
    assert set(fed.node("oversight").state.oversight.streams) == {"pk"}
    assert set(fed.node("watch").state.oversight.streams) == {"ir", "uz"}
    now = fed.clock.now()
    body = views.comparison(fed.node("oversight"), "pk", "ir", 0, now + 1)
    fed.send("oversight", Draft(body, ("watch",)))
    fed.carry_all()
    (found,) = views.compared(fed.node("watch"))
    assert (found.by, found.overseen, found.other) == ("oversight", "pk", "ir")
    assert found.agreed > 2 and found.ours_alone == [] and len(found.theirs_alone) == 1
    wrong = Compare(overseen="ir", other="pk", since=0, until=now, sent=[], received=[])
    assert watched.refused("oversight", wrong, "watch", case=None) == "wrong-role"


def test_the_overseer_of_any_participant_freezes_for_all() -> None:
    """Every end stands still, also where the member is overseen by another."""
    fed = two_overseers()
    watched = Watched(fed)
    watched.opens()
    tell(fed)
    watched.says("watch", Freeze(freeze="F-1", reason="court-order", officer="desk-1"), "pk", "ir", "uz")
    assert all(freezing.standing(fed.node(member).state.cases, CASE) for member in ("pk", "ir", "uz"))
    end = Unfreeze(freeze="F-1", reason="cleared", officer="desk-1")
    assert watched.refused("oversight", end, "pk", "ir", "uz") in ("predecessor-missing", "wrong-role")


def under_one_reference() -> tuple[Federation, Watched]:
    """Return two cases under one reference: that of pk and ir, and one of uz, which watch oversees as it does ir."""
    fed = two_overseers()
    watched = Watched(fed)
    watched.opens(participants=["pk", "ir"], to=("ir",))
    watched.opens(participants=["uz", "pk"], opener="uz", to=("pk",))
    tell(fed)
    return fed, watched


def test_a_second_opening_under_one_reference_leads_no_freeze_astray() -> None:
    """Attack: an accomplice opens another case under the reference that an overseer is about to freeze."""
    fed, watched = under_one_reference()
    watch = fed.node("watch")
    found = views.openings(watch, CASE)
    assert [(each.opener, each.participants) for each in found] == [("pk", ["ir", "pk"]), ("uz", ["pk", "uz"])]
    (twice,) = [each for each in views.findings(watch) if each.code == "two-openings"]
    assert (twice.case, twice.members) == (CASE, ["pk", "uz"]) and "freeze" not in twice.text
    both = Freeze(freeze="F-1", reason="court-order", officer="desk-1")
    assert watched.refused("watch", both, "pk", "ir", "uz") == "recipient-outside"
    assert watched.refused("watch", both, "ir") == "recipient-missing"
    for number, opening in enumerate(found):
        if number == 1:
            (twice,) = [each for each in views.findings(watch) if each.code == "two-openings"]
            assert "not frozen: that of uz" in twice.text
        freeze = Freeze(freeze=f"F-{number}", reason="court-order", officer="desk-1")
        watched.says("watch", freeze, *opening.participants)
    assert all(freezing.standing(fed.node(member).state.cases, CASE) for member in ("pk", "ir", "uz"))
    assert [each.freezes for each in views.openings(watch, CASE)] == [["F-0"], ["F-1"]]
    end = Unfreeze(freeze="F-0", reason="cleared", officer="desk-1")
    watched.says("watch", end, "pk", "ir")
    assert not freezing.standing(fed.node("ir").state.cases, CASE)
    assert freezing.standing(fed.node("uz").state.cases, CASE), "each freeze has an end of its own"


# --- Freezes in any order ------------------------------------------------------------------------------------


FREEZES = (
    say("watch", Freeze(freeze="F-1", reason="purpose", officer="w-1"), int(HOUR), ("ava", "bel", "cor")),
    say("watch", Unfreeze(freeze="F-1", reason="cleared", officer="w-1"), int(3 * HOUR), ("ava", "bel", "cor")),
    say("watch", Freeze(freeze="F-2", reason="complaint", officer="w-1"), int(2 * HOUR), ("ava", "bel", "cor")),
    say("watch", Unfreeze(freeze="F-2", reason="cleared", officer="w-1"), int(5 * HOUR), ("ava", "bel", "cor")),
)


def test_freezes_that_overlap_count_once_and_in_any_order() -> None:
    """Four hours stand still, however the words arrive; an end before its beginning waits."""
    ends = set()
    for order in permutations(FREEZES):
        state, waiting = ASKED, list(order)
        while waiting:
            for event in list(waiting):
                decision = decide(state, event)
                if decision.allowed:
                    state = reduce.apply(state, event)
                    waiting.remove(event)
                else:
                    assert decision.code == "predecessor-missing"
        ends.add(due(state.requests["C-1", "R-1"], "answer"))
        assert not freezing.standing(state, "C-1")
    assert ends == {T0 + 12 * HOUR}, "eight hours and the four that stood"


def test_what_is_not_named_is_stopped() -> None:
    """A kind that nobody has thought of does not pass; a correction does, and the refusal of a consent."""
    frozen = reduce.apply(ASKED, FREEZES[0])
    fresh = say("bel", answer("ava"), int(HOUR))
    assert freezing.stopped(frozen, replace(fresh, kind="case.whatever", body=asking().body)) is not None
    assert freezing.stopped(frozen, fresh) is not None
    corrected = msgspec.structs.replace(fresh.body, supersedes="I-0")
    assert isinstance(corrected, Answer)
    assert freezing.stopped(frozen, replace(fresh, body=corrected)) is None
    assert freezing.stopped(frozen, replace(fresh, case="C-2")) is None
    assert freezing.stopped(ASKED, fresh) is None
