"""Hit/no-hit from the shell: three nodes in directories, messages and sets carried by courier, every step a command."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hamsaya.base.instants import DAY, parse, to_text
from tests.cli.conftest import NORTH, SOUTH, Desk
from tests.node.test_listing import list_xml

CASE = "C-2026-001"
WATCH = "oversight"
OWN = """type,value,issuer,category,desk,born
phone,+999 12 345 67 89,,wanted,desk-1,
document,AB 1234567,UNO,convicted,desk-2,
name,Muhammad Tahir Anwari,,suspect,desk-3,1961
"""
WANTED = "type,value,issuer,born\nphone,00999123456789,,\nphone,+999123456780,,\nname,Тахир Анвари Мухаммад,,1961\n"

Three = tuple[Desk, Desk, Desk]
Carry = Callable[[Desk, Desk], dict[str, Any]]


@pytest.fixture(scope="module")
def founded_three(founded: Path, tmp_path_factory: pytest.TempPathFactory, pack: Path, passphrase_file: Path) -> Path:
    """The founded pair and an oversight body, who all know each other and have signed."""
    home = tmp_path_factory.mktemp("three")
    shutil.copytree(founded, home, dirs_exist_ok=True, copy_function=shutil.copy2)
    north, south, watch = (Desk(home / member, passphrase_file) for member in (NORTH, SOUTH, WATCH))
    watch.json("node", "init", WATCH, "--pack", str(pack))
    for desk, peer in ((north, watch), (south, watch), (watch, north), (watch, south)):
        card = str(peer.directory / "node.card")
        desk.json("node", "peers", "add", card, "--fingerprint", desk.json("node", "card", card)["fingerprint"])
    watch.enrol_both()
    for desk in (north, south, watch):
        desk.json("charter", "sign")
    return home


@pytest.fixture
def three(founded_three: Path, tmp_path: Path, passphrase_file: Path, carry: Carry) -> Three:
    """Fresh copies of the three, with a case open between the two members."""
    shutil.copytree(founded_three, tmp_path / "three", copy_function=shutil.copy2)
    north, south, watch = (Desk(tmp_path / "three" / member, passphrase_file) for member in (NORTH, SOUTH, WATCH))
    everywhere((north, south, watch), carry)
    north.json("case", "open", CASE, "--title", "Detonators", "--purpose", "trace-explosives", "--act", "bombing",
               "--with", SOUTH, "--legal-basis", "CX.1", "--desk", "desk")
    everywhere((north, south, watch), carry)
    return north, south, watch


def everywhere(desks: Three, carry: Carry) -> None:
    """Let couriers go between all of them."""
    north, south, watch = desks
    for sender, receiver in ((north, south), (north, watch), (south, watch), (south, north)):
        carry(sender, receiver)


@pytest.fixture
def published(three: Three, tmp_path: Path, carry: Carry) -> Three:
    """The south has built, published and sent its set, which the north has taken."""
    north, south, _ = three
    own, carried = tmp_path / "own.csv", tmp_path / "south.tags"
    own.write_text(OWN, encoding="utf-8")
    built = south.json("match", "build", str(own))
    assert (built["epoch"], built["entries"], built["dropped"]) == (1, 1024, 0)
    assert south.json("match", "status")["unpublished"]["entries"] == 1024
    south.json("match", "publish", "--with", NORTH, "--as", str(south.key("desk-2")))
    assert south.json("match", "status")["unpublished"] is None
    everywhere(three, carry)
    assert north.json("match", "fetch") == [], "nobody listens, so the set goes as a file"
    south.json("match", "export", str(carried))
    assert north.json("match", "fetch", "--file", str(carried))[0]["complete"]
    return three


def test_a_hit_by_command(published: Three, tmp_path: Path, carry: Carry) -> None:
    """Build, publish, fetch, probe, answers, ask, confirm, audit: what each side sees after each step."""
    north, south, watch = published
    wanted = tmp_path / "wanted.csv"
    wanted.write_text(WANTED, encoding="utf-8")
    sent = north.json("match", "probe", CASE, SOUTH, "--file", str(wanted), "--item", "document=AB1234567@UNO")
    assert sent["recipients"] == [SOUTH, WATCH] and sent["inputs"] >= 4
    probe = sent["probe"]
    (view,) = north.json("match", "answers")
    assert (view["status"], view["reads"]) == ("asked", "the answer")
    everywhere(published, carry)
    (pair,) = south.json("match", "status")["pairs"]
    assert (pair["querier"], pair["inputs"], pair["today"]) == (NORTH, sent["inputs"], sent["inputs"])
    everywhere(published, carry)
    (view,) = north.json("match", "answers", "--probe", probe)
    states = {(each["type"], each["state"], each["category"], each["desk"]) for each in view["inputs"]}
    assert {("phone", "hit-unverified", "wanted", "desk-1"), ("phone", "no-hit", None, None),
            ("document", "hit-unverified", "convicted", "desk-2"),
            ("name", "hit-unverified", "suspect", "desk-3")} <= states
    shown = north.run("match", "answers").stdout
    assert "A hit is no finding" in shown and "No UN list is loaded" in shown
    assert south.json("match", "answers") == [], "the owner learns of no hit"

    north.json("match", "ask", probe, "0", "--desk", "desk", "--and", str(north.key("desk-2")))
    everywhere(published, carry)
    (request,) = south.json("case", "show", CASE)["requests"]
    assert "+999123456789" in request["request"]["question"] and "desk-1" in request["request"]["question"]
    assert north.json("match", "answers")[0]["inputs"][0]["state"] == "asked"
    assert south.refused("match", "confirm", CASE, probe, "0", "--request", "none", "--outcome",
                         "confirmed") == "unknown-request"
    south.json("match", "confirm", CASE, probe, "0", "--request", request["request"]["request"], "--outcome",
               "confirmed")
    everywhere(published, carry)
    first = north.json("match", "answers")[0]["inputs"][0]
    assert (first["state"], first["request"]) == ("confirmed", request["request"]["request"])

    now = watch.json("node", "status")["now"]
    assert watch.json("match", "audit", SOUTH, "--from", to_text(now - DAY), "--until", to_text(now - 1)) == []
    watch.json("match", "audit", NORTH, "--from", to_text(now - DAY), "--until", to_text(now - 1))
    everywhere(published, carry)
    carry(watch, north)
    (audit,) = watch.json("match", "audits")
    assert (audit["of"], audit["status"], audit["findings"], audit["drawn"]) == (NORTH, "opened", [], sent["inputs"])
    assert "nothing" in watch.run("match", "audits").stdout and south.json("match", "audits") == []


def test_an_owner_that_answers_by_hand(published: Three, carry: Carry) -> None:
    """Nothing leaves by the clock; a person lets one probe be answered and declines another."""
    north, south, _ = published
    assert south.json("match", "by-hand") == {"by_hand": True}
    for ref in ("P-1", "P-2"):
        north.json("match", "probe", CASE, SOUTH, "--item", "phone=+999123456789", "--ref", ref)
    everywhere(published, carry)
    assert [each["probe"] for each in south.json("match", "status")["waiting"]] == ["P-1", "P-2"]
    south.json("match", "decline", "P-2", "--code", "disproportionate")
    south.json("match", "answer", "P-1")
    assert south.refused("match", "answer", "P-1") == "unknown-probe"
    everywhere(published, carry)
    views = {each["probe"]: each for each in north.json("match", "answers")}
    assert views["P-2"]["code"] == "disproportionate" and views["P-1"]["hits"] == 1
    assert south.json("match", "by-hand", "--off") == {"by_hand": False}


def test_what_a_probe_is_refused_for(published: Three, tmp_path: Path) -> None:
    """Before anything leaves, with what to do next; a dry run sends and keeps nothing."""
    north, south, _ = published
    item = ("--item", "phone=+999123456789")
    assert north.refused("match", "probe", "C-none", SOUTH, *item) == "unknown-case"
    assert south.refused("match", "probe", CASE, NORTH, *item) == "no-notice"
    assert north.refused("match", "probe", CASE, SOUTH) == "bad-batch"
    assert north.refused("match", "probe", CASE, SOUTH, "--item", "phone=12") == "bad-identifier"
    assert north.run("match", "probe", CASE, SOUTH, "--item", "phone").exit_code == 2
    assert north.run("match", "probe", CASE, SOUTH, "--name", "nobody").exit_code == 2
    many = tmp_path / "many.csv"
    many.write_text("type,value\n" + "".join(f"phone,+99912345{n:04d}\n" for n in range(21)), encoding="utf-8")
    assert north.refused("match", "probe", CASE, SOUTH, "--file", str(many)) == "over-budget"
    assert north.json("match", "probe", CASE, SOUTH, *item, "--dry-run")["allowed"]
    assert north.json("match", "answers") == []
    assert north.refused("match", "ask", "P-1", "0", "--desk", "desk", "--and", str(north.key("desk-2"))) == "no-hit"
    assert north.refused("match", "publish") == "nothing-built"
    assert north.refused("match", "export", str(tmp_path / "x")) == "no-set"
    period = ("--from", "2026-01-01", "--until", "2026-01-02")
    assert south.refused("match", "audit", NORTH, *period) == "not-oversight"


def test_the_un_list_by_command(three: Three, tmp_path: Path) -> None:
    """Loaded, dated on every screen where it matters, asked before somebody is named, and never set back."""
    north, _, _ = three
    now = north.json("node", "status")["now"]
    person = ("--subject", "person | EXERCISE a name | unsc-listed | QDi.901")
    opening = ("case", "open", "C-2", "--title", "T", "--purpose", "trace-financing", "--act", "financing", "--with",
               SOUTH, "--legal-basis", "CX.1", "--desk", "desk", *person)
    assert north.refused(*opening) == "no-list"
    assert north.json("match", "list", "show")["as_of"] is None
    file = tmp_path / "list.xml"
    file.write_bytes(list_xml(now - DAY, "QDi.901"))
    loaded = north.json("match", "list", "load", str(file))
    assert (loaded["as_of"], loaded["entries"], loaded["stale"]) == (parse(to_text(now - DAY)), 1, False)
    north.json(*opening)
    view = north.json("case", "show", "C-2")
    assert [(each["reference"], each["listed"]) for each in view["listed"]] == [("QDi.901", True)]
    day = to_text(loaded["as_of"])[:10]
    for words in (("case", "show", "C-2"), ("case", "list"), ("node", "status"), ("match", "status"),
                  ("match", "answers"), ("match", "list", "show", "QDi.901", "QDi.902")):
        assert day in north.run(*words).stdout, words
    listed = north.json("match", "list", "show", "QDi.901", "QDi.902")["references"]
    assert [each["listed"] for each in listed] == [True, False]
    file.write_bytes(list_xml(now - 40 * DAY, "QDi.901"))
    assert north.refused("match", "list", "load", str(file)) == "older-list"
    file.write_bytes(b"nothing of the kind")
    assert north.refused("match", "list", "load", str(file)) == "bad-list"
