"""What a node asks of itself before it says something, beside the rules that every receiver applies.

They are stricter than the protocol on purpose, and never asked of what arrives.
"""

from __future__ import annotations

from hamsaya.messages.kinds import Body
from hamsaya.node import listing, match_secrets
from hamsaya.node.core import Node


def require_own(node: Node, body: Body) -> None:
    """Return when this node can stand by ``body``; raises what ``match_secrets`` and ``listing`` refuse."""
    match_secrets.require_kept(node, body)
    listing.require_listed(node, body)
