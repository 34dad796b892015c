"""What all tests share: where real data lies, how property tests run, what else of the check failed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# "ci" gives every machine the same cases, and slow shared cores no false alarm. The nightly search is
# `python3 dev.py test --hypothesis-profile nightly`.
settings.register_profile("ci", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", settings.get_profile("ci"), derandomize=False, max_examples=2000)
settings.load_profile("ci")


@pytest.fixture(scope="session")
def nightly(pytestconfig: pytest.Config) -> bool:
    """Whether this is the nightly search: own drivers of random histories then play far longer."""
    return bool(pytestconfig.getoption("--hypothesis-profile", default=None) == "nightly")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data, never part of the repository; a test is skipped by name where it is absent."""
    folder = Path(os.environ.get("HAMSAYA_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("real data absent: set HAMSAYA_DATA to its folder, or lay it at ../shared/data")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say above pytest's closing line what `dev.py test` found failing before pytest began."""
    if failed := os.environ.get("HAMSAYA_FAILED_CHECKS"):
        terminalreporter.write_line(f"FAILED before the tests: {failed} (see the top of this run)", red=True)
