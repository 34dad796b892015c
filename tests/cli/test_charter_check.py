"""Checking, comparing and trying out a charter by command: what people and programs are told, and the exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hamsaya.adapters.regionpack import builtin_pack
from hamsaya.charter.check import check
from hamsaya.charter.types import document_from_plain
from hamsaya.cli.main import app

PACK = Path(__file__).parents[2] / "src" / "hamsaya" / "regions" / "afpak"
VERSIONS = builtin_pack().versions


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["charter", *words])


def answer(*words: str, code: int = 0) -> Any:
    """Return the one JSON value of a command that ends with ``code``."""
    result = run(*words, "--json")
    assert result.exit_code == code, f"{words}: {result.output}{result.exception!r}"
    return json.loads(result.stdout)


@pytest.fixture()
def spoilt(tmp_path: Path) -> Path:
    """The built-in pack, in whose answering article two persons are not asked for any more."""
    folder = tmp_path / "spoilt"
    shutil.copytree(PACK, folder)
    (article,) = folder.glob(f"charter/{VERSIONS[0]}/articles/CX.3.toml")
    text = article.read_text(encoding="utf-8")
    assert '"two-persons", ' in text
    article.write_text(text.replace('"two-persons", ', ""), encoding="utf-8")
    return folder


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_of_the_built_in_charter_is_sound(version: str) -> None:
    """What we hand to members to sign has no error, by command and by the text itself."""
    assert answer("check", version)["sound"] is True
    problems = check(document_from_plain(builtin_pack(version=version).charter))
    assert [problem for problem in problems if problem.severity == "error"] == []


def test_a_fault_is_told_with_its_article_and_refused(spoilt: Path) -> None:
    """Exit code 1, the article, the reason and the code: an author needs no more."""
    view = answer("check", str(spoilt), code=1)
    assert view["sound"] is False and view["problems"][0] | {"sentence": ""} == {
        "ref": "case-exchange:CX.3", "code": "one-person", "severity": "error", "sentence": ""}
    shown = run("check", str(spoilt))
    assert shown.exit_code == 1 and "refused for 1 error" in shown.stdout and "[one-person]" in shown.stdout
    assert "sound" in run("check").stdout


def test_a_version_is_checked_against_those_beside_it(spoilt: Path) -> None:
    """The first version was changed after the second named its revision: the chain of versions has a gap."""
    later = spoilt / "charter" / VERSIONS[-1]
    assert "unknown-version" in [one["code"] for one in answer("check", str(later))["problems"]]
    assert "unknown-version" not in [one["code"] for one in answer("check", VERSIONS[-1])["problems"]]


def test_two_versions_are_compared() -> None:
    """The same by date and by folder: what changed, field by field, and what it does."""
    old, new = VERSIONS[0], VERSIONS[-1]
    view = answer("diff", old, new)
    assert not view["same"] and {one["name"] for one in view["charter"]} >= {"dated", "supersedes"}
    assert view["articles"] and view["rules"] and {one["verb"] for one in view["articles"]} <= {
        "added", "removed", "changed"}
    assert answer("diff", str(PACK / "charter" / old), f"afpak/{new}") == view
    shown = run("diff", old, new).stdout
    assert f"dated: {old} -> {new}" in shown and "p_decide from" in shown
    for one in (*view["articles"], *view["instruments"]):
        assert f"{one['verb']} {one['ref']}" in shown
    assert "Nothing differs." in run("diff", old, old).stdout and answer("diff", old, old)["same"]


def test_a_changed_sentence_and_a_shift_of_power_are_shown(tmp_path: Path) -> None:
    """Words taken out and put in, who gains and who loses, and a new order that changes nothing else."""
    text = ('title = "x"\n[[instruments]]\nid = "a"\ntitle = "A"\npurpose = "A"\nentry_into_force = 1\n'
            'retention_days = 1\n[[instruments.clauses]]\nid = "A.1"\ntext = "A member may ask."\n'
            'modality = "permission"\nkinds = ["case.ask"]\nsenders = ["member"]\nrecipients = ["member"]\n'
            '[[rules]]\nid = "budget"\ntitle = "B"\nrule = { rule = "quota", q = 3, weights = { ava = 2, bel = 2 } }\n')
    members = "".join(f'[[members]]\nid = "{name}"\nkind = "state"\nrole = "member"\nstanding = "full"\nbloc = "x"\n'
                      for name in ("ava", "bel"))
    old, new, order = (tmp_path / name for name in ("old.toml", "new.toml", "order.toml"))
    old.write_text(text + members, encoding="utf-8")
    new.write_text(text.replace("may ask", "must ask").replace("ava = 2", "ava = 3") + members, encoding="utf-8")
    shown = run("diff", str(old), str(new)).stdout
    assert "text: A member [-may-] {+must+} ask." in shown
    assert "ava gains power over budget: from 1/2 to 1" in shown and "bel loses power over budget" in shown
    swapped = members.replace('"ava"', '"zoe"').replace('"bel"', '"ava"').replace('"zoe"', '"bel"')
    order.write_text(text + swapped, encoding="utf-8")
    assert "Only the order of its parts differs." in run("diff", str(old), str(order)).stdout


def test_a_vote_is_tried_out() -> None:
    """A silence at 71 hours is pending until the hour it ends, and after that adopted; a refusal blocks."""
    finding = ("simulate", "adopt-finding", "--charter", VERSIONS[0], "--concerned", "tj")
    before = answer(*finding, "--after", "71h")
    assert (before["verdict"], before["until_ms"]) == ("pending", 72 * 3_600_000)
    assert answer(*finding, "--after", "3d")["verdict"] == "adopted"
    refused = run(*finding, "--no", "kz", "--after", "3d").stdout
    assert "adopt-finding after 3d: blocked." in refused
    assert "kz is decisive: another word (yes, abstain, none)" in refused
    pending = run("simulate", "budget", "--yes", "kz,uz", "--absent", "tm").stdout
    assert "4 more in favour would adopt it now." in pending and "pending until" in pending


def test_an_impossible_vote_is_refused(tmp_path: Path) -> None:
    """A misspelt class or name, a question about nobody: exit code 1; a time that is none: 2."""
    for words in (("lottery",), ("budget", "--yes", "kx"), ("adopt-finding",)):
        assert answer("simulate", *words, code=1)["error"]["code"] == "bad-vote"
    for after in ("soon", "72", "h", "-1h", "9999999h"):
        assert run("simulate", "budget", "--after", after).exit_code == 2


def test_a_request_is_put_to_a_version(tmp_path: Path) -> None:
    """With a file and a version, the text of that version answers; standings and consents come with the question."""
    path = tmp_path / "request.json"
    asked = {"kind": "case.answer", "sender": "kz", "recipients": ["uz"], "case": "C-1"}
    path.write_text(json.dumps(asked), encoding="utf-8")
    found = answer("explain", str(path), "--charter", VERSIONS[0])
    assert found["verdict"] == "permitted" and "case-exchange:CX.3" in found["clauses"]
    path.write_text(json.dumps({**asked, "consents": []}), encoding="utf-8")
    assert answer("explain", str(path))["code"] == "consent-missing"
    assert "consent-missing" in run("explain", str(path)).stdout


def test_a_request_put_wrongly_says_what_to_write(tmp_path: Path) -> None:
    """The nearest kinds, the fields of the file, and that options beside a file would be passed over in silence."""
    path = tmp_path / "request.json"
    path.write_text(json.dumps({"kind": "case.answr", "sender": "kz"}), encoding="utf-8")
    assert answer("explain", str(path), code=1)["error"]["code"] == "unknown-kind"
    assert "did you mean case.answer" in run("explain", str(path)).stderr
    assert "did you mean case.ask or" in run("explain", "case.ak").stderr, "also where no node is"
    assert "hamsaya charter report" in run("explain", "zzz").stderr
    missing = run("explain", str(tmp_path / "none.json"))
    assert missing.exit_code == 1 and "No such file" in missing.stderr and "consents" in missing.stderr
    assert run("explain", str(path), "--to", "uz").exit_code == 2
    assert run("explain", "case.ask", "--charter", VERSIONS[0]).exit_code == 2


def test_a_charter_that_is_nowhere_is_told_with_what_is_expected(tmp_path: Path) -> None:
    """No file that the reader did not name is blamed: neither a version that is not there nor an empty folder."""
    assert f"expected one of {', '.join(VERSIONS)}" in run("check", "1999-01-01").stderr
    assert "pack.toml," not in run("check", "1999-01-01").stderr
    empty = run("check", str(tmp_path)).stderr
    assert str(tmp_path) in empty and "pack.toml" in empty and "charter.toml" in empty


def test_an_amendment_on_soil_or_data_is_noted_where_a_vote_is_tried_out() -> None:
    """There silence is no consent, whatever the rule says of those who are absent."""
    assert any("soil, data or people" in note for note in answer("simulate", "amend-charter")["notes"])
    assert not any("silence" in note for note in answer("simulate", "budget")["notes"])
