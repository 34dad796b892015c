"""The UN list at a node: loaded whole, dated everywhere, asked before somebody is named as listed."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from hamsaya.adapters import unsc
from hamsaya.base.errors import HamsayaError, OperatorError, PeerError, PolicyRefusal
from hamsaya.base.instants import DAY, to_text
from hamsaya.messages.cases import Open, Subject
from hamsaya.node import views
from hamsaya.node.core import Node
from hamsaya.node.listing import keep_list, listed_view, listing_view, read_kept
from hamsaya.node.send import Draft
from hamsaya.node.writer import Act
from hamsaya.ports.listed import Kind
from tests.node.match_scene import MEMBERS, Scene, opening, scenery
from tests.support.federation import one


def list_xml(as_of: int, *references: str) -> bytes:
    """Return a list of ``as_of`` (UTC ms) with invented individuals of these reference numbers."""
    entries = "".join(
        f"<INDIVIDUAL><DATAID>{number}</DATAID><FIRST_NAME>Nobody</FIRST_NAME><SECOND_NAME>{reference}</SECOND_NAME>"
        f"<UN_LIST_TYPE>Exercise</UN_LIST_TYPE><REFERENCE_NUMBER>{reference}</REFERENCE_NUMBER></INDIVIDUAL>"
        for number, reference in enumerate(references))
    return (f'<CONSOLIDATED_LIST dateGenerated="{to_text(as_of)}"><INDIVIDUALS>{entries}</INDIVIDUALS>'
            "</CONSOLIDATED_LIST>").encode()


def load(node: Node, raw: bytes) -> None:
    one(node, Act(lambda n: keep_list(n, raw, unsc.parse(raw))))


def named(reference: str, until: int, eligibility: str = "unsc-listed") -> Open:
    subject = Subject(type="person", label="EXERCISE: a name", eligibility=eligibility, eligibility_ref=reference)  # type: ignore[arg-type]
    return changed(opening(until), subjects=[subject])


@pytest.fixture
def scene() -> Scene:
    """Four nodes, none with a list."""
    return scenery()


def test_who_is_named_as_listed_is_on_the_list_here(scene: Scene) -> None:
    """Without a list nothing can be checked; with one, only a reference number that stands on it names somebody."""
    node, until = scene.node("pk"), scene.fed.clock.now() + 200 * DAY

    def refused(reference: str, case: str) -> str:
        with pytest.raises(PolicyRefusal) as caught:
            scene.fed.send("pk", Draft(named(reference, until), MEMBERS[1:], case=case))
        return caught.value.code

    assert refused("QDi.901", "C-2") == "no-list"
    scene.fed.send("pk", Draft(named("Act 7", until, "mutually-criminalised"), MEMBERS[1:], case="C-3"))
    load(node, list_xml(scene.fed.clock.now() - DAY, "QDi.901", "TAi.902"))
    assert refused("QDi.903", "C-2") == refused("Nobody QDi.901", "C-2") == "not-listed"
    scene.fed.send("pk", Draft(named("qdi.901", until), MEMBERS[1:], case="C-2"))
    scene.fed.carry_all()
    assert "C-2" in scene.node("ir").state.cases.cases, "who has no list is not kept from the case"


def test_the_views_say_how_it_stands_and_as_of_when(scene: Scene) -> None:
    """Listed, not listed, not known for want of a list: three answers, each with its date."""
    node, as_of = scene.node("pk"), scene.fed.clock.now() - DAY
    assert (listed_view(node, "QDi.901").listed, listing_view(node).as_of) == (None, None)
    assert views.status(node).un_list is None and views.status(node).un_list_stale
    load(node, list_xml(as_of, "QDi.901"))
    view = listed_view(node, " qdi.901 ")
    assert (view.listed, view.as_of, view.kind, view.name) == (True, as_of, Kind.INDIVIDUAL.value, "Nobody QDi.901")
    assert listed_view(node, "QDi.902").listed is False and listed_view(node, "").listed is False
    assert (views.status(node).un_list, views.status(node).un_list_stale) == (as_of, False)


def test_a_stale_list_says_so(scene: Scene) -> None:
    """After thirty days the date alone is not enough."""
    node = scene.node("pk")
    load(node, list_xml(scene.fed.clock.now(), "QDi.901"))
    scene.fed.clock.advance(30 * DAY)
    assert not listing_view(node).stale
    scene.fed.clock.advance(1)
    view = listing_view(node)
    assert (view.stale, view.age_days) == (True, 30) and views.status(node).un_list_stale


def test_a_list_is_loaded_whole_or_not_at_all(scene: Scene) -> None:
    """One cut short, an empty one, one from the future, or one older than the loaded leaves what was there."""
    node, now = scene.node("pk"), scene.fed.clock.now()
    good = list_xml(now - DAY, "QDi.901", "QDi.902")
    load(node, good)
    kept = node.listed

    def code(raw: bytes) -> str:
        with pytest.raises(HamsayaError) as caught:
            load(node, raw)
        assert isinstance(caught.value, OperatorError | PeerError)
        return caught.value.code

    assert [code(raw) for raw in (good[:-30], list_xml(now), list_xml(now + 2 * DAY, "QDi.901"),
                                  list_xml(now - 2 * DAY, "QDi.901"), b"no list")] == [
        "bad-list", "empty-list", "list-date", "older-list", "bad-list"]
    assert node.listed is kept
    assert kept is not None and (kept.as_of, len(kept.parties)) == (now - DAY, 2)


def test_a_restarted_node_has_its_list(scene: Scene) -> None:
    """It lies in the store with its date and the digest of its file."""
    node = scene.node("pk")
    load(node, list_xml(scene.fed.clock.now(), "QDi.901"))
    assert read_kept(node.store.reopen()) == node.listed  # type: ignore[attr-defined]


def test_packed_bytes_are_read_as_the_file_is(tmp_path: Path) -> None:
    """The published file is packed in transit; both give the same list, and packed nonsense is refused as such."""
    import gzip

    raw = list_xml(1_700_000_000_000, "QDi.901")
    path = tmp_path / "list.xml"
    path.write_bytes(raw)
    assert unsc.parse(gzip.compress(raw)) == unsc.parse(raw) == unsc.load(path)
    with pytest.raises(PeerError) as caught:
        unsc.parse(gzip.compress(raw)[:-9])
    assert caught.value.code == "bad-list"
