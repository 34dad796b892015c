"""What is still to be given back when a party leaves: its content here, ours there, and what was tied to its conduct.

Rules
1. A party leaves an instrument by its notice; while the notice runs it is as bound as ever. From the notice's effect
   the instrument's wind-down runs: what a clause marks so goes on, to ask for return and to attest it. After that
   nothing passes between the two any more. A party that a decision put out has no wind-down.
2. What we gave is asked back by revoking it: a message of the case, which goes to every holder of the item, since an
   item is revoked as a whole. Until then its holder may use it under its conditions.
3. What we hold of theirs is theirs to revoke; once it is, its purge is a task in the inbox here.
4. Tranches that the party pays or receives, and commitments it made or sits on the panel of, are shown: what becomes
   of them is decided, never automatic.
When this node's own party leaves, every other party is one to settle with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import msgspec

from hamsaya.base.instants import DAY
from hamsaya.cases import views as cases_views
from hamsaya.cases.types import CasesState, Item
from hamsaya.charter.history import in_effect
from hamsaya.charter.situation import Situation
from hamsaya.compliance import views as compliance_views
from hamsaya.compliance.types import ComplianceState
from hamsaya.linkage.types import LinkageState
from hamsaya.messages.charter import SetStanding
from hamsaya.node import views
from hamsaya.node.core import Node

ANSWERS = "case.answer"
Stage = Literal["notice", "wind-down", "over"]


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen record of plain fields; instants are UTC milliseconds."""


class DepartureView(_View, frozen=True):
    """``member`` leaves or has left ``instrument``: since when, and until when its wind-down runs."""

    member: str
    instrument: str
    stage: Stage
    notice_at: int
    left_at: int
    ends_at: int


class HeldView(_View, frozen=True):
    """One item of ``originator`` that ``holder`` has not purged.

    ``attested``: what the holder said became of it; ``others``: further holders, whom a revocation reaches too.
    """

    case: str
    item: str
    instrument: str
    originator: str
    holder: str
    others: list[str]
    released_at: int
    revoked_at: int | None
    purge_due: int | None
    attested: str | None


class TiedView(_View, frozen=True):
    """One tranche or commitment in which ``member`` has a part: ``as_`` says which."""

    kind: Literal["tranche", "commitment"]
    reference: str
    as_: str = msgspec.field(name="as")
    status: str


class WindDownView(_View, frozen=True):
    """What is to be settled with ``member``: ``here`` is theirs at this node, ``there`` is ours at theirs."""

    member: str
    departures: list[DepartureView]
    here: list[HeldView]
    there: list[HeldView]
    tied: list[TiedView]


def wind_downs(node: Node, member: str | None = None) -> list[WindDownView]:
    """Return what is to be settled, with ``member`` or with each that it concerns, in the charter's order."""
    situation, now = views.situation(node), node.clock.now()
    leaving = departures(situation, now)
    found = []
    for other in situation.compiled.members:
        between = [each for each in leaving if each.member in (node.own, other)]
        if other == node.own or not between or member not in (None, other):
            continue
        named = {each.instrument for each in between}
        held = list(_held(node.state.cases, _instruments(node), named))
        found.append(WindDownView(
            member=other, departures=between,
            here=[each for each in held if (each.originator, each.holder) == (other, node.own)],
            there=[each for each in held if (each.originator, each.holder) == (node.own, other)],
            tied=[*_tranches(node.state.linkage, other), *_commitments(node.state.compliance, other, now)],
        ))
    return found


def departures(situation: Situation, now: int) -> list[DepartureView]:
    """Return everybody that leaves or has left an instrument, with how far that has come at ``now``."""
    found = list(_put_out(situation, now))
    for (member, name), said in sorted(situation.state.withdrawals.items()):
        instrument = situation.compiled.instruments.get(name)
        if said.yes and instrument is not None:
            left_at = said.at + instrument.notice_days * DAY
            ends_at = left_at + instrument.wind_down_days * DAY
            if left_at <= now and situation.held(member, name).standing != "left":
                continue  # A later decision has let it in again.
            stage: Stage = "notice" if now < left_at else "wind-down" if now < ends_at else "over"
            found.append(DepartureView(member=member, instrument=name, stage=stage, notice_at=said.at,
                                       left_at=left_at, ends_at=ends_at))
    return found


def _put_out(situation: Situation, now: int) -> Iterator[DepartureView]:
    """Yield who was put out by a decision: no notice ran, and no wind-down follows."""
    for effect, _, proposal in in_effect(situation.state, now):
        act = proposal.act
        if not isinstance(act, SetStanding) or act.standing != "left":
            continue
        for name in situation.compiled.instruments if act.instrument is None else [act.instrument]:
            if situation.held(act.member, name).standing == "left":
                yield DepartureView(member=act.member, instrument=name, stage="over", notice_at=effect,
                                    left_at=effect, ends_at=effect)


def _instruments(node: Node) -> Callable[[str], str]:
    """Return a function from a case to the instrument it was opened under.

    Where one instrument alone lets cases be answered it is that one; else the log is read once.
    """
    compiled = node.agreement.charter
    able = {name for (name, kind), clauses in compiled.clauses.items() if kind == ANSWERS and clauses.permits}
    if len(able) == 1:
        (only,) = able
        return lambda case: only
    opened = {row.header.case: row.header.ins for row in node.store.journal()
              if row.kind == "case.open" and row.role != "refused"}
    return lambda case: opened.get(case, "")


def _held(state: CasesState, instrument_of: Callable[[str], str], named: Iterable[str]) -> Iterator[HeldView]:
    """Yield every item of cases under the ``named`` instruments once for each holder that has not purged it."""
    wanted = set(named)
    for case in state.cases:
        instrument = instrument_of(case)
        view = cases_views.case(state, case, 0) if instrument in wanted else None
        for each in view.items if view else ():
            item, said = each.item, {one.holder: one.outcome for one in each.item.attested}
            for holder in item.holders:
                if said.get(holder) != "purged" and holder != item.originator:
                    yield _one(item, instrument, holder, each.purge_due, said.get(holder))


def _one(item: Item, instrument: str, holder: str, purge_due: int | None, attested: str | None) -> HeldView:
    return HeldView(
        case=item.case, item=item.item, instrument=instrument, originator=item.originator, holder=holder,
        others=[other for other in item.holders if other != holder], released_at=item.released_at,
        revoked_at=item.revoked_at, purge_due=purge_due, attested=attested,
    )


def _tranches(state: LinkageState, member: str) -> Iterator[TiedView]:
    for tranche in sorted(state.tranches.values(), key=lambda each: (each.declared_at, each.tranche)):
        part = "receiver" if tranche.receiver == member else "payer" if member in tranche.payers else ""
        if part:
            yield TiedView(kind="tranche", reference=tranche.tranche, as_=part, status=tranche.status)


def _commitments(state: ComplianceState, member: str, now: int) -> Iterator[TiedView]:
    for view in compliance_views.commitments(state, now):
        seated = member in {seat.member for seat in view.terms.panel}
        part = "owner" if view.owner == member else "panel" if seated else ""
        if part:
            yield TiedView(kind="commitment", reference=view.commitment, as_=part, status=view.words)
