"""Nodes of a small federation for the command line: real directories, real keys, commands run in this process."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hamsaya.adapters import keyfile
from hamsaya.cli.main import app, with_names

PASSPHRASE = "not a secret"
NOBODY_LISTENS = "https://127.0.0.1:9"
NORTH, SOUTH = "kz", "uz"
TWO_PERSONS = tuple(("case", name) for name in ("open", "ask", "answer", "hold", "unhold", "raise"))
"""Commands that tests of other things give with both persons of the desk at once."""
STRETCHING = {name: getattr(keyfile, name) for name in ("_MEMORY_KIB", "_PASSES")}


@dataclass(frozen=True)
class Desk:
    """One operator at a terminal that is none: runs commands on one node's directory."""

    directory: Path
    passphrase_file: Path
    person_passphrase_file: Path | None = None
    together: bool = True

    def run(self, *words: str) -> Result:
        """Return what the command did, whatever it was."""
        environment = {"HAMSAYA_DIR": str(self.directory), "HAMSAYA_PASSPHRASE_FILE": str(self.passphrase_file),
                       "HAMSAYA_PERSON_PASSPHRASE_FILE": str(self.person_passphrase_file or self.passphrase_file)}
        if self.key("desk-1").exists() and words[:1] != ("person",):
            environment["HAMSAYA_PERSON"] = str(self.key("desk-1"))
            words += self.second if self.together and words[:2] in TWO_PERSONS and "--and" not in words else ()
        return CliRunner().invoke(app, with_names(words), env=environment)

    def key(self, person: str) -> Path:
        """Return where the key file of one person of this desk is."""
        return self.directory / f"{person}.key"

    @property
    def second(self) -> tuple[str, ...]:
        """The words by which the second person of this desk signs too."""
        return "--and", str(self.key("desk-2"))

    def enrol(self, person: str, *roles: str, number: str = "") -> None:
        """Enrol a person whose key file lies in the node's directory."""
        words = [word for role in roles for word in ("--role", role)]
        self.json("person", "enrol", person, *words, "--staff-number", number or person, "--name", f"The {person}",
                  "--key", str(self.key(person)))

    def enrol_both(self) -> None:
        """Enrol the two persons who sign for this desk in these tests."""
        self.enrol("desk-1", "liaison", "analyst", "verifier", "releaser")
        self.enrol("desk-2", "releaser")

    def json(self, *words: str) -> Any:
        """Return the one JSON value of a command that succeeds."""
        result = self.run(*words, "--json")
        assert result.exit_code == 0, f"{words}: {result.stdout}{result.stderr}{result.exception!r}"
        return json.loads(result.stdout)

    def refused(self, *words: str) -> str:
        """Return the code of a command that is refused."""
        result = self.run(*words, "--json")
        assert result.exit_code == 1, f"{words}: {result.exit_code} {result.stdout}{result.stderr}"
        return str(json.loads(result.stdout)["error"]["code"])


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default pack's folder with instruments that two signatures bring into force, for a federation of two."""
    folder = tmp_path_factory.mktemp("pack") / "pair"
    with resources.as_file(resources.files("hamsaya.regions") / "afpak") as original:
        shutil.copytree(original, folder)
    version = tomllib.loads((folder / "pack.toml").read_text(encoding="utf-8"))["charter"]
    charter = folder / "charter" / version / "charter.toml"
    text, count = re.subn(r"(?m)^entry_into_force = \d+", "entry_into_force = 2", charter.read_text(encoding="utf-8"))
    assert count
    charter.write_text(text, encoding="utf-8")
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def passphrase_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that only its owner may read, with the passphrase of every node of these tests."""
    path = tmp_path_factory.mktemp("secret") / "passphrase"
    path.touch(mode=0o600)
    path.write_text(PASSPHRASE + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session", autouse=True)
def _light_stretching() -> Iterator[None]:
    """Stretch passphrases lightly in this process: each command opens a key file, some hundred times in all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyfile, "_MEMORY_KIB", 64)
        patch.setattr(keyfile, "_PASSES", 1)
        yield


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory, pack: Path, passphrase_file: Path) -> Path:
    """Two founded nodes that know each other, made by commands once; tests work on copies (``pair``)."""
    home = tmp_path_factory.mktemp("founded")
    north, south = (Desk(home / member, passphrase_file) for member in (NORTH, SOUTH))
    # The south can be reached, or so its card says; the north fetches what waits for it.
    for desk, more in ((north, []), (south, ["--endpoint", NOBODY_LISTENS])):
        desk.json("node", "init", desk.directory.name, "--pack", str(pack), *more)
    for desk, peer in ((north, south), (south, north)):
        card = peer.directory / "node.card"
        fingerprint = desk.json("node", "card", str(card))["fingerprint"]
        desk.json("node", "peers", "add", str(card), "--fingerprint", fingerprint)
    north.enrol_both()
    south.enrol_both()
    return home


@pytest.fixture
def pair(founded: Path, tmp_path: Path, passphrase_file: Path) -> tuple[Desk, Desk]:
    """Fresh copies of two nodes that know each other and have said nothing yet."""
    shutil.copytree(founded, tmp_path / "nodes", copy_function=shutil.copy2)
    return Desk(tmp_path / "nodes" / NORTH, passphrase_file), Desk(tmp_path / "nodes" / SOUTH, passphrase_file)


@pytest.fixture
def full_stretching(pair: tuple[Desk, Desk], monkeypatch: pytest.MonkeyPatch) -> tuple[Desk, Desk]:
    """The pair with key files as the software makes them, for processes of their own."""
    files = [file for desk in pair for file in (desk.directory / "keys.bin", *desk.directory.glob("*.key"))
             if file.name != "tls.key"]
    secrets = [keyfile.KeyFile(file, PASSPHRASE).load_secret() for file in files]
    for name, value in STRETCHING.items():
        monkeypatch.setattr(keyfile, name, value)
    for file, secret in zip(files, secrets, strict=True):
        keyfile.KeyFile(file, PASSPHRASE).save_secret(secret)
    return pair


@pytest.fixture
def carry(tmp_path: Path) -> Callable[[Desk, Desk], dict[str, Any]]:
    """A courier between two nodes: one file there, one back with receipts and whatever waits; returns what arrived."""

    def trip(sender: Desk, receiver: Desk) -> dict[str, Any]:
        there, back = tmp_path / "there.bundle", tmp_path / "back.bundle"
        sender.json("node", "courier", "export", receiver.directory.name, str(there))
        arrived = receiver.json("node", "courier", "import", str(there), "--back", str(back))
        again = tmp_path / "again.bundle"
        sender.json("node", "courier", "import", str(back), "--back", str(again))
        receiver.json("node", "courier", "import", str(again))
        return dict(arrived)

    return trip


@pytest.fixture
def in_force(pair: tuple[Desk, Desk], carry: Callable[[Desk, Desk], dict[str, Any]]) -> tuple[Desk, Desk]:
    """Two nodes that have both signed the charter and its annex, by courier."""
    north, south = pair
    for desk in pair:
        desk.json("charter", "sign")
    carry(north, south)
    return pair


@pytest.fixture(autouse=True)
def _nobody_elses_node(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands of these tests never reach a node that the person running them has."""
    for name in [name for name in os.environ if name.startswith("HAMSAYA_") and name != "HAMSAYA_DATA"]:
        monkeypatch.delenv(name)
    yield


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
