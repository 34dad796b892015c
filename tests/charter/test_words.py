"""A charter in plain English: every rule, modality and condition is said, and nothing that is not there."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hamsaya.charter.types import Clause, DecisionClass, Instrument
from hamsaya.charter.votes import parse_rule
from hamsaya.charter.words import class_words, clause_words, document_words, instrument_words, rule_words
from tests.support.charters import charter, clause, instrument


@pytest.mark.parametrize(("plain", "words"), [
    ({"rule": "consensus"}, "nobody refuses"),
    ({"rule": "consensus", "absent": "blocks"}, "nobody refuses; who is absent refuses"),
    ({"rule": "consensus", "absent": {"tacit_days": 10}},
     "nobody refuses; who is absent agrees unless it refuses within 10 days"),
    ({"rule": "quota", "q": 1}, "1 vote in favour"),
    ({"rule": "quota", "q": 3, "weights": {"ava": 2, "bel": 1}}, "3 votes in favour (ava has 2, bel has 1)"),
    ({"rule": "silence", "hours": 72}, "nobody refuses within 72 hours"),
    ({"rule": "negative-consensus"}, "adopted unless all refuse"),
    ({"rule": "negative-consensus", "stops": 6, "days": 30}, "adopted unless 6 refuse within 30 days"),
    ({"rule": "minus-concerned", "concerned": "*concerned"}, "everybody but the member concerned: nobody refuses"),
    ({"rule": "over", "participants": ["*concerned"]}, "the member concerned alone: nobody refuses"),
    ({"rule": "over", "participants": ["*participants"]}, "among the participants: nobody refuses"),
    ({"rule": "over", "participants": ["bel", "ava"]}, "among ava, bel: nobody refuses"),
    ({"rule": "or", "rules": [{"rule": "consensus"}, {"rule": "quota", "q": 2}]},
     "(nobody refuses) or (2 votes in favour)"),
    ({"rule": "and", "rules": []}, "nothing, as no rule is named"),
])
def test_every_rule_has_its_words(plain: dict[str, Any], words: str) -> None:
    """Who must agree, who is left out, by when, and what absence means."""
    assert rule_words(parse_rule(plain)) == words


def test_a_class_says_what_follows_from_it() -> None:
    """Consent, delay, lapse, appeal and what it confers, each only where it is there."""
    bare = DecisionClass(id="x", title="X", rule={"rule": "consensus"})
    assert class_words(bare) == "nobody refuses; lapses after 90 days"
    full = DecisionClass(id="x", title="X", rule={"rule": "consensus"}, touches_soil_or_data=True, timelock_hours=48,
                         expires_days=30, appeal="y", confers=("suspended", "left", "resolve"))
    assert class_words(full) == (
        "nobody refuses; needs the consent of the member concerned; takes effect 48 hours later; lapses after 30 days; "
        "can be appealed to y; may confer suspended or left")


@pytest.mark.parametrize(("fields", "words"), [
    ({}, "With standing full, a member may send case.ask to a member."),
    ({"modality": "power", "recipients": []}, "With standing full, a member has the power to send case.ask to itself."),
    ({"modality": "duty", "standing": ["full", "suspended"], "senders": ["any"], "before_entry": True},
     "With standing full or suspended, any party must send case.ask to a member, also before entry into force."),
    ({"needs_case": True, "consent_of": "territory", "decision": "visit", "obligations": ["two-persons"],
      "object": "soil", "reservable": True, "wind_down": True},
     "With standing full, a member may send case.ask to a member, only within a case, with the consent of the member "
     "on whose soil it is, as decided by visit, and owes two-persons. It is about a member's soil. It may be reserved. "
     "It goes on for a member that has left, while the instrument is wound down."),
    ({"standing": []}, "With no standing at all, a member may send case.ask to a member."),
    ({"modality": "ban"}, "With any standing, a member may not send or receive case.ask."),
    ({"modality": "ban", "recipients": ["any"]},
     "With any standing, a member may not send, and any party may not receive, case.ask."),
    ({"modality": "ban", "recipients": [], "standing": ["left"]},
     "With standing left, a member may not send case.ask."),
])
def test_every_field_of_a_clause_is_said(fields: dict[str, Any], words: str) -> None:
    """What a node makes of the clause stands beside the sentence that people agreed to."""
    assert clause_words(msgspec.convert(clause("A", "case.ask", **fields), Clause)) == words


def test_an_instrument_says_how_it_begins_ends_and_is_left() -> None:
    """Signatures, required ones, delay, what it waits for, sunset, notice, wind-down; a draft says that it is one."""
    plain = instrument("one", required=["ava"], entry_delay_days=1, requires=["base", "more"], sunset_days=365,
                       notice_days=30, wind_down_days=0, exercise=False)
    assert instrument_words(msgspec.convert(plain, Instrument)) == (
        "In force with 1 signature of members in full standing, among them ava, 1 day later, once base and more are "
        "in force too. It ends after 365 days; a member leaves after a notice of 30 days; what is sent is kept at most "
        "30 days.")
    draft = instrument_words(msgspec.convert(instrument("draft.one"), Instrument))
    assert draft.startswith("A draft: a text under negotiation, which gives no power. It has no end")


def test_a_document_says_what_it_is() -> None:
    """Its day, whether it binds, what it supersedes, who counts votes and how a standing changes."""
    assert document_words(charter(instrument("one"))) == "A charter without a date."
    document = charter(instrument("one"), dated="2030-01-01", draft=True, supersedes="ab" * 32,
                       depositaries=["cell", "ava"], epoch_signatures=5)
    assert document_words(document) == (
        "A charter of 2030-01-01, a draft that binds nobody; in place of abababababababab; votes are counted by cell, "
        "then ava; a standing changes only with 5 votes in favour from others.")
