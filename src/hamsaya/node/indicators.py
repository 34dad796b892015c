"""Indicators of commitments, computed from the joint picture as this node holds it."""

from __future__ import annotations

from collections.abc import Iterator

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import to_text
from hamsaya.compliance.indicator import Count, Figure, figure
from hamsaya.compliance.types import Commitment
from hamsaya.messages.compliance import Commit, Query
from hamsaya.monitor import picture as pictures
from hamsaya.monitor.types import PictureDoc, months
from hamsaya.node.core import Node


def indicator(node: Node, commitment: str) -> list[Figure]:
    """Return a figure for each whole period from the month after the promise to the last month reported.

    Raises:
        OperatorError: no such commitment (``unknown-commitment``), or one that people attest (``not-computed``).
    """
    record = node.state.compliance.commitments.get(commitment)
    if record is None:
        raise OperatorError(f"this node knows no commitment {commitment}; see: hamsaya compliance status",
                            code="unknown-commitment")
    query = record.terms.query
    if query is None:
        raise OperatorError(f"{commitment} names no query: people attest it; see: hamsaya compliance evidence",
                            code="not-computed")
    return [_figure(node, record, query, first, last) for first, last in periods(node, record, query)]


def periods(node: Node, record: Commitment, query: Query) -> Iterator[tuple[str, str]]:
    """Yield the first and last month of each whole period since the promise that anybody reported on."""
    reported = [last for _, _, last in node.state.monitor.parts]
    if not reported:
        return
    after = months(to_text(record.made_at)[:7], max(reported))[1:]
    for start in range(0, len(after) - query.months + 1, query.months):
        yield after[start], after[start + query.months - 1]


def _figure(node: Node, record: Commitment, query: Query, first: str, last: str) -> Figure:
    areas = {cell: node.agreement.areas.get(cell, frozenset()) for cell in query.cells}
    return figure_of(record.terms, pictures.picture(node.state.monitor, areas, first, last), first, last)


def figure_of(terms: Commit, document: PictureDoc, first: str, last: str) -> Figure:
    """Return what the picture ``document`` of the query's cells says of ``terms``."""
    observed = frozenset(cell.gid for cell in document.cells if cell.status == "observed")
    return figure(terms, first, last, observed, _counts(document))


def _counts(document: PictureDoc) -> Iterator[Count]:
    for cell in document.cells:
        for pooled in cell.pooled:
            yield Count(cell.gid, pooled.violence, (pooled.incidents_low, pooled.incidents_high),
                        (pooled.best_low, pooled.best_high))
