"""The key file: opens for its passphrase, private to its owner, replaced whole or not at all."""

from __future__ import annotations

import os
import runpy
import stat
from pathlib import Path

import pytest

from hamsaya.adapters import keyfile
from hamsaya.adapters.keyfile import KeyFile
from hamsaya.base.errors import OperatorError
from hamsaya.canon import decode, encode
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.acts import PersonKey
from hamsaya.ports.keys import KeyRing, encode_ring, new_ring, parse_ring, rotate, with_match_key
from tests.support.federation import SeededRandom

NOW = 1_790_000_000_000


def ring(seed: str = "pk") -> KeyRing:
    """Return a ring with five epochs."""
    random = SeededRandom(seed)
    return rotate(new_ring("pk", random), NOW, random)


@pytest.fixture(autouse=True)
def light_stretching(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of Argon2id is not what these tests ask about; ``test_stretching_is_costly`` is."""
    for name, value in (("_PASSES", 1), ("_LANES", 1), ("_MEMORY_KIB", 8)):
        monkeypatch.setattr(keyfile, name, value)


def code_of(path: Path, passphrase: str = "correct") -> str:
    """Return how opening and loading is refused."""
    with pytest.raises(OperatorError) as refused:
        KeyFile(path, passphrase).load()
    assert "correct" not in str(refused.value), "a passphrase is never repeated"
    return refused.value.code


def test_a_ring_comes_back_after_a_restart(tmp_path: Path) -> None:
    """Every key and epoch, from its bytes and from the file."""
    assert parse_ring(encode_ring(ring())) == ring()
    KeyFile(tmp_path / "keys.bin", "correct").save(ring())
    assert KeyFile(tmp_path / "keys.bin", "correct").load() == ring()
    KeyFile(tmp_path / "keys.bin", "correct").save(ring("second"))
    assert KeyFile(tmp_path / "keys.bin", "correct").load() == ring("second")


def test_the_keys_of_hit_no_hit_come_back(tmp_path: Path) -> None:
    """One for each epoch, made once; a ring of the build before has none and opens."""
    random = SeededRandom("match")
    made = with_match_key(with_match_key(ring(), 1, NOW, random), 2, NOW + 1, random)
    assert with_match_key(made, 2, NOW + 9, random) is made
    assert [(key.epoch, key.made_at) for key in made.matches] == [(1, NOW), (2, NOW + 1)]
    assert len({secret for key in made.matches for secret in (key.seed, key.decoy_seed)}) == 4
    KeyFile(tmp_path / "keys.bin", "correct").save(made)
    assert KeyFile(tmp_path / "keys.bin", "correct").load() == made
    assert made.match_key(3) is None and made.matches[0].seed.hex() not in repr(made)
    _, *earlier, _ = decode(encode_ring(ring()))
    assert parse_ring(encode([1, *earlier])) == ring()


def test_a_root_comes_back(tmp_path: Path) -> None:
    """The offline root has its own file and its own parameter set."""
    root = SigningKey("ml-dsa-65", b"r" * 64)
    KeyFile(tmp_path / "root.bin", "correct").save_root(root)
    assert KeyFile(tmp_path / "root.bin", "correct").load_root() == root


def test_no_secret_is_in_the_file(tmp_path: Path) -> None:
    """Neither seeds nor the storage key nor the node's name."""
    KeyFile(tmp_path / "keys.bin", "correct").save(ring())
    content = (tmp_path / "keys.bin").read_bytes()
    for secret in (ring().message.seed[:16], ring().log.seed[:16], ring().storage, ring().epochs[0].kem.seed):
        assert secret not in content
    KeyFile(tmp_path / "two.bin", "correct").save(ring())
    assert (tmp_path / "two.bin").read_bytes() != content, "salt and nonce are fresh"


def test_another_passphrase_opens_nothing(tmp_path: Path) -> None:
    """The message does not say which it was: a wrong passphrase or an altered file."""
    KeyFile(tmp_path / "keys.bin", "correct").save(ring())
    assert code_of(tmp_path / "keys.bin", "wrong") == "wrong-passphrase"
    assert code_of(tmp_path / "keys.bin", "") == "no-passphrase"
    assert code_of(tmp_path / "absent.bin") == "no-keys"


@pytest.mark.parametrize("at", [0, 14, 15, 30, 31, 42, 43, 60, -1])
def test_an_altered_file_opens_nothing(tmp_path: Path, at: int) -> None:
    """Magic, salt, nonce, ciphertext, tag: each byte counts."""
    path = tmp_path / "keys.bin"
    KeyFile(path, "correct").save(ring())
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    assert code_of(path) in ("wrong-passphrase", "wrong-key-file")


@pytest.mark.parametrize("length", [0, 3, 15, 20, 31, 35, 43, 58, 200])
def test_a_truncated_file_is_no_key_file(tmp_path: Path, length: int) -> None:
    """A copy that broke off is refused in words, wherever it broke off."""
    path = tmp_path / "keys.bin"
    KeyFile(path, "correct").save(ring())
    path.write_bytes(path.read_bytes()[:length])
    assert code_of(path) in ("wrong-passphrase", "wrong-key-file")


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    """Written 0600 whatever the umask; opened by others' eyes it is not used at all."""
    path = tmp_path / "keys.bin"
    before = os.umask(0)
    try:
        KeyFile(path, "correct").save(ring())
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        assert code_of(path) == "keys-exposed"


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash or a full disk in the middle leaves the old keys, never half of the new ones."""
    path = tmp_path / "keys.bin"
    KeyFile(path, "correct").save(ring())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OperatorError, match="No space left") as refused:
        KeyFile(path, "correct").save(ring("second"))
    assert refused.value.code == "keys-not-saved"
    monkeypatch.undo()
    for name, value in (("_PASSES", 1), ("_LANES", 1), ("_MEMORY_KIB", 8)):
        monkeypatch.setattr(keyfile, name, value)
    assert KeyFile(path, "correct").load() == ring()


def test_a_save_is_durable_before_it_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The content is flushed before the rename: others seal to new epochs as soon as they are published."""
    order: list[str] = []
    flush, rename = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("flush"), flush(fd))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append("rename"), rename(a, b))[1])
    KeyFile(tmp_path / "keys.bin", "correct").save(ring())
    assert order[:2] == ["flush", "rename"]


def test_stretching_is_costly() -> None:
    """RFC 9106's second recommended option: 64 MiB, three passes. Less is a gift to whoever steals the file."""
    # Read from the source: tests may have made the loaded module cheap.
    fresh = runpy.run_path(str(keyfile.__file__))
    assert (fresh["_PASSES"], fresh["_LANES"], fresh["_MEMORY_KIB"]) == (3, 4, 65536)


def test_rotation_keeps_four_weeks_ahead_and_destroys_after_thirty_days() -> None:
    """The week in use, the four after it, and those whose letters may still arrive; nothing twice."""
    day, week = 86_400_000, 7 * 86_400_000
    random, now = SeededRandom("pk"), NOW
    keys = ring()
    for _ in range(20):
        now += 3 * day
        keys = rotate(keys, now, random)
        assert keys.epochs[-1].not_before <= now + 4 * week < keys.epochs[-1].not_after
        assert keys.epochs[0].not_after + 30 * day > now
        assert all(a.not_after == b.not_before for a, b in zip(keys.epochs, keys.epochs[1:], strict=False))
    assert rotate(keys, now, random) == keys, "nothing to do, nothing changes"
    away = rotate(keys, now + 400 * day, random)
    assert not set(away.epochs) & set(keys.epochs)
    assert any(epoch.not_before <= now + 400 * day < epoch.not_after for epoch in away.epochs)


def test_no_secret_shows_in_a_ring_that_is_printed() -> None:
    """Rings stand in nodes, and nodes in messages of failing programs."""
    whole = ring()
    shown = repr(whole)
    seeds = [key.seed for key in (whole.message, whole.log, whole.witness, *(epoch.kem for epoch in whole.epochs))]
    for secret in (whole.storage, *seeds):
        assert repr(secret)[2:-1] not in shown and secret.hex() not in shown


def test_a_persons_key_is_kept_like_any_other_and_taken_for_no_other(tmp_path: Path) -> None:
    """A person's file under a person's passphrase; neither the node's ring nor a root can be mistaken for it."""
    path, key = tmp_path / "desk-1.key", PersonKey("kz", "desk-1", ("liaison", "releaser"), b"\7" * 32)
    KeyFile(path, "correct").save_person(key)
    assert path.stat().st_mode & 0o777 == 0o600 and key.seed not in path.read_bytes()
    assert KeyFile(path, "correct").load_person() == key
    with pytest.raises(OperatorError) as refused:
        KeyFile(path, "another").load_person()
    assert refused.value.code == "wrong-passphrase"
    KeyFile(tmp_path / "keys.bin", "correct").save(ring())
    with pytest.raises(OperatorError) as refused:
        KeyFile(tmp_path / "keys.bin", "correct").load_person()
    assert refused.value.code == "wrong-key-file"
    with pytest.raises(OperatorError) as refused:
        KeyFile(path, "correct").load()
    assert refused.value.code == "wrong-keys"


def test_the_secret_of_identities_follows_from_the_ring_and_survives_its_file(tmp_path: Path) -> None:
    """A key file from before persons has it too; after a restart equal staff numbers are still one person."""
    KeyFile(tmp_path / "keys.bin", "correct").save(ring())
    assert KeyFile(tmp_path / "keys.bin", "correct").load().identity_key == ring().identity_key != ring().storage
