"""Words in a case: one order at every end whatever arrives first, and nobody reads what was not for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.cases import reduce, talk
from hamsaya.cases.records import Spoken
from hamsaya.messages.cases import Close
from hamsaya.messages.talk import MOST_SEEN, Clear, Read, Say
from tests.cases.desks import DAY, Desks, opened
from tests.cases.story import T0, case_open, caveats, person

THREE = ("ava", "bel", "cor")


def said(desks: Desks, sender: str, to: Sequence[str], text: str = "x", **changes: Any) -> Say:
    """Return what ``sender`` says to ``to`` now, resting on what all of them may have read."""
    seen = talk.heads(desks.states[sender], "C-1", (sender, *to))
    fields: dict[str, Any] = {"text": text, "seen": seen, "caveats": caveats(audience=(*sorted(to),)), "officer": "o-1"}
    return Say(**(fields | changes))


def order(desks: Desks, member: str) -> list[Spoken]:
    return talk.ordered(desks.states[member], "C-1")


Step = tuple[str, tuple[str, ...], int]
STEPS = st.lists(st.one_of(
    st.tuples(st.sampled_from(THREE), st.lists(st.sampled_from(THREE), min_size=1, max_size=3, unique=True)),
    st.integers(0, 50)), max_size=14)


@settings(max_examples=150)
@given(STEPS, st.randoms(use_true_random=False), st.booleans())
def test_any_two_ends_read_what_both_have_in_one_order(steps: list[Any], chance: Random, clocks_differ: bool) -> None:
    """Everybody speaks to anybody at once, letters arrive one by one in any order, clocks are hours apart."""
    desks = opened()
    for step in steps:
        if isinstance(step, int):
            if desks.waiting:
                letter = desks.waiting.pop(step % len(desks.waiting))
                rest, desks.waiting = desks.waiting, [letter]
                desks.deliver()
                desks.waiting += rest
            continue
        sender, to = step[0], tuple(sorted(set(step[1]) - {step[0]}))
        if to:
            if clocks_differ:
                desks.now += chance.randrange(-3_600_000, 3_600_000)
            desks.try_to(sender, said(desks, sender, to), to).require()
    chance.shuffle(desks.waiting)
    desks.deliver()
    assert not desks.waiting and not desks.refused
    for one in THREE:
        mine = [each.digest for each in order(desks, one)]
        for each in order(desks, one):
            assert one in talk.audience(each)
            assert all(mine.index(name) < mine.index(each.digest) for name in each.seen), "an answer before its word"
        for other in THREE:
            theirs = [each.digest for each in order(desks, other)]
            assert [name for name in mine if name in theirs] == [name for name in theirs if name in mine]


@settings(max_examples=60)
@given(st.randoms(use_true_random=False))
def test_reads_and_deletions_come_to_one_state_in_every_order(chance: Random) -> None:
    """Words, who read them and who deleted them: the state is the same bytes however it came about."""
    desks = opened()
    for sender in (*THREE, "ava"):
        to = tuple(member for member in THREE if member != sender)
        desks.say(sender, said(desks, sender, to), to)
    for reader in ("bel", "cor", "ava"):
        last = [each.digest for each in talk.unread(desks.states[reader], "C-1", reader)][-1:]
        desks.say(reader, Read(words=last, officer=f"{reader}-1"), tuple(set(THREE) - {reader}))
    assert all(not talk.unread(desks.states[m], "C-1", m) for m in THREE), "the last one read brings what it rests on"
    desks.now = T0 + 95 * DAY
    for member in THREE:
        desks.try_to(member, Clear(reason="retention"), tuple(set(THREE) - {member})).require()
    chance.shuffle(desks.waiting)
    desks.deliver()
    snapshots = [desks.states[m] for m in THREE]
    assert len({repr(sorted(each.words.items())) for each in snapshots}) == 1
    assert all(each.text is None for each in snapshots[0].words.values())
    assert len({repr(sorted(each.cleared.items())) for each in snapshots}) == 1
    assert reduce.snapshot(snapshots[0])["cleared"]


def test_the_depth_puts_an_answer_after_its_word_whatever_the_clocks_say() -> None:
    """Attack: a sender dates its words a day back to stand before what they answer."""
    desks = opened()
    desks.say("ava", said(desks, "ava", ("bel", "cor"), "first"), ("bel", "cor"))
    desks.now -= DAY // 2
    desks.say("bel", said(desks, "bel", ("ava", "cor"), "second"), ("ava", "cor"))
    assert [[each.text for each in order(desks, m)] for m in THREE] == [["first", "second"]] * 3


@pytest.mark.parametrize(("to", "changes", "code"), [
    ((), {}, "no-recipient"), (("dun",), {}, "recipient-outside"), (("bel",), {"text": None}, "no-text"),
    (("bel",), {"caveats": caveats(audience=("cor",))}, "outside-audience"),
    (("bel",), {"caveats": caveats(audience=("bel/liaison",), disclosure="D3")}, "not-locked"),
    (("bel",), {"caveats": caveats(audience=("bel",), disclosure="D2")}, "not-locked"),
    (("bel",), {"caveats": caveats(audience=("bel", "cor"), rights=["not-to-state:bel"])}, "not-to-state"),
    (("bel",), {"caveats": caveats(audience=("bel",), delete_by=T0 + DAY)}, "bad-caveats"),
    (("bel",), {"caveats": caveats(audience=("bel",), embargo_until=T0 + DAY)}, "bad-caveats"),
    (("bel",), {"seen": [b"?" * 16]}, "predecessor-missing"),
])
def test_what_must_not_be_said_is_refused_at_both_ends(to: tuple[str, ...], changes: dict[str, Any], code: str) -> None:
    """By the sender's own node, and by a receiver's whatever the sender's rules say."""
    desks = opened()
    body = said(desks, "ava", to or ("bel",), **changes)
    assert desks.try_to("ava", body, to).code == code
    if to and to != ("dun",):
        assert desks.force("ava", body, to[0]) == code


def test_a_word_to_more_readers_rests_on_nothing_they_were_not_told() -> None:
    """Attack: a thread of two is shown to a third by answering it before everybody."""
    desks = opened()
    desks.say("ava", said(desks, "ava", ("bel",), "between us"), ("bel",))
    (secret,) = order(desks, "bel")
    wider = said(desks, "bel", ("ava", "cor"))
    assert wider.seen == []
    body = said(desks, "bel", ("ava", "cor"), seen=[secret.digest])
    assert desks.try_to("bel", body, ("ava", "cor")).code == "outside-thread"
    event = desks.event("bel", body, ("ava", "cor"), "C-1")
    assert desks.decide("ava", event).code == "outside-thread"
    assert desks.decide("cor", event).code == "predecessor-missing", "it never learns of the word at all"


def test_nobody_puts_other_words_under_a_name_that_stands() -> None:
    """Attack: a listener says something under the id of what it heard, before that comes to a third or after it."""
    for first in (True, False):
        desks = opened()
        desks.try_to("ava", said(desks, "ava", ("bel", "cor"), "hers"), ("bel", "cor")).require()
        hers = desks.waiting.pop(1)
        desks.deliver()
        (word,) = order(desks, "bel")
        forged = replace(desks.event("bel", said(desks, "bel", ("cor",), "not hers", seen=[]), ("cor",), "C-1"),
                         message_id=word.message)
        desks.waiting = [("cor", forged), hers] if first else [hers, ("cor", forged)]
        desks.deliver()
        assert not desks.refused and {each.text for each in order(desks, "cor")} == {"hers", "not hers"}
        desks.say("ava", said(desks, "ava", ("bel", "cor"), "more", seen=[word.digest]), ("bel", "cor"))
        (more,) = [each for each in order(desks, "cor") if each.text == "more"]
        (seen,) = more.seen
        assert desks.states["cor"].words[seen].text == "hers", "what she answers is what she said"
        body = Read(words=[word.digest], officer="c-1")
        desks.say("cor", body, ("ava",))
        assert [bool(each.read) for each in sorted(order(desks, "cor"), key=lambda each: each.text or "")] == [
            True, False, False]


def test_only_who_was_told_has_read_it_and_says_so_to_who_said_it() -> None:
    """A receipt is a named person's, once; nobody reads for another."""
    desks = opened()
    desks.say("ava", said(desks, "ava", ("bel",)), ("bel",))
    (word,) = order(desks, "ava")
    body = Read(words=[word.digest], officer="b-1")
    assert desks.try_to("ava", body, ("bel",)).code == "not-held"
    assert desks.try_to("bel", body, ()).code == "recipient-missing"
    assert desks.try_to("bel", body, ("ava", "cor")).code == "recipient-outside"
    desks.say("bel", body, ("ava",))
    assert desks.try_to("bel", body, ("ava",)).code == "already-read"
    assert [(each.holder, each.officer) for each in order(desks, "ava")[0].read] == [("bel", "b-1")]


def test_nothing_of_another_case_is_said() -> None:
    """Whom another case names is not named here, however it is spelt; the case's own names may be."""
    desks = opened()
    named = case_open(subjects=[person("Karim Nazari")], participants=["ava", "dun"], officer="ava-1")
    desks.say("ava", named, ("dun",), "C-3")
    for text in ("it is karim  nazari again", "KARIMNAZARI", "\uff2barim Nazari"):
        assert desks.try_to("ava", said(desks, "ava", ("bel",), text), ("bel",)).code == "other-case"
    desks.say("ava", said(desks, "ava", ("bel",), "the crate, not P nor anybody"), ("bel",))
    assert desks.try_to("ava", said(desks, "ava", ("dun",), "Karim Nazari"), ("dun",), "C-3").allowed


def test_there_are_limits_of_number_and_time() -> None:
    """So many things in a day, none once the case is closed, none once its time is over."""
    desks = opened()
    for _ in range(talk.MOST_A_DAY):
        desks.try_to("ava", said(desks, "ava", ("bel",)), ("bel",)).require()
    assert desks.try_to("ava", said(desks, "ava", ("bel",)), ("bel",)).code == "too-many"
    desks.deliver()
    assert len(talk.heads(desks.states["bel"], "C-1", ("ava", "bel"))) <= MOST_SEEN
    desks.now += DAY + 1
    desks.say("ava", Close(outcome="resolved", officer="ava-1"), THREE)
    assert desks.try_to("ava", said(desks, "ava", ("bel",)), ("bel",)).code == "case-closed"
    assert desks.try_to("ava", Clear(reason="retention"), ("bel",)).code == "not-due"
    desks.now = T0 + 95 * DAY
    assert desks.force("ava", said(desks, "ava", ("bel",)), "bel") == "retention-over"
    desks.say("ava", Clear(reason="retention"), ("bel", "cor"))
    assert desks.try_to("ava", Clear(reason="retention"), ("bel",)).code == "already-purged"
    assert all(each.text is None for each in order(desks, "ava"))
    assert all(each.text == "x" for each in order(desks, "bel")), "each deletes its own"
