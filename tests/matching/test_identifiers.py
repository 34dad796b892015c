"""Typed identifiers: one spelling each, check digits, and everything that is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.matching.identifiers import STATES, encoded, identifier
from hamsaya.matching.keys import keys
from hamsaya.matching.types import IDENTIFIER_TYPES, Identifier

SAME = {
    "phone": ("+999123456789", None,
              ["+999 (12) 345-67-89", "00999123456789", "+۹۹۹ ۱۲ ۳۴۵ ۶۷ ۸۹", "+999(0)123456789"]),
    "document": ("AB1234567", "ABW", ["ab 1234567", "AB-1234567", "AB\u200f1234567", "ＡＢ１２３４５６７"]),
    "handset": ("490154203237518", None, ["49-015420-323751-8", "٤٩٠١٥٤٢٠٣٢٣٧٥١٨"]),
    "plate": ("A123BC77", "ABW", ["a 123 bc 77", "А 123 ВС 77", "а123вс·77"]),
    "account": ("GB82WEST12345698765432", None, ["GB82 WEST 1234 5698 7654 32", "gb82-west-1234-5698-7654-32"]),
    "name": ("hn1w:ANR-MMT:1979", None, [" hn1w:ANR-MMT:1979 "]),
}

REFUSED = {
    "free text": ("text", "a man with a red car", None),
    "a bare name": ("name", "John Smith", None),
    "a name key without a year of birth": ("name", "hn1w:ANR-MMT", None),
    "an unknown type": ("email", "a@b.c", None),
    "nothing": ("phone", "  ", None),
    "a wildcard in a phone": ("phone", "+99912345678*", None),
    "a question mark in a document": ("document", "AB12345?7", "ABW"),
    "a range": ("plate", "A12[0-9]", "ABW"),
    "two values at once": ("phone", "+999123456789,+999123456780", None),
    "a national number": ("phone", "0123456789", None),
    "a number too short": ("phone", "+9991234", None),
    "a number too long": ("phone", "+9991234567890123", None),
    "a phone with an issuer": ("phone", "+999123456789", "ABW"),
    "an IMEI whose check digit fails": ("handset", "490154203237519", None),
    "an IMEISV": ("handset", "4901542032375181", None),
    "an IMEI of zeros": ("handset", "0" * 15, None),
    "an IBAN whose check digits fail": ("account", "GB82WEST12345698765433", None),
    "an account without country": ("account", "12345698765432", None),
    "a document without issuer": ("document", "AB1234567", None),
    "a document of an unknown issuer": ("document", "AB1234567", "QQQ"),
    "a document of letters alone": ("document", "ABCDEFG", "ABW"),
    "a document in another alphabet": ("document", "ЖБ123456", "ABW"),
    "a plate without country": ("plate", "A123BC77", None),
    "a plate of an organisation": ("plate", "A123BC77", "UNO"),
    "a plate without digits": ("plate", "ABC", "ABW"),
    "a plate of one sign": ("plate", "1", "ABW"),
    "a value beyond bounds": ("document", "A1" * 100, "ABW"),
}


@pytest.mark.parametrize("kind", SAME)
def test_spellings_of_one_identifier_are_one(kind: str) -> None:
    """Two officers who type it differently must meet; a difference would be a silent "no hit"."""
    value, code, spellings = SAME[kind]
    expected = Identifier(type=kind, value=value, issuer=code)  # type: ignore[arg-type]
    for spelling in spellings:
        assert identifier(kind, spelling, code) == expected
        assert encoded(identifier(kind, spelling, code and code.lower())) == encoded(expected)


@pytest.mark.parametrize(("kind", "value", "issuer"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_strong_identifier_is_refused(kind: str, value: str, issuer: str | None) -> None:
    """No free text, no wildcard, nothing vague: a probe asks about one thing, exactly."""
    with pytest.raises(PeerError) as refused:
        identifier(kind, value, issuer)
    assert refused.value.code == "bad-identifier"
    assert len(value.strip()) < 2 or value not in str(refused.value)


@given(st.sampled_from(IDENTIFIER_TYPES), st.text(max_size=40), st.sampled_from([None, "ABW", "abw", "UNO", ""]))
def test_whatever_is_typed_has_one_spelling_or_is_refused(kind: str, value: str, issuer: str | None) -> None:
    """Bringing to one spelling twice changes nothing, and no input does anything but pass or be refused."""
    try:
        item = identifier(kind, value, issuer)
    except PeerError as error:
        assert error.code == "bad-identifier"
        return
    assert identifier(item.type, item.value, item.issuer) == item
    assert encoded(item)


@given(st.integers(0, 13), st.integers(1, 9))
def test_one_mistyped_digit_is_noticed(place: int, shift: int) -> None:
    """Luhn catches every single wrong digit; mod 97 does too."""
    imei, iban = "490154203237518", "GB82WEST12345698765432"
    for kind, value, at in (("handset", imei, place), ("account", iban, place + 8)):
        digit = str((int(value[at]) + shift) % 10)
        with pytest.raises(PeerError):
            identifier(kind, value[:at] + digit + value[at + 1 :])


def test_type_and_issuer_are_part_of_the_bytes() -> None:
    """The same signs as a document and as a plate, or of two states, are different identifiers."""
    items = [identifier("document", "AB1234567", "ABW"), identifier("document", "AB1234567", "UNO"),
             identifier("plate", "AB1234567", "ABW")]
    assert len({encoded(item) for item in items}) == 3


def test_bytes_are_made_of_the_one_spelling_only() -> None:
    """An identifier that was not brought to its one spelling would be looked for in vain."""
    with pytest.raises(PeerError, match="one spelling"):
        encoded(Identifier(type="phone", issuer=None, value="+999 123456789"))


def test_a_key_of_the_name_tables_fits() -> None:
    """What ``matching.keys`` gives with a year of birth is a name identifier; without one it is refused."""
    with_year, without = keys("Gulbanu Hikmatyor", 1950), keys("Gulbanu Hikmatyor")
    assert with_year and without
    assert [identifier("name", key).value for key in with_year] == list(with_year)
    for key in without:
        with pytest.raises(PeerError):
            identifier("name", key)


def test_every_state_has_three_letters() -> None:
    """ISO 3166-1 has 249 entries."""
    assert len(STATES) == 249 and all(len(code) == 3 and code.isupper() for code in STATES)
