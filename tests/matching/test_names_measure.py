"""Recall and precision, counted by hand on four pairs."""

from __future__ import annotations

from hamsaya.matching.names_measure import Pair, measure, script_name

PAIRS = [
    Pair("Ahmad Zahir", "احمد ظاهر", True, "fa"),
    Pair("Ahmad Zahir", "郭沫若", True, "zh"),
    Pair("Ahmad Zahir", "Анна Ахматова", False, "fa"),
    Pair("Ahmad Zahir", "Ahmed Zaher", False, "la"),
]


def test_recall_and_precision_are_the_shares_they_are_called() -> None:
    """One of two true pairs is found, and one false pair is, on purpose: half and half."""
    found = measure(PAIRS)
    for way in (found.overall.keys, found.overall.rank):
        assert (way.recall, way.precision, way.hits, way.false_hits) == (0.5, 0.5, 1, 1)
        assert way.false_hits_per_million == 500_000.0
    assert (found.overall.pairs, found.overall.matches) == (4, 2)


def test_groups_and_scripts_are_counted_apart() -> None:
    """What was never there to find has no recall; what was never found has no precision."""
    found = measure(PAIRS)
    assert {name: (one.pairs, one.keys.recall, one.keys.precision) for name, one in found.groups.items()} == {
        "fa": (2, 1.0, 1.0), "zh": (1, 0.0, None), "la": (1, None, 0.0)}
    assert list(found.scripts) == ["arabic-latin", "cyrillic-latin", "han-latin", "latin-latin"]


def test_nothing_measured_says_unknown_and_not_nought() -> None:
    """An empty file must not read as a perfect score or as a failure."""
    found = measure([])
    assert (found.overall.keys.recall, found.overall.keys.precision, found.groups) == (None, None, {})


def test_pairs_are_read_once() -> None:
    """A generator is enough, so a file of any size is."""
    assert measure(iter(PAIRS)) == measure(PAIRS)


def test_script_by_the_first_letter() -> None:
    """Signs before the name do not count; other scripts are read as Latin."""
    names = ("«Ахмад»", "احمد", "王", "Ahmad", "Αχμέτ", "")
    assert [script_name(name) for name in names] == ["cyrillic", "arabic", "han", "latin", "latin", "latin"]
