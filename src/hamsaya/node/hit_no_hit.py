"""Hit/no-hit on files, without a node: a responder's tag set, and a probe in its three steps.

    built = build_set(Path("own.csv"), key, epoch=1, workers=2)          # then write_set, write_notice
    request, secrets = make_request(Path("wanted.csv"), notice, ...)     # querier
    answer = answer_request(request, key, notice)                        # responder; sees no identifier
    results = read_answer(answer, request, secrets, notice, tags)        # querier; sees no other entry

The files let a researcher try the protocol and a lawyer see what each side holds. Between nodes the same values travel
as signed messages, and the rules of ``matching.probe`` (an open case, the budgets) are applied to them; files have no
log to count in, so here they are not.

CSV columns: type, value, issuer (documents and plates); a responder's also category, desk and, if wanted, planted. With
a column born, the value of type name is a name as written; without one it is a key.
"""

from __future__ import annotations

import csv
import os
import secrets as chance
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.canon import decode, encode
from hamsaya.crypto import oprf
from hamsaya.crypto.oprf import EpochKey
from hamsaya.matching import tags
from hamsaya.matching.identifiers import identifier
from hamsaya.matching.keys import keys
from hamsaya.matching.querier import prepare, read
from hamsaya.matching.tags import DECOY_SEED_BYTES, EDITION_BYTES, OVER_MATCH_CAP, Built, TagSet
from hamsaya.matching.types import CATEGORIES, Identifier, Notice, Probe, ProbeAnswer, Record, Result, Secret
from hamsaya.messages.kinds import Member, Ref, misfit

MAX_LINES = 2_000_000
TRUE = frozenset(("1", "true", "yes", "y"))

T = TypeVar("T")
Each = Callable[[int], None]


class KeyPair(NamedTuple):
    """What a responder keeps secret for one epoch: the key, and the seed of its decoys."""

    key: EpochKey
    decoy_seed: bytes


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A probe as a file: the message's body, and what its envelope would say."""

    responder: Member
    case: Ref
    probe: Probe


class _KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    hamsaya: str
    seed: bytes
    decoy_seed: bytes


class _SetFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    epoch: int
    edition: bytes
    desks: list[str]
    entries: bytes


# -- the responder ------------------------------------------------------------------------------------------


def new_key(path: Path) -> KeyPair:
    """Make an epoch's secrets and keep them in ``path``, mode 0600, which must not exist.

    Raises:
        OperatorError: there is such a file already (code ``key-exists``).
    """
    made = _KeyFile(hamsaya="epoch-key", seed=chance.token_bytes(oprf.SEED_BYTES),
                    decoy_seed=chance.token_bytes(DECOY_SEED_BYTES))
    _write_private(path, made)
    return KeyPair(EpochKey(made.seed), made.decoy_seed)


def read_key(path: Path) -> KeyPair:
    """Return the secrets of an epoch.

    Raises:
        OperatorError: no such file (``no-key``), one that others may read (``keys-exposed``), or none of this kind.
    """
    if not path.is_file():
        raise OperatorError(f"expected an epoch's key at {path}; make one with --new-key", code="no-key")
    if path.stat().st_mode & 0o077:
        raise OperatorError(f"{path} is open to others; run: chmod 600 {path}", code="keys-exposed")
    kept = _parse(path, _KeyFile)
    try:
        return KeyPair(EpochKey(kept.seed), kept.decoy_seed)
    except ValueError:
        raise OperatorError(f"{path} is no epoch key of this version", code="wrong-key-file") from None


def build_set(
    path: Path, pair: KeyPair, *, epoch: int, workers: int = 1, cap: int = OVER_MATCH_CAP,
    each: Each = lambda done: None,
) -> Built:
    """Return the tag set of the records in a CSV file under an epoch's key.

    Args:
        epoch: 1 or more.
        workers: Processes to use; the set is the same for any number but for its random edition.
        cap: Records an identifier may be found in.
        each: Told the number of identifiers done.
    Raises:
        PeerError: a row that is none, named by its line (``bad-identifier``, ``bad-record``).
    """
    records = list(_records(path))
    try:
        with _executor(workers) as executor:
            return tags.build(pair.key, records, epoch=epoch, edition=chance.token_bytes(EDITION_BYTES),
                              decoy_seed=pair.decoy_seed, executor=executor, cap=cap, progress=each)
    except ValueError as error:
        raise OperatorError(f"{path.name}: {error}", code="bad-set") from None


def answer_request(request: Request, pair: KeyPair, notice: Notice) -> ProbeAnswer:
    """Return the answer to a probe under the key that ``notice`` is about.

    Raises:
        OperatorError: the key is another epoch's (``wrong-key``).
        PeerError: an element that is none (``bad-element``), or another epoch (``wrong-epoch``).
    """
    if pair.key.public != notice.public:
        raise OperatorError("the key is not the one of this notice; take the key file of the same epoch",
                            code="wrong-key")
    if request.probe.epoch != notice.epoch:
        raise PeerError(f"expected a probe of epoch {notice.epoch}, received one of {request.probe.epoch}",
                        code="wrong-epoch")
    evaluated, proof = pair.key.evaluate(request.probe.elements)
    return ProbeAnswer(probe=request.probe.probe, evaluated=list(evaluated), proof=proof)


# -- the querier --------------------------------------------------------------------------------------------


def make_request(
    path: Path, notice: Notice, *, responder: str, case: str, probe: str, officer: str, legal_basis: str
) -> tuple[Request, list[Secret]]:
    """Return a probe for the identifiers in a CSV file, and what the querier must keep of it.

    Raises:
        PeerError: a row that is no identifier, named by its line (``bad-identifier``); a field that does not fit.
        OperatorError: no identifier, more than 100, or one twice (``bad-batch``).
    """
    wanted = read_wanted(path)
    try:
        made = prepare(oprf, notice, responder, case, wanted, chance.token_bytes)
    except ValueError as error:
        raise OperatorError(f"{path.name}: {error}", code="bad-batch") from None
    body = Probe(probe=probe, to=responder, epoch=notice.epoch, public=notice.public, officer=officer,
                 legal_basis=legal_basis, elements=made.elements, commitments=made.commitments)
    request = Request(responder=responder, case=case, probe=body)
    return _converted(_plain(request), Request, "the request"), made.secrets


def read_wanted(path: Path) -> list[Identifier]:
    """Return the identifiers in a CSV file, in its order; raises PeerError as ``make_request`` does."""
    return [item for _, item, _ in _rows(path)]


def read_answer(
    answer: ProbeAnswer, request: Request, secrets: list[Secret], notice: Notice, published: TagSet
) -> list[Result]:
    """Return what became of each identifier, once the set and the answer are shown to be those of the notice.

    Raises:
        PeerError: another set than was logged (``wrong-set``), or an answer made with another key (``bad-proof``).
        OperatorError: the secrets of another probe (``wrong-secrets``).
    """
    tags.verify_set(notice, published)
    try:
        return read(oprf, notice, secrets, request.probe, answer, lambda output: tags.find(published, output))
    except ValueError as error:
        raise OperatorError(str(error), code="wrong-secrets") from None


# -- files --------------------------------------------------------------------------------------------------


def write_set(path: Path, published: TagSet) -> None:
    """Write a tag set, which is public to those who may probe."""
    path.write_bytes(set_bytes(published))


def read_set(path: Path) -> TagSet:
    """Return a tag set; ``tags.verify_set`` says whether it is the logged one."""
    return read_set_bytes(path.read_bytes(), path.name)


def set_bytes(published: TagSet) -> bytes:
    """Return a tag set as a file's content."""
    return encode(_plain(_SetFile(epoch=published.epoch, edition=published.edition, desks=list(published.desks),
                                  entries=published.entries)))


def read_set_bytes(unverified_bytes: bytes, name: str = "the tag set") -> TagSet:
    """Return the tag set in a file's content; raises PeerError ``bad-body`` or ``non-canonical`` where it is none."""
    plain = _converted(decode(unverified_bytes), _SetFile, name)
    return TagSet(plain.epoch, plain.edition, tuple(plain.desks), plain.entries)


def write_body(path: Path, body: Notice | Request | ProbeAnswer) -> None:
    """Write what the other side, or the log, may see."""
    path.write_bytes(encode(_plain(body)))


def read_notice(path: Path) -> Notice:
    """Return the notice of an epoch."""
    return _parse(path, Notice)


def read_request(path: Path) -> Request:
    """Return a probe."""
    return _parse(path, Request)


def read_probe_answer(path: Path) -> ProbeAnswer:
    """Return an answer."""
    return _parse(path, ProbeAnswer)


def write_secrets(path: Path, kept: list[Secret]) -> None:
    """Keep a probe's secrets in a new file, mode 0600; raises OperatorError ``key-exists`` when there is one."""
    _write_private(path, kept)


def read_secrets(path: Path) -> list[Secret]:
    """Return a probe's secrets."""
    return _parse(path, list[Secret])


def _records(path: Path) -> Iterator[Record]:
    for line, item, row in _rows(path):
        category = next((each for each in CATEGORIES if each == (row.get("category") or "").strip()), None)
        desk = (row.get("desk") or "").strip()
        if category is None or not desk:
            raise PeerError(f"{path.name} line {line}: expected a desk, and a category of {', '.join(CATEGORIES)}",
                            code="bad-record")
        yield Record(item, category, desk, (row.get("planted") or "").strip().lower() in TRUE)


def _rows(path: Path) -> Iterator[tuple[int, Identifier, dict[str, str]]]:
    """Yield line, identifier and cells of each row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not {"type", "value"} <= set(reader.fieldnames or ()):
                raise PeerError(f"{path.name}: expected the columns type, value and issuer", code="bad-record")
            for row in reader:
                if reader.line_num > MAX_LINES:
                    raise PeerError(f"{path.name}: expected at most {MAX_LINES} lines", code="bad-record")
                for item in _identifiers(path, reader.line_num, row):
                    yield reader.line_num, item, row
    except (UnicodeDecodeError, csv.Error):
        raise PeerError(f"{path.name}: expected CSV in UTF-8", code="bad-record") from None


def _identifiers(path: Path, line: int, row: dict[str, str]) -> list[Identifier]:
    """Return the identifier of a row, or the keys of a name as written with its year of birth."""
    born = (row.get("born") or "").strip()
    if (row.get("type") or "").strip().lower() != "name" or not born:
        return [_identifier(path, line, row)]
    try:
        return of_name(row.get("value") or "", int(born))
    except (ValueError, PeerError):
        raise PeerError(f"{path.name} line {line}: expected a name with consonants, and a year of birth",
                        code="bad-identifier") from None


def of_name(name: str, born: int) -> list[Identifier]:
    """Return what a name as written enters as: its keys with the year of birth, at most 4.

    Raises:
        PeerError: it has none (``bad-identifier``). ValueError: a year outside 1000 to 2999.
    """
    found = [identifier("name", key) for key in keys(name, born)]
    if not found:
        raise PeerError("expected a name of some consonants: this one has no key", code="bad-identifier")
    return found


def typed(kind: str, value: str, issuer: str | None) -> Identifier:
    """Return a typed identifier in its one spelling; raises PeerError ``bad-identifier``."""
    return identifier(kind, value, issuer)


def _identifier(path: Path, line: int, row: dict[str, str]) -> Identifier:
    try:
        issuer = (row.get("issuer") or "").strip() or None
        return identifier((row.get("type") or "").strip().lower(), row.get("value") or "", issuer)
    except PeerError as error:
        raise PeerError(f"{path.name} line {line}: {error}", code=error.code) from None


@contextmanager
def _executor(workers: int) -> Iterator[Executor]:
    """Yield processes when more than one is wanted: multiplying holds the interpreter.

    They are spawned: a running node has threads, and a fork of it might wait for ever for a lock of theirs.
    """
    with (ProcessPoolExecutor(workers, get_context("spawn")) if workers > 1 else ThreadPoolExecutor(1)) as executor:
        yield executor


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value, builtin_types=(bytes,))


def _parse(path: Path, kind: type[T]) -> T:
    return _converted(decode(path.read_bytes()), kind, path.name)


def _converted(plain: Any, kind: type[T], name: str) -> T:
    try:
        return msgspec.convert(plain, kind, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise PeerError(f"{name} does not fit its schema: {misfit(error)}", code="bad-body") from None


def _write_private(path: Path, value: Any) -> None:
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise OperatorError(f"{path} exists; secrets are never overwritten, name another file",
                            code="key-exists") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(encode(_plain(value)))
        file.flush()
        os.fsync(file.fileno())
