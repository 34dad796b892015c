"""Consoles of two nodes: one with something of everything to show, one whose node has heard of nothing yet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.console import scene


@pytest.fixture(scope="session")
def full() -> Iterator[scene.Console]:
    """The console of Pakistan's node after the story, with a reader signed in and files on the desk."""
    yield scene.make_console(scene.federation().node("pk"), desk=scene.desk())


@pytest.fixture(scope="session")
def empty() -> Iterator[scene.Console]:
    """The console of a node that has exchanged cards and signed, with a reader signed in."""
    yield scene.make_console(scene.empty_federation().node("pk"))


@pytest.fixture
def closed() -> scene.Console:
    """A console whose link nobody has used."""
    return scene.make_console(scene.empty_federation().node("pk"), signed_in=False)
