"""A region pack is data: any folder of the right shape loads, a wrong one is refused by file and field."""

from __future__ import annotations

import ast
import hashlib
import re
import shutil
from pathlib import Path

import pytest

from hamsaya.adapters.regionpack import Pack, builtin_pack, load_pack
from hamsaya.base.errors import OperatorError
from hamsaya.charter.compiled import compile_document
from hamsaya.charter.types import document_from_plain

ROOT = Path(__file__).resolve().parents[2]
LAKELAND = ROOT / "tests" / "packs" / "lakeland"
CODE = ROOT / "src" / "hamsaya"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the fictional pack that a test may spoil."""
    return Path(shutil.copytree(LAKELAND, tmp_path / "pack"))


BOTH = pytest.mark.parametrize("name", ["lakeland", None], ids=["fictional", "installed"])


def either(name: str | None) -> Pack:
    return load_pack(LAKELAND) if name else builtin_pack()


def test_a_second_region_loads_by_the_same_code() -> None:
    """That another region is a folder of data is the promise; three shores of no lake keep it."""
    pack = load_pack(LAKELAND)
    assert [party.id for party in pack.parties] == ["north-shore", "south-shore", "islands"]
    assert pack.areas[162 * 720 + 300 + 1] == {"islands", "north-shore"}
    assert pack.areas[161 * 720 + 303 + 1] == frozenset(), "a cell may be given to nobody"
    assert len(pack.areas) == 16
    assert not pack.party("south-shore").inbound
    assert pack.inputs["r"].mid == 0.2
    assert pack.projects[0].figures[0].dispute
    assert pack.exercise.commitment.body.k == 2
    assert (pack.versions, dict(pack.examples)) == ((), {}), "a small pack's charter may be a single file"


@BOTH
def test_the_charter_of_a_pack_is_one_that_the_charter_core_compiles(name: str | None) -> None:
    """A pack whose charter cannot be compiled would only be found out by a node that starts."""
    pack = either(name)
    document = document_from_plain(pack.charter)
    assert [party.id for party in document.members] == [party.id for party in pack.parties]
    assert compile_document(document).clauses


@BOTH
def test_reporters_lie_within_the_map_box(name: str | None) -> None:
    """A cell outside the box would be reported on and shown nowhere."""
    pack = either(name)
    west, south, east, north = pack.map_box
    for gid in pack.areas:
        row, column = divmod(gid - 1, 720)
        assert west <= column / 2 - 180 < east and south <= row / 2 - 90 < north


def region_words() -> frozenset[str]:
    """Every name by which code could know the built-in region."""
    pack = builtin_pack()
    states = [party for party in pack.parties if party.role == "member"]
    names = {name.lower() for party in states for name in party.names.values()}
    return frozenset(names | {pack.id} | {file.stem for file in (CODE / "regions" / pack.id / "exercises").iterdir()})


def test_no_code_names_the_region() -> None:
    """The day a module names a member, the second region needs that module changed."""
    words = region_words()
    members = {party.id for party in builtin_pack().parties if party.role == "member"}
    found = []
    for file in sorted(CODE.rglob("*.py")):
        text = file.read_text("utf-8")
        found += [f"{file.relative_to(ROOT)}: {word}" for word in words if word in text.lower()]
        strings = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
        found += [f"{file.relative_to(ROOT)}: {value!r}" for value in strings & members]
    assert len(words) > 20
    assert not found


SPOILED = {
    "unknown field": ("members.toml", 'bloc = "upper"', 'bloc = "upper"\nflag = 1', "members.toml", "flag"),
    "missing field": ("members.toml", 'role = "member"\n', "", "members.toml", "role"),
    "unknown role": ("members.toml", 'role = "member"', 'role = "king"', "members.toml", "role"),
    "party twice": ("members.toml", 'id = "islands"', 'id = "north-shore"', "members.toml", "members.id"),
    "not TOML": ("members.toml", "[[members]]", "[[members", "members.toml", "TOML"),
    "unknown kind": ("charter.toml", '"monitor.report"', '"monitor.people"', "charter.toml", "LW.2.kinds"),
    "misspelt safeguard": ("charter.toml", "before_entry", "before_entri", "charter.toml", "before_entri"),
    "unreadable rule": ("charter.toml", 'rule = "quota"', 'rule = "lot"', "charter.toml", "suspend-tranche.rule"),
    "version of a single file": (
        "pack.toml", 'id = "lakeland"', 'id = "lakeland"\ncharter = "2020-01-01"', "pack.toml", "charter"
    ),
    "stranger on the panel": (
        "exercises/regatta.toml", 'member = "north-shore", bloc', 'member = "stranger", bloc',
        "exercises/regatta.toml", "commitment.body.panel",
    ),
    "bloc with deciding seats": (
        "exercises/regatta.toml", 'bloc = "lower"', 'bloc = "upper"', "exercises/regatta.toml", "commitment.body.panel"
    ),
    "verdict without a seat": (
        "exercises/regatta.toml", "verdicts = { north-shore", "verdicts = { islands", "exercises/regatta.toml",
        "commitment.verdicts",
    ),
    "outcome without its table": (
        "exercises/regatta.toml", 'outcome = "decline"', 'outcome = "answer"', "exercises/regatta.toml",
        "case.asks.LK-1/1",
    ),
    "unknown purpose": (
        "exercises/regatta.toml", '"protect-border"', '"silence-critics"', "exercises/regatta.toml", "case.purpose"
    ),
    "unknown project": (
        "exercises/regatta.toml", 'project = "ferry"', 'project = "tunnel"', "exercises/regatta.toml",
        "tranche.body.project",
    ),
    "crossed bounds": ("projects.toml", "low = 1,", "low = 9,", "projects.toml", "projects.ferry.fee"),
    "crossed prior": ("linkage.toml", "low = 0.1", "low = 0.9", "linkage.toml", "inputs.r"),
    "box inside out": ("pack.toml", "[-30.0,", "[-20.0,", "pack.toml", "map_box"),
    "no disclaimer": ("pack.toml", '["en"]', '["en", "fr"]', "pack.toml", "disclaimers.fr"),
    "other annex": ("annex-reporting.csv", "163,300", "163,301", "annex-reporting.csv", "SHA-256"),
}


@pytest.mark.parametrize(("file", "before", "after", "names_file", "names_field"), SPOILED.values(), ids=SPOILED)
def test_a_spoiled_pack_is_refused_by_file_and_field(
    folder: Path, file: str, before: str, after: str, names_file: str, names_field: str
) -> None:
    """Somebody who edits a pack by hand must be told where the mistake is."""
    text = (folder / file).read_text("utf-8")
    assert before in text
    (folder / file).write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(OperatorError) as caught:
        load_pack(folder)
    assert str(caught.value).startswith(names_file)
    assert names_field in str(caught.value)


ANNEXES = {
    "other columns": "gid,reporters\n1,islands\n",
    "empty": "",
    "not numbers": "row,col_first,col_last,reporters\nx,1,1,islands\n",
    "short line": "row,col_first,col_last,reporters\n1,1,1\n",
    "row beyond the pole": "row,col_first,col_last,reporters\n360,1,1,islands\n",
    "columns run back": "row,col_first,col_last,reporters\n1,2,1,islands\n",
    "cell twice": "row,col_first,col_last,reporters\n1,1,3,islands\n1,3,3,islands\n",
    "stranger": "row,col_first,col_last,reporters\n1,1,1,atlantis\n",
    "not ASCII": "row,col_first,col_last,reporters\n1,1,1,île\n",
}


@pytest.mark.parametrize("annex", ANNEXES.values(), ids=ANNEXES)
def test_an_annex_that_makes_no_sense_is_refused_though_its_digest_agrees(folder: Path, annex: str) -> None:
    """A signed annex is still parsed strictly: one misread line moves a border of who reports."""
    (folder / "annex-reporting.csv").write_text(annex, "utf-8")
    head = (folder / "pack.toml").read_text("utf-8")
    recorded = hashlib.sha256(annex.encode()).hexdigest()
    (folder / "pack.toml").write_text(re.sub("[0-9a-f]{64}", recorded, head), "utf-8")
    with pytest.raises(OperatorError, match="annex-reporting.csv") as caught:
        load_pack(folder)
    assert caught.value.code == "pack-invalid"


@pytest.mark.parametrize("file", ["pack.toml", "charter.toml", "annex-reporting.csv", "exercises/regatta.toml"])
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    """Half a pack must not found a node."""
    (folder / file).unlink()
    with pytest.raises(OperatorError, match=file) as caught:
        load_pack(folder)
    assert caught.value.code == "pack-unreadable"


@pytest.mark.parametrize("name", ["atlantis", "../lakeland", "", "Afpak", "a/b"])
def test_a_pack_that_is_not_installed_is_refused(name: str) -> None:
    """A name is looked up among the packs, never followed as a path."""
    with pytest.raises(OperatorError) as caught:
        builtin_pack(name)
    assert caught.value.code == "no-such-pack"
