"""The house itself: locked packages, documents that agree with the code and with each other, clean files."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
LOCKS = ("requirements.txt", "requirements-dev.txt")
MAIN = ROOT / "src" / "hamsaya" / "cli" / "main.py"

_PIN = re.compile(r"^([a-z0-9-]+)==(\S+)( ; [^\\]+)? \\$")
_HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def pins(name: str) -> dict[str, set[str]]:
    """Return package -> its versions (some have one for each Python) of one lock file; each line is a pin or a hash."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if match := _PIN.match(line):
            found.setdefault(match[1], set()).add(match[2])
        else:
            assert _HASH.match(line), f"{name}: expected a pin or a hash, received {line!r}"
    return found


# --- packages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOCKS)
def test_lock_files_hold_versions_and_hashes_only(name: str) -> None:
    """An address would bind every party to one registry; a pin without a hash binds to nothing."""
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"(?m)^(?=[a-z])", text)[1:]
    assert len(entries) == sum(map(len, pins(name).values())) > 10
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


def test_what_the_project_asks_for_is_locked() -> None:
    """A dependency added without `make lock` would reach users unpinned, the build backend included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    asked += [line for extra in project["project"]["optional-dependencies"].values() for line in extra]
    tools = project["dependency-groups"]["dev"]
    runtime, dev = pins("requirements.txt"), pins("requirements-dev.txt")
    names = {re.split(r"[><=\[ ]", line)[0] for line in asked}
    assert names <= set(runtime)
    assert {re.split(r"[><=\[ ]", line)[0] for line in tools} <= set(dev)
    assert runtime.items() <= dev.items(), "the test tools must sit on the very packages that users run"


def test_every_dependency_is_explained() -> None:
    """A package nobody argued for is one nobody will notice to be unneeded."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "adr" / "0002-dependencies.md").read_text(encoding="utf-8")
    for line in project["project"]["dependencies"]:
        assert f"\n| {line.split('>')[0]} " in page


# --- documents -------------------------------------------------------------------------------------------


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, spelt as code hosts spell them."""
    headings = re.findall(r"(?m)^#+ (.+)$", document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken_links(document: Path) -> Iterator[str]:
    for target in _LINK.findall(document.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield target


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_every_link_resolves(document: Path) -> None:
    """A reader who follows a dead link stops trusting the page, rightly."""
    assert not list(broken_links(document))


def test_a_dead_link_is_caught(tmp_path: Path) -> None:
    """The check above must fail on a missing file and on a missing heading, else it guards nothing."""
    page = tmp_path / "page.md"
    page.write_text("# Here\n[a](#here) [b](gone.md) [c](page.md#nowhere) [d](page.md)", encoding="utf-8")
    assert list(broken_links(page)) == ["gone.md", "page.md#nowhere"]


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_every_decision_has_its_four_headings(page: Path) -> None:
    """A decision that does not say what we lose by it is advertising."""
    headings = re.findall(r"(?m)^## (.+)$", page.read_text(encoding="utf-8"))
    assert headings == ["Context", "Options", "Decision", "What we lose"]


def test_every_decision_is_listed_under_its_number() -> None:
    """Numbers run without a gap, and the shelf's index names each page."""
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    assert all(f"({page.name})" in index for page in DECISIONS)


def test_each_version_in_the_changelog_speaks_of_wire_policy_and_schema() -> None:
    """Neighbours upgrade at different times: these three lines are what an operator looks for."""
    versions = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")[1:]
    assert versions
    for version in versions:
        assert re.findall(r"(?m)^- \*\*(Wire|Policy|Schema)\*\*: \S", version) == ["Wire", "Policy", "Schema"]


def test_make_help_lists_every_chore_and_dev_knows_it() -> None:
    """A target without a word of help is found by nobody; an alias of nothing fails when it is needed."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^([a-z]+):", makefile))
    documented = set(re.findall(r"(?m)^([a-z]+):.*## \S", makefile))
    commands = set(
        re.findall(r"(?m)^    python3 dev\.py ([a-z]+)", (ROOT / "dev.py").read_text(encoding="utf-8"))
    )
    assert targets == documented == commands | {"help"}


# --- files -----------------------------------------------------------------------------------------------


@cache
def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("no git checkout: which files are the project's own is not known")
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    return [path for name in names.split("\0") if name and (path := ROOT / name).is_file()]


FOREIGN = {
    "a path of one machine": re.compile(r"(?<![\w.])/(?:home|root|Users|work|mnt)/[\w.]"),
    "the address of a package registry": re.compile(
        r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|yarnpkg\.com|deb\.debian\.org|proxy\.golang\.org"
    ),
}


@pytest.mark.parametrize("pattern", FOREIGN.values(), ids=FOREIGN.keys())
def test_no_file_names(pattern: re.Pattern[str]) -> None:
    """The repository is the same on every machine and behind every mirror."""
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        lines = enumerate(text.splitlines(), 1)
        found += [f"{relative(path)}:{number}" for number, line in lines if pattern.search(line)]
    assert not found


# --- help ------------------------------------------------------------------------------------------------


def commands() -> dict[str, Any]:
    """Return every command of the program by its words, such as ``node init``."""
    if not MAIN.exists():
        pytest.skip("this source has no command line (src/hamsaya/cli/main.py)")
    import typer

    from hamsaya.cli.main import app

    def walk(command: Any, words: str) -> Iterator[tuple[str, Any]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield words, command
        for name, child in (inner or {}).items():
            yield from walk(child, f"{words} {name}".strip())

    return dict(walk(typer.main.get_command(app), ""))


def test_every_command_has_help_and_json() -> None:
    """A command without a sentence, or without --json, is finished or removed."""
    for words, command in commands().items():
        options = {option for parameter in command.params for option in parameter.opts}
        assert (command.help or "").strip(), f"`{words}` has no help"
        assert "--json" in options, f"`{words}` has no --json"


def test_every_command_has_its_line_in_the_documents_and_none_is_invented() -> None:
    """docs/commands.md lists each command, or its whole group, and nothing that does not exist."""
    listed = re.findall(
        r"(?m)^\| `([a-z -]+)` \|", (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    )
    known = set(commands())
    groups = {words.split()[0] for words in known}
    assert {words for words in known if words not in listed and words.split()[0] not in listed} == set()
    assert {line for line in listed if line not in known | groups} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_examples_use_commands_that_exist(document: Path) -> None:
    """An example that does not run is worse than none."""
    known = commands()
    groups = {words.split()[0] for words in known}
    for block in _FENCE.findall(document.read_text(encoding="utf-8")):
        for line in re.findall(r"(?m)^\s*(?:\S*/)?hamsaya ([a-z][a-z -]*)", block):
            words = line.split(" -")[0].split()
            assert words[0] in known or " ".join(words[:2]) in known or words[0] in groups, line
