"""What a person or a program may look at: plain structs made from committed state, the same for every face."""

from __future__ import annotations

import msgspec

from hamsaya.base.instants import to_text
from hamsaya.cases import views as cases_views
from hamsaya.cases.types import Step
from hamsaya.charter import views as charter_views
from hamsaya.charter.history import SKEW, record_of
from hamsaya.charter.situation import Situation
from hamsaya.charter.types import CompetentView, InstrumentView, ProposalView, ReservationView, StandingView
from hamsaya.node.core import Node
from hamsaya.node.listing import listing_view
from hamsaya.node.logview import latest_note
from hamsaya.node.witnessing import forked_peers
from hamsaya.ports.store import JournalRow


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen record of plain fields; instants are UTC milliseconds."""


class StatusView(_View, frozen=True):
    """One node at a glance. ``forked`` names peers whose logs have shown this witness two histories; ``un_list`` is the
    date of the UN list that is loaded here."""

    node: str
    name: str
    federation: str
    exercise: bool
    charter_revision: str
    now: int
    log_size: int
    cosigned_size: int | None
    witnesses: int
    peers: int
    outbox: dict[str, int]
    refused: dict[str, int]
    admitted: dict[str, int]
    open_cases: int
    overdue: int
    forked: list[str]
    un_list: int | None
    un_list_stale: bool


class PeerView(_View, frozen=True):
    """One party as this node knows it; ``cosigned_here`` is the largest tree of its log that this node cosigned."""

    member: str
    name: str
    kind: str
    role: str
    standing: str
    known: bool
    endpoint: str | None
    fingerprint: str | None
    message_keys: int
    kem_until: int | None
    waiting: int
    cosigned_here: int | None


class LogRowView(_View, frozen=True):
    """One leaf: what was said, by whom, and what became of it. No content."""

    index: int
    at: int
    role: str
    code: str
    kind: str
    sender: str
    recipients: list[str]
    instrument: str
    case: str | None
    message_id: str


class RefusalView(_View, frozen=True):
    """Bytes refused before anybody could be held to them."""

    at: int
    code: str
    digest: str
    size: int


class OutboxView(_View, frozen=True):
    """One message on its way to one member."""

    destination: str
    message_id: str
    kind: str
    state: str
    attempts: int
    expires_at: int
    note: str


class CheckpointView(_View, frozen=True):
    """The log's latest head as others may fetch it."""

    note: str
    size: int


class OverdueRequest(_View, frozen=True):
    """A clock that ran out on a request of ours, and whom to tell."""

    case: str
    request: str
    step: Step
    due: int
    parties: tuple[str, ...]


def status(node: Node) -> StatusView:
    """Return the node at a glance."""
    now = node.clock.now()
    cosigned, listed = node.store.cosigned_size(), listing_view(node)
    return StatusView(
        node=node.own,
        name=party_name(node, node.own),
        federation=node.agreement.federation,
        exercise=node.agreement.exercise,
        charter_revision=node.agreement.documents["charter"].hex(),
        now=now,
        log_size=node.tree.size,
        cosigned_size=cosigned,
        witnesses=len(node.store.cosignatures(cosigned)) if cosigned is not None else 0,
        peers=len(node.state.directory.peers) - 1,
        outbox=node.store.outbox_counts(),
        refused=node.store.refusal_counts(),
        admitted=node.store.journal_counts(),
        open_cases=sum(case.status == "open" for case in node.state.cases.cases.values()),
        overdue=len(cases_views.overdue(node.state.cases, now, node.agreement.annexes(node.state.charter))),
        forked=forked_peers(node),
        un_list=listed.as_of,
        un_list_stale=listed.stale,
    )


def party_name(node: Node, member: str, language: str = "en") -> str:
    """Return a party's display name in ``language``, or its slug when the charter does not know it."""
    party = node.agreement.charter.members.get(member)
    return party.display(language) if party else member


def peers(node: Node) -> list[PeerView]:
    """Return every party of the charter, known here or not, in the charter's order."""
    waiting = node.store.waiting_counts()
    return [_peer(node, member, waiting.get(member, 0)) for member in node.agreement.charter.members]


def _peer(node: Node, member: str, waiting: int) -> PeerView:
    party = node.agreement.charter.members[member]
    record = node.state.directory.peers.get(member)
    kem = record.keys("kem") if record else []
    witnessed = node.store.witnessed(node.agreement.origin(member))
    return PeerView(
        member=member,
        name=party.display(),
        kind=party.kind,
        role=party.role,
        standing=situation(node).held(member).standing,
        known=record is not None,
        endpoint=record.endpoint if record else None,
        fingerprint=record.fingerprint if record else None,
        message_keys=len(record.keys("message")) if record else 0,
        kem_until=max((key.not_after for key in kem), default=None),
        waiting=waiting,
        cosigned_here=witnessed[0] if witnessed else None,
    )


def situation(node: Node) -> Situation:
    """Return who stands where at this node's present instant."""
    return node.agreement.situation(node.state.charter, node.clock.now())


def instruments(node: Node) -> list[InstrumentView]:
    """Return the instruments and how many of the needed signatures are there."""
    return charter_views.instruments(situation(node))


def standings(node: Node) -> list[StandingView]:
    """Return where every party stands now."""
    return charter_views.standings(situation(node), node.clock.now())


def proposals(node: Node) -> list[ProposalView]:
    """Return what has been proposed and how far it has come, newest first; a vote dated back is said to be so."""
    return [_with_doubt(node, view) for view in charter_views.proposals(situation(node), node.clock.now())]


def _with_doubt(node: Node, view: ProposalView) -> ProposalView:
    """A depositary and a proposer that date a question back can shorten the others' time; our own log shows it."""
    state = node.state.charter
    record = record_of(state, view.proposal)
    heard_at = min(row.at for row in node.store.find_journal(state.proposals[view.proposal].message))
    if record is None or heard_at <= record.opened_at + SKEW:
        return view
    text = f"by its record it opened at {to_text(record.opened_at)}; this node heard of it at {to_text(heard_at)}"
    return msgspec.structs.replace(view, reasons=[*view.reasons, text])


def competent(node: Node) -> list[CompetentView]:
    """Return the parties' competent bodies."""
    return charter_views.competent(situation(node), node.clock.now())


def reservations(node: Node) -> list[ReservationView]:
    """Return the reservations and the answers to them."""
    return charter_views.reservations(situation(node))


def log_rows(node: Node, first: int, limit: int) -> list[LogRowView]:
    """Return up to ``limit`` leaves from ``first`` on."""
    return [_log_row(row) for row in node.store.journal(first, limit)]


def _log_row(row: JournalRow) -> LogRowView:
    header = row.header
    return LogRowView(
        index=row.index,
        at=row.at,
        role=row.role,
        code=row.code,
        kind=row.kind,
        sender=row.sender,
        recipients=[recipient.member for recipient in header.rcp],
        instrument=header.ins,
        case=header.case,
        message_id=row.message_id.hex(),
    )


def refusals(node: Node, limit: int) -> list[RefusalView]:
    """Return the latest refusals of bytes, newest first."""
    return [RefusalView(at=row.at, code=row.code, digest=row.digest.hex(), size=row.size)
            for row in node.store.refusals(limit)]


def outbox(node: Node, limit: int) -> list[OutboxView]:
    """Return the latest outbox rows, newest first."""
    return [
        OutboxView(destination=row.destination, message_id=row.message_id.hex(), kind=row.kind, state=row.state,
                   attempts=row.attempts, expires_at=row.expires_at, note=row.note)
        for row in node.store.outbox_rows(limit)
    ]


def checkpoint(node: Node) -> CheckpointView:
    """Return the latest checkpoint note with its cosignatures."""
    return CheckpointView(note=latest_note(node).decode(), size=node.tree.size)


def overdue_requests(node: Node, now: int) -> list[OverdueRequest]:
    """Return our own requests whose clock ran out and is not marked yet, with whom the mark goes to."""
    return [
        OverdueRequest(case=each.case, request=each.request, step=each.step, due=each.due, parties=(each.asked,))
        for each in cases_views.overdue(node.state.cases, now, node.agreement.annexes(node.state.charter))
        if each.asker == node.own and not each.marked
    ]
