"""A charter on disk is one head and one file for each article; a wrong one is refused by file and field."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import pytest

from hamsaya.adapters.charterfile import Example, load_charter, natural, versions
from hamsaya.adapters.regionpack import builtin_pack, load_pack
from hamsaya.base.errors import OperatorError
from hamsaya.charter.types import document_from_plain, revision

LAKELAND = Path(__file__).resolve().parents[1] / "packs" / "lakeland"
VERSION = "2020-01-01"
WHERE = f"charter/{VERSION}"
ARTICLE = '''instrument = "lake-watch"

[clause]
id = "LW.{number}"
text = "Every shore reports on its own cells."
modality = "duty"
kinds = ["monitor.report"]
senders = ["member"]
recipients = ["member"]
object = "area-counts"
consent_of = "data-owner"
decision = "suspend-tranche"

[[examples]]
name = "A shore reports."
want = "permit"
kind = "monitor.report"
sender = "islands"
recipients = ["north-shore"]
consents = ["data-owner"]
clauses = ["LW.{number}"]

[[examples]]
name = "Not what is another's."
want = "forbid"
code = "consent-missing"
kind = "monitor.report"
sender = "islands"
recipients = ["north-shore"]

[[examples]]
name = "The second signature is just enough."
want = "permit"
edge = true
kind = "monitor.report"
sender = "islands"
recipients = ["north-shore"]
consents = ["data-owner"]
signed = ["islands", "north-shore"]
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The fictional pack with its charter in the form of one file for each article."""
    pack = Path(shutil.copytree(LAKELAND, tmp_path / "pack"))
    head, _, rest = (pack / "charter.toml").read_text("utf-8").partition("[[instruments.clauses]]")
    rules = "[[rules]]" + rest.partition("[[rules]]")[2]
    (pack / "charter.toml").unlink()
    articles = pack / WHERE / "articles"
    articles.mkdir(parents=True)
    (articles.parent / "charter.toml").write_text(head + rules, "utf-8")
    for number in (10, 2):
        (articles / f"LW.{number}.toml").write_text(ARTICLE.format(number=number), "utf-8")
    text = (pack / "pack.toml").read_text("utf-8")
    (pack / "pack.toml").write_text(text.replace('id = "lakeland"', f'id = "lakeland"\ncharter = "{VERSION}"'), "utf-8")
    return pack


def test_a_pack_in_article_files_loads(folder: Path) -> None:
    """Clauses stand in the natural order of their ids, examples beside them and outside the signed text."""
    pack = load_pack(folder)
    (instrument,) = document_from_plain(pack.charter).instruments
    assert [clause.id for clause in instrument.clauses] == ["LW.2", "LW.10"]
    assert pack.versions == (VERSION,)
    assert list(pack.examples) == ["lake-watch:LW.2", "lake-watch:LW.10"]
    assert [type(example) for example in pack.examples["lake-watch:LW.2"]] == [Example] * 3
    assert "examples" not in repr(pack.charter)


def test_a_changed_example_leaves_the_revision_as_it_is(folder: Path) -> None:
    """Members sign the law; a better example of it must not ask them to sign anew."""
    before = revision(document_from_plain(load_pack(folder).charter))
    article = folder / WHERE / "articles" / "LW.2.toml"
    article.write_text(article.read_text("utf-8").replace("A shore reports.", "One shore reports."), "utf-8")
    assert revision(document_from_plain(load_pack(folder).charter)) == before


def test_one_version_loads_by_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who compares two texts names their folders; the parties come from the table above them."""
    plain, examples = load_charter(folder / WHERE)
    assert plain == load_pack(folder).charter and examples == load_pack(folder).examples
    monkeypatch.chdir(folder / WHERE)
    assert load_charter(Path("."))[0] == plain
    assert load_charter(LAKELAND / "charter.toml")[0] == load_pack(LAKELAND).charter


def test_a_file_with_its_own_members_needs_no_table_beside_it(tmp_path: Path) -> None:
    """A text sent for comment is one file; a table that happens to lie beside it does not replace its members."""
    own = (LAKELAND / "charter.toml").read_text("utf-8") + (LAKELAND / "members.toml").read_text("utf-8")
    (tmp_path / "text.toml").write_text(own, "utf-8")
    assert load_charter(tmp_path / "text.toml")[0] == load_pack(LAKELAND).charter
    (tmp_path / "members.toml").write_text("members = []", "utf-8")
    assert load_charter(tmp_path / "text.toml")[0] == load_pack(LAKELAND).charter


def test_every_installed_version_loads_from_its_folder() -> None:
    """The dates that a pack lists are folders that commands can be given."""
    pack = builtin_pack()
    with resources.as_file(resources.files("hamsaya.regions") / pack.id) as folder:
        assert versions(folder) == pack.versions
        for version in pack.versions:
            assert load_charter(folder / "charter" / version)[0] == builtin_pack(pack.id, version).charter


def test_files_are_sorted_as_people_count() -> None:
    """CX.10 comes after CX.2, and AB.1 before both."""
    assert sorted(["CX.10", "CX.2", "AB.1", "CX.2.b", "CX"], key=natural) == ["AB.1", "CX", "CX.2", "CX.2.b", "CX.10"]


HEAD, TWO = f"{WHERE}/charter.toml", f"{WHERE}/articles/LW.2.toml"
SPOILED = {
    "not TOML": (TWO, "[clause]", "[clause", TWO, "TOML"),
    "unknown field of a clause": (TWO, "consent_of", "consent_off", TWO, "consent_off"),
    "unknown modality": (TWO, '"duty"', '"effect"', TWO, "modality"),
    "unknown field of an example": (TWO, 'sender = "islands"', 'sender = "islands"\nwhen = 1', TWO, "examples[0]"),
    "unknown kind": (TWO, '["monitor.report"]', '["monitor.people"]', TWO, "clause.kinds"),
    "unknown class": (TWO, '"suspend-tranche"', '"by-lot"', TWO, "clause.decision"),
    "unknown instrument": (TWO, '"lake-watch"', '"sea-watch"', TWO, "instrument"),
    "another id than the file": (TWO, 'id = "LW.2"', 'id = "LW.3"', TWO, "clause.id"),
    "no example that forbids": (TWO, 'want = "forbid"\ncode = "consent-missing"', 'want = "permit"', TWO, "examples"),
    "no example at the edge": (TWO, "edge = true", "edge = false", TWO, "examples"),
    "example of a stranger": (TWO, 'sender = "islands"', 'sender = "atlantis"', TWO, "examples[0]"),
    "example of no kind": (TWO, 'kind = "monitor.report"', 'kind = "monitor.*"', TWO, "examples[0].kind"),
    "refusal without a code": (TWO, 'code = "consent-missing"\n', "", TWO, "examples[1].code"),
    "stranger signs": (TWO, 'signed = ["islands", "north-shore"]', 'signed = ["atlantis"]', TWO, "examples[2]"),
    "misspelt field of the head": (HEAD, "depositaries", "depositeries", HEAD, "depositeries"),
    "instruments are no tables": (HEAD, "[[instruments]]", "instruments = 5\n[[others]]", HEAD, "instruments"),
    "clauses in the head": (HEAD, "retention_days = 365", "retention_days = 365\nclauses = []", HEAD, "clauses"),
    "rule that cannot be read": (HEAD, 'rule = "quota"', 'rule = "lot"', HEAD, "rules.suspend-tranche.rule"),
    "another date than the folder": (HEAD, VERSION, "2021-01-01", HEAD, "dated"),
    "version that is not there": ("pack.toml", f'"{VERSION}"', '"2021-01-01"', "pack.toml", VERSION),
    "no version named": ("pack.toml", f'charter = "{VERSION}"', "", "pack.toml", VERSION),
}


@pytest.mark.parametrize(("file", "before", "after", "names_file", "names_field"), SPOILED.values(), ids=SPOILED)
def test_a_spoiled_charter_is_refused_by_file_and_field(
    folder: Path, file: str, before: str, after: str, names_file: str, names_field: str
) -> None:
    """Among forty files somebody must be told in which one the mistake is, and where."""
    text = (folder / file).read_text("utf-8")
    assert before in text
    (folder / file).write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(OperatorError) as caught:
        load_pack(folder)
    assert caught.value.code == "pack-invalid"
    assert str(caught.value).startswith(names_file)
    assert names_field in str(caught.value)


def test_an_article_with_a_misspelt_name_is_not_passed_over(folder: Path) -> None:
    """A safeguard in a file called .tml would silently be no law; what a file manager hides is no article."""
    articles = folder / WHERE / "articles"
    (articles / ".DS_Store").write_bytes(b"\x00")
    assert load_pack(folder)
    (articles / "LW.2.toml").rename(articles / "LW.2.tml")
    with pytest.raises(OperatorError, match=r"LW\.2\.tml, name"):
        load_pack(folder)


@pytest.mark.parametrize("missing", ["charter.toml", "articles"])
def test_half_a_version_is_refused(folder: Path, missing: str) -> None:
    """A head without articles would be a charter that permits nothing, or a pack half copied."""
    place = folder / WHERE / missing
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    with pytest.raises(OperatorError, match=f"{WHERE}/{missing}") as caught:
        load_pack(folder)
    assert caught.value.code == "pack-unreadable"


def test_a_folder_of_no_versions_is_refused(folder: Path) -> None:
    """An empty charter folder beside a single file would leave open which of the two is the law."""
    shutil.rmtree(folder / WHERE)
    shutil.copy(LAKELAND / "charter.toml", folder)
    with pytest.raises(OperatorError, match=r"pack\.toml, charter"):
        load_pack(folder)
