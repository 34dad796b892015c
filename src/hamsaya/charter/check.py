"""Is this text fit to be law? Everything that is wrong with a charter before anybody signs it.

A text with an error is refused: by ``hamsaya charter check``, by a node at its start, and as an amendment.

Rules
 1. It is small enough to be counted and worked through by every node: at most 64 members, whose votes one record
    holds, 64 classes, 64 instruments, 1024 clauses, and 512 rules within its classes.                     ``too-large``
 2. Its dates are dates, and go forward from version to version; a time ends after it begins, and a member can
    leave within five years.                                                                              ``mis-dated``
 3. What it refers to exists, and nothing refers back to itself: instruments that others require, appeals, classes
    of decisions, earlier versions.                              ``unknown-instrument``, ``unknown-class``, ``circular``
    No instrument is called as the whole is.                                                         ``reserved-id``
 4. It can be signed before it is in force, and enough of those who must sign can.                       ``unsignable``
 5. Those who count its votes are its parties.                                                        ``unknown-party``
 6. Its clauses do not contradict each other, and take nothing of a member's without its consent (``check_clauses``).
 7. Its decisions take nothing of a member's without its consent (``check_classes``).

What is odd but harms nobody is a warning: powers that nobody can use, decisions that can never be taken. In a draft
instrument, which gives no power, everything is a warning: it may be read and mended.

    for problem in check(document, earlier={revision(old): old}):
        print(problem.ref, problem.sentence)
    require_sound(document)                                      # or PeerError "bad-charter"

Left out: who has signed and what has expired, which are questions of a day; goods that no package suspends, which no
clause can name, and which ``linkage`` protects whatever a charter says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date

from hamsaya.base.errors import PeerError
from hamsaya.charter.check_classes import check_class
from hamsaya.charter.check_clauses import check_clauses, permits_of
from hamsaya.charter.compiled import Compiled, compile_document
from hamsaya.charter.problem import Problem, error, warning
from hamsaya.charter.types import CHARTER, Document, Instrument, revision

UNDATED = "1970-01-01"
MOST_MEMBERS, MOST_CLASSES, MOST_INSTRUMENTS = 64, 64, 64
MOST_CLAUSES, MOST_RULES = 1024, 512
LONGEST_DAYS = 5 * 366
"""Nobody is held longer than five years against its will."""
WAYS_OUT = ("charter.withdraw", "charter.cut")
Earlier = Mapping[bytes, Document]


def check(document: Document, *, earlier: Earlier | None = None) -> list[Problem]:
    """Return what is wrong with ``document``, errors first, each with the article it stands in.

    Args:
        earlier: Versions known here, by their revision; those that this one supersedes are looked up in it.
    """
    found = [*_size(document)]
    if not found:
        try:
            compiled = compile_document(document)
        except PeerError as unreadable:
            found.append(error("rules", "bad-rule", str(unreadable)))
        else:
            found += _everything(document, compiled, earlier or {})
    drafts = tuple(one.id for one in document.instruments if one.draft)
    softened = (_in_draft(problem) if _belongs(problem.ref, drafts) else problem for problem in found)
    return sorted(softened, key=lambda problem: problem.severity != "error")


def require_sound(document: Document, *, earlier: Earlier | None = None) -> None:
    """Return for a charter that may be in effect.

    Raises:
        PeerError: code ``bad-charter``; the first error, with its article and the reason, and how many more there are.
    """
    errors = [problem for problem in check(document, earlier=earlier) if problem.severity == "error"]
    if errors:
        first = errors[0]
        more = f"; and {len(errors) - 1} more (hamsaya charter check lists them)" if len(errors) > 1 else ""
        raise PeerError(f"{first.ref}: {first.sentence} [{first.code}]{more}", code="bad-charter")


def _everything(document: Document, compiled: Compiled, earlier: Earlier) -> Iterator[Problem]:
    yield from _versions(document, earlier)
    yield from _references(document, compiled)
    yield from _entry(document, compiled)
    for instrument in document.instruments:
        yield from _times(instrument)
        yield from check_clauses(compiled, instrument)
    for decision in document.rules:
        yield from check_class(compiled, decision)
    yield from _people(document, compiled)


def _belongs(ref: str, instruments: Sequence[str]) -> bool:
    return ref.partition(":")[0] in instruments


def _in_draft(problem: Problem) -> Problem:
    return warning(problem.ref, problem.code, problem.sentence)


# 1. Size.
def _size(document: Document) -> Iterator[Problem]:
    clauses = sum(len(instrument.clauses) for instrument in document.instruments)
    for ref, what, count, most in (
        ("members", "entries", len(document.members), MOST_MEMBERS),
        ("rules", "entries", len(document.rules), MOST_CLASSES),
        ("instruments", "entries", len(document.instruments), MOST_INSTRUMENTS),
        ("instruments", "clauses", clauses, MOST_CLAUSES),
        ("rules", "rules within rules", sum(_rules(decision.rule) for decision in document.rules), MOST_RULES),
    ):
        if count > most:
            yield error(ref, "too-large", f"expected at most {most} {what}, received {count}")


def _rules(plain: object) -> int:
    """Return how many rules a rule's table holds, itself among them."""
    if isinstance(plain, Mapping):
        return ("rule" in plain) + sum(map(_rules, plain.values()))
    return sum(map(_rules, plain)) if isinstance(plain, list | tuple) else 0


# 2. Dates.
def _versions(document: Document, earlier: Earlier) -> Iterator[Problem]:
    if document.dated == UNDATED:
        yield warning("charter", "undated", "it does not say of which day it is")
    elif not _is_date(document.dated):
        yield error("charter", "mis-dated", f"there is no day {document.dated}")
    seen = {revision(document)}
    name, at_hand = bytes.fromhex(document.supersedes), document
    while name:
        if name in seen:
            yield error("charter", "circular", f"version {name.hex()[:16]} supersedes itself through those between")
            return
        seen.add(name)
        older = earlier.get(name)
        if older is None:
            if earlier:
                yield warning("charter", "unknown-version", f"the superseded version {name.hex()[:16]} is not at hand")
            return
        if at_hand.dated <= older.dated:
            yield error("charter", "mis-dated", f"it is of {at_hand.dated}, and the version it supersedes of "
                                                f"{older.dated}")
        name, at_hand = bytes.fromhex(older.supersedes), older


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _times(instrument: Instrument) -> Iterator[Problem]:
    ref, sunset = instrument.id, instrument.sunset_days
    if 0 < sunset <= instrument.entry_delay_days:
        yield error(ref, "mis-dated", f"it ends {sunset} days after its entry into force, which itself waits "
                                      f"{instrument.entry_delay_days} days")
    for name, days in (("notice", instrument.notice_days), ("wind-down", instrument.wind_down_days)):
        if days > LONGEST_DAYS:
            yield error(ref, "mis-dated", f"its {name} of {days} days is longer than {LONGEST_DAYS}: nobody is held "
                                          "so long against its will")
    if 0 < sunset <= instrument.notice_days:
        yield warning(ref, "late-notice", f"who gives notice leaves after {instrument.notice_days} days, when it has "
                                          f"ended after {sunset} anyway")


# 3. References.
def _references(document: Document, compiled: Compiled) -> Iterator[Problem]:
    if CHARTER in compiled.instruments:  # Its clauses would be named as the charter's own rules are (charter:links).
        yield error(CHARTER, "reserved-id", f"an instrument is not called {CHARTER}, by which the whole text is meant")
    requires = {one.id: one.requires for one in document.instruments}
    for one in document.instruments:
        for name in one.requires:
            needed = compiled.instruments.get(name)
            if needed is None:
                yield error(one.id, "unknown-instrument", f"it requires {name}, which the charter does not have")
            elif needed.draft and not one.draft:
                yield warning(one.id, "waits", f"it requires the draft {name}, and waits until that is agreed")
        for clause in one.clauses:
            if clause.decision and clause.decision not in compiled.classes:
                yield error(f"{one.id}:{clause.id}", "unknown-class",
                            f"it depends on the class of decisions {clause.decision}, which the charter does not have")
    for ring in _rings(requires, lambda name: requires.get(name, ())):
        yield error(ring[0], "circular", f"instruments that require each other: {' → '.join(ring)}")
    for decision in document.rules:
        if decision.appeal and decision.appeal not in compiled.classes:
            yield error(f"rules:{decision.id}", "unknown-class", f"its appeal {decision.appeal} does not exist")
    appeals = {one.id: (one.appeal,) if one.appeal else () for one in document.rules}
    for ring in _rings(appeals, lambda name: appeals.get(name, ())):
        yield error(f"rules:{ring[0]}", "circular", f"appeals that lead back to where they began: {' → '.join(ring)}")


def _rings(names: Iterable[str], following: Callable[[str], Sequence[str]]) -> list[list[str]]:
    """Return one ring of names for every part of the graph that leads back to itself, first name repeated."""
    done: set[str] = set()
    found = []
    for start in names:
        path: list[str] = []
        waiting = [iter((start,))]
        while waiting:
            name = next(waiting[-1], None)
            if name is None:
                waiting.pop()
                if path:
                    done.add(path.pop())
            elif name in path:
                found.append([*path[path.index(name):], name])
            elif name not in done:
                path.append(name)
                waiting.append(iter(following(name)))
    return found


# 4. Signature.
def _entry(document: Document, compiled: Compiled) -> Iterator[Problem]:
    signing = [permit for one in document.instruments if not one.draft
               for permit, kinds in permits_of(compiled, one) if "charter.sign" in kinds]
    if not any(permit.before_entry and "member" in permit.senders and "full" in permit.standing for permit in signing):
        yield error("charter", "unsignable", "no clause lets a member in full standing sign before entry into force")
    able = len(compiled.ratifiers)
    for one in document.instruments:
        if one.entry_into_force > able:
            yield error(one.id, "unsignable", f"needs {one.entry_into_force} signatures, and {able} may sign")
        for name in sorted(set(one.required) - compiled.ratifiers):
            yield error(one.id, "unsignable", f"needs the signature of {name}, which is no member in full standing")


# 5. Who counts; who may leave; under which reserve de facto authorities take part.
def _people(document: Document, compiled: Compiled) -> Iterator[Problem]:
    for name in document.depositaries:
        if name not in compiled.members:
            yield error("charter", "unknown-party", f"the depositary {name} is no party of the charter")
    if document.rules and not document.depositaries:
        yield warning("charter", "no-depositary", "nobody counts votes, so nothing that members vote on is recorded")
    if document.epoch_signatures >= max(2, len(compiled.ratifiers)):
        yield warning("charter", "epoch-signatures", f"a standing changes with {document.epoch_signatures} votes of "
                                                     "others, more than there are in full standing")
    organs = {party.id for party in document.members if party.role == "oversight"}
    for party in document.members:
        if party.overseer and party.overseer not in organs:
            yield error("charter", "unknown-party", f"{party.id} names {party.overseer}, which oversees nobody")
        if party.kind == "de-facto-authority" and not document.recognition:
            yield warning("charter", "recognition", f"{party.id} takes part without the clause that this is without "
                                                    "prejudice to recognition")
    for kind in WAYS_OUT:
        if not any(key[1] == kind and found.permits for key, found in compiled.clauses.items()):
            yield warning("charter", "no-way-out", f"no clause lets a member send {kind}")
