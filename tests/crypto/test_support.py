"""A library that cannot keep the protocol's promises is refused at start, before any key exists."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.backends.openssl.backend import Backend

from hamsaya.base.errors import OperatorError
from hamsaya.crypto.support import require_post_quantum
from hamsaya.node.bootstrap import Settings, found, open_directory


def test_this_library_will_do() -> None:
    """The locked wheel has both; otherwise every other test here would be pointless."""
    require_post_quantum()


@pytest.mark.parametrize("flag", ["mlkem_supported", "mldsa_supported"])
def test_a_library_without_one_of_them_fails_closed(flag: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The operator learns what is missing and what to install; nothing is founded and nothing is opened."""
    monkeypatch.setattr(Backend, flag, lambda self: False)
    with pytest.raises(OperatorError, match="lacks ML-" + ("KEM" if "kem" in flag else "DSA")) as refused:
        require_post_quantum()
    assert refused.value.code == "no-post-quantum" and "pip install" in str(refused.value)
    place = tmp_path / "node"
    with pytest.raises(OperatorError, match="lacks"):
        found(place, Settings(node="pk", pack="afpak"), "passphrase")
    assert not place.exists()
    with pytest.raises(OperatorError, match="lacks"):
        open_directory(place, "passphrase")


def test_both_missing_are_both_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message, not one restart for each."""
    for flag in ("mlkem_supported", "mldsa_supported"):
        monkeypatch.setattr(Backend, flag, lambda self: False)
    with pytest.raises(OperatorError, match="ML-KEM and ML-DSA"):
        require_post_quantum()
