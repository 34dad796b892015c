"""Someone with a store of incidents of their own and no node, who types commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from hamsaya.cli.main import app
from tests.adapters.eventmaking import text_of


class Analyst:
    """Someone with a store of their own and no node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *words: str) -> Result:
        """Return what the command did."""
        return CliRunner().invoke(app, ["monitor", *words], env={"HAMSAYA_INCIDENTS": str(self.folder / "store")})

    def json(self, *words: str) -> Any:
        """Return the one JSON value of a command that succeeds."""
        result = self.run(*words, "--json")
        assert result.exit_code == 0, f"{words}: {result.stdout}{result.stderr}{result.exception!r}"
        return json.loads(result.stdout)

    def refused(self, *words: str) -> dict[str, str]:
        """Return code and message of a command that is refused."""
        result = self.run(*words, "--json")
        assert result.exit_code == 1, f"{words}: {result.exit_code} {result.stdout}{result.stderr}"
        return dict(json.loads(result.stdout)["error"])

    def put(self, rows: list[dict[str, Any]], name: str = "ged.csv") -> str:
        """Write a file and return its name."""
        (self.folder / name).write_text(text_of(rows), encoding="utf-8")
        return str(self.folder / name)

    def take_in(self, name: str, rows: list[dict[str, Any]], known: str) -> str:
        """Take in rows as a candidate release known on a day, and return the file's name."""
        path = self.put(rows, name)
        self.json("ingest", path, "--format", "ucdp-candidate", "--as-of", known, "--covers", "1990-01:1990-01")
        return path
