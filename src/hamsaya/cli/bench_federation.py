"""A federation with a record: every party of the pack a real process, the charter signed, promises, findings, tranches.

    async with federation(home, promises=12) as fleet:
        await fleet.call("ava", "what-if", settings=["visits=12"], live=True)

What is on record is the exercise's script, said once for every promise under references of its own. Nodes keep the
machine's own time.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from msgspec import structs

from hamsaya.adapters.regionpack import Pack, builtin_pack
from hamsaya.cli.exercise import Exercise
from hamsaya.cli.fleet import Fleet
from hamsaya.node.bootstrap import Settings, agreement_of, open_pack


@asynccontextmanager
async def federation(home: Path, promises: int) -> AsyncIterator[Fleet]:
    """Give a fleet below ``home`` in which so many promises were made, found not to be kept, and put on notice.

    Every message has arrived when it is given; its processes are ended afterwards, whatever happened. The exercise's
    own script holds who promises, judges and pays.

    Raises:
        OperatorError: a node that does not start. Refused: a message that a node refuses.
    """
    pack = open_pack(Settings(node="", pack=builtin_pack().id))
    parties = [party for party in pack.parties if party.standing != "absent"]
    fleet = Fleet(home)
    try:
        ports = dict(zip([party.id for party in parties], free_ports(len(parties)), strict=True))
        await asyncio.to_thread(fleet.found_all, [Settings(
            node=party.id, pack=pack.id, listen_port=ports[party.id], console_port=0,
            endpoint=f"https://127.0.0.1:{ports[party.id]}" if party.inbound else None,
        ) for party in parties])
        for member in ports:
            fleet.launch(member)
        await asyncio.gather(*(fleet.ready(member) for member in ports))
        played = Exercise(
            fleet=fleet, pack=pack, agreement=agreement_of(pack, fleet.members[0]), links=[],
            say=lambda act, sentence: None, incidents=0, rows=[], source=("", ""), first="", last="", as_of=0,
        )
        await played.cards()
        await played.charter()
        for number in range(promises):
            again = replace(played, pack=renamed(pack, number))
            await again.promise()
            await again.tranche()
        await played.delivered()
        yield fleet
    finally:
        await fleet.stop_all()


def renamed(pack: Pack, number: int) -> Pack:
    """Return ``pack`` with its exercise's promise, finding and tranche under references that end in ``number``."""
    script = pack.exercise
    ref = f"{script.commitment.body.commitment}-{number}"
    commitment = structs.replace(
        script.commitment, finding=f"{script.commitment.finding}-{number}",
        body=structs.replace(script.commitment.body, commitment=ref))
    body = structs.replace(script.tranche.body, tranche=f"{script.tranche.body.tranche}-{number}", commitment=ref)
    tranche = structs.replace(script.tranche, body=body)
    return replace(pack, exercise=structs.replace(script, commitment=commitment, tranche=tranche))


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody holds, all different."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
