"""Merge the accounts of several reporters: compare them pair by pair, keep every claim, say how sure that is and why.

    ledger = compared(accounts)                  # or compared(more, ledger): earlier rulings and vintages stay
    linked(ledger)                               # probabilities once all pairs compete and persons have ruled

Rules
1. The latest vintage of an account speaks; earlier ones stay. Order of reporters and of rows changes nothing.
2. Each two reporters are compared by a model learnt from these two files alone (merging_model). Reporters' files are
   taken to hold each event once.
3. Only affirming accounts are compared. A denial that names an account belongs to it; one that does not is put to a
   person beside every account of others within ``DENIAL_KM`` on days that touch.
4. Pairs below ``LEAST`` are not kept.
5. A ruling "same" or "different" overrides the model, and its competitors' probabilities are worked out anew. It holds
   for later files too, also of pairs that these no longer bring together; "open" takes it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np

from hamsaya.monitor.merging_assign import marginals
from hamsaya.monitor.merging_columns import Floats, Ints, Pairs, candidate_pairs, columns_of
from hamsaya.monitor.merging_model import factors, fit
from hamsaya.monitor.merging_types import Account, Candidate, Key, Ledger, Linked, Ruling
from hamsaya.monitor.merging_words import denial_words, pair_words

LEAST = 0.01
DENIAL_KM = 25.0
RULED_ODDS = 1e9
UNSEEN_ODDS = 1e-9


def compared(accounts: Iterable[Account], ledger: Ledger | None = None) -> Ledger:
    """Return a ledger of these accounts and those of ``ledger``, compared; its rulings stay."""
    before = Ledger() if ledger is None else ledger
    known = {(one.key, one.as_of, one) for one in (*before.accounts, *before.earlier, *accounts)}
    speaking: dict[Key, Account] = {}
    for _, _, one in sorted(known, key=lambda entry: (entry[0], entry[1], repr(entry[2]))):
        speaking[one.key] = one
    accounts_now = [speaking[key] for key in sorted(speaking)]
    earlier = sorted((one for _, _, one in known if speaking[one.key] != one),
                     key=lambda one: (one.key, one.as_of, repr(one)))
    sides: dict[str, list[Account]] = {}
    for one in accounts_now:
        if one.stance == "affirms":
            sides.setdefault(one.reporter, []).append(one)
    found = [pair for left, right in combinations(sorted(sides), 2) for pair in _pairs(sides[left], sides[right])]
    found += _denials(accounts_now)
    found += _remembered(before.rulings, speaking, {(one.left, one.right) for one in found})
    return Ledger(accounts_now, earlier, sorted(found, key=lambda pair: (pair.left, pair.right)), before.rulings)


def linked(ledger: Ledger) -> list[Linked]:
    """Return every candidate with its probability, in the ledger's order; a pair ruled on has 1 or 0."""
    ruled = rulings(ledger)
    result = {(one.left, one.right): Linked(one, None, ruled.get((one.left, one.right))) for one in ledger.candidates}
    plain = [one for one in ledger.candidates if not one.denial]
    for reporters in sorted({(one.left[0], one.right[0]) for one in plain}):
        group = [one for one in plain if (one.left[0], one.right[0]) == reporters]
        for one, probability in zip(group, _probabilities(group, ruled), strict=True):
            pair = one.left, one.right
            result[pair] = Linked(one, float(probability), ruled.get(pair))
    return [result[one.left, one.right] for one in ledger.candidates]


def rulings(ledger: Ledger) -> dict[tuple[Key, Key], Ruling]:
    """Return the ruling that holds for each pair ruled on: the last, where that does not take back the others."""
    last = {(one.left, one.right): one for one in ledger.rulings}
    return {pair: one for pair, one in last.items() if one.verdict != "open"}


def unseen(left: Key, right: Key, accounts: Mapping[Key, Account]) -> Candidate:
    """Return the candidate of two accounts that no comparison brought together, but a person ruled on."""
    denial = any(accounts[key].stance != "affirms" for key in (left, right))
    return Candidate(left, right, UNSEEN_ODDS, denial, ["brought together by a person, not by comparing"])


def _remembered(
    rulings_before: Iterable[Ruling], accounts: Mapping[Key, Account], found: set[tuple[Key, Key]]
) -> list[Candidate]:
    """Rule 5: pairs ruled on that these files do not bring together."""
    pairs = sorted({(one.left, one.right) for one in rulings_before} - found)
    return [unseen(left, right, accounts) for left, right in pairs if left in accounts and right in accounts]


def _probabilities(group: Sequence[Candidate], ruled: dict[tuple[Key, Key], Ruling]) -> Floats:
    odds = np.array([one.odds for one in group])
    verdicts = [ruled[one.left, one.right].verdict if (one.left, one.right) in ruled else None for one in group]
    same = np.array([verdict == "same" for verdict in verdicts])
    odds[np.array([verdict == "different" for verdict in verdicts])] = 1.0 / RULED_ODDS
    odds[same] = RULED_ODDS
    left, i = np.unique([f"{one.left[1]}" for one in group], return_inverse=True)
    right, j = np.unique([f"{one.right[1]}" for one in group], return_inverse=True)
    return marginals(i, j, (len(left), len(right)), odds)


def _pairs(left: Sequence[Account], right: Sequence[Account]) -> list[Candidate]:
    columns = columns_of(left), columns_of(right)
    pairs = candidate_pairs(*columns)
    if not len(pairs.left):
        return []
    fitted = fit(*columns, pairs)
    kept = np.flatnonzero(fitted.probability >= LEAST)
    chosen = pairs.take(kept)
    words = pair_words(left, right, chosen, factors(fitted, kept), _rivals(pairs, fitted.probability)[kept])
    return [
        Candidate(left[i].key, right[j].key, float(odds), False, reasons)
        for i, j, odds, reasons in zip(chosen.left, chosen.right, fitted.odds[kept], words, strict=True)
    ]


def _rivals(pairs: Pairs, probability: Floats) -> Ints:
    """Return how many other pairs that are kept share an account with each."""
    kept = (probability >= LEAST).astype(np.int64)
    left, right = np.bincount(pairs.left, kept), np.bincount(pairs.right, kept)
    return (left[pairs.left] + right[pairs.right] - 2 * kept).astype(np.int64)


def _denials(accounts: Sequence[Account]) -> list[Candidate]:
    """Rule 3: a denial that names no account, beside each account of others that it may be about."""
    open_ones = [one for one in accounts if one.stance != "affirms" and one.answers is None]
    affirming = [one for one in accounts if one.stance == "affirms"]
    if not open_ones or not affirming:
        return []
    pairs = candidate_pairs(columns_of(open_ones), columns_of(affirming), km=DENIAL_KM, days=0)
    found = []
    for i, j, km in zip(pairs.left, pairs.right, pairs.km, strict=True):
        denial, other = open_ones[i], affirming[j]
        if denial.reporter != other.reporter:
            left, right = sorted((denial.key, other.key))
            found.append(Candidate(left, right, 1.0, True, denial_words(denial, float(km))))
    return found
