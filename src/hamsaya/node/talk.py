"""The conversation of a case as a desk of this node may read it, with its receipts, and its end.

Caveats are enforced where the words are held: a desk reads what it may. A word is *delivered* when its receiver's node
has proven so by its receipt, and *read* when a named person there has said so; of others' words a node knows who read
them, and of its own both.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.canon import digest
from hamsaya.cases import handling, talk
from hamsaya.cases.records import Spoken
from hamsaya.cases.types import (
    Case,
)
from hamsaya.messages.caveats import Caveats
from hamsaya.messages.talk import MOST_SEEN, Clear
from hamsaya.node.core import Node
from hamsaya.node.items import desk_of
from hamsaya.node.recipients import everybody
from hamsaya.node.send import Draft
from hamsaya.node.settle import verify_receipt


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen record of plain fields; instants are UTC milliseconds."""


class ReaderView(_View, frozen=True):
    """One member that was told: when its node took the words in, and which person there read them first.

    ``delivered`` is known of this node's own words and of what this node was told; None elsewhere.
    """

    member: str
    delivered: int | None
    read: int | None
    officer: str | None


class SpokenView(_View, frozen=True):
    """One thing said; ``message`` is its name, the digest of its signed statement.

    ``text`` is None where it is withheld, and ``withheld`` says why.
    """

    message: str
    at: int
    sender: str
    officer: str
    text: str | None
    withheld: str
    seen: list[str]
    caveats: Caveats
    conditions: list[str]
    readers: list[ReaderView]


class TalkView(_View, frozen=True):
    """A case's conversation in the order in which every end reads it.

    Attributes:
        heads: What something said now to ``to`` rests on, by name, in hexadecimal.
        to: Whom it would go to: the participants that can be told now, or those asked for.
        unread: What nobody of this node has said to have read, by name.
        cleared: The members that have deleted it because the case's time was over.
    """

    case: str
    words: list[SpokenView]
    heads: list[str]
    to: list[str]
    unread: list[str]
    cleared: dict[str, int]


def conversation(node: Node, case: str, desk: str | None = None, to: Iterable[str] = ()) -> TalkView:
    """Return the conversation of ``case`` as ``desk`` may read it.

    Raises:
        OperatorError: no such case (``unknown-case``), or a desk of another member (``wrong-desk``).
    """
    known, by, state = _case(node, case), desk_of(node, desk), node.state.cases
    told = sorted(to) or reachable(node, known)
    cleared = state.cleared.get(case, ())
    return TalkView(
        case=case, words=[_shown(node, each, by) for each in talk.ordered(state, case)],
        heads=[each.hex() for each in talk.heads(state, case, {node.own, *told})], to=told,
        unread=[each.digest.hex() for each in talk.unread(state, case, node.own)],
        cleared={each.holder: each.at for each in cleared},
    )


def _case(node: Node, case: str) -> Case:
    known = node.state.cases.cases.get(case)
    if known is None:
        raise OperatorError(f"this node knows no case {case}; see: hamsaya case list", code="unknown-case")
    return known


def reachable(node: Node, case: Case) -> list[str]:
    """Return the other participants of ``case`` that words may reach now."""
    return sorted(set(case.participants) & set(everybody(node, "case.say")))


def _shown(node: Node, spoken: Spoken, by: str) -> SpokenView:
    withheld = "deleted" if spoken.text is None else ""
    if not withheld and spoken.sender != node.own:
        decision = handling.permits(spoken.caveats, "show", by, node.clock.now())
        withheld = "" if decision.allowed else decision.code
    return SpokenView(
        message=spoken.digest.hex(), at=spoken.at, sender=spoken.sender, officer=spoken.officer,
        text=None if withheld else spoken.text, withheld=withheld, seen=[each.hex() for each in spoken.seen],
        caveats=spoken.caveats, conditions=handling.explain(spoken.caveats),
        readers=[_reader(node, spoken, member) for member in spoken.told],
    )


def _reader(node: Node, spoken: Spoken, member: str) -> ReaderView:
    said = next((each for each in spoken.read if each.holder == member), None)
    return ReaderView(member=member, delivered=_delivered(node, spoken, member), read=said.at if said else None,
                      officer=said.officer if said else None)


def _delivered(node: Node, spoken: Spoken, member: str) -> int | None:
    rows = [row for row in node.store.find_journal(spoken.message)
            if row.sender == spoken.sender and digest(row.statement) == spoken.digest]
    if member == node.own:
        return next((row.at for row in rows if row.role == "received"), None)
    receipt = node.store.receipt(member, spoken.message) if rows and spoken.sender == node.own else None
    if not receipt:
        return None
    verdict = verify_receipt(node, member, rows[0].statement, receipt)
    return verdict.at if verdict.state == "admitted" else None


class ReadView(_View, frozen=True):
    """One message by which a person says to have read: the last of what was unread, and whom it goes to."""

    words: list[bytes]
    to: list[str]


def to_read(node: Node, case: str, desk: str | None = None) -> list[ReadView]:
    """Return what a person of this node would say to have read by now: one message for each circle of readers.

    What the desk may not read it cannot have read.
    """
    known, by, state = _case(node, case), desk_of(node, desk), node.state.cases
    fresh = [each for each in talk.unread(state, case, node.own) if not _shown(node, each, by).withheld]
    found, can = [], set(reachable(node, known))
    for circle in sorted({tuple(sorted(talk.audience(each))) for each in fresh}):
        words = [each for each in fresh if tuple(sorted(talk.audience(each))) == circle]
        answered = {name for each in words for name in each.seen}
        last = [each.digest for each in words if each.digest not in answered]
        told = sorted((set(circle) & can) | {each.sender for each in words} - {node.own})
        found += [ReadView(words=last[start : start + MOST_SEEN], to=told)
                  for start in range(0, len(last), MOST_SEEN)]
    return found


def talk_due(node: Node) -> list[Draft]:
    """Return what this node has to say by itself: that it deletes what was said in a case whose time is over."""
    now, state = node.clock.now(), node.state.cases
    spoken_of = {each.case for each in state.words.values()}
    return [
        Draft(Clear(reason="retention"), tuple(reachable(node, known)), case=case)
        for case, known in sorted(state.cases.items())
        if case in spoken_of and known.retain_until <= now and not talk.is_cleared(state, case)
    ]
