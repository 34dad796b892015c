"""A running node: the writer, delivery, pulling, witnessing and the clock's own acts, for the faces to call.

Everything a face offers is a method here; nothing here renders or parses HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from hamsaya.base.errors import HamsayaError, OperatorError, PolicyRefusal
from hamsaya.base.instants import HOUR, MINUTE
from hamsaya.crypto.signing import SigningKey
from hamsaya.matching.types import EMPTY_MATCHES, MatchState
from hamsaya.messages.cases import Overdue
from hamsaya.messages.keys import open_card
from hamsaya.messages.node import Peer, Publish
from hamsaya.node import attachments, exchange
from hamsaya.node.assembly import contests_due, records_due
from hamsaya.node.core import Node
from hamsaya.node.dispatch import Dispatcher, address_of
from hamsaya.node.enrolment import announcements
from hamsaya.node.exchange import Bundle, Carried
from hamsaya.node.items import items_due
from hamsaya.node.listing import ListingView, keep_list
from hamsaya.node.match_fetch import fetch_sets, match_due, match_housekeeping
from hamsaya.node.match_sets import Part, serve
from hamsaya.node.oversight.due import keep_watch, oversight_due
from hamsaya.node.receive import Received, ReceiveJob
from hamsaya.node.recipients import stop_outbox
from hamsaya.node.reminders import reminders_due
from hamsaya.node.rotation import close_key, peers_to_tell, prepare_successor, promote_successor, rotate_keys
from hamsaya.node.send import Draft, SendJob, Sent
from hamsaya.node.staging import Stages
from hamsaya.node.talk import talk_due
from hamsaya.node.transfer import MIB, Transfers
from hamsaya.node.views import overdue_requests
from hamsaya.node.witnessing import WitnessJob, ask_witness
from hamsaya.node.writer import LOG, Act, Writer
from hamsaya.ports.chunks import ChunkStore
from hamsaya.ports.listed import ListedParty
from hamsaya.ports.transport import Transport
from hamsaya.translog.witness import Answer as WitnessAnswer

T = TypeVar("T")
LONG_POLL_S = 20.0
DELETES = frozenset(("case.purge", "case.tombstone"))
"""What takes an item from this node, and with it the chunks of its files."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a running node does what nobody asks for. Seconds of machine time."""

    cosign_s: float = 60.0  # A checkpoint a minute is cosigned; more only costs signatures.
    deadlines_s: float = 5.0  # The shortest clock of the protocol is minutes long.
    sets_s: float = 15.0  # Looking for noticed tag sets costs nothing where all are here.
    pull_pause_s: float = 0.25  # Between two long polls of a peer, longer while it does not answer; a poll waits 20 s.
    backoff_cap_s: float = 60.0  # A healed link is found within a minute.


@dataclass
class Service:
    """One node at work. ``start`` it inside an event loop; ``stop`` it before leaving the loop."""

    node: Node
    transport: Transport
    pace: Pace = field(default_factory=Pace)
    admit_certificate: Callable[[bytes], None] = lambda certificate: None
    keep_card: Callable[[Node], object] = lambda node: None
    read_list: Callable[[bytes], tuple[ListedParty, ...]] = lambda unverified_bytes: ()
    chunks: ChunkStore | None = None
    room: int = 10_240 * MIB
    room_each: int = 2_048 * MIB
    writer: Writer = field(init=False)
    dispatcher: Dispatcher = field(init=False)
    transfers: Transfers = field(init=False)
    stages: Stages = field(default_factory=Stages)
    checked: set[tuple[bytes, ...]] = field(default_factory=set)
    _swept: int | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _witness_sizes: dict[str, int] = field(default_factory=dict)
    _matches: MatchState = EMPTY_MATCHES

    def __post_init__(self) -> None:
        self.writer = Writer(self.node)
        cap = int(self.pace.backoff_cap_s * 1000)
        self.dispatcher = Dispatcher(self.writer, self.transport, self.node.clock, self.node.random, cap)
        self.transfers = Transfers(self.writer, self.transport, self.chunks, self.room, self.room_each)

    async def start(self) -> None:
        """Begin delivering, pulling, witnessing and watching deadlines."""
        peers = await self.writer.ask(lambda node: list(node.state.directory.peers.values()))
        for record in peers:
            with contextlib.suppress(OperatorError):  # One peer's bad certificate is that peer's to mend.
                self.admit_certificate(record.tls_certificate)
        loops: Sequence[tuple[float, Callable[[], Awaitable[object]]]] = (
            (self.pace.cosign_s, self.cosign),
            (self.pace.deadlines_s, self.tick),
            (self.pace.sets_s, self.fetch_sets),
        )
        self._tasks.append(asyncio.create_task(self.dispatcher.run()))
        self._tasks.extend(asyncio.create_task(self._every(pause, act)) for pause, act in loops)
        if not self._inbound():
            self._tasks.append(asyncio.create_task(self._pull_all()))
            # Nobody can fetch from here.
            hand_over = self._every(self.pace.deadlines_s, self.transfers.hand_over)
            self._tasks.append(asyncio.create_task(hand_over))

    async def stop(self) -> None:
        """Stop the loops, finish what is queued, close the store."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.transport.close()
        await asyncio.to_thread(self.writer.stop)

    def _inbound(self) -> bool:
        own = self.node.state.directory.peers.get(self.node.own)
        return own is None or own.endpoint is not None

    async def _every(self, pause_s: float, act: Callable[[], Awaitable[object]]) -> None:
        while True:
            await asyncio.sleep(pause_s)
            await _turn(act)

    # -- the two pipelines --------------------------------------------------------------------------------

    async def send(self, draft: Draft) -> Sent:
        """Send a draft through the send pipeline and wake delivery; raises what the pipeline refuses."""
        sent: Sent = await self.writer.call(SendJob(draft))
        await self.dispatcher.notify()
        if sent.kind in DELETES:
            await self.sweep()
        return sent

    async def receive(self, unverified_bytes: bytes) -> Received:
        """Run bytes through the receive pipeline; raises what it refuses."""
        received: Received = await self.writer.call(ReceiveJob(unverified_bytes))
        self._answer_soon()
        return received

    def _answer_soon(self) -> None:
        """Let a running node say at once what a probe or an audit that has just come asks of it, not with the clock."""
        matches = self.node.state.matches
        if self._tasks and matches is not self._matches:
            self._tasks = [task for task in self._tasks if not task.done()]
            self._tasks.append(asyncio.create_task(self._say(match_due)))
        self._matches = matches

    async def ask(self, question: Callable[[Node], T]) -> T:
        """Answer a question on committed state."""
        return await self.writer.ask(question)

    async def sweep(self) -> int:
        """Drop the chunks of files that nothing here asks to keep; return how many."""
        store = self.chunks
        if store is None:
            return 0
        there = await asyncio.to_thread(lambda: list(store.digests()))
        # Staged files are looked at last: what a message named meanwhile was among them or is wanted.
        keep = await self.ask(attachments.wanted) | self.stages.digests()
        return await asyncio.to_thread(attachments.swept, store, there, keep)

    # -- peers and keys -----------------------------------------------------------------------------------

    async def add_peer(self, card_bytes: bytes, fingerprint: str) -> str:
        """Admit a peer's card after the operator compared its fingerprint; return the member.

        Raises:
            OperatorError: the card's fingerprint is another (code ``wrong-fingerprint``).
        """
        card = open_card(card_bytes)
        if card.fingerprint.replace(" ", "") != fingerprint.replace(" ", "").lower():
            raise OperatorError("the fingerprint you compared is not the card's; do not admit it",
                                code="wrong-fingerprint")
        await self.send(Draft(Peer(card=card_bytes, fingerprint=card.fingerprint)))
        self.admit_certificate(card.tls_certificate)
        # Whoever comes later was told of no enrolment, and would wait for one with every message.
        for draft in await self.ask(lambda node: announcements(node, card.node)):
            with contextlib.suppress(PolicyRefusal):
                await self.send(draft)
        self.dispatcher.wake.set()
        return card.node

    async def rotate_keys(self) -> int:
        """Make KEM epochs four weeks ahead, destroy those past their time, publish; return how many were made."""
        statements: list[bytes] = await self.writer.call(Act(rotate_keys))
        if statements:
            await self._publish(Publish(statements=statements))
            await self.ask(self.keep_card)
        return len(statements)

    async def renew_message_key(self, root: SigningKey, compromised: bool = False) -> bytes:
        """Replace the message key by a fresh one that ``root`` vouches for, and return its statement.

        Args:
            compromised: Close the old key as well: peers then refuse everything under it, also what still waits here.
        """
        old = self.node.ring.message
        statement: bytes = await self.writer.call(Act(lambda node: prepare_successor(node, root)))
        await self._publish(Publish(statements=[statement]))
        await self.writer.call(Act(promote_successor))
        if compromised:
            closing = await self.ask(lambda node: close_key(node, old, root))
            await self._publish(Publish(statements=closing))
        return statement

    async def _publish(self, publication: Publish) -> None:
        told = await self.ask(lambda node: peers_to_tell(node, publication))
        await self.send(Draft(publication, recipients=told))

    # -- pull and courier ---------------------------------------------------------------------------------

    async def serve_pull(self, unverified_bytes: bytes) -> list[bytes]:
        """Return what waits for the member that signed the request, waiting up to 20 s for something to come."""
        member = await self.ask(lambda node: exchange.open_pull_request(node, unverified_bytes))
        deadline = asyncio.get_running_loop().time() + LONG_POLL_S
        while True:
            news = self.dispatcher.news
            if await self.ask(lambda node: exchange.waiting_for(node, member, 1)):
                offer = Act(lambda node: exchange.offer(node, member, exchange.PULL_ENVELOPES))
                envelopes: list[bytes] = await self.writer.call(offer)
                return envelopes
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return []
            await self.dispatcher.newer(news, left)

    async def take_receipts(self, unverified_bytes: bytes) -> Carried:
        """Take in the receipts a puller posts."""
        receiver, receipts = exchange.parse_receipts(unverified_bytes)
        return await exchange.take_in(self.writer, [], receipts, receiver)

    async def _pull_all(self) -> None:
        """Keep one long poll at every peer, also at those admitted later."""
        async with asyncio.TaskGroup() as polls:
            started: set[str] = {self.node.own}
            while True:
                for member in await self.ask(lambda node: set(node.state.directory.peers)) - started:
                    started.add(member)
                    polls.create_task(self._pull_from(member))
                await asyncio.sleep(self.pace.deadlines_s)

    async def _pull_from(self, member: str) -> None:
        pause = self.pace.pull_pause_s
        while True:
            reached = await _turn(lambda: self.pull(member))
            pause = self.pace.pull_pause_s if reached else min(2 * pause, self.pace.backoff_cap_s)
            await asyncio.sleep(pause)

    async def pull(self, member: str) -> bool:
        """Fetch once what ``member`` keeps for this node, and give back the receipts; say whether it answered."""
        address = await self.ask(lambda node: address_of(node, member))
        if address is None:
            return False
        request = await self.ask(lambda node: exchange.pull_request(node, member))
        answer = await self.transport.post(address, "/v1/pull", request, LONG_POLL_S + 10)
        if answer.status != 200:
            return False
        carried = await exchange.take_in(self.writer, exchange.parse_envelopes(answer.body), [], member)
        if carried.receipts:
            body = await self.ask(lambda node: exchange.encode_receipts(node, carried.receipts))
            await self.transport.post(address, "/v1/receipts", body, 30.0)
        return True

    async def export_courier(self, member: str) -> Bundle:
        """Return a courier file's content for ``member``."""
        await self._say(oversight_due)  # A node that is only ever carried reports by the same way.
        return await self.ask(lambda node: exchange.export_bundle(node, member, []))

    async def import_courier(self, unverified_bytes: bytes) -> tuple[Carried, Bundle]:
        """Take in a courier file; return what became of it and the file to carry back."""
        own = self.node.own
        bundle = exchange.parse_bundle(unverified_bytes, own)
        carried = await exchange.take_in(self.writer, bundle.envelopes, bundle.receipts, bundle.sender)
        for due in (items_due, match_due, oversight_due):  # Keys of accepted items, answers, reports go back with it.
            await self._say(due)
        back = await self.ask(lambda node: exchange.export_bundle(node, bundle.sender, carried.receipts))
        return carried, back

    # -- tag sets of hit/no-hit ---------------------------------------------------------------------------

    async def serve_set(self, unverified_bytes: bytes) -> bytes:
        """Return the page of one of our tag sets that a peer asks for; raises PeerError where it may not have it."""
        page: bytes = await self.writer.call(Act(lambda node: serve(node, unverified_bytes)))
        return page

    async def fetch_sets(self) -> list[Part]:
        """Fetch what is missing of the sets that were noticed to this node; return how far each came."""
        return await fetch_sets(self.writer, self.transport)

    async def load_list(self, unverified_bytes: bytes) -> ListingView:
        """Read the UN list in a file's bytes beside the writer, and keep it; raises what reading or keeping refuses."""
        parties = await asyncio.to_thread(self.read_list, unverified_bytes)
        view: ListingView = await self.writer.call(Act(lambda node: keep_list(node, unverified_bytes, parties)))
        return view

    # -- witnessing ---------------------------------------------------------------------------------------

    async def witness(self, unverified_bytes: bytes) -> WitnessAnswer:
        """Answer an add-checkpoint request of another log."""
        answer: WitnessAnswer = await self.writer.call(WitnessJob(unverified_bytes))
        return answer

    async def cosign(self) -> dict[str, int]:
        """Ask every reachable peer to cosign our latest checkpoint; return member and size for those that did."""
        addresses = await self.ask(
            lambda node: [a for m in node.state.directory.peers if m != node.own and (a := address_of(node, m))]
        )
        head = await self.ask(lambda node: node.store.checkpoint())
        if head is None:
            return {}
        open_ = [address for address in addresses if self._witness_sizes.get(address.member, 0) < head[0]]
        sizes = await asyncio.gather(
            *(ask_witness(self.writer, self.transport, a, self._witness_sizes.get(a.member, 0)) for a in open_)
        )
        done = {address.member: size for address, size in zip(open_, sizes, strict=True) if size is not None}
        self._witness_sizes.update(done)
        return done

    # -- the clock's own acts -----------------------------------------------------------------------------

    async def tick(self) -> None:
        """Do what time brings: overdue answers and votes, what items ask for, contests, what oversight is told, expiry,
        KEM epochs ahead."""
        await self.writer.call(Act(_housekeeping))
        for due in (_overdue_drafts, reminders_due, items_due, talk_due, match_due, records_due, contests_due,
                    oversight_due):
            await self._say(due)
        await self.writer.call(Act(promote_successor))
        await self.rotate_keys()
        now = self.node.clock.ticks()
        if self._swept is None or now - self._swept >= HOUR:
            self._swept = now
            await self.sweep()

    async def _say(self, due: Callable[[Node], list[Draft]]) -> None:
        """Send what is due; what is refused now is asked for again with the next turn."""
        for draft in await self.ask(due):
            with contextlib.suppress(HamsayaError):
                await self.send(draft)


async def _turn(act: Callable[[], Awaitable[T]]) -> T | None:
    """Return what ``act`` gives, None when it failed: whatever ends one turn of a loop, the loop goes on.

    A refusal comes again with the next turn. What the operator must mend, and every defect, is said.
    """
    try:
        return await act()
    except OperatorError as error:
        LOG.warning("%s: %s", error.code, error)
    except HamsayaError:
        pass
    except Exception:
        LOG.exception("a defect ended one turn of this node's own work; the next turn comes")
    return None


def _housekeeping(node: Node) -> None:
    now = node.clock.now()
    stop_outbox(node)
    node.store.expire_outbox(now)
    # Rows are pruned only after expiry, and expired envelopes are refused: a replay finds one or the other. The
    # skew is added so that a clock set back by as much does not open a gap.
    node.store.prune_seen(now - 5 * MINUTE)
    match_housekeeping(node)
    keep_watch(node)


def _overdue_drafts(node: Node) -> list[Draft]:
    return [
        Draft(Overdue(request=request.request, step=request.step, due=request.due), recipients=request.parties,
              case=request.case)
        for request in overdue_requests(node, node.clock.now())
    ]
