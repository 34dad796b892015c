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

Axes, from the loosest to the strictest
  disclosure  D0 for the named service, D1 not in court, D2 no onward passing, D3 the named desk only and no national
              index. Each covers those before it.
  audience    everybody, every party, or listed members and desks.
  use         court-order, freeze, check, lead-only. The order is that of intrusion: the word names the gravest step
              the item may lead to. Under a court's order liberty and home are touched, a freeze touches property, a
              check of a document or at a border takes minutes, a lead touches nobody. Whoever may take the graver
              step may take the lighter. The court in the first word is a condition on the gravest step, not a lighter
              one. There is no word beyond it: lethal or covert action cannot be expressed.
  action      active, passive (nothing the person could notice), no-action.
  rights      prohibitions that add up: no-death-penalty-or-torture, no-return, minor, not-to-state:<party>. The
              state is named as parties are; one that is no party, by its ISO 3166-1 letters in lower case.
  source      protected; and for what a third party gave, that party's consent by reference.
  time        the latest embargo, the earliest review, the earliest deletion.

What oversight sees is no axis: nobody can switch it off. Left out: whose own material an item is. A third party that
excludes a member is heard where that member's material came as a third party's too; the rest is for the releaser.

    combine(mine, theirs)                       # both, or Conflict
    derived(listed("ava", "bel/liaison"), parents)
    weaker(received, about_to_leave)            # () or the axes on which something would be lost
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.base.errors import PeerError, PolicyRefusal
from hamsaya.messages.kinds import Instant, Member, Ref, misfit

Disclosure = Literal["D0", "D1", "D2", "D3"]
Use = Literal["court-order", "freeze", "check", "lead-only"]
Action = Literal["active", "passive", "no-action"]
Scope = Literal["public", "parties", "listed"]
Axis = Literal["disclosure", "audience", "use", "action", "rights", "source", "time"]
ConflictCode = Literal["audience-empty", "never-usable", "consents-exclude"]
_SLUG = r"[a-z][a-z0-9-]{1,31}"
Addressee = Annotated[str, msgspec.Meta(pattern=rf"^{_SLUG}(/{_SLUG})?\Z")]
"""A whole member, ``ava``, or one desk of it, ``ava/liaison``."""
Right = Annotated[
    str, msgspec.Meta(pattern=rf"^(no-death-penalty-or-torture|no-return|minor|not-to-state:{_SLUG})\Z")
]
NOT_TO = "not-to-state:"

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


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A frozen record that travels; a broken rule is a ValueError here and a PeerError where it is parsed."""


def _least(desks: Iterable[str]) -> tuple[str, ...]:
    """Return ``desks`` sorted, once each, without the desks whose whole member is named."""
    named = set(desks)
    return tuple(sorted(desk for desk in named if "/" not in desk or desk.partition("/")[0] not in named))


def _sorted(name: str, values: tuple[Any, ...]) -> None:
    if list(values) != sorted(set(values)):
        raise ValueError(f"expected {name} sorted and without repetition")


class Audience(_Wire, frozen=True):
    """Who may see an item. ``desks`` is empty unless the scope is ``listed``, and then it never is."""

    scope: Scope
    desks: tuple[Addressee, ...]

    def __post_init__(self) -> None:
        if (self.scope == "listed") != bool(self.desks):
            raise ValueError("expected members or desks exactly where the audience is listed")
        if self.desks != _least(self.desks):
            raise ValueError("expected the audience sorted, without repetition, a desk only where its member is not")

    def includes(self, addressee: str) -> bool:
        """Return whether a member as a whole, or a desk, is in the audience; oversight stands outside it."""
        return self.scope != "listed" or bool({addressee, addressee.partition("/")[0]} & set(self.desks))


PUBLIC = Audience(scope="public", desks=())
PARTIES = Audience(scope="parties", desks=())


class Consent(_Wire, frozen=True):
    """A third party, the owner, agreed under ``reference`` that its material is in this item.

    ``not_with`` are the members with whose material it must not be combined.
    """

    owner: Member
    reference: Ref
    not_with: tuple[Member, ...]

    def __post_init__(self) -> None:
        _sorted("not_with", self.not_with)


class Caveats(_Wire, frozen=True):
    """What may be done with one item, axis by axis. No field may be left out: what is not said is not free.

    Instants are UTC milliseconds: nothing is done with the item before ``embargo_until``, its caveats are looked at
    again on ``review_on``, and from ``delete_by`` on nothing is done with it and it is purged.
    """

    disclosure: Disclosure
    audience: Audience
    use: Use
    action: Action
    rights: tuple[Right, ...]
    protected: bool
    consents: tuple[Consent, ...]
    embargo_until: Instant | None
    review_on: Instant | None
    delete_by: Instant | None

    def __post_init__(self) -> None:
        _sorted("rights", self.rights)
        _sorted("consents", tuple(map(_order, self.consents)))
        named = self.audience.scope == "listed" and all("/" in desk for desk in self.audience.desks)
        if self.disclosure == "D3" and not named:
            raise ValueError("expected desks by name in the audience of a D3 item")
        if conflict := _conflict(self.audience, self.rights, self.consents, self.embargo_until, self.delete_by):
            raise ValueError(conflict.reasons[0].text)

    @property
    def barred(self) -> frozenset[str]:
        """The states to which the item must not go."""
        return frozenset(right.removeprefix(NOT_TO) for right in self.rights if right.startswith(NOT_TO))


def listed(*addressees: str) -> Audience:
    """Return the audience of these members and desks.

    Raises:
        ValueError: nobody is named; an audience of nobody is no audience.
    """
    return Audience(scope="listed", desks=_least(addressees))


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


def reexport(received: Caveats, leaving: Caveats) -> Decision:
    """Return whether an item received with ``received`` may leave with ``leaving``: every axis at least as strict."""
    lost = weaker(received, leaving)
    if lost:
        text = f"what its originator asked for would be lost on: {', '.join(lost)}"
        return refuse("caveats-stripped", "caveats:6", text)
    return permit("caveats:6", "every caveat of the item stays at least as strict")


# --- The axes one by one. Each of these is associative, commutative and idempotent. ----------------------


def _combined(a: Caveats, b: Caveats) -> Caveats:
    return _made(a, _strictest(a, b))


def _made(base: Caveats, changed: dict[str, Any]) -> Caveats:
    """Return ``base`` with these fields; raises Conflict where nothing is left."""
    fields = {name: getattr(base, name) for name in base.__struct_fields__} | changed
    needed = ("audience", "rights", "consents", "embargo_until", "delete_by")
    if conflict := _conflict(*(fields[name] for name in needed)):
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
        "consents": tuple(sorted({*a.consents, *b.consents}, key=_order)),
        "embargo_until": max(_known(a.embargo_until, b.embargo_until), default=None),
        "review_on": min(_known(a.review_on, b.review_on), default=None),
        "delete_by": min(_known(a.delete_by, b.delete_by), default=None),
    }


def _conflict(
    audience: Audience | None,
    rights: tuple[str, ...],
    consents: tuple[Consent, ...],
    embargo_until: int | None,
    delete_by: int | None,
) -> Decision | None:
    """Return why nothing is left, or None. More caveats never lift a conflict."""
    if audience is None:
        return refuse("audience-empty", "caveats:4", "no member and no desk may see all of it")
    if audience.scope == "listed" and all(NOT_TO + desk.partition("/")[0] in rights for desk in audience.desks):
        return refuse("audience-empty", "caveats:4", "it may go to none of the states that its audience names")
    if embargo_until is not None and delete_by is not None and embargo_until >= delete_by:
        return refuse("never-usable", "caveats:4", "it must be deleted before its embargo is over")
    owners = {each.owner for each in consents}
    for each in consents:
        if excluded := sorted(owners & set(each.not_with)):
            text = f"{each.owner} consented on condition that nothing of {', '.join(excluded)} is combined with it"
            return refuse("consents-exclude", "caveats:4", text)
    return None


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


def _order(consent: Consent) -> tuple[str, str, tuple[str, ...]]:
    return consent.owner, consent.reference, consent.not_with
