"""Caveats and grades as they travel: seven ordered axes of what may be done with an item, and how good it is.

Caveats that exist contain no conflict and have one spelling: lists are sorted and free of repetition, no field may be
left out, and an audience of nobody cannot be written. What the axes mean is in docs/caveats-and-clocks.md; how caveats
combine, what they let be done and how they are said is decided in the cases core.

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

What oversight sees is no axis: nobody can switch it off.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec

from hamsaya.base.decision import Decision, refuse
from hamsaya.messages.kinds import Instant, Member, Ref

Disclosure = Literal["D0", "D1", "D2", "D3"]
Use = Literal["court-order", "freeze", "check", "lead-only"]
Action = Literal["active", "passive", "no-action"]
Scope = Literal["public", "parties", "listed"]
Source = Literal["A", "B", "C", "X"]
Information = Literal["1", "2", "3", "4"]
Word = Literal["not-in-court", "no-onward", "named-desk-only", "lead-only", "no-death-penalty-or-torture"]
"""The five words by which a person at a keyboard says the commonest caveats; they do not travel."""
_SLUG = r"[a-z][a-z0-9-]{1,31}"
Addressee = Annotated[str, msgspec.Meta(pattern=rf"^{_SLUG}(/{_SLUG})?\Z")]
"""A whole member, ``ava``, or one desk of it, ``ava/liaison``."""
Right = Annotated[
    str, msgspec.Meta(pattern=rf"^(no-death-penalty-or-torture|no-return|minor|not-to-state:{_SLUG})\Z")
]
NOT_TO = "not-to-state:"
LIAISON = "liaison"
"""The desk meant where a member alone is named and the named desk is asked for."""
LOCKED: frozenset[Disclosure] = frozenset(("D2", "D3"))
"""What is released so travels locked: the key goes only to whoever has accepted the caveats by name."""


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A frozen record that travels; a broken rule is a ValueError here and a PeerError where it is parsed."""


def least(desks: Iterable[str]) -> tuple[str, ...]:
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
        if self.desks != least(self.desks):
            raise ValueError("expected the audience sorted, without repetition, a desk only where its member is not")

    def includes(self, addressee: str) -> bool:
        """Return whether a member as a whole, or a desk, is in the audience; oversight stands outside it."""
        return self.scope != "listed" or bool({addressee, addressee.partition("/")[0]} & set(self.desks))

    def reaches(self, member: str) -> bool:
        """Return whether somebody at ``member`` is in the audience: the whole of it, or one of its desks."""
        return self.scope != "listed" or member in {desk.partition("/")[0] for desk in self.desks}


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
        _sorted("consents", tuple(map(order, self.consents)))
        named = self.audience.scope == "listed" and all("/" in desk for desk in self.audience.desks)
        if self.disclosure == "D3" and not named:
            raise ValueError("expected desks by name in the audience of a D3 item")
        if conflict := conflict_in(self.audience, self.rights, self.consents, self.embargo_until, self.delete_by):
            raise ValueError(conflict.reasons[0].text)

    @property
    def barred(self) -> frozenset[str]:
        """The states to which the item must not go."""
        return frozenset(right.removeprefix(NOT_TO) for right in self.rights if right.startswith(NOT_TO))


class Grading(_Wire, frozen=True):
    """The grades of one item, given by the person who received it: the source A to X, the information 1 to 4."""

    source: Source
    information: Information


def listed(*addressees: str) -> Audience:
    """Return the audience of these members and desks.

    Raises:
        ValueError: nobody is named; an audience of nobody is no audience.
    """
    return Audience(scope="listed", desks=least(addressees))


def conflict_in(
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


def order(consent: Consent) -> tuple[str, str, tuple[str, ...]]:
    """Return what consents are sorted by."""
    return consent.owner, consent.reference, consent.not_with
