"""Deciding together at the command line: three nodes propose, vote and record; one is suspended and reinstated."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import pytest

from hamsaya.adapters.memory import MemoryKeys
from hamsaya.messages.kinds import KINDS
from hamsaya.node.bootstrap import make_service, open_directory
from tests.cli.conftest import PASSPHRASE, Desk
from tests.support.federation import Federation, HandClock, Party

COUNTS, NORTH, SOUTH = TRIO = ("kz", "uz", "tj")
"""The first counts votes; the last is suspended in the story."""
PROMISE = """
commitment = "C-1"
title = "notified joint visits are admitted"
indicator = "share of notified joint visits admitted within 48 hours"
unit = "percent"
target_low = 90.0
target_high = 100.0
until = 2099-01-01
cadence_days = 30
timeliness_days = 15
required_detection = 0.9
max_false_alarm = 0.1
evidence_classes = ["joint-visit", "access-denied"]
k = 2
panel = [
    { member = "kz", bloc = "central-asia" }, { member = "pk", bloc = "southern-asia" },
    { member = "cn", bloc = "eastern-asia" },
]
"""


@pytest.fixture(scope="session")
def trio_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default pack for three members alone: the rest observes, one vote by name is enough, no time is waited."""
    folder = tmp_path_factory.mktemp("pack") / "trio"
    with resources.as_file(resources.files("hamsaya.regions") / "afpak") as original:
        shutil.copytree(original, folder)
    members = folder / "members.toml"
    tables = re.split(r"(?m)^(?=\[\[members\]\])", members.read_text(encoding="utf-8"))
    members.write_text("".join(
        table if re.search(rf'id = "({"|".join(TRIO)})"', table) or 'role = "member"' not in table
        else re.sub(r'standing = "\w+"', 'standing = "observer"', table) for table in tables), encoding="utf-8")
    for head in folder.glob("charter/*/charter.toml"):
        text = head.read_text(encoding="utf-8")
        for pattern, value in ((r"^entry_into_force = \d+", "entry_into_force = 2"), (r"q = [56]", "q = 1"),
                               (r"^depositaries = .*", f'depositaries = ["{COUNTS}"]'),
                               (r"^epoch_signatures = .*", "epoch_signatures = 1"),
                               (r"^timelock_hours = .*", "timelock_hours = 0"), (r"^supersedes = .*", "")):
            text = re.sub(f"(?m){pattern}", value, text)
        head.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def met(tmp_path_factory: pytest.TempPathFactory, trio_pack: Path, passphrase_file: Path) -> Path:
    """Three founded nodes that know each other and have signed, made once; tests work on copies."""
    home = tmp_path_factory.mktemp("met")
    desks = {member: Desk(home / member, passphrase_file) for member in TRIO}
    for member, desk in desks.items():
        desk.json("node", "init", member, "--pack", str(trio_pack))
    for member, desk in desks.items():
        for other in TRIO:
            if other != member:
                card = home / other / "node.card"
                fingerprint = desk.json("node", "card", str(card))["fingerprint"]
                desk.json("node", "peers", "add", str(card), "--fingerprint", fingerprint)
    for desk in desks.values():
        desk.enrol_both()
        desk.json("charter", "sign")
    deliver(desks)
    return home


@pytest.fixture
def trio(met: Path, tmp_path: Path, passphrase_file: Path) -> dict[str, Desk]:
    """Fresh copies of the three nodes."""
    shutil.copytree(met, tmp_path / "nodes", copy_function=shutil.copy2)
    return {member: Desk(tmp_path / "nodes" / member, passphrase_file) for member in TRIO}


@contextmanager
def opened(desks: dict[str, Desk]) -> Iterator[Federation]:
    """Open every node in this process, as one federation whose envelopes can be carried."""
    nodes = {member: open_directory(desk.directory, PASSPHRASE) for member, desk in desks.items()}
    try:
        yield Federation(HandClock(), {member: Party(each.node, b"", MemoryKeys(each.node.ring))
                                       for member, each in nodes.items()})
    finally:
        for each in nodes.values():
            each.close()


def deliver(desks: dict[str, Desk]) -> None:
    """Carry what waits until nothing moves."""
    with opened(desks) as federation:
        federation.carry_all()


def tick(desk: Desk) -> None:
    """Let one node do what it does every few seconds while it runs."""
    async def once() -> None:
        here = open_directory(desk.directory, PASSPHRASE)
        service, _ = make_service(here)
        try:
            await service.tick()
        finally:
            await service.stop()
            here.close()

    asyncio.run(once())


def case_with(member: str, case: str = "X-1") -> tuple[str, ...]:
    return ("case", "open", case, "--title", "t", "--purpose", "prevent-attack", "--act", "bombing",
            "--legal-basis", "CX.1", "--desk", "desk", "--with", member,
            "--officer", "desk-1")


def standing(desk: Desk, member: str) -> str:
    return str(next(view["standing"] for view in desk.json("charter", "standings") if view["member"] == member))


def status(desk: Desk, reference: str) -> str:
    return str(desk.json("charter", "proposal", reference)["status"])


def decide(trio: dict[str, Desk], title: str, wanted: str, voters: tuple[str, ...]) -> str:
    """Propose a standing for the south, vote, let the depositary record it, and carry everything; its reference."""
    north = trio[NORTH]
    north.json("charter", "propose", "suspend-party", "--title", title, "--standing", wanted, "--member", SOUTH)
    (reference,) = [v["proposal"] for v in north.json("charter", "proposals") if v["title"] == title]
    deliver(trio)
    for member in voters:
        trio[member].json("charter", "vote", reference, "yes")
    deliver(trio)
    assert status(north, reference) == "to-record"
    tick(trio[COUNTS])
    deliver(trio)
    return str(reference)


def test_a_member_is_suspended_keeps_its_reply_and_is_reinstated(trio: dict[str, Desk], tmp_path: Path) -> None:
    """The whole story with commands only: nobody types a result, and a suspended member keeps the right of reply."""
    north, south = trio[NORTH], trio[SOUTH]
    promise = tmp_path / "promise.toml"
    promise.write_text(PROMISE, encoding="utf-8")
    south.json("compliance", "declare", str(promise))
    deliver(trio)
    proof = tmp_path / "proof.txt"
    proof.write_text("x", encoding="utf-8")
    north.json("compliance", "evidence", "C-1", "E-1", "--class", "access-denied", "--observed-from", "2026-01-01",
               "--observed-to", "2026-01-02", "--summary", "no visit", "--file", str(proof))
    north.json("compliance", "raise", "C-1", "F-1", "--proposed", "NC", "--evidence", "E-1", "--conductor", NORTH)
    north.json("compliance", "notify", "F-1")
    deliver(trio)

    suspension = decide(trio, "Suspend the south", "suspended", (COUNTS, NORTH))
    assert {status(desk, suspension) for desk in trio.values()} == {"in-effect"}
    assert {standing(desk, SOUTH) for desk in trio.values()} == {"suspended"}
    view = south.json("charter", "proposal", suspension)
    assert view["records"][0]["by"] == COUNTS and all(vote["counted"] for vote in view["votes"])

    assert south.refused(*case_with(NORTH)) == north.refused(*case_with(SOUTH)) == "forbidden"
    south.json("compliance", "reply", "F-1", "disputed", "--text", "The road was closed.")
    deliver(trio)
    for desk in (trio[COUNTS], north):
        (finding,) = desk.json("compliance", "status")[0]["findings"]
        assert finding["finding"]["reply"] == "The road was closed."

    decide(trio, "Reinstate the south", "full", (COUNTS, NORTH))
    assert {standing(desk, SOUTH) for desk in trio.values()} == {"full"}
    south.json(*case_with(NORTH))
    assert trio[COUNTS].json("charter", "standings")[0]["epoch"] == 2


def test_a_proposal_says_who_is_waited_for_and_what_to_do_next(trio: dict[str, Desk]) -> None:
    """An officer who looks must see at once whether the next step is hers."""
    north = trio[NORTH]
    north.json("charter", "propose", "adopt-finding", "--title", "Adopt it", "--ground", "F-1", "--concerned", SOUTH,
               "--ref", "finding")
    deliver(trio)
    view = trio[COUNTS].json("charter", "proposal", f"{NORTH}/finding")
    assert view["waits_for"] == [COUNTS, NORTH] and view["own_vote"] is None
    assert view["next_at"] == view["proposed_at"] + 72 * 3_600_000
    shown = trio[COUNTS].run("charter", "proposal", f"{NORTH}/finding").stdout
    assert f"hamsaya charter vote {NORTH}/finding yes|no|abstain" in shown
    assert "hamsaya charter vote" not in trio[SOUTH].run("charter", "proposal", f"{NORTH}/finding").stdout
    listed = north.run("charter", "proposals").stdout
    assert f"votes of {COUNTS}, {NORTH}" in listed

    trio[COUNTS].json("charter", "vote", f"{NORTH}/finding", "no", "--reason", "not proven")
    assert trio[COUNTS].json("charter", "proposal", f"{NORTH}/finding")["own_vote"] == "no"
    tick(trio[COUNTS])
    deliver(trio)
    assert status(north, f"{NORTH}/finding") == "blocked"
    assert "not counted" in north.run("charter", "vote", f"{NORTH}/finding", "yes").stderr
    text = north.run("charter", "proposal", f"{NORTH}/finding").stdout
    assert f"hamsaya charter propose appeal-finding --against {NORTH}/finding" in text and "not proven" in text
    assert f"silence broken by {COUNTS}" in text, "why it came out so stands beside who recorded it"


def test_an_appeal_takes_the_act_of_what_it_appeals(trio: dict[str, Desk]) -> None:
    """The same matter: what an appeal is about is not typed a second time, and so cannot differ."""
    north = trio[NORTH]
    north.json("charter", "propose", "adopt-finding", "--title", "Adopt it", "--ground", "F-1", "--concerned", SOUTH,
               "--ref", "finding")
    deliver(trio)
    trio[COUNTS].json("charter", "vote", f"{NORTH}/finding", "no")
    tick(trio[COUNTS])
    deliver(trio)
    north.json("charter", "propose", "appeal-finding", "--title", "Again", "--ref", "b", "--against",
               f"{NORTH}/finding")
    appeal = north.json("charter", "proposal", f"{NORTH}/b")
    assert appeal["act"] == {"type": "resolve", "ground": "F-1"} and appeal["concerned"] == SOUTH


def test_references_are_dated_and_numbered_and_a_proposal_can_be_taken_back(trio: dict[str, Desk]) -> None:
    """Nobody has to think of a name; what is taken back stays on record as that."""
    north = trio[NORTH]
    for _ in range(2):
        north.json("charter", "propose", "budget", "--title", "The budget", "--ground", "B-1")
    first, second = sorted(view["proposal"] for view in north.json("charter", "proposals"))
    assert re.fullmatch(rf"{NORTH}/\d{{4}}-\d\d-\d\d-1", first) and second == first[:-1] + "2"
    north.json("charter", "retract", first)
    assert status(north, first) == "retracted"
    assert north.refused("charter", "retract", "nobody/1") == "unknown-proposal"
    assert trio[COUNTS].refused("charter", "vote", first, "yes") == "unknown-proposal", "not carried there yet"


def test_a_dry_run_says_whether_a_proposal_may_be_put_and_sends_nothing(trio: dict[str, Desk]) -> None:
    """A class that cannot do what is asked is refused before anybody hears of it."""
    north = trio[NORTH]
    words = ("charter", "propose", "budget", "--title", "t", "--dry-run")
    assert north.json(*words, "--ground", "B-1")["allowed"]
    wrong = north.json(*words, "--standing", "suspended", "--member", SOUTH)
    assert not wrong["allowed"] and wrong["code"] == "not-conferred"
    assert north.json("charter", "proposals") == []


@pytest.mark.parametrize(("words", "code", "step"), [
    (["budgett", "--ground", "B-1"], "unknown-class", "hamsaya charter report"),
    (["budget", "--standing", "left", "--member", SOUTH], "not-conferred", "hamsaya charter report"),
    (["adopt-finding", "--ground", "F-1"], "concerned", "--concerned"),
])
def test_a_refused_proposal_says_the_next_step(
    trio: dict[str, Desk], words: list[str], code: str, step: str
) -> None:
    """Who has misspelt a class or left out a word must not have to read the source."""
    assert trio[NORTH].refused("charter", "propose", *words, "--title", "t") == code
    assert step in trio[NORTH].run("charter", "propose", *words, "--title", "t").stderr


@pytest.mark.parametrize("words", [
    [], ["--ground", "B-1", "--standing", "full", "--member", SOUTH], ["--standing", "full"],
    ["--ground", "B-1", "--clauses", "CX.1"],
])
def test_a_proposal_does_exactly_one_thing(trio: dict[str, Desk], words: list[str]) -> None:
    """Half a standing, or two acts at once, is wrong usage and is said before anything is sent."""
    result = trio[NORTH].run("charter", "propose", "budget", "--title", "t", *words)
    assert result.exit_code == 2 and "expected" in result.stderr


# --- amendments ------------------------------------------------------------------------------------------


def test_an_amendment_is_read_checked_and_takes_effect_everywhere(trio: dict[str, Desk], trio_pack: Path) -> None:
    """The text that is proposed names what it replaces, and after the vote every node enforces it."""
    north = trio[NORTH]
    before = north.json("node", "status")["charter_revision"]
    text = trio_pack / "charter" / "2026-12-01"
    said = north.run("charter", "propose", "amend-charter", "--title", "The December text", "--amend", str(text),
                     "--ref", "december")
    assert said.exit_code == 0 and f"in place of {before}" in said.stderr
    deliver(trio)
    reference = f"{NORTH}/december"
    amendment = trio[SOUTH].json("charter", "proposal", reference)["amendment"]
    assert amendment["supersedes"] == before and amendment["dated"] == "2026-12-01"
    rule = trio[SOUTH].json("charter", "proposal", reference)["rule"]
    assert rule == "nobody refuses; who is absent is waited for", "it adds a clause on data: nobody agrees by silence"
    shown = trio[SOUTH].run("charter", "show").stdout
    assert before in shown and re.search(r"(?m)^draft\.joint-visits .* draft ", shown)
    for desk in trio.values():
        desk.json("charter", "vote", reference, "yes")
    deliver(trio)
    tick(trio[COUNTS])
    deliver(trio)
    assert {desk.json("node", "status")["charter_revision"] for desk in trio.values()} == {amendment["revision"]}


def test_a_text_with_an_error_is_not_proposed(trio: dict[str, Desk], trio_pack: Path, tmp_path: Path) -> None:
    """What check refuses never reaches the others."""
    folder = tmp_path / "pack"
    shutil.copytree(trio_pack, folder)
    head = folder / "charter" / "2026-12-01" / "charter.toml"
    head.write_text(head.read_text(encoding="utf-8").replace(f'depositaries = ["{COUNTS}"]',
                                                             'depositaries = ["nobody-here"]'), encoding="utf-8")
    words = ("charter", "propose", "amend-charter", "--title", "t", "--amend", str(head.parent))
    assert trio[NORTH].refused(*words) == "bad-amendment"
    shown = trio[NORTH].run(*words)
    assert "error: " in shown.stderr and "hamsaya charter check" in shown.stderr
    assert trio[NORTH].json("charter", "proposals") == []


# --- who acts for whom -----------------------------------------------------------------------------------


def test_competent_bodies_are_named_once_for_all_and_shown_with_who_still_owes_them(
    trio: dict[str, Desk], tmp_path: Path
) -> None:
    """Sixty days after signing a party must have said who acts for it; a new list takes the place of the old."""
    north = trio[NORTH]
    north.json("charter", "competent", "--body", "case-exchange=Bureau of cases=desk-1")
    file = tmp_path / "bodies.toml"
    file.write_text('[[bodies]]\ninstrument = "case-exchange"\nname = "Second bureau"\ndesk = "desk-2"\n',
                    encoding="utf-8")
    north.json("charter", "competent", "--set", str(file))
    deliver(trio)
    views = {view["member"]: view for view in trio[SOUTH].json("charter", "competent")}
    assert [body["desk"] for body in views[NORTH]["bodies"]] == ["desk-2"]
    assert views[COUNTS]["bodies"] == [] and views[COUNTS]["due"] is not None and not views[COUNTS]["overdue"]
    file.write_text('[[body]]\nname = "x"\n', encoding="utf-8")
    assert "[[bodies]]" in north.run("charter", "competent", "--set", str(file)).stderr
    assert "[[bodies]]" in north.run("charter", "competent", "--help").stdout
    assert north.run("charter", "competent", "--body", "only two=parts").exit_code == 2
    assert north.refused("charter", "competent", "--body", "no-such=Bureau=desk-1") == "unknown-instrument"


def test_every_kind_a_person_may_send_has_a_command_of_the_charter() -> None:
    """Records and contests are what nodes make of themselves; everything else somebody must be able to say."""
    from hamsaya.cli.main import app

    groups = {group.name: group.typer_instance for group in app.registered_groups}
    charter = groups["charter"]
    names = {command.name for command in charter.registered_commands}
    for group in charter.registered_groups:
        names |= {command.name for command in group.typer_instance.registered_commands}
    by_nodes = {"record", "contest"}
    assert {kind.removeprefix("charter.") for kind in KINDS if kind.startswith("charter.")} - by_nodes <= names


# --- one's own obligations -------------------------------------------------------------------------------


def test_a_cut_link_stops_what_waits_and_nothing_more_goes_until_it_is_joined(trio: dict[str, Desk]) -> None:
    """At once at the node that cuts: a question already on its way is stopped, and the count says so."""
    north, south = trio[NORTH], trio[SOUTH]
    north.json(*case_with(SOUTH))
    cut = north.json("charter", "cut", SOUTH, "--reason", "keys-compromised")
    assert [each["kind"] for each in cut["stopped"]] == ["case.open"] and SOUTH in cut["recipients"]
    assert north.refused(*case_with(SOUTH, "X-2")) == "link-cut"
    deliver(trio)
    assert south.json("case", "list") == []
    (view,) = [view for view in south.json("charter", "standings") if view["member"] == SOUTH]
    assert view["cut_with"] == [NORTH], "the other side knows why it is silent"
    north.json("charter", "join", SOUTH)
    deliver(trio)
    assert all(view["cut_with"] == [] for view in south.json("charter", "standings"))
    assert f"The link with {SOUTH} is joined." in north.run("charter", "join", SOUTH).stdout
    south.json("charter", "cut", NORTH, "--reason", "technical")
    deliver(trio)
    assert "stays cut" in north.run("charter", "join", SOUTH).stdout, "the other side's cut is not ours to undo"
    south.json("charter", "join", NORTH)
    deliver(trio)
    assert "0." in north.run("charter", "cut", SOUTH, "--reason", "technical").stdout.split("waited for it: ")[1][:3]


def test_a_notice_of_withdrawal_runs_and_may_be_revoked(trio: dict[str, Desk]) -> None:
    """The day of its effect is said at once, and until then nothing changes."""
    south = trio[SOUTH]
    said = south.run("charter", "withdraw", "case-exchange", "--text", "We leave.")
    assert said.exit_code == 0 and "It takes effect at 20" in said.stdout
    deliver(trio)
    (view,) = [v for v in trio[NORTH].json("charter", "standings") if v["member"] == SOUTH]
    assert list(view["leaves"]) == ["case-exchange"] and view["under"] == {}
    south.json("charter", "withdraw", "case-exchange", "--text", "We stay.", "--revoke")
    (view,) = [v for v in south.json("charter", "standings") if v["member"] == SOUTH]
    assert view["leaves"] == {}
    assert south.refused("charter", "withdraw", "no-such", "--text", "t") == "not-bound"


def test_winding_down_lists_what_is_held_and_asks_ours_back(trio: dict[str, Desk]) -> None:
    """Asset return is carried out: who leaves is asked for every item, and its purge stands in its inbox."""
    north, south = trio[NORTH], trio[SOUTH]
    assert north.json("charter", "winddown") == []
    assert north.refused("charter", "winddown", SOUTH, "--execute", "--officer", "desk-1") == "not-leaving"
    north_answers_a_question(trio)
    south.json("charter", "withdraw", "case-exchange", "--text", "We leave.")
    deliver(trio)
    (view,) = north.json("charter", "winddown")
    assert view["member"] == SOUTH and view["departures"][0]["stage"] == "notice"
    (item,) = view["there"]
    assert (item["item"], item["holder"], item["revoked_at"]) == ("X-1/a", SOUTH, None) and view["here"] == []
    shown = north.run("charter", "winddown").stdout
    assert f"Ours, held by {SOUTH}" in shown and f"hamsaya charter winddown {SOUTH} --execute" in shown

    dry = north.json("charter", "winddown", SOUTH, "--execute", "--officer", "desk-1", "--dry-run")
    assert [each["allowed"] for each in dry] == [True]
    sent = north.json("charter", "winddown", SOUTH, "--execute", "--officer", "desk-1")
    assert [(each["item"], each["kind"]) for each in sent] == [("X-1/a", "case.revoke")]
    deliver(trio)
    (task,) = south.json("case", "inbox")
    assert task["task"] == "purge" and task["reference"] == "X-1/a"
    (nothing,) = [line for line in south.run("charter", "winddown").stdout.splitlines() if "Nothing is held" in line]
    assert COUNTS in nothing and NORTH not in nothing
    mine = {view["member"]: view for view in south.json("charter", "winddown")}
    assert [each["item"] for each in mine[NORTH]["here"]] == ["X-1/a"], "who leaves sees what it owes"
    south.json("case", "purge", "X-1", "X-1/a", "--outcome", "purged", "--officer", "desk-1")
    deliver(trio)
    assert north.json("charter", "winddown")[0]["there"] == []
    assert north.json("charter", "winddown", "--execute", "--officer", "desk-1") == []


def north_answers_a_question(trio: dict[str, Desk]) -> None:
    """Let the south ask and the north answer: the south then holds one item of the north."""
    north, south = trio[NORTH], trio[SOUTH]
    south.json(*case_with(NORTH))
    south.json("case", "ask", "X-1", NORTH, "--question", "q",
               "--desk", "desk", "--officer", "desk-1", "--request", "X-1/q")
    deliver(trio)
    north.json("case", "answer", "X-1", "X-1/q", "--text", "Yes.", "--prepared-by", "desk-1", "--released-by", "desk-2",
               "--item", "X-1/a")
    deliver(trio)


def test_a_reservation_is_answered_and_its_effect_is_shown_for_each_other(
    met: Path, tmp_path: Path, trio_pack: Path, passphrase_file: Path
) -> None:
    """It is made before signing; who objects is without the article towards its maker, the others are not yet bound."""
    desk = Desk(tmp_path / SOUTH, passphrase_file)
    desk.json("node", "init", SOUTH, "--pack", str(trio_pack))
    desk.enrol_both()
    desk.json("charter", "reserve", "case-exchange:CX.6", "--text", "No clocks.", "--exclude", "case.overdue")
    found = desk.json("charter", "reservations")
    assert found["reservations"][0]["excludes"] == ["case.overdue"]
    effects = {row["other"]: row for row in found["relations"]}
    assert effects[NORTH]["effect"] == "no-treaty-relation" and effects[NORTH]["until"] is not None
    assert desk.refused("charter", "reserve", "case-exchange:CX.3", "--text", "No answers.") == "not-reservable"
    assert desk.run("charter", "reserve", "case-exchange", "--text", "t").exit_code == 2
    desk.json("charter", "reserve", "case-exchange:CX.6", "--text", "Taken back.", "--withdraw")
    found = desk.json("charter", "reservations")
    assert found["reservations"][0]["withdrawn"] and {r["effect"] for r in found["relations"]} == {"applies"}


def test_who_objects_is_without_the_article_towards_its_maker(
    tmp_path: Path, trio_pack: Path, passphrase_file: Path
) -> None:
    """The effect stands at both nodes alike, each with the other's name."""
    desks = {member: Desk(tmp_path / member, passphrase_file) for member in (NORTH, SOUTH)}
    for member, desk in desks.items():
        desk.json("node", "init", member, "--pack", str(trio_pack))
    for member, desk in desks.items():
        (other,) = set(desks) - {member}
        card = tmp_path / other / "node.card"
        desk.json("node", "peers", "add", str(card), "--fingerprint",
                  desk.json("node", "card", str(card))["fingerprint"])
    for desk in desks.values():
        desk.enrol_both()
    desks[SOUTH].json("charter", "reserve", "case-exchange:CX.6", "--text", "No clocks.")
    deliver(desks)
    desks[NORTH].json("charter", "react", SOUTH, "case-exchange:CX.6", "object")
    deliver(desks)
    for member, desk in desks.items():
        (other,) = set(desks) - {member}
        rows = {row["other"]: row for row in desk.json("charter", "reservations")["relations"]}
        assert rows[other]["effect"] == "excluded-between-the-two" and rows[other]["reserved_by"] == [SOUTH]


def test_output_for_people_is_one_table_or_a_sentence(trio: dict[str, Desk]) -> None:
    """Every list of this page answers without --json too, also when there is nothing to list."""
    for words in (("standings",), ("competent",), ("proposals",), ("reservations",), ("winddown",)):
        result = trio[NORTH].run("charter", *words)
        assert result.exit_code == 0 and result.stdout.strip(), words
        json.dumps(trio[NORTH].json("charter", *words))
