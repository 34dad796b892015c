"""What a decision of the charter costs, beside the public-key operations of the message it is about."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from hamsaya.adapters.clock import SystemClock
from hamsaya.adapters.memory import MemoryStore
from hamsaya.adapters.regionpack import Pack
from hamsaya.base.instants import DAY
from hamsaya.charter import cedar, rules
from hamsaya.charter.cedar import Engine, compile_policies
from hamsaya.charter.compiled import compile_document
from hamsaya.charter.power import Game, indices
from hamsaya.charter.types import Document, Request, document_from_plain
from hamsaya.cli.bench_nodes import (
    CASE,
    RECIPIENTS,
    Bench,
    ask,
    make_floor,
    per_call,
    prepare,
    receiver,
)
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import kind_of
from hamsaya.node.bootstrap import settle_memory
from hamsaya.node.charter_report import report_of
from hamsaya.node.core import Node

ROUNDS = 5


def charter(quick: bool) -> dict[str, Any]:
    """Measure decisions on a question to four recipients against the public-key floor of that message."""
    bench = prepare()
    settle_memory()
    node, times = receiver(bench, MemoryStore()), 200 if quick else 1_000
    work = {"floor": make_floor(bench), **_decisions(bench, node)}
    rounds = [{name: per_call(call, times) for name, call in work.items()} for _ in range(2 if quick else ROUNDS)]
    costs = {name: statistics.median(each[name] for each in rounds) for name in work}
    ratios = {name: statistics.median(each[name] / each["floor"] for each in rounds) for name in work}
    return {
        **{f"{name}_us": round(cost * 1e6, 1) for name, cost in costs.items()},
        **{f"{name}_ratio": round(ratio, 4) for name, ratio in ratios.items() if name != "floor"},
        **_texts(bench.pack, 1 if quick else 3),
        "recipients": RECIPIENTS, "rounds": len(rounds),
    }


def _decisions(bench: Bench, node: Node) -> dict[str, Callable[[], object]]:
    """Return ways to decide on one question: remembered, anew for the whole message, and by each engine once."""
    agreement, state, now = node.agreement, node.state.charter, SystemClock().now()
    body = ask(0, bench.members[1])
    event = Event(bytes(16), kind_of(body), bench.members[0], tuple(bench.members[1:]), "", CASE, now, now + DAY,
                  agreement.exercise, body)
    event = replace(event, instrument=agreement.instrument_for(event.kind))
    agreement.decide(state, event).require()
    situation, compiled = agreement.situation(state, now), agreement.charter
    policies = compile_policies(compiled)
    request = Request(event.kind, event.sender, event.recipients[0], event.instrument, CASE, event.exercise, now)
    sender, recipient = compiled.members[request.sender], compiled.members[request.recipient]
    facts, _ = rules.facts_of(situation, request, sender, recipient)
    return {
        "cached": lambda: agreement.decide(state, event),
        "uncached": lambda: rules.decide_event(situation, event, judge=Engine({compiled.revision: policies})),
        "both_engines": lambda: Engine({compiled.revision: policies}).ask(compiled, facts),
        "cedar_alone": lambda: cedar.judge(policies, facts),
        "rules_alone": lambda: rules.judge(compiled, facts),
    }


def _texts(pack: Pack, rounds: int) -> dict[str, Any]:
    """Return the seconds of what is done once for a charter's text: a report, its policies, exact indices."""
    document = _two_hundred(pack)
    compiled, game = compile_document(document), Game(tuple(range(1, 26)), 25 * 26 // 4 + 1)
    work: dict[str, Callable[[], object]] = {
        "report": lambda: report_of(document), "policies": lambda: compile_policies(compiled),
        "indices_of_25": lambda: indices(game),
    }
    members = sum(party.role == "member" for party in document.members)
    return {
        **{f"{name}_s": round(statistics.median(per_call(call, 1) for _ in range(rounds)), 3)
           for name, call in work.items()},
        "clauses": sum(len(instrument.clauses) for instrument in document.instruments), "members": members,
    }


def _two_hundred(pack: Pack) -> Document:
    """Return the pack's charter with its clauses repeated, under other references, until there are 200."""
    document = document_from_plain(pack.charter)
    instruments = list(document.instruments)
    clauses = [(index, clause) for index, one in enumerate(instruments) for clause in one.clauses]
    for number in range(200 - len(clauses)):
        index, clause = clauses[number % len(clauses)]
        more = msgspec.structs.replace(clause, id=f"{clause.id}-{number}")
        instruments[index] = msgspec.structs.replace(instruments[index], clauses=(*instruments[index].clauses, more))
    return msgspec.structs.replace(document, instruments=tuple(instruments))
