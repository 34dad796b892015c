"""Published answers worked out live, panels and suspensions by command: digits, limits, and bad input in words."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Desk

Pair = tuple[Desk, Desk]
ROWS = {"B1", "B2", "B21", "B5", "B6", "B7", "B8", "B9", "C1", "C2", "C3", "C31", "C32", "C33", "C34", "C4", "C5",
        "C6", "C7", "C8"}


def test_every_published_answer_comes_out_to_its_digits(pair: Pair) -> None:
    """All rows of verification and incentives, and each is computed: a figure altered by one digit differs."""
    views = pair[0].json("linkage", "known")
    assert {view["case"] for view in views} == ROWS and len(views) == 30
    assert [view for view in views if not view["agrees"]] == []
    assert any(view["here"] == "none, 1.597, 1.241, 1.231" for view in views)


def test_a_figure_that_differs_ends_with_1(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is a check, not a page."""
    from hamsaya.linkage import games

    monkeypatch.setattr(games, "first_mover_share", lambda delta: 0.5)
    result = pair[0].run("linkage", "known")
    assert result.exit_code == 1 and "DIFFERS" in result.stdout


@pytest.mark.parametrize(("liars", "seats", "k"), [(1, 3, 2), (2, 5, 3), (3, 7, 4)])
def test_the_least_panel_for_so_many_liars(pair: Pair, liars: int, seats: int, k: int) -> None:
    """3, 5 and 7 seats; with one liar more they decide whatever they like."""
    view = pair[0].json("compliance", "panel", "--liars", str(liars))
    assert (view["seats"], view["k"], view["bears"]) == (seats, k, liars)
    assert view["rows"][liars]["false_alarm"] < 1.0 == view["rows"][k]["false_alarm"]


def test_a_panel_is_judged_and_a_false_one_refused(pair: Pair) -> None:
    """3 of 5 with 0 to 3 colluders, 5 of 9 with two; k beyond the seats, chances beyond 1, and half a question."""
    rows = pair[0].json("compliance", "panel", "--seats", "5", "--k", "3")["rows"]
    assert [f"{row['false_alarm']:.3f}" for row in rows] == ["0.009", "0.052", "0.271", "1.000"]
    (row,) = pair[0].json("compliance", "panel", "--seats", "9", "--k", "5", "--colluders", "2")["rows"]
    assert f"{row['false_alarm']:.4f}" == "0.0257"
    for words in (["--seats", "3", "--k", "5"], ["--liars", "1", "--detect", "1.2"],
                  ["--seats", "3", "--k", "2", "--colluders", "4"]):
        assert pair[0].refused("compliance", "panel", *words) == "bad-figure"
    for words in ([], ["--seats", "3"], ["--liars", "1", "--seats", "3", "--k", "2"]):
        assert pair[0].run("compliance", "panel", *words).exit_code == 2


def test_suspensions_must_be_long(pair: Pair) -> None:
    """2.69, 1.93, 1.47 and the law; the cheapest flow pays nothing first; b at or below a is said."""
    view = pair[0].json("linkage", "suspension", "--a", "0.05", "--b", "0.7", "--r", "0.1")
    assert [f"{row['price']:.2f}" for row in view["rows"]] == ["2.69", "1.93", "1.47", "1.23"]
    assert f"{view['rows'][2]['good_standing']:.2f}" == "0.80" and view["backloaded"][0] == 0.0
    assert view["rent"] < view["flat_rent"] and view["honest"] == pytest.approx(view["breach"])
    never = pair[0].json("linkage", "suspension", "--a", "0.7", "--b", "0.7", "--r", "0.1")
    assert not never["purchasable"] and never["rows"][0]["price"] is None and "Not purchasable" in never["words"][0]
    figures = ["--a", "0.1", "--b", "0.7", "--r"]
    assert pair[0].refused("linkage", "suspension", *figures, "0") == "bad-figure"
    assert pair[0].refused("linkage", "suspension", *figures, "0.1", "--years", "0") == "bad-figure"
