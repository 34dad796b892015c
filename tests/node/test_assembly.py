"""Members decide together over real nodes: a depositary counts by its own log, everybody counts again."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from hamsaya.base.errors import HamsayaError, PolicyRefusal, RetryLater
from hamsaya.base.instants import DAY, HOUR, MINUTE
from hamsaya.charter.history import STANDS_IN_AFTER
from hamsaya.charter.types import Document, document_bytes, document_from_plain
from hamsaya.charter.views import proposals
from hamsaya.messages.charter import (
    Act,
    Amend,
    CastVote,
    Contest,
    CountedVote,
    Propose,
    Record,
    Resolve,
    SetStanding,
)
from hamsaya.messages.monitor import Picture
from hamsaya.node import handlers
from hamsaya.node import views as node_views
from hamsaya.node.assembly import contests_due, records_due
from hamsaya.node.receive import ReceiveJob
from hamsaya.node.send import Draft
from tests.node.making import clone
from tests.support.federation import Federation, make_federation, one

FOUR = ("pk", "ir", "uz", "kz")
"""The last counts votes, the first stands in for it."""
COUNTS, STANDS_IN = "kz", "pk"
PICTURE = Picture(first="2026-01", last="2026-02", digest=bytes(32), cells=1, coverage="complete")


@pytest.fixture(scope="module")
def signed() -> Federation:
    """Return four parties under a signed charter; tests work on clones."""
    return make_federation(members=FOUR)


@pytest.fixture
def fed(signed: Federation) -> Federation:
    return clone(signed)


def say(fed: Federation, member: str, body: msgspec.Struct, to: tuple[str, ...] = FOUR) -> bytes:
    """Send a note of the charter to the others and carry it; return its id."""
    others = tuple(other for other in to if other != member)
    sent = fed.send(member, Draft(body, others))  # type: ignore[arg-type]
    fed.carry_all()
    return sent.message_id


def propose(fed: Federation, by: str, decision: str, act: Act, name: str = "1", **fields: object) -> str:
    """Put a question to all and return its reference."""
    reference = f"{by}/{name}"
    say(fed, by, Propose(proposal=reference, decision=decision, title="A question", act=act, **fields))  # type: ignore[arg-type]
    return reference


def vote(fed: Federation, member: str, reference: str, choice: str, to: tuple[str, ...] = FOUR) -> bytes:
    """Vote on what this member knows under the reference."""
    subject = fed.node(member).state.charter.proposals[reference].subject
    return say(fed, member, CastVote(proposal=reference, subject=subject, choice=choice), to)  # type: ignore[arg-type]


def tick(fed: Federation) -> int:
    """Let every node do of itself what is due; return how many messages that were."""
    count = 0
    for member in fed.parties:
        node = fed.node(member)
        for draft in [*records_due(node), *contests_due(node)]:
            fed.send(member, draft)
            count += 1
        fed.carry_all()
    return count


def status(fed: Federation, member: str, reference: str) -> str:
    """Return how far the proposal has come by what this member knows."""
    node = fed.node(member)
    now = node.clock.now()
    views = proposals(node.agreement.situation(node.state.charter, now), now)
    return next(view.status for view in views if view.proposal == reference)


def everywhere(fed: Federation, reference: str) -> set[str]:
    return {status(fed, member, reference) for member in fed.parties}


def test_what_members_adopt_is_recorded_by_the_depositary_and_known_to_all(fed: Federation) -> None:
    """Nobody types a result: the depositary's node counts, and every node counts again."""
    reference = propose(fed, "ir", "budget", Resolve(ground="B-2027"))
    assert tick(fed) == 0, "one vote is needed, and nobody has voted"
    vote(fed, "uz", reference, "yes")
    assert everywhere(fed, reference) == {"to-record"}
    assert tick(fed) == 1
    assert everywhere(fed, reference) == {"in-effect"}
    assert len({str(handlers.snapshot(fed.node(m).state)["charter"]) for m in fed.parties}) == 1
    assert tick(fed) == 0, "a recorded vote is not recorded again"


def test_a_silence_runs_by_the_depositarys_log(fed: Federation) -> None:
    """A proposer that dates its question back would otherwise shorten the others' time to refuse."""
    reference = propose(fed, "ir", "adopt-finding", Resolve(ground="F-1"), concerned="uz")
    fed.clock.advance(72 * HOUR - MINUTE)
    assert tick(fed) == 0 and everywhere(fed, reference) == {"open"}
    fed.clock.advance(MINUTE)
    assert tick(fed) == 1 and everywhere(fed, reference) == {"in-effect"}


def test_a_broken_silence_blocks_and_says_who_broke_it(fed: Federation) -> None:
    """One refusal in time is enough; the record names it."""
    reference = propose(fed, "ir", "adopt-finding", Resolve(ground="F-1"), concerned="uz")
    vote(fed, "pk", reference, "no")
    assert tick(fed) == 1 and everywhere(fed, reference) == {"blocked"}
    record = next(iter(fed.node("uz").state.charter.records[reference].values()))
    assert [(counted.member, counted.choice) for counted in record.votes] == [("pk", "no")]


def test_an_appeal_takes_the_place_of_what_it_appeals(fed: Federation) -> None:
    """A finding blocked by one refusal is decided again: it stands unless all others refuse."""
    first = propose(fed, "ir", "adopt-finding", Resolve(ground="F-1"), concerned="uz")
    vote(fed, "pk", first, "no")
    tick(fed)
    again = propose(fed, "ir", "appeal-finding", Resolve(ground="F-1"), "2", concerned="uz", against=first)
    for member, choice in (("pk", "no"), ("ir", "yes")):
        vote(fed, member, again, choice)
    tick(fed)
    assert everywhere(fed, again) == {"in-effect"} and everywhere(fed, first) == {"blocked"}


def test_a_question_dated_back_by_depositary_and_proposer_is_shown_as_such(fed: Federation) -> None:
    """The two can shorten the others' time to refuse; each member's own log then shows when it heard of it."""
    body = Propose(proposal="kz/1", decision="adopt-finding", title="t", act=Resolve(ground="F-1"), concerned="uz")
    sent = fed.send(COUNTS, Draft(body, ("pk", "ir", "uz")))  # type: ignore[arg-type]
    fed.clock.advance(72 * HOUR)
    tick(fed)
    assert fed.node("ir").store.find_journal(sent.message_id)
    (view,) = node_views.proposals(fed.node("ir"))
    assert view.status == "in-effect" and "this node heard of it at" in view.reasons[-1]
    (own,) = node_views.proposals(fed.node(COUNTS))
    assert "heard" not in own.reasons[-1]


def record_by_hand(fed: Federation, reference: str, votes: dict[str, bytes], verdict: str = "adopted") -> Record:
    """Return a record as a depositary that chooses its votes would make it."""
    node = fed.node(COUNTS)
    put, now = node.state.charter.proposals[reference], node.clock.now()
    cast = node.state.charter.votes
    listed = [CountedVote(member=m, choice=cast[reference, m].choice, at=now, message=v,
                          ballot=list(cast[reference, m].ballot)) for m, v in votes.items()]
    return Record(proposal=reference, subject=put.subject, verdict=verdict, opened_at=put.at, decided_at=now,  # type: ignore[arg-type]
                  closed_at=now, effective_at=now, rank=0, epoch=0, votes=listed)


def test_a_depositary_that_leaves_a_vote_out_is_proven_wrong_by_its_own_receipt(fed: Federation) -> None:
    """It cannot invent a vote, and dropping one leaves the dropped member with the proof; it is then counted again."""
    reference = propose(fed, "ir", "budget", Resolve(ground="B-2027"))
    yes = vote(fed, "uz", reference, "yes")
    vote(fed, "pk", reference, "no")
    say(fed, COUNTS, record_by_hand(fed, reference, {"uz": yes}))
    assert status(fed, "ir", reference) == "in-effect"
    drafts = contests_due(fed.node("pk"))
    assert [type(draft.body) for draft in drafts] == [Contest] and not contests_due(fed.node("uz"))
    fed.send("pk", drafts[0])
    fed.carry_all()
    assert everywhere(fed, reference) == {"to-record"}, "the record is void at every node"
    tick(fed)
    record = max(fed.node("ir").state.charter.records[reference].values(), key=lambda each: len(each.votes))
    assert {counted.member for counted in record.votes} == {"pk", "uz"}


def test_a_contest_without_a_fitting_receipt_is_refused(fed: Federation) -> None:
    """Who merely claims to have voted does not overturn what is recorded."""
    reference = propose(fed, "ir", "budget", Resolve(ground="B-2027"))
    yes = vote(fed, "uz", reference, "yes")
    no = vote(fed, "pk", reference, "no", to=("pk", "ir", "uz"))  # Never shown to the depositary.
    say(fed, COUNTS, record_by_hand(fed, reference, {"uz": yes}))
    assert not contests_due(fed.node("pk"))
    record = next(iter(fed.node("pk").state.charter.records[reference]))
    node = fed.node("pk")
    statement = next(row for row in node.store.find_journal(no) if row.role == "sent").statement
    borrowed = node.store.receipt("ir", no)
    assert borrowed is not None
    forged = Contest(proposal=reference, record=record, vote=no, statement=statement, receipt=borrowed)
    with pytest.raises(PolicyRefusal, match="not-omitted"):
        fed.send("pk", Draft(forged, ("ir", "uz", "kz")))


@pytest.mark.parametrize("change", ["verdict", "vote", "effect", "epoch", "sender"])
def test_a_record_that_anybody_counts_otherwise_is_refused(fed: Federation, change: str) -> None:
    """The depositary is a clerk: what does not follow from the signed votes is admitted by nobody."""
    reference = propose(fed, "ir", "budget", Resolve(ground="B-2027"))
    yes = vote(fed, "uz", reference, "yes")
    good = record_by_hand(fed, reference, {"uz": yes})
    changed: dict[str, object] = {
        "verdict": {"verdict": "blocked"},
        "vote": {"votes": [msgspec.structs.replace(good.votes[0], choice="no")]},
        "effect": {"effective_at": good.effective_at + 1},
        "epoch": {"epoch": 1},
        "sender": {},
    }
    body = msgspec.structs.replace(good, **changed[change])  # type: ignore[arg-type]
    with pytest.raises(PolicyRefusal) as refused:
        fed.send("ir" if change == "sender" else COUNTS, Draft(body, ("uz",)))
    expected = {"sender": "not-depositary", "epoch": "predecessor-missing", "vote": "predecessor-missing"}
    assert refused.value.code == expected.get(change, "miscounted")


def test_a_stand_in_records_what_the_first_leaves_undone_for_a_day(fed: Federation) -> None:
    """A joint cell that is down, or that will not count, holds nobody up for longer."""
    reference = propose(fed, "ir", "budget", Resolve(ground="B-2027"))
    vote(fed, "uz", reference, "yes")
    assert not records_due(fed.node(STANDS_IN))
    fed.clock.advance(STANDS_IN_AFTER + MINUTE)
    (draft,) = records_due(fed.node(STANDS_IN))
    fed.send(STANDS_IN, draft)
    fed.carry_all()
    assert everywhere(fed, reference) == {"in-effect"}


def test_a_change_of_standing_needs_named_votes_and_bites_at_its_effect(fed: Federation) -> None:
    """Silence takes no member's standing; once in effect every node refuses the suspended member's new acts."""
    act = SetStanding(member="uz", standing="suspended", instrument=None, clauses=[])
    reference = propose(fed, "ir", "suspend-party", act, concerned="uz")
    for member in ("pk", "ir", "kz"):
        vote(fed, member, reference, "yes")
    tick(fed)
    assert everywhere(fed, reference) == {"queued"}
    fed.clock.advance(24 * HOUR)
    assert everywhere(fed, reference) == {"in-effect"}
    for member in fed.parties:
        node = fed.node(member)
        assert node.agreement.situation(node.state.charter, node.clock.now()).held("uz").standing == "suspended"
    with pytest.raises(PolicyRefusal):
        fed.send("uz", Draft(PICTURE, ("pk",)))


def amended(fed: Federation, **fields: object) -> Document:
    """Return the charter in effect with another title, as an amendment supersedes it."""
    charter = fed.node("pk").agreement.charter
    changed = {"title": "The charter, amended", "dated": "2027-01-01", "supersedes": charter.revision.hex()}
    return msgspec.structs.replace(charter.document, **changed, **fields)


def adopt_amendment(fed: Federation, document: Document, parties: tuple[str, ...] = FOUR) -> str:
    """Propose and adopt an amendment; it waits for its timelock afterwards."""
    reference = propose(fed, "ir", "amend-charter", Amend(document=document_bytes(document)))
    for member in parties:
        vote(fed, member, reference, "yes")
    tick(fed)
    return reference


def test_an_amendment_takes_effect_everywhere_by_the_clock_alone(fed: Federation) -> None:
    """No operator copies a file: the text came with the proposal, and signatures carry over by the charter's rule."""
    before = fed.node("pk").agreement.revision
    reference = adopt_amendment(fed, amended(fed))
    assert everywhere(fed, reference) == {"queued"}
    fed.clock.advance(240 * HOUR)
    for member in fed.parties:
        node = fed.node(member)
        node.commit([])
        assert node.agreement.charter.document.title == "The charter, amended" and node.agreement.revision != before
        assert "case-exchange" in node.agreement.situation(node.state.charter, node.clock.now()).entered
    say(fed, "ir", PICTURE)
    assert all(not fed.waiting(member) for member in fed.parties)


def test_nodes_of_different_revisions_refuse_each_others_newer_acts_and_converge(fed: Federation) -> None:
    """Who has not heard of the decision waits for it; who acts under the old text is told so; then both agree."""
    absent = "uz"
    document = amended(fed)
    reference = "ir/1"
    body = Propose(proposal=reference, decision="amend-charter", title="A question",
                   act=Amend(document=document_bytes(document)))
    say(fed, "ir", body)
    for member in FOUR:
        vote(fed, member, reference, "yes")
    (draft,) = records_due(fed.node(COUNTS))
    fed.send(COUNTS, replace(draft, recipients=("pk", "ir")))
    fed.carry_all()
    late = fed.send(COUNTS, replace(draft, recipients=(absent,)))
    held_back = [letter for letter in fed.waiting(COUNTS) if letter[1] == late.message_id]
    fed.clock.advance(240 * HOUR)

    newer = fed.send("pk", Draft(PICTURE, (absent,)))
    (envelope,) = [letter[2] for letter in fed.waiting("pk") if letter[1] == newer.message_id]
    with pytest.raises(RetryLater) as waits:
        one(fed.node(absent), ReceiveJob(envelope))
    assert waits.value.code == "fetch-revision"

    older = fed.send(absent, Draft(PICTURE, ("pk",)))
    (envelope,) = [letter[2] for letter in fed.waiting(absent) if letter[1] == older.message_id]
    assert one(fed.node("pk"), ReceiveJob(envelope)).code == "charter-revision"  # type: ignore[attr-defined]

    one(fed.node(absent), ReceiveJob(held_back[0][2]))
    fed.carry_all()
    for member in fed.parties:
        fed.node(member).commit([])
    assert len({fed.node(member).agreement.revision for member in fed.parties}) == 1
    assert not [letter for letter in fed.waiting("pk") if letter[0] == absent]


@pytest.mark.parametrize("fields", [
    {"supersedes": "0" * 64}, {"depositaries": ("nobody",)}, {"depositaries": ()}, {"dated": "2020-01-01"},
])
def test_an_amendment_that_is_no_sound_successor_is_refused_with_its_reason(
    fed: Federation, fields: dict[str, object]
) -> None:
    """A bad text must fail at its proposal, not at the node that tries to live under it."""
    document = msgspec.structs.replace(amended(fed), **fields)
    body = Propose(proposal="ir/1", decision="amend-charter", title="t", act=Amend(document=document_bytes(document)))
    with pytest.raises(PolicyRefusal, match="bad-amendment"):
        fed.send("ir", Draft(body, ("pk",)))


def test_nobody_agrees_by_silence_to_a_clause_on_data(fed: Federation) -> None:
    """An absent member's ten days of silence may change the wording of a title, never who may have its data."""
    plain = msgspec.to_builtins(amended(fed))
    clause = next(c for i in plain["instruments"] for c in i["clauses"] if c["consent_of"] == "data-owner")
    clause["text"] += " Amended."
    touching = document_from_plain(plain)
    act = SetStanding(member="uz", standing="absent", instrument=None, clauses=[])
    away = propose(fed, "ir", "suspend-party", act, "away", concerned="uz")
    for member in ("pk", "ir", "kz"):
        vote(fed, member, away, "yes")
    tick(fed)
    fed.clock.advance(24 * HOUR)
    reference = adopt_amendment(fed, touching, ("pk", "ir", "kz"))
    fed.clock.advance(11 * DAY)
    tick(fed)
    assert everywhere(fed, reference) == {"open"}, "its vote is waited for, and without it the question lapses"


def test_a_depositary_that_restarts_counts_what_it_had(fed: Federation) -> None:
    """The count rests on its journal, so a crash between vote and record changes nothing."""
    reference = propose(fed, "ir", "budget", Resolve(ground="B-2027"))
    vote(fed, "uz", reference, "yes")
    before = records_due(fed.node(COUNTS))
    fed.parties[COUNTS].restart(fed.node(COUNTS).store.reopen())  # type: ignore[attr-defined]
    assert records_due(fed.node(COUNTS)) == before
    with pytest.raises(HamsayaError):
        fed.send("ir", Draft(CastVote(proposal=reference, subject=bytes(32), choice="no"), ("pk",)))
