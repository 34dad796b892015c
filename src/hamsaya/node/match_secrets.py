"""What a querier's node keeps of its probes, under its storage key: each input's secret, and what became of it.

Secrets read a probe, and open it to oversight; they are kept for ``AUDIT_TIME``, in which every input may be drawn.
Results are kept as long as the case. Neither leaves the node but in an opening to oversight.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY
from hamsaya.canon import decode, encode
from hamsaya.crypto import oprf
from hamsaya.crypto.sealing import lock, unlock
from hamsaya.matching.audit import commitment
from hamsaya.matching.identifiers import encoded
from hamsaya.matching.types import Hit, Notice, Probe, Secret
from hamsaya.messages.kinds import Body
from hamsaya.node.core import Node

AUDIT_TIME = 180 * DAY
SECRETS, RESULTS = "probe-secrets", "probe-results"


class Found(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What became of the inputs of one probe, in their order, and when that was looked up; ``asked`` names, by place,
    the request that followed a hit up."""

    at: int
    hits: list[Hit | None]
    asked: dict[Annotated[str, msgspec.Meta(max_length=3)], str] = {}


def keep_secrets(node: Node, case: str, probe: Probe, secrets: Sequence[Secret]) -> None:
    """Keep the secrets of ``probe`` once they are shown to be what it commits to.

    Raises:
        OperatorError: they are another probe's (``wrong-secrets``): it could neither be read nor opened.
    """
    made = [(oprf.element_of(encoded(each.identifier), each.blind), each) for each in secrets]
    sums = [commitment(probe.to, case, probe.epoch, each.identifier, element, each.salt) for element, each in made]
    if [element for element, _ in made] != probe.elements or sums != probe.commitments:
        raise OperatorError("the secrets are not those of this probe; make it anew", code="wrong-secrets")
    _put(node, SECRETS, probe.probe, node.clock.now() + AUDIT_TIME, list(secrets))


def secrets_of(node: Node, probe: str) -> list[Secret] | None:
    """Return the secrets of a probe of this node, None once their time is over."""
    secrets: list[Secret] | None = _get(node, SECRETS, probe, list[Secret])
    return secrets


def keep_found(node: Node, probe: str, until: int, found: Found) -> None:
    """Keep what became of a probe until ``until``."""
    _put(node, RESULTS, probe, until, found)


def found_of(node: Node, probe: str) -> Found | None:
    """Return what became of a probe of this node, None while that is not known."""
    found: Found | None = _get(node, RESULTS, probe, Found)
    return found


def require_kept(node: Node, body: Body) -> None:
    """Return when this node can stand by what it is about to say of hit/no-hit.

    Raises:
        OperatorError: a probe that it could neither read nor open to oversight (``no-secrets``), or a notice of a set
            or under a key that it does not hold (``no-set``).
    """
    match body:
        case Probe(probe=ref) if node.store.kept(SECRETS, ref) is None:
            raise OperatorError("a probe is sent with its secrets: hamsaya match probe", code="no-secrets")
        case Notice(epoch=epoch, edition=edition):
            key = node.ring.match_key(epoch)
            if key is None or all(row.edition != edition for row in node.store.sets()):
                raise OperatorError("this node holds no such set; build one: hamsaya match build", code="no-set")


def _put(node: Node, room: str, key: str, until: int, value: Any) -> None:
    plain = encode(msgspec.to_builtins(value, builtin_types=(bytes,)))
    node.store.put_kept(room, key, until, lock(node.ring.storage, node.random.bytes(12), plain, _label(room, key)))


def _get(node: Node, room: str, key: str, kind: Any) -> Any:
    locked = node.store.kept(room, key)
    if locked is None:
        return None
    return msgspec.convert(decode(unlock(node.ring.storage, locked, _label(room, key))), kind, builtin_types=(bytes,))


def _label(room: str, key: str) -> bytes:
    return f"hamsaya/v1/{room}/{key}".encode()
