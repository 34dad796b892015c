"""A process that hosts one node on a real store and can be killed at a named step. ``crash.py`` starts it.

The first process only imports and forks: a child is a process of its own with its own store, started in milliseconds.
Commands and results travel as pickles over a local socket between the test and its own processes.
"""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

from hamsaya.adapters.clock import SystemRandom
from hamsaya.adapters.sqlite import SqliteStore
from hamsaya.node.agreement import Agreement
from hamsaya.node.bootstrap import agreement_of
from hamsaya.node.core import Node, Step, no_step, open_node
from hamsaya.node.receive import ReceiveJob
from hamsaya.node.send import Draft, SendJob
from hamsaya.node.settle import settle
from hamsaya.node.writer import Act, Writer
from hamsaya.ports.keys import parse_ring
from tests.support.federation import THREE, HandClock, MemoryKeys, small_pack


@dataclass(frozen=True)
class Trial:
    """One life of a node: its store and keys, and the step, by name and count, at which it dies (None: lives)."""

    store: Path
    member: str
    ring: bytes
    now: int
    step: str | None
    occurrence: int


@cache
def _agreement(member: str) -> Agreement:
    return agreement_of(small_pack(THREE), member)


def open_trial(trial: Trial) -> Node:
    """Return the trial's node, opened as after any restart."""
    step = no_step if trial.step is None else _killer(trial.step, trial.occurrence)
    return open_node(agreement=_agreement(trial.member), key_store=MemoryKeys(parse_ring(trial.ring)),
                     store=SqliteStore(trial.store), clock=HandClock(trial.now), random=SystemRandom(), step=step)


def _killer(step: str, occurrence: int) -> Step:
    """Return a step hook that kills this process at the given occurrence of ``step``; nothing is flushed or closed."""
    left = [occurrence]

    def hook(name: str) -> None:
        if name == step:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return hook


def _receive(node: Node, envelopes: list[bytes]) -> list[Any]:
    return node.commit([ReceiveJob(envelope) for envelope in envelopes])


def _send(node: Node, drafts: list[Draft]) -> list[Any]:
    return node.commit([SendJob(draft) for draft in drafts])


def _settle(node: Node, receipts: list[tuple[str, bytes, bytes]]) -> list[Any]:
    return node.commit([Act(lambda n, r=receipt: settle(n, *r)) for receipt in receipts])


COMMANDS = {"receive": _receive, "send": _send, "settle": _settle}


def _serve(trial: Trial, connection: Connection) -> None:
    """Answer commands until the test hangs up; each result goes out only once it is durable."""
    node = open_trial(trial)
    connection.send("open")
    while True:
        try:
            command, payload = connection.recv()
        except EOFError:
            return
        if command == "stream":
            _stream(node, payload, connection)
        else:
            connection.send([_plain(result) for result in COMMANDS[command](node, payload)])


def _stream(node: Node, envelopes: list[bytes], connection: Connection) -> None:
    """Receive through the writer thread, whose batches form as they may, and report each result as it comes."""
    writer, lock = Writer(node), threading.Lock()

    def report(place: int, future: Any) -> None:
        with lock:
            connection.send((place, _plain(future.exception() or future.result())))

    for place, envelope in enumerate(envelopes):
        writer.submit(ReceiveJob(envelope)).add_done_callback(lambda future, at=place: report(at, future))
    writer.stop()
    connection.send(None)


def _plain(result: Any) -> Any:
    """Return a result that can be pickled: errors as their code."""
    return getattr(result, "code", repr(result)) if isinstance(result, BaseException) else result


def main(address: str) -> None:
    """Fork one child for each trial that the test sends, and tell how each ended."""
    with Client(address, family="AF_UNIX") as control:
        while True:
            try:
                trial: Trial = control.recv()
            except EOFError:
                return
            child = os.fork()
            if child == 0:
                control.close()
                with Client(address, family="AF_UNIX") as connection:
                    _serve(trial, connection)
                os._exit(0)
            control.send(child)
            control.send(os.waitpid(child, 0)[1])
