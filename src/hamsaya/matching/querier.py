"""The querier's side of a probe: from identifiers to what is sent, from the answer to hits.

    prepared = prepare(oprf, notice, "bel", "C-1", identifiers, randomness)   # prepared.secrets stay here, locked away
    probe = Probe(elements=prepared.elements, commitments=prepared.commitments, ...)
    results = read(oprf, notice, prepared.secrets, probe, answer, lambda output: find(tags, output))

Rules
1. The key is the notice's, which the log holds; an answer made with another is refused, and none of it is used.
2. Hits are looked up here. The responder learns how many inputs were asked about, and nothing of which or what was
   found. The node looks up only in a set that ``tags.verify_set`` has accepted.
3. The secrets open the probe to oversight, so they are kept until its audit's time is over; and they read the probe,
   so they are kept nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from hamsaya.base.errors import PeerError
from hamsaya.matching.audit import commitment
from hamsaya.matching.identifiers import encoded
from hamsaya.matching.oprf import BLIND_BYTES, QuerierSide
from hamsaya.matching.types import MAX_BATCH, Hit, Identifier, Notice, Opening, Pick, Probe, ProbeAnswer, Result, Secret

SALT_BYTES = 32
RANDOM_BYTES = BLIND_BYTES + SALT_BYTES
"""Secret random bytes that one input takes."""


class Prepared(NamedTuple):
    """What is sent of each input, and what is kept of it."""

    elements: list[bytes]
    commitments: list[bytes]
    secrets: list[Secret]


def prepare(
    oprf: QuerierSide, notice: Notice, responder: str, case: str, wanted: Sequence[Identifier],
    randomness: Callable[[int], bytes],
) -> Prepared:
    """Return a probe's elements and commitments for ``wanted``, 1 to 100 different identifiers.

    Args:
        notice: The responder's logged notice of the epoch.
        randomness: Returns that many secret random bytes, new at each call.
    Raises:
        ValueError: no identifier, too many, or one twice.
        PeerError: an identifier not in its one spelling (``bad-identifier``).
    """
    if not 1 <= len(wanted) <= MAX_BATCH or len(set(wanted)) != len(wanted):
        raise ValueError(f"expected 1 to {MAX_BATCH} different identifiers, received {len(wanted)}")
    secrets = [Secret(identifier=item, salt=randomness(SALT_BYTES), blind=randomness(BLIND_BYTES)) for item in wanted]
    elements = [each.element for each in _asked(oprf, notice, secrets)]
    commitments = [commitment(responder, case, notice.epoch, each.identifier, element, each.salt)
                   for each, element in zip(secrets, elements, strict=True)]
    return Prepared(elements, commitments, secrets)


def read(
    oprf: QuerierSide, notice: Notice, secrets: Sequence[Secret], probe: Probe, answer: ProbeAnswer,
    look_up: Callable[[bytes], Hit | None], *, admitted: bool = False,
) -> list[Result]:
    """Return what became of each input, in the order of ``secrets``.

    Args:
        probe, answer: As they stand in the log.
        admitted: The answer's proof was verified when it was admitted, against this notice's key.
        look_up: From an output to the hit in the verified set, ``tags.find``; or in a verified bucket.
    Raises:
        PeerError: an answer of another probe or size, made with another key, or with an element that is none
            (``wrong-answer``, ``bad-proof``, ``bad-element``).
        ValueError: secrets of another probe.
    """
    if answer.probe != probe.probe or len(answer.evaluated) != len(probe.elements) or notice.epoch != probe.epoch:
        raise PeerError(f"expected the answer to probe {probe.probe}, {len(probe.elements)} elements of epoch "
                        f"{probe.epoch}; received another", code="wrong-answer")
    asked = _asked(oprf, notice, secrets)
    if [each.element for each in asked] != probe.elements:
        raise ValueError("expected the secrets with which this probe was made, for this epoch's key")
    outputs = (oprf.outputs_of_admitted(asked, answer.evaluated) if admitted else
               oprf.outputs(notice.public, asked, answer.evaluated, answer.proof))
    return [Result(identifier=each.identifier, hit=look_up(output))
            for each, output in zip(secrets, outputs, strict=True)]


def open_pick(pick: Pick, secrets: Sequence[Secret]) -> Opening:
    """Return the opening of one drawn input; ``secrets`` are those of the probe that ``pick`` names."""
    secret = secrets[pick.place]
    return Opening(pick=pick, identifier=secret.identifier, salt=secret.salt, blind=secret.blind)


def _asked(oprf: QuerierSide, notice: Notice, secrets: Sequence[Secret]) -> list[Any]:
    masks = oprf.masks(notice.public, [each.blind for each in secrets])
    return [oprf.ask(encoded(each.identifier), mask) for each, mask in zip(secrets, masks, strict=True)]
