"""Small charters, and questions to put to their clauses, drawn from a seed: the same on every machine."""

from __future__ import annotations

from random import Random
from typing import Any

from hamsaya.adapters.regionpack import builtin_pack
from hamsaya.charter.compiled import Compiled, compile_document
from hamsaya.charter.rules import Facts
from hamsaya.charter.types import Document, document_from_plain
from hamsaya.messages.catalog import KINDS

ROLES = ("member", "joint-cell", "oversight")
STANDINGS = ("full", "partial", "observer", "absent", "supervised", "suspended", "left")
CONSENTS = ("data-owner", "territory", "nationals-state")
OBJECTS = ("none", "keys", "decision", "case", "case-content", "area-counts", "finding", "benefit", "soil")
SPOKEN_OF = ("case.ask", "case.answer", "case.*", "charter.cut", "charter.sign", "charter.*", "keys.publish")
HOSTILE = 'It "ends" here\\";\n// permit (principal, action, resource); \u202e\x00\u0646\u0635'
"""An article's words that would end a quotation, a line or a direction of writing."""


def party(name: str, role: str = "member", standing: str = "full", **fields: Any) -> dict[str, Any]:
    """Return one party's table."""
    return {"id": name, "kind": "state", "role": role, "standing": standing, "bloc": "x"} | fields


def clause(name: str, *kinds: str, modality: str = "permission", **fields: Any) -> dict[str, Any]:
    """Return one clause's table, between members unless said otherwise."""
    ends = {"senders": ["member"], "recipients": ["member"]}
    return {"id": name, "text": f"Clause {name}.", "modality": modality, "kinds": list(kinds)} | ends | fields


def instrument(name: str, *clauses: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return one instrument's table."""
    base = {"id": name, "title": name, "purpose": name, "exercise": True, "retention_days": 30}
    return base | {"entry_into_force": 1, "clauses": list(clauses)} | fields


def charter(*instruments: dict[str, Any], **fields: Any) -> Document:
    """Return a charter of three members and two organs."""
    members = [party("ava"), party("bel"), party("cor"), party("cell", "joint-cell"), party("watch", "oversight")]
    return document_from_plain({"title": "A charter of nowhere", "members": members,
                                "instruments": list(instruments)} | fields)


def drawn_charter(random: Random) -> Compiled:
    """Return a charter whose clauses hold every kind of field, sensible or not, with references of every letter."""
    return compile_document(charter(
        *(instrument(name, *(_clause(random, f"{number}.a:b/C-d_{number}") for number in range(random.randint(1, 8))))
          for name in ("cases", "A-9:x/y_z"))
    ))


def _clause(random: Random, name: str) -> dict[str, Any]:
    roles = [[], ["any"], ["member"], ["member"], ["joint-cell", "oversight"], ["member", "joint-cell"], list(ROLES)]
    modality = random.choices(("power", "permission", "duty", "ban"), (3, 3, 2, 1))[0]
    return {
        "id": name, "text": random.choice(("A plain sentence.", HOSTILE)), "modality": modality,
        "kinds": random.sample(SPOKEN_OF, random.choice((0, 1, 1, 1, 2, 3))),
        "senders": random.choice(roles), "recipients": random.choice(roles),
        "standing": random.choice((None, [], ["full"], ["full", "partial", "absent"], list(STANDINGS), ["suspended"])),
        "needs_case": random.random() < 0.3, "before_entry": random.random() < 0.3,
        "wind_down": random.random() < 0.3, "consent_of": random.choice(("none", "none", *CONSENTS)),
        "object": random.choice(OBJECTS),
        "obligations": random.sample(("two-persons", "caveats"), random.randint(0, 2)),
    }


def drawn_facts(random: Random, compiled: Compiled) -> Facts:
    """Return one question, nearly always about a kind some clause speaks of, more often to its advantage than not."""
    if random.random() < 0.95 and compiled.clauses:
        name, kind = random.choice(tuple(compiled.clauses))
    else:
        name, kind = random.choice(tuple(compiled.instruments)), random.choice(tuple(KINDS))
    ids = [each.id for each in compiled.instruments[name].clauses]
    likely = [random.random() < 0.85 for _ in range(5)]
    return Facts(
        kind, name, *random.choices(ROLES, (6, 2, 1), k=2), *random.choices(STANDINGS, (12, 4, 1, 3, 1, 3, 3), k=2),
        to_self=random.random() < 0.3, in_force=likely[0], expired=not likely[1], bound=likely[2], cut=not likely[3],
        has_case=likely[4], winding=random.random() < 0.5, unaccepted=_some(random, ids, 0.1),
        barred=_some(random, ids, 0.1), consents=_some(random, CONSENTS, 0.6),
    )


def _some(random: Random, of: Any, share: float) -> frozenset[str]:
    return frozenset([each for each in of if random.random() < share])


def default_charter() -> Compiled:
    """Return the charter of the pack that is installed with the software."""
    return compile_document(document_from_plain(builtin_pack().charter))
