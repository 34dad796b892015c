"""examples/istanbul as it stands: the annex holds its own rules, and its story comes out as its README says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "istanbul"


def example() -> ModuleType:
    """Return the example's script as a module."""
    spec = importlib.util.spec_from_file_location("istanbul_example", EXAMPLE / "run.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_figures_say_what_the_readme_says_of_them() -> None:
    """A negotiator quotes these rows."""
    found: dict[str, Any] = example().main(["--paper"])["paper"]
    assert 50 < found["visits_per_year"] < 60
    away, here = ({row["title"]: row for row in found[name]} for name in ("absent", "present"))
    blocked = "a finding by consensus, the accused may block"
    assert not away[blocked]["purchasable"] and not here[blocked]["purchasable"]
    plain, all_refuse = "as the sample charter has it", "a finding unless all others refuse"
    assert here[plain]["price"]["mid"] > away[plain]["price"]["mid"] > away[all_refuse]["price"]["mid"]
    assert here[all_refuse]["price"]["mid"] == pytest.approx(away[all_refuse]["price"]["mid"], abs=1e-4)
    panel, colluding = "the panel of this annex, two of three", "the same, one seat colluding"
    assert away[plain]["price"]["mid"] < away[panel]["price"]["mid"] < away[colluding]["price"]["mid"]
    alone, more = "the same with CASA-1000 alone at stake", "the same with TAP-500 added"
    assert away[alone]["price"] == away[more]["price"]
    assert away[more]["break_even_musd"] > away[alone]["break_even_musd"]


def test_everything_illustrative_is_labelled() -> None:
    """No published text of the mechanism exists; nothing here may read as if one did."""
    for path in EXAMPLE.glob("annex/commitments/*.toml"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# ILLUSTRATIVE") and 'title = "EXERCISE' in text
    for path in EXAMPLE.glob("annex/tranches/*.toml"):
        assert 'source = "EXERCISE' in path.read_text(encoding="utf-8")
    assert "Everything here is illustrative" in (EXAMPLE / "README.md").read_text(encoding="utf-8")


@pytest.mark.process
def test_the_story_with_kabul_present_comes_out() -> None:
    """Evidence, a finding, a notice, a refusal to touch medicine, a vote: between real nodes, by the public commands.

    Each command of the script has two minutes at most, and so has each wait.
    """
    told: dict[str, Any] = example().main(["--with", "present"])["present"]
    assert told["before"]["AF-2"]["words"] == "unverified" and told["before"]["AF-2"]["access_denied"] == 1
    assert told["after"]["AF-2"]["rating"] == "NC"
    assert told["after"]["AF-2"]["posterior"]["breach"]["mid"] > told["before"]["AF-2"]["posterior"]["breach"]["mid"]
    assert told["tranches"] == {"T-CASA": "continued", "T-MED": "running", "T-UAP": "running"}
    assert "humanitarian" in told["refusal"] and "continued-by-vote" in told["early"]
    assert told["live"]["after"]["price"]["mid"] < told["live"]["before"]["price"]["mid"]
