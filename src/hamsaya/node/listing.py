"""The UN Security Council's list at a node: the copy that was loaded, its date, and who stands on it.

A person may be named in a case because the Council lists them; then the reference must stand on the list that is
loaded here (``require_listed``, before a case is opened). What arrives is not refused for it: another member's copy may
be newer or older, and the views say how it stands by ours. Whoever shows anything of the list shows its date.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hamsaya.base.decision import refuse
from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY, to_text
from hamsaya.canon import digest
from hamsaya.messages.cases import Open, Subject
from hamsaya.messages.kinds import Body
from hamsaya.node.core import Node
from hamsaya.ports.listed import Kind, ListedParty, Listing, eligible
from hamsaya.ports.store import Store

STALE = 30 * DAY
"""A copy older than this is shown as stale: the Council's committees amend the list several times a quarter."""
_META = "un-list"
LISTED = "unsc-listed"


class ListingView(msgspec.Struct, frozen=True, kw_only=True):
    """The list as a screen shows it: ``as_of`` is when it was generated, None where none is loaded."""

    as_of: int | None
    loaded_at: int | None = None
    digest: str = ""
    entries: int = 0
    individuals: int = 0
    entities: int = 0
    age_days: int | None = None
    stale: bool = True


class ListedView(msgspec.Struct, frozen=True, kw_only=True):
    """How one reference stands by the list of ``as_of``: listed or not, None where no list is loaded."""

    reference: str
    listed: bool | None
    as_of: int | None
    name: str = ""
    kind: str = ""
    regime: str = ""
    listed_on: str | None = None


def keep_list(node: Node, unverified_bytes: bytes, parties: Sequence[ListedParty]) -> ListingView:
    """Keep the list that was read from ``unverified_bytes``, and return what is shown of it.

    Raises:
        OperatorError: it is empty (``empty-list``), from the future (``list-date``), or older than the one
            that is loaded (``older-list``).
    """
    if not parties:
        raise OperatorError("expected a list with entries", code="empty-list")
    as_of, now = parties[0].as_of, node.clock.now()
    if as_of > now + DAY:
        raise OperatorError(f"the list says it was made at {to_text(as_of)}, after this node's clock", code="list-date")
    if node.listed is not None and as_of < node.listed.as_of:
        raise OperatorError(f"a later list is loaded, of {to_text(node.listed.as_of)}; the older one was left",
                            code="older-list")
    listing = Listing(as_of, now, digest(unverified_bytes), tuple(parties))
    node.store.put_meta(_META, msgspec.msgpack.encode(listing))
    node.listed = listing
    return listing_view(node)


def read_kept(store: Store) -> Listing | None:
    """Return the list that ``store`` keeps, None where none was loaded."""
    kept = store.get_meta(_META)
    return None if kept is None else msgspec.msgpack.decode(kept, type=Listing)


def listing_view(node: Node) -> ListingView:
    """Return what is shown of the list, with its date."""
    listing = node.listed
    if listing is None:
        return ListingView(as_of=None)
    age = node.clock.now() - listing.as_of
    individuals = sum(party.kind is Kind.INDIVIDUAL for party in listing.parties)
    return ListingView(
        as_of=listing.as_of, loaded_at=listing.loaded_at, digest=listing.digest.hex(), entries=len(listing.parties),
        individuals=individuals, entities=len(listing.parties) - individuals, age_days=age // DAY, stale=age > STALE,
    )


def listed_view(node: Node, reference: str) -> ListedView:
    """Return how ``reference`` stands by the list that is loaded here."""
    if node.listed is None:
        return ListedView(reference=reference, listed=None, as_of=None)
    party = eligible(node.listed.parties, reference)
    if party is None:
        return ListedView(reference=reference, listed=False, as_of=node.listed.as_of)
    return ListedView(reference=party.reference, listed=True, as_of=party.as_of, name=party.names[0].text,
                      kind=party.kind.value, regime=party.regime, listed_on=party.listed_on)


def subjects_listed(node: Node, subjects: Sequence[Subject]) -> list[ListedView]:
    """Return how every subject stands that a case names because the Council lists it, in their order."""
    return [listed_view(node, each.eligibility_ref) for each in subjects if each.eligibility == LISTED]


def require_listed(node: Node, body: Body) -> None:
    """Return when everybody whom an opening names as listed is on the list that is loaded here.

    Raises:
        PolicyRefusal: no list is loaded (``no-list``), or a reference is not on it (``not-listed``).
    """
    if not isinstance(body, Open):
        return
    for each in subjects_listed(node, body.subjects):
        if each.listed is None:
            refuse("no-list", "house:list", "whether somebody is listed by the Council cannot be checked without its "
                   "list: hamsaya match list load FILE.xml").require()
        if not each.listed:
            refuse("not-listed", "house:list", f"not on the list of {to_text(each.as_of or 0)}: a listing is named by "
                   "its permanent reference number, such as QDi.001").require()
