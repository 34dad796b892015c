"""Keys in one encrypted file: Argon2id over a passphrase, AES-256-GCM, mode 0600, replaced atomically."""

from __future__ import annotations

import os
import secrets
import threading
from pathlib import Path

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.crypto.sealing import lock, unlock
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.acts import PersonKey, encode_person, parse_person
from hamsaya.ports.keys import KeyRing, encode_ring, parse_ring

_MAGIC = b"hamsaya-keys-1\n"
_SALT_BYTES = 16
# RFC 9106 §4, second recommended option: 64 MiB, 3 passes, 4 lanes.
# OpenSSL runs the lanes in a thread pool of the process; two derivations at once wait for each other for ever.
_STRETCHING = threading.Lock()
_PASSES, _LANES, _MEMORY_KIB = 3, 4, 64 * 1024


class KeyFile:
    """``ports.keys.KeyStore`` on one file. The passphrase is stretched once, at opening."""

    def __init__(self, path: Path, passphrase: str) -> None:
        """Prepare to read or write ``path``.

        Raises:
            OperatorError: an empty passphrase, or an existing file that others may read or that is no key file.
        """
        if not passphrase:
            raise OperatorError("expected a passphrase, received an empty one", code="no-passphrase")
        self._path = path
        salt = secrets.token_bytes(_SALT_BYTES)
        if path.exists():
            _require_private(path)
            salt = _salt_of(path)
        self._salt = salt
        stretch = Argon2id(salt=salt, length=32, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB)
        with _STRETCHING:
            self._key = stretch.derive(passphrase.encode())

    def load_secret(self) -> bytes:
        """Return the secret bytes of the file; raises OperatorError for a wrong passphrase or an altered file."""
        if not self._path.exists():
            raise OperatorError(f"expected a key file at {self._path}; found the node first: hamsaya node init MEMBER",
                                code="no-keys")
        head = _MAGIC + self._salt
        raw = self._path.read_bytes()
        try:
            return unlock(self._key, raw[len(head) :], head)
        except PeerError:
            raise OperatorError(f"{self._path} does not open: wrong passphrase, or the file was altered",
                                code="wrong-passphrase") from None

    def save_secret(self, secret_bytes: bytes) -> None:
        """Replace the file durably: a crash leaves the old file or the new one."""
        head = _MAGIC + self._salt
        content = head + lock(self._key, secrets.token_bytes(12), secret_bytes, head)
        temporary = self._path.with_name(self._path.name + ".new")
        try:
            descriptor = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._path)
            _sync_folder(self._path.parent)
        except OSError as error:
            raise OperatorError(f"the key file {self._path} cannot be written: {error.strerror}",
                                code="keys-not-saved") from error

    def load(self) -> KeyRing:
        """Return the node's key ring."""
        return parse_ring(self.load_secret())

    def save(self, ring: KeyRing) -> None:
        """Keep the node's key ring."""
        self.save_secret(encode_ring(ring))

    def load_root(self) -> SigningKey:
        """Return the offline root key kept in this file."""
        return SigningKey("ml-dsa-65", self.load_secret())

    def save_root(self, root: SigningKey) -> None:
        """Keep the offline root key in this file, which then belongs on a medium in a safe."""
        self.save_secret(root.seed)

    def load_person(self) -> PersonKey:
        """Return the person's key kept in this file; raises OperatorError for a file of another kind."""
        return parse_person(self.load_secret())

    def save_person(self, key: PersonKey) -> None:
        """Keep a person's key in this file, which belongs to that person alone."""
        self.save_secret(encode_person(key))


def _sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` survive a power cut: others seal to the new epochs as soon as it is published."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _salt_of(path: Path) -> bytes:
    """Return the salt that follows the magic line; refuses what is no key file, or one that broke off before it."""
    head = path.read_bytes()[: len(_MAGIC) + _SALT_BYTES]
    if not head.startswith(_MAGIC) or len(head) < len(_MAGIC) + _SALT_BYTES:
        raise OperatorError(f"{path} is not a key file of this version", code="wrong-key-file")
    return head[len(_MAGIC) :]


def _require_private(path: Path) -> None:
    mode = path.stat().st_mode & 0o077
    if mode:
        raise OperatorError(f"{path} is open to others (mode {path.stat().st_mode & 0o777:o}); run: chmod 600 {path}",
                            code="keys-exposed")
