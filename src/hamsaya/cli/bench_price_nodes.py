"""``hamsaya bench price --part ten-nodes``: a what-if from the command line to its answer, by the clock.

Ten node processes run with a charter in force and promises, findings and tranches on record. In turn, at each of them:

    what_if_s          ``hamsaya linkage what-if --set … --json`` as a process of its own; must be below 3
    what_if_pack_s     the same where there is no node: the published figures of the pack
    page_s             the console's page /price with the same settings
    answer_s           the same question to the node's control API, without a process: what is left is start-up
    start_s            ``hamsaya --version``: a start that does nothing
    python_s           ``python -c pass``: a start of the interpreter

Ratios: what_if_s ÷ python_s (lower is better); the share of what_if_s that is start-up, start_s ÷ what_if_s.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from hamsaya.cli.bench_federation import federation
from hamsaya.cli.fleet import Fleet

PROMISES = 12
SETTINGS = ("charter.finding.rule=negative-consensus", "visits=12")
PAGE = {"finding": "negative-consensus", "visits": "12"}
WORDS = ("linkage", "what-if", *(word for setting in SETTINGS for word in ("--set", setting)), "--json")


def ten_nodes(quick: bool) -> dict[str, Any]:
    """Measure; the processes started are ended, and the directory is removed."""
    with tempfile.TemporaryDirectory(prefix="hamsaya-bench-") as home:
        return asyncio.run(_measured(Path(home), 1 if quick else 3))


async def _measured(home: Path, rounds: int) -> dict[str, Any]:
    taken: dict[str, list[float]] = defaultdict(list)
    async with federation(home, PROMISES) as fleet, httpx.AsyncClient(trust_env=False, timeout=60) as browser:
        pages = {member: await console(browser, fleet, member) for member in fleet.members}
        for _ in range(rounds):
            for member in fleet.members:
                await _round(taken, home, fleet, member, browser, pages[member])
    middle = {name: statistics.median(each) for name, each in taken.items()}
    return {
        **{name: round(value, 3) for name, value in middle.items()},
        "what_if_worst_s": round(max(taken["what_if_s"]), 3), "page_worst_s": round(max(taken["page_s"]), 3),
        "what_if_per_python_start": round(middle["what_if_s"] / middle["python_s"], 1),
        "what_if_start_share": round(middle["start_s"] / middle["what_if_s"], 2),
        "nodes": len(pages), "promises_a_node": PROMISES, "asked": len(taken["what_if_s"]),
    }


async def _round(
    taken: dict[str, list[float]], home: Path, fleet: Fleet, member: str, browser: httpx.AsyncClient, page: str
) -> None:
    acts: dict[str, Callable[[], Awaitable[object]]] = {
        "python_s": lambda: run("-c", "pass"),
        "start_s": lambda: run("-m", "hamsaya", "--version"),
        "what_if_s": lambda: run("-m", "hamsaya", *WORDS, "--dir", str(fleet.home(member))),
        "what_if_pack_s": lambda: run("-m", "hamsaya", *WORDS, "--dir", str(home / "none")),
        "answer_s": lambda: fleet.call(member, "what-if", settings=list(SETTINGS), live=True),
        "page_s": lambda: shown(browser, page, PAGE),
    }
    for name, act in acts.items():
        start = time.perf_counter()
        await act()
        taken[name].append(time.perf_counter() - start)


async def run(*words: str) -> bytes:
    """Return what a process of this interpreter printed; raises RuntimeError when it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    out, err = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: exit {process.returncode}: {err.decode(errors='replace')[-600:]}")
    return out


async def console(browser: httpx.AsyncClient, fleet: Fleet, member: str) -> str:
    """Open the console of ``member`` by its one-time link, and return the address of its pages.

    A session is a cookie of one host, and all nodes share it here: the browser keeps one for each, by its name.
    """
    login = fleet.login(member)
    (await browser.get(login, follow_redirects=True)).raise_for_status()
    return login.partition("/login/")[0]


async def shown(browser: httpx.AsyncClient, page: str, query: dict[str, str]) -> str:
    """Return the page on the price with the settings of ``query``; raises RuntimeError where it is another page."""
    answer = await browser.get(f"{page}/price", params=query)
    if answer.status_code != 200:
        raise RuntimeError(f"{page}/price: {answer.status_code}")
    return answer.text
