"""How probable a breach of each commitment is, from the live verdicts and evidence; and apart from it, on how much.

Rules
1. The verdicts are those on the finding that speaks, else on the latest that was notified and is neither dropped nor
   closed. "Cannot tell" is heard and says nothing.
2. Evidence that such a finding names was judged by the panel, and is not counted a second time. Of the rest each
   source that gave no verdict counts once, by its latest measurement that nobody corrected, as long as it is no older
   than one cadence and its timeliness and no older than the last closing. The owner's own reports count nothing in its
   own cause; denied access measures nothing, and is shown as a number of its own.
3. What others report for the joint picture is one source more, where the commitment names what is counted
   (``readings``); what one of those reporters measured in the same time is that account and is not counted again.
4. Who errs how is learned from the verdicts on all other findings, for each seat in its relation to the owner (of its
   bloc or not), once there are ``ENOUGH`` of them; until then each is taken to err as the pack's figures say.
5. Reports of one bloc weigh as far as they are independent. What blocs agree is learned with the rest, else ``RHO``.
6. P(breach) and the grade are two answers. Neither changes a rating: what was not verified stays unverified.

Array libraries are loaded only where rule 4 needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from hamsaya.base.interval import Interval
from hamsaya.compliance.confidence import confidence
from hamsaya.compliance.posterior import Grade, Record, Report, Weighed, judge
from hamsaya.compliance.types import WORDS, Commitment, ComplianceState, EvidenceItem, FindingCase, Statement
from hamsaya.compliance.views import rating, speaking, statement
from hamsaya.linkage.types import Quantity
from hamsaya.messages.compliance import Publication, Rating
from hamsaya.node.core import Node
from hamsaya.node.readings import Read, ReadingView, counted, reads, same_account, window
from hamsaya.node.standing import standing

PRIOR = Interval(0.02, 0.05, 0.2)
"""P(breach) before anybody reports, as in ``node.judging``: rare, and not known well."""
RHO = 0.5
ENOUGH = 8
WORTH = 10.0
"""Cases that a published rate counts as."""
SEAT, LOOK = ("p_seat_detect", "p_seat_false"), ("p_detect", "p_false")
RATES = {"p_seat_detect": 0.8, "p_seat_false": 0.1, "p_detect": 0.5, "p_false": 0.05}
"""Where a pack has no figure."""
SAID = ("no-breach", "breach")


class PosteriorView(msgspec.Struct, frozen=True, kw_only=True):
    """P(breach) of one commitment at 90 percent, and beside it the quantity of evidence. Never one number.

    Attributes:
        rating, words: As found, whatever the probability; ``U`` is unverified.
        independent: The independent reports that all reports amount to; ``grade`` says it in a word.
        reports: Whose reports were counted, and what each says.
        reading: What the joint picture says, and why it counts or does not; None where people attest the commitment.
        learned: Whether the sources' errors were learned from other findings here, or taken from published figures.
    """

    commitment: str
    rating: Rating
    words: str
    finding: str | None
    breach: Interval
    grade: Grade
    independent: float
    reports: dict[str, str]
    access_denied: int
    reading: ReadingView | None
    learned: bool


class Known(NamedTuple):
    """How each (member, relation) errs, and what blocs agree beyond that."""

    records: Mapping[tuple[str, str], Record]
    rho: float


def posteriors(node: Node) -> list[PosteriorView]:
    """Return P(breach) and the grade of evidence of every commitment, oldest first, as they stand now."""
    state = standing(node)
    ordered = sorted(state.commitments.items(), key=lambda entry: (entry[1].made_at, entry[0]))
    return [posterior(state, ref, node.agreement.blocs, node.agreement.priors, node.clock.now(), reads(node, ref))
            for ref, _ in ordered]


def published(node: Node, commitment: str, level: Publication) -> Statement:
    """Return what may be said of ``commitment`` at ``level``, with its confidence in words.

    Raises:
        OperatorError: as ``compliance.views.statement``.
    """
    state, now = standing(node), node.clock.now()
    said = statement(state, commitment, level, now)
    found = posterior(state, commitment, node.agreement.blocs, node.agreement.priors, now, reads(node, commitment))
    return msgspec.structs.replace(said, confidence=confidence(said.rating, found.breach, found.grade))


def posterior(
    state: ComplianceState, ref: str, blocs: Mapping[str, str], priors: Mapping[str, Quantity], now: int,
    found: Sequence[Read] = (),
) -> PosteriorView:
    """Return the same for the commitment ``ref``, which is known.

    Args:
        blocs: The bloc of every member by the roster; who is not on it is a bloc of its own.
        priors: The pack's published figures by name.
        now: UTC ms.
        found: Readings of the joint picture, as ``readings.reads`` gives them.
    """
    commitment, finding = state.commitments[ref], _judged(state, ref)
    word = rating(state, ref)[0]
    known = _learned(state, finding, blocs) if finding else None
    reports: list[Report | Weighed] = [*_verdicts(finding, commitment, blocs, priors, known)] if finding else []
    look = counted(found, commitment, state, ref, finding, blocs, _record(priors, LOOK))
    heard = {each.attestor for each in reports} | ({v.member for v in finding.verdicts} if finding else set())
    named = set(finding.evidence) if finding else set()
    latest = _latest(state, ref, commitment, named, now, look.read if look else None)
    reports += [_measured(item, commitment, blocs, priors) for source, item in sorted(latest.items())
                if source not in heard]
    reports += [look.report] if look and look.report else []
    judged = judge(PRIOR, reports, known.rho if known else RHO)
    denied = sum(i.commitment == ref and i.evidence_class == "access-denied" for i in state.evidence.values())
    return PosteriorView(
        commitment=ref, rating=word, words=WORDS[word], finding=finding.finding if finding else None,
        breach=judged.breach, grade=judged.grade, independent=judged.independent,
        reports={each.attestor: SAID[each.breach] for each in reports}, access_denied=denied,
        reading=look.view if look else None, learned=known is not None,
    )


def _judged(state: ComplianceState, ref: str) -> FindingCase | None:
    """Rule 1: the finding whose verdicts count."""
    if (found := speaking(state, ref)) is not None:
        return found
    on_the_way = [each for each in state.findings.values() if each.commitment == ref and each.notified_at is not None
                  and each.finding not in state.voted_down
                  and each.status in ("notified", "accepted", "disputed")]
    return max(on_the_way, key=lambda each: (each.notified_at or 0, each.finding), default=None)


def _verdicts(
    finding: FindingCase, commitment: Commitment, blocs: Mapping[str, str], priors: Mapping[str, Quantity],
    known: Known | None,
) -> list[Report]:
    plain = _record(priors, SEAT)
    seats = {seat.member: seat.bloc for seat in commitment.terms.panel}
    return [
        Report(each.member, seats[each.member], each.verdict == "breach",
               known.records.get((each.member, _relation(each.member, commitment.owner, blocs)), plain)
               if known else plain)
        for each in finding.verdicts if each.verdict in SAID
    ]


def _latest(
    state: ComplianceState, ref: str, commitment: Commitment, named: set[str], now: int, read: Read | None
) -> dict[str, EvidenceItem]:
    """Rule 2: the latest measurement of each source that may count."""
    mine = [item for item in state.evidence.values() if item.commitment == ref]
    closings = [each.closed.at for each in state.findings.values() if each.commitment == ref and each.closed]
    since = max(now - window(commitment), *closings, 0)
    replaced = {(item.lodged_by, item.replaces) for item in mine}
    found: dict[str, EvidenceItem] = {}
    for item in sorted(mine, key=lambda each: (each.observed_to, each.lodged_at, each.evidence)):
        counts = item.value is not None and item.lodged_by != commitment.owner and item.evidence not in named \
            and not same_account(read, item.lodged_by, item.observed_from, item.observed_to)
        if counts and since < item.observed_to <= now and (item.lodged_by, item.evidence) not in replaced:
            found[item.lodged_by] = item
    return found


def _measured(
    item: EvidenceItem, commitment: Commitment, blocs: Mapping[str, str], priors: Mapping[str, Quantity]
) -> Report:
    terms, value = commitment.terms, item.value
    assert value is not None
    inside = terms.target_low - terms.materiality <= value <= terms.target_high + terms.materiality
    return Report(item.lodged_by, blocs.get(item.lodged_by, item.lodged_by), not inside, _record(priors, LOOK))


def _record(priors: Mapping[str, Quantity], names: tuple[str, str]) -> Record:
    hit, false = (min(0.99, max(0.01, priors[name].value.mid if name in priors else RATES[name])) for name in names)
    return Record(WORTH * hit, WORTH * (1.0 - hit), WORTH * false, WORTH * (1.0 - false))


def _relation(member: str, owner: str, blocs: Mapping[str, str]) -> str:
    return "own-bloc" if blocs.get(member, member) == blocs.get(owner, owner) else "other-bloc"


def _learned(state: ComplianceState, judged: FindingCase, blocs: Mapping[str, str]) -> Known | None:
    """Rule 4; None while there are too few other findings."""
    rows = [(each.finding, (v.member, _relation(v.member, state.commitments[each.commitment].owner, blocs)),
             SAID.index(v.verdict), blocs.get(v.member, v.member))
            for _, each in sorted(state.findings.items()) if each.finding != judged.finding
            for v in each.verdicts if v.verdict in SAID]
    if len({row[0] for row in rows}) < ENOUGH:
        return None
    from hamsaya.compliance.blocs import learn_with_blocs

    findings, sources = sorted({row[0] for row in rows}), sorted({row[1] for row in rows})
    named = sorted({row[3] for row in rows})
    columns = [[findings.index(row[0]) for row in rows], [sources.index(row[1]) for row in rows],
               [row[2] for row in rows], [named.index(row[3]) for row in rows]]
    relations = sorted({source[1] for source in sources})
    found, rho = learn_with_blocs(
        *columns, classes=2, diagonal=0.8 * WORTH, elsewhere=0.2 * WORTH,
        groups=[relations.index(source[1]) for source in sources], pool=2.0 if len(relations) > 1 else 0.0)
    records = {source: Record(*(float(found.counts[place, truth, said])
                                for truth, said in ((1, 1), (1, 0), (0, 1), (0, 0))))
               for place, source in enumerate(sources)}
    return Known(records, rho)
