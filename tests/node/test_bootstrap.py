"""Founding and opening: private files, one history, one writer, and a refusal in words for everything else."""

from __future__ import annotations

import stat
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from msgspec.structs import replace

from hamsaya.adapters import keyfile
from hamsaya.base.errors import HamsayaError, OperatorError
from hamsaya.node.bootstrap import (
    ExerciseTime,
    Settings,
    found,
    note_move,
    open_directory,
    own_card,
    read_settings,
    render_settings,
)
from tests.node.making import held

PASS = "correct horse"


@pytest.fixture(autouse=True)
def light_stretching(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Argon2id costs is asked of the key file's own tests."""
    for name, value in (("_PASSES", 1), ("_LANES", 1), ("_MEMORY_KIB", 8)):
        monkeypatch.setattr(keyfile, name, value)


def code_of(directory: Path, passphrase: str = PASS) -> str:
    """Return why the node in ``directory`` is not opened."""
    with pytest.raises(OperatorError) as refused:
        open_directory(directory, passphrase)
    assert PASS not in str(refused.value)
    return refused.value.code


def test_a_founded_node_opens_with_its_card_as_first_leaf(tmp_path: Path) -> None:
    """Its log begins with its own keys, signed by its root; opening twice gives the same."""
    card = found(tmp_path / "pk", Settings(node="pk", pack="afpak"), PASS)
    with closing(open_directory(tmp_path / "pk", PASS)) as opened:
        first = held(opened.node)
        assert opened.node.tree.size == 1 and list(opened.node.state.directory.peers) == ["pk"]
        assert opened.node.state.directory.peers["pk"].fingerprint == card.fingerprint
    with closing(open_directory(tmp_path / "pk", PASS)) as opened:
        assert held(opened.node) == first
    assert own_card(tmp_path / "pk") == card
    certificate = load_pem_x509_certificate((tmp_path / "pk" / "tls.crt").read_bytes())
    assert certificate.public_bytes(Encoding.DER) == card.tls_certificate


def test_secret_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """Keys, root, gate key and store; also the write-ahead log of a node at work."""
    found(tmp_path / "pk", Settings(node="pk", pack="afpak"), PASS)
    assert stat.S_IMODE((tmp_path / "pk").stat().st_mode) == 0o700
    with closing(open_directory(tmp_path / "pk", PASS)):
        for path in (tmp_path / "pk").iterdir():
            private = stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
            assert private or path.name in ("node.toml", "node.card"), path.name
        assert (tmp_path / "pk" / "node.db-wal").exists()


@pytest.mark.parametrize("left", ["node.toml", "node.db", "keys.bin"])
def test_a_second_history_is_never_founded(tmp_path: Path, left: str) -> None:
    """Any trace of a first one is enough, and it is left as it was."""
    place = tmp_path / "pk"
    place.mkdir()
    (place / left).write_bytes(b"the first")
    with pytest.raises(OperatorError) as refused:
        found(place, Settings(node="pk", pack="afpak"), PASS)
    assert refused.value.code == "already-founded" and left in str(refused.value)
    assert [path.name for path in place.iterdir()] == [left] and (place / left).read_bytes() == b"the first"


def test_a_node_has_one_writer(tmp_path: Path) -> None:
    """Two would fork its log; the second is told who has it, and may come when the first has gone."""
    found(tmp_path / "pk", Settings(node="pk", pack="afpak"), PASS)
    with closing(open_directory(tmp_path / "pk", PASS)):
        assert code_of(tmp_path / "pk") == "locked"
    open_directory(tmp_path / "pk", PASS).close()


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """No node, a wrong passphrase, an empty one, another node's keys, a missing store, settings that do not fit."""
    assert code_of(tmp_path / "nothing") == "no-node"
    for member in ("pk", "ir"):
        found(tmp_path / member, Settings(node=member, pack="afpak"), PASS)
    place = tmp_path / "pk"
    assert code_of(place, "wrong") == "wrong-passphrase" and code_of(place, "") == "no-passphrase"
    keys = (place / "keys.bin").read_bytes()
    (place / "keys.bin").write_bytes((tmp_path / "ir" / "keys.bin").read_bytes())
    assert code_of(place) == "wrong-keys"
    (place / "keys.bin").write_bytes(keys)
    (place / "node.db").rename(place / "elsewhere.db")
    assert code_of(place) == "wrong-store"
    (place / "node.db").write_bytes((tmp_path / "ir" / "node.db").read_bytes())
    assert code_of(place) == "damaged-log", "the store of another node"
    (place / "elsewhere.db").rename(place / "node.db")
    toml = (place / "node.toml").read_text()
    for wrong in ("node = 1\n", toml + "unknown = 1\n", "node = ["):
        (place / "node.toml").write_text(wrong)
        assert code_of(place) == "bad-settings"
    (place / "node.toml").write_text(toml)
    open_directory(place, PASS).close()


@pytest.mark.parametrize(
    "settings",
    [
        Settings(node="zz", pack="afpak"),
        Settings(node="pk", pack="no-such-pack"),
        Settings(node="pk", pack="afpak", present=("zz",)),
    ],
)
def test_a_node_is_founded_for_a_party_of_its_pack(tmp_path: Path, settings: Settings) -> None:
    """A misspelt slug founds nothing."""
    with pytest.raises(HamsayaError):
        found(tmp_path / "x", settings, PASS)
    assert not (tmp_path / "x").exists()


def test_settings_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Numbers, texts with quotes, lists and tables."""
    settings = Settings(
        node="pk",
        pack='a "quoted" \\ path',
        present=("af", "tm"),
        endpoint="https://pk.example:8443",
        cosign_s=0.5,
        routes={"joint-cell": "https://127.0.0.1:9"},
        exercise_time=ExerciseTime(anchor_ms=1, rate=600, fast_ms=5, begins="/tmp/begins"),
    )
    (tmp_path / "node.toml").write_text(render_settings(settings), encoding="utf-8")
    assert read_settings(tmp_path) == settings
    (tmp_path / "node.toml").write_text(render_settings(Settings(node="pk", pack="p")), encoding="utf-8")
    assert read_settings(tmp_path) == Settings(node="pk", pack="p")


def test_a_node_that_moves_says_so_on_its_card_under_the_same_fingerprint(tmp_path: Path) -> None:
    """Without this a new address would never reach anybody; the log keeps that it changed."""
    home = tmp_path / "pk"
    settings = Settings(node="pk", pack="afpak", endpoint="https://old.example:8443")
    before = found(home, settings, PASS)
    with closing(open_directory(home, PASS)) as opened:
        assert not note_move(opened) and opened.node.tree.size == 1
    moved = replace(settings, endpoint="https://new.example:8443")
    (home / "node.toml").write_text(render_settings(moved), encoding="utf-8")
    with closing(open_directory(home, PASS)) as opened:
        assert note_move(opened) and not note_move(opened)
        assert opened.node.tree.size == 2
        assert opened.node.state.directory.peers["pk"].endpoint == "https://new.example:8443"
    after = own_card(home)
    assert after.endpoint == "https://new.example:8443" and after.fingerprint == before.fingerprint
