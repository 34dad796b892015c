"""Region packs: a folder of data read into one frozen, checked value.

Rules
1. A pack is data: TOML files and one CSV. Nothing in it is executed, and no code knows what it holds.
2. Every file is parsed strictly: an unknown field, a wrong type or a value out of range is refused, and the
   refusal names the file and the field.
3. The reporting annex is taken only when its bytes have the SHA-256 that ``pack.toml`` records. Members sign
   that digest, so who reports on a cell is always what they agreed, never what a map draws.
4. Parties named anywhere in a pack are parties of ``members.toml``; only projects may name others, who are no
   party to the charter.
   Lines for maps are taken only with the SHA-256 recorded, and are left out where they have not been made.
5. No bloc holds as many seats of an exercise panel as decide a finding.
6. Of the versions of a charter ``pack.toml`` names the one in use (``adapters.charterfile`` reads it).

    pack = builtin_pack()
    pack.areas[gid]                         # frozenset of the parties that report on that cell

The charter is handed on as plain values: a deployment may change a standing before it parses and signs them.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec

from hamsaya.adapters.charterfile import CHARTERS, HEAD, Examples, read_charter, versions
from hamsaya.adapters.tomlfile import Folder, Table, invalid, read_bytes, read_plain, read_table, typed
from hamsaya.base.errors import OperatorError
from hamsaya.base.ids import MEMBER
from hamsaya.charter.types import Party
from hamsaya.messages.cases import (
    Act,
    DeclineCode,
    PurgeOutcome,
    Purpose,
    RevokeReason,
    Subject,
    Urgency,
)
from hamsaya.messages.caveats import Grading, Word
from hamsaya.messages.compliance import Commit, EvidenceClass, Rating, Verdict
from hamsaya.messages.kinds import Line, Member, Ref, Text
from hamsaya.messages.linkage import Goods, Tranche
from hamsaya.ports.layers import MapLines

GRID_COLUMNS, GRID_ROWS = 720, 360
CLOCKS = "clocks.toml"
"""The file of the annex on clocks, which a pack may have."""
ANNEX = "annex-reporting"
"""The ``document`` of a ``charter.sign`` of the reporting annex; its revision is ``Pack.annex_digest``."""
Degrees = Annotated[float, msgspec.Meta(ge=-180.0, le=180.0)]


class Figure(Table, frozen=True):
    """One published figure: ``low <= value <= high`` in ``unit``, wide where sources conflict."""

    name: Ref
    value: float
    low: float
    high: float
    unit: Line
    as_of: Line
    source: Line
    dispute: bool
    unaudited: bool


class Project(Table, frozen=True):
    """A corridor, energy or transit project. ``parties`` may name states that are no party of the pack."""

    id: Ref
    title: Line
    parties: list[Member]
    goods: Goods
    status: Line
    as_of: Line
    source: Line
    figures: list[Figure]


class Input(Table, frozen=True):
    """One default input of the price of compliance, an interval with its source."""

    title: Line
    unit: Line
    low: float
    mid: float
    high: float
    source: Line


class AnswerScript(Table, frozen=True):
    item: Ref
    text: Text
    caveats: list[Word]
    grading: Grading
    prepared_by: Ref
    released_by: Ref


class DeclineScript(Table, frozen=True):
    code: DeclineCode
    officer: Ref


class AskScript(Table, frozen=True):
    """One question and how it ends: exactly the table of its ``outcome`` is present."""

    request: Ref
    to: Member
    question: Text
    urgency: Urgency
    officer: Ref
    outcome: Literal["answer", "decline", "overdue"]
    answer: AnswerScript | None = None
    decline: DeclineScript | None = None


class RevokeScript(Table, frozen=True):
    item: Ref
    by: Member
    reason: RevokeReason
    officer: Ref
    holder: Member
    purge_outcome: PurgeOutcome
    purge_officer: Ref


class CaseScript(Table, frozen=True):
    reference: Ref
    title: Line
    purpose: Purpose
    act: Act
    legal_basis: Ref
    opener: Member
    desk: Ref
    officer: Ref
    participants: list[Member]
    retain_days: Annotated[int, msgspec.Meta(ge=1, le=3660)]
    subjects: list[Subject]
    asks: list[AskScript]
    revoke: RevokeScript


class EvidenceScript(Table, frozen=True):
    by: Member
    evidence: Ref
    evidence_class: EvidenceClass
    days_ago_from: Annotated[int, msgspec.Meta(ge=0)]
    days_ago_to: Annotated[int, msgspec.Meta(ge=0)]
    summary: Line
    value: float | None = None


class CommitmentScript(Table, frozen=True):
    owner: Member
    raised_by: Member
    conductor: Member
    finding: Ref
    proposed: Rating
    reply: Text
    reply_days: Annotated[int, msgspec.Meta(ge=1)]
    expected_rating: Rating
    body: Commit
    evidence: list[EvidenceScript]
    verdicts: dict[Member, Verdict]


class TrancheScript(Table, frozen=True):
    declared_by: Member
    noticed_by: Member
    body: Tranche


class Faults(Table, frozen=True):
    kill: Member
    cut: Annotated[list[Member], msgspec.Meta(min_length=2, max_length=2)]


class Exercise(Table, frozen=True):
    """The script of one exercise; all of its content is fictional."""

    title: Line
    notice: Line
    case: CaseScript
    commitment: CommitmentScript
    tranche: TrancheScript
    faults: Faults


class _Annex(Table, frozen=True):
    file: Line
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    source: Line


class _Lines(Table, frozen=True):
    file: Line
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class _Index(Table, frozen=True):
    default: Member


class _Head(Table, frozen=True):
    id: Member
    title: Line
    default_exercise: Ref
    languages: Annotated[list[str], msgspec.Meta(min_length=1)]
    map_box: tuple[Degrees, Degrees, Degrees, Degrees]
    annex: _Annex
    disclaimers: dict[str, Text]
    charter: str = ""
    lines: _Lines | None = None


class _Members(Table, frozen=True):
    members: Annotated[list[Party], msgspec.Meta(min_length=2, max_length=64)]


class _Projects(Table, frozen=True):
    projects: list[Project]


class _Linkage(Table, frozen=True):
    inputs: dict[Ref, Input]


@dataclass(frozen=True, slots=True)
class Pack:
    """A region pack, whole and checked.

    Attributes:
        map_box: west, south, east, north in degrees.
        parties: In the order of display; ``party(id)`` finds one.
        charter: The sample charter in use with the parties as its members, plain values that
            ``charter.types.document_from_plain`` has taken.
        versions: The dates of all versions of the charter, the earliest first; none where it is a single file.
        examples: The worked examples of the charter in use by article, ``instrument:clause``.
        areas: PRIO-GRID cell to the parties that report on it; nobody reports on a missing cell.
        annex_digest: SHA-256 of the annex file as it stands on disk, 32 bytes; what the members sign.
        clocks: The annex on clocks as it stands on disk, which members sign; empty where there is none.
        inputs: Default inputs of the price of compliance by name.
        exercise: The script of the pack's default exercise.
        lines: Boundaries for maps, disputed ones apart; None where ``tools/map_lines.py`` has not made them.
    """

    id: str
    title: str
    languages: tuple[str, ...]
    disclaimers: Mapping[str, str]
    map_box: tuple[float, float, float, float]
    parties: tuple[Party, ...]
    charter: dict[str, Any]
    versions: tuple[str, ...]
    examples: Examples
    areas: Mapping[int, frozenset[str]]
    annex_digest: bytes
    annex_source: str
    clocks: bytes
    projects: tuple[Project, ...]
    inputs: Mapping[str, Input]
    exercise: Exercise
    lines: MapLines | None

    def party(self, member: str) -> Party:
        """Return the party with this id; raises ValueError when the pack has none."""
        for party in self.parties:
            if party.id == member:
                return party
        raise ValueError(f"the pack {self.id} has no party {member[:40]!r}")


def builtin_pack(name: str | None = None, version: str | None = None) -> Pack:
    """Return the pack of this name that is installed with the software, by default the one its index names.

    Args:
        version: As for ``load_pack``.
    Raises:
        OperatorError: no such pack (``no-such-pack``), or as ``load_pack``.
    """
    packs = resources.files("hamsaya.regions")
    wanted = read_table(packs, "index.toml", _Index).default if name is None else name
    if not MEMBER.fullmatch(wanted) or not packs.joinpath(wanted, "pack.toml").is_file():
        raise OperatorError(f"expected an installed region pack or an existing folder, received {wanted[:40]!r}",
                            code="no-such-pack")
    return load_pack(packs.joinpath(wanted), version)


def load_pack(path: Folder, version: str | None = None) -> Pack:
    """Return the pack in folder ``path``.

    Args:
        version: The version of its charter, a date; without one that which ``pack.toml`` names.
    Raises:
        OperatorError: a file is missing or unreadable (``pack-unreadable``), a field is missing, unknown or
            out of range (``pack-invalid``), or the annex has other bytes than recorded (``annex-digest``).
            The message names the file and the field.
    """
    head = read_table(path, "pack.toml", _Head)
    parties = tuple(read_table(path, "members.toml", _Members).members)
    ids = _unique("members.toml", "members.id", [party.id for party in parties])
    annex = read_bytes(path, head.annex.file)
    if hashlib.sha256(annex).hexdigest() != head.annex.sha256:
        raise OperatorError(f"{head.annex.file}: expected the SHA-256 that pack.toml records, received other "
                            "bytes; restore the file, or record and sign the new annex", code="annex-digest")
    script = f"exercises/{head.default_exercise}.toml"
    exercise = typed(script, _with_nothing_asked(read_plain(path, script)), Exercise)
    _check_exercise(script, exercise, ids)
    projects = tuple(read_table(path, "projects.toml", _Projects).projects)
    _check_projects(projects, exercise, script)
    known = versions(path)
    where = _version(path, head.charter if version is None else version, known, version is not None)
    charter, examples = read_charter(path, where, read_plain(path, "members.toml"))
    inputs = read_table(path, "linkage.toml", _Linkage).inputs
    _check_intervals("linkage.toml", {f"inputs.{name}": (i.low, i.mid, i.high) for name, i in inputs.items()})
    return Pack(
        id=head.id, title=head.title, languages=tuple(head.languages),
        disclaimers=MappingProxyType(_disclaimers(head)), map_box=_box(head.map_box), parties=parties,
        charter=charter, versions=known, examples=examples, areas=MappingProxyType(_areas(head.annex.file, annex, ids)),
        annex_digest=bytes.fromhex(head.annex.sha256), annex_source=head.annex.source,
        clocks=read_bytes(path, CLOCKS) if path.joinpath(CLOCKS).is_file() else b"", projects=projects,
        inputs=MappingProxyType(inputs), exercise=exercise, lines=_map_lines(path, head.lines),
    )


def _map_lines(path: Folder, recorded: _Lines | None) -> MapLines | None:
    if recorded is None or not path.joinpath(recorded.file).is_file():
        return None
    raw = read_bytes(path, recorded.file)
    if hashlib.sha256(raw).hexdigest() != recorded.sha256:
        raise OperatorError(f"{recorded.file}: expected the SHA-256 that pack.toml records, received other bytes; make "
                            "it again with tools/map_lines.py, or remove it", code="pack-invalid")
    return msgspec.json.decode(raw, type=MapLines)


def _unique(file: str, field: str, names: list[str]) -> frozenset[str]:
    seen = frozenset(names)
    if len(seen) != len(names):
        raise invalid(file, field, "expected each name once, received one twice")
    return seen


def _disclaimers(head: _Head) -> dict[str, str]:
    missing = sorted(set(head.languages) - set(head.disclaimers))
    if missing:
        raise invalid("pack.toml", f"disclaimers.{missing[0]}", "expected a disclaimer in every language")
    return head.disclaimers


def _box(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    west, south, east, north = box
    if not (west < east and south < north and abs(south) <= 90 and abs(north) <= 90):
        raise invalid("pack.toml", "map_box", "expected west < east and south < north in degrees")
    return box


def _areas(file: str, annex: bytes, ids: frozenset[str]) -> dict[int, frozenset[str]]:
    """Return cell -> reporters from rows ``row,col_first,col_last,reporters`` (reporters joined by ``|``)."""
    areas: dict[int, frozenset[str]] = {}
    known: dict[str, frozenset[str]] = {}
    for number, row, first, last, names in _annex_rows(file, annex):
        if not (0 <= row < GRID_ROWS and 0 <= first <= last < GRID_COLUMNS):
            raise invalid(file, f"line {number}", "expected row 0..359, columns 0..719, first <= last")
        reporters = known.setdefault(names, frozenset(filter(None, names.split("|"))))
        if not reporters <= ids:
            raise invalid(file, f"line {number}, reporters", "expected parties of members.toml")
        for gid in range(row * GRID_COLUMNS + first + 1, row * GRID_COLUMNS + last + 2):
            if gid in areas:
                raise invalid(file, f"line {number}", "expected each cell once")
            areas[gid] = reporters
    return areas


def _annex_rows(file: str, annex: bytes) -> Iterator[tuple[int, int, int, int, str]]:
    try:
        reader = csv.reader(io.StringIO(annex.decode("ascii"), newline=""), strict=True)
        if next(reader, None) != ["row", "col_first", "col_last", "reporters"]:
            raise invalid(file, "line 1", "expected the columns row, col_first, col_last, reporters")
        for number, cells in enumerate(reader, start=2):
            row, first, last, names = cells
            yield number, int(row), int(first), int(last), names
    except (ValueError, csv.Error):
        raise invalid(file, "rows", "expected three whole numbers and party names on every line") from None


def _check_intervals(file: str, intervals: Mapping[str, tuple[float, float, float]]) -> None:
    for field, (low, mid, high) in intervals.items():
        if not low <= mid <= high:
            raise invalid(file, field, "expected low <= middle <= high")


def _with_nothing_asked(plain: dict[str, Any]) -> dict[str, Any]:
    """Return the script with the promise's query written out: TOML has no word for none."""
    match plain:
        case {"commitment": {"body": dict() as body}}:
            body.setdefault("query", None)
    return plain


def _check_projects(projects: tuple[Project, ...], exercise: Exercise, script: str) -> None:
    names = _unique("projects.toml", "projects.id", [project.id for project in projects])
    _check_intervals("projects.toml", {
        f"projects.{project.id}.{figure.name}": (figure.low, figure.value, figure.high)
        for project in projects for figure in project.figures
    })
    if exercise.tranche.body.project not in names:
        raise invalid(script, "tranche.body.project", "expected a project of projects.toml")


def _version(path: Folder, named: str, known: tuple[str, ...], asked: bool) -> str:
    """Return where the charter in use stands: the version that pack.toml names, or the single file of a small pack."""
    if not known:
        if named or path.joinpath(CHARTERS).is_dir():
            raise invalid("pack.toml", "charter", f"expected a version below {CHARTERS}/, received {named[:40]!r}")
        return HEAD
    if named not in known:
        problem = f"expected one of {', '.join(known)}, received {named[:40]!r}"
        raise OperatorError(f"version of the charter: {problem}", code="pack-invalid") if asked else invalid(
            "pack.toml", "charter", problem)
    return f"{CHARTERS}/{named}"


def _check_exercise(file: str, exercise: Exercise, ids: frozenset[str]) -> None:
    named = _named(exercise)
    for field, members in named.items():
        if not members <= ids:
            raise invalid(file, field, "expected parties of members.toml")
    for ask in exercise.case.asks:
        ends = {"answer": ask.answer, "decline": ask.decline}
        if any((table is not None) != (name == ask.outcome) for name, table in ends.items()):
            raise invalid(file, f"case.asks.{ask.request}", "expected exactly the table of its outcome")
    body = exercise.commitment.body
    blocs = [seat.bloc for seat in body.panel]
    if max(map(blocs.count, blocs)) >= body.k:
        raise invalid(file, "commitment.body.panel", "expected every bloc to hold fewer seats than decide")
    if not set(exercise.commitment.verdicts) <= {seat.member for seat in body.panel}:
        raise invalid(file, "commitment.verdicts", "expected verdicts of panel members only")


def _named(exercise: Exercise) -> dict[str, set[str]]:
    """Return every party that the script names, by the field that names it."""
    case, commitment, tranche = exercise.case, exercise.commitment, exercise.tranche
    return {
        "case.participants": {case.opener, *case.participants, case.revoke.by, case.revoke.holder},
        "case.asks.to": {ask.to for ask in case.asks},
        "commitment": {commitment.owner, commitment.raised_by, commitment.conductor},
        "commitment.body.panel": {seat.member for seat in commitment.body.panel},
        "commitment.evidence.by": {evidence.by for evidence in commitment.evidence},
        "tranche": {tranche.declared_by, tranche.noticed_by, tranche.body.receiver, *tranche.body.payers},
        "faults": {exercise.faults.kill, *exercise.faults.cut},
    }
