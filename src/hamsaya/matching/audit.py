"""Oversight of hit/no-hit: which inputs are drawn for opening, what an opening proves, how many are enough.

    seed = seed_of({"ava.example/log": note, "bel.example/log": note})
    picks = draw(seed, population(state, "ava", first, last), openings_needed(0.10))     # 29 of them
    findings = findings_of(oprf, asking_by_pick, openings)                               # empty: all was as committed

Rules
1. The sample is a function of the seed and of what was asked. The seed is the hash of checkpoints of at least two logs,
   signed after the period: whoever asked could not know it then, and the overseer cannot choose it now.
2. Every input has the same chance. Its rank is the hash of the seed and its place; the lowest ranks are drawn.
3. An opening holds when the identifier is a strong identifier in its one spelling, the salt makes its commitment, and
   the blind makes its element. To open an element to another identifier one would have to find a discrete logarithm.
   The audit names the list that it was drawn from: who audits may not have heard of all that was asked, and who is
   audited does not answer for picks from another list than its own, nor is it wrong for that.
4. What does not open is misuse until explained: silence must not be cheaper than a bad opening.

With n openings, misuse of a share q of the inputs goes unseen with probability (1 - q)^n at most: 29 openings show 10 %
at 95 % confidence, 299 show 1 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from hamsaya.base.errors import PeerError
from hamsaya.canon import digest, tagged
from hamsaya.matching.identifiers import encoded
from hamsaya.matching.oprf import QuerierSide
from hamsaya.matching.types import Asking, Identifier, MatchState, Opening, Pick

Flaw = Literal["not-opened", "not-an-identifier", "other-commitment", "other-element"]
COMMITMENT = "hamsaya/v1/probe-commitment"


class Finding(NamedTuple):
    """One drawn input that was not what had been committed to."""

    pick: Pick
    flaw: Flaw


def commitment(responder: str, case: str, epoch: int, item: Identifier, element: bytes, salt: bytes) -> bytes:
    """Return the 32-byte commitment to ``item`` and its blinded ``element``; ``salt`` is 32 secret random bytes."""
    return digest(tagged(COMMITMENT, [responder, case, epoch, encoded(item), element, salt]))


def seed_of(checkpoints: Mapping[str, bytes]) -> bytes:
    """Return the 32-byte seed that checkpoints make: origin -> the signed note's bytes, of at least two logs.

    Raises:
        ValueError: fewer than two logs: the owner of a single one could try leaves until the sample suits it.
    """
    if len(checkpoints) < 2:
        raise ValueError(f"expected the checkpoints of at least two logs, received {len(checkpoints)}")
    return digest(tagged("hamsaya/v1/audit-seed", [[origin, checkpoints[origin]] for origin in sorted(checkpoints)]))


def population(state: MatchState, querier: str, first: int, last: int) -> list[Pick]:
    """Return every input that ``querier`` asked about in [first, last], UTC milliseconds, declined ones too."""
    asked = (each for each in state.probes.values() if each.querier == querier and first <= each.at <= last)
    return sorted(Pick(probe=each.probe, place=place) for each in asked for place in range(len(each.elements)))


def named(inputs: Sequence[Pick]) -> bytes:
    """Return the 32-byte name of the list that a sample is drawn from, ``population``."""
    return digest(tagged("hamsaya/v1/audit-population", [[pick.probe, pick.place] for pick in inputs]))


def draw(seed: bytes, inputs: Iterable[Pick], count: int) -> tuple[Pick, ...]:
    """Return the ``count`` inputs (all of them when fewer) of lowest rank under ``seed``, the lowest first."""

    def rank(pick: Pick) -> bytes:
        return digest(tagged("hamsaya/v1/audit-rank", [seed, pick.probe, pick.place]))

    return tuple(sorted(inputs, key=rank)[:count])


def openings_needed(share: float, confidence: float = 0.95) -> int:
    """Return the openings that show misuse of ``share`` of the inputs with probability >= ``confidence``.

    Args:
        share: Misused share of the inputs, in (0, 1].
        confidence: In (0, 1).
    """
    if not 0 < share <= 1 or not 0 < confidence < 1:
        raise ValueError("expected a share in (0, 1] and a confidence in (0, 1)")
    return 1 if share == 1 else math.ceil(math.log(1 - confidence) / math.log(1 - share))


def detection(share: float, openings: int) -> float:
    """Return the probability that ``openings`` drawn inputs hold at least one misused, when ``share`` of all are.

    It is a lower bound: inputs are drawn without putting them back.
    """
    if not 0 <= share <= 1 or openings < 0:
        raise ValueError("expected a share in [0, 1] and openings >= 0")
    return 1 - (1 - share) ** openings


def findings_of(
    oprf: QuerierSide, askings: Mapping[str, Asking], picks: Sequence[Pick], openings: Sequence[Opening]
) -> list[Finding]:
    """Return what is wrong with the openings of ``picks``, in their order; an empty list says all was as committed.

    Args:
        askings: The audited member's probes by reference, as the overseer's own log has them.
    """
    opened = {each.pick: each for each in openings}
    found = ((pick, _flaw(oprf, askings[pick.probe], opened.get(pick))) for pick in picks)
    return [Finding(pick, flaw) for pick, flaw in found if flaw is not None]


def _flaw(oprf: QuerierSide, asking: Asking, opening: Opening | None) -> Flaw | None:
    if opening is None:
        return "not-opened"
    element, item = asking.elements[opening.pick.place], opening.identifier
    try:
        data = encoded(item)
    except PeerError:
        return "not-an-identifier"
    expected = commitment(asking.responder, asking.case, asking.epoch, item, element, opening.salt)
    if expected != asking.commitments[opening.pick.place]:
        return "other-commitment"
    return None if oprf.element_of(data, opening.blind) == element else "other-element"
