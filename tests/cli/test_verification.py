"""Commitments, findings, tranches and the price, by command."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import SOUTH, Desk

Pair = tuple[Desk, Desk]

COMMITMENT = """
commitment = "K-1"
title = "No crossings of armed groups"
indicator = "crossings"
unit = "1/month"
target_low = 0.0
target_high = 2.0
until = 2099-01-01
cadence_days = 30
timeliness_days = 10
required_detection = 0.8
max_false_alarm = 0.1
evidence_classes = ["self-report", "joint-visit"]
k = 2
panel = [
    { member = "pk", bloc = "southern-asia" },
    { member = "cn", bloc = "eastern-asia" },
    { member = "ir", bloc = "southern-asia" },
]
"""
TRANCHE = """
tranche = "T-1"
project = "corridor"
receiver = "kz"
payers = ["uz"]
goods = "transit"
low_musd = 1.0
mid_musd = 2.0
high_musd = 3.0
commitment = "K-1"
source = "invented for this test"
"""


def test_a_promise_its_evidence_and_a_notice_are_listed(in_force: Pair, tmp_path: Path) -> None:
    """Only the digest of evidence leaves; without an adopted finding the commitment stays unverified."""
    north, _ = in_force
    terms, paper = tmp_path / "k.toml", tmp_path / "paper.pdf"
    terms.write_text(COMMITMENT.replace('"ir", bloc = "southern-asia"', '"tm", bloc = "central-asia"'))
    paper.write_bytes(b"counted by hand")
    north.json("compliance", "declare", str(terms))
    evidence = ["compliance", "evidence", "K-1", "E-1", "--class", "self-report", "--observed-from", "2026-01-01"]
    north.json(*evidence, "--observed-to", "2026-01-31T18:00:00+05:00", "--summary", "January", "--file", str(paper),
               "--value", "1", "--unit", "1/month")
    (view,) = north.json("compliance", "status")
    assert (view["rating"], view["by_class"]) == ("U", {"self-report": 1})
    assert view["evidence"][0]["observed_to"] == 1769864400000
    assert "counted by hand" not in str(view)
    raised = ["compliance", "raise", "K-1", "F-1", "--proposed", "PC", "--evidence", "E-1", "--conductor", "pk"]
    assert north.json(*raised, "--dry-run")["code"] == "permitted"
    assert north.refused("compliance", "attest", "F-1", "breach") == "predecessor-missing"


def test_a_panel_in_which_one_bloc_decides_is_refused(in_force: Pair, tmp_path: Path) -> None:
    """A promise judged by one's friends is none; the core's rule reaches the command."""
    terms = tmp_path / "k.toml"
    terms.write_text(COMMITMENT)
    assert in_force[0].refused("compliance", "declare", str(terms)) == "bloc"


def test_a_file_that_is_no_toml_and_a_body_that_does_not_fit_are_refused(in_force: Pair, tmp_path: Path) -> None:
    """The first says the line, the second the field."""
    bad = tmp_path / "bad.toml"
    bad.write_text("k = = 2")
    assert in_force[0].refused("compliance", "declare", str(bad)) == "bad-file"
    bad.write_text(COMMITMENT.replace("2099-01-01", '"2099"'))
    assert in_force[0].refused("compliance", "declare", str(bad)) == "bad-file"
    for old, new, word in (("2099-01-01", "1405-09-01", "another calendar"),
                           ("2099-01-01", "2569-01-01", "another calendar"),
                           ("2099-01-01", "1405-09-01T00:00:00Z", "another calendar"),
                           (COMMITMENT[COMMITMENT.index("panel ="):], "panel = []", "empty")):
        bad.write_text(COMMITMENT.replace(old, new))
        said = in_force[0].run("compliance", "declare", str(bad))
        assert said.exit_code == 1 and word in said.stderr
    assert in_force[0].json("compliance", "status") == []
    bad.write_text(COMMITMENT + 'favourite_colour = "blue"\n')
    assert in_force[0].refused("compliance", "declare", str(bad)) == "bad-body"


def test_what_may_be_said_of_a_promise_depends_on_who_reads_it(in_force: Pair, tmp_path: Path) -> None:
    """The terms say members; the public gets nothing, and a promise that people attest has no figure of its own."""
    north, _ = in_force
    terms = tmp_path / "k.toml"
    terms.write_text(COMMITMENT.replace('"ir", bloc = "southern-asia"', '"tm", bloc = "central-asia"'))
    north.json("compliance", "declare", str(terms))
    assert north.refused("compliance", "publish", "K-1") == "level"
    assert north.json("compliance", "publish", "K-1", "--level", "members")["words"] == "unverified"
    assert north.refused("compliance", "indicator", "K-1") == "not-computed"
    assert north.refused("compliance", "indicator", "K-9") == "unknown-commitment"


def test_a_date_of_another_calendar_is_told_apart(in_force: Pair, tmp_path: Path) -> None:
    """1404 is this year in Tehran and the Middle Ages in Greenwich; guessing would be worse than asking."""
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"-")
    said = in_force[0].run("compliance", "evidence", "K-1", "E-1", "--class", "self-report", "--observed-from",
                           "1404-05-01", "--observed-to", "1404-05-02", "--summary", "s", "--file", str(paper))
    assert said.exit_code == 2 and "calendar" in said.stderr


def test_a_tranche_is_declared_by_who_may(in_force: Pair, tmp_path: Path) -> None:
    """Whether this member may declare it is the charter's answer, and a dry run gives it in full."""
    file = tmp_path / "t.toml"
    file.write_text(TRANCHE)
    view = in_force[0].json("linkage", "tranche", "declare", str(file), "--to", SOUTH, "--dry-run")
    assert isinstance(view["allowed"], bool) and view["reasons"]
    assert in_force[0].json("linkage", "tranche", "list") == []


def test_the_price_follows_from_three_figures_without_any_node(pair: Pair) -> None:
    """(0.2 + 1.2) / (1.2 - 0.2) is 1.4; a flow of 28 then sustains a cost of 20."""
    desk = pair[0]
    view = desk.json("linkage", "price", "--a", "0.2", "--b", "1.2", "--r", "0.2", "--tau", "28")
    assert abs(view["price"]["mid"] - 1.4) < 1e-9 and view["purchasable"]
    assert abs(view["break_even_musd"]["mid"] - 20) < 1e-9
    assert desk.run("linkage", "price", "--a", "0.2").exit_code == 2
    assert desk.run("linkage", "price", "--a", "inf", "--b", "1", "--r", "0").exit_code == 2


def test_a_promise_that_cannot_be_bought_is_said_to_be_so(pair: Pair) -> None:
    """Where an honest member is punished as often as a breaker no price suffices: JSON has null, people a sentence."""
    words = ["linkage", "price", "--a", "1", "--b", "1", "--r", "0.1"]
    view = pair[0].json(*words)
    assert view["price"]["mid"] is None and not view["purchasable"]
    assert "not purchasable" in pair[0].run(*words).stdout


def test_more_visits_make_compliance_cheaper(pair: Pair) -> None:
    """The thread of the whole system, from a pack's priors: visits raise b more than a."""
    few, many = (pair[0].json("linkage", "price", "--visits", str(n)) for n in (2, 12))
    assert few["price"]["mid"] > many["price"]["mid"] and many["b"]["mid"] > few["b"]["mid"]
    assert pair[0].refused("linkage", "price", "--rule", "nobody") == "unknown-rule"
