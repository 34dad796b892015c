"""Which columns a file of incidents has, by format, under their real names.

| format | its source's file |
|---|---|
| ``ucdp-ged`` | UCDP Georeferenced Event Dataset, annual: 49 columns |
| ``ucdp-candidate`` | UCDP Candidate Events, monthly: the same columns |
| ``acled`` | an ACLED export of the user's own; battles, explosions and violence against civilians only |
| ``csv`` | any table, its columns named by a mapping file |

Only the columns listed here are read. Names of parties, dyads and sources, headlines and notes are not among them, and
of who acted against whom there remains a class (``monitor.incidents.ACTORS``).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hamsaya.base.errors import OperatorError, PeerError

UCDP_CITATION = (
    "Sundberg, Ralph and Erik Melander (2013). Introducing the UCDP Georeferenced Event Dataset. Journal of Peace "
    "Research 50(4): 523-532. doi:10.1177/0022343313484347."
)
CANDIDATE_CITATION = (
    "Hegre, Håvard, Mihai Croicu, Kristine Eck and Stina Högbladh (2020). Introducing the UCDP Candidate Events "
    "Dataset. Research & Politics 7(3). doi:10.1177/2053168020935257."
)
ACLED_CITATION = (
    "Raleigh, Clionadh, Roudabeh Kishi and Andrew Linke (2023). Political instability patterns are obscured by "
    "conflict dataset scope conditions, sources, and coding choices. Humanities and Social Sciences Communications 10, "
    "74."
)
ACLED_LICENCE = "ACLED terms of use: the user's own export; not to be passed on"

Aliases = Mapping[str, tuple[str, ...]]
UCDP: Aliases = {
    "id": ("id",), "start": ("date_start",), "end": ("date_end",), "date_prec": ("date_prec",),
    "lat": ("latitude",), "lon": ("longitude",), "where_prec": ("where_prec",), "gid": ("priogrid_gid",),
    "country": ("country",), "adm1": ("adm_1",), "violence": ("type_of_violence",),
    "best": ("best", "best_est"), "low": ("low", "low_est"), "high": ("high", "high_est"),
    "state_a": ("gwnoa",), "state_b": ("gwnob",),
}
ACLED: Aliases = {
    "id": ("event_id_cnty", "data_id"), "start": ("event_date",), "date_prec": ("time_precision",),
    "lat": ("latitude",), "lon": ("longitude",), "where_prec": ("geo_precision",), "country": ("country",),
    "adm1": ("admin1",), "best": ("fatalities",), "event_type": ("event_type",), "side_a": ("inter1",),
    "side_b": ("inter2",),
}
PLAIN: Aliases = {
    "id": ("id",), "start": ("start", "date", "date_start"), "end": ("end", "date_end"), "date_prec": ("date_prec",),
    "lat": ("latitude", "lat"), "lon": ("longitude", "lon"), "where_prec": ("where_prec",),
    "radius_km": ("radius_km",), "country": ("country",), "adm1": ("adm_1", "admin1"),
    "violence": ("violence", "type_of_violence"), "best": ("best", "deaths", "fatalities"), "low": ("low",),
    "high": ("high",),
}
ACLED_VIOLENT = frozenset({"battles", "explosions/remote violence", "violence against civilians"})
ACLED_OTHER = frozenset({"protests", "riots", "strategic developments"})
# Who acts, by ACLED's codes of "inter", old (numbers) and new (words): state, group, civilians, nobody.
ACLED_SIDES: dict[str, str] = {
    "0": "", "": "", "1": "state", "2": "group", "3": "group", "4": "group", "5": "civilians", "6": "civilians",
    "7": "civilians", "8": "state", "state forces": "state", "rebel group": "group", "rebel groups": "group",
    "political militia": "group", "political militias": "group", "identity militia": "group",
    "identity militias": "group", "rioters": "civilians", "protesters": "civilians", "civilians": "civilians",
    "external/other forces": "state", "other forces": "state",
}


@dataclass(frozen=True, slots=True)
class Format:
    """How to read one kind of file.

    Attributes:
        columns: Our column -> the names that it may have.
        required: Our columns without which the file is refused.
        constants: Our column -> the text that stands in every row.
        date_form: A form of date beside ISO's, as ``strptime`` spells it.
        violence: Text of the violence column -> 1, 2, 3.
    """

    name: str
    source: str
    kind: str
    licence: str
    citation: str
    columns: Aliases
    required: frozenset[str]
    constants: Mapping[str, str] = field(default_factory=dict)
    date_form: str = ""
    violence: Mapping[str, int] = field(default_factory=dict)


_REQUIRED = frozenset({"id", "start", "lat", "lon", "violence", "best"})
FORMATS: dict[str, Format] = {
    "ucdp-ged": Format("ucdp-ged", "ucdp", "annual", "CC BY 4.0", UCDP_CITATION, UCDP, _REQUIRED | {"low", "high"}),
    "ucdp-candidate": Format("ucdp-candidate", "ucdp", "candidate", "CC BY 4.0", CANDIDATE_CITATION, UCDP,
                             _REQUIRED | {"low", "high"}),
    "acled": Format("acled", "acled", "single", ACLED_LICENCE, ACLED_CITATION, ACLED,
                    (_REQUIRED | {"event_type"}) - {"violence"}, date_form="%d %B %Y"),
    "csv": Format("csv", "own", "single", "not stated", "Own incidents.", PLAIN, _REQUIRED),
}


def format_of(name: str, mapping: Path | None = None) -> Format:
    """Return a format by its name, changed by a mapping file where it is ``csv``.

    Raises:
        OperatorError: ``unknown-format``; ``bad-mapping``, the file is no mapping.
    """
    if name not in FORMATS:
        raise OperatorError(f"expected a format among {', '.join(FORMATS)}, received {name[:40]!r}",
                            code="unknown-format")
    if mapping is None:
        return FORMATS[name]
    if name != "csv":
        raise OperatorError("expected a mapping with --format csv only", code="bad-mapping")
    try:
        return _mapped(tomllib.loads(mapping.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise OperatorError(f"{mapping.name}: expected a mapping in TOML ({type(error).__name__})",
                            code="bad-mapping") from None


_TABLES: dict[str, frozenset[str] | None] = {
    "columns": frozenset(PLAIN), "constants": frozenset(PLAIN) - {"id"}, "violence": None,
    "source": frozenset({"name", "licence", "citation", "date_form"}),
}


def _mapped(said: dict[str, Any]) -> Format:
    for table, values in said.items():
        allowed = _TABLES.get(table)
        if table not in _TABLES or not isinstance(values, dict) or (allowed is not None and values.keys() - allowed):
            raise OperatorError(f"mapping: expected the tables {', '.join(_TABLES)} with their fields, received "
                                f"{table[:40]}", code="bad-mapping")
    plain = FORMATS["csv"]
    own = {name: (str(column),) for name, column in said.get("columns", {}).items()}
    constants = {name: str(value) for name, value in said.get("constants", {}).items()}
    violence = {str(text).strip().lower(): number for text, number in said.get("violence", {}).items()}
    if not all(number in (1, 2, 3) for number in violence.values()):
        raise OperatorError("mapping: expected 1, 2 or 3 for every kind of violence", code="bad-mapping")
    source = {name: str(value) for name, value in said.get("source", {}).items()}
    return Format(
        "csv", source.get("name", plain.source), plain.kind, source.get("licence", plain.licence),
        source.get("citation", plain.citation), {**PLAIN, **own}, plain.required, constants,
        source.get("date_form", ""), violence,
    )


def guess(header: Sequence[str]) -> str:
    """Return the format whose columns a header shows."""
    if "event_id_cnty" in header:
        return "acled"
    return "ucdp-ged" if "type_of_violence" in header and "date_start" in header else "csv"


def places(form: Format, header: Sequence[str]) -> dict[str, int]:
    """Return where each of our columns stands in the header; raises PeerError ``missing-columns``."""
    found: dict[str, int] = {}
    for name, spellings in form.columns.items():
        for spelling in spellings:
            if spelling in header and name not in found and name not in form.constants:
                found[name] = list(header).index(spelling)
    missing = sorted(form.required - found.keys() - form.constants.keys())
    if missing:
        alone = "; the header is one column: separate columns by , ; | or tabs" if len(header) == 1 else ""
        wanted = ", ".join(" or ".join(form.columns[name]) for name in missing)
        raise PeerError(f"expected the columns of {form.name}, missing: {wanted}{alone}",
                        code="missing-columns")
    repeated = [header[at] for at in found.values() if list(header).count(header[at]) > 1]
    if repeated:
        raise PeerError(f"expected each column once, received twice: {', '.join(sorted(set(repeated)))}",
                        code="bad-incidents")
    return found
