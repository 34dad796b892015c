"""Founding, keys and peers by command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hamsaya.cli.main import app
from hamsaya.messages.keys import open_card
from tests.cli.conftest import NORTH, SOUTH, Desk, digest

Pair = tuple[Desk, Desk]


def test_a_second_history_is_never_founded_over_a_first(pair: Pair) -> None:
    """A wrong path must not cost a node its past: every file stays as it was."""
    north, _ = pair
    before = {path.name: digest(path) for path in north.directory.iterdir()}
    assert north.refused("node", "init", NORTH) == "already-founded"
    assert {path.name: digest(path) for path in north.directory.iterdir()} == before


def test_a_party_the_pack_does_not_know_founds_nothing(tmp_path: Path, passphrase_file: Path) -> None:
    """A misspelt slug is told before any key exists."""
    desk = Desk(tmp_path / "node", passphrase_file)
    assert desk.refused("node", "init", "Nowhere!") == "unknown-member"
    assert not desk.directory.exists()


def test_a_wrong_passphrase_opens_nothing_and_is_not_repeated(pair: Pair, tmp_path: Path) -> None:
    """The refusal names the file and the cause, and says nothing of what was typed."""
    wrong = tmp_path / "wrong"
    wrong.write_text("guessed it")
    desk = Desk(pair[0].directory, wrong)
    assert desk.refused("node", "status") == "wrong-passphrase"
    shown = desk.run("node", "status")
    assert shown.exit_code == 1 and shown.stdout == ""
    assert "passphrase" in shown.stderr and "guessed it" not in shown.stderr


def test_without_a_passphrase_and_without_a_terminal_the_way_out_is_told(pair: Pair) -> None:
    """A service without --passphrase-file must fail at once, not wait for somebody to type."""
    result = CliRunner().invoke(app, ["node", "status", "--dir", str(pair[0].directory)])
    assert result.exit_code == 1
    assert "--passphrase-file" in result.stderr and "[no-passphrase]" in result.stderr


def test_a_directory_without_a_node_is_told_before_a_passphrase_is_asked(tmp_path: Path) -> None:
    """Who mistyped --dir should hear of the directory, not of a passphrase."""
    result = CliRunner().invoke(app, ["node", "status", "--json", "--dir", str(tmp_path / "none")])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == "no-node"


def test_a_card_is_not_admitted_under_another_fingerprint(pair: Pair) -> None:
    """The comparison over a second channel is the only root of trust."""
    north, south = pair
    card = str(south.directory / "node.card")
    other = north.json("node", "card")["fingerprint"]
    assert north.refused("node", "peers", "add", card, "--fingerprint", other) == "wrong-fingerprint"
    assert north.refused("node", "peers", "add", card) == "no-fingerprint"


def test_a_file_that_is_no_card_is_refused(pair: Pair) -> None:
    """Whatever an operator was sent instead of a card ends in a sentence, not a traceback."""
    north, _ = pair
    junk = str(north.directory / "node.toml")
    result = north.run("node", "card", junk)
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)


def test_status_and_peers_tell_where_things_stand(pair: Pair) -> None:
    """An admitted peer shows with its fingerprint; the node is known not to run."""
    north, south = pair
    status = north.json("node", "status")
    assert (status["node"], status["running"], status["peers"]) == (NORTH, False, 1)
    peers = {peer["member"]: peer for peer in north.json("node", "peers", "list")}
    assert peers[SOUTH]["known"] and not peers["pk"]["known"]
    assert peers[SOUTH]["fingerprint"] == south.json("node", "card")["fingerprint"]
    waiting = north.json("node", "peers", "show", SOUTH)["outbox"]
    assert [row["kind"] for row in waiting] == ["person.enrol"] * 2
    assert north.refused("node", "peers", "show", "nobody") == "unknown-member"


def test_keys_that_reach_far_enough_are_not_rotated(pair: Pair) -> None:
    """Running the daily rotation twice does nothing the second time."""
    assert pair[0].json("node", "rotate-keys") == {"made": 0}


def test_link_needs_a_running_node(pair: Pair) -> None:
    """There is no page to open while nobody serves it."""
    assert pair[0].refused("node", "link") == "not-running"


def test_the_message_key_is_renewed_with_the_root_while_the_node_rests(pair: Pair) -> None:
    """A signing key lives a year; its successor needs the offline root, and the card must show it."""
    first = pair[0]
    before = open_card((first.directory / "node.card").read_bytes())
    renewed = first.json("node", "rotate-keys", "--root", str(first.directory / "root.bin"))
    after = open_card((first.directory / "node.card").read_bytes())
    kids = [{key.kid for key in card.open_statements() if key.use == "message"} for card in (before, after)]
    assert kids[0].isdisjoint(kids[1]) and renewed["fingerprint"] == before.fingerprint
    assert first.json("log", "show")[-1]["kind"] == "keys.publish"


@pytest.mark.parametrize("address", ["http://node.example:8443", "node.example", "https://node.example/inbox",
                                     "https://node.example:99999"])
def test_an_address_that_no_peer_can_use_founds_nothing(tmp_path: Path, passphrase_file: Path, address: str) -> None:
    """The address stands on the card that others keep: a wrong one would be found out by silence."""
    desk = Desk(tmp_path / "node", passphrase_file)
    assert desk.refused("node", "init", NORTH, "--endpoint", address) == "bad-endpoint"
    assert not desk.directory.exists()


def test_a_file_that_is_no_card_is_named(pair: Pair) -> None:
    """An operator who was sent several files must see which of them is none."""
    north, _ = pair
    junk = str(north.directory / "node.toml")
    for words in (("node", "card", junk), ("node", "peers", "add", junk, "--fingerprint", "0000")):
        shown = north.run(*words)
        assert shown.exit_code == 1 and "node.toml: expected a node's card" in shown.stderr


def test_a_fingerprint_copied_over_two_lines_is_the_same(pair: Pair) -> None:
    """A terminal folds it; the operator who copies what it shows has compared the right one."""
    north, south = pair
    card = str(south.directory / "node.card")
    fingerprint = north.json("node", "card", card)["fingerprint"]
    folded = fingerprint.upper().replace(" ", "\n   ", 1)
    assert north.json("node", "peers", "add", card, "--fingerprint", folded)["member"] == SOUTH
