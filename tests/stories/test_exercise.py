"""The whole exercise, as a new user runs it: every party a process, faults and attacks included."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

KEYS = {
    "nodes", "incidents", "messages_sent", "messages_admitted", "refused_as_expected", "lost", "duplicated",
    "joint_picture_equal", "logs_verified", "tamper_detected", "price_before", "price_after", "seconds",
}
PORTS_NEEDED = 26
HANGS_S = 900
"""Nothing waits for this: the exercise itself gives up where nothing moves any more, on a machine of any speed."""


def free_base_port() -> int:
    """Return a port from which enough consecutive ports are free at this moment."""
    for base in range(21_000, 60_000, 97):
        try:
            for port in range(base, base + PORTS_NEEDED):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return base
    raise AssertionError("no free ports on loopback")


@pytest.mark.process
@pytest.mark.parametrize("extra", [[], ["--with-afghanistan"]], ids=["absent", "present"])
def test_the_exercise_ends_as_it_should(tmp_path: Path, extra: list[str]) -> None:
    """Nothing lost, nothing twice, one picture, every attack refused: with real processes, sockets and kills."""
    command = [sys.executable, "-m", "hamsaya", "demo", "--once", "--json", "--base-port", str(free_base_port())]
    run = subprocess.run([*command, *extra], capture_output=True, text=True, timeout=HANGS_S, cwd=tmp_path,
                         env={**os.environ, "TMPDIR": str(tmp_path)})
    assert run.returncode == 0, run.stdout[-1000:] + run.stderr[-4000:]
    outcome = json.loads(run.stdout)
    assert outcome.keys() >= KEYS
    assert outcome["nodes"] == outcome["logs_verified"] == 10 + len(extra)
    assert outcome["lost"] == outcome["duplicated"] == 0
    assert outcome["messages_sent"] == outcome["messages_admitted"] > 400
    assert outcome["joint_picture_equal"] is True and outcome["tamper_detected"] is True
    assert outcome["refused_as_expected"] == len(outcome["refusals"]) == 7
    assert outcome["incidents"] > 1000 and outcome["purge"] == "purged" and outcome["finding"] == "NC"
    alert = outcome["alert"]
    assert alert["raised"] == 2 and alert["answered"] == alert["asked"] >= 2
    assert alert["beyond_budget"] == "budget-exceeded" and alert["state"] == "open"
    assert 1 < outcome["price_after"] < outcome["price_before"]
    assert not list(tmp_path.iterdir()), "the exercise leaves nothing behind"
