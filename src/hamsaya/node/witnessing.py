"""Witnessing: this node cosigns the checkpoints of others, and asks others to cosign its own.

A witness remembers the largest tree of each log it has cosigned and signs only what extends it, so a log that shows
different histories to different parties needs the collusion of a quorum. Judging and remembering are one
transaction, committed before the answer leaves (C2SP tlog-witness).
"""

from __future__ import annotations

from dataclasses import dataclass

from hamsaya.base.errors import HamsayaError, PeerError
from hamsaya.node.core import Node
from hamsaya.node.writer import Act, Writer
from hamsaya.ports.transport import Address, Transport
from hamsaya.translog import witness
from hamsaya.translog.cosignature import witness_vkeys
from hamsaya.translog.note import VKey
from hamsaya.translog.policy import parse_policy, policy_text, quorum


@dataclass(frozen=True, slots=True)
class WitnessJob:
    """``core.Job`` that answers one add-checkpoint request."""

    unverified_bytes: bytes

    def run(self, node: Node) -> witness.Answer:
        try:
            request = witness.parse_add_checkpoint(self.unverified_bytes)
        except PeerError as error:
            node.record_refusal(error, self.unverified_bytes)
            return witness.malformed(error)
        origin = request.checkpoint.origin
        stored = node.store.witnessed(origin)
        seen = witness.Seen(*stored) if stored else witness.NEVER
        answer = witness.add_checkpoint(
            request, _watched(node, origin), seen, node.ring.witness, node.agreement.witness_name(node.own),
            node.clock.ticks() // 1000,
        )
        if answer.seen is not None:
            node.store.put_witnessed(origin, answer.seen.size, answer.seen.root)
        elif answer.code == "fork":  # Signed by the log itself: the proof that it showed two histories.
            node.store.put_meta(_fork_key(origin), self.unverified_bytes)
        if answer.code not in ("", "stale"):
            refusal = PeerError(f"checkpoint refused: {answer.code}", code=answer.code)
            node.record_refusal(refusal, self.unverified_bytes)
        return answer

    def finish(self, node: Node, outcome: witness.Answer, checkpoint: object) -> witness.Answer:
        return outcome

    def refused(self, node: Node, error: HamsayaError) -> None:
        node.record_refusal(error, self.unverified_bytes)


def _fork_key(origin: str) -> str:
    return f"fork {origin}"


def forked_peers(node: Node) -> list[str]:
    """Return the peers whose logs have shown this witness two histories; the evidence lies in the store."""
    peers = sorted(node.state.directory.peers)
    return [peer for peer in peers if node.store.get_meta(_fork_key(node.agreement.origin(peer)))]


def _watched(node: Node, origin: str) -> dict[str, tuple[VKey, ...]]:
    """Return the keys of the one log asked about, if it is a peer's."""
    found = next((member for member in node.state.directory.peers if node.agreement.origin(member) == origin), node.own)
    return {} if found == node.own else {origin: node.log_keys(found)}


def witness_keys(node: Node, member: str) -> tuple[VKey, ...]:
    """Return both witness keys of ``member``; raises PeerError when its card is not here."""
    record = node.state.directory.peers.get(member)
    keys = record.keys("witness") if record else []
    if not keys:
        raise PeerError(f"no witness key of {member} is known here", code="unknown-key")
    return witness_vkeys(node.agreement.witness_name(member), keys[-1].verifying_key)


@dataclass(frozen=True, slots=True)
class _Request:
    size: int
    note: bytes
    body: bytes


def _request(node: Node, old_size: int) -> _Request | None:
    head = node.store.checkpoint()
    if head is None or old_size > head[0]:
        return None
    size, note = head
    proof = node.tree.consistency(old_size, size) if 0 < old_size < size else []
    return _Request(size, note.encode(), witness.encode_add_checkpoint(old_size, proof, note.encode()))


async def ask_witness(writer: Writer, transport: Transport, address: Address, old_size: int) -> int | None:
    """Ask one peer to cosign our latest checkpoint and keep its lines; return the size cosigned, None if it did not.

    ``old_size`` is what we believe the witness last saw; a 409 with its real size is followed once.
    """
    for _ in range(2):
        request = await writer.ask(lambda node, old=old_size: _request(node, old))  # type: ignore[misc]
        if request is None:
            return None
        answer = await transport.post(address, "/add-checkpoint", request.body, 15.0)
        if answer.status == 409:
            try:
                old_size = witness.parse_conflict(answer.body)
                continue
            except PeerError:
                return None
        if answer.status != 200:
            return None
        try:
            await writer.call(Act(lambda node, r=request, b=answer.body: _keep(node, address.member, r, b)))  # type: ignore[misc]
        except PeerError:
            return None
        return request.size
    return None


def _keep(node: Node, member: str, request: _Request, unverified_body: bytes) -> None:
    cosigned = witness.accept_cosignatures(request.note, unverified_body, witness_keys(node, member))
    node.store.put_cosignature(request.size, member, cosigned[len(request.note) :].decode())


def cosigned_note(node: Node, size: int) -> bytes | None:
    """Return the checkpoint of ``size`` with every cosignature kept for it."""
    head = node.store.checkpoint(size)
    if head is None:
        return None
    return (head[1] + "".join(node.store.cosignatures(size).values())).encode()


def witness_policy(node: Node, member: str, faulty: int = 1) -> str:
    """Return the tlog-policy for ``member``'s log: a quorum of all other parties that can be reached as witnesses.

    Args:
        faulty: How many witnesses may be bad while two quorums still share an honest one.
    """
    peers = node.state.directory.peers
    names = sorted(name for name, record in peers.items() if name != member and record.endpoint is not None)
    witnesses = {name: witness_keys(node, name) for name in names}
    needed = quorum(len(names), min(faulty, len(names) - 1)) if names else 0
    return policy_text(node.log_keys(member), witnesses, needed)


def check_policy(node: Node, member: str, note: bytes) -> None:
    """Return when ``note`` satisfies ``witness_policy``; raises PeerError naming the missing witnesses."""
    parse_policy(witness_policy(node, member).encode()).check(note)
