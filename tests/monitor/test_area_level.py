"""Monitoring is by area: no field of any type of its rooms, files or stores can hold a person."""

from __future__ import annotations

import dataclasses
import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import msgspec
import pytest

import hamsaya.monitor
from hamsaya.adapters import eventformats, incidentexport, incidentstore
from hamsaya.messages import alerts
from hamsaya.messages import monitor as messages
from hamsaya.monitor.incidents import DTYPES
from hamsaya.ports import incidents as ports

PERSON = re.compile(
    r"(^|_)(person|name|names|surname|alias|victim|suspect|perpetrator|phone|imsi|imei|email|address|birth|dob|age|sex|"
    r"gender|passport|identity|face|photo|biometric|device|plate|vehicle|ethnicity|religion|sect|tribe|clan|side|dyad|actor|"
    r"headline|article|notes_text|quote)($|_)")
# Reviewed by hand: words of this list that name no person where they stand.
KNOWN = {
    ("ports.incidents.Ingest", "notes"), ("ports.incidents.EventFile", "notes"),
    # Of a file, of features, of a history in months.
    ("monitor.forecast_card.Data", "name"), ("monitor.forecast_features.Group", "names"),
    ("monitor.forecast_rows.Table", "names"), ("monitor.forecast_rows.Learning", "age"),
    # Numbers from 0 to 63 that stand for a class of actors.
    ("monitor.merging_types.Account", "actor"), ("monitor.merging_columns.Columns", "actor"),
    ("monitor.merging_density.Habits", "actor"),
}


def fields() -> Iterator[tuple[str, str]]:
    """Yield (type, field) of every class of the monitoring rooms."""
    modules = [import_module(f"hamsaya.monitor.{one.name}") for one in pkgutil.iter_modules(hamsaya.monitor.__path__)]
    for module in (*modules, messages, alerts, ports):
        short = module.__name__.removeprefix("hamsaya.")
        for name, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ != module.__name__:
                continue
            for field in _fields(kind):
                yield f"{short}.{name}", field


def _fields(kind: Any) -> list[str]:
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind)]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return list(kind.__struct_fields__)
    return list(getattr(kind, "_fields", ()))


def test_no_field_can_hold_a_person() -> None:
    """A pooled table of persons would begin with one such column; the class of who acted is all there is."""
    found = [each for each in fields() if PERSON.search(each[1]) and each not in KNOWN]
    assert not found
    columns = [*DTYPES, *incidentstore.COLUMNS, *incidentexport.NAMES]
    assert [name for name in columns if PERSON.search(name)] == []


def test_columns_of_files_that_name_parties_are_never_read() -> None:
    """The side's classes and states' codes are read; what anybody is called is not."""
    read = {spelling for form in eventformats.FORMATS.values() for names in form.columns.values() for spelling in names}
    forbidden = {"side_a", "side_b", "dyad_name", "conflict_name", "source_article", "source_headline",
                 "source_original", "where_description", "where_coordinates", "actor1", "actor2", "assoc_actor_1",
                 "assoc_actor_2", "notes", "source", "tags"}
    assert not read & forbidden


@pytest.mark.parametrize("field", ["name", "side_a", "actor", "person", "phone_number"])
def test_the_check_itself_finds_such_a_field(field: str) -> None:
    """A pattern that matched nothing would guard nothing."""
    assert PERSON.search(field)
