"""Caveats: seven ordered axes of what may be done with an item, and what is left when items are combined.

Rules
1. Every axis is ordered. Items combined keep the strictest value of each axis; sets of prohibitions unite.
2. An audience is named. Audiences intersect; an empty one is nobody and never everybody, so nothing can be made.
3. A product inherits from all its parents. Nothing derived is ever wider than what it was derived from.
4. What leaves nothing is a conflict and blocks with a sentence: nobody may see it (``audience-empty``), it would have
   to be deleted before it may be seen (``never-usable``), or the consent of one owner excludes another owner's material
   (``consents-exclude``).
5. Caveats that exist contain no conflict and have one spelling: lists are sorted and free of repetition.
6. Whoever passes an item on keeps it at least as strict on every axis              else ``caveats-stripped``

The axes and the form they travel in: ``messages.caveats``.

What oversight sees is no axis: nobody can switch it off. Left out: whose own material an item is. A third party that
excludes a member is heard where that member's material came as a third party's too; the rest is for the releaser.

    combine(mine, theirs)                       # both, or Conflict
    derived(listed("ava", "bel/liaison"), parents)
    weaker(received, about_to_leave)            # () or the axes on which something would be lost
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any, Literal, TypeVar

import msgspec

from hamsaya.base.errors import PeerError, PolicyRefusal
from hamsaya.messages.caveats import (
    Action,
    Audience,
    Caveats,
    Disclosure,
    Scope,
    Use,
    conflict_in,
    listed,
    order,
)
from hamsaya.messages.kinds import misfit

Axis = Literal["disclosure", "audience", "use", "action", "rights", "source", "time"]
ConflictCode = Literal["audience-empty", "never-usable", "consents-exclude"]

# From the loosest to the strictest.
DISCLOSURES: tuple[Disclosure, ...] = ("D0", "D1", "D2", "D3")
USES: tuple[Use, ...] = ("court-order", "freeze", "check", "lead-only")
ACTIONS: tuple[Action, ...] = ("active", "passive", "no-action")
SCOPES: tuple[Scope, ...] = ("public", "parties", "listed")

AXES: dict[Axis, tuple[str, ...]] = {
    "disclosure": ("disclosure",),
    "audience": ("audience",),
    "use": ("use",),
    "action": ("action",),
    "rights": ("rights",),
    "source": ("protected", "consents"),
    "time": ("embargo_until", "review_on", "delete_by"),
}
"""The fields of each axis."""

W = TypeVar("W")


class Conflict(PolicyRefusal):
    """What was to be combined leaves nothing; ``code`` is a ConflictCode and the message a sentence."""


def parse(plain: Any) -> Caveats:
    """Return ``plain`` (JSON values) as caveats.

    Raises:
        PeerError: a field missing, unknown or of the wrong form, a list out of order, or a conflict (``bad-caveats``).
    """
    try:
        return msgspec.convert(plain, Caveats)
    except msgspec.ValidationError as error:
        raise PeerError(f"the caveats do not fit their schema: {misfit(error)}", code="bad-caveats") from None


def combine(*caveats: Caveats) -> Caveats:
    """Return the caveats of what is made of items with these: the strictest on every axis.

    The order and the grouping of the arguments do not matter, and neither does naming one twice.

    Raises:
        Conflict: nothing would be left.
        ValueError: no caveats; an empty "all of" refuses.
    """
    if not caveats:
        raise ValueError("expected the caveats of at least one item")
    return reduce(_combined, caveats)


def derived(product_audience: Audience, parents: Iterable[Caveats]) -> Caveats:
    """Return the caveats of a product meant for ``product_audience`` and made of items with those of ``parents``.

    The audience that results may be narrower than the one meant: whoever is missing may not see the product.

    Raises:
        Conflict: nothing would be left.
        ValueError: no parents.
    """
    inherited = combine(*parents)
    return _made(inherited, {"audience": _shared(product_audience, inherited.audience)})


def weaker(than: Caveats, new: Caveats) -> tuple[Axis, ...]:
    """Return the axes on which ``new`` is less strict than ``than``: what would be lost by relabelling so."""
    strictest = _strictest(than, new)
    return tuple(axis for axis, fields in AXES.items() if any(strictest[f] != getattr(new, f) for f in fields))


# --- The axes one by one. Each of these is associative, commutative and idempotent. ----------------------


def _combined(a: Caveats, b: Caveats) -> Caveats:
    return _made(a, _strictest(a, b))


def _made(base: Caveats, changed: dict[str, Any]) -> Caveats:
    """Return ``base`` with these fields; raises Conflict where nothing is left."""
    fields = {name: getattr(base, name) for name in base.__struct_fields__} | changed
    needed = ("audience", "rights", "consents", "embargo_until", "delete_by")
    if conflict := conflict_in(*(fields[name] for name in needed)):
        raise Conflict(conflict)
    return Caveats(**fields)


def _strictest(a: Caveats, b: Caveats) -> dict[str, Any]:
    """Return the strictest of each field; the audience is None where the two have nobody in common."""
    return {
        "disclosure": _later(DISCLOSURES, a.disclosure, b.disclosure),
        "audience": _shared(a.audience, b.audience),
        "use": _later(USES, a.use, b.use),
        "action": _later(ACTIONS, a.action, b.action),
        "rights": tuple(sorted({*a.rights, *b.rights})),
        "protected": a.protected or b.protected,
        "consents": tuple(sorted({*a.consents, *b.consents}, key=order)),
        "embargo_until": max(_known(a.embargo_until, b.embargo_until), default=None),
        "review_on": min(_known(a.review_on, b.review_on), default=None),
        "delete_by": min(_known(a.delete_by, b.delete_by), default=None),
    }


def _shared(a: Audience, b: Audience) -> Audience | None:
    """Return whoever is in both audiences, or None where nobody is."""
    if a.scope != "listed" or b.scope != "listed":
        return max(a, b, key=lambda each: SCOPES.index(each.scope))
    both = [desk for desk in a.desks if b.includes(desk)] + [desk for desk in b.desks if a.includes(desk)]
    return listed(*both) if both else None


def _later(order: tuple[W, ...], a: W, b: W) -> W:
    return max(a, b, key=order.index)


def _known(*instants: int | None) -> list[int]:
    return [instant for instant in instants if instant is not None]
