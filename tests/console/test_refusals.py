"""The words of refusals: every code that the rules can give has one, or a reason why no page ever shows it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

import hamsaya
from hamsaya.base.errors import PeerError, PolicyRefusal, RetryLater, StoreError
from hamsaya.base.instants import DAY
from hamsaya.cases.handling import FORBIDS, from_words
from hamsaya.charter.rules import CONDITIONS
from hamsaya.console.i18n import LANGUAGES, Reader, reader
from hamsaya.console.refusals import REFUSALS
from hamsaya.messages.cases import Answer, Ask, Open
from hamsaya.messages.caveats import Grading, listed
from hamsaya.node.dispatch import retry_at
from hamsaya.node.send import Draft
from hamsaya.node.writer import Act
from tests.console import scene
from tests.console.markup import Page
from tests.support.federation import Federation, make_federation

SOURCE = Path(hamsaya.__file__).parent
ROOMS = ("canon", "cases", "charter", "compliance", "crypto", "linkage", "matching", "messages", "monitor", "node",
         "translog")
PEER_ERRORS = ("PeerError", "PolicyRefusal", "RetryLater")
RULE = re.compile(r"[a-z]+:[a-z0-9-]+")

FILES = "the command that reads the operator's file prints it; nothing of it has come from a peer"
ASKED = "the command that asked for it prints it; nothing is sent, and nothing is logged"
PROOFS = "the command that checks a log or a proof prints it; the log of the node is not concerned"
FETCHED = "it answers a node that fetches, whose operator reads it in the node's own output"
UNSEEN: dict[str, str] = {
    **dict.fromkeys(("bad-annex", "bad-areas", "bad-charter", "bad-incidents", "bad-names", "bad-policy", "bad-record",
                     "bad-reports", "bad-risk", "bad-rule", "bad-vote", "missing-columns"), FILES),
    **dict.fromkeys(("bad-arguments", "bad-bundle", "bad-caveats", "bad-id", "no-list", "not-listed", "unknown-action",
                     "wrong-answer"), ASKED),
    **dict.fromkeys(("leaf-differs", "quorum-missing", "rewritten", "rollback", "root-differs", "size-differs",
                     "wrong-log"), PROOFS),
    **dict.fromkeys(("bad-path", "bad-tile", "empty-log", "not-addressed", "not-in-log", "stale-request", "wrong-set"),
                    FETCHED),
}


def codes_of(module: ast.Module) -> Iterator[str]:
    """Yield the codes that a module writes out: in ``refuse``, in decisions, in errors about peers, in tables of rules.

    A code that is a name counts with every word that the module gives to this name.
    """
    given: dict[str, list[ast.expr]] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            given.setdefault(node.targets[0].id, []).append(node.value)
    for node in ast.walk(module):
        for code in _places(node):
            for value in given.get(code.id, []) if isinstance(code, ast.Name) else [code]:
                yield from _words(value)


def _places(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Call(func=ast.Name("refuse"), args=[code, *_]):
            yield code
        case ast.Call(func=ast.Name("_refuse"), args=[ast.Constant(int()), code, *_]):  # A witness's, with its status.
            yield code
        case ast.Call(func=ast.Name("Decision"), args=[ast.Constant(False), code, *_]):
            yield code
        case ast.Call(func=ast.Name(name)) if name in PEER_ERRORS:
            yield from (each.value for each in node.keywords if each.arg == "code")
        case ast.Tuple([code, ast.Constant(str(rule)), *_]) if RULE.fullmatch(rule):
            yield code


def _words(value: ast.expr) -> Iterator[str]:
    choices = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
    for each in choices:
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def codes() -> dict[str, str]:
    """Return every code that the rooms write out, with a module that does."""
    return {
        code: path.relative_to(SOURCE).as_posix()
        for room in ROOMS for path in sorted((SOURCE / room).rglob("*.py"))
        for code in codes_of(ast.parse(path.read_text(encoding="utf-8")))
    }


def test_every_code_of_the_rules_has_words_or_a_reason_not_to() -> None:
    """A bare code on a page says nothing to the officer who must act on it."""
    bare = {code: module for code, module in codes().items() if code not in REFUSALS and code not in UNSEEN}
    assert not bare, "give each a sentence in console/refusals.py"


def test_the_collector_sees_every_way_to_write_a_code() -> None:
    """One that it overlooks would reach a page bare, and no test would fail."""
    found = set(codes_of(ast.parse(
        'LATE = "c"\n'
        'def f(own):\n'
        '    code = "e" if own else "f"\n'
        '    yield refuse("a", "r:1", "text"), refuse("b" if own else "c", "r:2", "text"), refuse(LATE, "r", "text")\n'
        '    yield refuse(code, "r", "text"), _refuse(404, "g", "text"), Decision(False, "h", ())\n'
        '    yield "i", "room:rule", "text"\n'
        '    raise RetryLater("text", code="j")\n'
        '    raise OperatorError("text", code="ours")\n'
    )))
    assert found == set("abcefghij")


def test_what_is_said_to_be_unseen_is_written_somewhere_and_has_no_words() -> None:
    """A reason that outlives its code would excuse the next one of that name."""
    assert not set(UNSEEN) - set(codes())
    assert not set(UNSEEN) & set(REFUSALS)


def test_errors_without_a_code_of_their_own_have_words() -> None:
    """What nobody named is still refused, and shown."""
    assert {each.code for each in (PeerError, PolicyRefusal, RetryLater, StoreError)} <= set(REFUSALS)


def test_codes_in_tables_have_words() -> None:
    """What disclosure and the charter's conditions refuse stands in tables, where the collector does not look."""
    assert {code for acts in FORBIDS.values() for code in acts.values()} <= set(REFUSALS)
    assert {code for _, code, _ in CONDITIONS} <= set(REFUSALS)


def test_sentences_are_short_and_told_apart() -> None:
    """They stand in a cell of a table; two codes with one sentence could not be told apart in a report."""
    assert len(set(REFUSALS.values())) == len(REFUSALS)
    assert not [text for text in REFUSALS.values() if len(text) > 100 or text.endswith(".")]
    assert list(REFUSALS) == sorted(REFUSALS)


# --- on the pages ------------------------------------------------------------------------------------------


def _main(console: scene.Console, path: str, language: str) -> str:
    return Page(console.browser.get(path, params={"lang": language}).text).all("main")[0].text


def _words_of(language: str, *words: str) -> str:
    """Return what a page in ``language`` says of ``words``, in one line."""
    t: Reader = reader(LANGUAGES[language])
    return ": ".join(str(t.label("refusal", word)) for word in words)


def test_the_pages_say_why_a_message_waits_and_why_a_text_is_withheld() -> None:
    """The note of a receipt that proves nothing carries two words; both have a sentence, in the reader's language."""
    made = make_federation(members=("pk", "ir"))
    _embargoed(made)
    made.send("pk", Draft(_ask(f"{scene.CASE}/2"), ("ir",), case=scene.CASE))
    row, = (each for each in made.node("pk").store.outbox_rows(100) if each.state == "waiting")
    note = retry_at((row.destination, row.message_id), row.due, "receipt not proven: bad-receipt")
    made.node("pk").commit([Act(note)])
    console = scene.make_console(made.node("pk"))
    for language in LANGUAGES:
        assert _words_of(language, "receipt not proven", "bad-receipt") in _main(console, "/", language)
        assert _words_of(language, "embargoed") in _main(console, f"/cases/{scene.CASE}", language)


def _embargoed(made: Federation) -> None:
    """Let Iran answer Pakistan with an item that nobody may use before tomorrow."""
    scene.say(made, "pk", Open(
        title="EXERCISE: fictional", purpose="trace-explosives", act="explosives-trafficking",
        participants=["pk", "ir"], legal_basis="CX.1", desk="desk", officer="desk-pk-1",
        retain_until=made.clock.now() + 90 * DAY, subjects=[]), ("ir",), scene.CASE)
    scene.say(made, "pk", _ask(f"{scene.CASE}/1"), ("ir",), scene.CASE)
    caveats = replace(from_words([], listed("pk")), embargo_until=made.clock.now() + DAY)
    scene.say(made, "ir", Answer(
        request=f"{scene.CASE}/1", item=f"{scene.CASE}/1/A", text="EXERCISE: not yet.", locked=None, caveats=caveats,
        grading=Grading(source="B", information="3"), derived_from=[], supersedes=None, prepared_by="desk-ir-1",
        released_by="desk-ir-2"), ("pk",), scene.CASE)


def _ask(reference: str) -> Ask:
    return Ask(request=reference, to="ir", question="EXERCISE: a fictional question.", urgency="routine",
               legal_basis="CX.2", desk="desk", officer="desk-pk-1")
