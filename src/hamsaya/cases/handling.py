"""What the caveats of an item let be done with it, and how they are said in sentences and in others' labels.

Rules, each with the code of its refusal; a refusal names every rule that stands against the act
1. not before the embargo is over, and not from the day of deletion on            ``embargoed``, ``past-deletion``
2. who acts is in the audience, whoever receives it too; a national index is read by the whole member
                                                                                  ``outside-audience``
3. it goes to no state barred by a right                                          ``not-to-state``
4. D1 keeps it out of court, D2 from being passed on, D3 out of files and national indexes
                                                               ``not-in-court``, ``no-onward``, ``named-desk-only``
5. use and action allow as much as the act needs, by ``NEEDS``                    ``use``, ``action``
6. a protected source is kept out of court and of indexes: it could be named or worked out  ``source-protected``
7. what a third party gave is passed on with that party's consent to this very act          ``consent-required``

A permission carries obligations: ``carry-caveats`` with whatever leaves, ``review`` once its day has come, and the
rights as assurances that somebody answers for by name before a person is touched. Whether a state does execute or
torture is nothing that software knows.

    permits(caveats, "onward", by="ava/liaison", at=now, to="bel").require()

Left out: what oversight does, to which no caveat applies; the law of the state that acts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal, NamedTuple

from hamsaya.base.decision import Decision, Reason, permit
from hamsaya.base.instants import to_text
from hamsaya.cases.caveats import ACTIONS, DISCLOSURES, USES, Axis, weaker
from hamsaya.messages.caveats import (
    LIAISON,
    NOT_TO,
    Action,
    Audience,
    Caveats,
    Disclosure,
    Use,
    Word,
    listed,
)

Handling = Literal["show", "export", "onward", "court", "freeze", "check", "index"]
TLP = Literal["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"]
PAP = Literal["PAP:CLEAR", "PAP:GREEN", "PAP:AMBER", "PAP:RED"]
LEAVES: frozenset[Handling] = frozenset(("export", "onward", "index"))
TOUCHES: frozenset[Handling] = frozenset(("court", "freeze", "check", "index"))
"""What leaves the desk's own screens, and what can touch a person."""


class Needs(NamedTuple):
    """The least that use and action must allow; None asks for nothing."""

    use: Use | None
    action: Action | None


# What is entered into an index is checked against people, unseen by them; a check, a freeze, a day in court are seen.
NEEDS: dict[Handling, Needs] = {
    "show": Needs(None, None),
    "export": Needs(None, None),
    "onward": Needs(None, None),
    "index": Needs("check", "passive"),
    "check": Needs("check", "active"),
    "freeze": Needs("freeze", "active"),
    "court": Needs("court-order", "active"),
}
# The act that a disclosure forbids, and those that the milder ones forbid already.
FORBIDS: dict[Disclosure, dict[Handling, str]] = {
    "D0": {},
    "D1": {"court": "not-in-court"},
    "D2": {"court": "not-in-court", "onward": "no-onward"},
    "D3": {"court": "not-in-court", "onward": "no-onward", "export": "named-desk-only", "index": "named-desk-only"},
}
TLPS: tuple[TLP, ...] = ("TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED")
_LEAST_TLP: dict[Disclosure, TLP] = {
    "D0": "TLP:CLEAR",
    "D1": "TLP:GREEN",
    "D2": "TLP:AMBER+STRICT",
    "D3": "TLP:RED",
}
_TO_PAP: dict[Action, PAP] = {"active": "PAP:GREEN", "passive": "PAP:AMBER", "no-action": "PAP:RED"}
_FROM_PAP: dict[PAP, Action] = {
    "PAP:CLEAR": "active",
    "PAP:GREEN": "active",
    "PAP:AMBER": "passive",
    "PAP:RED": "no-action",
}
_DISCLOSURE_WORDS: dict[Disclosure, Word] = {
    "D1": "not-in-court",
    "D2": "no-onward",
    "D3": "named-desk-only",
}
_RIGHT_WORD: Literal["no-death-penalty-or-torture"] = "no-death-penalty-or-torture"


# --- Decisions -------------------------------------------------------------------------------------------


def permits(
    caveats: Caveats,
    act: Handling,
    by: str,
    at: int,
    *,
    to: str | None = None,
    consented: Collection[str] = (),
) -> Decision:
    """Return whether ``by`` may do ``act`` at ``at`` with an item that has these caveats.

    Args:
        by: The member or desk that acts, such as ``ava/liaison``.
        at: UTC milliseconds.
        to: The member or desk that would receive it; for ``onward`` alone.
        consented: References of third parties' consents that cover this act, this recipient and this instant; the
            caller has looked at their conditions.
    Raises:
        ValueError: ``to`` is missing from ``onward``, or given for anything else.
    """
    if (act == "onward") != (to is not None):
        raise ValueError("expected a recipient for an onward sending, and for nothing else")
    found = list(_objections(caveats, act, by, at, to, consented))
    if found:
        return Decision(False, found[0][0], tuple(Reason(ref, text) for _, ref, text in found))
    text = f"nothing in the caveats stands against {act}"
    return permit("caveats:permits", text, obligations=_owed(caveats, act, at))


def _objections(
    caveats: Caveats, act: Handling, by: str, at: int, to: str | None, consented: Collection[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield what stands against the act as (code, rule, sentence), in the order of the rules."""
    # 1. Time.
    if caveats.embargo_until is not None and at < caveats.embargo_until:
        yield "embargoed", "caveats:time", f"nothing is done with it before {to_text(caveats.embargo_until)}"
    if caveats.delete_by is not None and at >= caveats.delete_by:
        yield "past-deletion", "caveats:time", f"it was to be deleted by {to_text(caveats.delete_by)}"
    # 2. and 3. Audience and barred states.
    for party in (by, *([] if to is None else [to])):
        member = party.partition("/")[0]
        reader = member if act == "index" else party
        if not caveats.audience.includes(reader):
            yield "outside-audience", "caveats:audience", f"{reader} is not in its audience"
        if member in caveats.barred:
            yield "not-to-state", "caveats:rights", f"it must not go to {member}"
    # 4. Disclosure.
    if code := FORBIDS[caveats.disclosure].get(act):
        yield code, "caveats:disclosure", f"{caveats.disclosure} does not allow {act}"
    # 5. Use and action.
    needs = NEEDS[act]
    if needs.use is not None and USES.index(caveats.use) > USES.index(needs.use):
        yield "use", "caveats:use", f"{act} needs {needs.use}, the item allows {caveats.use}"
    if needs.action is not None and ACTIONS.index(caveats.action) > ACTIONS.index(needs.action):
        yield "action", "caveats:action", f"{act} needs {needs.action}, the item allows {caveats.action}"
    # 6. and 7. Source.
    if caveats.protected and act in ("court", "index"):
        yield "source-protected", "caveats:source", "its source is protected"
    if act in LEAVES:
        for consent in caveats.consents:
            if consent.reference not in consented:
                yield "consent-required", "caveats:source", f"{consent.owner} has not agreed that it goes further"


def _owed(caveats: Caveats, act: Handling, at: int) -> frozenset[str]:
    """Return what the permission obliges to."""
    owed = {"carry-caveats"} if act in LEAVES else set()
    if act in TOUCHES:
        owed |= {right for right in caveats.rights if not right.startswith(NOT_TO)}
    if caveats.review_on is not None and at >= caveats.review_on:
        owed.add("review")
    return frozenset(owed)


# --- Words -----------------------------------------------------------------------------------------------

_DISCLOSURE_TEXT: dict[Disclosure, str] = {
    "D0": "For the named service; it may be put before a court.",
    "D1": "Not for disclosure in court.",
    "D2": "Not for disclosure in court, and not to be passed on.",
    "D3": "For the named desk only: not passed on, not exported, not in court, not in a national index.",
}
_USE_TEXT: dict[Use, str] = {
    "court-order": "It may support a measure under a court's order, a financial freeze, or a check.",
    "freeze": "It may support a financial freeze or a check; no graver measure.",
    "check": "It may support a check of a document or at a border; no graver measure.",
    "lead-only": "A lead only: nothing is done to anybody on its strength.",
}
_ACTION_TEXT: dict[Action, str] = {
    "active": "It may be acted upon openly.",
    "passive": "Nothing the person could notice may be done.",
    "no-action": "No action may follow from it.",
}
_RIGHT_TEXT: dict[str, str] = {
    "no-death-penalty-or-torture": "Not where the death penalty or torture threatens.",
    "no-return": "Not to return a person to where persecution threatens.",
    "minor": "It concerns a minor: a child's safeguards apply.",
}


def explain(caveats: Caveats) -> list[str]:
    """Return the caveats as plain sentences, in the order of the axes; never empty."""
    return [
        _DISCLOSURE_TEXT[caveats.disclosure],
        _audience_text(caveats),
        _USE_TEXT[caveats.use],
        _ACTION_TEXT[caveats.action],
        *(_RIGHT_TEXT.get(right) or f"Not to {right.removeprefix(NOT_TO)}." for right in caveats.rights),
        *(["The source is protected."] if caveats.protected else []),
        *(f"{c.owner} gave it and agreed under {c.reference}{_not_with(c.not_with)}." for c in caveats.consents),
        *_time_text(caveats),
    ]


def _audience_text(caveats: Caveats) -> str:
    audience = caveats.audience
    if audience.scope == "listed":
        readers = [desk for desk in audience.desks if desk.partition("/")[0] not in caveats.barred]
        return f"To be seen by {', '.join(readers)} alone."
    return "Anybody may see it." if audience.scope == "public" else "Every party may see it, and nobody else."


def _not_with(members: tuple[str, ...]) -> str:
    return f", not to be combined with what {' or '.join(members)} gave" if members else ""


def _time_text(caveats: Caveats) -> Iterator[str]:
    if caveats.embargo_until is not None:
        yield f"Nothing is done with it before {to_text(caveats.embargo_until)}."
    if caveats.review_on is not None:
        yield f"These caveats are looked at again on {to_text(caveats.review_on)}."
    if caveats.delete_by is not None:
        yield f"To be deleted by {to_text(caveats.delete_by)}."


def tlp(caveats: Caveats) -> TLP:
    """Return the TLP 2.0 label that says no less than audience, disclosure, source and barred states together do.

    A label cannot say who: one desk in the audience makes it red for all. It is for systems that know nothing
    better, and the caveats travel beside it.
    Source: FIRST, Traffic Light Protocol, version 2.0.
    """
    audience = caveats.audience
    least: list[TLP] = [_LEAST_TLP[caveats.disclosure]]
    if audience.scope == "parties":
        least.append("TLP:GREEN")
    if audience.scope == "listed":
        least.append("TLP:RED" if any("/" in desk for desk in audience.desks) else "TLP:AMBER")
    if caveats.protected or caveats.consents or caveats.barred:
        least.append("TLP:AMBER+STRICT")
    return max(least, key=TLPS.index)


def to_pap(action: Action) -> PAP:
    """Return the label of the Permissible Actions Protocol; even its strictest lets one search one's own logs."""
    return _TO_PAP[action]


def from_pap(label: PAP) -> Action:
    """Return the strictest action that a PAP label can mean; ``from_pap(to_pap(action)) == action``."""
    return _FROM_PAP[label]


def from_words(words: Collection[Word], audience: Audience) -> Caveats:
    """Return the five words as caveats for those who received the answer.

    Every word keeps its meaning. "no-onward" and "named-desk-only" come to mean the milder words as well, and
    where the named desk is asked for, a member named alone stands for its liaison desk.
    """
    said: list[Disclosure] = ["D0", *(level for level, word in _DISCLOSURE_WORDS.items() if word in words)]
    disclosure = max(said, key=DISCLOSURES.index)
    if disclosure == "D3":
        audience = listed(*(desk if "/" in desk else f"{desk}/{LIAISON}" for desk in audience.desks))
    return Caveats(
        disclosure=disclosure,
        audience=audience,
        use="lead-only" if "lead-only" in words else "court-order",
        action="active",
        rights=(_RIGHT_WORD,) if _RIGHT_WORD in words else (),
        protected=False,
        consents=(),
        embargo_until=None,
        review_on=None,
        delete_by=None,
    )


def to_words(caveats: Caveats) -> tuple[list[Word], tuple[Axis, ...]]:
    """Return the words that these caveats hold, and the axes on which the words say too little."""
    words: list[Word] = [
        word
        for level, word in _DISCLOSURE_WORDS.items()
        if DISCLOSURES.index(level) <= DISCLOSURES.index(caveats.disclosure)
    ]
    if caveats.use == "lead-only":
        words.append("lead-only")
    if _RIGHT_WORD in caveats.rights:
        words.append(_RIGHT_WORD)
    return words, weaker(caveats, from_words(words, caveats.audience))
