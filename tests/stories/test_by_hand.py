"""docs/by-hand.md as it stands: real nodes, founded, run and questioned by the very commands a reader types."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hamsaya.cli.client import call, read_control

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "by-hand.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
BASH = shutil.which("bash")
PATIENCE_S = 60.0
pytestmark = [pytest.mark.process, pytest.mark.skipif(BASH is None, reason="no bash: the page was not run")]


def free_ports(count: int) -> list[int]:
    """Return ports that nobody holds, all different."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def settled(home: Path) -> bool:
    """Say whether every running node has delivered what it has said."""
    running = [path.parent for path in home.glob("*/control.json") if read_control(path.parent)]
    return not any(call(node, "status", {})["outbox"].get("waiting") for node in running)


def settle(home: Path) -> None:
    """Return once everything said has arrived, as a reader does who gives it a second."""
    deadline = time.monotonic() + PATIENCE_S
    while not settled(home):
        assert time.monotonic() < deadline, "what the page's nodes said did not arrive"
        time.sleep(0.1)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder that looks like a clone after set-up; whatever the page starts in it is ended."""
    (tmp_path / "src" / "hamsaya").mkdir(parents=True)
    shutil.copytree(ROOT / "src" / "hamsaya" / "regions", tmp_path / "src" / "hamsaya" / "regions")
    program = tmp_path / ".venv" / "bin" / "hamsaya"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT / "src"}" exec "{sys.executable}" -m hamsaya "$@"\n')
    program.chmod(0o755)
    yield tmp_path
    for file in tmp_path.glob("*.pid"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(file.read_text()), signal.SIGKILL)


def test_every_block_of_the_page_runs_in_its_order(home: Path) -> None:
    """A walk that stops at its fourth step teaches that the software does not work."""
    ports = {f"{8451 + n}": str(port) for n, port in enumerate(free_ports(3))}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HAMSAYA_")}
    environment["HAMSAYA_PASSPHRASE_FILE"] = str(home / "passphrase")
    environment["HAMSAYA_PERSON_PASSPHRASE_FILE"] = str(home / "passphrase")
    environment["PATH"] = f"{home / '.venv' / 'bin'}:{environment['PATH']}"
    said = []
    for block in BLOCKS:
        script = re.sub("|".join(ports), lambda match: ports[match[0]], block)
        with (home / "said").open("w+") as out:  # A pipe would stay open as long as the nodes live.
            done = subprocess.run([str(BASH), "-euc", script], cwd=home, env=environment, stdin=subprocess.DEVNULL,
                                  stdout=out, stderr=subprocess.STDOUT, timeout=PATIENCE_S, check=False)
        said.append((home / "said").read_text())
        assert done.returncode == 0, f"{block}\n{said[-1]}"
        settle(home)

    told = "\n".join(said)
    digests = re.findall(r"(?m)^digest +([0-9a-f]{64})$", told)
    assert len(digests) == 3 and len(set(digests)) == 1, "one picture at three nodes"
    assert "case.ask to joint-cell: refused (forbidden)" in told
    assert "recorded by joint-cell with kz yes, uz yes" in told and "2 of the 2 votes needed" in told
    assert "case.open to kz: refused (link-cut)" in told and "The link with uz is joined." in told
    assert "refused, as it should be" in told and "same-person" in told, "one person, two accounts"
    assert "waits under number 1, signed by desk-1 (liaison); missing: releaser." in told
    assert "quorum holds" in told and told.count("The proof holds.") == 2
    assert re.search(r"(?m)^T-1 .* notice ", told) and "not compliant" in told
    assert re.search(r"(?m)^receipts proven +1$", told), "the courier's way back proves the receipt"
