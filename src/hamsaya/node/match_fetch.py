"""What a running node does for hit/no-hit beside its messages: builds a set off the writer, fetches those of peers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from hamsaya.base.errors import PeerError
from hamsaya.crypto.oprf import EpochKey
from hamsaya.matching.tags import OVER_MATCH_CAP
from hamsaya.matching.types import Notice
from hamsaya.node import match_probes, match_sets
from hamsaya.node.core import Node
from hamsaya.node.dispatch import address_of, refusal_code
from hamsaya.node.hit_no_hit import KeyPair, build_set
from hamsaya.node.match_audits import openings_due
from hamsaya.node.match_sets import Part
from hamsaya.node.send import Draft
from hamsaya.node.writer import LOG, Act, Writer
from hamsaya.ports.keys import MatchKey
from hamsaya.ports.transport import Transport

PATH = "/v1/sets"
TIMEOUT_S = 60.0


class BuiltView(msgspec.Struct, frozen=True, kw_only=True):
    """A set that was built and waits to be published."""

    epoch: int
    edition: str
    entries: int
    decoys: int
    dropped: int
    planted: int
    bytes: int
    root: str
    desks: list[str]


async def build(writer: Writer, path: Path, *, fresh: bool, workers: int, cap: int = OVER_MATCH_CAP) -> BuiltView:
    """Build a set from a file of records under this node's key, keep it, and return what it holds.

    The multiplications run beside the writer, so the node goes on meanwhile.

    Args:
        fresh: Begin a new epoch.
    """
    key: MatchKey = await writer.call(Act(lambda node: match_sets.prepare_epoch(node, fresh)))
    pair = KeyPair(EpochKey(key.seed), key.decoy_seed)
    built = await asyncio.to_thread(build_set, path, pair, epoch=key.epoch, workers=workers, cap=cap)
    await writer.call(Act(lambda node: match_sets.keep_built(node, built)))
    notice = built.notice
    return BuiltView(epoch=notice.epoch, edition=notice.edition.hex(), entries=notice.size, decoys=built.decoys,
                     dropped=len(built.dropped), planted=len(built.planted), bytes=len(built.tags.entries),
                     root=notice.root.hex(), desks=notice.desks)


async def fetch_sets(writer: Writer, transport: Transport) -> list[Part]:
    """Fetch what is missing of the sets that were noticed to this node, and read the answers that waited for them.

    One owner that does not answer, or answers with another set than it noticed, keeps no other from being fetched.
    """
    done = []
    for owner, notice in await writer.ask(match_sets.wanted):
        try:
            if part := await _fetch(writer, transport, owner, notice):
                done.append(part)
        except PeerError as error:
            LOG.warning("the tag set of %s: %s (%s)", owner, error, error.code)
    await writer.call(Act(match_probes.read_answers))
    return done


async def _fetch(writer: Writer, transport: Transport, owner: str, notice: Notice) -> Part | None:
    """Fetch page after page until the set is whole or its owner does not answer; return how far it came."""
    part: Part | None = None
    while part is None or not part.complete:
        address = await writer.ask(lambda node: address_of(node, owner))
        if address is None:  # An owner that accepts no connection carries its set as a file.
            return part
        request = await writer.ask(lambda node: match_sets.request(node, owner, notice.edition))
        answer = await transport.post(address, PATH, request, TIMEOUT_S)
        if answer.status != 200:
            if answer.status:
                LOG.info("the tag set of %s is not given: %s", owner, refusal_code(answer))
            return part
        part = await writer.call(Act(lambda node, page=answer.body: match_sets.take(node, owner, notice, page)))  # type: ignore[misc]
    return part


def match_due(node: Node) -> list[Draft]:
    """Return what this node has to say about hit/no-hit by itself."""
    return [*match_probes.probes_due(node), *openings_due(node)]


def match_housekeeping(node: Node) -> None:
    """Drop what is over, and read what can be read."""
    match_sets.tidy(node)
    match_probes.read_answers(node)
    node.store.prune_kept(node.clock.now())
