"""What the ledger says: incidents that hold both sides' accounts, the queue for a person, rulings and unmerging.

Rules
1. Two accounts are of one incident where a person ruled "same", or where their pair's probability is above one half and
   nobody ruled otherwise. Rulings are followed first, then pairs by falling probability.
2. An incident holds one account of each reporter at most, and more speaks for it than against: where a pair would bring
   in a second account, or accounts which taken together are rather of two events (the odds of all pairs across,
   multiplied; never compared counts as ``APART``), it is passed over, and a person is told.
3. Every affirming account is in exactly one incident. Nothing is added up: an incident spans its claims.
4. A denial is in the incident of the account it names, or of those about which a person ruled "same". It makes
   the incident contested and its lowest count 0; it never removes an account.
5. The queue holds candidates with a probability from ``QUEUE``, denials that name nothing and pairs passed over, until
   ruled on; the least certain first.
6. Unmerging rules "different" on all pairs across the incident's accounts in one call, compared or not, so that no
   later file brings them together. Nothing is deleted; to rule "same" afterwards, or to undo, restores what was.
7. Undoing gives each pair of the last call the verdict that it had before, as a ruling of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from hamsaya.monitor.merging import unseen
from hamsaya.monitor.merging_types import (
    Account,
    Agreement,
    Ground,
    Incident,
    Key,
    Ledger,
    Linked,
    Ruling,
    Verdict,
)
from hamsaya.monitor.types import gid_of

QUEUE = (0.2, 0.9)
JOINED = 0.5
APART = 0.01  # Probability of a pair that no comparison kept.
AGAINST = math.log(APART / (1 - APART))


def incidents(ledger: Ledger, pairs: Sequence[Linked]) -> list[Incident]:
    """Return the incidents, sorted by id.

    Args:
        pairs: ``merging.linked(ledger)``.
    """
    accounts = {one.key: one for one in ledger.accounts}
    groups = _groups(accounts, pairs)
    denials = _denials(accounts, groups, pairs)
    held = {frozenset((one.candidate.left, one.candidate.right)): one for one in pairs}
    return sorted(
        (_incident([accounts[key] for key in group], [accounts[key] for key in denials[group[0]]], held)
         for group in sorted({tuple(group) for group in groups.values()})),
        key=lambda one: one.id,
    )


def queue(pairs: Sequence[Linked], passed: Sequence[Linked] = ()) -> list[Linked]:
    """Return what a person should look at (rule 5).

    Args:
        passed: ``passed_over`` of the pairs.
    """
    low, high = QUEUE
    over = {(one.candidate.left, one.candidate.right) for one in passed}
    waiting = [one for one in pairs
               if one.ruling is None and (one.probability is None or low <= one.probability <= high
                                          or (one.candidate.left, one.candidate.right) in over)]
    return sorted(waiting, key=lambda one: (one.probability is not None and abs(one.probability - JOINED),
                                            one.candidate.left, one.candidate.right))


def passed_over(found: Iterable[Incident], pairs: Iterable[Linked]) -> list[Linked]:
    """Return the pairs that are said to be one event, by a person or the model, and yet are not in one incident."""
    home = {key: one.id for one in found for key in one.accounts}
    return [one for one in pairs
            if not one.candidate.denial and _chosen(one)
            and home.get(one.candidate.left) != home.get(one.candidate.right)]


def open_denials(ledger: Ledger, found: Sequence[Incident]) -> list[Account]:
    """Return the denials that belong to no incident: they name nothing, or an account that is not here."""
    placed = {key for one in found for key in one.denials}
    return [one for one in ledger.accounts if one.stance != "affirms" and one.key not in placed]


def ruled(
    ledger: Ledger, left: Key, right: Key, verdict: Verdict, *, by: str, at: int, ground: Ground = "review"
) -> Ledger:
    """Return the ledger with a person's ruling on two accounts at its end; pairs never compared may be ruled on too.

    Raises:
        ValueError: an account is not in the ledger, or both are of one reporter.
    """
    known = {one.key for one in ledger.accounts}
    for key in (left, right):
        if key not in known:
            raise ValueError(f"expected an account of the ledger, received {key[0]}:{key[1]}")
    if left[0] == right[0]:
        raise ValueError(f"expected accounts of two reporters, received two of {left[0]}")
    left, right = sorted((left, right))
    candidates = ledger.candidates
    if all((one.left, one.right) != (left, right) for one in candidates):
        added = unseen(left, right, {one.key: one for one in ledger.accounts})
        candidates = sorted([*candidates, added], key=lambda one: (one.left, one.right))
    ruling = Ruling(left, right, verdict, ground, by, at)
    return msgspec.structs.replace(ledger, candidates=candidates, rulings=[*ledger.rulings, ruling])


def unmerged(ledger: Ledger, incident: Incident, *, by: str, at: int) -> Ledger:
    """Return the ledger in which the incident's accounts stand apart (rule 6)."""
    keys = [*incident.accounts, *incident.denials]
    result = ledger
    for place, left in enumerate(sorted(keys)):
        for right in sorted(keys)[place + 1 :]:
            if left[0] != right[0]:
                result = ruled(result, left, right, "different", by=by, at=at, ground="unmerge")
    return result


def undone(ledger: Ledger, *, by: str, at: int) -> Ledger:
    """Return the ledger in which the last call's rulings are taken back (rule 7); an undo can be undone.

    Raises:
        ValueError: there is no ruling.
    """
    if not ledger.rulings:
        raise ValueError("expected a ruling to undo, received a ledger without any")
    last = ledger.rulings[-1]
    first = len(ledger.rulings)
    while first and _call(ledger.rulings[first - 1]) == _call(last):
        first -= 1
    before = {(one.left, one.right): one.verdict for one in ledger.rulings[:first]}
    result = ledger
    for left, right in sorted({(one.left, one.right) for one in ledger.rulings[first:]}):
        result = ruled(result, left, right, before.get((left, right), "open"), by=by, at=at, ground="undo")
    return result


def _call(one: Ruling) -> tuple[str, int, Ground]:
    return one.by, one.at, one.ground


def _groups(accounts: dict[Key, Account], pairs: Iterable[Linked]) -> dict[Key, list[Key]]:
    """Rules 1 to 3: each affirming account's group; accounts of one incident share one list."""
    groups = {key: [key] for key, one in accounts.items() if one.stance == "affirms"}
    plain = [one for one in pairs if not one.candidate.denial and one.probability is not None]
    chosen = [one for one in plain if _chosen(one)]
    apart = {frozenset((one.candidate.left, one.candidate.right)) for one in plain
             if one.ruling is not None and one.ruling.verdict == "different"}
    weight = {frozenset((one.candidate.left, one.candidate.right)): _log_odds(one) for one in plain}
    for one in sorted(chosen, key=lambda one: (not _says_same(one), -(one.probability or 0), one.candidate.left,
                                               one.candidate.right)):
        a, b = groups[one.candidate.left], groups[one.candidate.right]
        clash = {key[0] for key in a} & {key[0] for key in b}
        if a is b or clash or any(frozenset((x, y)) in apart for x in a for y in b):
            continue
        if not _says_same(one) and sum(weight.get(frozenset((x, y)), AGAINST) for x in a for y in b) < 0:
            continue
        together = sorted([*a, *b])
        groups.update(dict.fromkeys(together, together))
    return groups


def _chosen(one: Linked) -> bool:
    return _says_same(one) or (one.ruling is None and (one.probability or 0) > JOINED)


def _log_odds(one: Linked) -> float:
    p = min(max(one.probability or 0.0, APART), 1 - 1e-9)
    return math.log(p / (1 - p))


def _says_same(one: Linked) -> bool:
    return one.ruling is not None and one.ruling.verdict == "same"


def _denials(
    accounts: dict[Key, Account], groups: dict[Key, list[Key]], pairs: Iterable[Linked]
) -> dict[Key, list[Key]]:
    """Rule 4: the denials of each group, by the group's first account."""
    found: dict[Key, set[Key]] = {group[0]: set() for group in groups.values()}
    refused = {frozenset((one.candidate.left, one.candidate.right)) for one in pairs
               if one.ruling is not None and one.ruling.verdict == "different"}
    about = [(key, one.answers) for key, one in accounts.items()
             if one.answers is not None and frozenset((key, one.answers)) not in refused]
    for pair in pairs:
        if pair.candidate.denial and _says_same(pair):
            ends = pair.candidate.left, pair.candidate.right
            about += [(key, other) for key, other in (ends, ends[::-1]) if accounts[key].stance != "affirms"]
    for denial, other in about:
        if other in groups:
            found[groups[other][0]].add(denial)
    return {first: sorted(keys) for first, keys in found.items()}


def _incident(
    accounts: Sequence[Account], denials: Sequence[Account], held: dict[frozenset[Key], Linked]
) -> Incident:
    pairs = [held[pair] for place, a in enumerate(accounts) for b in accounts[place + 1 :]
             if (pair := frozenset((a.key, b.key))) in held]
    disagreement = _disagreement(accounts, denials)
    status: Agreement = ("contested" if denials else "single" if len(accounts) == 1 else
                         "differing" if disagreement else "agreed")
    return Incident(
        id=":".join(accounts[0].key), status=status,
        accounts=[one.key for one in accounts], denials=[one.key for one in denials],
        probability=min((one.probability for one in pairs if one.probability is not None), default=None),
        first_day=min(one.first_day for one in accounts), last_day=max(one.last_day for one in accounts),
        low=0 if any(one.stance == "denies" for one in denials) else min(one.low for one in accounts),
        best_low=min(one.best for one in accounts), best_high=max(one.best for one in accounts),
        high=max(one.high for one in accounts),
        cells=sorted({gid_of(one.longitude, one.latitude) for one in accounts}),
        violence=sorted({one.violence for one in accounts}), actors=sorted({one.actor for one in accounts}),
        disagreement=disagreement,
    )


def _disagreement(accounts: Sequence[Account], denials: Sequence[Account]) -> list[str]:
    words = [f"{one.reporter} says that it did not happen" if one.stance == "denies" else
             f"{one.reporter} says that it was not on its side" for one in denials]
    if max(one.low for one in accounts) > min(one.high for one in accounts):
        words.append("bounds of deaths do not touch: " + _each(accounts, lambda one: f"{one.low} to {one.high}"))
    if max(one.first_day for one in accounts) > min(one.last_day for one in accounts):
        words.append("days do not touch")
    for what, values in (("types of violence", {one.violence for one in accounts} - {0}),
                         ("actor classes", {one.actor for one in accounts} - {0})):
        if len(values) > 1:
            words.append(f"{what} differ: {', '.join(str(value) for value in sorted(values))}")
    return words


def _each(accounts: Iterable[Account], say: object) -> str:
    assert callable(say)
    return ", ".join(f"{one.reporter} {say(one)}" for one in accounts)
