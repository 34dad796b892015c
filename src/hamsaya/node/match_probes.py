"""Probes at a node: sent with their secrets, answered by the clock or by hand, read where the set is, confirmed.

A probe is made where its person sits (``prepare_probe``), so that what is signed is what was asked; the node takes the
message together with its secrets, both or neither.

By itself, with the clock, a node
1. answers what it was asked, under the key of the epoch asked about, unless it answers by hand;
2. lets lapse what it may not answer any more, and says why: the case is closed, the asker's day is spent, the key is
   destroyed;
3. reads the answers to its own probes once the set is here, and keeps what was found;
4. opens to oversight what an audit drew (``match_audits``).
"""

from __future__ import annotations

import secrets as chance
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from hamsaya.base.errors import HamsayaError, OperatorError, PeerError
from hamsaya.crypto import oprf
from hamsaya.crypto.oprf import EpochKey
from hamsaya.matching.probe import PER_DAY, answered_on
from hamsaya.matching.querier import Prepared, prepare, read
from hamsaya.matching.types import Asking, Identifier, LapseCode, Notice, Probe, ProbeAnswer, ProbeLapse, Secret
from hamsaya.node import match_sets
from hamsaya.node.core import Node
from hamsaya.node.journal import read_event
from hamsaya.node.match_secrets import Found, found_of, keep_found, keep_secrets, secrets_of
from hamsaya.node.send import Draft, SendJob, Sent

BY_HAND = "match-by-hand"


def notice_for(node: Node, responder: str) -> Notice:
    """Return the notice under which ``responder`` is asked now.

    Raises:
        OperatorError: it has addressed none to this node (``no-notice``).
    """
    matches = node.state.matches
    noticed = matches.notices.get((responder, matches.current.get(responder, 0)))
    if noticed is None or node.own not in noticed.told:
        raise OperatorError(f"{responder} has published no set for this node; see: hamsaya match status",
                            code="no-notice")
    return noticed.notice


def prepare_probe(
    notice: Notice, responder: str, case: str, wanted: Sequence[Identifier], *, probe: str, officer: str,
    legal_basis: str, randomness: Callable[[int], bytes] = chance.token_bytes,
) -> tuple[Probe, list[Secret]]:
    """Return a probe for ``wanted``, 1 to 100 different identifiers, and what must be kept of it.

    Raises:
        OperatorError: none, too many, or one twice (``bad-batch``).
        PeerError: an identifier that is none (``bad-identifier``).
    """
    try:
        made: Prepared = prepare(oprf, notice, responder, case, wanted, randomness)
    except ValueError as error:
        raise OperatorError(str(error), code="bad-batch") from None
    body = Probe(probe=probe, to=responder, epoch=notice.epoch, public=notice.public, officer=officer,
                 legal_basis=legal_basis, elements=made.elements, commitments=made.commitments)
    return body, made.secrets


def prepared_secrets(plain: Sequence[dict[str, object]]) -> tuple[Secret, ...]:
    """Return secrets given as JSON values; raises PeerError ``bad-arguments`` where they do not fit."""
    try:
        return tuple(msgspec.convert(list(plain), list[Secret]))
    except msgspec.ValidationError:
        raise PeerError("expected an identifier, a salt and a blind for each input", code="bad-arguments") from None


@dataclass(frozen=True, slots=True)
class ProbeJob:
    """``core.Job`` that keeps a probe's secrets and sends it: both, or neither."""

    draft: Draft
    secrets: tuple[Secret, ...]

    def run(self, node: Node) -> Sent:
        """Check that the secrets are the probe's, and send it through the send pipeline."""
        if not isinstance(self.draft.body, Probe):
            raise OperatorError("expected a probe", code="bad-arguments")
        keep_secrets(node, self.draft.case or "", self.draft.body, self.secrets)
        return SendJob(self.draft).run(node)

    def finish(self, node: Node, outcome: Sent, checkpoint: Any) -> Sent:
        return outcome

    def refused(self, node: Node, error: HamsayaError) -> None:
        """Our own refusals are answered to the person who asked."""


# -- asked of this node -------------------------------------------------------------------------------------


def waiting(node: Node) -> list[Asking]:
    """Return the probes that wait for this node's answer, oldest first."""
    found = (each for each in node.state.matches.probes.values()
             if each.responder == node.own and each.status == "asked")
    return sorted(found, key=lambda each: (each.at, each.querier, each.probe))


def find_waiting(node: Node, probe: str, querier: str | None = None) -> Asking:
    """Return the one probe of that reference that waits here.

    Raises:
        OperatorError: none, or several askers have used the reference (``unknown-probe``).
    """
    found = [each for each in waiting(node) if each.probe == probe and querier in (None, each.querier)]
    if len(found) != 1:
        raise OperatorError(f"expected one probe {probe} that waits here, found {len(found)}; see: "
                            "hamsaya match status", code="unknown-probe")
    return found[0]


def by_hand(node: Node) -> bool:
    """Say whether this node answers probes only when a person tells it to."""
    return node.store.get_meta(BY_HAND) == b"1"


def set_by_hand(node: Node, wanted: bool) -> None:
    """Answer probes by hand from now on, or by the clock."""
    node.store.put_meta(BY_HAND, b"1" if wanted else b"0")


def probes_due(node: Node) -> Iterator[Draft]:
    """Yield what this node has to say now about what it was asked; lapses also where it answers by hand."""
    for asking in waiting(node):
        code = why_lapsed(node, asking)
        if code is not None:
            yield _to_asker(node, asking, ProbeLapse(probe=asking.probe, code=code))
        elif not by_hand(node):
            yield answer_to(node, asking)


def why_lapsed(node: Node, asking: Asking) -> LapseCode | None:
    """Return why ``asking`` may not be answered any more, None while it may."""
    now, case = node.clock.now(), node.state.cases.cases.get(asking.case)
    if case is None or case.status != "open" or now >= case.retain_until:
        return "case-closed"
    kept = node.ring.match_key(asking.epoch)
    if kept is None or EpochKey(kept.seed).public != asking.public:  # Destroyed, or from a copy of another time.
        return "epoch-over"
    spent = answered_on(node.state.matches, node.own, asking.querier, now)
    return "over-budget" if spent + len(asking.elements) > PER_DAY else None


def answer_to(node: Node, asking: Asking) -> Draft:
    """Return the answer to a probe that has not lapsed: its elements under the epoch's key, and the proof.

    Raises:
        OperatorError: it has lapsed (``lapsed``).
    """
    kept = node.ring.match_key(asking.epoch)
    if kept is None or why_lapsed(node, asking) is not None:
        raise OperatorError("the probe may not be answered any more; the node says why by itself", code="lapsed")
    evaluated, proof = EpochKey(kept.seed).evaluate(asking.elements)
    return _to_asker(node, asking, ProbeAnswer(probe=asking.probe, evaluated=list(evaluated), proof=proof))


def _to_asker(node: Node, asking: Asking, body: ProbeAnswer | ProbeLapse) -> Draft:
    return Draft(body, concerned(node, asking.querier), case=asking.case)


def concerned(node: Node, member: str) -> tuple[str, ...]:
    """Return ``member`` and every overseer: those who are told of what passes between it and this node."""
    return (member, *sorted(node.agreement.overseers - {member, node.own}))


# -- asked by this node -------------------------------------------------------------------------------------


def own_probes(node: Node) -> list[Asking]:
    """Return the probes of this node, latest first."""
    found = (each for each in node.state.matches.probes.values() if each.querier == node.own)
    return sorted(found, key=lambda each: (-each.at, each.probe))


def read_answers(node: Node) -> int:
    """Read every answer that can be read now, keep what was found, and return how many were read.

    The proof was verified when the answer was admitted.
    """
    done = 0
    for asking in own_probes(node):
        if asking.status == "answered" and found_of(node, asking.probe) is None:
            done += _read(node, asking)
    return done


def _read(node: Node, asking: Asking) -> bool:
    secrets = secrets_of(node, asking.probe)
    look_up = match_sets.look_up(node, asking.responder, asking.epoch)
    if secrets is None or look_up is None:
        return False
    notice = node.state.matches.notices[asking.responder, asking.epoch].notice
    probe, answer = _said(node, node.own, asking.message), _said(node, asking.responder, asking.ended_by or b"")
    try:
        results = read(oprf, notice, secrets, cast(Probe, probe), cast(ProbeAnswer, answer), look_up, admitted=True)
    except PeerError:
        return False  # An entry that its owner sealed wrongly: nothing is to be had from that set.
    case = node.state.cases.cases.get(asking.case)
    until = case.retain_until if case is not None else node.clock.now()
    keep_found(node, asking.probe, until, Found(at=node.clock.now(), hits=[each.hit for each in results]))
    return True


def _said(node: Node, by: str, message: bytes) -> object:
    # A message id is its sender's: somebody else may have used the same.
    row = next(each for each in node.store.find_journal(message) if each.role != "refused" and each.sender == by)
    event = read_event(row, node.ring.storage)
    assert event is not None, "an admitted row holds its message"
    return event.body


def note_request(node: Node, probe: str, place: int, request: str) -> None:
    """Remember that ``request`` follows up the hit at ``place`` of a probe of this node.

    Raises:
        OperatorError: there is no hit at that place (``no-hit``).
    """
    found, asking = found_of(node, probe), node.state.matches.probes.get((node.own, probe))
    if found is None or asking is None or not (0 <= place < len(found.hits)) or found.hits[place] is None:
        raise OperatorError(f"probe {probe} has no hit at {place}; see: hamsaya match answers", code="no-hit")
    case = node.state.cases.cases[asking.case]
    asked = {**found.asked, str(place): request}
    keep_found(node, probe, case.retain_until, msgspec.structs.replace(found, asked=asked))
