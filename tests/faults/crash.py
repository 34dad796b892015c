"""The test's side of ``worker.py``: start a node in a process of its own, talk to it, see how it ended."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, Listener
from typing import Any

from hamsaya.node.core import Node
from tests.faults.worker import Trial, open_trial


@dataclass
class Life:
    """One node's life in a process. ``ask`` returns None once the process is dead."""

    pid: int
    connection: Connection
    control: Connection
    status: int | None = None

    def ask(self, command: str, payload: Any) -> Any:
        """Send one command and return its result, or None when the process died over it."""
        try:
            self.connection.send((command, payload))
            return self.connection.recv()
        except (EOFError, OSError):
            return None

    def stream(self, envelopes: list[bytes]) -> Iterator[tuple[int, Any]]:
        """Yield (place, result) of every envelope whose result came out before the process died."""
        with contextlib.suppress(EOFError, OSError):
            self.connection.send(("stream", envelopes))
            while (reported := self.connection.recv()) is not None:
                yield reported

    def end(self) -> bool:
        """Hang up, wait for the process, and say whether SIGKILL ended it."""
        self.connection.close()
        if self.status is None:
            self.status = self.control.recv()
        return os.WIFSIGNALED(self.status) and os.WTERMSIG(self.status) == signal.SIGKILL


class Crashes:
    """Starts lives. One forking process serves a whole test session."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="hamsaya-")
        address = f"{self._folder}/s"
        self._listener = Listener(address, family="AF_UNIX")
        code = f"from tests.faults.worker import main; main({address!r})"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self._process = subprocess.Popen([sys.executable, "-c", code], env=environment)
        self._control = self._listener.accept()

    def start(self, trial: Trial) -> Life:
        """Start a node; it has opened its store when this returns."""
        self._control.send(trial)
        pid = self._control.recv()
        connection = self._listener.accept()
        life = Life(pid, connection, self._control)
        assert connection.recv() == "open"
        return life

    def close(self) -> None:
        """End the forking process."""
        self._control.close()
        self._listener.close()
        self._process.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)


def check_store(node: Node) -> None:
    """Fail unless every kept checkpoint is a beginning of the node's log and every journal row its leaf."""
    for size in range(1, node.tree.size + 1):
        kept = node.store.checkpoint(size)
        if kept is not None:
            assert kept[1].split("\n")[1] == str(size)
            assert _root(kept[1]) == node.tree.root(size), f"checkpoint {size} is of another history"


def _root(note: str) -> bytes:
    return base64.b64decode(note.split("\n")[2])


def reopen(trial: Trial) -> Node:
    """Open the trial's store in this process: succeeds only when journal, log and signed head agree."""
    return open_trial(Trial(trial.store, trial.member, trial.ring, trial.now, None, 0))
