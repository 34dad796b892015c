"""Measure what an idle node costs: ``python -m tests.faults.measure_idle [SECONDS]`` prints one JSON object.

A node of the default pack is founded in a temporary folder and run as its operator runs it; Linux only (reads /proc).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SETTLE_S = 3.0


def measure(seconds: float) -> dict[str, float]:
    """Return megabytes of resident memory, of it private, and the share of one core used over ``seconds``."""
    with tempfile.TemporaryDirectory() as folder:
        passphrase = Path(folder) / "passphrase"
        passphrase.write_text("idle\n")
        passphrase.chmod(0o600)
        directory = f"{folder}/node"
        options = ["--dir", directory, "--passphrase-file", str(passphrase)]
        hamsaya = [sys.executable, "-c", "from hamsaya.cli.main import main; main()"]
        subprocess.run([*hamsaya, "node", "init", "pk", "--listen-port", "0", "--console-port", "0", *options],
                       check=True, stdout=subprocess.DEVNULL)
        node = subprocess.Popen([*hamsaya, "node", "run", *options], stdout=subprocess.DEVNULL)
        try:
            while not (Path(directory) / "control.json").exists():
                if node.poll() is not None:
                    raise RuntimeError("the node ended; see its message above")
                time.sleep(0.05)
            time.sleep(SETTLE_S)
            before = _cpu_s(node.pid)
            time.sleep(seconds)
            return {"rss_mb": _status(node.pid, "VmRSS") / 1024, "peak_mb": _status(node.pid, "VmHWM") / 1024,
                    "private_mb": _status(node.pid, "RssAnon") / 1024,
                    "cpu_percent": 100 * (_cpu_s(node.pid) - before) / seconds, "seconds": seconds}
        finally:
            node.send_signal(signal.SIGTERM)
            node.wait(10)


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    measured = measure(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0)
    print(json.dumps({name: round(value, 2) for name, value in measured.items()}))
