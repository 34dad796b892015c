"""Importing this module registers every message kind; the node, the tests and the tools import it once."""

from hamsaya.messages import (
    alerts,
    attachments,
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
    reminders,
    talk,
)
from hamsaya.messages.kinds import KINDS

__all__ = [
    "KINDS", "alerts", "attachments", "cases", "charter", "compliance", "hotline", "items", "linkage", "match",
    "monitor", "node", "notices", "oversight", "persons", "reminders", "talk",
]
