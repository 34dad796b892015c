"""What needs a node's files but no node at work: reports from an incident file, the price of compliance of a pack.

    file = reports_of(directory, path, as_of=now)         # file.reports go out through the send action, one by one
    priced = price_from_pack(None, "suspend-tranche", seats=5, k=3)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.base.interval import Interval
from hamsaya.charter.types import document_from_plain
from hamsaya.linkage import law
from hamsaya.messages.monitor import Report
from hamsaya.monitor.counts import counts, own_rows, split_report
from hamsaya.monitor.types import Incident
from hamsaya.node.chain import price_chain
from hamsaya.node.data_files import incidents_of
from hamsaya.node.packs import open_charter, open_named_pack, pack_inputs, pack_priors
from hamsaya.node.price_setup import setup_of
from hamsaya.node.what_if import WhatIf, what_if


@dataclass
class IncidentFile:
    """One file as this node reports it: what was read, what was left out and why, the reports it makes."""

    incidents: int = 0
    widened: int = 0
    first: str = ""
    last: str = ""
    rows: int = 0
    bad: list[PeerError] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)


class Priced(msgspec.Struct, frozen=True, kw_only=True):
    """Hazards a year, discount rate, price of compliance (None: no price suffices), and what they say in words.

    ``break_even_musd`` is the largest yearly cost of compliance that the flow asked about sustains,
    ``flow_needed_musd`` the yearly flow that the cost asked about needs.
    """

    a: Interval
    b: Interval
    r: Interval
    price: Interval
    purchasable: bool
    break_even_musd: Interval | None
    flow_needed_musd: Interval | None
    panel: str | None
    rule: str | None
    words: list[str]


def reports_of(
    directory: Path,
    path: Path,
    *,
    as_of: int,
    source: tuple[str, str] | None = None,
    first: str | None = None,
    last: str | None = None,
    each: Callable[[int], None] = lambda count: None,
) -> IncidentFile:
    """Return what the node in ``directory`` reports from a UCDP GED file: counts of its own cells, split by period.

    Args:
        as_of: The report's vintage, UTC milliseconds.
        source: Source and licence to name; UCDP's own without it.
        first, last: Months to report, both included; the months of the file's incidents without them.
        each: Told the number of incidents read so far.
    Raises:
        OperatorError: no incident in the period and no period given (``no-incidents``), or as the reader does.
        PeerError: the file is none of incidents; single bad rows are collected in ``bad``.
    """
    from hamsaya.node.bootstrap import open_pack, read_settings  # Transport and store, which a price needs not.

    settings = read_settings(directory)
    incidents, published = incidents_of(path)
    file = IncidentFile()
    rows = counts(_within(incidents(file.bad.append), file, first, last, each))
    months = sorted({row.month for row in rows})
    if not months and not (first and last):
        raise OperatorError(f"{path.name} holds no incident in that period; give --first and --last to report that "
                            "nothing happened", code="no-incidents")
    file.first, file.last = first or months[0], last or months[-1]
    own = own_rows(rows, settings.node, open_pack(settings).areas)
    name, licence = source or published
    file.rows = len(own)
    try:
        file.reports = split_report(own, source=name, licence=licence, as_of=as_of, first=file.first, last=file.last)
    except ValueError as error:
        raise OperatorError(f"{path.name}: {error}", code="bad-period") from None
    return file


def _within(
    incidents: Iterable[Incident], file: IncidentFile, first: str | None, last: str | None, each: Callable[[int], None]
) -> Iterator[Incident]:
    """Pass on the incidents of the period and count them in ``file``."""
    for read, incident in enumerate(incidents, 1):
        each(read)
        if (first or "") <= incident.month <= (last or "9999-12"):
            file.incidents += 1
            file.widened += incident.widened
            yield incident


def price_from_pack(
    pack: str | None, rule_id: str, *, seats: int, k: int, visits: float | None = None, tau_musd: float | None = None,
    cost_musd: float | None = None,
) -> Priced:
    """Return the price of compliance under a pack's priors, one of its charter's rules, and one panel.

    Args:
        pack: A built-in pack's name or a pack's folder; None is the default pack.
        seats, k: The panel and the verdicts it needs, 1 <= k <= seats.
        visits: Verification visits a year in place of the pack's prior.
        tau_musd: A yearly flow, million US$ a year, to say what it sustains.
        cost_musd: A yearly cost of compliance, million US$, to say which flow it needs.
    Raises:
        OperatorError: no such pack, no such rule (``unknown-rule``), or a pack without the inputs (``no-inputs``).
    """
    opened = open_named_pack(pack)
    document = document_from_plain(opened.charter)
    rules = {rule.id: rule for rule in document.rules}
    if rule_id not in rules:
        raise OperatorError(f"expected one of the charter's rules {', '.join(rules)}, received {rule_id!r}",
                            code="unknown-rule")
    inputs = pack_inputs(opened)
    if visits is not None:
        inputs["visits_per_year"] = Interval(visits, visits, visits)
    voting = sum(party.role == "member" and party.standing == "full" for party in document.members)
    try:
        chain = price_chain(inputs, rules[rule_id], voting - 1, seats, k, tau_musd)
    except KeyError as error:
        raise OperatorError(f"the pack {opened.id} has no input {error} for the price", code="no-inputs") from None
    return _priced(chain.a, chain.b, inputs["r"], tau_musd, chain.words, chain.panel, chain.rule, cost_musd)


def projects_of_pack(pack: str | None) -> list[dict[str, Any]]:
    """Return a pack's projects with every figure's interval, unit, source, date and dispute, as plain values."""
    plain: list[dict[str, Any]] = msgspec.to_builtins(open_named_pack(pack).projects)
    return plain


def what_if_from_pack(pack: str | None, charter: str | None, settings: Sequence[str]) -> WhatIf:
    """Return what ``settings`` do to the price under a pack's published figures and one charter's text.

    Args:
        pack: A built-in pack's name or a pack's folder; None is the default pack.
        charter: A charter as ``open_charter`` takes it; None is the pack's own.
    Raises:
        OperatorError: no such pack or charter, or a setting that does not fit.
    """
    opened = open_named_pack(pack)
    document = document_from_plain(opened.charter) if charter is None else open_charter(charter)
    return what_if(setup_of(document, pack_priors(opened)), settings)


def price_from_hazards(
    a: float, b: float, r: float, tau_musd: float | None = None, cost_musd: float | None = None
) -> Priced:
    """Return the price of compliance from three known figures per year, all >= 0."""
    exact_a, exact_b, exact_r = (Interval(x, x, x) for x in (a, b, r))
    return _priced(exact_a, exact_b, exact_r, tau_musd, law.explain(a, b, r, tau_musd), None, None, cost_musd)


def _priced(
    a: Interval, b: Interval, r: Interval, tau_musd: float | None, words: list[str], panel: str | None,
    rule: str | None, cost_musd: float | None,
) -> Priced:
    tau = None if tau_musd is None else Interval(tau_musd, tau_musd, tau_musd)
    price = law.price_interval(a, b, r)
    needed = None
    if cost_musd is not None:
        if not (math.isfinite(cost_musd) and cost_musd >= 0.0):
            raise ValueError(f"expected cost to be a finite number >= 0, received {cost_musd}")
        # No cost needs no flow, also where no flow would suffice for any other.
        needed = Interval(*(end * cost_musd if cost_musd else 0.0 for end in (price.low, price.mid, price.high)))
        if math.isfinite(needed.mid):
            words = [*words, f"A cost of ${cost_musd:g}m a year needs a flow of ${needed.mid:.3g}m a year."]
    return Priced(
        a=a, b=b, r=r, price=price, flow_needed_musd=needed, purchasable=b.mid > a.mid,
        break_even_musd=None if tau is None else law.break_even_interval(tau, a, b, r), panel=panel, rule=rule,
        words=words,
    )
