"""``hamsaya bench monitor [--part NAME]``: the measurements of cooperative monitoring, one module a part.

A part is a function ``(quick) -> figures`` in ``cli/bench_monitor_<part>.py``; the table says which there are. It is
imported when it is asked for, since each loads array libraries of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from hamsaya.base.errors import OperatorError

Figures = dict[str, Any]
Part = Callable[[bool], Figures]
PARTS: dict[str, str] = {
    "forecast": "hamsaya.cli.bench_monitor_forecast:forecast",
    "merge": "hamsaya.cli.bench_monitor_merge:merge",
    "blind": "hamsaya.cli.bench_monitor_merge:blind",
    "ingest": "hamsaya.cli.bench_monitor_ingest:ingest",
    "scan": "hamsaya.cli.bench_monitor_scan:scan_bench",
}
"""Name of a part -> module:function."""


def monitor(quick: bool, parts: tuple[str, ...] = ()) -> Figures:
    """Measure the parts named, or all; raises OperatorError for one that there is not."""
    if unknown := [name for name in parts if name not in PARTS]:
        raise OperatorError(f"expected parts among {', '.join(PARTS)}, received {', '.join(unknown)}",
                            code="unknown-bench")
    return {name: load(name)(quick) for name in parts or PARTS}


def load(name: str) -> Part:
    """Return the function of a part."""
    module, _, function = PARTS[name].partition(":")
    part: Part = getattr(import_module(module), function)
    return part
