"""Fixtures of the fault tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.crash import Crashes


@pytest.fixture(scope="session")
def crashes() -> Iterator[Crashes]:
    """Starts nodes in processes of their own."""
    started = Crashes()
    yield started
    started.close()
