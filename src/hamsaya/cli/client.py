"""One way to the node of a directory, whether it runs or not.

1. DIR/control.json exists and its process answers: the action goes to the running node, on loopback, with its token.
2. Otherwise the node is opened in this process. Nothing is delivered then: what is said stays in the outbox until
   the node runs (or is carried by courier). A control.json left by a killed node is simply not answered.
"""

from __future__ import annotations

import getpass
import http.client
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import msgspec

from hamsaya.base.errors import HamsayaError, OperatorError

CONTROL_FILE = "control.json"
ANSWER_TIMEOUT_S = 120.0  # Asking every peer to cosign is the slowest action: 15 s for each, all at once.


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """DIR/control.json (0600): where the running node takes actions and what admits them."""

    host: str
    port: int
    token: str
    pid: int
    login: str


class Client(Protocol):
    """Performs actions of one node until it is closed."""

    running: bool

    def call(self, action: str, arguments: Mapping[str, Any]) -> Any:
        """Return the action's result as plain JSON values; raises HamsayaError with the node's own code."""
        ...

    def close(self) -> None:
        """Let go of the node."""
        ...


def connect(directory: Path, passphrase_file: Path | None) -> Client:
    """Return a client of the node in ``directory``: the running one, else one opened here with the passphrase."""
    control = read_control(directory)
    if control is not None and _answers(control):
        return Remote(control)
    from hamsaya.node.bootstrap import read_settings

    read_settings(directory)  # A wrong directory is told before a passphrase is asked for.
    return Local(directory, read_passphrase(passphrase_file))


def call(directory: Path, action: str, arguments: Mapping[str, Any], passphrase_file: Path | None = None) -> Any:
    """Return the result of one action of the node in ``directory``."""
    with closing(connect(directory, passphrase_file)) as client:
        return client.call(action, arguments)


def read_control(directory: Path) -> Control | None:
    """Return what a running node left for its own commands; None without it or for a file of another form."""
    try:
        return msgspec.json.decode((directory / CONTROL_FILE).read_bytes(), type=Control)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _answers(control: Control) -> bool:
    try:
        status, _ = _post(control, "status", {}, 10.0)
    except (OSError, http.client.HTTPException):
        return False
    return status == 200


def _post(control: Control, action: str, arguments: Mapping[str, Any], timeout_s: float) -> tuple[int, bytes]:
    headers = {"authorization": f"Bearer {control.token}", "content-type": "application/json"}
    with closing(http.client.HTTPConnection(control.host, control.port, timeout=timeout_s)) as connection:
        connection.request("POST", f"/control/{action}", msgspec.json.encode(arguments), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


class Remote:
    """A node running elsewhere on this machine."""

    running = True

    def __init__(self, control: Control) -> None:
        self._control = control

    def call(self, action: str, arguments: Mapping[str, Any]) -> Any:
        try:
            status, body = _post(self._control, action, arguments, ANSWER_TIMEOUT_S)
            answer = msgspec.json.decode(body)
        except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
            raise OperatorError(f"the running node broke off ({type(error).__name__}); see whether it still runs: "
                                "hamsaya doctor", code="no-answer") from None
        if status != 200:
            raise HamsayaError(answer["message"], code=answer["code"])
        return answer

    def close(self) -> None:
        """Nothing is held open between two actions."""


class Local:
    """A node opened in this process; its lock keeps any other writer away."""

    running = False

    def __init__(self, directory: Path, passphrase: str) -> None:
        import asyncio

        from hamsaya.node.bootstrap import make_service, open_directory

        self._opened = open_directory(directory, passphrase)
        self._runner = asyncio.Runner()
        self._service, _ = make_service(self._opened)

    def call(self, action: str, arguments: Mapping[str, Any]) -> Any:
        from hamsaya.node.actions import perform

        return msgspec.json.decode(self._runner.run(perform(self._service, action, msgspec.json.encode(arguments))))

    def close(self) -> None:
        self._runner.run(self._service.stop())
        self._runner.close()
        self._opened.close()


def read_passphrase(file: Path | None, *, confirm: bool = False, of: str = "the node") -> str:
    """Return the passphrase from ``file``, else typed at the terminal without showing it.

    Args:
        confirm: Ask twice, for a passphrase that is being set.
        of: Whose passphrase is asked for.
    Raises:
        OperatorError: neither a file nor a terminal, an unreadable file, or two different entries.
    """
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise OperatorError(f"the passphrase file {file} cannot be read ({type(error).__name__})",
                                code="no-passphrase") from None
    if not sys.stdin.isatty():
        option = "--passphrase-file" if of == "the node" else "--person-passphrase-file"
        variable = f"HAMSAYA{option.upper().replace('-', '_')[1:]}"
        raise OperatorError(f"this needs the passphrase of {of}: give {option} FILE or set {variable}, or run it at a "
                            "terminal", code="no-passphrase")
    typed = getpass.getpass("Passphrase: " if of == "the node" else f"Passphrase of {of}: ")
    if confirm and typed != getpass.getpass("Once more: "):
        raise OperatorError("the two passphrases differ; nothing was changed, try again", code="no-passphrase")
    return typed
