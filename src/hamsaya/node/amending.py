"""A charter's text on its way to be proposed: read, put after the one in effect, and looked over as ``check`` does."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from hamsaya.charter.check import check
from hamsaya.charter.problem import Problem
from hamsaya.charter.types import document_bytes, revision
from hamsaya.node.packs import charters_beside, open_charter


class Amendment(NamedTuple):
    """A text as ``charter.propose`` carries it; ``revision`` and ``supersedes`` in hex."""

    document: bytes
    revision: str
    supersedes: str
    problems: list[Problem]


def amendment_named(name: str, in_effect: str) -> Amendment:
    """Return the charter ``name`` as an amendment of the revision ``in_effect`` (hex), with what is wrong with it.

    A text that does not say what it supersedes is put after the one in effect; one that says otherwise is left so,
    and every node refuses it.

    Raises:
        OperatorError: there is no such charter, or it does not fit its schema.
    """
    document = open_charter(name)
    if not document.supersedes:
        document = msgspec.structs.replace(document, supersedes=in_effect)
    beside = {revision(one): one for one in map(open_charter, charters_beside(name))}
    problems = check(document, earlier=beside)
    return Amendment(document_bytes(document), revision(document).hex(), document.supersedes, problems)
