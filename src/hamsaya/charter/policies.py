"""Every clause as a Cedar policy, in words that read like the article.

Rules
1. A power, permission or duty is a ``permit``, a ban a ``forbid``; the cut link is one more ``forbid``.
2. The sender is the principal, the kind of message the action, the recipient the resource; all else is context.
3. The text is written from the document's clauses, not from what ``charter.compiled`` made of them, so that a mistake
   made there is not made here too.
4. What people wrote stands in quotation marks, and whatever could end them is written by its number.

    print(policy_text(compiled, "case-exchange", "CX.3"))

Left out: obligations, which permit and forbid nothing. ``charter.cedar`` puts questions to the policies.
"""

from __future__ import annotations

from collections.abc import Iterable

from hamsaya.base.errors import OperatorError
from hamsaya.charter.compiled import ALL_ROLES, ALL_STANDINGS, Compiled
from hamsaya.charter.rules import PASS_CUTS
from hamsaya.charter.types import Clause, Instrument

SENDER, RECIPIENT = "principal", "resource"
TRUE, FALSE = "true", "false"

LINKS = "charter:links"
LINK_POLICY = f"""@id("{LINKS}")
@says("Nothing passes a cut link but word of the cut itself, questions, and what was decided on them.")
forbid (principal, action, resource)
when {{ context.link_cut }}
unless {{ action in [{", ".join(f'Action::"{kind}"' for kind in sorted(PASS_CUTS))}] }};"""


def policy_text(compiled: Compiled, instrument: str, clause: str) -> str:
    """Return one clause as Cedar reads it, for people to read; raises OperatorError ``unknown-clause``."""
    for one in compiled.document.instruments:
        for each in one.clauses:
            if (one.id, each.id) == (instrument, clause):
                return policy(one, each)
    raise OperatorError(
        f"expected a clause of the charter, received {instrument[:64]}:{clause[:64]}; the charter's own text lists "
        "its instruments and their clauses", code="unknown-clause",
    )


def policy(instrument: Instrument, clause: Clause) -> str:
    """Return ``clause`` as one policy: its reference, its sentence, whom and what it speaks of, its conditions."""
    ban = clause.modality == "ban"
    under = f"context.instrument == {quoted(instrument.id)}" if clause.kinds else FALSE
    tests = (under, *(_ban(clause) if ban else _grant(clause)))
    lines = (
        f"@id({quoted(f'{instrument.id}:{clause.id}')})",
        f"@says({quoted(clause.text)})",
        f"{'forbid' if ban else 'permit'} (principal, {_action(clause.kinds)}, resource)",
        *(f"when {{ {test} }}" for test in tests if test != TRUE),
    )
    return "\n".join(lines) + ";"


def _grant(clause: Clause) -> Iterable[str]:
    yield _roles(SENDER, clause.senders)
    yield _roles(RECIPIENT, clause.recipients) if clause.recipients else "context.note_to_self"
    standings = ("full",) if clause.standing is None else clause.standing
    for end in (SENDER, RECIPIENT):
        winding = f' || (context.winding_down && {end}.standing == "left")' if clause.wind_down else ""
        held = _one_of(f"{end}.standing", standings, ALL_STANDINGS)
        yield held if held == TRUE else held + winding
    if not clause.before_entry:
        yield "context.in_force && !context.expired && context.both_bound"
    if clause.needs_case:
        yield "context.within_case"
    if clause.consent_of != "none":
        yield f"context.consents.contains({quoted(clause.consent_of)})"
    name = quoted(clause.id)
    yield f"!context.reserved.contains({name}) && !context.not_accepted.contains({name})"


def _ban(clause: Clause) -> Iterable[str]:
    ends = []
    for end, roles in ((SENDER, clause.senders), (RECIPIENT, clause.recipients)):
        # A ban that lists no standing stops every standing.
        held = _one_of(f"{end}.standing", clause.standing, ALL_STANDINGS) if clause.standing else TRUE
        ends.append(_all_of(_roles(end, roles), held))
    if TRUE in ends:
        yield TRUE
    else:
        yield " || ".join(test for test in ends if test != FALSE) or FALSE


def _all_of(one: str, other: str) -> str:
    """Return the test that both hold."""
    if FALSE in (one, other):
        return FALSE
    left = [test for test in (one, other) if test != TRUE]
    return f"({' && '.join(left)})" if len(left) == 2 else (left or [TRUE])[0]


def _roles(end: str, roles: Iterable[str]) -> str:
    return TRUE if "any" in roles else _one_of(f"{end}.role", roles, ALL_ROLES)


def _one_of(word: str, values: Iterable[str], every: frozenset[str]) -> str:
    """Return the test that ``word`` is one of ``values``: of none it never is, and of all of them always."""
    listed = tuple(dict.fromkeys(values))
    if len(listed) < 2:
        return f"{word} == {quoted(listed[0])}" if listed else FALSE
    return TRUE if every <= set(listed) else f"[{', '.join(map(quoted, listed))}].contains({word})"


def _action(kinds: tuple[str, ...]) -> str:
    """Return the scope of ``kinds``; a room's name, as in "case.*", is a group of actions that its kinds lie in."""
    named = [f"Action::{quoted(kind)}" for kind in kinds]
    if len(named) > 1:
        return f"action in [{', '.join(named)}]"
    return f"action {'in' if kinds[0].endswith('.*') else '=='} {named[0]}" if named else "action"


def quoted(text: str) -> str:
    """Return ``text`` as a Cedar string: whatever is not plainly printable is written by its number."""
    plain = (c if c.isprintable() and c not in '"\\' else f"\\u{{{ord(c):x}}}" for c in text)
    return f'"{"".join(plain)}"'
