"""Importing this module registers every message kind; the node, the tests and the tools import it once."""

from hamsaya.messages import (
    alerts,
    cases,
    charter,
    compliance,
    hotline,
    items,
    linkage,
    match,
    monitor,
    node,
    notices,
    oversight,
    persons,
)
from hamsaya.messages.kinds import KINDS

__all__ = [
    "KINDS", "alerts", "cases", "charter", "compliance", "hotline", "items", "linkage", "match", "monitor", "node",
    "notices", "oversight", "persons",
]
