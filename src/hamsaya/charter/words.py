"""A charter in plain English: what its rules, clauses and instruments come to, sentence by sentence.

    rule_words(decision.parsed())      # "everybody but the member concerned: nobody refuses within 72 hours"

Display only: nothing is decided by these sentences. The sentence that members agreed to is the clause's own text.
"""

from __future__ import annotations

from collections.abc import Sequence

from hamsaya.charter.types import Clause, DecisionClass, Document, Instrument
from hamsaya.charter.votes import (
    CONCERNED,
    PARTICIPANTS,
    PROPOSER,
    And,
    Consensus,
    MinusConcerned,
    NegativeConsensus,
    Or,
    Over,
    Quota,
    Rule,
    Silence,
    Tacit,
)

_ROLES = {"member": "a member", "joint-cell": "the joint cell", "oversight": "the oversight body", "any": "any party"}
_HOLDERS = {CONCERNED: "the member concerned", PROPOSER: "the proposer", PARTICIPANTS: "the participants"}
_OWNERS = {"data-owner": "the owner of the data", "territory": "the member on whose soil it is",
           "nationals-state": "the state of the persons"}
_OBJECTS = {"keys": "keys", "decision": "decisions", "case": "cases", "case-content": "the content of a case",
            "area-counts": "counts by area", "finding": "findings", "benefit": "benefits", "soil": "a member's soil"}


def holder(name: str) -> str:
    """Return a member's id, or in words whom a placeholder stands for."""
    return _HOLDERS.get(name, name)


def rule_words(rule: Rule) -> str:
    """Return what it takes for ``rule`` to adopt something, as half a sentence."""
    match rule:
        case And(rules) | Or(rules):
            joint = " and " if isinstance(rule, And) else " or "
            return joint.join(f"({rule_words(part)})" for part in rules) or "nothing, as no rule is named"
        case Over(participants, inner):
            among = ", ".join(map(holder, sorted(participants))) or "nobody"
            alone = len(participants) == 1 and participants != {PARTICIPANTS}
            return f"{f'{among} alone' if alone else f'among {among}'}: {rule_words(inner)}"
        case MinusConcerned(concerned, inner):
            return f"everybody but {holder(concerned)}: {rule_words(inner)}"
        case Consensus(absent):
            return f"nobody refuses{_absent(absent)}"
        case Quota(q, weights, absent):
            votes = "vote" if q == 1 else "votes"
            each = ", ".join(f"{member} has {weight}" for member, weight in weights)
            return f"{q} {votes} in favour{f' ({each})' if each else ''}{_absent(absent)}"
        case Silence(hours, absent):
            return f"nobody refuses within {hours} hours{_absent(absent)}"
        case NegativeConsensus(stops, days, absent):
            within = f" within {days} days" if days else ""
            return f"adopted unless {stops or 'all'} refuse{within}{_absent(absent)}"


def _absent(absent: object) -> str:
    if isinstance(absent, Tacit):
        return f"; who is absent agrees unless it refuses within {absent.days} days"
    return {"blocks": "; who is absent refuses", "waits": "; who is absent is waited for"}.get(str(absent), "")


def class_words(decision: DecisionClass) -> str:
    """Return how a class of questions is decided, and what follows from it."""
    words = [rule_words(decision.parsed())]
    words += ["needs the consent of the member concerned"] if decision.touches_soil_or_data else []
    words += [f"takes effect {decision.timelock_hours} hours later"] if decision.timelock_hours else []
    words += [f"lapses after {decision.expires_days} days"]
    words += [f"can be appealed to {decision.appeal}"] if decision.appeal else []
    given = [name for name in decision.confers if name != "resolve"]
    words += [f"may confer {_any_of(given)}"] if given else []
    return "; ".join(words)


def clause_words(clause: Clause) -> str:
    """Return what a node makes of ``clause``: who may, must or may not send what to whom, and under what conditions."""
    kinds, ban = ", ".join(clause.kinds) or "nothing", clause.modality == "ban"
    limit = clause.standing or (() if ban else ("full",) if clause.standing is None else ())
    standing = f"standing {_any_of(limit)}" if limit else "any standing" if ban else "no standing at all"
    senders, recipients = (_any_of([_ROLES[role] for role in roles]) for roles in (clause.senders, clause.recipients))
    if ban:
        acts = [act for act, ends in (("send", senders), ("receive", recipients)) if ends]
        if senders == recipients or len(acts) < 2:
            who = senders or recipients
            told = f"{who} may not {' or '.join(acts)}" if acts else "nobody is kept from sending"
            return f"With {standing}, {told} {kinds}."
        return f"With {standing}, {senders} may not send, and {recipients} may not receive, {kinds}."
    must = {"power": "has the power to", "permission": "may", "duty": "must"}[clause.modality]
    words = [f"With {standing}, {senders or 'nobody'} {must} send {kinds} to {recipients or 'itself'}"]
    words += ["only within a case"] if clause.needs_case else []
    words += ["also before entry into force"] if clause.before_entry else []
    words += [f"with the consent of {_OWNERS[clause.consent_of]}"] if clause.consent_of != "none" else []
    words += [f"as decided by {clause.decision}"] if clause.decision else []
    words += [f"and owes {', '.join(clause.obligations)}"] if clause.obligations else []
    after = " It is about " + _OBJECTS[clause.object] + "." if clause.object != "none" else ""
    after += " It may be reserved." if clause.reservable else ""
    after += " It goes on for a member that has left, while the instrument is wound down." if clause.wind_down else ""
    return f"{', '.join(words)}.{after}"


def instrument_words(instrument: Instrument) -> str:
    """Return how ``instrument`` comes into force, ends and is left."""
    signatures = _counted(instrument.entry_into_force, "signature")
    if instrument.draft:
        words = ["A draft: a text under negotiation, which gives no power"]
    else:
        words = [f"In force with {signatures} of members in full standing"]
        words += [f"among them {', '.join(instrument.required)}"] if instrument.required else []
        words += [f"{_counted(instrument.entry_delay_days, 'day')} later"] if instrument.entry_delay_days else []
        also = "is" if len(instrument.requires) == 1 else "are"
        words += [f"once {' and '.join(instrument.requires)} {also} in force too"] if instrument.requires else []
    ends = f"It ends after {_counted(instrument.sunset_days, 'day')}" if instrument.sunset_days else "It has no end"
    leave = f"a member leaves after a notice of {_counted(instrument.notice_days, 'day')}"
    leave += f" and {_counted(instrument.wind_down_days, 'day')} to wind down" if instrument.wind_down_days else ""
    kept = f"what is sent is kept at most {_counted(instrument.retention_days, 'day')}"
    traffic = " It admits exercise traffic only." if instrument.exercise else ""
    return f"{', '.join(words)}. {ends}; {leave}; {kept}.{traffic}"


def document_words(document: Document) -> str:
    """Return what ``document`` is: of which day, a draft or not, in place of which, and who counts its votes."""
    dated = f"of {document.dated}" if document.dated != "1970-01-01" else "without a date"
    words = [f"A charter {dated}{', a draft that binds nobody' * document.draft}"]
    words += [f"in place of {document.supersedes[:16]}"] if document.supersedes else []
    words += [f"votes are counted by {', then '.join(document.depositaries)}"] if document.depositaries else []
    votes = _counted(document.epoch_signatures, "vote")
    words += [f"a standing changes only with {votes} in favour from others"] if document.epoch_signatures > 1 else []
    return "; ".join(words) + "."


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}{'s' * (count != 1)}"


def _any_of(words: Sequence[str]) -> str:
    return " or ".join(words)
