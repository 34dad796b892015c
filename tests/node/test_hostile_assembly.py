"""What a hostile member, proposer or depositary tries against the votes of the others, over real nodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import msgspec
import pytest

from hamsaya.base.errors import PolicyRefusal
from hamsaya.base.instants import DAY, HOUR
from hamsaya.charter.types import document_bytes
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.charter import (
    Amend,
    CastVote,
    CountedVote,
    Propose,
    Record,
    Resolve,
    SetStanding,
    ballot_bytes,
)
from hamsaya.messages.keys import SIGNING_LIFETIME, sign_statement
from hamsaya.messages.node import Publish
from hamsaya.node import exchange
from hamsaya.node.assembly import contests_due, records_due
from hamsaya.node.rotation import close_key
from hamsaya.node.send import Draft
from hamsaya.ports.keys import new_ring, rotate
from tests.node.making import clone, handmade, receive, refusal
from tests.node.test_assembly import (
    COUNTS,
    FOUR,
    PICTURE,
    STANDS_IN,
    adopt_amendment,
    amended,
    everywhere,
    propose,
    record_by_hand,
    say,
    status,
    tick,
    vote,
)
from tests.support.federation import START, Federation, SeededRandom, make_federation

SUSPEND = SetStanding(member="uz", standing="suspended", instrument=None, clauses=[])


@pytest.fixture(scope="module")
def signed() -> Federation:
    """Return four parties under a signed charter, a day after; tests work on clones."""
    federation = make_federation(members=FOUR)
    federation.clock.advance(DAY)
    return federation


@pytest.fixture
def fed(signed: Federation) -> Federation:
    return clone(signed)


def root_of(member: str) -> SigningKey:
    """Return the offline root that ``make_federation`` gave ``member``."""
    random = SeededRandom(member)
    rotate(new_ring(member, random), START, random)
    return SigningKey("ml-dsa-65", random.bytes(64))


def cast(fed: Federation, member: str, reference: str, choice: str, key: SigningKey) -> CastVote:
    """Return a vote with its ballot signed by ``key``."""
    node = fed.node(COUNTS)
    subject = node.state.charter.proposals[reference].subject
    ballot = key.sign(ballot_bytes(node.agreement.federation, member, reference, subject, choice))
    return CastVote(proposal=reference, subject=subject, choice=choice, ballot=list(ballot))  # type: ignore[arg-type]


def by_hand(fed: Federation, member: str, to: str, body: msgspec.Struct, **fields: object) -> str:
    """Let ``member`` send ``body`` past its own rules; return the receiver's verdict."""
    letter = handmade(fed, member, to, body, instrument="founding", case=None, **fields)  # type: ignore[arg-type]
    return receive(fed.node(to), letter.encode()).code


@contextmanager
def held_back(fed: Federation, message_id: bytes) -> Iterator[None]:
    """Let one message not be carried for a while."""
    carried = Federation.waiting
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Federation, "waiting", lambda self, member: [
            row for row in carried(self, member) if row[1] != message_id])
        yield


# -- a member that wants no record ------------------------------------------------------------------------------------


def test_a_vote_under_another_messages_id_is_dated_by_itself(fed: Federation) -> None:
    """Ids are the senders' choice: one that the depositary used before must not date a vote before it was cast."""
    reference = propose(fed, "ir", "budget", Resolve(ground="B-2027"))
    used = next(row for row in fed.node(COUNTS).store.journal() if row.role == "sent").message_id
    vote_ = cast(fed, "uz", reference, "yes", fed.node("uz").ring.message)
    assert by_hand(fed, "uz", COUNTS, vote_, message_id=used) == "admitted"
    assert tick(fed) == 1 and everywhere(fed, reference) == {"in-effect"}


def test_who_closes_its_key_keeps_no_record_away(fed: Federation) -> None:
    """The ballot was good when it was counted; nodes that hear of the closing first must count it all the same."""
    reference = propose(fed, "ir", "budget", Resolve(ground="B-2027"))
    vote(fed, "uz", reference, "yes")
    node = fed.node("uz")
    closing = close_key(node, node.ring.message, root_of("uz"))[0]
    say(fed, "uz", Publish(statements=[closing]), ("pk", "ir"))
    assert tick(fed) == 1
    assert {status(fed, member, reference) for member in ("pk", "ir", COUNTS)} == {"in-effect"}


def test_a_member_concerned_keeps_no_record_away_with_a_key_it_shows_to_one(fed: Federation) -> None:
    """Its vote on itself is heard by nobody, so the record of its suspension does not rest on its keys."""
    reference = propose(fed, "ir", "suspend-party", SUSPEND, concerned="uz")
    hidden, node, now = SigningKey("ml-dsa-44", b"H" * 64), fed.node("uz"), fed.clock.now()
    statement = node.ring.statement("message", hidden.verifying_key.raw, now, now + SIGNING_LIFETIME)
    say(fed, "uz", Publish(statements=[sign_statement(statement, root_of("uz"))]), (COUNTS,))
    vote_ = cast(fed, "uz", reference, "no", hidden)
    assert by_hand(fed, "uz", COUNTS, vote_, signing_key=hidden) == "admitted"
    for member in ("pk", "ir", "kz"):
        vote(fed, member, reference, "yes")
    tick(fed)
    assert {status(fed, member, reference) for member in FOUR} == {"queued"}


def test_a_vote_whose_key_was_over_on_arrival_stops_no_record(fed: Federation) -> None:
    """Dated into its key's last minute and carried later, it would make the record that lists it good for nobody."""
    reference = propose(fed, "ir", "budget", Resolve(ground="B-2027"))
    short, node, now = SigningKey("ml-dsa-44", b"S" * 64), fed.node("uz"), fed.clock.now()
    statement = node.ring.statement("message", short.verifying_key.raw, now, now + HOUR)
    say(fed, "uz", Publish(statements=[sign_statement(statement, root_of("uz"))]))
    letter = handmade(fed, "uz", COUNTS, cast(fed, "uz", reference, "yes", short), instrument="founding", case=None,
                      signing_key=short)
    fed.clock.advance(2 * HOUR)
    assert receive(fed.node(COUNTS), letter.encode()).code == "admitted"
    vote(fed, "pk", reference, "yes")
    assert tick(fed) == 1 and everywhere(fed, reference) == {"in-effect"}


# -- a depositary that does not count as it should ---------------------------------------------------------------------


def test_a_depositarys_new_log_key_does_not_unmake_its_receipts(fed: Federation) -> None:
    """It leaves a vote out and renews its log key: the receipt under the earlier key is a proof as before."""
    reference = propose(fed, "ir", "budget", Resolve(ground="B-2027"))
    yes = vote(fed, "uz", reference, "yes")
    vote(fed, "pk", reference, "no")
    say(fed, COUNTS, record_by_hand(fed, reference, {"uz": yes}))
    node, renewed, now = fed.node(COUNTS), SigningKey("ml-dsa-44", b"L" * 64), fed.clock.now()
    statement = node.ring.statement("log", renewed.verifying_key.raw, now, now + SIGNING_LIFETIME)
    say(fed, COUNTS, Publish(statements=[sign_statement(statement, root_of(COUNTS))]))
    node.ring = replace(node.ring, log=renewed)
    (draft,) = contests_due(fed.node("pk"))
    fed.send("pk", draft)
    fed.carry_all()
    assert everywhere(fed, reference) == {"to-record"}


def test_a_depositary_takes_its_own_count_back_by_no_earlier_one(fed: Federation) -> None:
    """Dated back, with its own vote the other way, a second count would undo an amendment in effect."""
    reference = propose(fed, "ir", "amend-charter", Amend(document=document_bytes(amended(fed))))
    fed.clock.advance(HOUR)
    for member in FOUR:
        vote(fed, member, reference, "yes")
    tick(fed)
    first = next(iter(fed.node("pk").state.charter.records[reference].values()))
    fed.clock.advance(241 * HOUR)
    no = cast(fed, COUNTS, reference, "no", fed.node(COUNTS).ring.message)
    at = first.closed_at - 1
    body = Record(
        proposal=reference, subject=no.subject, verdict="blocked", opened_at=first.opened_at, decided_at=at,
        closed_at=at, effective_at=at + 240 * HOUR, rank=0, epoch=0,
        votes=[CountedVote(member=COUNTS, choice="no", at=at, message=bytes(16), ballot=no.ballot)],
    )
    letter = handmade(fed, COUNTS, "pk", body, instrument="founding", case=None, issued_at=at, expires_at=at + 30 * DAY)
    assert refusal(fed.node("pk"), letter.encode()).code == "predecessor-missing"
    assert status(fed, "pk", reference) == "in-effect"


def test_a_stand_in_undoes_nothing_that_the_first_recorded_in_time(fed: Federation) -> None:
    """Second in the list, it dates a count of its own before the first one's: rank goes before date."""
    reference = propose(fed, "ir", "amend-charter", Amend(document=document_bytes(amended(fed))))
    fed.clock.advance(HOUR)
    for member in FOUR:
        vote(fed, member, reference, "yes")
    tick(fed)
    first = next(iter(fed.node("uz").state.charter.records[reference].values()))
    fed.clock.advance(241 * HOUR)
    no = cast(fed, STANDS_IN, reference, "no", fed.node(STANDS_IN).ring.message)
    at = first.closed_at - 1
    body = Record(
        proposal=reference, subject=no.subject, verdict="blocked", opened_at=first.opened_at, decided_at=at,
        closed_at=at, effective_at=at + 240 * HOUR, rank=1, epoch=0,
        votes=[CountedVote(member=STANDS_IN, choice="no", at=at, message=bytes(16), ballot=no.ballot)],
    )
    life = {"issued_at": at, "expires_at": at + 30 * DAY}
    letter = handmade(fed, STANDS_IN, "uz", body, instrument="founding", case=None, **life)
    assert receive(fed.node("uz"), letter.encode()).code == "admitted"
    assert status(fed, "uz", reference) == "in-effect"
    posing = msgspec.structs.replace(body, rank=0)
    letter = handmade(fed, STANDS_IN, "uz", posing, instrument="founding", case=None, **life)
    assert receive(fed.node("uz"), letter.encode()).code == "miscounted"


def test_who_was_expelled_counts_no_votes(fed: Federation) -> None:
    """A depositary is a clerk of the members, and a party that has left is none."""
    out = SetStanding(member="pk", standing="left", instrument=None, clauses=[])
    expelled = propose(fed, "ir", "expel-party", out, concerned="pk")
    for member in ("ir", "uz", "kz"):
        vote(fed, member, expelled, "yes")
    tick(fed)
    fed.clock.advance(72 * HOUR)
    assert everywhere(fed, expelled) == {"in-effect"}
    body = Propose(proposal="ir/2", decision="budget", title="t", act=Resolve(ground="B"))
    say(fed, "ir", body, ("uz", "kz"))
    yes = vote(fed, "uz", "ir/2", "yes", ("ir", "kz"))
    record = msgspec.structs.replace(record_by_hand(fed, "ir/2", {"uz": yes}), epoch=1)
    assert by_hand(fed, "pk", "ir", record) == "not-depositary"


# -- a proposer and its dates ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("put_at", [1, START - 31 * DAY, START + 2 * DAY])
def test_a_question_is_not_dated_before_a_message_can_be(fed: Federation, put_at: int) -> None:
    """Dated to a year ago its silence would be over at once, and rules repealed since would decide it."""
    body = Propose(proposal="kz/1", decision="adopt-finding", title="t", act=Resolve(ground="F-1"), concerned="uz",
                   put_at=put_at)
    with pytest.raises(PolicyRefusal) as refused:
        fed.send(COUNTS, Draft(body, ("pk", "ir", "uz")))
    assert refused.value.code == "misdated"


def test_a_standing_for_clauses_that_nobody_wrote_is_no_question(fed: Federation) -> None:
    """Partial for nothing at all would take the duties that even a suspended member keeps."""
    act = SetStanding(member="uz", standing="partial", instrument=None, clauses=["nowhere"])
    with pytest.raises(PolicyRefusal) as refused:
        propose(fed, "ir", "suspend-party", act, concerned="uz")
    assert refused.value.code == "unknown-clause"


# -- amendments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["left", "dropped"])
def test_who_is_removed_by_an_amendment_gets_nothing_that_waits(fed: Federation, how: str) -> None:
    """A text that gives a member another standing, or leaves it out, removes it as a decision on it does."""
    sent = fed.send("ir", Draft(PICTURE, ("uz",)))
    members = fed.node("pk").agreement.charter.document.members
    changed = tuple(msgspec.structs.replace(one, standing="left") if one.id == "uz" else one for one in members)
    with held_back(fed, sent.message_id):
        adopt_amendment(fed, amended(
            fed, members=changed if how == "left" else tuple(one for one in members if one.id != "uz")))
    node = fed.node("ir")
    assert sent.message_id in {exchange.parse(raw).header.mid for raw in exchange.waiting_for(node, "uz", 100)}
    fed.clock.advance(240 * HOUR)
    node.commit([])
    assert sent.message_id not in {exchange.parse(raw).header.mid for raw in exchange.waiting_for(node, "uz", 100)}


def test_nobody_is_bound_by_an_instrument_it_has_not_signed(fed: Federation) -> None:
    """A signature of everything is of everything that was there; what is added later is signed anew."""
    document = fed.node("pk").agreement.charter.document
    monitoring = next(one for one in document.instruments if one.id == "monitoring")
    added = msgspec.structs.replace(monitoring, id="added")
    adopt_amendment(fed, amended(fed, instruments=(*document.instruments, added)))
    fed.clock.advance(240 * HOUR)
    node = fed.node("pk")
    node.commit([])
    situation = node.agreement.situation(node.state.charter, fed.clock.now())
    assert ("uz", "monitoring") in situation.bound and "monitoring" in situation.entered
    assert ("uz", "added") not in situation.bound and "added" not in situation.entered


def test_a_count_by_new_rules_waits_for_the_amendment_that_made_them(fed: Federation) -> None:
    """Letters overtake each other: who counts by the old rules must not refuse for good what the new ones decided."""
    document = fed.node("pk").agreement.charter.document
    rules = tuple(msgspec.structs.replace(one, timelock_hours=5) if one.id == "budget" else one
                  for one in document.rules)
    say(fed, "ir", Propose(proposal="ir/1", decision="amend-charter", title="A",
                           act=Amend(document=document_bytes(amended(fed, rules=rules)))))
    for member in FOUR:
        vote(fed, member, "ir/1", "yes")
    (draft,) = records_due(fed.node(COUNTS))
    fed.send(COUNTS, replace(draft, recipients=("pk", "ir")))
    late = fed.send(COUNTS, replace(draft, recipients=("uz",)))
    with held_back(fed, late.message_id):
        fed.carry_all()
        fed.clock.advance(240 * HOUR)
        for member in ("pk", "ir", COUNTS):
            fed.node(member).commit([])
        reference = propose(fed, "ir", "budget", Resolve(ground="B"), "2")
        vote(fed, "pk", reference, "yes")
        tick(fed)
        assert not fed.node("uz").state.charter.records.get(reference)
    fed.carry_all()
    assert {bool(fed.node(member).state.charter.records.get(reference)) for member in FOUR} == {True}
