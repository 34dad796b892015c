"""Every natural person has a credential, nobody is two: enrolments, seats and attacks on both, at real nodes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.base.errors import HamsayaError, PolicyRefusal, RetryLater
from hamsaya.base.instants import DAY
from hamsaya.canon import digest, encode
from hamsaya.messages.acts import PersonAct, PersonKey, Signed, encode_content
from hamsaya.messages.cases import Purge, Revoke
from hamsaya.messages.envelope import Envelope
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import KINDS, Body, encode_body, kind_of
from hamsaya.messages.persons import End, Enrol, Name
from hamsaya.node import enrolment, persons, signers
from hamsaya.node.enrolment import Enrolment, identity_of, normalised
from hamsaya.node.journal import read_event
from hamsaya.node.persons import Credential, PersonRecord, PersonsState
from hamsaya.node.prepared import ApproveJob, PrepareJob, discard, waiting_here
from hamsaya.node.receive import ReceiveJob
from hamsaya.node.send import Draft, SendJob, to_sign
from hamsaya.node.signers import NAMED, SIGNERS, seats_of
from hamsaya.node.writer import Act
from hamsaya.ports.keys import new_ring
from tests.node.making import (
    CASE,
    answering,
    asking,
    handmade,
    held,
    parties,
    receive,
    reopened,
)
from tests.support.federation import Federation, SeededRandom, one
from tests.support.persons import ROLES, key_of, named, signed, staff
from tests.support.persons import enrolment as enrolling

DESK, RELEASER = staff("pk")
STRANGER = key_of("pk", "desk-9", ("liaison", "releaser"))


@pytest.fixture
def fed() -> Federation:
    """Two parties with a case open between them, each with two persons."""
    return parties("pk", "ir", with_case=True)


def drafted(fed: Federation, draft: Draft, *people: tuple[PersonKey, str], by: str = "pk") -> Draft:
    """Return ``draft`` signed by exactly these persons as these roles."""
    what = to_sign(fed.node(by), draft, encode_body(draft.body))
    return replace(draft, acts=tuple(key.sign(what, role) for key, role in people))


def refused(fed: Federation, draft: Draft, by: str = "pk") -> str:
    """Return why the node of ``by`` does not send ``draft``, once it is clear that nothing has changed."""
    node, before = fed.node(by), held(fed.node(by))
    (error,) = node.commit([SendJob(draft)])
    assert isinstance(error, PolicyRefusal) and held(node) == before
    return error.code


def posted(fed: Federation, draft: Draft, acts: tuple[PersonAct, ...]) -> Envelope:
    """Return what a node sends that asks no rules, with whatever signatures it has."""
    kind, content = kind_of(draft.body), encode_content(encode_body(draft.body), acts)
    instrument = fed.node("pk").agreement.instrument_for(kind)
    return handmade(fed, "pk", "ir", content, content=True, kind=kind, instrument=instrument, case=draft.case)


def enrol(fed: Federation, key: PersonKey, by: str = "pk", identity: bytes = b"") -> None:
    """Enrol one more person everywhere."""
    others = tuple(name for name in fed.parties if name != by)
    fed.send(by, Draft(enrolling(key, fed.clock.now(), identity), others))
    fed.carry_all()


# -- the seats ------------------------------------------------------------------------------------------------------


def test_every_kind_says_who_answers_for_it() -> None:
    """A kind without a row could never be sent; one that names persons has a seat for each."""
    assert SIGNERS.keys() == KINDS.keys()
    for kind, body in KINDS.items():
        fields = set(body.__struct_fields__)
        assert all(place < len(seats_of(kind)) for name, place in NAMED.items() if name in fields), kind


def ask() -> Draft:
    return replace(asking(), body=named(asking().body))


Wrong = dict[str, tuple[tuple[PersonKey, str], ...]]
WRONG: Wrong = {
    "person-missing": ((DESK, "liaison"),),
    "extra-person": ((DESK, "liaison"), (RELEASER, "releaser"), (STRANGER, "auditor")),
    "unknown-person": ((DESK, "liaison"), (STRANGER, "releaser")),
    "wrong-role": ((DESK, "analyst"), (RELEASER, "releaser")),
    "same-person": ((DESK, "liaison"), (DESK, "liaison")),
    "wrong-person": ((replace(DESK, person="desk-3"), "liaison"), (RELEASER, "releaser")),
}


def wrong(fed: Federation, code: str) -> Draft:
    """Return a question whose signatures are wrong in one way."""
    if code == "bad-act-signature":
        good = drafted(fed, ask(), (DESK, "liaison"), (RELEASER, "releaser"))
        return replace(good, acts=(good.acts[0], drafted(fed, asking("ir", "R-2"), (RELEASER, "releaser")).acts[0]))
    if code == "same-person":
        both = key_of("pk", "desk-4", ("liaison", "releaser"))
        enrol(fed, both)
        body = msgspec.structs.replace(ask().body, officer="desk-4")
        return drafted(fed, replace(ask(), body=body), (both, "liaison"), (both, "releaser"))
    if code == "wrong-person":
        other = key_of("pk", "desk-3", ("liaison",))
        enrol(fed, other)
        return drafted(fed, ask(), (other, "liaison"), (RELEASER, "releaser"))
    if code == "person-ended":
        fed.send("pk", Draft(End(person="desk-2", reason="left"), ("ir",)))
        fed.carry_all()
        fed.clock.advance(1)
        return drafted(fed, ask(), (DESK, "liaison"), (RELEASER, "releaser"))
    return drafted(fed, ask(), *WRONG[code])


CODES = (*WRONG, "person-ended", "bad-act-signature")


@pytest.mark.parametrize("code", CODES)
def test_what_is_not_signed_as_it_must_be_is_refused_at_both_ends(fed: Federation, code: str) -> None:
    """The sender's own node says so; a node that does not ask is told so by the receiver, with a logged refusal."""
    draft = wrong(fed, code)
    assert refused(fed, draft) == code
    envelope, ir = posted(fed, draft, draft.acts), fed.node("ir")
    if code == "unknown-person":
        (error,) = ir.commit([ReceiveJob(envelope.encode())])
        assert isinstance(error, RetryLater) and error.code == code, "the enrolment may be on its way"
        return
    assert receive(ir, envelope.encode()).code == code
    assert "R-1" not in {request for _, request in ir.state.cases.requests}


def test_what_is_signed_as_it_must_be_is_admitted_and_keeps_its_signatures(fed: Federation) -> None:
    """Both journals hold who prepared and who released; the reasons name them to whoever sends."""
    sent = fed.send("pk", asking())
    fed.carry_all()
    assert any("desk-1 as liaison and desk-2 as releaser" in reason.text for reason in sent.decision.reasons)
    for member in ("pk", "ir"):
        node = reopened(fed, member)
        (row,) = node.store.find_journal(sent.message_id)
        event = read_event(row, node.ring.storage)
        assert event is not None and [act.person for act in event.acts] == ["desk-1", "desk-2"]
        assert event.body_digest == digest(encode_body(event.body))


def test_release_by_one_person_under_two_accounts_is_refused(fed: Federation) -> None:
    """The attack: one officer with two pseudonyms and two keys. The staff number gives the same identity to both."""
    node, first, second = fed.node("pk"), key_of("pk", "o-1", ("liaison",)), key_of("pk", "o-2", ("releaser",))
    identity = identity_of(node.ring.identity_key, "ab 12-34")
    enrol(fed, first, identity=identity)
    again = Draft(enrolling(second, fed.clock.now(), identity_of(node.ring.identity_key, "AB1234")), ("ir",))
    assert refused(fed, again) == "same-person", "the second account is not opened"

    # A node that enrols it all the same: the receiver compares identities, not names, and waits for an end for ever.
    forced = posted(fed, again, ())
    (error,) = fed.node("ir").commit([ReceiveJob(forced.encode())])
    assert isinstance(error, RetryLater) and error.code == "same-person"

    # Even where both stand (enrolled at different times, say, by a defect), the two are one on a message.
    for member in ("pk", "ir"):
        there = fed.node(member)
        people = there.state.persons.people
        credential = Credential(second.public, second.roles, fed.clock.now(), fed.clock.now() + DAY)
        there.state = replace(there.state, persons=replace(
            there.state.persons, people=people.set(("pk", "o-2"), PersonRecord(identity, (credential,)))))
    body = msgspec.structs.replace(ask().body, officer="o-1")
    draft = drafted(fed, replace(ask(), body=body), (first, "liaison"), (second, "releaser"))
    assert refused(fed, draft) == "same-person"
    assert receive(fed.node("ir"), posted(fed, draft, draft.acts).encode()).code == "same-person"


def test_a_signature_for_one_audience_releases_to_no_other(fed: Federation) -> None:
    """The second person agreed to whom it goes; the node cannot add a recipient afterwards."""
    fed = parties("pk", "ir", "uz", with_case=True)
    draft = signed(fed.node("pk"), asking())
    assert refused(fed, replace(draft, recipients=("ir", "uz"))) == "bad-act-signature"
    assert refused(fed, replace(draft, case="C-2")) == "bad-act-signature"


def test_a_prepared_message_may_lack_its_last_persons_only(fed: Federation) -> None:
    """What one person signed is judged at once; what would be refused anyway does not wait for a second person."""
    one_of_two = drafted(fed, ask(), (DESK, "liaison"))
    node = fed.node("pk")
    kept = one(node, PrepareJob(one_of_two))
    assert [each.number for each in waiting_here(reopened(fed, "pk"))] == [kept.number] == [1]  # type: ignore[attr-defined]
    for draft, code in ((drafted(fed, ask(), (RELEASER, "releaser")), "wrong-role"),
                        (drafted(fed, replace(ask(), case="C-none"), (DESK, "liaison")), "predecessor-missing")):
        (error,) = fed.node("pk").commit([PrepareJob(draft)])
        assert isinstance(error, PolicyRefusal) and error.code == code


def test_the_second_person_releases_the_very_message_or_nothing(fed: Federation) -> None:
    """A wrong second signature leaves it waiting; the right one sends it; a number is never given twice."""
    node, mine = fed.node("pk"), drafted(fed, ask(), (DESK, "liaison"))
    one(node, PrepareJob(mine))
    (by_another,) = drafted(fed, asking("ir", "R-7"), (RELEASER, "releaser")).acts
    (error,) = node.commit([ApproveJob(1, by_another)])
    assert isinstance(error, PolicyRefusal) and error.code == "bad-act-signature"
    assert len(waiting_here(node)) == 1
    (release,) = drafted(fed, ask(), (RELEASER, "releaser")).acts
    sent: Any = one(node, ApproveJob(1, release))
    assert sent.recipients == ("ir",) and waiting_here(node) == []
    fed.carry_all()
    assert (CASE, "R-1") in fed.node("ir").state.cases.requests
    another = replace(ask(), body=named(asking("ir", "R-8").body))
    kept: Any = one(node, PrepareJob(drafted(fed, another, (DESK, "liaison"))))
    assert kept.number == 2
    one(node, Act(lambda n: discard(n, 2)))
    (error,) = node.commit([ApproveJob(2, release)])
    assert isinstance(error, HamsayaError) and error.code == "unknown-number"


def test_what_waits_is_not_readable_in_the_store(fed: Federation) -> None:
    """A prepared answer is case content like any other."""
    fed.send("pk", asking())
    fed.carry_all()
    node = fed.node("ir")
    body = named(answering().body)
    draft = replace(answering(), body=body)
    what = to_sign(node, draft, encode_body(body))
    one(node, PrepareJob(replace(draft, acts=(key_of("ir", "desk-1").sign(what, "analyst"),))))
    locked = node.store.get_meta("prepared")
    assert locked is not None and b"van is grey" not in locked and b"desk-1" not in locked


def test_a_purge_keeps_who_released_what_was_purged(fed: Federation) -> None:
    """The text goes, the persons who stood behind it do not."""
    for by, draft in (("pk", asking()), ("ir", answering()),
                      ("ir", Draft(Revoke(item="I-1", reason="error", officer="x"), ("pk",), case=CASE)),
                      ("pk", Draft(Purge(item="I-1", outcome="purged", law=None, officer="x"), ("ir",), case=CASE))):
        fed.send(by, draft)
        fed.carry_all()
    node = reopened(fed, "pk")
    (row,) = [row for row in node.store.journal() if row.kind == "case.answer"]
    event: Any = read_event(row, node.ring.storage)
    assert event.body.text is None and [act.person for act in event.acts] == ["desk-1", "desk-2"]


# -- enrolments -----------------------------------------------------------------------------------------------------


def body(**changes: Any) -> Enrol:
    return msgspec.structs.replace(enrolling(STRANGER, 0), **changes)


ENROLMENTS: dict[str, Any] = {
    "bad-validity": lambda now: {"not_after": now + 367 * DAY},
    "bad-roles": lambda now: {"roles": ["liaison", "liaison"]},
    "pseudonym-taken": lambda now: {"person": "desk-1"},
    "same-person": lambda now: {"identity": digest(b"desk-1")},
    "key-in-use": lambda now: {"public": DESK.public},
}


@pytest.mark.parametrize("code", ENROLMENTS)
def test_an_enrolment_against_the_rules_is_refused_at_both_ends(fed: Federation, code: str) -> None:
    """Each rule of the fold by its code; the receiver waits only where an end may be on its way."""
    now = fed.clock.now()
    wrong = Draft(body(**{"not_after": now + DAY, **ENROLMENTS[code](now)}), ("ir",))
    assert refused(fed, wrong) == code
    (outcome,) = fed.node("ir").commit([ReceiveJob(posted(fed, wrong, ()).encode())])
    assert outcome.code == code and isinstance(outcome, RetryLater) == (code == "same-person")


def test_a_later_key_ends_the_one_before_and_messages_in_flight_stand(fed: Federation) -> None:
    """Rekeying a person disturbs nothing that was signed before, in whatever order it arrives."""
    early = fed.send("pk", asking())
    fed.clock.advance(1000)
    fresh = PersonKey("pk", "desk-1", DESK.roles, b"\7" * 32)
    fed.send("pk", Draft(enrolling(fresh, fed.clock.now()), ("ir",)))
    draft = replace(ask(), body=named(asking("ir", "R-2").body))
    assert refused(fed, drafted(fed, draft, (DESK, "liaison"), (RELEASER, "releaser"))) == "person-ended"
    later = one(fed.node("pk"), SendJob(drafted(fed, draft, (fresh, "liaison"), (RELEASER, "releaser"))))
    waiting = {mid: raw for _, mid, raw in fed.waiting("pk")}
    (error,) = fed.node("ir").commit([ReceiveJob(waiting[later.message_id])])  # type: ignore[attr-defined]
    assert isinstance(error, RetryLater) and error.code == "unknown-person", "the new key is known by its id alone"
    fed.carry_all()
    assert {(CASE, "R-1"), (CASE, "R-2")} <= set(fed.node("ir").state.cases.requests)
    assert fed.node("pk").store.receipt("ir", early.message_id)


def Receive(raw: bytes) -> Any:
    from hamsaya.node.receive import ReceiveJob

    return ReceiveJob(raw)


def test_an_ended_person_signs_nothing_more_and_what_was_signed_stands(fed: Federation) -> None:
    """Also when the end arrives before the message that was signed before it."""
    early = asking()
    fed.send("pk", early)
    (question,) = [raw for _, _, raw in fed.waiting("pk")]
    fed.clock.advance(1000)
    fed.send("pk", Draft(End(person="desk-2", reason="key-compromised"), ("ir",)))
    for _, _, raw in reversed(fed.waiting("pk")):
        assert receive(fed.node("ir"), raw).code == "admitted"
    assert receive(fed.node("ir"), question).duplicate
    assert refused(fed, signed(fed.node("pk"), asking("ir", "R-2"))) == "person-ended"


ORDERS = st.permutations(range(6))


@given(ORDERS)
def test_the_register_follows_from_what_is_known_and_not_from_its_order(order: list[int]) -> None:
    """Two nodes that received in different orders must not disagree for ever about who may sign."""
    a, b = PersonKey("pk", "a", ("liaison",), b"\1" * 32), PersonKey("pk", "a", ("releaser",), b"\2" * 32)
    c = PersonKey("pk", "c", ("liaison",), b"\3" * 32)
    said = [(10, enrolling(a, 0)), (20, enrolling(b, 0)), (30, End(person="a", reason="left")),
            (40, enrolling(PersonKey("pk", "a", ("auditor",), b"\4" * 32), 0)), (15, enrolling(c, 0)),
            (50, enrolling(a, 0))]
    start = PersonsState().people.update({("pk", name): PersonRecord(digest(name.encode())) for name in "ac"})
    orders = []
    for places in (range(6), order):
        state = PersonsState(start)
        for at, each in (said[place] for place in places):
            state = persons.apply(state, event_at(each, at))
        orders.append(encode(persons.snapshot(state)))
    assert orders[0] == orders[1]


def event_at(body: Body, at: int) -> Event:
    return Event(bytes(16), kind_of(body), "pk", ("ir",), "founding", None, at, at + DAY, True, body)


def test_a_peer_that_comes_later_learns_who_acts() -> None:
    """Announced word for word, so that nothing changes where it was known."""
    fed = parties("pk", "ir")
    before = fed.node("ir").state.persons
    fed.clock.advance(DAY)
    for draft in enrolment.announcements(fed.node("pk"), "ir"):
        fed.send("pk", draft)
    fed.carry_all()
    assert fed.node("ir").state.persons == before and len(before.of("pk")) == 2


def test_the_name_behind_a_pseudonym_stays_at_its_node(fed: Federation) -> None:
    """Nobody else's node has it, and no member is told; an end and a name need an enrolment."""
    said = Enrolment(person="desk-5", roles=["auditor"], public=b"\5" * 32, staff_number="77", name="Ava Example")
    for draft in enrolment.enrol(fed.node("pk"), said):
        fed.send("pk", draft)
    fed.carry_all()
    assert dict(fed.node("pk").state.persons.names) == {("pk", "desk-5"): ("Ava Example", "77")}
    assert not fed.node("ir").state.persons.names and ("pk", "desk-5") in fed.node("ir").state.persons.people
    (own,) = [view for view in enrolment.views(fed.node("pk")) if view.person == "desk-5"]
    (there,) = [view for view in enrolment.views(fed.node("ir")) if view.person == "desk-5"]
    assert (own.name, there.name) == ("Ava Example", None) and own.stands and there.stands
    assert refused(fed, enrolment.disclose(fed.node("pk"), "desk-5", "ir")) == "no-clause"
    assert refused(fed, Draft(Name(person="nobody", name="x", staff_number="1"))) == "predecessor-missing"
    assert refused(fed, Draft(End(person="nobody", reason="left"), ("ir",))) == "predecessor-missing"


def test_oversight_is_told_who_it_was_when_it_asks() -> None:
    """The one body beside the sender that can resolve a pseudonym, once the charter is in force."""
    fed = parties("pk", "ir", "oversight")
    said = Enrolment(person="desk-5", roles=["auditor"], public=b"\5" * 32, staff_number="77", name="Ava Example")
    for draft in (*enrolment.enrol(fed.node("pk"), said),):
        fed.send("pk", draft)
    fed.send("pk", enrolment.disclose(fed.node("pk"), "desk-5", "oversight"))
    fed.carry_all()
    assert dict(fed.node("oversight").state.persons.names) == {("pk", "desk-5"): ("Ava Example", "77")}
    assert not fed.node("ir").state.persons.names


NUMBERS = [("ab 12-34", "AB1234"), ("۱۲۳", "123"), ("ＡＢ１", "ab1"), (" 7/8 ", "78")]


@pytest.mark.parametrize(("one_way", "another"), NUMBERS)
def test_a_staff_number_has_one_identity_however_it_is_typed(one_way: str, another: str) -> None:
    """Spaces, case, width and the script of digits make no second person."""
    here, there = (new_ring("pk", SeededRandom(seed)).identity_key for seed in "xy")
    assert normalised(one_way) == normalised(another)
    assert identity_of(here, one_way) == identity_of(here, another) != identity_of(there, one_way)
    with pytest.raises(HamsayaError, match="letters or digits"):
        normalised(" -/- ")


# -- the property ---------------------------------------------------------------------------------------------------

SEATS = ("liaison", "analyst", "releaser", "verifier", "auditor")
KEYS = [PersonKey("pk", f"p-{number}", SEATS, bytes([number + 1]) * 32) for number in range(4)]
IDENTITIES = st.lists(st.sampled_from([b"\1" * 32, b"\2" * 32, b"\3" * 32]), min_size=4, max_size=4)


@given(IDENTITIES, st.lists(st.sampled_from(range(4)), max_size=3), st.sampled_from(sorted(SIGNERS)))
def test_nothing_passes_with_fewer_persons_than_its_kind_asks_for(
    identities: list[bytes], who: list[int], kind: str
) -> None:
    """Whatever pseudonyms and keys there are: what passes was signed by as many different natural persons as seats."""
    people = {("pk", key.person): PersonRecord(identity, (Credential(key.public, key.roles, 0, DAY),))
              for key, identity in zip(KEYS, identities, strict=True)}
    state = PersonsState(PersonsState().people.update(people))
    what = Signed("f", "pk", kind, "i", None, ("ir",), bytes(32))
    seats = seats_of(kind)
    roles = [seats[place][0] if place < len(seats) else "releaser" for place in range(len(who))]
    acts = tuple(KEYS[number].sign(what, role) for number, role in zip(who, roles, strict=True))
    event = Event(bytes(16), kind, "pk", ("ir",), "i", None, 1, DAY, True, Body(), acts, bytes(32))
    allowed = signers.decide(state, "f", event).allowed
    different = {identities[number] for number in who}
    assert allowed == (len(who) == len(seats) == len(different))


def test_roles_of_the_tests_are_those_of_the_table() -> None:
    """Two desks carry every seat there is, so that the tests of other rooms meet the same rule."""
    held_roles = {role for roles in ROLES.values() for role in roles}
    assert all(set(seat) & held_roles for seats in SIGNERS.values() for seat in seats)
