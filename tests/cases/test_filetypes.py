"""Types by bytes: a closed list, one answer however the bytes are cut, and nothing that acts is taken."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.cases.filetypes import EXTENSIONS, TYPES, Inspector

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"
GENUINE = {
    "application/pdf": PDF,
    "audio/flac": b"fLaC\x00\x00\x00\x22" + bytes(34),
    "audio/mpeg": b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x64" + bytes(64),
    "audio/ogg": b"OggS\x00\x02" + bytes(60),
    "audio/wav": b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(32),
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(64),
    "image/png": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "image/tiff": b"II*\x00" + bytes(64),
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(32),
    "text/plain": "Gate three, نگهبان, 2 crates.\n".encode(),
    "video/mp4": b"\x00\x00\x00\x18ftypisom" + bytes(64),
}
REFUSED = {
    "archive": [b"PK\x03\x04" + bytes(40), b"7z\xbc\xaf\x27\x1c" + bytes(9), b"Rar!\x1a\x07\x01\x00", b"\x1f\x8b\x08",
                b"\xfd7zXZ\x00", b"MSCF\x00", bytes(257) + b"ustar\x0000", b"BZh91AY"],
    "program": [b"MZ\x90\x00", b"\x7fELF\x02", b"#!/bin/sh\n", b"\xca\xfe\xba\xbe\x00", b"\x00asm\x01", b"dex\n035"],
    "active-document": [b"<html>", b"  \r\n<svg xmlns='x'>", b"<?xml version='1.0'?>", b"\xef\xbb\xbf<!DOCTYPE html>",
                        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(9), b"{\\rtf1}", b"%!PS-Adobe"],
    "unknown-type": [b"\x00\x01\x02\x03", b"GIF8\x00", b"text\x00with a zero", b"\xc3(",
                     b"RIFF\x00\x00\x00\x00AVI ",
                     "half a letter \u06f5".encode()[:-1], b"\x1b]0;title\x07"],
}


def found(raw: bytes, *cuts: int) -> str:
    """Return what is found in ``raw``, cut at ``cuts``."""
    look, edges = Inspector(), [0, *sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]
    for start, end in zip(edges, edges[1:], strict=False):
        look.update(raw[start:end])
    return str(look.found())


def test_every_type_of_the_list_is_found_and_named_by_an_ending() -> None:
    """A type that nothing can be found to be, or that no file name says, would be dead."""
    assert GENUINE.keys() == set(TYPES) == set(EXTENSIONS.values())
    assert {said: found(raw) for said, raw in GENUINE.items()} == {said: said for said in TYPES}


@pytest.mark.parametrize(("code", "raw"), [(code, raw) for code, many in REFUSED.items() for raw in many])
def test_what_can_act_or_hold_anything_is_refused(code: str, raw: bytes) -> None:
    """Archives, programs, scripts, markup, office files and bytes of no known type."""
    assert found(raw) == code
    for said in TYPES:
        look = Inspector()
        look.update(raw)
        assert look.verdict(said).code == code


@given(st.sampled_from([*GENUINE.values(), *(raw for many in REFUSED.values() for raw in many)]),
       st.lists(st.integers(0, 400), max_size=6))
def test_the_answer_does_not_depend_on_how_the_bytes_come(raw: bytes, cuts: list[int]) -> None:
    """Chunks end anywhere: in the middle of a magic number, of a letter, of a name in a PDF."""
    assert found(raw, *cuts) == found(raw)


@pytest.mark.parametrize("said", TYPES)
def test_another_type_than_was_said_is_refused(said: str) -> None:
    """A picture that is called a text is refused although both are on the list."""
    for found_, raw in GENUINE.items():
        look = Inspector()
        look.update(raw)
        assert look.verdict(said).code == ("permitted" if found_ == said else "type-mismatch")  # type: ignore[arg-type]


@pytest.mark.parametrize("said", TYPES)
def test_no_file_is_an_archive_as_well(said: str) -> None:
    """Attack: a picture in front, an archive behind; programs that unpack read from the end."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("run.exe", b"MZ")
        archive.comment = b"any comment"
    assert found(GENUINE[said] + packed.getvalue()) == "archive"
    assert found(b"\xff\xd8\xff" + b"PK\x05\x06" + bytes(200)) == "image/jpeg", "four bytes by chance are no archive"


ACTIVE = [b"/JavaScript", b"/JS (app.alert)", b"/JS<61>", b"/Launch", b"/OpenAction", b"/AA <<", b"/XFA",
          b"/EmbeddedFile", b"/Java#53cript", b"/#4aS 12 0 R", b"/RichMedia", b"/Encrypt"]


@given(st.sampled_from(ACTIVE), st.lists(st.integers(0, 400), max_size=4))
def test_a_pdf_that_names_an_action_is_refused(name: bytes, cuts: list[int]) -> None:
    """In plain sight, with escapes, and wherever the chunk ends."""
    raw = PDF.replace(b"/Type /Catalog", b"/Type /Catalog " + name + b" 4 0 R")
    assert found(raw, *cuts) == "active-document"


def test_names_that_only_look_alike_are_no_actions() -> None:
    """A font called so, or two letters by chance in compressed bytes, keep nobody from sending a document."""
    assert found(PDF.replace(b"/Catalog", b"/Catalog /JSFont /AAB 3 /LaunchPad /XFAx")) == "application/pdf"
