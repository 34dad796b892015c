"""What is given, and what may be done with it: locked, accepted, passed on, recalled, corrected, kept and deleted."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from hamsaya.cases import item_fold, views
from hamsaya.cases.lineage import keep_until, products, recalled_at
from hamsaya.messages.cases import Purge, Revoke
from hamsaya.messages.caveats import PARTIES
from hamsaya.messages.items import (
    Accept,
    ConsentAsk,
    ConsentEnd,
    ConsentGiven,
    Hold,
    Recall,
    Seen,
    Tombstone,
    Unhold,
    Unlock,
    Use,
)
from tests.cases.desks import DAY, KEY, Desks, answer, opened, parent
from tests.cases.story import T0, caveats

REVOKE = Revoke(item="I-1", reason="error", officer="b-1")
ACCEPT = Accept(item="I-1", officer="a-1")
UNLOCK = Unlock(item="I-1", holder="ava", key=KEY)
GONE = Tombstone(item="I-1", reason="retention")


def purge(outcome: Any = "purged", item: str = "I-1", law: str | None = None) -> Purge:
    """Return an attestation."""
    return Purge(item=item, outcome=outcome, law=law, officer="a-1")


def hold(law: str = "law-1", **fields: str) -> Hold:
    """Return a legal hold by two persons."""
    return Hold(item="I-1", law=law, **({"prepared_by": "a-1", "released_by": "a-2"} | fields))


def unhold(law: str = "law-1") -> Unhold:
    """Return its end."""
    return Unhold(item="I-1", law=law, prepared_by="a-1", released_by="a-2")


def asking(consent: str = "P-1", to: tuple[str, ...] = ("dun",)) -> ConsentAsk:
    """Return a question for consent."""
    return ConsentAsk(consent=consent, item="I-1", to=list(to), purpose="prevent-attack", text="an extract",
                      officer="a-1")


def consenting(granted: bool = True, consent: str = "P-1", to: tuple[str, ...] = ("dun",), until: int = T0 + 30 * DAY,
               **axes: Any) -> ConsentGiven:
    """Return bel's word on a consent that ava asked for, under caveats for those it names."""
    return ConsentGiven(consent=consent, item="I-1", asker="ava", to=list(to), granted=granted, until=until,
                        caveats=caveats(audience=to, **axes), officer="b-1")


def given(**axes: Any) -> Desks:
    """Return desks after bel has answered ava with I-1."""
    desks = opened()
    desks.say("bel", answer(**axes), ("ava",))
    return desks


def product(**fields: Any) -> Any:
    """Return what ava answers dun in C-2, made of I-1 under consent P-1."""
    base: dict[str, Any] = {"item": "J-1", "request": "R-4", "audience": ("dun",), "parents": [parent(consent="P-1")]}
    return answer(**(base | fields))


def consented(**axes: Any) -> Desks:
    """Return desks after bel has given I-1 to ava alone and let ava pass it on to dun."""
    desks = given(disclosure="D1")
    desks.say("ava", asking(), ("bel",))
    desks.say("bel", consenting(**axes), ("ava", "dun"))
    return desks


# --- Release -----------------------------------------------------------------------------------------------


RELEASES = [
    ("outside-audience", answer(audience=("cor",))),
    ("not-to-state", answer(audience=("ava", "cor"), rights=["not-to-state:ava"])),
    ("not-locked", structs.replace(answer(disclosure="D2"), text="in clear", locked=None)),
    ("not-locked", structs.replace(answer(), locked=answer(disclosure="D2").locked)),
    ("not-locked", structs.replace(answer(), text=None, locked=answer(disclosure="D2").locked)),
    ("no-text", structs.replace(answer(), text=None)),
    ("two-persons", structs.replace(answer(), released_by="p-1")),
    ("past-deletion", answer(delete_by=T0)),
]


@pytest.mark.parametrize(("code", "body"), RELEASES)
def test_an_item_that_may_not_leave_is_refused_at_both_ends(code: str, body: Any) -> None:
    """The receiving node asks what the sending node should have asked."""
    desks = opened()
    assert desks.try_to("bel", body, ("ava",)).code == code
    assert desks.force("bel", body, "ava") == code


def test_no_caveat_hides_an_item_from_an_observer() -> None:
    """Oversight stands outside every audience; whether it may be told at all is the charter's question."""
    from hamsaya.cases import rules

    desks = opened()
    event = desks.event("bel", answer(), ("ava", "watch"), "C-1")
    assert rules.decide(desks.states["bel"], event, frozenset({"watch"})).allowed


# --- Locked until accepted ---------------------------------------------------------------------------------


@pytest.mark.parametrize("disclosure", ["D2", "D3"])
def test_a_locked_item_opens_for_who_accepted_its_caveats(disclosure: str) -> None:
    """R3: no key before a named person has answered for the caveats, and then to that holder alone."""
    desks = given(disclosure=disclosure)
    assert (desks.item("ava").text, desks.item("ava").key) == (None, None)
    assert desks.try_to("bel", UNLOCK, ("ava",)).code == "predecessor-missing"
    desks.say("ava", ACCEPT, ("bel",))
    assert desks.try_to("bel", UNLOCK, ("ava", "cor")).code == "recipient-outside"
    desks.say("bel", UNLOCK, ("ava",))
    assert desks.item("ava").key == KEY and desks.item("ava").accepted[0].officer == "a-1"
    assert desks.try_to("bel", UNLOCK, ("ava",)).code == "already-unlocked"
    assert desks.try_to("ava", ACCEPT, ("bel",)).code == "already-accepted"


def test_a_wrong_key_is_refused_against_the_commitment() -> None:
    """Two keys that open one ciphertext to two texts would let a sender show each reader another."""
    desks = given(disclosure="D2")
    desks.say("ava", ACCEPT, ("bel",))
    for key in (b"x" * 32, None):
        body = structs.replace(UNLOCK, key=key)
        assert desks.try_to("bel", body, ("ava",)).code == desks.force("bel", body, "ava") == "wrong-key"


def test_a_revoked_item_is_not_unlocked() -> None:
    """Reply after revocation: who accepted too late gets no key."""
    desks = given(disclosure="D2")
    desks.say("ava", ACCEPT, ("bel",))
    desks.say("bel", REVOKE, ("ava",))
    assert desks.try_to("bel", UNLOCK, ("ava",)).code == desks.force("bel", UNLOCK, "ava") == "item-revoked"


def test_an_open_item_has_no_key() -> None:
    """What was never locked is not unlocked."""
    desks = given()
    desks.say("ava", ACCEPT, ("bel",))
    assert desks.try_to("bel", UNLOCK, ("ava",)).code == "not-locked"


def test_what_a_holder_says_is_kept_once_each() -> None:
    """R2 and R4: opened once, used as often as there is something to say."""
    desks = given()
    desks.say("ava", Seen(item="I-1", officer="a-1"), ("bel",))
    assert desks.try_to("ava", Seen(item="I-1", officer="a-2"), ("bel",)).code == "already-seen"
    for outcome in ("new-lead", "found-wrong"):
        desks.say("ava", Use(item="I-1", outcome=outcome, text="words", officer="a-1"), ("bel",))
    assert [each.outcome for each in desks.item("bel").uses] == ["new-lead", "found-wrong"]
    assert desks.try_to("cor", Use(item="I-1", outcome="not-used", text=None, officer="c"), ("bel",)).code \
        == "predecessor-missing"


# --- Passing on --------------------------------------------------------------------------------------------


def test_onward_send_without_consent_does_not_succeed() -> None:
    """Attack: a holder passes an item on and nobody was asked, or was asked and has not answered."""
    desks = given(disclosure="D1")
    unnamed = product(parents=[parent()])
    assert desks.try_to("ava", unnamed, ("dun",), "C-2").code == "consent-missing"
    assert desks.force("ava", unnamed, "dun", "C-2") == "predecessor-missing"
    desks.say("ava", asking(), ("bel",))
    for case in ("ava", "dun"):
        assert desks.decide(case, desks.event("ava", product(), ("dun",), "C-2")).code == "predecessor-missing"
    desks.say("bel", consenting(granted=False), ("ava", "dun"))
    assert desks.try_to("ava", product(), ("dun",), "C-2").code == "consent-missing"
    assert desks.force("ava", product(), "dun", "C-2") == "consent-missing"


def test_with_consent_it_is_passed_on_and_known_at_both_ends() -> None:
    """The new reader's node sees the originator's own word, and not only the sender's."""
    desks = consented(disclosure="D1")
    desks.say("ava", product(disclosure="D1"), ("dun",), "C-2")
    assert desks.item("dun", "J-1", "C-2").derived_from == (parent(consent="P-1"),)
    assert desks.refused == [] and desks.waiting == []


def test_a_consent_ends_with_its_day() -> None:
    """Expired is silent, and silence denies."""
    desks = consented(until=T0 + DAY)
    desks.now = T0 + DAY
    assert desks.try_to("ava", product(), ("dun",), "C-2").code == desks.force("ava", product(), "dun", "C-2")
    assert desks.force("ava", product(), "dun", "C-2") == "consent-missing"


def test_a_consent_withdrawn_counts_from_then_on() -> None:
    """What left before stays lawful; nothing leaves after, and the recall ends a consent by itself."""
    for word in (consenting(granted=False), ConsentEnd(consent="P-1", item="I-1")):
        desks = consented()
        desks.say("bel", word, ("ava", "dun"))
        assert desks.try_to("ava", product(), ("dun",), "C-2").code == "consent-missing"
        assert desks.force("ava", product(), "dun", "C-2") == "consent-missing"


def test_a_consent_serves_its_asker_and_its_recipients_only() -> None:
    """Removed or outside, nobody pulls through a third party."""
    desks = consented()
    other = product(item="J-2", request="R-6", audience=("cor",))
    assert desks.try_to("ava", other, ("cor",), "C-2").code == "consent-missing"
    mine = structs.replace(product(item="J-3", request="R-5"), prepared_by="c-1", released_by="c-2")
    assert desks.force("cor", mine, "dun", "C-2") == "consent-missing"


STRIPPED: list[dict[str, Any]] = [
    {"disclosure": "D0"},
    {"disclosure": "D1", "use": "court-order"},
    {"disclosure": "D1", "use": "check", "action": "active"},
    {"disclosure": "D1", "use": "check", "action": "passive", "rights": []},
    {"disclosure": "D1", "use": "check", "action": "passive", "rights": ["minor"], "protected": False},
    {"disclosure": "D1", "use": "check", "action": "passive", "rights": ["minor"], "protected": True},
    {"disclosure": "D1", "use": "check", "action": "passive", "rights": ["minor"], "protected": True,
     "delete_by": T0 + 9 * DAY, "audience": ("dun", "cor")},
]
ASKED: dict[str, Any] = {"disclosure": "D1", "use": "check", "action": "passive", "rights": ["minor"],
                         "protected": True, "delete_by": T0 + 9 * DAY}


@pytest.mark.parametrize("axes", STRIPPED)
def test_caveat_stripping_by_re_export_does_not_succeed(axes: dict[str, Any]) -> None:
    """Attack: the same text leaves again under looser words, one axis at a time."""
    desks = consented(**ASKED)
    assert desks.try_to("ava", product(**axes), ("dun",), "C-2").code == "caveats-stripped"
    assert desks.force("ava", product(**axes), "dun", "C-2") == "caveats-stripped"
    assert desks.try_to("ava", product(**ASKED), ("dun",), "C-2").allowed


def test_a_product_for_who_has_the_item_keeps_its_caveats() -> None:
    """Back to its originator, or to another holder, no consent is needed; the caveats are."""
    desks = opened()
    desks.say("bel", answer(audience=("ava", "cor"), use="lead-only"), ("ava", "cor"))
    loose = answer("J-1", "R-6", audience=("cor",), parents=[parent()])
    assert desks.try_to("ava", loose, ("cor",), "C-2").code == "caveats-stripped"
    desks.say("ava", answer("J-1", "R-6", audience=("cor",), use="lead-only", parents=[parent()]), ("cor",), "C-2")


def test_each_recipient_of_a_product_judges_it_by_what_it_was_given() -> None:
    """One product for a holder of the item and for who comes by a consent: neither knows what the other may have."""
    desks = opened()
    desks.say("bel", answer(audience=("ava", "cor")), ("ava", "cor"))
    desks.say("bel", consenting(), ("ava", "dun"))
    both = product(audience=("cor", "dun"))
    everybody = structs.replace(both, caveats=structs.replace(both.caveats, audience=PARTIES))
    for body, told in ((both, ("dun",)), (everybody, ("cor", "dun"))):  # No recipient, and nobody in particular.
        assert desks.try_to("ava", body, told, "C-2").code == "caveats-stripped"
        event = desks.event("ava", body, told, "C-2")
        assert desks.decide("dun", event).code == "caveats-stripped"
    desks.say("ava", both, ("cor", "dun"), "C-2")
    assert not desks.refused and desks.item("cor", "J-1", "C-2") == desks.item("dun", "J-1", "C-2")


def test_a_holder_waits_for_a_consent_that_lets_more_than_its_item() -> None:
    """The product came before the consent on which it rests: that is no stripping, and nothing is refused for it."""
    desks = opened()
    desks.say("bel", answer(audience=("ava", "cor"), use="lead-only"), ("ava", "cor"))
    desks.try_to("bel", consenting(to=("cor",), use="check"), ("ava", "cor")).require()
    consent = desks.waiting.pop(1)
    desks.deliver()
    made = product(request="R-6", audience=("cor",), use="check")
    desks.try_to("ava", made, ("cor",), "C-2").require()
    desks.deliver()
    assert [event.kind for _, event in desks.waiting] == ["case.answer"] and not desks.refused
    desks.waiting.append(consent)
    desks.deliver()
    assert desks.item("cor", "J-1", "C-2").caveats.use == "check" and not desks.waiting


def test_a_key_is_not_given_once_its_originator_has_deleted_the_item() -> None:
    """It has no key any more: whatever it would send is refused where it leaves, not where it arrives."""
    desks = given(disclosure="D2", delete_by=T0 + DAY)
    desks.say("ava", ACCEPT, ("bel",))
    desks.now = T0 + 2 * DAY
    desks.say("bel", GONE, ("ava",))
    for key in (KEY, b"x" * 32):
        late = Unlock(item="I-1", holder="ava", key=key)
        assert desks.try_to("bel", late, ("ava",)).code == desks.force("bel", late, "ava") == "past-deletion"


def test_what_is_recalled_is_replaced_once() -> None:
    """Two replacements would leave each end with the one that came last."""
    desks = given()
    desks.say("bel", REVOKE, ("ava",))
    desks.say("bel", answer("I-2", supersedes="I-1"), ("ava",))
    again = answer("I-3", supersedes="I-1")
    assert not desks.try_to("bel", again, ("ava",)).allowed and desks.force("bel", again, "ava") != "permitted"
    assert desks.item("ava").superseded_by == "I-2" and desks.item("ava").status == "revoked"


def test_nothing_is_washed_by_a_second_product() -> None:
    """What the maker made of another's item still needs that other's consent."""
    desks = opened()
    desks.say("bel", answer(audience=("ava", "cor")), ("ava", "cor"))
    desks.say("ava", answer("J-1", "R-6", audience=("cor",), parents=[parent()]), ("cor",), "C-2")
    washed = answer("K-1", "R-4", audience=("dun",), parents=[parent("J-1", "ava", "C-2")])
    assert desks.try_to("ava", washed, ("dun",), "C-2").code == "consent-missing"


def test_who_lets_pass_what_is_anothers_asks_that_other_first() -> None:
    """Rule 10: cor got bel's matter from ava, and ava cannot let it go further alone."""
    desks = opened()
    desks.say("bel", answer(audience=("ava", "cor")), ("ava", "cor"))
    desks.say("ava", answer("J-1", "R-6", audience=("cor",), parents=[parent()]), ("cor",), "C-2")
    grant = ConsentGiven(consent="Q-1", item="J-1", asker="cor", to=["dun"], granted=True, until=T0 + DAY,
                         caveats=caveats(audience=("dun",)), officer="a-1")
    assert desks.try_to("ava", grant, ("cor", "dun"), "C-2").code == "consent-missing"
    desks.say("bel", consenting(), ("ava", "dun"))
    desks.say("ava", grant, ("cor", "dun"), "C-2")
    onward = answer("L-1", "R-5", audience=("dun",), parents=[parent("J-1", "ava", "C-2", "Q-1")])
    desks.say("cor", onward, ("dun",), "C-2")


def test_an_items_originator_cannot_be_changed() -> None:
    """Attack: naming oneself, or a friend, as the owner of what one was given."""
    desks = given()
    mine = product(parents=[parent(originator="ava")])
    assert desks.try_to("ava", mine, ("dun",), "C-2").code == "wrong-originator"
    assert desks.force("cor", answer("J-9", "R-3", parents=[parent()]), "ava") == "not-held"


def test_reply_after_revocation_does_not_succeed() -> None:
    """Attack: nothing is made of a recalled item, and no consent is given for it."""
    desks = consented()
    desks.say("bel", REVOKE, ("ava",))
    assert desks.try_to("ava", product(), ("dun",), "C-2").code == "item-revoked"
    back = answer("J-2", "R-3", parents=[parent()])
    assert desks.force("cor", back, "ava") in ("item-revoked", "not-held")
    desks.say("bel", ConsentEnd(consent="P-1", item="I-1"), ("ava", "dun"))
    assert desks.force("ava", product(), "dun", "C-2") == "consent-missing"
    again = consenting(consent="P-2")
    assert desks.try_to("bel", again, ("ava", "dun")).code == "item-revoked"


def test_what_a_consent_must_say() -> None:
    """A grant without end, outside its own audience, or said twice is none."""
    desks = given()
    for code, body in (
        ("consent-expired", consenting(until=T0)),
        ("outside-audience", structs.replace(consenting(), to=["cor", "dun"])),
        ("not-held", structs.replace(consenting(), asker="cor")),
    ):
        assert desks.try_to("bel", body, ("ava", "cor", "dun")).code == code
    desks.say("bel", consenting(), ("ava", "dun"))
    assert desks.try_to("bel", consenting(), ("ava", "dun")).code == "already-exists"
    assert desks.try_to("bel", consenting(granted=False, to=("cor",)), ("ava", "cor")).code == "already-exists"
    assert desks.try_to("ava", asking(to=("bel",)), ("bel",)).code == "wrong-role"
    assert desks.try_to("ava", structs.replace(asking(), text=None), ("bel",)).code == "no-text"
    assert desks.try_to("cor", consenting(consent="P-3"), ("ava", "dun")).code == "predecessor-missing"


def test_an_embargo_holds_for_products_too() -> None:
    """Nothing is done with it before its day, at one remove either."""
    desks = consented(embargo_until=T0 + DAY, delete_by=T0 + 2 * DAY)
    same = {"embargo_until": T0 + DAY, "delete_by": T0 + 2 * DAY}
    assert desks.try_to("ava", product(**same), ("dun",), "C-2").code == "embargoed"
    desks.now = T0 + DAY
    assert desks.try_to("ava", product(**same), ("dun",), "C-2").allowed


# --- Recall, correction ------------------------------------------------------------------------------------


def test_a_recall_reaches_what_was_made_of_it() -> None:
    """Every holder of a product gets the purge to do, and the product's originator recalls it by itself."""
    desks = consented()
    desks.say("ava", product(), ("dun",), "C-2")
    assert desks.try_to("ava", Recall(item="J-1"), ("dun",), "C-2").code == "not-recalled"
    desks.say("bel", REVOKE, ("ava",))
    state = desks.states["ava"]
    assert recalled_at(state, desks.item("ava", "J-1", "C-2")) == desks.item("ava").revoked_at
    assert products(state, desks.item("ava")) == [("C-2", "J-1")]
    assert [task.reference for task in views.inbox(state, "ava", desks.now) if task.task == "purge"] == ["I-1"]
    assert views.case(state, "C-2", desks.now).items[0].outstanding == ["dun"]  # type: ignore[union-attr]
    desks.say("ava", Recall(item="J-1"), ("dun",), "C-2")
    assert desks.item("dun", "J-1", "C-2").reason == "origin-recalled"
    tasks = views.inbox(desks.states["dun"], "dun", desks.now)
    assert [task.reference for task in tasks if task.task == "purge"] == ["J-1"]
    desks.say("dun", purge(item="J-1"), ("ava",), "C-2")
    assert desks.item("dun", "J-1", "C-2").text is None


def test_what_is_kept_under_law_names_it() -> None:
    """A word without its law cannot be checked by anybody."""
    desks = given()
    desks.say("bel", REVOKE, ("ava",))
    assert desks.try_to("ava", purge("retained-under-law"), ("bel",)).code == "law-required"
    assert desks.try_to("ava", purge("purged", law="law-1"), ("bel",)).code == "law-required"
    desks.say("ava", purge("retained-under-law", law="law-1"), ("bel",))
    assert desks.item("bel").attested[0].law == "law-1" and desks.item("ava").text == "the text"


def test_a_correction_marks_the_old_item_everywhere() -> None:
    """Whoever looks at the old text sees that another stands in its place."""
    desks = opened()
    desks.say("bel", answer(audience=("ava", "cor")), ("ava", "cor"))
    better = answer("I-2", audience=("ava", "cor"), supersedes="I-1", text="the better text")
    assert desks.try_to("bel", better, ("ava",)).code == "recipient-missing"
    assert desks.try_to("ava", better, ("bel",)).code == "wrong-role"
    assert desks.try_to("bel", structs.replace(better, request="R-2"), ("ava", "cor")).code == "wrong-request"
    desks.say("bel", better, ("ava", "cor"))
    for member in ("ava", "bel", "cor"):
        assert (desks.item(member).status, desks.item(member).superseded_by) == ("superseded", "I-2")
    again = answer("I-3", audience=("ava", "cor"), supersedes="I-1")
    assert desks.try_to("bel", again, ("ava", "cor")).code == "illegal-transition"
    desks.say("bel", REVOKE, ("ava", "cor"))
    assert desks.item("ava").status == "revoked" and desks.item("ava", "I-2").status == "released"


# --- Kept, and deleted in time -----------------------------------------------------------------------------


def test_an_item_is_deleted_when_its_time_is_over_and_not_before() -> None:
    """Every holder for itself, and the originator too; the state keeps that it was."""
    desks = given(delete_by=T0 + DAY)
    state = desks.states["ava"]
    assert keep_until(state.cases["C-1"], desks.item("ava")) == T0 + DAY
    assert desks.try_to("ava", GONE, ("bel",)).code == desks.force("ava", GONE, "bel") == "not-due"
    desks.say("ava", asking(), ("bel",))
    desks.now = T0 + DAY
    desks.say("ava", GONE, ("bel",))
    mine = desks.item("ava")
    assert (mine.text, mine.sought[0].text) == (None, None) and item_fold.is_deleted(mine, "ava")
    assert desks.item("bel").text == "the text" and desks.item("bel").deleted[0].holder == "ava"
    assert desks.try_to("ava", GONE, ("bel",)).code == "already-purged"
    desks.say("bel", GONE, ("ava",))
    assert desks.item("bel").text is None


def test_a_legal_hold_stops_deletion_and_is_seen_by_the_originator() -> None:
    """By two persons, under a named law, until two say that it is over."""
    desks = given(delete_by=T0 + DAY)
    assert desks.try_to("ava", hold(released_by="a-1"), ("bel",)).code == "two-persons"
    assert desks.try_to("ava", unhold(), ("bel",)).code == "predecessor-missing"
    desks.say("ava", hold(), ("bel",))
    assert desks.item("bel").holds[0].law == "law-1"
    desks.now = T0 + DAY
    assert desks.try_to("ava", GONE, ("bel",)).code == "on-hold"
    assert desks.force("ava", GONE, "bel") == "predecessor-missing"
    desks.say("bel", REVOKE, ("ava",))
    assert desks.try_to("ava", purge(), ("bel",)).code == "on-hold"
    desks.say("ava", purge("retained-under-law", law="law-1"), ("bel",))
    desks.say("ava", unhold(), ("bel",))
    desks.say("ava", GONE, ("bel",))
    assert desks.item("ava").text is None and desks.waiting == []


def test_a_key_that_arrives_after_the_deletion_is_not_kept() -> None:
    """The key was on its way when the holder purged: nothing of the item comes back."""
    desks = given(disclosure="D2")
    desks.say("ava", ACCEPT, ("bel",))
    desks.try_to("bel", UNLOCK, ("ava",)).require()
    late, desks.waiting = desks.waiting, []
    desks.say("bel", REVOKE, ("ava",))
    desks.say("ava", purge(), ("bel",))
    desks.waiting = late
    desks.deliver()
    item = desks.item("ava")
    assert (item.key, item.locked, item.text) == (None, None, None) and item.unlocked


CARRIERS = [answer(), UNLOCK, asking(), Use(item="I-1", outcome="not-used", text="w", officer="a")]


@pytest.mark.parametrize("body", CARRIERS)
def test_whatever_carries_an_item_can_be_redacted(body: Any) -> None:
    """One kind forgotten here would keep a deleted text in a journal."""
    assert item_fold.carrier(body) == "I-1"
    redacted = item_fold.redact(body)
    assert all(getattr(redacted, name, None) is None for name in ("text", "key", "locked"))
    assert item_fold.redact(redacted) == redacted and item_fold.carrier(ACCEPT) is None
