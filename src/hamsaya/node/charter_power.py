"""The power indices of a voting game as plain values: chances as numbers, and exactly as fractions.

    figures = power_of((1,) * 15, 9, {0, 1, 2, 3, 4})       # figures.shapley_shubik[0] == "421/2145"
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hamsaya.charter.power import Game, Indices, indices


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """The indices of one game; ``quota`` is None where votes and a quota do not say it all."""

    members: int
    quota: int | None
    vetoes: list[int]
    winning: int
    swings: list[int]
    banzhaf: list[float]
    banzhaf_exact: list[str]
    banzhaf_raw: list[float]
    banzhaf_raw_exact: list[str]
    shapley_shubik: list[str]
    power_to_act: float
    power_to_act_exact: str
    prevent: list[str]
    initiate: list[str]
    blockers: list[int]
    smallest_veto_set: int
    dictator: int | None
    dummies: list[int]


def power_of(weights: Sequence[int], quota: int, vetoes: Iterable[int] = ()) -> Power:
    """Return the power indices of a voting game; members are numbered from 0.

    Raises:
        ValueError: no such game (see ``Game``).
    """
    game = Game(tuple(weights), quota, frozenset(vetoes))
    return power_view(game, indices(game))


def power_view(game: Game | None, found: Indices) -> Power:
    """Return ``found``, the indices of ``game`` or of a rule that is no weighted game, as plain values."""
    return Power(
        members=len(found.swings), quota=game.quota if game else None, vetoes=sorted(game.vetoes) if game else [],
        winning=found.winning, swings=list(found.swings),
        banzhaf=[float(share) for share in found.banzhaf], banzhaf_exact=[str(share) for share in found.banzhaf],
        banzhaf_raw=[float(chance) for chance in found.banzhaf_raw],
        banzhaf_raw_exact=[str(chance) for chance in found.banzhaf_raw],
        shapley_shubik=[str(share) for share in found.shapley_shubik],
        power_to_act=float(found.power_to_act), power_to_act_exact=str(found.power_to_act),
        prevent=[str(share) for share in found.prevent], initiate=[str(share) for share in found.initiate],
        blockers=list(found.blockers), smallest_veto_set=found.smallest_veto_set,
        dictator=found.dictator, dummies=list(found.dummies),
    )
