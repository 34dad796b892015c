"""What the members' votes leave of the findings: one that they voted down does not speak.

Rules
1. A finding speaks by its panel's verdicts unless the members decide against it under the charter's class for findings:
   a vote on the finding by its reference and on the owner of the commitment, recorded as blocked.
2. An appeal takes the place of every vote that it may be taken from. So who breaks a silence puts a finding out until
   the proposer's appeal is adopted, and one that was upheld on appeal is not voted down by asking again.
3. Nothing is folded from it: the findings stay as their messages made them, and what is voted down is worked out from
   what both rooms have recorded. So nodes that have seen the same messages come to the same, in whatever order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hamsaya.charter.resolved import Resolved, resolved
from hamsaya.charter.said import CharterState
from hamsaya.charter.types import Document
from hamsaya.compliance.types import ComplianceState
from hamsaya.messages.charter import Resolve
from hamsaya.node.chain import FINDING

if TYPE_CHECKING:
    from hamsaya.node.core import Node


def standing(node: Node) -> ComplianceState:
    """Return this node's record of verification with the findings named in it that are voted down now."""
    return with_votes(node.state.compliance, node.state.charter, node.agreement.charter.document, node.clock.now())


def with_votes(compliance: ComplianceState, charter: CharterState, document: Document, at: int) -> ComplianceState:
    """Return ``compliance`` with the findings named that the members had voted down by ``at`` (UTC ms)."""
    appeal = next((rule.appeal for rule in document.rules if rule.id == FINDING), "")
    asked = {put.act.ground for put in charter.proposals.values()
             if put.decision in (FINDING, appeal) and isinstance(put.act, Resolve)}
    down = {ref for ref in asked if ref in compliance.findings and _voted_down(compliance, charter, appeal, ref, at)}
    return replace(compliance, voted_down=frozenset(down)) if down else compliance


def _voted_down(compliance: ComplianceState, charter: CharterState, appeal: str, ref: str, at: int) -> bool:
    owner = compliance.commitments[compliance.findings[ref].commitment].owner
    votes, appeals = (_last([vote for vote in resolved(charter, which, ref, at) if vote.concerned == owner])
                      for which in (FINDING, appeal))
    decides = appeals or votes
    return decides is not None and not decides.adopted


def _last(votes: list[Resolved]) -> Resolved | None:
    return max(votes, key=lambda vote: (vote.closed_at, vote.proposal), default=None)
