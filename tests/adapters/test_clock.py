"""The fast clock of an exercise: days when the script asks for them, whatever the machine took before."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hamsaya.adapters.clock import ExerciseClock, begin_fast_time
from hamsaya.cli import exercise
from hamsaya.cli.fleet import Fleet


class Machine(ExerciseClock):
    """An exercise clock on a machine whose own time stands where the test puts it."""

    machine = 0

    def ticks(self) -> int:
        return self.machine


def test_fast_time_begins_when_the_script_says_so(tmp_path: Path) -> None:
    """An hour that founding took uses up none of it; every clock that reads the file jumps to the same instant."""
    begins = tmp_path / "fast-time"
    clocks = [Machine(0, 1000, 60_000, begins) for _ in range(2)]
    for clock in clocks:
        clock.machine = 3_600_000
    assert [clock.now() for clock in clocks] == [3_600_000, 3_600_000]
    begin_fast_time(begins)
    begun = int(begins.read_text())
    begin_fast_time(begins)
    assert int(begins.read_text()) == begun, "begun once"
    for clock in clocks:
        clock.machine = begun + 2000
    assert [clock.now() for clock in clocks] == [begun + 2_000_000] * 2
    clocks[0].machine = begun + 3_600_000
    assert clocks[0].now() == begun + 3_600_000 + 60_000 * 999, "and it ends by itself"


def test_without_a_file_it_begins_at_its_anchor() -> None:
    """As three figures in node.toml say it."""
    clock = Machine(1000, 10, 500)
    told = []
    for clock.machine in (900, 1000, 1100, 1500, 2000):
        told.append(clock.now())
    assert told == [900, 1000, 2000, 6000, 6500]


def test_the_script_waits_as_long_as_anything_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine is no reason to give up; one on which nothing happens is."""
    sizes = iter([1, 2, 3, 3, 4])

    class Slow(Fleet):
        async def everywhere(self, action: str, members: list[str] | None = None, **arguments: Any) -> dict[str, Any]:
            return {"ava": {"log_size": next(sizes), "outbox": {}}}

    monkeypatch.setattr(exercise, "WAIT_S", 0.0)
    patience = exercise.Patience(Slow(tmp_path))

    async def waits() -> list[bool]:
        return [await patience.left() for _ in range(4)]

    assert asyncio.run(waits()) == [True, True, True, False]
