"""Charters by name, put to what works on their text: is it sound, what does a version change, what would a vote give.

Names are those that ``bootstrap.open_charter`` takes: a version, an installed pack, a folder, a file.
"""

from __future__ import annotations

import msgspec

from hamsaya.charter.check import check
from hamsaya.charter.diff import Changes, compare
from hamsaya.charter.problem import Problem
from hamsaya.charter.simulate import Simulated, Supposed, simulate
from hamsaya.charter.types import revision
from hamsaya.node.packs import charters_beside, open_charter


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a charter may be in effect, and all that is wrong with it."""

    title: str
    dated: str
    revision: str
    sound: bool
    problems: list[Problem]


def check_named(name: str | None) -> Checked:
    """Return what is wrong with the charter ``name``; what it supersedes is looked for beside it."""
    document = open_charter(name)
    beside = map(open_charter, charters_beside(name)) if document.supersedes else ()
    problems = check(document, earlier={revision(one): one for one in beside})
    sound = all(problem.severity != "error" for problem in problems)
    return Checked(title=document.title, dated=document.dated, revision=revision(document).hex(), sound=sound,
                   problems=problems)


def compare_named(old: str, new: str) -> Changes:
    """Return what the charter ``new`` changes against ``old``."""
    return compare(open_charter(old), open_charter(new))


def simulate_named(
    name: str | None, decision: str, *, yes: tuple[str, ...], no: tuple[str, ...], abstain: tuple[str, ...],
    absent: tuple[str, ...], concerned: str | None, proposer: str | None, participants: tuple[str, ...], after_ms: int,
) -> Simulated:
    """Return what a supposed vote gives under the charter ``name``; raises PeerError ``bad-vote``."""
    supposed = Supposed(yes, no, abstain, absent, concerned, proposer, participants, after_ms)
    return simulate(open_charter(name), decision, supposed)
