"""The stream of headers: a member's log opened leaf by leaf to the party that oversees it.

Rules of a report
1. It goes from a member to parties that oversee it, and to nobody else.      else ``wrong-role``, ``recipient-outside``
2. It begins where the last one ended, or before: a gap waits for what fills it.            else ``predecessor-missing``
3. Every row is a statement of this version, said by the member or to it.                             else ``bad-row``
4. Its checkpoint is of the member's own log, over exactly these leaves, with a signature known here.
                                                                        else ``bad-checkpoint``, ``predecessor-missing``
What contradicts an earlier report or the checkpoint is not refused: it is taken in, and shown as a finding. A report is
signed by its member, so it is evidence.

Since every leaf is opened in its place, nothing can be left out but the end of the log; how long that end may be is in
``findings``. A leaf opened is recomputed here, so that the statement is the one that the member's log holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import msgspec

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.base.errors import PeerError
from hamsaya.base.instants import DAY
from hamsaya.canon import digest
from hamsaya.messages.envelope import Header, statement_parts
from hamsaya.messages.event import Event
from hamsaya.messages.oversight import Report, Row
from hamsaya.node.directory import DirectoryState, signature_keys
from hamsaya.node.journal import record_entry
from hamsaya.node.oversight.types import KEPT_DAYS, Flaw, HeaderRow, OversightState, Stream
from hamsaya.translog.checkpoint import parse_checkpoint
from hamsaya.translog.cosignature import log_vkeys, open_checkpoint
from hamsaya.translog.note import parse_note
from hamsaya.translog.tree import leaf_hash


def decide(
    state: OversightState, directory: DirectoryState, event: Event, body: Report, overseers: frozenset[str], origin: str
) -> Decision:
    """Decide on a report.

    Args:
        overseers: The parties that oversee its sender. origin: Of the sender's log.
    """
    permitted = permit("oversight:report", "every leaf of a member's log is opened to the party that oversees it")
    return next(_refusals(state, directory, event, body, overseers, origin), permitted)


def _refusals(
    state: OversightState, directory: DirectoryState, event: Event, body: Report, overseers: frozenset[str], origin: str
) -> Iterator[Decision]:
    told = frozenset(event.recipients)
    sending = event.sender == state.own
    # 1. From whom to whom.
    if not overseers or (not sending and state.own not in overseers):
        yield refuse("wrong-role", "oversight:report", "this party does not oversee the sender")
    if not told or told - overseers:
        yield refuse("recipient-outside", "oversight:report", "a report goes to who oversees its sender, nobody else")
    # 2. No gap.
    known = min((state.told.get(name, 0) for name in told), default=0) if sending else _stream(state, event).edge.size
    if body.first > known:
        yield refuse("predecessor-missing", "oversight:report", f"leaves {known} to {body.first} have not arrived")
    # 3. The rows.
    for row in body.rows:
        yield from _row(event.sender, row)
    # 4. The checkpoint.
    if body.checkpoint is not None and not sending:
        yield from _checkpoint(directory, event, body, body.checkpoint, origin)


def _stream(state: OversightState, event: Event) -> Stream:
    return state.streams.get(event.sender, Stream())


def _row(member: str, row: Row) -> Iterator[Decision]:
    try:
        header, *_ = statement_parts(row.statement)
    except PeerError as error:
        yield refuse("bad-row", "oversight:report", f"a statement does not parse ({error.code})")
        return
    by_member = row.role in ("sent", "note")
    told = member in (recipient.member for recipient in header.rcp)
    if (header.snd == member) != by_member or (not by_member and not told):
        yield refuse("bad-row", "oversight:report", f"a leaf that is {row.role} names another sender or recipient")


def _checkpoint(
    directory: DirectoryState, event: Event, body: Report, note: bytes, origin: str
) -> Iterator[Decision]:
    try:
        claimed = parse_checkpoint(parse_note(note).text)
    except PeerError as error:
        yield refuse("bad-checkpoint", "oversight:report", f"the checkpoint does not parse ({error.code})")
        return
    if claimed.origin != origin or claimed.size != body.first + len(body.rows):
        yield refuse("bad-checkpoint", "oversight:report", "the checkpoint is of another log or another size")
    with suppress(PeerError):  # No key of the sender's log is known.
        for key in signature_keys(directory, event.sender, "log"):
            with suppress(PeerError):
                open_checkpoint(note, log_vkeys(origin, key))
                return
    # A renewed key of the log may still be on its way.
    yield refuse("predecessor-missing", "oversight:report", "no key of that log known here signed the checkpoint")


# --- The fold --------------------------------------------------------------------------------------------------


def apply(state: OversightState, event: Event, body: Report) -> OversightState:
    """Return the state after an admitted report: at its sender how far it told whom, elsewhere the leaves it opens."""
    if event.sender == state.own:
        told, end = state.told, body.first + len(body.rows)
        for name in event.recipients:
            told = told.set(name, max(told.get(name, 0), end))
        return replace(state, told=told)
    return _noted(_opened(state, event, body), event, body)


def _opened(state: OversightState, event: Event, body: Report) -> OversightState:
    stream, rows, flaws = _stream(state, event), state.rows, list[Flaw]()
    openings = state.openings
    edge, awaited, last_at = stream.edge, stream.awaited | {event.message_id}, stream.last_at
    for index, row in enumerate(body.rows, start=body.first):
        leaf = leaf_hash(record_entry(row.role, row.code, row.at, row.statement, row.salt))
        if index < edge.size:
            if rows[event.sender, index].leaf != leaf:
                flaws.append(Flaw(code="rewritten", index=index, at=event.issued_at))
            continue
        edge = edge.with_leaf(leaf)
        opened = header_row(event.sender, index, row, leaf, edge.root())
        rows, awaited, last_at = rows.set((event.sender, index), opened), awaited - {opened.message}, row.at
        if opened.kind == "case.open" and opened.case is not None and row.role in ("sent", "received"):
            openings = openings.set(opened.case, (*openings.get(opened.case, ()), (event.sender, index)))
    proven, end = stream.proven, body.first + len(body.rows)
    if body.checkpoint is not None:
        root = parse_checkpoint(parse_note(body.checkpoint).text).root
        if rows[event.sender, end - 1].root == root:
            proven = max(proven, end)
        else:
            flaws.append(Flaw(code="other-log", index=end, at=event.issued_at))
    fresh = Stream(edge, proven, last_at, max(stream.told_at, event.issued_at), awaited, (*stream.flaws, *flaws))
    return replace(state, rows=rows, openings=openings, streams=state.streams.set(event.sender, fresh))


def header_row(member: str, index: int, row: Row, leaf: bytes, root: bytes) -> HeaderRow:
    """Return an opened leaf."""
    header: Header = statement_parts(row.statement)[0]
    return HeaderRow(
        member=member, index=index, role=row.role, code=row.code, at=row.at, kind=header.typ, case=header.case,
        instrument=header.ins, sender=header.snd, recipients=tuple(each.member for each in header.rcp),
        issued_at=header.iat, expires_at=header.exp, message=header.mid, digest=digest(row.statement), leaf=leaf,
        root=root, facts=tuple((fact.name, fact.value) for fact in row.facts),
    )


def _noted(state: OversightState, event: Event, body: Report) -> OversightState:
    """Keep the first checkpoint that the member reported on this UTC day, and forget old ones."""
    day = event.issued_at // DAY
    if body.checkpoint is None or (event.sender, day) in state.notes:
        return state
    notes = state.notes.set((event.sender, day), body.checkpoint)
    for key in list(notes):
        if key[0] == event.sender and key[1] < day - KEPT_DAYS:
            notes = notes.delete(key)
    return replace(state, notes=notes)


def rows_of(state: OversightState, member: str, first: int = 0, limit: int | None = None) -> Iterator[HeaderRow]:
    """Yield the opened leaves of one member in their order."""
    size = state.streams.get(member, Stream()).edge.size
    last = size if limit is None else min(size, first + limit)
    for index in range(first, last):
        yield state.rows[member, index]


def openings_of(state: OversightState, case: str) -> tuple[HeaderRow, ...]:
    """Return a leaf for each opening under one reference, the earliest first: as its opener reported it, else as one
    who was told did. Two openings are two when their senders or their signed statements differ.
    """
    found: dict[tuple[str, bytes], HeaderRow] = {}
    for row in (state.rows[key] for key in state.openings.get(case, ())):
        if row.role == "sent" or (row.sender, row.digest) not in found:
            found[row.sender, row.digest] = row
    return tuple(sorted(found.values(), key=lambda row: (row.issued_at, row.sender, row.digest)))


def opening_of(state: OversightState, case: str, among: Collection[str] = ()) -> HeaderRow | None:
    """Return the opening of a case in which all of ``among`` take part; where there is none the first of its reference.
    """
    found = openings_of(state, case)
    fits = (row for row in found if participants_of(row) >= set(among))
    return next(fits, found[0] if found else None)


def participants_of(opening: HeaderRow) -> frozenset[str]:
    """Return those who were told of an opening, and who opened it."""
    return frozenset((opening.sender, *opening.recipients))


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value, builtin_types=(bytes,))


def snapshot(state: OversightState) -> Any:
    """Return the state as a plain value; equal states give equal bytes."""
    return {
        "told": [[name, state.told[name]] for name in sorted(state.told)],
        "streams": [
            [name, s.edge.size, list(s.edge.peaks), s.proven, s.last_at, s.told_at, sorted(s.awaited), _plain(s.flaws)]
            for name, s in sorted(state.streams.items())
        ],
        "rows": [_plain(row) for _, row in sorted(state.rows.items())],
        "notes": [[*key, note] for key, note in sorted(state.notes.items())],
        "acts": [_plain(act) for _, act in sorted(state.acts.items())],
        "compared": [_plain(each) for _, each in sorted(state.compared.items())],
    }
