"""What a node says of oversight by itself, and what an overseeing node keeps in mind, with each turn of the clock."""

from __future__ import annotations

from hamsaya.node.core import Node
from hamsaya.node.notice_dates import dates_due
from hamsaya.node.oversight import draws, findings, legal, reporting
from hamsaya.node.send import Draft


def oversight_due(node: Node) -> list[Draft]:
    """Return what this node has to say now: what legal acts ask for, dates of notice that have come, its reports; at a
    party that oversees, demands for openings."""
    drafts = [Draft(body, (by,), case=case) for case, body, by in legal.releases_due(node)]
    drafts += [Draft(body, told, case=case) for case, body, told in dates_due(node)]
    if node.own in node.agreement.overseers:
        drafts += draws.audits_due(node)
    return drafts + [Draft(report, told) for report, told in reporting.pending(node)]


def keep_watch(node: Node) -> None:
    """Let an overseeing node note what is missing, and forget what it was shown under acts that are over."""
    if node.own in node.agreement.overseers:
        findings.watch(node)
        legal.forget(node)
