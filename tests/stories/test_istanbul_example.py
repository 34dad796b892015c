"""examples/istanbul as it stands: the annex holds its own rules, and its story comes out as its README says."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
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
    plain, silence = "as the sample charter has it", "a finding by silence, which any other member breaks"
    all_refuse = "a finding unless all others refuse"
    assert here[silence]["price"]["mid"] > away[silence]["price"]["mid"] > away[all_refuse]["price"]["mid"]
    assert away[plain]["price"]["mid"] == pytest.approx(away[all_refuse]["price"]["mid"], abs=1e-4)
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


def printed(standing: str) -> list[str]:
    """Return the lines that the README says the run prints with Kabul ``standing``, of the blocks below it."""
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8").partition(f"**With Kabul {standing}**")[2]
    below = text.partition("**With Kabul away**" if standing == "at the table" else "The small federations")[0]
    return [line for block in re.findall(r"```text\n(.*?)```", below, re.DOTALL) for line in block.splitlines()]


@pytest.mark.process
@pytest.mark.parametrize(("which", "standing", "lines"), [("present", "at the table", 11), ("absent", "away", 8)])
def test_the_story_comes_out_as_the_readme_prints_it(which: str, standing: str, lines: int, tmp_path: Path) -> None:
    """Real nodes, by the public commands, from a directory of no meaning: every line of the README, in its order.

    Each command of the script has two minutes at most, and so has each wait; it leaves nothing behind.
    """
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("HAMSAYA_", "PYTHON"))}
    run = subprocess.run([sys.executable, EXAMPLE / "run.py", "--with", which], capture_output=True, text=True,
                         timeout=600, cwd=tmp_path, env={**bare, "TMPDIR": str(tmp_path)})
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-4000:]
    expected, told = printed(standing), iter(line.strip() for line in run.stdout.splitlines())
    assert len(expected) == lines
    for line in expected:  # An iterator that has passed a line never comes back to it.
        assert line in told, f"not printed, or not in its place: {line}\n{run.stdout}"
    assert not list(tmp_path.iterdir()), "the example leaves nothing behind"
