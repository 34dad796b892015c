"""What does not fit together in the logs that are overseen here.

Findings
unreported       a log that this node cosigned is longer than what was opened of it, for more than ``GRACE``; the leaves
                 of reports that are here make the rest of its root
rewritten        a report opens a leaf otherwise than an earlier one did
other-log        what was opened does not make the root that the member's checkpoint, or this witness, has
not-in-senders-log  a receiver's log holds a message that its sender's does not, although it has gone past that time
sender-silent    the same, where the sender's log has not been opened that far for more than ``SILENCE``
two-statements   one message id, two statements
two-openings     two cases were opened under one reference: whose freeze or act is meant is not the reference's to say.
                 Each is frozen by itself; the finding says which are not
facts-differ     the two ends of a message state other coded words of it
sent-in-frozen-case  a member's log holds the freeze, and after it something of the case that must wait
notice-date      the date that an opener states does not make the commitment that its opening carries
bad-opening      an input drawn for opening was not opened in a week, or not as it had been committed to; a probe bears
                 the date of a week for which its sender has opened a list without it
notice-late      the day of notice, with what it was put off to, is past and nobody has said that notice was given

A finding names whose logs show it and does not say who lied: either may have. The reports in this node's own journal,
which their members signed, are the evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from hamsaya.base.instants import HOUR, MINUTE, to_text
from hamsaya.canon import decode, encode
from hamsaya.cases import freezing, notices
from hamsaya.cases.freezing import PASS
from hamsaya.cases.types import Frozen, Notice
from hamsaya.messages.notices import date_commitment
from hamsaya.messages.oversight import Report
from hamsaya.node.core import Node
from hamsaya.node.journal import read_event, record_entry
from hamsaya.node.oversight import draws
from hamsaya.node.oversight.facts import OPENER_ONLY
from hamsaya.node.oversight.stream import openings_of, participants_of, rows_of
from hamsaya.node.oversight.types import Finding, HeaderRow, OversightState, Stream
from hamsaya.translog.tree import leaf_hash

GRACE = 5 * MINUTE
SILENCE = HOUR
Key = tuple[str, bytes]
FLAWS = {
    "rewritten": "it opened this leaf otherwise before",
    "other-log": "what it opened does not make the root of its checkpoint",
}


def watch(node: Node) -> None:
    """Note since when the end of each log has been longer than what was opened of it; once with each turn."""
    for member in node.agreement.overseen_by(node.own):
        size = node.state.oversight.streams[member].edge.size if member in node.state.oversight.streams else 0
        kept = _since(node, member)
        if _missing(node, member) <= 0:
            if kept is not None:
                node.store.put_meta(_key(member), b"")
        elif kept is None or kept[0] != size:
            node.store.put_meta(_key(member), encode([size, node.clock.now()]))


def _key(member: str) -> str:
    return f"unreported {member}"


def _since(node: Node, member: str) -> tuple[int, int] | None:
    kept = node.store.get_meta(_key(member))
    if not kept:
        return None
    size, at = decode(kept)
    return size, at


def _missing(node: Node, member: str) -> int:
    """Return how many leaves of the log cosigned here were neither opened nor are those of reports that are here."""
    witnessed = node.store.witnessed(node.agreement.origin(member))
    stream = node.state.oversight.streams.get(member, Stream())
    if witnessed is None or witnessed[0] <= stream.edge.size:
        return 0
    edge = stream.edge
    for leaf in _own_leaves(node, member, stream.awaited)[: witnessed[0] - edge.size]:
        edge = edge.with_leaf(leaf)
    told = (edge.size, edge.root()) == witnessed
    return 0 if told else witnessed[0] - stream.edge.size


def _own_leaves(node: Node, member: str, reports: frozenset[bytes]) -> list[bytes]:
    """Return the leaves that ``reports`` of ``member`` have in its own log, in the order in which they came here."""
    rows = [row for each in reports for row in node.store.find_journal(each) if row.sender == member]
    leaves = []
    for row in sorted(rows, key=lambda row: row.index):
        event = read_event(row, node.ring.storage)
        if event is not None and isinstance(event.body, Report):
            entry = record_entry("sent", "admitted", event.issued_at, row.statement, event.body.salt)
            leaves.append(leaf_hash(entry))
    return leaves


def findings(node: Node) -> list[Finding]:
    """Return everything that does not fit together now, the latest first."""
    state, now = node.state.oversight, node.clock.now()
    pairs = both_ends(state)
    found = [*_logs(node, now), *_pairs(state, pairs, node.agreement.overseen_by(node.own), now), *_frozen(state),
             *_notices(node, now), *_openings(node), *_twice(node)]
    return sorted(found, key=lambda each: (-each.at, each.code, each.members, each.index or 0))


def _logs(node: Node, now: int) -> Iterator[Finding]:
    state = node.state.oversight
    for member in sorted(node.agreement.overseen_by(node.own)):
        kept, missing = _since(node, member), _missing(node, member)
        if kept is not None and missing > 0 and now - kept[1] > GRACE:
            yield _finding("unreported", [member], kept[1], f"{missing} leaves of its log that this witness cosigned "
                           f"have not been opened since {to_text(kept[1])}", index=kept[0])
        stream = state.streams.get(member)
        for flaw in stream.flaws if stream is not None else ():
            yield _finding(flaw.code, [member], flaw.at, FLAWS[flaw.code], index=flaw.index)
        witnessed = node.store.witnessed(node.agreement.origin(member))
        row = state.rows.get((member, witnessed[0] - 1)) if witnessed is not None else None
        if witnessed is not None and row is not None and row.root != witnessed[1]:
            yield _finding("other-log", [member], row.at, "what it opened is not the log that this witness cosigned",
                           index=row.index)


def both_ends(state: OversightState) -> dict[Key, list[HeaderRow]]:
    """Return, for each message between parties, the leaves that stand for it in the logs opened here."""
    found: dict[Key, list[HeaderRow]] = {}
    for member in sorted(state.streams):
        for row in rows_of(state, member):
            if row.role != "note":
                found.setdefault((row.sender, row.message), []).append(row)
    return found


def _pairs(
    state: OversightState, pairs: Mapping[Key, list[HeaderRow]], overseen: frozenset[str], now: int
) -> Iterator[Finding]:
    for (sender, _), rows in pairs.items():
        yield from _unlike(rows)
        if sender not in overseen or any(row.role == "sent" for row in rows):
            continue
        row, stream = rows[0], state.streams.get(sender)
        reached = 0 if stream is None else stream.last_at
        text = f"the log of {row.member} holds it, that of {sender} "
        if reached > row.issued_at + GRACE:
            yield _of(row, "not-in-senders-log", [sender, row.member], text + "has gone past that time without it")
        elif now - row.at > SILENCE:
            yield _of(row, "sender-silent", [sender, row.member], text + "has not been opened that far")


def _unlike(rows: list[HeaderRow]) -> Iterator[Finding]:
    first = rows[0]
    for other in rows[1:]:
        if other.digest != first.digest:
            yield _of(other, "two-statements", [first.member, other.member], "one message id stands for two statements")
        elif "refused" not in (first.role, other.role) and _shared(first) != _shared(other):
            yield _of(other, "facts-differ", [first.member, other.member], "the two ends state it differently")


def _shared(row: HeaderRow) -> dict[str, str]:
    return {name: value for name, value in row.facts if name not in OPENER_ONLY}


def _frozen(state: OversightState) -> Iterator[Finding]:
    """Follow each log through its freezes: what a member said after it had taken a freeze in, and before its end."""
    for member in sorted(state.streams):
        frozen: dict[tuple[str, str], int] = {}
        for row in rows_of(state, member):
            key = (row.case or "", row.sender)
            if row.role == "received" and row.kind == "oversight.freeze":
                frozen[key] = frozen.get(key, 0) + 1
            elif row.role == "received" and row.kind == "oversight.unfreeze":
                frozen[key] = frozen.get(key, 0) - 1
            elif row.role == "sent" and _must_wait(row) and any(
                    case == row.case and count > 0 for (case, _), count in frozen.items()):
                yield _of(row, "sent-in-frozen-case", [member], f"{row.kind} after the freeze was in its own log")


def _must_wait(row: HeaderRow) -> bool:
    """Say whether what ``row`` stands for must wait while its case is frozen, as far as its header and words tell."""
    if row.case is None or row.kind.startswith("oversight.") or row.kind in PASS:
        return False
    return row.fact("correction") is None and row.kind != "case.consent"


def _openings(node: Node) -> Iterator[Finding]:
    for member, at, why in (*draws.unopened(node), *draws.undrawn(node)):
        yield _finding("bad-opening", [member], at, why, index=None)


def _twice(node: Node) -> Iterator[Finding]:
    """Show each reference under which more than one case was opened, and which of them this node has not frozen."""
    state = node.state.oversight
    for case in sorted(state.openings):
        found = openings_of(state, case)
        if len(found) < 2:
            continue
        open_still = [row for row in found if not own_freezes(node, case, participants_of(row))]
        words = "; ".join(f"by {row.sender} for {', '.join(sorted(participants_of(row)))}" for row in found)
        text = f"{len(found)} cases bear this reference: {words}"
        if open_still and len(open_still) < len(found):
            text += f"; not frozen: that of {', '.join(row.sender for row in open_still)}, freeze the case again"
        latest = found[-1]
        yield msgspec.structs.replace(_of(latest, "two-openings", sorted({row.sender for row in found}), text),
                                      at=max(row.at for row in found))


def own_freezes(node: Node, case: str, people: frozenset[str]) -> list[Frozen]:
    """Return the standing freezes by this node that were told to these participants of ``case``, this node aside."""
    found = freezing.standing(node.state.cases, case)
    return [each for each in found if each.by == node.own and set(each.told) >= people - {node.own}]


def _notices(node: Node, now: int) -> Iterator[Finding]:
    for case, opening, date in sealed_dates(node.state.oversight):
        salt, stated = opening.fact("notice-salt") or "", opening.fact("notice") or ""
        if date_commitment(case, date, bytes.fromhex(salt)).hex() != stated:
            yield _of(opening, "notice-date", [opening.member], "the date it states is not the one it sealed")
        heard = heard_of(node, case, opening)
        until = date if heard is None else notices.due(heard, date)
        given = heard is not None and heard.given_at is not None
        if until is not None and not given and until + notices.GIVE_WITHIN < now:
            yield _of(opening, "notice-late", [opening.member], f"notice was to be given by {to_text(until)}")


def heard_of(node: Node, case: str, opening: HeaderRow) -> Notice | None:
    """Return what has been said of the notice that ``opening`` owes; of another opening under its reference nothing."""
    heard = node.state.cases.notices.get(case)
    return heard if heard is not None and heard.opener == opening.sender else None


def sealed_dates(state: OversightState) -> list[tuple[str, HeaderRow, int]]:
    """Return each opening with the date of notice that its opener stated, by case; what is no date is left out."""
    found = []
    for case in sorted(state.openings):
        for row in openings_of(state, case):
            date, salt = row.fact("notice-on") or "", row.fact("notice-salt") or ""
            if row.role == "sent" and date.isdecimal() and len(date) < 16 and is_hex(salt):
                found.append((case, row, int(date)))
    return found


def is_hex(text: str) -> bool:
    """Say whether a word that a member states is bytes in lower-case hexadecimal."""
    return len(text) % 2 == 0 and all(letter in "0123456789abcdef" for letter in text)


def _of(row: HeaderRow, code: str, members: list[str], text: str) -> Finding:
    return Finding(code=code, members=members, case=row.case, message_id=row.message.hex(), index=row.index, at=row.at,
                   text=text)


def _finding(code: str, members: list[str], at: int, text: str, index: int | None) -> Finding:
    return Finding(code=code, members=members, case=None, message_id=None, index=index, at=at, text=text)
