"""What desks see of the items this node holds, and what this node says about them by itself.

Caveats are enforced here: a text is shown to a desk that its caveats let see it, and exported where they let it be
exported; its originator sees what it gave, and no caveat keeps anything from the oversight body.

By itself, with the clock, a node
1. gives the key of its own locked item to a holder that has accepted its caveats;
2. recalls what it made of a recalled item, and ends the consents it gave for it;
3. deletes an item whose time is over, from state and journal, and says so over its signature.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from hamsaya.base.decision import Decision, permit
from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.cases import handling
from hamsaya.cases import views as cases_views
from hamsaya.cases.grading import to_admiralty
from hamsaya.cases.item_fold import is_deleted
from hamsaya.cases.lineage import keep_until, recalled_at
from hamsaya.cases.onward import standing
from hamsaya.cases.types import CaseView, Item, ItemView
from hamsaya.messages.caveats import LIAISON, Caveats, Grading
from hamsaya.messages.items import ConsentEnd, Recall, Tombstone, Unlock
from hamsaya.node.core import Node
from hamsaya.node.locked import key_of, text_of
from hamsaya.node.send import Draft
from hamsaya.node.settle import verify_receipt

replace = msgspec.structs.replace


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen record of plain fields; instants are UTC milliseconds."""


class ReceiptsView(_View, frozen=True):
    """How far one item came with one holder; each is an instant, or what it said, or None.

    Attributes:
        delivered: R1, its node took the item in, by a receipt that proves it.
        seen: R2, a person opened it. accepted: R3, a named person accepted its caveats. unlocked: The key was given.
        uses: R4, what came of it. ended: R5, what became of it after a recall, or that it was deleted in its time.
        held: The laws under which two officers keep it.
    """

    holder: str
    delivered: int | None
    seen: int | None
    accepted: int | None
    accepted_by: str | None
    unlocked: int | None
    uses: list[str]
    ended: str | None
    ended_at: int | None
    held: list[str]


class ExportView(_View, frozen=True):
    """One item as it leaves a desk's screens: never without what was asked of whoever holds it."""

    case: str
    item: str
    originator: str
    status: str
    text: str
    caveats: Caveats
    conditions: list[str]
    tlp: str
    pap: str
    grading: Grading
    admiralty: str
    exported_at: int
    by: str
    obligations: list[str]


# --- What a desk sees -------------------------------------------------------------------------------------


def desk_of(node: Node, desk: str | None) -> str:
    """Return the desk that asks, ``liaison`` where none is named; raises OperatorError for another member's."""
    found = desk or f"{node.own}/{LIAISON}"
    if found.partition("/")[0] != node.own:
        raise OperatorError(f"expected a desk of {node.own}, such as {node.own}/{LIAISON}", code="wrong-desk")
    return found


def cases(node: Node, desk: str | None = None) -> list[CaseView]:
    """Return every case as ``desk`` may see it."""
    annexes = node.agreement.annexes(node.state.charter)
    return [shown(node, view, desk) for view in cases_views.cases(node.state.cases, node.clock.now(), annexes)]


def case(node: Node, ref: str, desk: str | None = None) -> CaseView | None:
    """Return one case as ``desk`` may see it, None where this node does not know it."""
    found = cases_views.case(node.state.cases, ref, node.clock.now(), node.agreement.annexes(node.state.charter))
    return None if found is None else shown(node, found, desk)


def shown(node: Node, view: CaseView, desk: str | None = None) -> CaseView:
    """Return ``view`` with the texts that ``desk`` may see, opened, and without the others."""
    by = desk_of(node, desk)
    return replace(view, items=[_shown(node, each, by) for each in view.items])


def _shown(node: Node, view: ItemView, by: str) -> ItemView:
    decision = permitted(node, view.item, "show", by)
    text, withheld = _opened(node, view.item) if decision.allowed else (None, decision.code)
    # Files are shown by ``attachments``, without the keys that their sheets hold.
    item = replace(view.item, text=text, locked=None, key=None, attachments=())
    if not decision.allowed:
        item = replace(item, sought=tuple(replace(each, text=None) for each in item.sought))
    return replace(view, item=item, withheld=withheld)


def permitted(node: Node, item: Item, act: handling.Handling, by: str) -> Decision:
    """Return whether ``by``, a desk of this node, may do ``act`` with ``item`` now."""
    if item.originator == node.own:
        return permit("caveats:own", "it is this member's own")
    party = node.agreement.charter.members.get(node.own)
    if party is not None and party.role == "oversight" and act == "show":
        return permit("caveats:oversight", "no caveat keeps an item from the oversight body")
    return handling.permits(item.caveats, act, by, node.clock.now())


def _opened(node: Node, item: Item) -> tuple[str | None, str]:
    try:
        text = text_of(node, item)
    except PeerError as error:
        return None, error.code
    if text is not None:
        return text, ""
    return None, "deleted" if is_deleted(item, node.own) else "locked"


def find(node: Node, case: str, item: str) -> Item:
    """Return one item; raises OperatorError ``unknown-item``."""
    found = node.state.cases.items.get((case, item))
    if found is None:
        raise OperatorError(f"this node knows no item {item} in {case}; see: hamsaya case show {case}",
                            code="unknown-item")
    return found


def export(node: Node, case: str, item: str, desk: str | None = None) -> ExportView:
    """Return one item for a file, with its caveats.

    Raises:
        PolicyRefusal: its caveats do not let this desk export it; every reason is named.
        OperatorError: no such item, or nothing here to export (``locked``, ``deleted``).
    """
    found, by = find(node, case, item), desk_of(node, desk)
    decision = permitted(node, found, "export", by).require()
    text, withheld = _opened(node, found)
    if text is None:
        raise OperatorError(f"the text of {item} is not open here ({withheld}); see: hamsaya case show {case}",
                            code=withheld)
    return ExportView(
        case=case, item=item, originator=found.originator, status=found.status, text=text, caveats=found.caveats,
        conditions=handling.explain(found.caveats), tlp=handling.tlp(found.caveats),
        pap=handling.to_pap(found.caveats.action), grading=found.grading,
        admiralty="".join(to_admiralty(found.grading)), exported_at=node.clock.now(), by=by,
        obligations=sorted(decision.obligations),
    )


def receipts(node: Node, case: str, item: str) -> list[ReceiptsView]:
    """Return, for each holder, the receipts R1 to R5 that this node knows of."""
    found = find(node, case, item)
    return [_receipts(node, found, holder) for holder in found.holders]


def _receipts(node: Node, item: Item, holder: str) -> ReceiptsView:
    def first(records: Any) -> Any:
        return next((each for each in records if each.holder == holder), None)

    seen, accepted, unlocked = first(item.seen), first(item.accepted), first(item.unlocked)
    attested, deleted = first(item.attested), first(item.deleted)
    return ReceiptsView(
        holder=holder,
        delivered=_delivered(node, item, holder),
        seen=seen and seen.at,
        accepted=accepted and accepted.at,
        accepted_by=accepted and accepted.officer,
        unlocked=unlocked and unlocked.at,
        uses=[each.outcome for each in sorted(item.uses, key=lambda use: use.at) if each.holder == holder],
        ended=attested.outcome if attested else "deleted-in-time" if deleted else None,
        ended_at=attested.at if attested else deleted and deleted.at,
        held=[each.law for each in item.holds if each.holder == holder and each.stands(node.clock.now())],
    )


def _delivered(node: Node, item: Item, holder: str) -> int | None:
    rows = [row for row in node.store.find_journal(item.message) if row.sender == item.originator]
    if holder == node.own:
        return next((row.at for row in rows if row.role == "received"), None)
    receipt = node.store.receipt(holder, item.message) if rows and item.originator == node.own else None
    return verify_receipt(node, holder, rows[0].statement, receipt).at if receipt else None


# --- What a node says by itself ---------------------------------------------------------------------------


def items_due(node: Node) -> list[Draft]:
    """Return what this node has to say about its items now, in the order of the rules above."""
    items = [item for _, item in sorted(node.state.cases.items.items())]
    return [draft for say in (_unlocks, _recalls, _withdrawals, _deletions) for item in items
            for draft in say(node, item)]


def _unlocks(node: Node, item: Item) -> Iterator[Draft]:
    if item.originator != node.own or item.locked is None or recalled_at(node.state.cases, item) is not None:
        return
    given = {each.holder for each in item.unlocked}
    for holder in sorted({each.holder for each in item.accepted} - given):
        body = Unlock(item=item.item, holder=holder, key=key_of(node, item.case, item.item))
        yield Draft(body, (holder,), case=item.case)


def _recalls(node: Node, item: Item) -> Iterator[Draft]:
    if item.originator == node.own and item.revoked_at is None and recalled_at(node.state.cases, item) is not None:
        yield Draft(Recall(item=item.item), item.holders, case=item.case)


def _withdrawals(node: Node, item: Item) -> Iterator[Draft]:
    if item.originator != node.own or recalled_at(node.state.cases, item) is None:
        return
    for key, grant in sorted(node.state.cases.grants.items()):
        if key[:3] == (item.case, item.item, node.own) and standing(grant, node.clock.now()) is not None:
            yield Draft(ConsentEnd(consent=grant.consent, item=item.item), (grant.asker, *grant.to), case=item.case)


def _deletions(node: Node, item: Item) -> Iterator[Draft]:
    known = node.state.cases.cases[item.case]
    over = keep_until(known, item) <= node.clock.now()
    held = any(each.holder == node.own and each.stands(node.clock.now()) for each in item.holds)
    if over and not held and node.own in (item.originator, *item.holders) and not is_deleted(item, node.own):
        told = item.holders if item.originator == node.own else (item.originator,)
        yield Draft(Tombstone(item=item.item, reason="retention"), told, case=item.case)
