"""``hamsaya bench``: each figure as a ratio to a raw limit measured in the same run, interleaved, on this machine.

    receive  public-key floor CPU ÷ CPU per accepted message, for batches of 1 and 64 (higher is better, at most 1)
    exchange messages a second from one node to another and back, and CPU at each end
    log      append and inclusion verification ÷ raw SHA-256 of 65 bytes (higher is better)
    seal     envelope bytes beyond the body, for 8 recipients ÷ (KEM ciphertexts + signatures) (lower is better)
    charter  CPU of a decision ÷ public-key floor CPU of the message it is about, remembered and not (lower is better);
             and the seconds that exact indices of 25 members and the report of 200 clauses take
    monitor  what ``cli/bench_monitor.py`` lists, or the parts named with --part
    price    what ``cli/bench_price.py`` lists, or the parts named: schedules, calibration, what-if at ten nodes
    files    a file from one node's disk to another's desk over mutual TLS ÷ raw AES-256-GCM of the same bytes (higher
             is better); ``bench_files``

The receiving node is a real one: its SQLite store lies on disk, every message runs the whole receive pipeline. Times
are CPU time of this process, which other work on the machine disturbs less than the wall clock; medians of rounds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console

from hamsaya.base.errors import OperatorError
from hamsaya.cli.bench_charter import charter
from hamsaya.cli.bench_files import files
from hamsaya.cli.bench_log import log
from hamsaya.cli.bench_matching import matching
from hamsaya.cli.bench_messages import exchange, receive, sealing
from hamsaya.cli.bench_monitor import monitor
from hamsaya.cli.bench_price import price
from hamsaya.cli.output import print_json


def run(name: str, as_json: bool, quick: bool, parts: tuple[str, ...] = ()) -> int:
    """Measure one bench or all, print the figures, return 0; ``parts`` choose among those of it."""
    benches: dict[str, Callable[[bool], dict[str, Any]]] = {
        "receive": receive, "exchange": exchange, "log": log, "seal": sealing, "charter": charter, "matching": matching,
        "monitor": lambda quick: monitor(quick, parts), "price": lambda quick: price(quick, parts), "files": files,
    }
    if parts and name not in ("monitor", "price"):
        raise OperatorError("expected --part with bench monitor or bench price only", code="unknown-bench")
    if name != "all" and name not in benches:
        raise OperatorError(f"expected one of all, {', '.join(benches)}", code="unknown-bench")
    console = Console(stderr=True, highlight=False)
    figures: dict[str, Any] = {}
    for each in benches if name == "all" else [name]:
        with console.status(f"bench {each} …"):
            figures[each] = benches[each](quick)
    if as_json:
        print_json(figures)
    else:
        for each, values in figures.items():
            print(each, *(f"\n  {key:<34} {value}" for key, value in values.items()), sep="")
    return 0
