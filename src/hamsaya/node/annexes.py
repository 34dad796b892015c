"""The annex on clocks, read from the file that the members sign.

    [[annexes]]
    between = ["ava", "bel"]          # two members, in alphabetical order
    since = 1790000000000             # UTC milliseconds; until = ... may end it
    overrides = [{ step = "acknowledge", urgency = "urgent", held_directly = true, term = 3600000 }]
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.cases.clocks import Annex, parse_annex


def clock_annexes(file: bytes, members: Collection[str]) -> tuple[Annex, ...]:
    """Return the terms between two members that ``file`` has; none of an empty one.

    Raises:
        OperatorError: it is no TOML, does not fit, or names somebody who is not among ``members`` (``pack-invalid``).
    """
    if not file:
        return ()
    try:
        rows = tomllib.loads(file.decode("utf-8"))
        if rows.keys() != {"annexes"} or not all(isinstance(row, dict) for row in rows["annexes"]):
            raise ValueError("expected tables [[annexes]] and nothing else")
        found = tuple(parse_annex({"until": None, **row}) for row in rows["annexes"])
    except (ValueError, TypeError, PeerError) as error:
        raise OperatorError(f"clocks.toml: {error}", code="pack-invalid") from None
    for annex in found:
        if unknown := set(annex.between) - set(members):
            raise OperatorError(f"clocks.toml: expected parties of members.toml, received {min(unknown)}",
                                code="pack-invalid")
    return found
