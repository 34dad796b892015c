"""Typed strong identifiers: what may be asked in hit/no-hit, brought to one spelling or refused.

    identifier("phone", "+999 (12) 345-67-89")              # Identifier("phone", "+999123456789")
    identifier("document", "ab 1234567", issuer="UNO")

Rules
1. Six types and no other: a document, a phone, a handset, a vehicle plate, a bank account, a name key. There is no type
   for free text, and no value may hold a wildcard.
2. A document and a plate name the state that issued them, by its ISO 3166-1 alpha-3 code (a document also by the codes
   of ICAO Doc 9303 part 3 §5 for issuers that are no state); the other types carry their issuer in the value.
3. A value is exact and whole. Check digits must hold: a typing error would be a silent "no hit", and a made-up value
   costs whoever enumerates.
4. Two spellings of one identifier give the same bytes: digits of every script become 0-9, separators go, letters that
   plates share between Latin and Cyrillic become Latin.
5. A name enters only as a key with a span of birth years, as ``matching.keys`` makes it; without the year a key hits
   by chance.

Errors name the type and what was expected, never the value: it may be case content.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import NoReturn

from hamsaya.base.errors import PeerError
from hamsaya.canon import tagged
from hamsaya.matching.types import IDENTIFIER_TYPES, Identifier, IdentifierType

DOMAIN = "hamsaya/v1/identifier"
ISSUED = frozenset(("document", "plate"))
"""The types that need an issuer beside the value."""

_STATES = """
    ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR BHR BHS BIH BLM BLR
    BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB CUW CXR CYM
    CYP CZE DEU DJI DMA DNK DOM DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO GGY GHA GIB GIN GLP
    GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD HND HRV HTI HUN IDN IMN IND IOT IRL IRN IRQ ISL ISR ITA JAM JEY JOR
    JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA MAC MAF MAR MCO MDA MDG MDV MEX MHL
    MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT NAM NCL NER NFK NGA NIC NIU NLD NOR NPL NRU NZL OMN PAK
    PAN PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE PYF QAT REU ROU RUS RWA SAU SDN SEN SGP SGS SHN SJM SLB SLE SLV SMR
    SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA TCD TGO THA TJK TKL TKM TLS TON TTO TUN TUR TUV TWN TZA UGA
    UKR UMI URY USA UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM YEM ZAF ZMB ZWE
"""
STATES = frozenset(_STATES.split())
"""Every state and territory of ISO 3166-1: a mistyped code is refused rather than never found."""
OTHER_ISSUERS = frozenset(("EUE", "RKS", "UNA", "UNK", "UNO", "XBA", "XIM", "XOM", "XPO", "XXA", "XXB", "XXC", "XXX"))

_SEPARATORS = re.compile(r"[\s\-‐-―./·()\u200b-\u200f\u2060]+")
_WILD = re.compile(r"[*?%_#\[\]{}|\\^$~<>=!&,;\"']")
_DOCUMENT = re.compile(r"[A-Z0-9]{4,20}")
_PHONE = re.compile(r"\+[1-9][0-9]{7,14}")
_HANDSET = re.compile(r"[0-9]{15}")
_ACCOUNT = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_NAME = re.compile(r"[a-z]{1,4}[0-9]{1,3}[a-z]:[A-Za-z]{1,40}(?:-[A-Za-z]{1,40}){0,9}:[12][0-9]{3}")
# Letters that plates of the Vienna Convention on Road Traffic (1968, annex 2) use because both alphabets have them.
_SHARED = str.maketrans("АВЕКМНОРСТУХІЈ", "ABEKMHOPCTYXIJ")
# The same letter under two code points: Arabic yeh and kaf, and what Persian keyboards type for them.
_SAME = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک"})


def identifier(kind: str, value: str, issuer: str | None = None) -> Identifier:
    """Return the identifier in its one spelling.

    Args:
        kind: One of ``IDENTIFIER_TYPES``.
        value: As a person typed it, in any script's digits, with any separators.
        issuer: ISO 3166-1 alpha-3 code of the issuing state, for documents and plates only.
    Raises:
        PeerError: an unknown type, an issuer missing or too much, or a value that is none of its type
            (code ``bad-identifier``).
    """
    known = next((each for each in IDENTIFIER_TYPES if each == kind), None)
    if known is None:
        raise PeerError(f"expected an identifier of type {', '.join(IDENTIFIER_TYPES)}, received another type",
                        code="bad-identifier")
    if _WILD.search(value) or not value.strip() or len(value) > 160:
        _refuse(known, "one whole value without wildcards, at most 160 characters")
    return Identifier(type=known, value=_SPELLINGS[known](value), issuer=_issuer(known, issuer))


def encoded(item: Identifier) -> bytes:
    """Return the bytes that enter the private comparison: the type, the issuer and the value, each with its length.

    Raises:
        PeerError: ``item`` is not in its one spelling, so it was not made by ``identifier`` (``bad-identifier``).
    """
    if identifier(item.type, item.value, item.issuer) != item:
        _refuse(item.type, "the one spelling of its value")
    return tagged(DOMAIN, [item.type, item.issuer, item.value])


def _issuer(kind: IdentifierType, issuer: str | None) -> str | None:
    if kind not in ISSUED:
        if issuer:
            _refuse(kind, "no issuer: the value carries it")
        return None
    code = (issuer or "").strip().upper()
    if code in STATES or (kind == "document" and code in OTHER_ISSUERS):
        return code
    _refuse(kind, "the issuing state as its ISO 3166-1 alpha-3 code")


def _compact(value: str) -> str:
    """Return ``value`` in compatibility form, upper case, with digits 0-9 and without separators."""
    text = _SEPARATORS.sub("", unicodedata.normalize("NFKC", value)).upper()
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)


def _document(value: str) -> str:
    number = _compact(value)
    if not _DOCUMENT.fullmatch(number) or not re.search("[0-9]", number):
        _refuse("document", "4 to 20 Latin letters and digits, as the machine-readable zone prints them")
    return number


def _phone(value: str) -> str:
    # "(0)" is dialled at home only; 00 is how many countries dial the plus.
    number = re.sub(r"^00", "+", _compact(re.sub(r"\(\s*0\s*\)", "", unicodedata.normalize("NFKC", value))))
    if not _PHONE.fullmatch(number):
        _refuse("phone", "an international number (E.164): a plus, the country's code, 8 to 15 digits in all")
    return number


def _handset(value: str) -> str:
    digits = _compact(value)
    if not _HANDSET.fullmatch(digits) or not digits.strip("0") or not _luhn(digits):
        _refuse("handset", "an IMEI of 15 digits whose last digit checks (not the 16 digits of an IMEISV)")
    return digits


def _plate(value: str) -> str:
    signs = _compact(value).translate(_SHARED).translate(_SAME)
    letters = [sign for sign in signs if not sign.isdecimal()]
    if not 2 <= len(signs) <= 12 or len(letters) == len(signs) or not all(map(str.isalpha, letters)):
        _refuse("plate", "2 to 12 letters and digits, a digit among them")
    return signs


def _account(value: str) -> str:
    number = _compact(value)
    if not _ACCOUNT.fullmatch(number) or _mod97(number) != 1:
        _refuse("account", "an IBAN (ISO 13616) of 15 to 34 signs whose check digits hold")
    return number


def _name(value: str) -> str:
    key = value.strip()
    if not _NAME.fullmatch(key):
        _refuse("name", "a key with its table version and a year of birth, as 'match names keys --born' prints it")
    return key


_SPELLINGS: dict[IdentifierType, Callable[[str], str]] = {
    "document": _document, "phone": _phone, "handset": _handset, "plate": _plate, "account": _account, "name": _name,
}


def _luhn(digits: str) -> bool:
    """Return whether the last digit checks the others. Source: ISO/IEC 7812-1 annex B."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(each - 9 if each > 9 else each for each in doubled) % 10 == 0


def _mod97(number: str) -> int:
    """Return the remainder that is 1 for a valid IBAN. Source: ISO 13616-1 (ISO/IEC 7064, MOD 97-10)."""
    return int("".join(str(int(sign, 36)) for sign in number[4:] + number[:4])) % 97


def _refuse(kind: IdentifierType, expected: str) -> NoReturn:
    raise PeerError(f"{kind}: expected {expected}", code="bad-identifier")
