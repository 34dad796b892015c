"""EXERCISE incidents: invented, seeded, for use where no file of real events is at hand.

They follow no real place, party or event. Places are drawn from the cells given, a few cells busier than the
rest; the same seed, cells and months always give the same incidents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import count

from hamsaya.monitor.types import Incident, centre

SOURCE = "EXERCISE: generated, no real event"
LICENCE = "CC0-1.0"
PER_MONTH = 40


def exercise_incidents(seed: int, gids: Sequence[int], months: Sequence[str]) -> Iterator[Incident]:
    """Yield PER_MONTH invented incidents for each month, in the order of months.

    Args:
        seed: 0 <= seed < 2**64.
        gids: Cells to draw from, at least one.
        months: ``YYYY-MM``.
    Raises:
        ValueError: no cells.
    """
    if not gids:
        raise ValueError("expected at least one cell to draw from")
    draws = _draws(seed)
    cells = sorted(gids, key=lambda gid: _block(seed, gid))  # a shuffle that every machine repeats
    for month in months:
        for number in range(PER_MONTH):
            yield _incident(f"EX-{seed}-{month}-{number:03}", month, cells, draws)


def _incident(name: str, month: str, cells: Sequence[int], draws: Iterator[float]) -> Incident:
    # The cube of a uniform draw crowds towards the first cells of the shuffled order: some cells are busier.
    place = cells[int(next(draws) ** 3 * len(cells))]
    longitude, latitude = (degrees + (next(draws) - 0.5) * 0.49 for degrees in centre(place))
    best = int(next(draws) ** 4 * 30)
    low, high = best - int(next(draws) * (best + 1) / 2), best + int(next(draws) * (best + 2))
    day = f"{month}-{1 + int(next(draws) * 28):02}"
    violence = 1 + int(next(draws) * 3)
    return Incident(name, day, round(longitude, 6), round(latitude, 6), place, violence, best, low, high, 2)


def _draws(seed: int) -> Iterator[float]:
    """Yield numbers in [0, 1): the same on every machine and version."""
    for number in count():
        block = _block(seed, number)
        yield from (int.from_bytes(block[i : i + 4], "big") / 2**32 for i in range(0, 32, 4))


def _block(seed: int, number: int) -> bytes:
    return sha256(seed.to_bytes(8, "big") + number.to_bytes(8, "big")).digest()
