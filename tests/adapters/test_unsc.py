"""The reader of the UN list: what it says of a party, its date everywhere, and hostile XML refused."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.adapters import unsc
from hamsaya.adapters.unsc import eligible, load, read
from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.base.instants import to_text
from hamsaya.ports.listed import BirthYears, Kind, ListedName, ListedParty, NameQuality

AS_OF = "2026-01-05T23:00:09.067Z"
PERSON = """<INDIVIDUAL><DATAID>7</DATAID><FIRST_NAME>AVA</FIRST_NAME><SECOND_NAME> OF
   NOWHERE</SECOND_NAME><UN_LIST_TYPE>Example</UN_LIST_TYPE><REFERENCE_NUMBER>EXi.001 </REFERENCE_NUMBER>
<LISTED_ON>2012-12-31-05:00</LISTED_ON><NAME_ORIGINAL_SCRIPT>آوا</NAME_ORIGINAL_SCRIPT>
<COMMENTS1>SECRET</COMMENTS1><NATIONALITY><VALUE>SECRET</VALUE></NATIONALITY>
<INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Ewa</ALIAS_NAME></INDIVIDUAL_ALIAS>
<INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>The Tall &amp; Quiet</ALIAS_NAME></INDIVIDUAL_ALIAS>
<INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>APPROXIMATELY</TYPE_OF_DATE><YEAR>1971</YEAR></INDIVIDUAL_DATE_OF_BIRTH>
<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1970</FROM_YEAR><TO_YEAR>1973</TO_YEAR>
</INDIVIDUAL_DATE_OF_BIRTH><INDIVIDUAL_DATE_OF_BIRTH><DATE>1969-02-30</DATE></INDIVIDUAL_DATE_OF_BIRTH>
<INDIVIDUAL_DATE_OF_BIRTH><YEAR>long ago</YEAR></INDIVIDUAL_DATE_OF_BIRTH></INDIVIDUAL>"""
ENTITY = """<ENTITY><DATAID>8</DATAID><FIRST_NAME>BEL</FIRST_NAME><REFERENCE_NUMBER>EXe.001</REFERENCE_NUMBER>
<LISTED_ON>soon</LISTED_ON><ENTITY_ALIAS><QUALITY>f.k.a.</QUALITY><ALIAS_NAME>Бел</ALIAS_NAME></ENTITY_ALIAS></ENTITY>"""
LONG = "x" * 40_000


DATE = f' dateGenerated="{AS_OF}"'


def listing(people: str = PERSON, bodies: str = ENTITY, *, date: str = DATE, head: str = "") -> str:
    return (f'<?xml version="1.0" encoding="UTF-8"?>{head}<CONSOLIDATED_LIST{date}><INDIVIDUALS>{people}</INDIVIDUALS>'
            f"<ENTITIES>{bodies}</ENTITIES></CONSOLIDATED_LIST>")


Save = Callable[[str | bytes], Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "list.xml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_an_entry_says_what_the_list_says(save: Save) -> None:
    """Names joined and graded, years as given, what does not parse left absent, comments unread."""
    person, body = load(save(listing()))
    assert person == ListedParty(
        "EXi.001", "7", Kind.INDIVIDUAL, "Example",
        (ListedName("AVA OF NOWHERE", NameQuality.NAME, "latin"), ListedName("آوا", NameQuality.ORIGINAL, "arabic"),
         ListedName("Ewa", NameQuality.GOOD, "latin"), ListedName("The Tall & Quiet", NameQuality.LOW, "latin")),
        (BirthYears(1971, 1971, True), BirthYears(1970, 1973, False), BirthYears(1969, 1969, False)), "2012-12-31",
        person.as_of)
    assert (body.kind, body.names[1], body.listed_on) == (
        Kind.ENTITY, ListedName("Бел", NameQuality.FKA, "cyrillic"), None)
    assert "SECRET" not in repr(person)


def test_every_entry_carries_the_date_of_the_list(save: Save) -> None:
    """A dated copy must never pass for today's list."""
    assert {to_text(party.as_of) for party in load(save(listing()))} == {"2026-01-05T23:00:09Z"}


def test_packed_is_the_same(save: Save) -> None:
    """By its first bytes, whatever the file is called."""
    assert load(save(gzip.compress(listing().encode()))) == load(save(listing()))


def test_only_the_reference_makes_eligible(save: Save) -> None:
    """Case and spaces do not matter; a name, a part of a number or nothing is no reference."""
    parties = load(save(listing()))
    found = eligible(parties, " exI.001")
    assert found is not None and found.data_id == "7"
    assert [eligible(parties, text) for text in ("AVA OF NOWHERE", "EXi", "", " ", "EXi.002")] == [None] * 5


BOMB = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
HOSTILE = {
    "entities that multiply": listing(head=f'<!DOCTYPE l [<!ENTITY a "ha">{BOMB}]>', people="&i;"),
    "a file of this machine": listing(head='<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/hostname">]>', people="&x;"),
    "a document type elsewhere": listing(head='<!DOCTYPE l SYSTEM "http://192.0.2.1/x.dtd">'),
    "an entity nobody declared": listing(people="&x;"),
    "no date": listing(date=""),
    "a date without an offset": listing(date=' dateGenerated="2026-01-05T23:00:09"'),
    "a date before time": listing(date=' dateGenerated="0001-01-01T00:00:00+14:00"'),
    "another root": "<html/>",
    "cut short": listing()[:-9],
    "two lists": listing() + "<CONSOLIDATED_LIST/>",
    "nothing": "",
    "too deep": listing(people="<A>" * 50 + "</A>" * 50),
    "text without end": listing(people=f"<INDIVIDUAL><DATAID>{LONG}</DATAID></INDIVIDUAL>"),
    "names without end": listing(people="<INDIVIDUAL>" + "<INDIVIDUAL_ALIAS/>" * 1001 + "</INDIVIDUAL>"),
    "no reference": listing(people="<INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>A</FIRST_NAME></INDIVIDUAL>"),
    "no name": listing(people="<INDIVIDUAL><DATAID>1</DATAID><REFERENCE_NUMBER>A</REFERENCE_NUMBER></INDIVIDUAL>"),
    "gzip cut short": gzip.compress(listing().encode())[:-12],
    "not gzip": b"\x1f\x8bnot at all",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_or_broken_is_refused(save: Save, content: str | bytes) -> None:
    """No entity is expanded, no file or host is asked, no short list passes for the whole one."""
    with pytest.raises(PeerError) as refusal:
        load(save(content))
    assert refusal.value.code == "bad-list" and len(str(refusal.value)) < 200


def test_a_list_without_end_is_refused_while_it_is_read(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    """A packed file may unpack to anything; the bounds hold for what it unpacks to."""
    monkeypatch.setattr(unsc, "MAX_BYTES", 10_000)
    with pytest.raises(PeerError, match="at most 10000 bytes"):
        load(save(gzip.compress(listing(people=PERSON + " " * 200_000).encode())))
    monkeypatch.setattr(unsc, "MAX_BYTES", 10_000_000)
    monkeypatch.setattr(unsc, "MAX_ENTRIES", 3)
    with pytest.raises(PeerError, match="at most 3 entries"):
        load(save(listing(bodies=ENTITY * 3)))


def test_a_bad_entry_may_be_left_out_and_is_said(save: Save) -> None:
    """With on_bad the others are read; the error names the line and quotes nothing."""
    errors: list[PeerError] = []
    found = list(read(save(listing(people="<INDIVIDUAL><DATAID>SECRET</DATAID></INDIVIDUAL>" + PERSON)), errors.append))
    assert [party.reference for party in found] == ["EXi.001", "EXe.001"]
    assert len(errors) == 1 and "line 1" in str(errors[0]) and "SECRET" not in str(errors[0])


def test_a_file_that_cannot_be_read_is_the_operators(tmp_path: Path) -> None:
    """Whoever gave the path must act."""
    with pytest.raises(OperatorError) as refusal:
        load(tmp_path / "nothing.xml")
    assert refusal.value.code == "list-unreadable"


def disturbed(place: int, noise: bytes) -> bytes:
    whole = listing().encode()
    return whole[:place] + noise + whole[place:]


@given(st.binary(max_size=300) | st.builds(disturbed, st.integers(0, 2_000), st.binary(max_size=8)))
def test_any_bytes_are_a_list_or_a_refusal(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Nothing else comes out: no other exception, no hang, and every party has a reference, a name and the date."""
    path = tmp_path_factory.getbasetemp() / "fuzz.xml"
    path.write_bytes(data)
    try:
        found = load(path)
    except PeerError as error:
        assert error.code == "bad-list"
    else:
        assert all(party.reference and party.names and party.as_of for party in found)


def test_the_real_list_is_read_whole(shared_data: Path) -> None:
    """Counts as the data's own page gives them, and two well-known entries."""
    path = shared_data / "unsc-consolidated-2025-11-20.xml.gz"
    if not path.exists():
        pytest.skip(f"real data absent: {path.name}")
    parties = load(path)
    assert [sum(party.kind is kind for party in parties) for kind in Kind] == [727, 273]
    assert sum(len(party.names) for party in parties) == 4122
    assert sum(name.quality is NameQuality.ORIGINAL for party in parties for name in party.names) == 379
    assert {to_text(party.as_of) for party in parties} == {"2025-11-20T23:00:09Z"}
    listed = eligible(parties, "QDe.088")
    assert listed is not None and listed.listed_on == "2002-09-11"
