"""The doctor finds what it is for, and says what to do."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hamsaya.cli.main import app
from tests.cli.conftest import NORTH, SOUTH, Desk

Pair = tuple[Desk, Desk]


def verdicts(result: Any) -> dict[str, str]:
    """Return the worst verdict on each thing looked at."""
    order = ["ok", "warn", "fail"]
    worst: dict[str, str] = {}
    for finding in result["findings"]:
        worst[finding["check"]] = max(worst.get(finding["check"], "ok"), finding["verdict"], key=order.index)
    return worst


def test_a_sound_node_has_no_failure(pair: Pair) -> None:
    """Warnings are for what nobody has done yet: no witness, the root still on this machine."""
    result = pair[0].json("doctor")
    found = verdicts(result)
    assert result["healthy"] and "fail" not in found.values()
    assert (found["log"], found["root"], found["journal"], found["keys"]) == ("warn", "warn", "ok", "ok")
    assert found[f"peer {SOUTH}"] == "warn", "its card names an address at which nobody listens"
    other = verdicts(pair[1].json("doctor"))
    assert other[f"peer {NORTH}"] == "ok", "a peer that fetches its messages itself need not be reached"


def test_before_any_node_the_machine_is_looked_at(tmp_path: Path, passphrase_file: Path) -> None:
    """The first command after set-up must not fail for want of a node."""
    found = verdicts(Desk(tmp_path / "later", passphrase_file).json("doctor"))
    assert (found["cryptography"], found["node"]) == ("ok", "warn")


@pytest.mark.parametrize("damage", ["rights", "store", "card", "settings"])
def test_damage_is_a_failure_with_its_cause(pair: Pair, damage: str) -> None:
    """Each of these stops a node; the doctor names it and ends with 1."""
    desk = pair[0]
    if damage == "rights":
        os.chmod(desk.directory / "keys.bin", 0o644)
    elif damage == "store":
        (desk.directory / "node.db").write_bytes(b"not a database, whatever its name says " * 300)
    elif damage == "card":
        card = desk.directory / "node.card"
        card.write_bytes(card.read_bytes()[:-1] + b"\0")
    else:
        (desk.directory / "node.toml").write_text("node = 7\n")
    result = desk.run("doctor")
    assert result.exit_code == 1
    assert any(line.split()[:2] == ["fail", damage] for line in result.stdout.splitlines()), result.stdout


def test_an_altered_journal_is_found(pair: Pair) -> None:
    """Opening rebuilds the tree: one changed row no longer leads to the signed checkpoint."""
    with sqlite3.connect(pair[0].directory / "node.db") as db:
        db.execute("UPDATE journal SET at = at + 1 WHERE idx = 0")
    assert verdicts(json.loads(pair[0].run("doctor", "--json").stdout))["node"] == "fail"


def test_without_a_passphrase_the_rest_is_still_looked_at(pair: Pair) -> None:
    """An operator who has only the directory learns at least whether its files are sound."""
    result = CliRunner().invoke(app, ["doctor", "--dir", str(pair[0].directory)])
    assert result.exit_code == 0 and "--passphrase-file" in result.stdout


def test_a_peers_forked_log_is_a_failure_with_the_next_step(pair: Pair) -> None:
    """Whoever is shown two histories must hear of it, and be told what to keep."""
    with sqlite3.connect(pair[0].directory / "node.db") as store:
        store.execute("INSERT INTO meta VALUES(?, ?)", (f"fork hamsaya/afpak/{SOUTH}", b"old 3"))
    store.close()
    result = pair[0].run("doctor", "--json")
    found = json.loads(result.stdout)
    (told,) = [finding for finding in found["findings"] if finding["check"] == "witness"]
    assert result.exit_code == 1 and not found["healthy"]
    assert told["verdict"] == "fail" and SOUTH in told["text"] and "evidence" in told["text"]
