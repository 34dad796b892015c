"""What an overseeing node shows, and what it says by itself; a member's own node shows how far it was reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY
from hamsaya.cases import views as cases_views
from hamsaya.cases.types import Frozen, Notice, NoticeView
from hamsaya.messages.oversight import MAX_COMPARED, Compare
from hamsaya.node.core import Node
from hamsaya.node.notice_dates import own_dates
from hamsaya.node.oversight import findings as found_by
from hamsaya.node.oversight.draws import DrawView, draws
from hamsaya.node.oversight.reporting import overseers_told, reported
from hamsaya.node.oversight.statistics import Statistics, statistics
from hamsaya.node.oversight.stream import opening_of, openings_of, participants_of, rows_of
from hamsaya.node.oversight.types import Compared, Finding, HeaderRow, HeaderView, StreamView


class TellingView(msgspec.Struct, frozen=True, kw_only=True):
    """How far this node's own log was reported, to whom, and who oversees it but has no card here."""

    overseers: list[str]
    unknown: list[str]
    log_size: int
    reported: int


class ComparedView(msgspec.Struct, frozen=True, kw_only=True):
    """What two overseers have seen pass between the members they oversee: counts, and digests only one has seen.

    ``ours_alone`` our member's log has and the other's has not, ``theirs_alone`` the other way round.
    """

    by: str
    overseen: str
    other: str
    since: int
    until: int
    agreed: int
    ours_alone: list[str]
    theirs_alone: list[str]


class OversightPage(msgspec.Struct, frozen=True, kw_only=True):
    """What a person who oversees looks at; at a member, how far its own log was told, freezes and notices."""

    told: TellingView
    streams: list[StreamView]
    findings: list[Finding]
    frozen: list[Frozen]
    notices: list[NoticeView]
    statistics: Statistics
    draws: list[DrawView]
    headers: list[HeaderView]


def page(node: Node, limit: int) -> OversightPage:
    """Return the page of this node, with the latest ``limit`` headers and the counts of the last 92 days."""
    now = node.clock.now()
    return OversightPage(
        told=telling(node), streams=streams(node), findings=findings(node), frozen=frozen(node), notices=notices(node),
        statistics=statistics(node, now - 92 * DAY, now + 1), draws=draws(node),
        headers=headers(node, limit),
    )


def telling(node: Node) -> TellingView:
    """Return how far this node's log was reported."""
    told = overseers_told(node)
    unknown = sorted(node.agreement.overseers_of(node.own) - set(told))
    return TellingView(overseers=list(told), unknown=unknown, log_size=node.tree.size, reported=reported(node))


def streams(node: Node) -> list[StreamView]:
    """Return every member that reports to this node, whether or not it has."""
    state, counted = node.state.oversight, found_by.findings(node)
    views = []
    for member in sorted(node.agreement.overseen_by(node.own)):
        stream, witnessed = state.streams.get(member), node.store.witnessed(node.agreement.origin(member))
        views.append(StreamView(
            member=member, opened=stream.edge.size if stream else 0, proven=stream.proven if stream else 0,
            witnessed=witnessed[0] if witnessed else None, told_at=stream.told_at if stream else None,
            last_at=stream.last_at if stream else None,
            findings=sum(member in each.members for each in counted),
        ))
    return views


def headers(node: Node, limit: int, member: str | None = None, case: str | None = None) -> list[HeaderView]:
    """Return the latest headers opened here, newest first: of one member's log, of one case, or of all."""
    state = node.state.oversight
    members = [member] if member is not None else sorted(state.streams)
    rows = [row for name in members for row in rows_of(state, name) if case in (None, row.case)]
    return [_header(node, row) for row in sorted(rows, key=lambda row: (-row.at, row.member, -row.index))[:limit]]


def _header(node: Node, row: HeaderRow) -> HeaderView:
    known = node.agreement.charter.clauses.get((row.instrument, row.kind))
    asked = {duty for clause in known.permits for duty in clause.obligations} if known is not None else set()
    return HeaderView(
        member=row.member, index=row.index, at=row.at, role=row.role, code=row.code, kind=row.kind, case=row.case,
        sender=row.sender, recipients=list(row.recipients), issued_at=row.issued_at, message_id=row.message.hex(),
        statement=row.digest.hex(), obligations=sorted(asked),
        facts={name: value for name, value in row.facts if name != "notice-salt"},
    )


def findings(node: Node) -> list[Finding]:
    """Return what does not fit together now, the latest first."""
    return found_by.findings(node)


def frozen(node: Node) -> list[Frozen]:
    """Return every freeze known here, ended ones too, oldest first."""
    return cases_views.frozen(node.state.cases)


class OpeningView(msgspec.Struct, frozen=True, kw_only=True):
    """One case as an overseeing node knows it: who opened it, whom a freeze is told, and the freezes that stand.

    ``statement`` is the digest of the opening; empty where the case itself is known here.
    """

    opener: str
    statement: str
    participants: list[str]
    freezes: list[str]


def openings(node: Node, case: str) -> list[OpeningView]:
    """Return every case that was opened under one reference, the earliest first: each is frozen by itself.

    Raises:
        OperatorError: ``unknown-case``, as ``participants``.
    """
    names, known = participants(node, case), node.state.cases.cases.get(case)
    if known is not None:
        return [OpeningView(opener=known.opener, statement="", participants=names, freezes=_own(node, case, names))]
    return [
        OpeningView(opener=row.sender, statement=row.digest.hex(), participants=sorted(participants_of(row)),
                    freezes=_own(node, case, participants_of(row)))
        for row in openings_of(node.state.oversight, case)
    ]


def _own(node: Node, case: str, people: Iterable[str]) -> list[str]:
    return [each.freeze for each in found_by.own_freezes(node, case, frozenset(people))]


def participants(node: Node, case: str) -> list[str]:
    """Return the participants of a case; raises OperatorError ``unknown-case`` where neither state nor reports name it.
    """
    known = node.state.cases.cases.get(case)
    opening = opening_of(node.state.oversight, case)
    if known is None and opening is None:
        raise OperatorError(f"no report of the opening of {case} has arrived; see: hamsaya case oversight headers",
                            code="unknown-case")
    names = known.participants if known is not None else participants_of(opening) if opening is not None else ()
    return sorted(names)


def notices(node: Node) -> list[NoticeView]:
    """Return the notices known here: own dates at the opener, stated dates at who oversees it."""
    now, stated = node.clock.now(), found_by.sealed_dates(node.state.oversight)
    dates = {case: date for case, row, date in stated if found_by.heard_of(node, case, row)} | own_dates(node)
    known = cases_views.notices_owed(node.state.cases, now, dates)
    seen = {(view.notice.case, view.notice.opener) for view in known}
    heard = [_stated(case, row, date, now) for case, row, date in stated if (case, row.sender) not in seen]
    return sorted([*known, *heard], key=lambda view: (view.state == "given", view.due is None, view.due or 0))


def _stated(case: str, row: HeaderRow, date: int, now: int) -> NoticeView:
    from hamsaya.cases.notices import view

    stated = row.fact("notice") or ""
    commitment = bytes.fromhex(stated) if found_by.is_hex(stated) else b""  # Else ``findings`` says what is wrong.
    notice = Notice(case=case, opener=row.member, commitment=commitment, sealed=b"", opened_at=row.issued_at)
    return view(notice, now, date)


# --- Comparing with another overseer ---------------------------------------------------------------------------


def comparison(node: Node, overseen: str, other: str, since: int, until: int) -> Compare:
    """Return what this node has seen pass between ``overseen`` and ``other``, issued at ``since <= t < until``.

    Raises:
        OperatorError: more than fits one message (``too-many``).
    """
    rows = [row for row in rows_of(node.state.oversight, overseen) if since <= row.issued_at < until]
    sent = sorted({row.digest for row in rows if row.role == "sent" and other in row.recipients})
    received = sorted({row.digest for row in rows if row.role in ("received", "refused") and row.sender == other})
    if max(len(sent), len(received)) > MAX_COMPARED:
        raise OperatorError(f"expected at most {MAX_COMPARED} messages each way; choose a shorter period",
                            code="too-many")
    return Compare(overseen=overseen, other=other, since=since, until=until, sent=sent, received=received)


def compared(node: Node) -> list[ComparedView]:
    """Return what other overseers have told, against what this node has seen."""
    found = sorted(node.state.oversight.compared.values(), key=lambda each: (-each.at, each.by, each.overseen))
    return [_compared(node, each) for each in found]


def _compared(node: Node, theirs: Compared) -> ComparedView:
    ours = comparison(node, theirs.other, theirs.overseen, theirs.since, theirs.until)
    pairs: Sequence[tuple[set[bytes], set[bytes]]] = (
        (set(ours.sent), set(theirs.received)), (set(ours.received), set(theirs.sent)))
    return ComparedView(
        by=theirs.by, overseen=theirs.overseen, other=theirs.other, since=theirs.since, until=theirs.until,
        agreed=sum(len(mine & other) for mine, other in pairs),
        ours_alone=sorted(digest.hex() for mine, other in pairs for digest in mine - other),
        theirs_alone=sorted(digest.hex() for mine, other in pairs for digest in other - mine),
    )
