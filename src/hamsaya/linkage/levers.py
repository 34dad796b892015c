"""The cheapest next step: what one more million a year of sustained compliance costs, by each way to get it.

    steps = next_steps(links, r=0.1, tau_musd=100.0, offers=[Offer("one more visit", "visits", ...)])
    steps[0].name, steps[0].per_unit_musd          # the cheapest first

The unit of margin is 1 million US$ a year more of the break-even cost c_max = tau (b - a)/(r + b): a member's own cost
is never guessed. Money buys it at the price of compliance; a visit, a rule or a seat buys it by moving a and b, for all
of the flow at once, and so the larger the flow the cheaper they are beside money.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from hamsaya.linkage.thread import Link, sustained, with_link

MONEY = "more money"


class Offer(NamedTuple):
    """A way to better one link: its values after it, and what it costs a year, million US$ (None: not in money)."""

    name: str
    link: str
    breach: float
    honest: float
    cost_musd: float | None


class NextStep(NamedTuple):
    """One way: how much break-even cost it adds, what it costs, and the cost of one unit; million US$ a year.

    ``per_unit_musd`` is infinite where it adds nothing, and None where it has no price in money.
    """

    name: str
    adds_musd: float
    cost_musd: float | None
    per_unit_musd: float | None


def next_steps(links: Sequence[Link], r: float, tau_musd: float, offers: Sequence[Offer]) -> list[NextStep]:
    """Return each way to widen the margin, the cheapest a unit first; what has no price in money comes last.

    Args:
        r: Discount rate, 1/yr.
        tau_musd: The flow at stake, million US$ a year, >= 0.
        offers: Ways beside more money.
    Raises:
        ValueError: a negative flow or cost, or an offer for a link that is not there.
    """
    if not 0.0 <= tau_musd < math.inf:
        raise ValueError(f"expected a flow >= 0, received {tau_musd}")
    now = sustained(*with_link(links, "", 1.0, 1.0), r)
    # A million more of flow sustains ``now`` millions more of cost.
    found = [NextStep(MONEY, now, 1.0, 1.0 / now if now > 0.0 else math.inf)]
    names = {link.name for link in links}
    for offer in offers:
        if offer.link not in names or (offer.cost_musd is not None and not offer.cost_musd >= 0.0):
            raise ValueError(f"expected an offer for one of {', '.join(sorted(names))} at a cost >= 0, "
                             f"received {offer}")
        # Where nothing is sustained today, a step counts from nought: what lies below it buys nothing.
        adds = tau_musd * (max(0.0, sustained(*with_link(links, offer.link, offer.breach, offer.honest), r))
                           - max(0.0, now))
        found.append(NextStep(offer.name, adds, offer.cost_musd, _per_unit(adds, offer.cost_musd)))
    return sorted(found, key=lambda step: (step.per_unit_musd is None,
                                           -step.adds_musd if step.per_unit_musd is None else step.per_unit_musd))


def cheapest(steps: Sequence[NextStep]) -> NextStep | None:
    """Return the step with the least cost a unit; None where none that has a price adds anything."""
    return next((step for step in steps if step.per_unit_musd is not None and math.isfinite(step.per_unit_musd)), None)


def _per_unit(adds: float, cost: float | None) -> float | None:
    if cost is None:
        return None
    return cost / adds if adds > 0.0 else math.inf
