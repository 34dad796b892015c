"""What an item was made of and what was made of it, as far as this node knows; and how long it may be kept.

A recall reaches what was made of the recalled, through any number of hands: whoever holds a product holds the recalled
thing in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from hamsaya.cases.types import Case, CasesState, Item, Key


def ancestors(state: CasesState, item: Item) -> Iterator[Item]:
    """Yield the items that ``item`` was made of, and theirs, each once, as far as they are known here."""
    seen: set[Key] = {(item.case, item.item)}
    waiting = list(item.derived_from)
    while waiting:
        parent = waiting.pop()
        found = state.items.get((parent.case, parent.item))
        if found is not None and (parent.case, parent.item) not in seen:
            seen.add((parent.case, parent.item))
            waiting.extend(found.derived_from)
            yield found


def recalled_at(state: CasesState, item: Item) -> int | None:
    """Return when ``item``, or the first of what it was made of, was revoked; None where none was."""
    instants = [each.revoked_at for each in (item, *ancestors(state, item))]
    return min((instant for instant in instants if instant is not None), default=None)


def products(state: CasesState, item: Item) -> list[Key]:
    """Return what is known here to be made of ``item``, directly or through other products, sorted."""
    return sorted(
        (other.case, other.item)
        for other in state.items.values()
        if other.derived_from and any(each is item for each in ancestors(state, other))
    )


def keep_until(case: Case, item: Item) -> int:
    """Return the instant at which every holder deletes the item: the end of the case's time, or sooner by its caveats.
    """
    ends = (case.retain_until, item.caveats.delete_by)
    return min(instant for instant in ends if instant is not None)
