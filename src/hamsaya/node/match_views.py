"""Hit/no-hit as people at a node see it: what is published, who asked how much, what was found, what audits showed.

Who asked this party how much is shown at once, from the first probe on. What was asked can be shown to the asker alone.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hamsaya.base.instants import DAY
from hamsaya.canon import decode
from hamsaya.matching.probe import PER_DAY
from hamsaya.matching.tags import BUCKETS
from hamsaya.matching.types import Asking, Confirmed, Notice, Pick
from hamsaya.node import match_probes, match_sets
from hamsaya.node.core import Node
from hamsaya.node.listing import ListingView, listing_view
from hamsaya.node.match_audits import audit_of, findings_on
from hamsaya.node.match_secrets import Found, found_of, secrets_of


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen record of plain fields; instants are UTC milliseconds."""


class NoticeView(_View, frozen=True):
    """A notice as a person reads it; ``told`` is empty for a set that waits to be published."""

    owner: str
    epoch: int
    edition: str
    entries: int
    desks: list[str]
    told: list[str]
    at: int | None
    buckets_here: int
    complete: bool
    current: bool


class PairView(_View, frozen=True):
    """What one party has asked another, as this node knows: inputs in all, today, and what came of the hits."""

    querier: str
    responder: str
    probes: int
    inputs: int
    today: int
    day_budget: int
    waiting: int
    declined: int
    confirmed: int
    not_confirmed: int
    fetched: int | None
    fetched_at: int | None


class WaitingView(_View, frozen=True):
    """A probe that waits for this node's answer; ``lapses`` says why it may not be answered any more."""

    probe: str
    querier: str
    case: str
    epoch: int
    inputs: int
    at: int
    lapses: str | None


class MatchStatus(_View, frozen=True):
    """Hit/no-hit at this node at a glance."""

    by_hand: bool
    epoch: int | None
    epoch_since: int | None
    epoch_due: bool
    unpublished: NoticeView | None
    notices: list[NoticeView]
    pairs: list[PairView]
    waiting: list[WaitingView]
    un_list: ListingView


class InputView(_View, frozen=True):
    """What became of one input of an own probe; who or what it was is shown while its secret is kept.

    ``state``: waiting, no-hit, hit-unverified, asked, confirmed or not-confirmed.
    """

    place: int
    type: str | None
    issuer: str | None
    value: str | None
    state: str
    category: str | None
    desk: str | None
    request: str | None


class AnswerView(_View, frozen=True):
    """An own probe and what became of it; ``reads`` says what reading the answer still waits for."""

    probe: str
    responder: str
    case: str
    epoch: int
    at: int
    status: str
    code: str | None
    reads: str
    hits: int
    inputs: list[InputView]


class FindingView(_View, frozen=True):
    """One drawn input that was not what had been committed to."""

    probe: str
    place: int
    flaw: str


class AuditView(_View, frozen=True):
    """An audit; ``findings`` is None until the openings have come, and at every node but the overseer's."""

    audit: str
    overseer: str
    of: str
    first: int
    last: int
    at: int
    status: str
    drawn: int
    ended_at: int | None
    findings: list[FindingView] | None


def status(node: Node) -> MatchStatus:
    """Return hit/no-hit at a glance."""
    current = node.state.matches.current.get(node.own)
    since = node.state.matches.notices[node.own, current].at if current is not None else None
    first = min((each.made_at for each in node.ring.matches if each.epoch == current), default=since)
    return MatchStatus(
        by_hand=match_probes.by_hand(node), epoch=current, epoch_since=first,
        epoch_due=first is not None and node.clock.now() - first > match_sets.EPOCH_AGE,
        unpublished=_unpublished(node), notices=_notices(node), pairs=pairs(node),
        waiting=[_waiting(node, each) for each in match_probes.waiting(node)], un_list=listing_view(node),
    )


def _unpublished(node: Node) -> NoticeView | None:
    for row in node.store.sets():
        if row.owner == node.own and not match_sets.is_noticed(node, row):
            return _notice(node, node.own, match_sets.notice_of(row), (), None)
    return None


def _notices(node: Node) -> list[NoticeView]:
    found = sorted(node.state.matches.notices.items())
    return [_notice(node, owner, each.notice, each.told, each.at) for (owner, _), each in found]


def _notice(node: Node, owner: str, notice: Notice, told: tuple[str, ...], at: int | None) -> NoticeView:
    held = node.store.buckets_held(notice.edition)
    return NoticeView(
        owner=owner, epoch=notice.epoch, edition=notice.edition.hex(), entries=notice.size, desks=notice.desks,
        told=list(told), at=at, buckets_here=held, complete=held == BUCKETS,
        current=at is not None and node.state.matches.current.get(owner) == notice.epoch,
    )


def pairs(node: Node) -> list[PairView]:
    """Return what each party has asked each other, as far as this node was told, in their order."""
    found: dict[tuple[str, str], list[Asking]] = {}
    for each in node.state.matches.probes.values():
        found.setdefault((each.querier, each.responder), []).append(each)
    fetched = {member: decode(raw) for member, raw in node.store.kept_in(match_sets.FETCHES).items()}
    for member in fetched:
        found.setdefault((member, node.own), [])
    return [_pair(node, pair, found[pair], fetched.get(pair[0]) if pair[1] == node.own else None)
            for pair in sorted(found)]


def _pair(node: Node, pair: tuple[str, str], probes: list[Asking], fetched: Any) -> PairView:
    today = node.clock.now() // DAY
    said: list[Confirmed] = [one for each in probes for one in each.confirmed]
    return PairView(
        querier=pair[0], responder=pair[1], probes=len(probes), inputs=sum(len(each.elements) for each in probes),
        today=sum(len(each.elements) for each in probes if each.at // DAY == today), day_budget=PER_DAY,
        waiting=sum(each.status == "asked" for each in probes),
        declined=sum(each.status in ("declined", "lapsed") for each in probes),
        confirmed=sum(each.outcome == "confirmed" for each in said),
        not_confirmed=sum(each.outcome == "not-confirmed" for each in said),
        fetched=fetched[1] if fetched else None, fetched_at=fetched[2] if fetched else None,
    )


def _waiting(node: Node, asking: Asking) -> WaitingView:
    return WaitingView(probe=asking.probe, querier=asking.querier, case=asking.case, epoch=asking.epoch,
                       inputs=len(asking.elements), at=asking.at, lapses=match_probes.why_lapsed(node, asking))


def answers(node: Node) -> list[AnswerView]:
    """Return the probes of this node and what became of them, latest first."""
    return [_answer(node, each) for each in match_probes.own_probes(node)]


def _answer(node: Node, asking: Asking) -> AnswerView:
    found, secrets = found_of(node, asking.probe), secrets_of(node, asking.probe)
    inputs = [_input(asking, place, secrets[place].identifier if secrets else None, found)
              for place in range(len(asking.elements))]
    reads = "" if found or asking.status in ("declined", "lapsed") else _awaits(node, asking, secrets is None)
    return AnswerView(
        probe=asking.probe, responder=asking.responder, case=asking.case, epoch=asking.epoch, at=asking.at,
        status=asking.status, code=asking.code, reads=reads,
        hits=sum(each.category is not None for each in inputs), inputs=inputs,
    )


def _awaits(node: Node, asking: Asking, forgotten: bool) -> str:
    if asking.status == "asked":
        return "the answer"
    if forgotten:
        return "nothing: its secrets were deleted in time"
    if match_sets.look_up(node, asking.responder, asking.epoch) is None:
        return "the tag set"
    return "the next turn"


def _input(asking: Asking, place: int, identifier: Any, found: Found | None) -> InputView:
    hit = found.hits[place] if found else None
    request = found.asked.get(str(place)) if found else None
    said = next((each for each in asking.confirmed if each.place == place), None)
    state: str = asking.status
    if found is None:
        state = "waiting" if state in ("asked", "answered") else state
    elif hit is None:
        state = "no-hit"
    else:
        state = said.outcome if said else "asked" if request else "hit-unverified"
    return InputView(
        place=place, type=getattr(identifier, "type", None), issuer=getattr(identifier, "issuer", None),
        value=getattr(identifier, "value", None), state=state, category=hit.category if hit else None,
        desk=hit.desk if hit else None, request=said.request if said else request,
    )


def audits(node: Node) -> list[AuditView]:
    """Return the audits that this node demanded or that were demanded of it."""
    return [_audit(node, *key) for key in sorted(node.state.matches.audits)]


def _audit(node: Node, overseer: str, audit: str) -> AuditView:
    each = node.state.matches.audits[overseer, audit]
    findings = findings_on(node, audit) if overseer == node.own and audit_of(node, audit).opened_by else None
    return AuditView(
        audit=audit, overseer=overseer, of=each.of, first=each.first, last=each.last, at=each.at, status=each.status,
        drawn=len(each.picks), ended_at=each.ended_at,
        findings=None if findings is None else [_finding(one.pick, one.flaw) for one in findings],
    )


def _finding(pick: Pick, flaw: str) -> FindingView:
    return FindingView(probe=pick.probe, place=pick.place, flaw=flaw)
