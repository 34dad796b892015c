"""Law as data: every article's examples come out as they say, in every version of every installed charter.

An example is one message put to the charter. Days count from the day on which the parties signed; parties stand as
the pack's table says but for what the example says otherwise. A draft is read as if it were none where the example
asks for it, and refused like any draft where it does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from importlib import resources

import msgspec
import pytest
from immutables import Map

from hamsaya.adapters.charterfile import Example
from hamsaya.adapters.regionpack import Pack, builtin_pack
from hamsaya.base.decision import Decision
from hamsaya.base.instants import DAY
from hamsaya.charter.compiled import Compiled, compile_document
from hamsaya.charter.rules import decide_event, instrument_for
from hamsaya.charter.said import EMPTY_CHARTER, CharterState, Reacted, Reserved, Said, Signed
from hamsaya.charter.situation import situation_at
from hamsaya.charter.types import CHARTER, DRAFTS, Clause, Document, document_from_plain, kinds_named, revision
from hamsaya.messages.catalog import KINDS
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body

change = msgspec.structs.replace
PACKS = sorted(entry.name for entry in resources.files("hamsaya.regions").iterdir()
               if entry.joinpath("pack.toml").is_file())
CHARTERS = {
    f"{name} {version}": builtin_pack(name, version) for name in PACKS for version in builtin_pack(name).versions
}
EXAMPLES = [
    pytest.param(pack, article, example, id=f"{where} {article} {number}")
    for where, pack in CHARTERS.items()
    for article, examples in pack.examples.items()
    for number, example in enumerate(examples, start=1)
]
EVERY_CHARTER = pytest.mark.parametrize("pack", CHARTERS.values(), ids=CHARTERS)


def charter_of(pack: Pack, example: Example, instrument: str) -> tuple[Compiled, str]:
    """Return the pack's charter with the standings of ``example``, and the id its instrument has there."""
    document = document_from_plain(pack.charter)
    members = tuple(change(party, standing=example.standings.get(party.id, party.standing))
                    for party in document.members)
    name = instrument.removeprefix(DRAFTS) if example.as_if_agreed else instrument
    instruments = tuple(change(one, id=name, requires=()) if one.id == instrument else one
                        for one in document.instruments)
    return compile_document(change(document, members=members, instruments=instruments)), name


def said_before(pack: Pack, charter: Compiled, instrument: str, example: Example) -> CharterState:
    """Return what parties have said before the message of ``example``."""
    in_full = {party.id for party in (*pack.parties, *charter.document.members) if party.standing == "full"}
    signers = in_full if example.signed is None else set(example.signed)
    reserved = {
        (one.by, instrument, one.clause): Reserved(0, bytes(16), (), (), "reserved", False) for one in example.reserved
    }
    answers = {
        (member, one.by, instrument, one.clause): frozenset({Reacted(0, stance)})
        for one in example.reserved for member, stance in one.answers.items()
    }
    notices = {(member, instrument): Said(day * DAY, bytes(16), True, "leaves")
               for member, day in example.withdrew.items()}
    return CharterState(
        signatures=EMPTY_CHARTER.signatures.set(
            (CHARTER, charter.revision), Map({member: (Signed(0, ()),) for member in signers})
        ),
        reservations=Map(reserved), reactions=Map(answers), withdrawals=Map(notices),
        cuts=Map({pair: Said(0, bytes(16), True, "technical") for pair in example.cuts}),
    )


def decided(pack: Pack, article: str, example: Example) -> Decision:
    """Return what the charter decides on the message of ``example``."""
    charter, instrument = charter_of(pack, example, article.partition(":")[0])
    state, at = said_before(pack, charter, instrument, example), example.at_days * DAY
    event = Event(
        message_id=bytes(16), kind=example.kind, sender=example.sender, recipients=tuple(example.recipients),
        instrument=instrument, case=example.case, issued_at=at, expires_at=at + DAY, exercise=True, body=Body(),
    )
    return decide_event(situation_at(charter, [charter.revision], state, at), event, frozenset(example.consents))


@pytest.mark.parametrize(("pack", "article", "example"), EXAMPLES)
def test_an_example_comes_out_as_it_says(pack: Pack, article: str, example: Example) -> None:
    """An official reads the article and its examples as one thing; the node must agree with both."""
    decision = decided(pack, article, example)
    assert decision.code == (example.code or "permitted"), example.name
    assert decision.allowed == (example.want == "permit")
    reasons = {reason.ref.rpartition(":")[2] for reason in decision.reasons}
    assert reasons >= set(example.clauses)


@EVERY_CHARTER
def test_every_article_has_an_example_that_permits_one_that_forbids_and_one_at_the_edge(pack: Pack) -> None:
    """Fewer would leave a side of the article that nobody has looked at."""
    refs = {f"{instrument.id}:{clause.id}" for instrument in document_from_plain(pack.charter).instruments
            for clause in instrument.clauses}
    assert pack.examples.keys() == refs
    for article, examples in pack.examples.items():
        assert {example.want for example in examples} == {"permit", "forbid"}, article
        assert any(example.edge for example in examples), article
        assert len(examples) >= 3 and len({example.name for example in examples}) == len(examples), article


@EVERY_CHARTER
def test_the_examples_of_an_article_turn_on_that_article(pack: Pack) -> None:
    """An article none of whose examples names it as a reason is not shown by them at all."""
    for article, examples in pack.examples.items():
        assert any(article.rpartition(":")[2] in example.clauses for example in examples), article


@EVERY_CHARTER
def test_every_article_is_written_in_every_language_of_the_pack(pack: Pack) -> None:
    """Members sign one text; each must be able to read it in its own language."""
    for _, clause in clauses(document_from_plain(pack.charter)):
        assert set(clause.texts) == set(pack.languages) - {"en"}, clause.id
        words = [clause.text, *clause.texts.values()]
        # A name of an article that the English sentence cites must be cited by all.
        cited = [word.strip(".,;:()") for word in clause.text.split() if word[:2] in ("FD", "CX", "MN", "VR", "LK")]
        assert all(reference in text for reference in cited for text in words), clause.id
        assert len(set(words)) == len(words), clause.id


@EVERY_CHARTER
def test_every_kind_of_message_has_one_place(pack: Pack) -> None:
    """A kind that no clause permits can never be sent; one that two instruments permit has two laws."""
    document = document_from_plain(pack.charter)
    places = Counter(
        kind for instrument in document.instruments if not instrument.draft
        for kind in kinds_named([kind for clause in instrument.clauses if clause.modality != "ban"
                                 for kind in clause.kinds])
    )
    assert places == Counter(KINDS.keys())
    charter = compile_document(document)
    assert not charter.instruments[instrument_for(charter, "charter.propose")].draft


@EVERY_CHARTER
def test_what_is_anothers_names_whose_consent_it_needs(pack: Pack) -> None:
    """No article moves case content, counts of an area or anything on a member's soil without naming a consent."""
    for _, clause in clauses(document_from_plain(pack.charter)):
        if clause.object in ("case-content", "area-counts", "soil") and clause.modality != "ban":
            assert clause.consent_of != "none", clause.id
        if clause.object == "soil":
            assert clause.consent_of == "territory", clause.id


@EVERY_CHARTER
def test_what_the_charter_refers_to_exists(pack: Pack) -> None:
    """A rule, an instrument or a party named in passing and nowhere defined would be found out too late."""
    document = document_from_plain(pack.charter)
    classes = {rule.id for rule in document.rules}
    instruments = {instrument.id for instrument in document.instruments}
    parties = {party.id for party in document.members}
    assert {clause.decision for _, clause in clauses(document)} - {""} <= classes
    assert {rule.appeal for rule in document.rules} - {""} <= classes
    assert {name for instrument in document.instruments for name in instrument.requires} <= instruments
    assert len(document.depositaries) > 1 and set(document.depositaries) <= parties
    assert all(rule.parsed() for rule in document.rules)


@pytest.mark.parametrize("name", [name for name in PACKS if len(builtin_pack(name).versions) > 1])
def test_each_version_supersedes_the_one_before(name: str) -> None:
    """Versions stand side by side in an order that members can check: each names the revision before it."""
    documents = [document_from_plain(builtin_pack(name, version).charter) for version in builtin_pack(name).versions]
    assert documents[0].supersedes == ""
    for earlier, later in zip(documents, documents[1:], strict=False):
        assert later.supersedes == revision(earlier).hex()
        assert later.dated > earlier.dated


def clauses(document: Document) -> Iterable[tuple[str, Clause]]:
    for instrument in document.instruments:
        yield from ((instrument.id, clause) for clause in instrument.clauses)
