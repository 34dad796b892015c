"""Hypothesis strategies drawn from the message schemas themselves: whatever a schema admits can be drawn."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import NODEFAULT, inspect

from hamsaya.cases.handling import from_words
from hamsaya.messages.catalog import KINDS
from hamsaya.messages.caveats import Caveats, listed

WORDS = st.text(min_size=1, max_size=30)


def plain(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return plain bodies (CBOR values) of ``kind`` that its schema admits; every field is written out."""
    return _fields(inspect.type_info(KINDS[kind]))


def of_type(info: Any) -> st.SearchStrategy[Any]:
    """Return values of one inspected msgspec type."""
    return MAKERS[type(info).__name__](info)


def _text(info: inspect.StrType) -> st.SearchStrategy[str]:
    if info.pattern is not None:
        return st.from_regex(info.pattern)
    return st.text(min_size=info.min_length or 0, max_size=min(info.max_length or 40, 40))


def _integer(info: inspect.IntType) -> st.SearchStrategy[int]:
    low = info.ge if info.ge is not None else -(2**63)
    high = info.le if info.le is not None else (info.lt - 1 if info.lt is not None else 2**63 - 1)
    return st.integers(low, high)


def _number(info: inspect.FloatType) -> st.SearchStrategy[float]:
    return st.floats(info.ge, info.le, allow_nan=False, allow_infinity=False)


def _struct(info: inspect.StructType) -> st.SearchStrategy[Any]:
    if info.cls in SPECIAL:
        return SPECIAL[info.cls]
    assert all(field.default is NODEFAULT for field in info.fields), "a part of a body has no second spelling"
    return _fields(info)


def _fields(info: Any) -> st.SearchStrategy[Any]:
    fields = {field.encode_name: of_type(field.type) for field in info.fields}
    if info.tag_field is not None:
        fields[info.tag_field] = st.just(info.tag)
    return st.tuples(*fields.values()).map(list) if info.array_like else st.fixed_dictionaries(fields)


def _items(info: inspect.ListType) -> st.SearchStrategy[list[Any]]:
    low = info.min_length or 0
    return st.lists(of_type(info.item_type), min_size=low, max_size=max(low, min(info.max_length or 3, 3)))


_CAVEATS = st.builds(
    lambda words, desks: msgspec.to_builtins(from_words(words, listed(*desks))),
    st.sets(st.sampled_from(["not-in-court", "no-onward", "lead-only", "no-death-penalty-or-torture"])),
    st.sets(st.sampled_from(["ava", "bel/liaison", "cor"]), min_size=1),
)
# A conflict cannot be written, so what stands in one part of these depends on the others.
SPECIAL: dict[type, st.SearchStrategy[Any]] = {Caveats: _CAVEATS}

MAKERS: dict[str, Any] = {
    "StrType": _text,
    "IntType": _integer,
    "FloatType": _number,
    "BytesType": lambda info: st.binary(min_size=info.min_length or 0, max_size=info.max_length or 40),
    "NoneType": lambda info: st.none(),
    "BoolType": lambda info: st.booleans(),
    "LiteralType": lambda info: st.sampled_from(info.values),
    "UnionType": lambda info: st.one_of(*map(of_type, info.types)),
    "ListType": _items,
    "StructType": _struct,
}
