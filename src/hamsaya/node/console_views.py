"""Views that only the pages need, beside ``node.views`` and ``node.actions``.

The joint picture of a wide period takes long enough to delay the writer, so its parts are asked of the writer (they
are frozen) and it is put together on another thread.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hamsaya.cases import views as cases_views
from hamsaya.cases.types import TaskView
from hamsaya.charter.types import CompetentView, InstrumentView, ReservationView, StandingView
from hamsaya.monitor import picture as pictures
from hamsaya.monitor.types import PictureDoc, State, TableRow
from hamsaya.node import charter_views, views
from hamsaya.node.charter_views import ChapterView, DecisionView, RelationView
from hamsaya.node.core import Node
from hamsaya.node.views import LogRowView, OutboxView, PeerView, RefusalView, StatusView


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """What the first page shows, of one committed state. ``to_vote`` waits for this party's own vote."""

    status: StatusView
    latest: list[LogRowView]
    tasks: list[TaskView]
    peers: list[PeerView]
    waiting: list[OutboxView]
    to_vote: list[DecisionView]


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """Leaves ``first`` to ``last`` - 1, newest first, of a log of ``size`` leaves; refusals on the newest page only."""

    size: int
    first: int
    last: int
    rows: list[LogRowView]
    checkpoint: str | None
    cosigned_size: int | None
    witnesses: list[str]
    refusals: list[RefusalView]


class JointPicture(msgspec.Struct, frozen=True, kw_only=True):
    """The picture, its digest, its table, and whether each member that stated a digest for it states this one."""

    document: PictureDoc
    digest: str
    rows: list[TableRow]
    stated: dict[str, bool]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What binds this node, and whose data it shows."""

    instruments: list[InstrumentView]
    sources: list[tuple[str, str]]


class CharterPage(msgspec.Struct, frozen=True, kw_only=True):
    """The charter in effect, what is decided under it, who stands where, and who acts for whom."""

    title: str
    dated: str
    draft: bool
    recognition: str
    instruments: list[InstrumentView]
    decisions: list[DecisionView]
    standings: list[StandingView]
    competent: list[CompetentView]


class InstrumentPage(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument whole: how far it is in force, its articles, the reservations and what they leave."""

    instrument: InstrumentView
    chapter: ChapterView
    reservations: list[ReservationView]
    relations: list[RelationView]


def charter(node: Node) -> CharterPage:
    """Return the charter's first page."""
    document = node.agreement.charter.document
    return CharterPage(
        title=document.title, dated=document.dated, draft=document.draft, recognition=document.recognition,
        instruments=views.instruments(node), decisions=charter_views.decisions(node),
        standings=views.standings(node), competent=views.competent(node),
    )


def instrument(node: Node, name: str) -> InstrumentPage | None:
    """Return one instrument of the charter in effect; None where there is none of that name."""
    found = next((each for each in views.instruments(node) if each.instrument == name), None)
    if found is None:
        return None
    return InstrumentPage(
        instrument=found,
        chapter=next(each for each in charter_views.chapters(node) if each.instrument == name),
        reservations=[each for each in views.reservations(node) if each.instrument == name],
        relations=[each for each in charter_views.relations(node) if each.instrument == name],
    )


def overview(node: Node, latest: int) -> Overview:
    """Return the first page's facts with the ``latest`` leaves, newest first."""
    status = views.status(node)
    rows = views.log_rows(node, max(0, status.log_size - latest), latest)
    return Overview(
        status=status,
        latest=rows[::-1],
        tasks=cases_views.inbox(node.state.cases, node.own, status.now, node.agreement.annexes(node.state.charter)),
        peers=[peer for peer in views.peers(node) if peer.member != node.own],
        waiting=[row for row in views.outbox(node, 200) if row.state != "admitted"],
        to_vote=[each for each in charter_views.decisions(node)
                 if each.status == "open" and node.own in each.waits_for],
    )


def log_page(node: Node, before: int | None, limit: int) -> LogPage:
    """Return the ``limit`` leaves below index ``before``, of the newest when it is None."""
    size = node.tree.size
    last = size if before is None else min(max(before, 0), size)
    first = max(0, last - limit)
    cosigned = node.store.cosigned_size()
    return LogPage(
        size=size, first=first, last=last,
        rows=views.log_rows(node, first, last - first)[::-1] if last > first else [],
        checkpoint=views.checkpoint(node).note if size else None,
        cosigned_size=cosigned,
        witnesses=sorted(node.store.cosignatures(cosigned)) if cosigned is not None else [],
        refusals=views.refusals(node, limit) if last == size else [],
    )


def period(state: State) -> tuple[str, str] | None:
    """Return the first and the last month that any report covers; None before the first report."""
    if not state.parts:
        return None
    return min(first for _, first, _ in state.parts), max(last for _, _, last in state.parts)


def picture(state: State, areas: Mapping[int, frozenset[str]], first: str, last: str) -> JointPicture:
    """Return the joint picture of ``first`` to ``last``; raises ValueError for a period that runs backward."""
    document = pictures.picture(state, areas, first, last)
    digest = pictures.digest(document)
    stated = {
        member: statement.picture.digest == digest
        for (member, start, end), statement in state.statements.items()
        if (start, end) == (first, last)
    }
    return JointPicture(
        document=document, digest=digest.hex(), rows=pictures.table(document, len(document.cells)),
        stated=dict(sorted(stated.items())),
    )


def about(node: Node) -> About:
    """Return the instruments, and every (source, licence) that a report of this node names."""
    reports = [part.report for part in node.state.monitor.parts.values()]
    return About(
        instruments=views.instruments(node),
        sources=sorted({(report.source, report.licence) for report in reports}),
    )
