"""A node as its own process: the commands find it, it stops cleanly, and nothing of it is left behind."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hamsaya.cli.client import Control, read_control
from tests.cli.conftest import SOUTH, Desk, free_port

Pair = tuple[Desk, Desk]
pytestmark = pytest.mark.process


def settings(desk: Desk, **values: int) -> None:
    """Change numbers of node.toml as an operator would."""
    path = desk.directory / "node.toml"
    lines = [line for line in path.read_text().splitlines() if line.split(" = ")[0] not in values]
    path.write_text("\n".join([*(f"{name} = {value}" for name, value in values.items()), *lines]) + "\n")


def start(desk: Desk) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "hamsaya", "node", "run", "--json", "--dir", str(desk.directory),
             "--passphrase-file", str(desk.passphrase_file)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


@contextmanager
def running(desk: Desk) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run the node in a process of its own until the block ends."""
    settings(desk, listen_port=free_port(), console_port=0)
    process = start(desk)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield process, json.loads(line)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def control_of(desk: Desk) -> Control:
    control = read_control(desk.directory)
    assert control is not None
    return control


def get(url: str) -> int:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("GET", f"/{path}")
    status = connection.getresponse().status
    connection.close()
    return status


def test_commands_go_to_the_running_node_and_it_stops_cleanly(in_force: Pair, full_stretching: Pair) -> None:
    """A case opened by command while the node runs is in the node; SIGTERM ends it with 0 and leaves its work."""
    desk, _ = full_stretching
    with running(desk) as (process, told):
        assert told["pid"] == process.pid
        control = desk.directory / "control.json"
        assert control.stat().st_mode & 0o777 == 0o600
        unable = Desk(desk.directory, desk.directory / "no-passphrase-is-needed-now", desk.passphrase_file)
        sent = unable.json("case", "open", "C-1", "--title", "x", "--purpose", "trace-explosives", "--act", "bombing",
                           "--legal-basis", "CX.1", "--desk", "desk",
                           "--with", SOUTH, "--officer", "desk-1")
        assert sent["node_running"] is True and unable.json("node", "status")["running"] is True
        assert unable.refused("case", "show", "C-2") == "unknown-case"
        assert verdict(unable.json("doctor"), "lock") == "held by the running node"

        links = [told["login"], unable.json("node", "link")["login"]]
        assert [get(link) for link in [links[0], links[1], links[1]]] == [403, 200, 403], "one link at a time, once"

        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert not control.exists()
    assert [case["case"]["case"] for case in desk.json("case", "list")] == ["C-1"]


def verdict(result: Any, check: str) -> str:
    return str(next(finding["text"] for finding in result["findings"] if finding["check"] == check))


def test_the_directory_of_a_running_node_is_nobody_elses(full_stretching: Pair) -> None:
    """Two writers would fork the log: a second process is refused while the first holds the lock."""
    desk, _ = full_stretching
    with running(desk) as (process, _told):
        second = start(desk)
        _, error = second.communicate(timeout=20)
        assert second.returncode == 1 and error == ""
        control = control_of(desk)
        (desk.directory / "control.json").unlink()
        assert desk.refused("node", "status") == "locked"
        assert control.pid == process.pid


def test_without_the_token_nothing_is_done_and_strangers_get_no_connection(full_stretching: Pair) -> None:
    """Loopback is shared with every user of the machine; the federation's port is shared with the world."""
    desk, _ = full_stretching
    with running(desk) as (_, told):
        control = control_of(desk)
        for token in ("", "Bearer wrong", f"Bearer {control.token}x"):
            connection = http.client.HTTPConnection(control.host, control.port, timeout=10)
            connection.request("POST", "/control/status", b"{}", {"authorization": token})
            assert connection.getresponse().status == 401
            connection.close()
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        port = int(told["listening"].rpartition(":")[2])
        with pytest.raises((ssl.SSLError, ConnectionError)), socket.create_connection(("127.0.0.1", port), 10) as raw, \
                context.wrap_socket(raw) as stranger:
            stranger.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            if stranger.recv(1) == b"":
                raise ConnectionError("closed without an answer")


def test_a_port_in_use_is_named(full_stretching: Pair) -> None:
    """The operator must learn which of the two settings to change, and no half-started node may stay."""
    desk, _ = full_stretching
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings(desk, listen_port=port, console_port=0)
        process = start(desk)
        out, _ = process.communicate(timeout=20)
    error = json.loads(out)["error"]
    assert process.returncode == 1 and error["code"] == "port-in-use"
    assert str(port) in error["message"] and "listen_port" in error["message"]
    assert not (desk.directory / "control.json").exists()


def test_a_killed_nodes_control_file_does_not_lead_astray(full_stretching: Pair) -> None:
    """After a power cut the file is still there; commands then open the directory themselves."""
    desk, _ = full_stretching
    with running(desk) as (process, _told):
        process.kill()
        process.wait()
    assert (desk.directory / "control.json").exists()
    assert desk.json("node", "status")["running"] is False


def test_help_does_not_wait_for_heavy_libraries() -> None:
    """``--help`` and questions to a running node must not load servers, the store or the tables."""
    code = "import sys, hamsaya.cli.main; print(','.join(sorted({m.split('.')[0] for m in sys.modules})))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    heavy = {"uvicorn", "starlette", "httpx", "rich", "jinja2", "babel", "sqlite3", "pyarrow"}
    assert not heavy & set(loaded.strip().split(","))
