"""A request in a file is put to a charter's text: no node, no keys, and the same answer as a node would give."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.base.instants import DAY
from hamsaya.charter.types import Document
from hamsaya.node.charter_request import Explained, RequestFile, explain_request, read_request
from tests.support.charters import charter, clause, instrument

EVERY = ["full", "partial", "observer", "absent", "suspended"]
CASES = instrument(
    "cases",
    clause("C.1", "case.open", needs_case=True, standing=["full", "partial"]),
    clause("C.2", "case.answer", needs_case=True, consent_of="data-owner", obligations=["two-persons"]),
    clause("C.3", "case.close", consent_of="territory"),
    clause("C.4", "case.*", modality="ban", senders=["joint-cell"], recipients=["joint-cell"]),
    clause("C.5", "case.revoke", wind_down=True, standing=["full", "suspended"]),
    entry_into_force=3, entry_delay_days=10, sunset_days=30, requires=["base"],
)
BASE = instrument("base", clause("B.1", "charter.sign", before_entry=True, standing=EVERY, recipients=["any"]),
                  clause("B.2", "node.peer", recipients=[]))
DRAFT = instrument("draft.more", clause("D.1", "monitor.report"))
DOCUMENT = charter(BASE, CASES, DRAFT)


def ask(kind: str, document: Document = DOCUMENT, **fields: object) -> Explained:
    plain = {"kind": kind, "sender": "ava", "recipients": ["bel"], "case": "C-1", **fields}
    return explain_request(document, msgspec.convert(plain, RequestFile))


@pytest.mark.parametrize(("kind", "fields", "code", "clause"), [
    ("case.open", {}, "permitted", "cases:C.1"),
    ("case.open", {"case": None}, "case-required", "cases:case-required"),
    ("case.open", {"recipients": ["cell"]}, "forbidden", "cases:C.4"),
    ("case.open", {"recipients": ["bel", "cell"]}, "forbidden", "cases:C.4"),
    ("case.open", {"signed": ["ava", "bel"]}, "not-in-force", "cases:not-in-force"),
    ("case.open", {"exercise": False}, "exercise-mismatch", "cases"),
    ("case.open", {"instrument": "none-such"}, "not-in-force", "charter:instruments"),
    ("case.open", {"sender": "nobody"}, "unknown-member", "charter:members"),
    ("charter.sign", {"signed": []}, "permitted", "base:B.1"),
    ("node.peer", {"recipients": []}, "permitted", "base:B.2"),
    # Standings of the day.
    ("case.open", {"standings": {"ava": "suspended"}}, "standing", "cases:standing"),
    ("case.open", {"standings": {"bel": "partial"}}, "permitted", "cases:C.1"),
    ("case.revoke", {"standings": {"ava": "suspended"}}, "permitted", "cases:C.5"),
    # Consents.
    ("case.answer", {}, "permitted", "cases:C.2"),
    ("case.answer", {"consents": []}, "consent-missing", "cases:consent-missing"),
    ("case.close", {}, "consent-missing", "cases:consent-missing"),
    ("case.close", {"consents": ["territory"]}, "permitted", "cases:C.3"),
    # Times: in force ten days after the signatures, for thirty days.
    ("case.open", {"at": 10 * DAY - 1}, "not-in-force", "cases:not-in-force"),
    ("case.open", {"at": 10 * DAY}, "permitted", "cases:C.1"),
    ("case.open", {"at": 40 * DAY}, "expired", "cases:expired"),
    # A text under negotiation.
    ("monitor.report", {"instrument": "draft.more"}, "draft", "draft.more"),
    ("monitor.report", {}, "no-clause", "charter"),
])
def test_the_answer_names_the_clauses_that_made_it_so(
    kind: str, fields: dict[str, object], code: str, clause: str
) -> None:
    """Anyone may ask "may I send this?" and gets yes or no with its grounds."""
    found = ask(kind, **fields)
    assert found.code == code and found.verdict == ("permitted" if code == "permitted" else "refused")
    assert clause in found.clauses and clause in found.sentence


def test_obligations_come_with_the_permission() -> None:
    """An answer needs two persons, and the asker should know before writing it."""
    assert ask("case.answer").obligations == ["two-persons"]


def test_who_comes_into_full_standing_here_has_signed() -> None:
    """A party that the charter lists as absent is asked about as if it had come and signed."""
    absent = msgspec.structs.replace(DOCUMENT.members[2], standing="absent")
    document = msgspec.structs.replace(DOCUMENT, members=(*DOCUMENT.members[:2], absent, *DOCUMENT.members[3:]),
                                       instruments=(DOCUMENT.instruments[0], msgspec.structs.replace(
                                           DOCUMENT.instruments[1], entry_into_force=2)))
    assert ask("case.open", document, recipients=["cor"]).code == "standing"
    assert ask("case.open", document, recipients=["cor"], standings={"cor": "full"}).code == "permitted"
    assert ask("case.open", document, recipients=["cor"], standings={"cor": "full"},
               signed=["ava", "bel"]).code == "not-bound"


def test_an_unknown_kind_or_party_is_told_as_such() -> None:
    """What is misspelt is no question of power."""
    with pytest.raises(PeerError, match="known message kind"):
        ask("case.opn")
    for fields in ({"standings": {"zoe": "full"}}, {"signed": ["zoe"]}):
        with pytest.raises(OperatorError, match="parties of the charter"):
            ask("case.open", **fields)


@pytest.mark.parametrize(
    "content", ["", "[]", '{"kind": "case.open"}', '{"kind": "case.open", "sender": "ava", "x": 1}',
                '{"kind": "case.open", "sender": "ava", "standings": {"ava": "asleep"}}',
                '{"kind": "case.open", "sender": "ava", "at": -1}']
)
def test_a_file_that_is_no_request_is_refused_with_an_example(tmp_path: Path, content: str) -> None:
    """Who writes the file by hand learns its form from the refusal."""
    path = tmp_path / "request.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(OperatorError, match="recipients"):
        read_request(path)
    path.write_text(json.dumps({"kind": "case.open", "sender": "ava"}), encoding="utf-8")
    assert read_request(path) == RequestFile(kind="case.open", sender="ava")
