"""The arithmetic of verification and incentives by command: known answers, files, charts, and bad input in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Desk

Pair = tuple[Desk, Desk]

JUDGE: dict[str, Any] = {
    "as_of": "2026-03-01", "k": 2, "prior": [0.02, 0.05, 0.2],
    "commitment": {"unit": "percent", "target_low": 90, "target_high": 100},
    "panel": [{"member": name, "bloc": bloc, "mandate_until": "2026-12-31"}
              for name, bloc in (("ava", "north"), ("bel", "south"), ("cyr", "east"))],
    "reports": {"ava": "breach", "bel": "breach"},
    "evidence": [{"by": "cyr", "class": "joint-visit", "date": "2026-02-11", "value": 50, "unit": "percent"}],
}
PLAN: dict[str, Any] = {
    "quarters": 12, "suspension_quarters": 8, "topup_cap_musd": 40,
    "members": {"ava": {"cost": [3, 4, 5], "a": [0.02, 0.05, 0.08], "b": [0.5, 0.7, 1.0], "r": [0.1, 0.2]}},
    "projects": {"line": {"benefits": {"ava": [8, 10, 12]}, "payments": {"bel": 5}, "losses": {"bel": 1}}},
    "senders": {"bel": {"value": 60, "r": 0.1, "topups": 1.0}},
}


@pytest.fixture
def desk(pair: Pair) -> Desk:
    return pair[0]


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def file(value: Any, name: str = "file.json") -> str:
        path = tmp_path / name
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        return str(path)

    return file


def test_sampling_says_the_exact_number(desk: Desk) -> None:
    """205 of 1000; with half an eye more; and how often to visit."""
    view = desk.json("compliance", "sampling", "--population", "1000", "--defects", "10", "--nondetection", "0.1")
    assert (view["exact"], view["approximate"], view["visits_per_day"]) == (205, 206, None)
    more = desk.json("compliance", "sampling", "--population", "1000", "--defects", "10", "--nondetection", "0.1",
                     "--p-find", "0.5", "--days", "30")
    assert more["exact"] > 205 and abs(more["visits_per_day"] - 0.153506) < 1e-6
    assert desk.refused("compliance", "sampling", "--population", "5", "--defects", "9", "--nondetection", "0.1"
                        ) == "bad-figure"


def test_streams_are_tested_and_drawn(desk: Desk, write: Any, tmp_path: Path) -> None:
    """Thresholds alone, a stream in words and from a file, and a chart that is one."""
    view = desk.json("compliance", "sprt")
    assert f"{view['ln_a']:.4f} {view['ln_b']:.4f}" == "2.8904 -2.2513" and view["verdict"] is None
    chart = tmp_path / "sprt.svg"
    view = desk.json("compliance", "sprt", "--p0", "0.1", "--p1", "0.4", "--stream", write("0 1 1\n0 1", "s.txt"),
                     "--figure", str(chart))
    assert (view["verdict"], view["after"]) == ("breach", 5) and "<svg" in chart.read_text()
    assert desk.refused("compliance", "sprt", "--stream", "0,1") == "bad-figure"
    assert desk.run("compliance", "sprt", "--p0", "0.1", "--p1", "0.4", "--stream", "0,x").exit_code == 2
    cusum = desk.json("compliance", "cusum", "--honest", "1", "--breach", "3", "--stream", "1,0,2,4,3,5")
    assert cusum["alarm"] == 6 and cusum["run_length_honest"] > 100 * cusum["run_length_breach"]


def test_attestors_are_learned_from_a_table(desk: Desk, write: Any, tmp_path: Path) -> None:
    """Two who agree and one who does not; what one source said twice unlike is told, not hidden."""
    rows = ["item,attestor,label"]
    rows += [f"{n},{who},{'breach' if n % 3 == 0 else 'none'}" for n in range(30) for who in ("ava", "bel")]
    rows += [f"{n},cyr,{'none' if n % 3 == 0 else 'breach'}" for n in range(30)] + ["0,ava,none"]
    file, chart = write("\n".join(rows), "labels.csv"), tmp_path / "a.png"
    view = desk.json("compliance", "attestors", file, "--figure", str(chart))
    assert abs(view["prevalence"]["breach"] - 1 / 3) < 0.01
    liar = next(each for each in view["attestors"] if each["attestor"] == "cyr")
    assert liar["confusion"]["breach"]["none"] > 0.95 and liar["accuracy"] < 0.05
    assert view["contradictions"] == ["ava called 0 breach and none"]
    assert chart.read_bytes().startswith(b"\x89PNG")


def test_attestors_by_relation_and_bloc(desk: Desk, write: Any) -> None:
    """One attestor judges friends and rivals apart; a bloc's agreement is measured."""
    rows = ["item,attestor,label,relation,bloc"]
    for n in range(60):
        truth = n % 2
        rows.append(f"{n},ava,{truth if n % 4 else 0},{'friend' if n % 3 else 'rival'},north")
        rows += [f"{n},{who},{truth},other,{bloc}"
                 for who, bloc in (("bel", "south"), ("cyr", "south"), ("dov", "east"))]
    view = desk.json("compliance", "attestors", write("\n".join(rows), "r.csv"), "--prior", "1")
    assert {(each["attestor"], each["relation"]) for each in view["attestors"]} >= {("ava", "friend"), ("ava", "rival")}
    assert 0.0 <= view["rho"] <= 1.0


@pytest.mark.parametrize("text", ["item,attestor\n1,ava", "item,attestor,label\n1,ava,", "item,attestor,label\n1,a,x"])
def test_a_table_that_is_none_is_refused(desk: Desk, write: Any, text: str) -> None:
    """A column missing, a cell empty, a single label: the sentence says which."""
    assert desk.refused("compliance", "attestors", write(text, "bad.csv")) == "bad-file"


def test_ratings_are_tallied_and_trigger(desk: Desk, write: Any) -> None:
    """U is shown apart, and the follow-up is what the file's rule asks for."""
    file = {"as_of": "2026-03-01", "ratings": {"R1": "C", "R2": "NC", "R3": "PC", "R4": "U"},
            "triggers": [{"name": "many", "words": ["NC", "PC"], "at_least": 2, "then": "enhanced"}]}
    view = desk.json("compliance", "rating", write(file))
    assert view["tally"] == {"C": 1, "LC": 0, "PC": 1, "NC": 1, "U": 1} and view["unverified"] == 1
    assert view["follow_up"] == "enhanced" and view["score"] is None
    for change in ({"as_of": "1404-12-10"}, {"ratings": {}}, {"ratings": {"R1": "good"}}, {"colour": 1},
                   {"triggers": [{"name": "x", "words": ["X"], "at_least": 1}]}):
        assert desk.refused("compliance", "rating", write({**file, **change})) == "bad-file"


def test_a_commitment_is_judged(desk: Desk, write: Any) -> None:
    """Two of three saw a breach: more probable than before, and the evidence graded by itself."""
    view = desk.json("compliance", "judge", write(JUDGE))
    assert view["breach"]["mid"] > 0.3 and view["grade"] == "fair" and view["rating_reached"]
    assert (view["measurements"], view["outside_target"]) == (1, 1)
    silent = desk.json("compliance", "judge", write({**JUDGE, "reports": {}, "evidence": []}))
    assert silent["grade"] == "none" and "unverified" in " ".join(silent["words"])


EVIDENCE = JUDGE["evidence"][0]
BAD_JUDGEMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "units": ({"evidence": [{**EVIDENCE, "unit": "share"}]}, "units do not match"),
    "an empty panel": ({"panel": [], "reports": {}}, "empty"),
    "an expired mandate": ({"panel": [{**seat, "mandate_until": "2026-02-28"} for seat in JUDGE["panel"]]}, "ended on"),
    "one source against itself": ({"evidence": [EVIDENCE, {**EVIDENCE, "value": 95}]}, "contradicts itself"),
    "another calendar": ({"as_of": "1404-12-10"}, "calendar"),
    "another calendar in the evidence": ({"evidence": [{**EVIDENCE, "date": "1404-11-22"}]}, "calendar"),
    "a stranger": ({"reports": {"zed": "breach"}}, "no seat"),
    "a bloc that decides": ({"panel": [{**seat, "bloc": "north"} for seat in JUDGE["panel"]]}, "bloc"),
    "k beyond the seats": ({"k": 4}, "k from 1"),
    "measured though denied": ({"evidence": [{**EVIDENCE, "class": "access-denied"}]}, "denied access"),
    "from tomorrow": ({"evidence": [{**EVIDENCE, "date": "2026-03-02"}]}, "after the day"),
    "a value without its unit": ({"evidence": [{**EVIDENCE, "unit": None}]}, "together"),
    "a target upside down": ({"commitment": {**JUDGE["commitment"], "target_low": 101}}, "target_low"),
    "no interval": ({"prior": [0.3, 0.1]}, "prior"),
}


@pytest.mark.parametrize(("change", "said"), BAD_JUDGEMENTS.values(), ids=BAD_JUDGEMENTS.keys())
def test_a_judgement_on_bad_ground_is_a_sentence(desk: Desk, write: Any, change: dict[str, Any], said: str) -> None:
    """Each is refused with what was wrong, and the file is as it was."""
    file = write({**JUDGE, **change})
    before = Path(file).read_bytes()
    result = desk.run("compliance", "judge", file)
    assert result.exit_code == 1 and said in result.stderr and "Traceback" not in result.stderr
    assert Path(file).read_bytes() == before


def test_the_price_of_a_cost(desk: Desk) -> None:
    """A cost of 20 at a price of 1.4 needs 28; at an endless price no flow does."""
    view = desk.json("linkage", "price", "--a", "0.2", "--b", "1.2", "--r", "0.2", "--cost", "20")
    assert abs(view["flow_needed_musd"]["mid"] - 28) < 1e-9
    endless = desk.json("linkage", "price", "--a", "1", "--b", "1", "--r", "0.2", "--cost", "20")
    assert endless["flow_needed_musd"]["mid"] is None and not endless["purchasable"]
    assert desk.json("linkage", "price", "--cost", "20")["flow_needed_musd"]["low"] >= 20


def test_break_even_rather_than_a_guess(desk: Desk, tmp_path: Path) -> None:
    """45, 36 and 26 million; not purchasable is a sentence and no failure."""
    chart = tmp_path / "b.svg"
    view = desk.json("linkage", "break-even", "--tau", "55", "--a", "0.05", "--b", "0.7", "--cost", "40",
                     "--figure", str(chart))
    assert [round(row["c_max_musd"]) for row in view["rows"]] == [45, 36, 26] and chart.exists()
    assert any("not purchasable at this flow" in text for text in view["words"])
    never = desk.json("linkage", "break-even", "--tau", "55", "--a", "0.7", "--b", "0.7", "--r", "0.1")
    assert not never["purchasable"] and never["rows"][0]["price"] is None and "Not purchasable" in never["words"][0]


def test_reviews_coalitions_and_shares(desk: Desk, write: Any) -> None:
    """Three incidents in about a quarter; eight at 23.99; 10, 25 and 65."""
    view = desk.json("linkage", "review-window", "--honest", "2", "--breach", "12", "--discount", "0.1")
    assert view["best"]["trigger"] == 3 and view["best"]["price"] < view["at_once"]
    upside_down = ("--honest", "3", "--breach", "2", "--discount", "0.1")
    assert desk.refused("linkage", "review-window", *upside_down) == "bad-figure"
    assert desk.json("linkage", "coalition", "--members", "9", "--club", "23.99")["stable_size"] == 8
    assert desk.json("linkage", "coalition", "--members", "9", "--cost", "3.4", "--benefit", "1")["linear_size"] == 4
    assert list(desk.json("linkage", "coalition", "--shares", "30,60,100")["shares"].values()) == [10, 25, 65]
    glove = {"values": {"l": 0, "r": 0, "s": 0, "l+r": 1, "l+s": 1, "r+s": 0, "l+r+s": 1}}
    assert abs(desk.json("linkage", "coalition", write(glove))["shares"]["l"] - 2 / 3) < 1e-9
    like = {"members": {name: {"benefit": 1, "cost": 1} for name in ("ava", "bel", "cyr", "dov")}}
    assert desk.json("linkage", "coalition", write(like))["stable_size"] == 3
    del glove["values"]["l+r"]
    assert desk.refused("linkage", "coalition", write(glove)) == "bad-file"
    assert desk.refused("linkage", "coalition", write({"payoffs": {"a+b": {"a": 1}, "a": {}, "b": {}}})) == "bad-file"
    for words in (["--members", "3", "--shares", "1"], ["--members", "3", "--cost", "1"], ["--shares", "x"]):
        assert desk.run("linkage", "coalition", *words).exit_code == 2


def test_a_schedule_from_a_file(desk: Desk, write: Any, tmp_path: Path) -> None:
    """Solved, tried in worlds, drawn; the member and what binds it are named."""
    chart = tmp_path / "plan.png"
    view = desk.json("linkage", "schedule", write(PLAN), "--worlds", "2000", "--figure", str(chart))
    assert view["trial"]["incentive_breaks"] == 0 and view["members"]["ava"]["margin_musd"] >= 0
    assert view["projects"]["line"]["credibility"] == 10 and len(view["members"]["ava"]["flow_musd"]) == 12
    assert chart.exists()


@pytest.mark.parametrize(("path", "value", "code", "said"), [
    (("members", "ava", "unit"), "MUSD/year", "bad-file", "units do not match"),
    (("members", "ava", "b"), [0.05, 0.7, 1.0], "not-purchasable", "not purchasable"),
    (("members", "ava", "cost"), 1e9, "not-purchasable", "short are ava"),
    (("projects", "line", "goods"), "medicine", "bad-file", "never stopped"),
    (("projects", "line", "benefits"), {"zed": 1}, "bad-file", "none of the members"),
    (("members", "ava", "r"), [0.3, 0.2], "bad-file", "members.ava.r"),
    (("start",), "1404-07-01", "bad-file", "calendar"),
    (("members",), {}, "bad-file", "at least one member"),
    (("colour",), 1, "bad-file", "colour"),
])
def test_a_schedule_that_cannot_be_is_a_sentence(
    desk: Desk, write: Any, path: tuple[str, ...], value: Any, code: str, said: str
) -> None:
    """Units, b at or below a, a cost beyond every flow, medicine as a lever: each says what to do."""
    plan = json.loads(json.dumps(PLAN))
    table = plan
    for name in path[:-1]:
        table = table[name]
    table[path[-1]] = value
    result = desk.run("linkage", "schedule", write(plan), "--json")
    error = json.loads(result.stdout)["error"]
    assert result.exit_code == 1 and error["code"] == code and said in error["message"]


def test_what_if_of_a_pack_and_of_a_node(desk: Desk, tmp_path: Path) -> None:
    """Without a node from the pack; with one from its charter and its record; both say the cheapest next step."""
    setting = ("--set", "charter.finding.rule=negative-consensus", "--set", "visits=12")
    chart = tmp_path / "w.svg"
    pack = desk.json("linkage", "what-if", *setting, "--pack", "afpak", "--figure", str(chart))
    assert pack["after"]["price"]["mid"] < pack["before"]["price"]["mid"] and pack["cheapest"] and chart.exists()
    other = desk.json("linkage", "what-if", *setting, "--charter", "2026-12-01")
    assert other["after"]["links"][3]["source"].startswith("charter of 2026-12-01")
    assert desk.refused("linkage", "what-if", "--pack", "afpak", "--set", "visits=x") == "bad-setting"
    node = desk.json("linkage", "what-if", "--set", "charter.finding.rule=consensus")
    assert node["after"]["price"]["mid"] is None and not node["after"]["purchasable"]
    assert "no flow suffices" in desk.run("linkage", "what-if", "--set", "charter.finding.rule=consensus").stdout


def test_a_packs_figures_keep_source_date_and_dispute(desk: Desk) -> None:
    """Every figure is an interval with a source; one that is chosen says whether it is disputed."""
    views = desk.json("linkage", "projects")
    figures = [figure for view in views for figure in view["figures"]]
    assert len(views) == 16 and all(f["low"] <= f["value"] <= f["high"] and f["source"] and f["as_of"] for f in figures)
    view = desk.json("linkage", "what-if", "--pack", "afpak", "--set", "flow.casa-1000.transit-fee-af=on")
    (flow,) = view["flows"]
    assert flow["dispute"] and flow["as_of"] == "2025-03" and flow["musd"] == {"low": 45.0, "mid": 55.0, "high": 65.0}
    assert "casa-1000" in desk.run("linkage", "projects").stdout


def test_charts_have_two_forms(desk: Desk) -> None:
    """Another ending is refused before anything is drawn."""
    assert desk.refused("compliance", "sprt", "--p0", "0.1", "--p1", "0.4", "--stream", "1", "--figure", "x.pdf"
                        ) == "bad-file"
