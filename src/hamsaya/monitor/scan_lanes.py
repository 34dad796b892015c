"""Whole vectors of counts at a time: three operations that the scan's inner loop is made of.

A compiler does not find these loops by itself (short rows, three arrays that might overlap), so they are spelt out as
vectors of ``LANES`` numbers in LLVM's own words. LLVM fits them to the processor at hand; results are whole numbers and
so the same on each.

Rules
1. Rows are multiples of ``LANES`` long; bounds are the caller's to keep.
2. Counts stay below ``pad(dtype)``, which no count reaches: a bar of ``pad`` is never met, and no difference overflows.

    add_places(sums, 0, 1, counts, places, first, last)   # sums[1] = sums[0] + counts[places[first:last]].sum(0)
    reaches(sums, 1, bars, row)                           # (sums[1] >= bars[row]).any()
    span_reaches(sums, 1, bars, row, bins, longest)       # any sums[1][a + l] - sums[1][a] >= its bar
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils as _cgutils

from hamsaya.monitor.compiled import intrinsic

cgutils: Any = _cgutils
ir: Any = cgutils.ir

LANES = 32
_I64 = ir.IntType(64)
_N = ir.Constant(_I64, LANES)


def pad(dtype: Any) -> int:
    """Return the bar that no count of this dtype may reach (rule 2): a quarter of its span."""
    return (int(np.iinfo(dtype).max) + 1) // 2


def rounded(width: int) -> int:
    """Return the least multiple of ``LANES`` that is not below ``width``."""
    return -(-width // LANES) * LANES


class _Rows:
    """The rows of a C-contiguous two-dimensional array, inside generated code."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        array = context.make_array(kind)(context, builder, value)
        self.builder, self.data = builder, array.data
        self.width = builder.extract_value(array.shape, 1)
        self.vector = ir.VectorType(context.get_data_type(kind.dtype), LANES)

    def _place(self, offset: Any) -> Any:
        return self.builder.bitcast(self.builder.gep(self.data, [offset]), self.vector.as_pointer())

    def start(self, row: Any) -> Any:
        return self.builder.mul(row, self.width)

    def load(self, offset: Any) -> Any:
        loaded = self.builder.load(self._place(offset))
        loaded.align = self.vector.element.width // 8  # Windows start anywhere, so no vector is aligned.
        return loaded

    def store(self, value: Any, offset: Any) -> None:
        stored = self.builder.store(value, self._place(offset))
        stored.align = self.vector.element.width // 8


class _Highest:
    """The running maximum, lane by lane, of counts less their bars; it starts below zero."""

    def __init__(self, builder: Any, vector: Any) -> None:
        self.builder, self.vector = builder, vector
        self.slot = cgutils.alloca_once(builder, vector)
        builder.store(ir.Constant(vector, [-1] * LANES), self.slot)

    def add(self, value: Any) -> None:
        known = self.builder.load(self.slot)
        more = self.builder.icmp_signed(">", value, known)
        self.builder.store(self.builder.select(more, value, known), self.slot)

    def reached(self) -> Any:
        zero, bits = ir.Constant(self.vector, [0] * LANES), ir.IntType(LANES)
        lanes = self.builder.icmp_signed(">=", self.builder.load(self.slot), zero)
        return self.builder.icmp_unsigned("!=", self.builder.bitcast(lanes, bits), ir.Constant(bits, 0))


@intrinsic
def add_places(
    typing: Any, sums: Any, source: Any, target: Any, counts: Any, places: Any, first: Any, last: Any
) -> Any:
    """Set row ``target`` of ``sums`` to row ``source`` plus the rows of ``counts`` at ``places[first:last]``.

    ``sums`` may be wider than ``counts``; what lies beyond is left alone. ``places`` is int32, >= 0.
    """

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        into = _Rows(context, builder, signature.args[0], given[0])
        rows = _Rows(context, builder, signature.args[3], given[3])
        names = context.make_array(signature.args[4])(context, builder, given[4]).data
        origin, goal = into.start(given[1]), into.start(given[2])
        total = cgutils.alloca_once(builder, rows.vector)
        with cgutils.for_range(builder, builder.udiv(rows.width, _N)) as chunk:
            offset = builder.mul(chunk.index, _N)
            builder.store(into.load(builder.add(origin, offset)), total)
            with cgutils.for_range(builder, given[6], start=given[5], intp=_I64) as step:
                place = builder.zext(builder.load(builder.gep(names, [step.index])), _I64)
                more = rows.load(builder.add(rows.start(place), offset))
                builder.store(builder.add(builder.load(total), more), total)
            into.store(builder.load(total), builder.add(goal, offset))
        return context.get_dummy_value()

    return types.void(sums, types.int64, types.int64, counts, places, types.int64, types.int64), generate


@intrinsic
def reaches(typing: Any, sums: Any, at: Any, bars: Any, row: Any) -> Any:
    """Return whether any count of row ``at`` of ``sums`` is at or above its bar in ``row`` of ``bars``."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        counts = _Rows(context, builder, signature.args[0], given[0])
        table = _Rows(context, builder, signature.args[2], given[2])
        origin, start = counts.start(given[1]), table.start(given[3])
        highest = _Highest(builder, table.vector)
        with cgutils.for_range(builder, builder.udiv(table.width, _N)) as chunk:
            offset = builder.mul(chunk.index, _N)
            count = counts.load(builder.add(origin, offset))
            highest.add(builder.sub(count, table.load(builder.add(start, offset))))
        return highest.reached()

    return types.boolean(sums, types.int64, bars, types.int64), generate


@intrinsic
def span_reaches(typing: Any, sums: Any, at: Any, bars: Any, row: Any, bins: Any, longest: Any) -> Any:
    """Return whether any difference ``sums[at, a + l] - sums[at, a]`` is at or above its bar in ``row`` of ``bars``.

    ``a`` runs from 0, ``l`` from 1 to ``longest``, ``a + l`` to ``bins``. Bars lie as ``scan_space.spans`` puts them:
    for each chunk of ``LANES`` starts, for each length, ``LANES`` bars.
    """

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        counts = _Rows(context, builder, signature.args[0], given[0])
        table = _Rows(context, builder, signature.args[2], given[2])
        origin = counts.start(given[1])
        highest = _Highest(builder, table.vector)
        position = cgutils.alloca_once(builder, _I64)
        builder.store(table.start(given[3]), position)
        chunks = builder.udiv(builder.add(given[4], ir.Constant(_I64, LANES - 1)), _N)
        with cgutils.for_range(builder, chunks) as chunk:
            offset = builder.mul(chunk.index, _N)
            here = builder.add(origin, offset)
            left, start = builder.sub(given[4], offset), builder.load(position)
            lengths = builder.select(builder.icmp_signed("<", left, given[5]), left, given[5])
            before = counts.load(here)
            with cgutils.for_range(builder, lengths, intp=_I64) as step:
                later = counts.load(builder.add(here, builder.add(step.index, ir.Constant(_I64, 1))))
                bar = table.load(builder.add(start, builder.mul(step.index, _N)))
                highest.add(builder.sub(builder.sub(later, before), bar))
            builder.store(builder.add(start, builder.mul(lengths, _N)), position)
        return highest.reached()

    return types.boolean(sums, types.int64, bars, types.int64, types.int64, types.int64), generate
