"""Why two accounts may be of one event, in words: what was seen, and how many times likelier it is of one event."""

from __future__ import annotations

from collections.abc import Sequence

from hamsaya.monitor.merging_columns import Floats, Ints, Pairs
from hamsaya.monitor.merging_types import Account

VIOLENCE = ("unknown", "state-based", "non-state", "one-sided")
SAYS_NOTHING = 1.25


def pair_words(
    left: Sequence[Account], right: Sequence[Account], pairs: Pairs, factors: Floats, rivals: Ints
) -> list[list[str]]:
    """Return the reasons of each pair, the weightiest first, competition last.

    Args:
        factors: Likelihood of one event over that of two, shape (pairs, 4): place and days, deaths, violence, actor.
        rivals: How many other pairs share an account with each.
    """
    return [
        _reasons(left[i], right[j], float(km), int(gap), [float(one) for one in ratios], int(others))
        for i, j, km, gap, ratios, others in zip(pairs.left, pairs.right, pairs.km, pairs.gap, factors, rivals,
                                                 strict=True)
    ]


def _reasons(a: Account, b: Account, km: float, gap: int, ratios: list[float], rivals: int) -> list[str]:
    seen = [
        f"{_km(km)} apart, {_days(gap, a.reporter, b.reporter)}",
        f"deaths {_deaths(a)} and {_deaths(b)}",
        _codes("type of violence", a.violence, b.violence),
        _codes("actor class", a.actor, b.actor),
    ]
    order = sorted(range(4), key=lambda at: -max(ratios[at], 1 / max(ratios[at], 1e-12)))
    words = [f"{seen[at]}: {_times(ratios[at])}" for at in order]
    if rivals:
        words.append(f"{rivals} other pair{'s' * (rivals > 1)} compete{'s' * (rivals == 1)} for these accounts")
    return words


def denial_words(denial: Account, km: float) -> list[str]:
    """Return why a denial that names no account may be about another's account."""
    said = "did not happen" if denial.stance == "denies" else "was not on its side"
    return [f"{denial.reporter} says of {_km(km)} from there, on days that touch, that it {said}",
            "it names no account: a person decides whether it means this one"]


def _km(km: float) -> str:
    return "under 1 km" if km < 1 else f"{km:.0f} km"


def _days(gap: int, left: str, right: str) -> str:
    if gap == 0:
        return "days touch"
    later = right if gap > 0 else left
    return f"{later} {abs(gap)} day{'s' * (abs(gap) > 1)} later"


def _deaths(one: Account) -> str:
    return f"{one.best}" if one.low == one.high else f"{one.best} ({one.low} to {one.high})"


def _codes(what: str, a: int, b: int) -> str:
    if not a or not b:
        return f"{what} not known of both"
    return f"same {what}" if a == b else f"{what} differs"


def _times(ratio: float) -> str:
    if 1 / SAYS_NOTHING < ratio < SAYS_NOTHING:
        return "says little either way"
    if ratio >= 1:
        return f"{_number(ratio)} times likelier of one event than of two"
    return f"{_number(1 / ratio)} times likelier of two events than of one"


def _number(ratio: float) -> str:
    return "over 1000" if ratio > 1000 else f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"
