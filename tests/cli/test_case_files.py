"""Files by command: sealed, released by a second person, carried or fetched, broken off by kills, and written out."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hamsaya.messages.attachments import CHUNK_BYTES
from tests.cli.conftest import NORTH, SOUTH, Desk, free_port

Pair = tuple[Desk, Desk]
Carry = Callable[[Desk, Desk], dict[str, Any]]
CASE = "C-2026-001"
ASKED, ITEM, FILE = f"{CASE}/{NORTH}-q1", f"{CASE}/{SOUTH}-i1", f"{SOUTH}-f1"
PICTURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def answered(in_force: Pair, carry: Carry) -> Pair:
    """The north has asked, and the south has answered with one item."""
    north, south = in_force
    north.json("case", "open", CASE, "--title", "Detonators", "--purpose", "trace-explosives", "--act", "bombing",
               "--with", SOUTH, "--legal-basis", "CX.1", "--desk", "desk", "--officer", "desk-1")
    north.json("case", "ask", CASE, SOUTH, "--question", "Whose crate?", "--legal-basis", "CX.1", "--desk", "desk",
               "--officer", "desk-1")
    carry(north, south)
    south.json("case", "answer", CASE, ASKED, "--text", "Ours.", "--prepared-by", "desk-1", "--released-by", "desk-2",
               *south.second)
    carry(south, north)
    return in_force


def picture(path: Path, size: int) -> bytes:
    """Write a file of ``size`` bytes that begins as a picture, and return it."""
    raw = PICTURE + hashlib.shake_256(b"seed").digest(size - len(PICTURE))
    path.write_bytes(raw)
    return raw


def test_a_file_is_released_by_a_second_person_and_goes_by_courier(
    answered: Pair, carry: Carry, tmp_path: Path
) -> None:
    """Prepared, looked at before its release, carried sealed, taken in, checked and written out with its conditions."""
    north, south = answered
    raw = picture(tmp_path / "gate.png", CHUNK_BYTES + 77)
    prepared = south.json("case", "attach", CASE, ITEM, str(tmp_path / "gate.png"), "--released-by", "desk-2")
    (waiting,) = south.json("case", "prepared")
    content = waiting["content"]
    assert (content["file"], content["type"], content["size"]) == ("gate.png", "image/png", len(raw))
    assert "key" not in json.dumps(content) and content["sha256"] == hashlib.sha256(raw).hexdigest()
    look = tmp_path / "look.png"
    south.json("case", "fetch", CASE, ITEM, FILE, "--out", str(look))
    assert look.read_bytes() == raw
    south.json("case", "approve", str(prepared["number"]), "--as", str(south.key("desk-2")))
    carry(south, north)
    assert north.refused("case", "fetch", CASE, ITEM, FILE) == "no-answer"
    (shown,) = north.json("case", "show", CASE)["items"][0]["attachments"]
    assert (shown["file"], shown["held"], shown["chunks"], shown["withheld"]) == ("gate.png", 0, 2, "")

    box = tmp_path / "gate.chunks"
    south.json("case", "carry", CASE, ITEM, FILE, str(box))
    assert raw[:40] not in box.read_bytes() and raw[-40:] not in box.read_bytes()
    out = tmp_path / "out"
    out.mkdir()
    got = north.json("case", "fetch", CASE, ITEM, FILE, "--from", str(box), "--out", str(out))
    assert (out / "gate.png").read_bytes() == raw and got["held"] == got["chunks"] == 2
    assert (out / "gate.png").stat().st_mode & 0o777 == 0o600
    conditions = json.loads((out / "gate.png.conditions.json").read_text())
    assert conditions["originator"] == SOUTH and conditions["caveats"]["audience"]["desks"] == [NORTH]
    assert north.refused("case", "fetch", CASE, ITEM, FILE, "--out", str(out)) == "already-there"
    assert north.refused("case", "carry", CASE, ITEM, FILE, str(tmp_path / "again")) == "not-yours"


@pytest.mark.parametrize(("spoil", "code"), [
    (lambda raw: raw[:-1], "bad-bundle"), (lambda raw: b"x" + raw[1:], "bad-bundle"),
    (lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]), "wrong-chunk"), (lambda raw: raw + raw[18:], "wrong-chunk"),
])
def test_a_spoilt_courier_file_is_refused(
    answered: Pair, carry: Carry, tmp_path: Path, spoil: Callable[[bytes], bytes], code: str
) -> None:
    """Cut, not a courier's file at all, a bit turned, a chunk too many."""
    north, south = answered
    picture(tmp_path / "gate.png", 99)
    south.json("case", "attach", CASE, ITEM, str(tmp_path / "gate.png"), *south.second)
    carry(south, north)
    box = tmp_path / "gate.chunks"
    south.json("case", "carry", CASE, ITEM, FILE, str(box))
    box.write_bytes(spoil(box.read_bytes()))
    assert north.refused("case", "fetch", CASE, ITEM, FILE, "--from", str(box)) == code
    assert not list(tmp_path.glob("**/*.part"))


def test_what_is_not_on_the_list_is_refused_before_anything_is_sent(answered: Pair, tmp_path: Path) -> None:
    """By its name, by its bytes, by its size; nothing waits and no chunk stays."""
    _, south = answered
    for name, raw, code in (("tool.exe", b"MZ", "unknown-type"), ("tool.png", b"MZ" + bytes(9), "program"),
                            ("page.txt", b"<script>", "active-document"), ("empty.png", b"", "oversize")):
        (tmp_path / name).write_bytes(raw)
        assert south.refused("case", "attach", CASE, ITEM, str(tmp_path / name), *south.second) == code
    with (tmp_path / "huge.png").open("wb") as huge:
        huge.truncate((100 << 20) + 1)
    assert south.refused("case", "attach", CASE, ITEM, str(tmp_path / "huge.png"), *south.second) == "oversize"
    assert south.json("case", "prepared") == []


# --- Real processes ---------------------------------------------------------------------------------------


@contextmanager
def running(desk: Desk, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a node on ``port`` in a process of its own until the block ends."""
    path = desk.directory / "node.toml"
    ports = ("listen_port", "console_port")
    lines = [line for line in path.read_text().splitlines() if line.split(" = ")[0] not in ports]
    path.write_text("\n".join([f"listen_port = {port}", "console_port = 0", *lines]) + "\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "hamsaya", "node", "run", "--json", "--dir", str(desk.directory), "--passphrase-file",
         str(desk.passphrase_file)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(os.environ))
    try:
        assert process.stdout is not None and process.stdout.readline()
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def fetching(desk: Desk, *words: str) -> subprocess.Popen[bytes]:
    """Start the command that fetches the file, as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "hamsaya", "case", "fetch", CASE, ITEM, FILE, *words, "--json", "--dir",
         str(desk.directory), "--passphrase-file", str(desk.passphrase_file)], stdout=subprocess.PIPE,
        env=dict(os.environ))


def here(desk: Desk) -> dict[str, int]:
    """Return the chunks on a desk's disk, each with when it was written."""
    return {path.name: path.stat().st_mtime_ns for path in (desk.directory / "chunks").glob("*/*")
            if len(path.name) == 64}


def until(desk: Desk, more: int, command: subprocess.Popen[bytes]) -> None:
    """Return once ``more`` chunks have come while the command still works."""
    deadline = time.monotonic() + 60
    while len(here(desk)) < more:
        assert command.poll() is None and time.monotonic() < deadline, command.communicate()[0]
        time.sleep(0.001)


@pytest.mark.process
def test_a_transfer_goes_on_after_either_node_is_killed(
    answered: Pair, full_stretching: Pair, carry: Carry, tmp_path: Path
) -> None:
    """SIGKILL to the giver in mid-transfer, then to the taker: what had come stays and is not asked for again."""
    north, south = answered
    chunks = 48
    raw = picture(tmp_path / "gate.png", chunks * CHUNK_BYTES - 5)
    south.json("case", "attach", CASE, ITEM, str(tmp_path / "gate.png"), *south.second)
    carry(south, north)
    ports = free_port(), free_port()
    settings = north.directory / "node.toml"
    assert "[routes]\n" in settings.read_text() + "\n"
    route = f'[routes]\n{SOUTH} = "https://127.0.0.1:{ports[1]}"\n'
    settings.write_text((settings.read_text() + "\n").replace("[routes]\n", route))
    with running(north, ports[0]) as taker:
        with running(south, ports[1]) as giver:
            command = fetching(north, "--only")
            until(north, 3, command)
            giver.send_signal(signal.SIGKILL)
            out, _ = command.communicate(timeout=60)
            assert command.returncode == 1 and json.loads(out)["error"]["code"] == "no-answer"
        first = here(north)
        assert 3 <= len(first) < chunks
        with running(south, ports[1]):
            command = fetching(north, "--only")
            until(north, len(first) + 3, command)
            taker.send_signal(signal.SIGKILL)
            taker.wait()
            command.communicate(timeout=60)
            assert command.returncode == 1
            second = here(north)
            assert len(first) < len(second) < chunks
            with running(north, ports[0]):
                command = fetching(north, "--out", str(tmp_path / "out.png"))
                out, _ = command.communicate(timeout=60)
                assert command.returncode == 0, out
            last = here(north)
    assert len(last) == chunks and {**last, **first, **second} == last, "what was here was written once"
    assert (tmp_path / "out.png").read_bytes() == raw
