"""``hamsaya doctor``: what would stop this node, found before it does. Every line says the cause and the next step.

ok    as it should be
warn  works now, will not for ever, or could not be looked at
fail  must be repaired; the command then ends with 1
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from hamsaya.base.errors import HamsayaError
from hamsaya.base.instants import DAY, MINUTE, to_text
from hamsaya.cli.command import Session
from hamsaya.cli.output import Table

Verdict = Literal["ok", "warn", "fail"]

PRIVATE = ("node.db", "node.db-wal", "node.db-shm", "keys.bin", "root.bin", "tls.key", "lock", "control.json")
SOFTWARE_MADE = 1_767_225_600_000  # 2026-01-01: no clock of a machine that runs this is before it.
ROOM_FAIL, ROOM_WARN = 100 << 20, 1 << 30
KEYS_WARN = 14 * DAY
CONNECT_S = 3.0


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line: what was looked at, how it is, and what to do about it."""

    check: str
    verdict: Verdict
    text: str


def _ok(check: str, text: str) -> Finding:
    return Finding(check=check, verdict="ok", text=text)


def _warn(check: str, text: str) -> Finding:
    return Finding(check=check, verdict="warn", text=text)


def _fail(check: str, text: str) -> Finding:
    return Finding(check=check, verdict="fail", text=text)


def doctor(session: Session) -> int:
    """Print every finding; return 1 when one is a failure."""
    found = [*_machine(session.directory)]
    if (session.directory / "node.toml").exists():
        found += [*_directory(session.directory), *_node(session)]
    else:
        found.append(_warn("node", f"no node in {session.directory}; found one: hamsaya node init MEMBER, or name its "
                                   "--dir"))
    failed = any(finding.verdict == "fail" for finding in found)
    session.answer({"healthy": not failed, "findings": found},
                   Table(("", "", ""), [(f.verdict, f.check, f.text) for f in found]))
    return 1 if failed else 0


def _machine(directory: Path) -> Iterator[Finding]:
    """Look at what every node on this machine stands on."""
    # An older Python does not get as far as this line; the package refuses it at installation.
    yield _ok("python", f"{platform.python_implementation()} {platform.python_version()}")
    yield _tried("cryptography", _library, "ML-KEM and ML-DSA work")
    now = time.time_ns() // 1_000_000
    if now >= SOFTWARE_MADE:
        yield _ok("clock", to_text(now))
    else:
        yield _fail("clock", f"{to_text(now)} is before this software was made; set the clock and run a time service")
    place = next(path for path in (directory.absolute(), *directory.absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free
    text = f"{free >> 20} MB free at {place}"
    if free < ROOM_FAIL:
        yield _fail("disk", f"{text}; a full disk refuses every message: make room")
    elif free < ROOM_WARN:
        yield _warn("disk", f"{text}; make room soon")
    else:
        yield _ok("disk", text)


def _library() -> None:
    from hamsaya.node.bootstrap import check_library

    check_library()


def _tried(check: str, act: Callable[[], object], well: str) -> Finding:
    """Return how ``act`` ended: its refusal names the cause and the next step."""
    try:
        act()
    except HamsayaError as error:
        return _fail(check, str(error))
    return _ok(check, well)


def _directory(directory: Path) -> Iterator[Finding]:
    """Look at the node's files without opening its keys."""
    from hamsaya.node.bootstrap import check_store, own_card, read_settings

    yield _tried("settings", lambda: read_settings(directory), "node.toml reads")
    yield _tried("card", lambda: own_card(directory), "node.card verifies")
    yield _tried("store", lambda: check_store(directory), "node.db opens with this version's schema")
    exposed = [name for name in PRIVATE
               if (directory / name).exists() and (directory / name).stat().st_mode & 0o077]
    if exposed:
        yield _fail("rights", f"others may read {', '.join(exposed)}; run: chmod 600 on each in {directory}")
    elif directory.stat().st_mode & 0o022:
        yield _fail("rights", f"others may write to {directory}; run: chmod 700 {directory}")
    else:
        yield _ok("rights", "only the owner may read keys and store")
    if not os.access(directory / "node.db", os.W_OK):
        yield _fail("rights", "node.db cannot be written by this user; run as the node's own user")
    if (directory / "root.bin").exists():
        yield _warn("root", "root.bin is on this machine; move it to a medium that stays offline")


def _node(session: Session) -> Iterator[Finding]:
    """Look at the node itself, running or opened here; opening checks the journal against the signed checkpoint."""
    try:
        status = session.call("status")
    except HamsayaError as error:
        judge = _warn if error.code == "no-passphrase" else _fail
        yield judge("node", str(error))
        return
    running = session.client.running
    yield _ok("lock", "held by the running node" if running else "free: the node does not run")
    yield _ok("journal", f"{status['log_size']} leaves make the tree of the latest signed checkpoint")
    for peer in status["forked"]:
        yield _fail("witness", f"the log of {peer} has shown this node two histories: keep node.db as evidence and "
                               "tell the other members; what does not extend the first is not cosigned")
    yield from _times(session, status)
    peers = session.call("peers")
    yield from _keys(status, peers)
    yield _audit(session)
    yield from _reach(status["node"], peers)


def _times(session: Session, status: dict[str, Any]) -> Iterator[Finding]:
    size = status["log_size"]
    rows = session.call("log", first=max(0, size - 1), limit=1)
    if rows and rows[-1]["at"] > status["now"] + 5 * MINUTE:
        yield _fail("time", f"the last leaf is of {to_text(rows[-1]['at'])}, the clock says {to_text(status['now'])}: "
                            "it was set back; set it right before the node runs")
    else:
        yield _ok("time", f"{to_text(status['now'])}, not before the last leaf")


def _keys(status: dict[str, Any], peers: list[dict[str, Any]]) -> Iterator[Finding]:
    """Look how far ahead this node has published the keys that others seal to."""
    own = next(peer for peer in peers if peer["member"] == status["node"])
    until, now = own["kem_until"] or 0, status["now"]
    text = f"sealing keys are published until {to_text(until)}"
    if until <= now:
        yield _fail("keys", f"{text}: nobody can send to this node; run: hamsaya node rotate-keys")
    elif until < now + KEYS_WARN:
        yield _warn("keys", f"{text}; run the node, or: hamsaya node rotate-keys")
    else:
        yield _ok("keys", text)


def _audit(session: Session) -> Finding:
    try:
        view = session.call("audit")
    except HamsayaError as error:
        return (_warn if error.code == "quorum-missing" else _fail)("log", str(error))
    return _ok("log", f"{view['size']} leaves cosigned by {', '.join(view['witnesses'])}")


def _reach(own: str, peers: list[dict[str, Any]]) -> Iterator[Finding]:
    """Try the door of every peer at once; a connection proves no more than that somebody listens there."""
    known = [peer for peer in peers if peer["known"] and peer["member"] != own]
    if not known:
        yield _warn("peers", "no peer's card has been admitted; run: hamsaya node peers add CARD")
    with ThreadPoolExecutor(max_workers=max(1, min(16, len(known)))) as pool:
        yield from pool.map(_door, known)


def _door(peer: dict[str, Any]) -> Finding:
    name, waits = f"peer {peer['member']}", f"{peer['waiting']} messages wait for it"
    if peer["endpoint"] is None:
        return _ok(name, f"fetches its messages itself; {waits}")
    address = urlsplit(peer["endpoint"])
    try:
        with socket.create_connection((address.hostname or "", address.port or 443), CONNECT_S):
            return _ok(name, f"{peer['endpoint']} takes connections; {waits}")
    except OSError as error:
        why = error.strerror or type(error).__name__
        return _warn(name, f"{peer['endpoint']} takes no connection ({why}); {waits}, each for 30 days at most")
