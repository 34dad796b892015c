"""A request in a file is put to a charter's text: no node, no keys, and the same answer as a node would give."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.node.charter_report import Explained, RequestFile, explain_request, read_document, read_request

DOCUMENT = read_document(None)


def ask(**fields: object) -> Explained:
    return explain_request(DOCUMENT, RequestFile(**{"sender": "pk", "recipients": ["ir"], **fields}))


@pytest.mark.parametrize(("fields", "code", "clause"), [
    ({"kind": "case.answer", "case": "C-1"}, "permitted", "case-exchange:CX.3"),
    ({"kind": "case.answer"}, "case-required", "case-exchange:case-required"),
    ({"kind": "case.open", "case": "C-1", "recipients": ["joint-cell"]}, "forbidden", "case-exchange:CX.7"),
    ({"kind": "case.open", "case": "C-1", "recipients": ["af"]}, "forbidden", "case-exchange:CX.8"),
    ({"kind": "monitor.report", "signed": ["pk", "ir"]}, "not-in-force", "monitoring:not-in-force"),
    ({"kind": "charter.sign", "signed": []}, "permitted", "founding:FD.1"),
    ({"kind": "case.open", "case": "C-1", "exercise": False}, "exercise-mismatch", "case-exchange"),
    ({"kind": "case.open", "case": "C-1", "instrument": "none-such"}, "not-in-force", "charter:instruments"),
    ({"kind": "case.open", "case": "C-1", "sender": "nobody"}, "unknown-member", "charter:members"),
])
def test_the_answer_names_the_clauses_that_made_it_so(fields: dict[str, object], code: str, clause: str) -> None:
    """Anyone may ask "may I send this?" and gets yes or no with its grounds."""
    found = ask(**fields)
    assert found.code == code and found.verdict == ("permitted" if code == "permitted" else "refused")
    assert clause in found.clauses and clause in found.sentence


def test_obligations_come_with_the_permission() -> None:
    """An answer needs two persons, and the asker should know before writing it."""
    assert "two-persons" in ask(kind="case.answer", case="C-1").obligations


def test_an_unknown_kind_is_told_as_such() -> None:
    """A misspelt kind is no question of power."""
    with pytest.raises(PeerError, match="known message kind"):
        ask(kind="case.opn")


@pytest.mark.parametrize(
    "content", ["", "[]", '{"kind": "case.open"}', '{"kind": "case.open", "sender": "pk", "x": 1}']
)
def test_a_file_that_is_no_request_is_refused_with_an_example(tmp_path: Path, content: str) -> None:
    """Who writes the file by hand learns its form from the refusal."""
    path = tmp_path / "request.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(OperatorError, match="recipients"):
        read_request(path)
    path.write_text(json.dumps({"kind": "case.open", "sender": "pk"}), encoding="utf-8")
    assert read_request(path) == RequestFile(kind="case.open", sender="pk")
