"""From what the thread of the price is pulled, and how a person changes it: settings of the form NAME=VALUE.

| name | what it sets |
|---|---|
| charter.finding.rule, charter.suspension.rule, charter.CLASS.rule | a rule of decision, with its appeal gone |
| visits, detect, false, seat.detect, seat.false, block, honoured, r | an input by its short name; or any input's own |
| panel | K-of-N seats; panel.k, panel.seats, panel.colluders one of them |
| tau | the flow at stake, million US$ a year |
| flow.PROJECT.FIGURE | adds a project's yearly flow: ``on`` for the published figure, or a value |

Values: a number, an interval LOW..HIGH or LOW..MIDDLE..HIGH, or a rule. Rules as words: ``consensus`` (the accused may
block), ``minus-one``, ``K-of-others``, ``silence:HOURS``, ``negative-consensus``, ``negative-consensus:STOPS``; or the
rule's table as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from msgspec import structs

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.base.interval import Interval
from hamsaya.charter.types import DecisionClass, Document
from hamsaya.linkage.types import Quantity
from hamsaya.node.chain import FINDING, SUSPENSION

EXAMPLE_TAU_MUSD = 100.0
SHORT = {"visits": "visits_per_year", "detect": "p_detect", "false": "p_false", "seat.detect": "p_seat_detect",
         "seat.false": "p_seat_false", "block": "block_each", "honoured": "p_honoured", "r": "r"}
NEEDED = tuple(SHORT.values())
CLASSES = {"finding": FINDING, "suspension": SUSPENSION}


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything the thread is pulled from. ``flows`` are what a person chose of the corridors; ``tau`` overrides."""

    document: Document
    priors: Mapping[str, Quantity]
    seats: int = 5
    k: int = 3
    colluders: int = 0
    tau: Interval | None = None
    flows: Mapping[str, Interval] = field(default_factory=dict)
    seen: tuple[str, ...] = ()

    @property
    def flow_musd(self) -> Interval:
        """The flow at stake: as set, else of the corridors chosen, else an example."""
        if self.tau is not None:
            return self.tau
        if not self.flows:
            return Interval(EXAMPLE_TAU_MUSD, EXAMPLE_TAU_MUSD, EXAMPLE_TAU_MUSD)
        each = self.flows.values()
        return Interval(sum(x.low for x in each), sum(x.mid for x in each), sum(x.high for x in each))

    def value(self, name: str) -> Interval:
        """Return an input; raises OperatorError ``no-inputs`` where the pack has none of that name."""
        if name not in self.priors:
            raise OperatorError(f"the pack has no input {name!r} for the price; give its linkage.toml one",
                                code="no-inputs")
        return self.priors[name].value


def setup_of(
    document: Document, priors: Mapping[str, Quantity], tau: Interval | None = None, seen: Sequence[str] = ()
) -> Setup:
    """Return the setup of a charter and a pack's published figures, with a panel of three in five."""
    return Setup(document=document, priors=priors, tau=tau, seen=tuple(seen))


def apply_setting(setup: Setup, text: str) -> Setup:
    """Return ``setup`` with one setting NAME=VALUE made.

    Raises:
        OperatorError: an unknown name or a value that does not fit (``bad-setting``).
    """
    name, equals, value = text.partition("=")
    name, value = name.strip(), value.strip()
    if not equals or not value:
        raise _bad(f"expected NAME=VALUE, such as visits=12, received {text[:60]!r}")
    if name.startswith("charter.") and name.endswith(".rule"):
        return replace(setup, document=with_rule(setup.document, name.split(".")[1], value))
    if name == "panel":
        k, of, seats = value.partition("-of-")
        if not of:
            raise _bad(f"panel: expected K-of-N such as 3-of-5, received {value[:20]!r}")
        return replace(setup, k=_whole("panel", k), seats=_whole("panel", seats))
    if name == "panel.seats":
        return replace(setup, seats=_whole(name, value))
    if name == "panel.k":
        return replace(setup, k=_whole(name, value))
    if name == "panel.colluders":
        return replace(setup, colluders=_whole(name, value))
    if name == "tau":
        return replace(setup, tau=_interval(name, value))
    if name.startswith("flow."):
        return _with_flow(setup, name, value)
    prior = SHORT.get(name, name)
    if prior not in setup.priors:
        raise _bad(f"expected a setting among {', '.join((*SHORT, 'panel', 'tau', 'charter.finding.rule'))} or an "
                   f"input of the pack, received {name[:40]!r}; see: hamsaya linkage what-if --help")
    held = setup.priors[prior]
    given = Quantity(_interval(name, value), held.unit, "set here")
    return replace(setup, priors={**setup.priors, prior: given})


def parse_rule_words(text: str) -> dict[str, Any]:
    """Return the plain table of a rule said in words or as JSON.

    Raises:
        OperatorError: nothing of the kind (``bad-setting``).
    """
    word, _, number = text.partition(":")
    inner: dict[str, Any] | None = None
    if text.startswith("{"):
        try:
            table: Any = json.loads(text)
        except ValueError:
            raise _bad(f"expected a rule's table as JSON, received {text[:60]!r}") from None
        if isinstance(table, dict):
            return table
    if text == "consensus":
        return {"rule": "consensus"}
    if text in ("minus-one", "consensus-minus-one"):
        inner = {"rule": "consensus"}
    elif text.endswith("-of-others"):
        inner = {"rule": "quota", "q": _whole("rule", text.removesuffix("-of-others"))}
    elif word == "silence":
        inner = {"rule": "silence", "hours": _whole("silence", number or "72")}
    elif word == "negative-consensus":
        inner = {"rule": "negative-consensus"} | ({"stops": _whole("negative-consensus", number)} if number else {})
    if inner is None:
        raise _bad("expected a rule: consensus, minus-one, 6-of-others, silence:72, negative-consensus, "
                   f"negative-consensus:6 or a table as JSON, received {text[:60]!r}")
    return {"rule": "minus-concerned", "concerned": "*concerned", "inner": inner}


def with_rule(document: Document, name: str, value: str) -> Document:
    wanted = CLASSES.get(name, name)
    rules = {rule.id: rule for rule in document.rules}
    if wanted not in rules:
        raise _bad(f"expected a class of decisions among {', '.join((*CLASSES, *rules))}, received {name[:40]!r}")
    changed = DecisionClass(id=wanted, title=rules[wanted].title, rule=parse_rule_words(value))
    try:
        changed.parsed()
    except PeerError as error:
        raise _bad(str(error)) from None
    return structs.replace(document, rules=tuple(changed if rule.id == wanted else rule for rule in document.rules))


def _with_flow(setup: Setup, name: str, value: str) -> Setup:
    if name not in setup.priors:
        known = sorted(each for each in setup.priors if each.startswith("flow."))
        raise _bad(f"expected a flow among {', '.join(known) or 'none: the pack has no yearly flows'}, received "
                   f"{name[:60]!r}")
    chosen = setup.priors[name].value if value == "on" else _interval(name, value)
    return replace(setup, flows={**setup.flows, name: chosen})


def _interval(name: str, text: str) -> Interval:
    try:
        ends = [float(part) for part in text.split("..")]
        if len(ends) == 2:
            ends.insert(1, sum(ends) / 2.0)
        low, mid, high = ends * 3 if len(ends) == 1 else ends
        if not 0.0 <= low <= mid <= high < float("inf"):
            raise ValueError
    except ValueError:
        raise _bad(f"{name}: expected a number >= 0, LOW..HIGH or LOW..MIDDLE..HIGH, received {text[:40]!r}") from None
    return Interval(low, mid, high)


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise _bad(f"{name}: expected a whole number, received {text[:20]!r}")
    return int(text)


def _bad(text: str) -> OperatorError:
    return OperatorError(text, code="bad-setting")
