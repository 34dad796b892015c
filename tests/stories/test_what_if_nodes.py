"""What-if at running nodes: the command, the page and the control API say what the record in the database yields."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from hamsaya.adapters import keyfile
from hamsaya.cli import bench_price
from hamsaya.cli.bench_federation import federation
from hamsaya.cli.bench_price_nodes import PAGE, SETTINGS, WORDS, console, run, shown
from hamsaya.node.bootstrap import open_directory
from hamsaya.node.observed import observed
from hamsaya.node.price_page import page, question
from hamsaya.node.price_setup import setup_of
from hamsaya.node.what_if import what_if
from tests.cli.conftest import STRETCHING

PROMISES = 2


@pytest.fixture(autouse=True)
def _full_stretching(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes are founded in this process and opened in others, so key files are made as the software makes them."""
    for name, value in STRETCHING.items():
        monkeypatch.setattr(keyfile, name, value)


async def asked(home: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """Return what each of ten running nodes answers to its control API and to the command, and some of their pages."""
    async with federation(home, PROMISES) as fleet, httpx.AsyncClient(trust_env=False, timeout=60) as browser:
        answers = await fleet.everywhere("what-if", settings=list(SETTINGS), live=True)
        some = [fleet.members[0], next(m for m in fleet.members[1:] if words(answers[m]) == "seen")]
        told = {m: json.loads(await run("-m", "hamsaya", *WORDS, "--dir", str(fleet.home(m)))) for m in some}
        pages = {m: await shown(browser, await console(browser, fleet, m), PAGE) for m in some}
        return answers, told, pages


def words(answer: dict[str, Any]) -> str:
    return "seen" if any("verdicts saw a breach" in word for word in answer["words"]) else "nothing"


@pytest.mark.process
def test_ten_nodes_answer_what_their_records_yield(tmp_path: Path) -> None:
    """To the last bit: ten processes over their control API, the command, and this process from the same database."""
    answers, told, pages = asyncio.run(asked(tmp_path))
    assert len(answers) == 10
    moved = [member for member, answer in answers.items() if words(answer) == "seen"]
    assert len(moved) >= 9, "every party that is told of findings reckons with them"
    for member, answer in told.items():
        assert answer == answers[member]
        with closing(open_directory(tmp_path / member, (tmp_path / member / "passphrase").read_text())) as opened:
            node = opened.node
            seen = observed(node.agreement.priors, node.state.compliance, node.state.linkage, node.clock.now())
            mine = what_if(setup_of(node.agreement.charter.document, seen.priors, seen=seen.words), SETTINGS)
            promises = page(question(node), SETTINGS).promises
        assert json.loads(msgspec.json.encode(mine)) == answer
        assert mine.after.price.mid < mine.before.price.mid
        assert len(promises) == PROMISES and all(promise.commitment in pages[member] for promise in promises)
        assert all(f"{promise.after.price.mid:.2f}" in pages[member] for promise in promises if promise.after)


def test_parts_of_the_bench_are_named() -> None:
    """A part that there is not is refused with the names of those there are; a part named is the one measured."""
    with pytest.raises(Exception, match="ten-nodes"):
        bench_price.price(True, ("nothing",))
    assert bench_price.price(True, ("shapley",)).keys() == {"shapley_twenty_s"}


def test_a_question_to_a_pack_loads_neither_arrays_nor_a_transport() -> None:
    """Start-up is most of what a person waits for, so a price of published figures loads nothing it has no use for."""
    code = """
import sys
from hamsaya.cli.main import main
try:
    main(["linkage", "what-if", "--pack", "afpak", "--json"])
finally:
    loaded = {"numpy", "scipy", "httpx", "cedarpy", "hamsaya.adapters.sqlite"} & sys.modules.keys()
    assert not loaded, loaded
"""
    assert json.loads(asyncio.run(run("-c", code)))["cheapest"]
