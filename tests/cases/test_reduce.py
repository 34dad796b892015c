"""Cases fold to the same state in any order, and a purged text is gone from state and journal alike."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.instants import HOUR
from hamsaya.canon import encode
from hamsaya.cases import item_fold, reduce
from hamsaya.cases.course import STEPS
from hamsaya.cases.types import CasesState
from hamsaya.messages.cases import Answer, Ask, Close
from hamsaya.messages.event import Event
from hamsaya.messages.node import Publish
from tests.cases.story import (
    ANSWERED,
    EVERYBODY,
    REVOKED,
    SECRET,
    acknowledge,
    admit,
    answer,
    ask,
    case_open,
    clarify,
    close,
    decide,
    decline,
    extend,
    fold,
    overdue,
    pause,
    purge,
    replay,
    resume,
    revoke,
    say,
    transfer,
    withdraw,
)

MEMBERS = ("ava", "bel", "cor")
# Only its asker uses a request's reference, and only its originator an item's: the rules' advice to senders.
REQUESTS = {"ava-R": "ava", "bel-R": "bel", "cor-R": "cor"}
ITEMS = {"ava-I": "ava", "bel-I": "bel", "cor-I": "cor"}
PAUSES = {"p1": "clarification", "p2": "court", "p3": "force-majeure"}
DUES = [2 * HOUR, 3 * HOUR, 8 * HOUR, 9 * HOUR, 10 * HOUR]
SPOKEN = (acknowledge, admit, partial(admit, held_directly=False), extend, decline, transfer, withdraw)


def acts(at: int) -> list[Event]:
    """Return everything anybody might say in the case, lawful or not, ``at`` ms after its opening."""
    asks = [say(asker, ask(request, to)) for request, asker in REQUESTS.items() for to in MEMBERS]
    for request in REQUESTS:
        asks += [say(who, body(request), at) for who in MEMBERS for body in SPOKEN]
        asks += [say(who, pause(request, ref, reason), at) for who in MEMBERS for ref, reason in PAUSES.items()]
        asks += [say(who, body(request, ref), at) for who in MEMBERS for ref in PAUSES for body in (resume, clarify)]
        asks += [say(who, overdue(due, request, step), at) for who in MEMBERS for step in STEPS for due in DUES]
        asks += [say(who, answer(request, item), at) for item, who in ITEMS.items()]
    for item in ITEMS:
        asks += [say(who, revoke(item), at) for who in MEMBERS]
        asks += [say(who, purge(item, outcome), at) for who in EVERYBODY for outcome in ("purged", "in-court-file")]
    return [*asks, say("ava", close(), at + 1)]


def walk(choices: list[int]) -> tuple[list[Event], CasesState]:
    """Return the journal and the state after a walk that takes, at each step, one of the permitted acts."""
    journal = [say("ava", case_open())]
    state = fold(*journal)
    for step, choice in enumerate(choices):
        lawful = [event for event in acts(step * HOUR) if decide(state, event).allowed]
        if lawful:
            journal.append(lawful[choice % len(lawful)])
            state = fold(journal[-1], state=state)
    return journal, state


walks = st.lists(st.integers(0, 10_000), max_size=14)


def bytes_of(state: CasesState) -> bytes:
    return encode(reduce.snapshot(state))


@given(choices=walks, own=st.sampled_from([None, *EVERYBODY]))
def test_a_redacted_journal_replays_to_the_live_state(choices: list[int], own: str | None) -> None:
    """A node that restarts after a purge must come back to the same bytes, without the text."""
    # Every walk goes on from a released and revoked item, so that there is something to purge.
    journal = [say("ava", case_open()), say("cor", ask("cor-R", "bel")), say("bel", answer("cor-R", "bel-I"))]
    journal += [say("bel", revoke("bel-I")), say("ava", purge("bel-I")), say("watch", purge("bel-I"))]
    journal += [event for event in walk(choices)[0][1:] if decide(replay(*journal), event).allowed]
    purged = {item_fold.deleted_item(event) for event in journal if own in (None, event.sender)}
    redacted = [
        replace(event, body=item_fold.redact(event.body))
        if isinstance(event.body, Answer) and event.body.item in purged
        else event
        for event in journal
    ]
    live = replay(*journal, own=own)
    assert bytes_of(replay(*redacted, own=own)) == bytes_of(live)
    assert all((item.text is None) == (item.item in purged) for item in live.items.values())


@settings(max_examples=60)
@given(choices=walks)
def test_messages_of_two_senders_commute(choices: list[int]) -> None:
    """Third parties see the messages of two senders in either order, and must agree in the end."""
    _, state = walk(choices)
    lawful = [event for event in acts(len(choices) * HOUR) if decide(state, event).allowed]
    for one, other in combinations(lawful, 2):
        # The exceptions that the rules name: one reference used twice, and a question against a closing.
        twice = isinstance(other.body, Answer) and isinstance(one.body, Answer) and one.body.item == other.body.item
        if one.sender == other.sender or twice or {type(one.body), type(other.body)} == {Ask, Close}:
            continue
        assert bytes_of(fold(one, other, state=state)) == bytes_of(fold(other, one, state=state))


def test_a_question_that_overtook_the_closing_stands() -> None:
    """The exception: who has seen the closing refuses a later question, who has not keeps it."""
    opened = replay(say("ava", case_open()))
    late, closing = say("bel", ask(to="cor"), 50), say("ava", close(), 40)
    assert ("C-1", "R-1") in fold(late, closing, state=opened).requests
    assert decide(fold(closing, state=opened), late).code == "case-closed"


@given(choices=walks)
def test_nothing_takes_effect_twice(choices: list[int]) -> None:
    """The same message again is refused, or says again what is known already."""
    journal, state = walk(choices)
    for event in journal:
        again = decide(state, event)
        assert not again.allowed or reduce.apply(state, event) == state


@pytest.mark.parametrize("outcome", ["retained-under-law", "in-court-file"])
def test_what_is_retained_keeps_its_text_until_it_is_purged(outcome: str) -> None:
    """A court file is not silently emptied; when the holder purges at last, the text goes."""
    held = replace(REVOKED, own="ava")
    kept = fold(say("ava", purge(outcome=outcome), 40), state=held)
    assert kept.items["C-1", "I-1"].text == SECRET
    gone = fold(say("ava", purge(), 50), state=kept)
    assert gone.items["C-1", "I-1"].text is None
    assert [each.outcome for each in gone.items["C-1", "I-1"].attested] == ["purged"]


def test_another_holders_purge_leaves_this_nodes_text() -> None:
    """Each holder answers for its own node."""
    state = fold(say("ava", purge(), 40), state=replace(REVOKED, own="cor"))
    assert state.items["C-1", "I-1"].text == SECRET
    assert SECRET.encode() not in bytes_of(fold(say("cor", purge(), 50), state=state))


def test_deleted_item_names_only_what_was_purged() -> None:
    """The node redacts on this word: a retained item must not lose its text in the journal."""
    assert item_fold.deleted_item(say("ava", purge())) == "I-1"
    assert item_fold.deleted_item(say("ava", purge(outcome="in-court-file"))) is None
    assert item_fold.deleted_item(say("ava", revoke())) is None


def test_redaction_takes_the_text_and_nothing_else() -> None:
    """The journal keeps that an answer was, with its caveats and its two persons."""
    assert item_fold.redact(answer()) == answer(text=None)


def test_holders_are_all_who_were_sent_the_answer() -> None:
    """An observer that read an item must purge it like everybody else."""
    assert ANSWERED.items["C-1", "I-1"].holders == ("ava", "cor", "watch")


def test_messages_of_other_rooms_change_nothing() -> None:
    """The fold is total: a node may hand every event to every core."""
    assert reduce.apply(ANSWERED, say("ava", Publish(statements=[b""]))) is ANSWERED
