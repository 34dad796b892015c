"""Two sides' accounts of invented events, with each side's own errors: what is true is known."""

from __future__ import annotations

import numpy as np

from hamsaya.monitor.merging_types import Account

DAY0 = 17_500


def account(reporter: str = "ava", number: str = "1", **changed: object) -> Account:
    """Return an account of an event at (65.1, 31.1) on day 18 000 with three deaths, changed as given."""
    plain: dict[str, object] = {
        "reporter": reporter, "id": number, "as_of": 0, "longitude": 65.1, "latitude": 31.1, "precision": 0,
        "first_day": 18_000, "last_day": 18_000, "low": 3, "best": 3, "high": 3, "violence": 1, "actor": 2,
    }
    return Account(**(plain | changed))  # type: ignore[arg-type]


def two_sides(seed: int, events: int = 400) -> tuple[list[Account], list[Account]]:
    """Return what "ava" and "bel" say of invented events; accounts of one event end in the same number."""
    rng = np.random.default_rng(seed)
    towns = rng.uniform((62, 30), (68, 36), (40, 2))
    town = (rng.random(events) ** 2 * len(towns)).astype(int)
    day, deaths = rng.integers(0, 600, events), rng.geometric(0.15, events)
    violence, actor = rng.choice([1, 1, 1, 2, 3], events), rng.integers(1, 6, events)
    sides = []
    for reporter, share in (("ava", 0.8), ("bel", 0.7)):
        made = []
        for event in np.flatnonzero(rng.random(events) < share):
            scale = rng.choice([0.005, 0.07, 0.2], p=[0.6, 0.3, 0.1])
            lon, lat = towns[town[event]] + rng.normal(0, scale, 2)
            on = DAY0 + int(day[event]) + int(rng.choice([0, 0, 0, 0, 1, 2]))
            best = max(0, round(float(deaths[event] * np.exp(rng.normal(0, rng.choice([0.02, 0.4]))))))
            made.append(account(
                reporter, f"{reporter[0]}{event}", longitude=float(lon), latitude=float(lat), first_day=on, last_day=on,
                low=best, best=best, high=best, violence=int(violence[event]),
                actor=0 if rng.random() < 0.2 else int(actor[event]),
            ))
        sides.append(made)
    return sides[0], sides[1]


def same_event(left: tuple[str, str], right: tuple[str, str]) -> bool:
    """Say whether two keys of ``two_sides`` are of one event."""
    return left[1][1:] == right[1][1:]
