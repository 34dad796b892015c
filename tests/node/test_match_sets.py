"""Tag sets between nodes: in pages, again after a break, off the link, over the real face, and when they go."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace as changed

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY
from hamsaya.canon import decode
from hamsaya.matching.tags import BUCKETS
from hamsaya.matching.types import Record
from hamsaya.node import match_fetch, match_sets, match_views
from hamsaya.node.match_probes import ProbeJob
from hamsaya.node.match_sets import EPOCH_AGE, parts, prepare_epoch, request, tidy
from hamsaya.node.send import Draft
from hamsaya.node.service import Service
from hamsaya.node.writer import Act, Writer
from hamsaya.ports.transport import Address, Answer
from tests.api.client import post, refusal, served
from tests.matching.scene import phone, records
from tests.node.match_scene import CASE, WATCH, Scene, scenery
from tests.node.wires import with_service, with_writer
from tests.support import persons
from tests.support.federation import one


@pytest.fixture
def scene() -> Scene:
    """Four nodes; Iran has published forty records for both others."""
    made = scenery()
    made.publish("ir", records(40))
    return made


class Broken:
    """A link that carries so many answers and then none."""

    def __init__(self, scene: Scene, answers: int) -> None:
        self.scene, self.left = scene, answers

    async def post(self, address: Address, path: str, body: bytes, timeout_s: float) -> Answer:
        self.left -= 1
        return await self.scene.wires.post(address, path, body, timeout_s) if self.left >= 0 else Answer(0, b"")

    async def close(self) -> None:
        """Nothing is open."""


def test_a_set_goes_on_where_the_link_broke(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of a few hundred bytes here, of four mebibytes outside; after a restart too nothing is fetched twice."""
    monkeypatch.setattr(match_sets, "PART_BYTES", 5_000)

    async def broken(writer: Writer) -> Any:
        return await match_fetch.fetch_sets(writer, Broken(scene, 2))

    (part,) = with_writer(scene.fed, "pk", broken)
    assert 0 < part.held < BUCKETS and not part.complete
    scene.ask("pk", "ir", [phone(3)], "P-1")
    scene.turn()
    assert scene.found("pk").reads == "the tag set"
    party = scene.fed.parties["pk"]
    party.restart(party.node.store.reopen())  # type: ignore[attr-defined]
    scene.wires.asked.clear()
    (again,) = scene.fetch("pk")
    assert again.complete and len(scene.wires.asked) <= -(-(1024 * 14) // 5_000) + 2
    assert scene.found("pk").inputs[0].state == "hit-unverified", "read by itself once the set was here"


def test_an_owner_that_cannot_be_reached_keeps_nobody_from_another(scene: Scene) -> None:
    """Sets come from their owners one by one."""
    scene.publish("uz", [Record(phone(90), "other", "desk-5")])
    scene.wires.cut.add("ir")
    assert [part.owner for part in scene.fetch("pk")] == ["uz"]
    scene.wires.cut.clear()
    assert [part.owner for part in scene.fetch("pk")] == ["ir"]


def test_oversight_keeps_the_notice_and_fetches_no_set(scene: Scene) -> None:
    """It counts and checks; it has nothing to look up."""
    assert scene.fetch(WATCH) == [] and scene.node(WATCH).state.matches.notices["ir", 1].notice.size == 1024


def test_the_face_serves_a_page_and_refuses_by_code(scene: Scene) -> None:
    """What a peer meets over HTTP: the page itself, or why not."""
    edition = scene.node("ir").state.matches.notices["ir", 1].notice.edition
    answer = post(scene.node("ir"), "/v1/sets", request(scene.node("pk"), "ir", edition))
    found, first, hashes, buckets = decode(answer.content)
    assert (answer.status_code, found, first, len(hashes)) == (200, edition, 0, BUCKETS * 32)
    assert sum(map(len, buckets)) == 1024 * 14
    assert refusal(post(scene.node("ir"), "/v1/sets", b"no request"))[0] == 400
    wrong = request(scene.node("pk"), "ir", b"x" * 16)
    assert refusal(post(scene.node("ir"), "/v1/sets", wrong)) == (400, "not-addressed")


def test_a_running_node_answers_as_soon_as_it_is_asked(scene: Scene) -> None:
    """Not with the clock's next turn: whoever asks sits and waits."""
    probe, secrets = scene.prepare("pk", "ir", [phone(1)], "P-1")
    draft = persons.signed(scene.node("pk"), Draft(probe, ("ir", WATCH), case=CASE))
    one(scene.node("pk"), ProbeJob(draft, tuple(secrets)))
    envelope = next(raw for to, _, raw in scene.fed.waiting("pk") if to == "ir")

    async def story(service: Service, client: httpx.AsyncClient) -> str:
        assert (await client.post("/v1/envelopes", content=envelope)).status_code == 200
        async with asyncio.timeout(20):
            while not await service.ask(lambda node: node.store.waiting_counts().get("pk", 0)):
                await asyncio.sleep(0.01)
        return await service.ask(lambda node: node.state.matches.probes["pk", "P-1"].status)

    assert served(scene.node("ir"), story) == "answered"


def test_a_later_edition_takes_the_place_of_the_first(scene: Scene) -> None:
    """Same epoch, same key; until the later one is here, answers are read in the first."""
    scene.fetch("pk")
    scene.fed.clock.advance(1)
    scene.publish("ir", [*records(40), Record(phone(77), "finance", "desk-9")])
    scene.ask("pk", "ir", [phone(1)], "P-1")
    scene.turn()
    assert scene.found("pk").inputs[0].state == "hit-unverified"
    scene.fetch("pk")
    scene.turn()
    assert [part.held for part in parts(scene.node("pk"))] == [BUCKETS] == [
        part.held for part in parts(scene.node("ir"))], "the first edition is gone at both ends"
    scene.ask("pk", "ir", [phone(77)], "P-2")
    scene.turn()
    assert scene.found("pk", "P-2").inputs[0].desk == "desk-9"


def test_an_owner_gives_as_many_entries_as_it_noticed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack: the root leads to the buckets and not to how many entries they hold, so a set is stuffed page by page."""
    node, ref = scene.node("pk"), ("ir", 1)
    noticed = node.state.matches.notices[ref]
    for size in (noticed.notice.size - 1, noticed.notice.size + 1):
        other = changed(noticed.notice, size=size)
        matches = node.state.matches
        lying = replace(matches, notices=matches.notices.set(ref, changed(noticed, notice=other)))
        node.state = replace(node.state, matches=lying)
        scene.fetch("pk")
        assert all(part.held < BUCKETS for part in parts(node)), size
        node.state = replace(node.state, matches=matches)
        for row in node.store.sets():
            node.store.drop_set(row.edition)
    monkeypatch.setattr(match_sets, "MOST_ENTRIES", noticed.notice.size - 1)
    scene.fetch("pk")
    assert not parts(node), "nobody fills a disk by a notice"
    monkeypatch.undo()
    scene.fetch("pk")
    assert [part.held for part in parts(node)] == [BUCKETS]


def test_half_an_edition_goes_once_another_is_noticed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack: edition after edition is noticed, and none given to its end."""
    monkeypatch.setattr(match_sets, "PART_BYTES", 5_000)

    async def broken(writer: Writer) -> Any:
        return await match_fetch.fetch_sets(writer, Broken(scene, 2))

    with_writer(scene.fed, "pk", broken)
    (half,) = parts(scene.node("pk"))
    assert 0 < half.held < BUCKETS
    scene.fed.clock.advance(1)
    scene.publish("ir", [*records(40), Record(phone(77), "finance", "desk-9")])
    one(scene.node("pk"), Act(tidy))
    assert not parts(scene.node("pk"))


def test_a_set_built_and_never_published_goes_with_the_next(scene: Scene) -> None:
    """Nobody was told of it; a key made for an epoch that was not begun waits for it."""
    scene.build("ir", records(3), fresh=True)
    scene.build("ir", records(4), fresh=True)
    rows = [row for row in scene.node("ir").store.sets() if row.epoch == 2]
    assert len(rows) == 1 and match_sets.own_unpublished(scene.node("ir")).edition == rows[0].edition
    one(scene.node("ir"), Act(tidy))
    assert [key.epoch for key in scene.node("ir").ring.matches] == [1, 2]
    assert one(scene.node("ir"), Act(lambda node: prepare_epoch(node, True))) == scene.node("ir").ring.matches[1]


def test_the_owner_is_reminded_of_an_old_epoch(scene: Scene) -> None:
    """Keys change each epoch, so that a set cannot be compared with the one before; a person has to build it."""
    assert not match_views.status(scene.node("ir")).epoch_due
    scene.fed.clock.advance(EPOCH_AGE + DAY)
    assert match_views.status(scene.node("ir")).epoch_due


def test_a_service_builds_from_a_file_beside_its_writer(scene: Scene, tmp_path: Path) -> None:
    """With one process or two the same entries; a file that is none changes nothing."""
    file = tmp_path / "own.csv"
    file.write_text("type,value,category,desk\n" + "".join(
        f"phone,+9990{number:08d},other,desk-1\n" for number in range(50)), encoding="utf-8")

    async def build(service: Any, workers: int = 1) -> Any:
        return await match_fetch.build(service.writer, file, fresh=False, workers=workers)

    view = with_service(scene.fed, "uz", scene.wires, build)
    assert (view.epoch, view.entries, view.decoys, view.dropped) == (1, 1024, 974, 0)
    assert match_views.status(scene.node("uz")).unpublished is not None
    file.write_text("type,value,category,desk\nphone,none,other,desk-1\n", encoding="utf-8")
    with pytest.raises(Exception, match="line 2"):
        with_service(scene.fed, "uz", scene.wires, build)
    assert match_sets.own_unpublished(scene.node("uz")).edition.hex() == view.edition
    with pytest.raises(OperatorError):
        match_sets.whole(scene.node("uz"), "uz")
