"""A charter on disk: one head and one file for each article, the law beside the examples that test it.

    charter/2026-09-01/charter.toml            the head: title, date, instruments without their clauses, rules
    charter/2026-09-01/articles/CX.3.toml      one article: its instrument, its clause, its worked examples

Rules
1. Versions stand side by side, each whole in a folder named by its date; the head says the same date.
2. An article's file has its clause's id as its name. It belongs to an instrument of the head.
3. An article has at least one example that is permitted, one that is refused and one at the edge of the two.
4. Instruments and rules keep the order of the head; the clauses of one stand in the natural order of their ids.
5. Examples are no part of what members sign: they show what the signed text does.
6. A small pack may write its whole charter into one ``charter.toml`` instead, without examples.

    plain, examples = load_charter(Path("my-region/charter/2026-09-01"))
    document = document_from_plain(plain)
    examples["case-exchange:CX.3"]          # the examples of that article, in the order of its file

Left out: whether the examples come out as they say, which needs the rules of the charter.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec

from hamsaya.adapters.tomlfile import Folder, Table, invalid, read_plain, typed
from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.charter.types import Clause, Consent, DecisionClass, Document, document_from_plain, kinds_named
from hamsaya.messages.charter import Stance, Standing
from hamsaya.messages.kinds import Line, Member, Ref

CHARTERS = "charter"
HEAD = "charter.toml"
ARTICLES = "articles"
VERSION = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
Day = Annotated[int, msgspec.Meta(ge=0, le=36_600)]


class Reservation(Table, frozen=True):
    """``by`` has reserved a clause of the instrument on signing; others have answered, or not yet."""

    by: Member
    clause: Ref
    answers: dict[Member, Stance] = msgspec.field(default_factory=dict)


class Example(Table, frozen=True):
    """One message put to the charter, and what must come of it. Days count from the day of the signatures.

    Attributes:
        name: One sentence that says what happens and why.
        want, code: Whether it is permitted; if not, the code of the refusal.
        edge: It lies at the edge of the article: one step further it would come out otherwise.
        kind, sender, recipients, case: The message; without recipients a note to oneself.
        clauses: Clauses of the instrument that must be among the reasons.
        consents: Whose consents the act carries.
        at_days: The day of the message.
        standings: Standings in general that differ from those of the parties' table.
        signed: Who has signed all instruments; without it every party in full standing, by that table or here.
        withdrew: Who has given notice of leaving the instrument, and on which day.
        cuts: Pairs whose link is cut, by the first of the two.
        reserved: Reservations made on the day of the signatures.
        as_if_agreed: A draft is read as if it were no draft, to show what it would do.
    """

    name: Line
    want: Literal["permit", "forbid"]
    kind: Line
    sender: Member
    recipients: list[Member] = []
    case: Ref | None = None
    edge: bool = False
    code: str = ""
    clauses: list[Ref] = []
    consents: list[Consent] = []
    at_days: Day = 1
    standings: dict[Member, Standing] = msgspec.field(default_factory=dict)
    signed: list[Member] | None = None
    withdrew: dict[Member, Day] = msgspec.field(default_factory=dict)
    cuts: list[tuple[Member, Member]] = []
    reserved: list[Reservation] = []
    as_if_agreed: bool = False

    def parties(self) -> set[str]:
        """Return every party that the example names."""
        found = {self.sender, *self.recipients, *self.standings, *(self.signed or ()), *self.withdrew}
        found.update(member for each in self.reserved for member in (each.by, *each.answers))
        found.update(member for pair in self.cuts for member in pair)
        return found


class Article(Table, frozen=True):
    """One article: which instrument it belongs to, its clause, and its examples."""

    instrument: Ref
    clause: Clause
    examples: list[Example]


Examples = Mapping[str, tuple[Example, ...]]
"""Examples by article, ``instrument:clause``."""


def versions(pack: Folder) -> tuple[str, ...]:
    """Return the dates of the charter's versions in a pack's folder, the earliest first; none for a single file."""
    folder = pack.joinpath(CHARTERS)
    if not folder.is_dir():
        return ()
    return tuple(sorted(entry.name for entry in folder.iterdir() if VERSION.match(entry.name) and entry.is_dir()))


def load_charter(path: Path) -> tuple[dict[str, Any], Examples]:
    """Return one version of a charter: its plain table, which is sound, and its examples.

    Args:
        path: A version's folder, or a single file. Where the head names no members, they are those of a
            ``members.toml`` in that folder, beside it (or the file) or one folder above.
    Raises:
        OperatorError: a file is missing or unreadable (``pack-unreadable``), or a field is missing, unknown or
            unfit (``pack-invalid``). The message names the file and the field.
    """
    path = path.absolute()
    folder, where = path.parent, path.name
    head = f"{where}/{HEAD}" if path.is_dir() else where
    places = [place for place in (path, folder, folder.parent) if place.joinpath("members.toml").is_file()]
    elsewhere = places and "members" not in read_plain(folder, head)
    return read_charter(folder, where, read_plain(places[0], "members.toml") if elsewhere else {})


def read_charter(folder: Folder, where: str, members: Mapping[str, Any]) -> tuple[dict[str, Any], Examples]:
    """Return the charter at ``where`` below ``folder``, as ``load_charter`` does.

    Args:
        where: A version's folder or a single file, as a path with slashes.
        members: The plain table of the parties, which takes the place of those that the head names.
    """
    if not folder.joinpath(*where.split("/")).is_dir():
        plain = {**read_plain(folder, where), **members}
        _sound(where, plain)
        return plain, MappingProxyType({})
    head_file = f"{where}/{HEAD}"
    plain = {**read_plain(folder, head_file), **members}
    head = _sound(head_file, plain, article_files=True)
    if VERSION.match(name := where.rpartition("/")[2]) and head.dated != name:
        raise invalid(head_file, "dated", f"expected the date of its folder, received {head.dated}")
    clauses: dict[str, list[Any]] = {instrument.id: [] for instrument in head.instruments}
    examples = {}
    for file, article, clause in _articles(folder, f"{where}/{ARTICLES}"):
        _check_article(file, article, head)
        clauses[article.instrument].append(clause)
        examples[f"{article.instrument}:{article.clause.id}"] = tuple(article.examples)
    plain["instruments"] = [{**each, "clauses": clauses[each["id"]]} for each in plain["instruments"]]
    _sound(head_file, plain)
    return plain, MappingProxyType(examples)


def _sound(file: str, plain: dict[str, Any], article_files: bool = False) -> Document:
    """Return ``plain`` as a charter; of a head with ``article_files`` one whose instruments have no clauses yet."""
    try:
        if not article_files:
            return document_from_plain(plain)
        instruments = plain.get("instruments")
        if isinstance(instruments, list):
            for each in instruments:
                if isinstance(each, dict) and "clauses" in each:
                    raise invalid(file, f"instruments.{each.get('id')}.clauses", f"expected the clauses in {ARTICLES}/")
            empty = [{**each, "clauses": []} if isinstance(each, dict) else each for each in instruments]
            plain = {**plain, "instruments": empty}
        return document_from_plain(plain)
    except PeerError as error:
        where = _unreadable_rule(plain) if error.code == "bad-rule" else ""
        raise OperatorError(f"{file}{where}: {error}", code="pack-invalid") from None


def _unreadable_rule(plain: Mapping[str, Any]) -> str:
    """Return which class of decisions of ``plain``, which fits its schema, has a rule that cannot be read."""
    for decision in msgspec.convert(plain["rules"], list[DecisionClass]):
        try:
            decision.parsed()
        except PeerError:
            return f", rules.{decision.id}.rule"
    return ""


def _articles(folder: Folder, where: str) -> Iterator[tuple[str, Article, Any]]:
    """Yield (file, article, its clause as plain values) in the natural order of the files' names."""
    place = folder.joinpath(*where.split("/"))
    if not place.is_dir():
        raise OperatorError(f"{where}: expected a folder with one file for each article", code="pack-unreadable")
    for name in sorted((entry.name for entry in place.iterdir()), key=natural):
        file = f"{where}/{name}"
        # A misspelt ending would silently drop a safeguard, so only what a file manager hides is passed over.
        if name.startswith("."):
            continue
        if not name.endswith(".toml"):
            raise invalid(file, "name", "expected only articles here, as <clause>.toml")
        plain = read_plain(folder, file)
        yield file, typed(file, plain, Article), plain["clause"]


def natural(name: str) -> tuple[tuple[str, int], ...]:
    """Return a key that sorts CX.2 before CX.10."""
    return tuple((text, int(number or 0)) for text, number in re.findall(r"(\D*)(\d*)", name))


def _check_article(file: str, article: Article, head: Document) -> None:
    clause = article.clause
    if file.rpartition("/")[2] != f"{clause.id}.toml":
        raise invalid(file, "clause.id", f"expected the file's name, received {clause.id}")
    if article.instrument not in {instrument.id for instrument in head.instruments}:
        raise invalid(file, "instrument", "expected an instrument of the head")
    if unknown := [name for name in clause.kinds if not kinds_named([name])]:
        raise invalid(file, "clause.kinds", f"expected kinds of message, received {unknown[0][:40]!r}")
    if clause.decision not in {"", *(rule.id for rule in head.rules)}:
        raise invalid(file, "clause.decision", "expected a class of decisions of the head")
    shown = {(each.want, each.edge) for each in article.examples}
    wants = {want for want, _ in shown}
    if wants != {"permit", "forbid"} or not any(edge for _, edge in shown):
        raise invalid(file, "examples", "expected at least one that permits, one that forbids and one with edge = true")
    parties = {party.id for party in head.members}
    for number, example in enumerate(article.examples):
        _check_example(file, f"examples[{number}]", example, parties)


def _check_example(file: str, field: str, example: Example, parties: Collection[str]) -> None:
    if unknown := sorted(example.parties() - set(parties)):
        raise invalid(file, field, f"expected parties of members.toml, received {unknown[0]!r}")
    if len(kinds_named([example.kind])) != 1 or example.kind.endswith("*"):
        raise invalid(file, f"{field}.kind", f"expected one kind of message, received {example.kind[:40]!r}")
    if (example.want == "forbid") != bool(example.code):
        raise invalid(file, f"{field}.code", "expected the code of the refusal where forbidden, else none")
