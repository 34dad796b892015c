"""Hit/no-hit on files: what each side's files hold, and what is refused on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.matching.types import Notice
from hamsaya.node import hit_no_hit
from hamsaya.node.hit_no_hit import KeyPair

OWN = """type,value,issuer,category,desk,planted
phone,+999 12 345 67 89,,wanted,desk-1,
document,AB 1234567,UNO,missing,desk-2,
phone,+99900000001,,other,desk-1,yes
"""
WANTED = "type,value,issuer\nphone,00999123456789,\ndocument,ab1234568,UNO\n"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.csv"
    path.write_text(OWN, encoding="utf-8")
    return path


@pytest.fixture
def wanted(tmp_path: Path) -> Path:
    path = tmp_path / "wanted.csv"
    path.write_text(WANTED, encoding="utf-8-sig")
    return path


@pytest.fixture
def pair(tmp_path: Path) -> KeyPair:
    return hit_no_hit.new_key(tmp_path / "epoch.key")


def requested(wanted: Path, notice: Notice) -> tuple[hit_no_hit.Request, list[hit_no_hit.Secret]]:
    return hit_no_hit.make_request(wanted, notice, responder="bel", case="C-1", probe="P-1", officer="desk-9",
                                   legal_basis="Article 4")


def test_a_probe_in_three_steps_through_files(own: Path, wanted: Path, pair: KeyPair, tmp_path: Path) -> None:
    """Each step reads what the one before wrote, and nothing else."""
    built = hit_no_hit.build_set(own, pair, epoch=3, workers=2)
    assert len(built.planted) == 1
    hit_no_hit.write_set(tmp_path / "set", built.tags)
    hit_no_hit.write_body(tmp_path / "notice", built.notice)
    notice = hit_no_hit.read_notice(tmp_path / "notice")
    request, secrets = requested(wanted, notice)
    hit_no_hit.write_body(tmp_path / "request", request)
    hit_no_hit.write_secrets(tmp_path / "secrets", secrets)
    asked = hit_no_hit.read_request(tmp_path / "request")
    answer = hit_no_hit.answer_request(asked, hit_no_hit.read_key(tmp_path / "epoch.key"), notice)
    hit_no_hit.write_body(tmp_path / "answer", answer)
    found = hit_no_hit.read_answer(
        hit_no_hit.read_probe_answer(tmp_path / "answer"), asked, hit_no_hit.read_secrets(tmp_path / "secrets"),
        notice, hit_no_hit.read_set(tmp_path / "set"))
    assert [each.hit.desk if each.hit else None for each in found] == ["desk-1", None]
    # The responder's side of it, and the published set, name nobody.
    for name in ("request", "answer", "set", "notice"):
        assert b"123456" not in (tmp_path / name).read_bytes()


def test_secrets_are_private_and_never_overwritten(own: Path, pair: KeyPair, tmp_path: Path) -> None:
    """A lost key ends an epoch; a key that others can read ends its secrecy."""
    key = tmp_path / "epoch.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert hit_no_hit.read_key(key) == pair
    with pytest.raises(OperatorError) as refused:
        hit_no_hit.new_key(key)
    assert refused.value.code == "key-exists"
    key.chmod(0o640)
    with pytest.raises(OperatorError) as refused:
        hit_no_hit.read_key(key)
    assert refused.value.code == "keys-exposed"
    with pytest.raises(OperatorError) as refused:
        hit_no_hit.read_key(tmp_path / "none")
    assert refused.value.code == "no-key"


ROWS = {
    "no such type": ("type,value\nname of a man,Karim\n", "bad-identifier", "line 2"),
    "a wildcard": ("type,value\nphone,+999123456789\nphone,+99912345*\n", "bad-identifier", "line 3"),
    "no columns": ("a,b\n1,2\n", "bad-record", "columns type, value"),
    "no CSV": ("\xff\xfe", "bad-record", "UTF-8"),
    "one twice": ("type,value\nphone,+999123456789\nphone,00999123456789\n", "bad-batch", "different"),
    "none": ("type,value\n", "bad-batch", "1 to 100"),
}


@pytest.mark.parametrize(("text", "code", "said"), ROWS.values(), ids=ROWS)
def test_a_bad_row_is_named_without_its_content(
    text: str, code: str, said: str, own: Path, pair: KeyPair, tmp_path: Path
) -> None:
    """The line is enough to find it; the value may be case content."""
    bad = tmp_path / "bad.csv"
    bad.write_bytes(text.encode("latin-1"))
    notice = hit_no_hit.build_set(own, pair, epoch=1).notice
    with pytest.raises((PeerError, OperatorError), match=said) as refused:
        requested(bad, notice)
    assert refused.value.code == code and "Karim" not in str(refused.value) and "12345" not in str(refused.value)


@pytest.mark.parametrize("line", ["phone,+999123456789,,other,", "phone,+999123456789,,enemy,desk-1"])
def test_a_record_needs_a_category_of_the_list_and_a_desk(line: str, pair: KeyPair, tmp_path: Path) -> None:
    """A hit leads to a desk; and there is no category for a ground that is refused."""
    path = tmp_path / "own.csv"
    path.write_text(f"type,value,issuer,category,desk\n{line}\n", encoding="utf-8")
    with pytest.raises(PeerError, match="line 2") as refused:
        hit_no_hit.build_set(path, pair, epoch=1)
    assert refused.value.code == "bad-record"


def test_files_of_another_epoch_do_not_mix(own: Path, wanted: Path, pair: KeyPair, tmp_path: Path) -> None:
    """The wrong key, the wrong set and the wrong secrets each have their own refusal."""
    built = hit_no_hit.build_set(own, pair, epoch=1)
    other = hit_no_hit.new_key(tmp_path / "other.key")
    request, secrets = requested(wanted, built.notice)
    answer = hit_no_hit.answer_request(request, pair, built.notice)
    later = hit_no_hit.build_set(own, pair, epoch=2)
    for act, code in (
        (lambda: hit_no_hit.answer_request(request, other, built.notice), "wrong-key"),
        (lambda: hit_no_hit.answer_request(request, pair, later.notice), "wrong-epoch"),
        (lambda: hit_no_hit.read_answer(answer, request, secrets, built.notice, later.tags), "wrong-set"),
        (lambda: hit_no_hit.read_answer(answer, request, requested(wanted, built.notice)[1], built.notice,
                                        built.tags), "wrong-secrets"),
    ):
        with pytest.raises((PeerError, OperatorError)) as refused:
            act()
        assert refused.value.code == code


def test_a_file_of_another_kind_is_refused(own: Path, pair: KeyPair, wanted: Path, tmp_path: Path) -> None:
    """A notice where an answer is expected, or what is no such file at all."""
    notice = hit_no_hit.build_set(own, pair, epoch=1).notice
    hit_no_hit.write_body(tmp_path / "notice", notice)
    with pytest.raises(PeerError) as refused:
        hit_no_hit.read_probe_answer(tmp_path / "notice")
    assert refused.value.code == "bad-body"
    with pytest.raises(PeerError) as refused:
        hit_no_hit.read_notice(own)
    assert refused.value.code == "non-canonical"


def test_a_request_that_fits_no_message_is_refused(own: Path, pair: KeyPair, wanted: Path) -> None:
    """The file is held to the message's schema: no legal basis, no probe."""
    notice = hit_no_hit.build_set(own, pair, epoch=1).notice
    with pytest.raises(PeerError, match="legal_basis"):
        hit_no_hit.make_request(wanted, notice, responder="bel", case="C-1", probe="P-1", officer="d", legal_basis="")
    with pytest.raises(PeerError):
        requested(wanted, replace(notice, public=bytes(32)))
