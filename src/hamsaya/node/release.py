"""Explain before sending: who would see what of an answer, by which rule, and what its parents force upon it."""

from __future__ import annotations

from typing import Any

import msgspec

from hamsaya.base.errors import OperatorError, PeerError, PolicyRefusal
from hamsaya.cases import caveats as axes
from hamsaya.cases import handling
from hamsaya.cases.grading import Admiralty, from_admiralty, to_admiralty, weakest
from hamsaya.cases.onward import standing
from hamsaya.cases.types import Item
from hamsaya.messages.cases import Answer, Parent
from hamsaya.messages.caveats import LIAISON, LOCKED, Audience, Caveats, Grading, Word, listed
from hamsaya.messages.kinds import Ref
from hamsaya.node.core import Node
from hamsaya.node.items import find
from hamsaya.node.send import Draft, preview


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen record of plain fields; instants are UTC milliseconds."""


class CaveatsArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Caveats as a person says them: words, an audience, single axes, [case, item, consent] of what it is made of."""

    words: list[Word] = []
    audience: list[str] = []
    axes: dict[str, Any] = {}
    derived_from: list[tuple[Ref, Ref, Ref | None]] = []


class CaveatsView(_View, frozen=True):
    """Caveats ready to be sent, in sentences and as TLP 2.0 and PAP labels, and the parents with their originators."""

    caveats: Caveats
    conditions: list[str]
    tlp: str
    pap: str
    derived_from: list[Parent]


class ReaderView(_View, frozen=True):
    """What one recipient will see: ``desks`` are those that may, ``sees`` says what, ``acts`` what they may do with it.
    """

    member: str
    name: str
    role: str
    desks: list[str]
    sees: str
    acts: list[str]


class PreviewView(_View, frozen=True):
    """What would leave, to whom, under which rule, and with which duties.

    Attributes:
        inherited: What the items it is made of ask for together, in sentences. lost: The axes on which less is asked.
        conflict: Why they cannot be combined at all; "" where they can.
        grade: The grade given, on the Admiralty scale. weakest_part: That of the worst source and the worst information
            it is made of; "" where it is made of nothing. A better grade is a person's judgement.
    """

    allowed: bool
    code: str
    reasons: list[str]
    obligations: list[str]
    instrument: str
    readers: list[ReaderView]
    conditions: list[str]
    tlp: str
    pap: str
    text_bytes: int
    inherited: list[str]
    lost: list[str]
    conflict: str
    grade: str
    weakest_part: str


def caveats_from(node: Node, args: CaveatsArgs) -> CaveatsView:
    """Return the caveats that ``args`` say: the words and axes, made as strict as the parents' on every other axis.

    The audience is the one named: that it is within the parents', or consented to, is judged when it is sent.

    Raises:
        PeerError: an axis of another form, or nobody in the audience (``bad-caveats``).
        PolicyRefusal: the parents' caveats leave nothing.
    """
    if not args.audience:
        raise PeerError("expected an audience: name the members or desks that may see it", code="bad-caveats")
    parents = [(find(node, case, item), consent) for case, item, consent in args.derived_from]
    plain = _plain(handling.from_words(args.words, _audience(args.audience)), args)
    said = [axes.parse(plain)] + [_aimed(_asked(node, parent, consent), plain) for parent, consent in parents]
    if any(each.disclosure == "D3" for each in said):
        aimed = _audience([_named(desk) for desk in args.audience])
        said = [msgspec.structs.replace(each, audience=aimed) for each in said]
    combined = axes.combine(*said)
    return CaveatsView(
        caveats=combined, conditions=handling.explain(combined), tlp=handling.tlp(combined),
        pap=handling.to_pap(combined.action),
        derived_from=[Parent(originator=each.originator, case=each.case, item=each.item, consent=consent)
                      for each, consent in parents],
    )


def _asked(node: Node, item: Item, consent: str | None) -> Caveats:
    """Return what is asked of a product of ``item``: by the consent it rests on, else by the item itself."""
    grant = node.state.cases.grants.get((item.case, item.item, item.originator, consent or ""))
    word = standing(grant, node.clock.now()) if grant else None
    return word.caveats if word else item.caveats


def _audience(desks: list[str]) -> Audience:
    try:
        return msgspec.convert(msgspec.to_builtins(listed(*desks)), Audience)
    except msgspec.ValidationError:
        raise PeerError("expected members or desks, such as ava or ava/liaison", code="bad-caveats") from None


def _named(desk: str) -> str:
    return desk if "/" in desk else f"{desk}/{LIAISON}"


def _plain(base: Caveats, args: CaveatsArgs) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(base)
    disclosure = args.axes.get("disclosure", base.disclosure)
    desks = [_named(desk) for desk in args.audience] if disclosure == "D3" else list(base.audience.desks)
    return plain | {"audience": msgspec.to_builtins(listed(*desks))} | args.axes


def _aimed(caveats: Caveats, plain: dict[str, Any]) -> Caveats:
    """Return a parent's caveats for the product's audience."""
    desks = [_named(desk) if caveats.disclosure == "D3" else desk for desk in plain["audience"]["desks"]]
    return axes.parse(msgspec.to_builtins(caveats) | {"audience": msgspec.to_builtins(listed(*desks))})


def preview_answer(node: Node, draft: Draft) -> PreviewView:
    """Return what would become of an answer, without sending it.

    Raises:
        OperatorError: the draft is no answer (``not-an-answer``).
    """
    if not isinstance(draft.body, Answer):
        raise OperatorError("expected an answer; other messages are explained with --dry-run", code="not-an-answer")
    body = draft.body
    event, decision = preview(node, draft, prepared=True)
    parts = [(item, each.consent) for each in body.derived_from
             if (item := node.state.cases.items.get((each.case, each.item))) is not None]
    parents = [_asked(node, item, consent) for item, consent in parts if item.originator != node.own]
    inherited, lost, conflict = _forced(parents, body.caveats)
    return PreviewView(
        allowed=decision.allowed, code=decision.code,
        reasons=[f"{reason.text} [{reason.ref}]" for reason in decision.reasons],
        obligations=sorted(decision.obligations), instrument=event.instrument,
        readers=[_reader(node, member, body.caveats) for member in event.recipients],
        conditions=handling.explain(body.caveats), tlp=handling.tlp(body.caveats),
        pap=handling.to_pap(body.caveats.action), text_bytes=len((body.text or "").encode()),
        inherited=inherited, lost=lost, conflict=conflict, grade="".join(to_admiralty(body.grading)),
        weakest_part="".join(to_admiralty(weakest(item.grading for item, _ in parts))) if parts else "",
    )


def grading_of_admiralty(text: str) -> Grading:
    """Return an Admiralty grade such as ``B2`` on our scale.

    Raises:
        OperatorError: no such grade, or one without a step here, which a person must grade again (``bad-grade``).
    """
    if len(text) != 2 or text[0] not in "ABCDEF" or text[1] not in "123456":
        raise OperatorError(f"expected an Admiralty grade from A1 to F6, received {text[:8]!r}", code="bad-grade")
    theirs: Any = text
    found = from_admiralty(Admiralty(*theirs))
    if found is None:
        raise OperatorError(f"the Admiralty grade {text} has no step of the same meaning here, and rounding would make "
                            "the report better or worse; grade it again, A to C or X and 1 to 4", code="bad-grade")
    return found


def _forced(parents: list[Caveats], own: Caveats) -> tuple[list[str], list[str], str]:
    if not parents:
        return [], [], ""
    try:
        combined = axes.combine(*parents)
    except PolicyRefusal as refusal:
        return [], [], str(refusal)
    return handling.explain(combined), list(axes.weaker(combined, own)), ""


def _reader(node: Node, member: str, caveats: Caveats) -> ReaderView:
    party = node.agreement.charter.members.get(member)
    role = party.role if party else "unknown"
    named = [desk for desk in caveats.audience.desks if desk.partition("/")[0] == member]
    desks = named if caveats.audience.scope == "listed" else [member]
    if member in caveats.barred:
        desks = []
    locked = caveats.disclosure in LOCKED
    if not desks:
        sees = "everything, as oversight" if role == "oversight" else "nothing: it is not in the audience"
    else:
        sees = "the text, once a named person has accepted the conditions" if locked else "the text, at once"
    ends = node.clock.now()
    acts = sorted({act for desk in desks for act in handling.NEEDS if act != "onward"
                   and handling.permits(caveats, act, desk, ends).allowed})
    return ReaderView(member=member, name=party.display() if party else member, role=role, desks=desks, sees=sees,
                      acts=list(acts))
