"""The thread through the rooms: from a decision rule, a panel and visits to the price of compliance.

    b = visits · p_detect · P(panel confirms a real breach) · p_decide(rule) · p_honoured
    a = visits · p_false  · P(panel confirms a false one)   · p_decide(rule) · p_honoured
    price = (r + b) / (b - a)

The charter gives ``p_decide``, compliance the panel's rates, linkage the law; none of them knows the others, and
this module passes the numbers. Every input is an interval with a source; every output keeps one.

``price_chain`` asks one rule. ``b_chain`` is the whole thread: a finding must be adopted, and then the benefit must be
suspended, so both decisions count; it says what each link is worth and which one matters most. Where a decision may be
appealed, the appeal decides: who lost the first, the proposer or the member concerned, asks for it, and its outcome
takes the place of the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from hamsaya.base.interval import Interval
from hamsaya.charter.decidable import p_decide
from hamsaya.charter.types import DecisionClass, Document
from hamsaya.charter.votes import PRESENT
from hamsaya.compliance.panel import k_of_n, panel_rates
from hamsaya.linkage import law
from hamsaya.linkage.thread import Lever, Link, Thread, pull

FINDING, SUSPENSION = "adopt-finding", "suspend-tranche"
"""The charter's classes of decision by which a finding is adopted and a benefit suspended, unless said otherwise."""


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Hazards per year, the price of compliance, and what it says in words."""

    panel: str
    rule: str
    a: Interval
    b: Interval
    price: Interval
    words: list[str]


def price_chain(
    inputs: Mapping[str, Interval], rule: DecisionClass, others: int, seats: int, k: int, tau_musd: float | None = None
) -> Chain:
    """Return the price of compliance under one decision rule and one panel.

    Args:
        inputs: visits_per_year (1/yr), p_detect, p_false, p_seat_detect, p_seat_false, p_honoured, block_each
            (probabilities) and r (1/yr), by name.
        rule: The charter's decision class for acting on a finding.
        others: Members that vote besides the one concerned, >= 1.
        seats, k: The panel and the votes it needs; 1 and 1 is a single attestor.
        tau_musd: A yearly flow, million US$ a year, to say what it sustains.
    Raises:
        ValueError: an input out of its range, or a rule that names more members than vote.
        KeyError: an input is missing.
    """
    confirm = _panel(inputs["p_seat_detect"], seats, k)
    misconfirm = _panel(inputs["p_seat_false"], seats, k)
    block = inputs["block_each"]
    parsed = rule.parsed()
    decide = Interval(*(p_decide(parsed, others, p) for p in (block.high, block.mid, block.low)))
    visits, honoured = inputs["visits_per_year"], inputs["p_honoured"]
    b = law.chain_interval(visits, inputs["p_detect"], confirm, decide, honoured)
    a = law.chain_interval(visits, inputs["p_false"], misconfirm, decide, honoured)
    return Chain(
        panel=f"{k} of {seats}", rule=rule.id, a=a, b=b, price=law.price_interval(a, b, inputs["r"]),
        words=law.explain(a.mid, b.mid, inputs["r"].mid, tau_musd),
    )


def _panel(one_seat: Interval, seats: int, k: int) -> Interval:
    """Return how often the panel confirms when each seat does so with ``one_seat``; bounds map to bounds."""
    return Interval(*(k_of_n(seats, k, p) for p in (one_seat.low, one_seat.mid, one_seat.high)))


class Panel(NamedTuple):
    """Seats, the votes that decide, seats taken to collude with the accused or against it, and one seat's rates."""

    seats: int
    k: int
    detect: Interval
    false: Interval
    colluders: int = 0


class Charter(NamedTuple):
    """A charter's text, its two classes of decision, and how often one other member refuses."""

    document: Document
    block: Interval
    finding: str = FINDING
    suspension: str = SUSPENSION


class Looks(NamedTuple):
    """Visits a year that take place, and how often one of them reports a breach that is there, and one that is not."""

    per_year: Interval
    detect: Interval
    false: Interval


class BChain(NamedTuple):
    """The thread pulled: links in their order, hazards, price, levers; ``words`` say it to a negotiator."""

    links: tuple[Link, ...]
    thread: Thread
    r: Interval
    words: list[str]


def b_chain(
    charter: Charter, panel: Panel, visits: Looks, senders: Interval, r: Interval, tau_musd: float | None = None,
    sources: Mapping[str, str] | None = None,
) -> BChain:
    """Return hazards a and b with their intervals, the price of compliance, and the largest lever.

    Args:
        charter, panel, visits: What decides, who confirms, who looks.
        senders: Probability that the payers carry a suspension out.
        r: Discount rate of whoever complies, 1/yr.
        tau_musd: A flow, million US$ a year, to say what it sustains.
        sources: Where a link's figures come from, by the link's name.
    Raises:
        ValueError: a panel without seats or with k out of range, a class the charter lacks, or a number out of range.
    """
    if panel.seats < 1:
        raise ValueError("expected a panel with at least one seat, received an empty one; name its members first")
    for name, chance in (("detect", visits.detect), ("false", visits.false), ("honoured", senders)):
        if not 0.0 <= chance.low <= chance.high <= 1.0:
            raise ValueError(f"{name}: expected a probability in [0, 1], received {chance.low:g} to {chance.high:g}")
    from_where = {"visits": "prior", "detection": "prior", "panel": "prior", "payers": "prior", **(sources or {})}
    links = (
        Link("visits", visits.per_year, visits.per_year, from_where["visits"],
             (visits.per_year.high, visits.per_year.high), shared=True),
        Link("detection", visits.detect, visits.false, from_where["detection"],
             (visits.detect.high, visits.false.low)),
        _panel_link(panel, from_where["panel"]),
        decision_link(charter, "finding"),
        decision_link(charter, "suspension"),
        Link("payers", senders, senders, from_where["payers"], (senders.high, senders.high), shared=True),
    )
    thread = pull(links, r)
    return BChain(links, thread, r, _words(links, thread, r, tau_musd))


def decision_link(charter: Charter, which: str) -> Link:
    """Return the link of the decision ``finding`` or ``suspension``, by the rule of its last appeal.

    A silence procedure with an appeal by negative consensus is as hard to stop as negative consensus: who breaks the
    silence only makes the proposer appeal. The members vote alike both times.
    """
    name = charter.finding if which == "finding" else charter.suspension
    rules = {rule.id: rule for rule in charter.document.rules}
    if name not in rules:
        raise ValueError(f"expected one of the charter's classes of decision {', '.join(rules)}, received {name!r}")
    found = last = rules[name]
    while last.appeal in rules:  # A charter whose appeals lead back to where they began is refused as unsound.
        last = rules[last.appeal]
    rule = last.parsed()
    others = voters_of(charter.document) - 1
    block = charter.block
    low, mid, high = sorted(p_decide(rule, others, p) for p in (block.high, block.mid, block.low))
    chance = Interval(low, mid, high)
    appealed = "" if last is found else f", on appeal {last.id}"
    source = f"charter of {charter.document.dated}, rule {name}{appealed}, {others} others each refusing {block.mid:g}"
    return Link(which, chance, chance, source, (1.0, 1.0), shared=True)


def voters_of(document: Document) -> int:
    """Return how many members vote: those in full or partial standing.

    Raises:
        ValueError: fewer than two, so that nobody decides on another.
    """
    found = sum(party.role == "member" and party.standing in PRESENT for party in document.members)
    if found < 2:
        raise ValueError(f"expected at least two members that vote, the charter has {found}")
    return found


def _panel_link(panel: Panel, source: str) -> Link:
    def rates(detect: float, false: float) -> tuple[float, float]:
        found = panel_rates(panel.seats, panel.k, detect, false, panel.colluders)
        return found.detection, found.false_alarm

    ends = [rates(*pair) for pair in zip(_ends(panel.detect), _ends(panel.false), strict=True)]
    breach, honest = (Interval(*column) for column in zip(*ends, strict=True))
    best = panel_rates(panel.seats, panel.k, panel.detect.high, panel.false.low, 0)
    return Link("panel", breach, honest, f"{panel.k} of {panel.seats} seats, {panel.colluders} colluding; {source}",
                (best.detection, best.false_alarm))


def _ends(interval: Interval) -> tuple[float, float, float]:
    return interval.low, interval.mid, interval.high


def _words(links: Sequence[Link], thread: Thread, r: Interval, tau_musd: float | None) -> list[str]:
    told = law.explain(thread.a.mid, thread.b.mid, r.mid, tau_musd)
    weakest = min((link for link in links if link.name != "visits"), key=lambda link: link.breach.mid)
    told.append(f"Of the links, {weakest.name} loses most breaches: {weakest.breach.mid:.0%} pass it "
                f"({weakest.source}).")
    if thread.largest == "none":
        told.append("No link that is known could be bettered.")
    else:
        lever: Lever = thread.levers[0]
        then = "still no price suffices" if lever.sustained <= 0.0 else f"the price would be {lever.price:.2f}"
        told.append(f"The largest lever is {lever.link}: at its best {then}.")
    return told
