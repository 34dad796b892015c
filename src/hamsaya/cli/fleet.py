"""The exercise's operator: founds, starts, kills and restarts real node processes, and speaks to each as its owner.

Everything here is what an operator's own commands do: processes are started from the command line, and acts go
through the control API with the token that lies in the node's directory.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import secrets
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec

from hamsaya.base.errors import HamsayaError, OperatorError
from hamsaya.cli.signing import act_on, plain_act
from hamsaya.messages.acts import PersonAct, PersonKey
from hamsaya.node.bootstrap import Settings, found, make_person, write_private
from hamsaya.node.signers import seats_of

START_TIMEOUT_S = 180.0
"""A node that fails at its start ends, and that shows at once; ten that start together on a busy machine take a minute.
"""
STOP_TIMEOUT_S = 10.0


class Refused(HamsayaError):
    """A node refused an act; code and sentence are the node's own."""

    code = "refused"


class Control(msgspec.Struct, frozen=True):
    """DIR/control.json of a running node."""

    port: int
    token: str
    pid: int
    login: str


@dataclass
class Fleet:
    """Every party of an exercise as its own process, below one directory."""

    directory: Path
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=60, trust_env=False))
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _controls: dict[str, Control] = field(default_factory=dict)
    _people: dict[str, list[PersonKey]] = field(default_factory=dict)

    @property
    def members(self) -> list[str]:
        """The parties, in the order of starting."""
        return list(self._processes)

    def home(self, member: str) -> Path:
        """The directory of one node."""
        return self.directory / member

    def found_all(self, settings: list[Settings]) -> None:
        """Found every node, each with its own keys and passphrase; key stretching runs in two threads."""
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self._found, settings))

    def _found(self, settings: Settings) -> None:
        home = self.home(settings.node)
        home.mkdir(parents=True, mode=0o700)
        passphrase = secrets.token_urlsafe(24)
        write_private(home / "passphrase", passphrase.encode())
        found(home, settings, passphrase)
        self._people[settings.node] = self._hire(settings.node)

    def _hire(self, member: str) -> list[PersonKey]:
        """Make a key file for each person of ``member``, below its own folder and under a passphrase of their own."""
        folder, passphrase = self.home(member) / "persons", secrets.token_urlsafe(24)
        folder.mkdir(mode=0o700)
        write_private(folder / "passphrase", passphrase.encode())
        return [make_person(folder / f"{person}.key", passphrase, member, person, roles)
                for person, roles in persons_of(member).items()]

    def people(self, member: str) -> list[PersonKey]:
        """Return the keys of the persons of one party: who prepares, then who releases."""
        return self._people[member]

    def passphrase(self, member: str) -> str:
        """Return the passphrase the exercise made for one node."""
        return (self.home(member) / "passphrase").read_text()

    def launch(self, member: str) -> None:
        """Start one node's process; ``ready`` waits for it."""
        home = self.home(member)
        command = [sys.executable, "-m", "hamsaya", "node", "run", "--dir", str(home),
                   "--passphrase-file", str(home / "passphrase")]
        with (home / "node.out").open("ab") as out:
            self._processes[member] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        self._controls.pop(member, None)

    async def ready(self, member: str) -> None:
        """Return once the node answers; raises OperatorError with the end of its output when it does not."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            process = self._processes[member]
            if process.poll() is not None:
                raise OperatorError(f"the node of {member} ended at its start: {self._tail(member)}", code="node-ended")
            with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
                control = msgspec.json.decode((self.home(member) / "control.json").read_bytes(), type=Control)
                if control.pid == process.pid:
                    self._controls[member] = control
                    return
            await asyncio.sleep(0.05)
        raise OperatorError(f"the node of {member} did not start in time: {self._tail(member)}", code="node-silent")

    def _tail(self, member: str) -> str:
        return (self.home(member) / "node.out").read_text(errors="replace")[-600:]

    def login(self, member: str) -> str:
        """Return the one-time link to the node's console."""
        return self._controls[member].login

    async def call(self, member: str, action: str, **arguments: Any) -> Any:
        """Perform one action at a running node; raises Refused with the node's code and sentence."""
        control = self._controls[member]
        answer = await self.client.post(
            f"http://127.0.0.1:{control.port}/control/{action}", content=msgspec.json.encode(arguments),
            headers={"authorization": f"Bearer {control.token}"},
        )
        plain = msgspec.json.decode(answer.content)
        if answer.status_code != 200:
            raise Refused(f"{member} {action}: {plain['message']}", code=plain["code"])
        return plain

    async def send(self, member: str, kind: str, body: object, to: list[str], case: str | None = None) -> Any:
        """Send one message from a node through its own send pipeline, signed by the persons its kind asks for."""
        said = {"kind": kind, "body": msgspec.to_builtins(body), "to": to, "case": case}
        if seats_of(kind):
            explained = await self.call(member, "explain", **said)
            if not explained["allowed"]:
                raise Refused(f"{member} {kind}: {'; '.join(explained['reasons'])}", code=explained["code"])
            said |= {"acts": [plain_act(self._act(member, kind, explained, seat)) for seat in explained["seats"]]}
        return await self.call(member, "send", **said)

    def _act(self, member: str, kind: str, explained: dict[str, Any], seat: list[str]) -> PersonAct:
        key = next(key for key in self.people(member) if {*key.roles} & {*seat})
        return act_on(key, kind, explained, seat)

    async def everywhere(self, action: str, members: list[str] | None = None, **arguments: Any) -> dict[str, Any]:
        """Perform one action at many nodes at once."""
        names = self.members if members is None else members
        results = await asyncio.gather(*(self.call(name, action, **arguments) for name in names))
        return dict(zip(names, results, strict=True))

    def kill(self, member: str) -> None:
        """End one node's process as a power cut would."""
        process = self._processes[member]
        process.send_signal(signal.SIGKILL)
        process.wait()
        self._controls.pop(member, None)

    def idle_memory_mb(self, member: str) -> float | None:
        """Return the node process's resident memory in MB where the system tells it (Linux), else None."""
        try:
            status = Path(f"/proc/{self._processes[member].pid}/status").read_text()
        except OSError:
            return None
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    async def stop_all(self) -> None:
        """Stop every process this fleet started, by its id; those that do not stop are killed."""
        await self.client.aclose()
        running = [process for process in self._processes.values() if process.poll() is None]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while any(process.poll() is None for process in running) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        for process in running:
            if process.poll() is None:
                process.kill()
            process.wait()


def persons_of(member: str) -> dict[str, tuple[str, ...]]:
    """Return the two persons at the desk of ``member`` in an exercise, with their roles."""
    return {f"desk-{member}-1": ("liaison", "analyst", "verifier", "auditor"), f"desk-{member}-2": ("releaser",)}


def _end_with_parent() -> None:
    """Ask the kernel (Linux) to stop this process when the exercise's own process dies without stopping it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
