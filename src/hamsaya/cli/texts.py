"""``hamsaya charter``, on a charter's text alone: what it gives, whether it is sound, what a version changes, a vote.

None of these needs a node. A charter is named by a version, an installed pack, a folder or a file.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hamsaya.base.instants import DAY, HOUR
from hamsaya.cli.command import Session, command
from hamsaya.cli.output import Block, Table, cell, facts

app = typer.Typer()
CharterName = Annotated[str | None, typer.Argument(
    metavar="CHARTER", help="A version such as 2026-09-01, PACK/2026-09-01, a pack, a folder or a charter.toml; "
                              "else the built-in pack's own.")]


@command(app, "power", "json")
def power(
    session: Session,
    weights: Annotated[str, typer.Option(help="Votes of each member, such as 1,1,1 or 5,3,2.")],
    quota: Annotated[int, typer.Option(help="Votes that decide.")],
    veto: Annotated[str, typer.Option(help="Members with a veto, numbered from 0, such as 0,1.")] = "",
) -> None:
    """Work out who can decide what under a voting rule: winning coalitions and exact power indices."""
    from hamsaya.node.charter_power import power_of

    try:
        view = power_of(_numbers(weights, "--weights"), quota, _numbers(veto, "--veto"))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    alike: dict[tuple[object, ...], list[int]] = {}
    each = zip(view.swings, view.banzhaf, view.banzhaf_raw, view.shapley_shubik, view.prevent, view.initiate,
               strict=True)
    for member, row in enumerate(each):
        alike.setdefault(row, []).append(member)
    columns = ("swings", "Banzhaf", "decisive", "Shapley-Shubik", "can prevent", "can initiate")
    session.answer(
        view,
        facts(winning_coalitions=view.winning, power_to_act=f"{view.power_to_act:g} ({view.power_to_act_exact})",
              cannot_be_outvoted=view.blockers, smallest_veto_set=view.smallest_veto_set, decides_alone=view.dictator,
              never_matters=view.dummies),
        Table(("members", *columns), [(members, *row) for row, members in alike.items()]),
    )


@command(app, "report", "json")
def report(session: Session, charter: CharterName = None) -> None:
    """Report what a charter gives to whom: who can decide, what stops it, powers nobody can use, every article."""
    from hamsaya.node.charter_report import report_of
    from hamsaya.node.packs import open_charter

    view = report_of(open_charter(charter))
    absences = list(view.decidable)
    session.answer(
        view,
        f"{view.title}: {len(view.members)} members with a seat. {view.words}",
        Table(
            ("decision", "winning", "power to act", "veto set", *(f"{k} absent" for k in absences), "p_decide"),
            [(one.id, *_power(one), *("goes on" if one.stopped_by[k] is None else "stops" for k in absences),
              one.p_decide) for one in view.classes],
        ),
        *(f"{one.id}  {one.title}: {one.words}." for one in view.classes),
        f"p_decide: against the will of the member concerned, {view.others} others, each refusing 1 time in "
        f"{1 / view.p_block:g}.",
        *(f"R_{k}: with any {k} absent {share.exact} of the classes can still be decided while the member whose own "
          f"act it is attends, {share.whoever_is_absent} where it may be among the absent."
          for k, share in view.decidable.items()),
        *([] if view.unusable else ["No power is one that nobody can use."]),
        *(f"Nobody can use {one.ref}: {one.sentence}." for one in view.unusable),
        *([] if view.conflicts else ["No ban takes a permission back."]),
        *(f"Conflict at {one.ref}: {one.sentence}." for one in view.conflicts),
        *(f"{one.severity.capitalize()} at {one.ref}: {one.sentence}." for one in view.problems),
        *(f"{one.id}  {one.title}: {one.purpose}\n    {one.words}" for one in view.instruments),
        *(f"{one.ref}  {'(draft) ' * one.draft}{one.text}\n    {one.words}" for one in view.articles),
    )


def _power(one: Any) -> tuple[object, ...]:
    """Return the columns of a class's power; of one without indices the reason."""
    if one.power is None:
        return one.why_no_power, None, None
    return (one.power.winning, one.power.power_to_act_exact,
            f"any {one.power.smallest_veto_set} of {one.power.members}")


@command(app, "check", "json")
def check(session: Session, charter: CharterName = None) -> int:
    """Say whether a charter is fit to be signed: contradictions, circles, dates, signatures, consent."""
    from hamsaya.node.charter_texts import check_named

    view = check_named(charter)
    errors = sum(one.severity == "error" for one in view.problems)
    verdict = "sound" if view.sound else f"refused for {errors} error{'s' * (errors != 1)}"
    session.answer(
        view, f"{view.title} ({view.dated}, {view.revision[:16]}): {verdict}.",
        *(f"{one.severity} at {one.ref}: {one.sentence} [{one.code}]" for one in view.problems),
    )
    return 0 if view.sound else 1


@command(app, "diff", "json")
def diff(
    session: Session,
    old: Annotated[str, typer.Argument(help="The earlier charter, named as for charter report.")],
    new: Annotated[str, typer.Argument(help="The later one.")],
) -> None:
    """Show what one version of a charter changes against another, and who gains or loses power by it."""
    from hamsaya.node.charter_texts import compare_named

    view = compare_named(old, new)
    parts = [*view.members, *view.instruments, *view.articles]
    blocks: list[Block] = [f"From {view.before}\nto {view.after}:"]
    blocks += [f"charter  {_field(field)}" for field in view.charter]
    for change in parts:
        blocks.append("\n".join([f"{change.verb} {change.ref}  {change.words}",
                                 *(f"    {_field(field)}" for field in change.fields)]))
    for rule in view.rules:
        chances = " to ".join("none" if chance is None else f"{chance:.4g}" for chance in rule.p_decide)
        blocks.append("\n".join([f"{rule.verb} rules:{rule.ref}  {rule.words}",
                                 *(f"    {_field(field)}" for field in rule.fields),
                                 f"    p_decide from {chances}{f'; {rule.price}' if rule.price else ''}"]))
    blocks += [f"R_{one.k} from {one.before or 'none'} to {one.after or 'none'}" for one in view.r_k]
    blocks += _gains(view.power)
    if len(blocks) == 1:
        blocks.append("Nothing differs." if view.same else "Only the order of its parts differs.")
    session.answer(view, *blocks)


def _field(field: Any) -> str:
    return f"{field.name}: {field.words or f'{cell(field.before)} -> {cell(field.after)}'}"


def _gains(power: Any) -> list[Block]:
    alike: dict[tuple[str, str, str, bool], list[str]] = {}
    for one in power:
        alike.setdefault((one.ref, one.before, one.after, one.gained > 0), []).append(one.member)
    return [f"{', '.join(members)} {'gains' if gained else 'loses'} power over {ref}: from {before} to {after}"
            for (ref, before, after, gained), members in alike.items()]


@command(app, "simulate", "json")
def simulate(
    session: Session,
    decision: Annotated[str, typer.Argument(metavar="CLASS", help="A class of decisions, such as adopt-finding.")],
    yes: Annotated[str, typer.Option(metavar="ID,ID", help="Who votes in favour.")] = "",
    no: Annotated[str, typer.Option(metavar="ID,ID", help="Who refuses, or breaks the silence.")] = "",
    abstain: Annotated[str, typer.Option(metavar="ID,ID", help="Who abstains.")] = "",
    absent: Annotated[str, typer.Option(metavar="ID,ID", help="Who is absent.")] = "",
    concerned: Annotated[str | None, typer.Option(help="The member it is about.")] = None,
    proposer: Annotated[str | None, typer.Option(help="Who asks, if the rule asks.")] = None,
    participants: Annotated[str, typer.Option(metavar="ID,ID", help="Who takes part, if the rule asks.")] = "",
    after: Annotated[str, typer.Option(help="How long after the opening, such as 72h or 10d.")] = "0h",
    charter: Annotated[str | None, typer.Option(help="The charter, named as for charter report.")] = None,
) -> None:
    """Say what a vote would give: adopted, blocked or pending, who is decisive, how many more votes it takes."""
    from hamsaya.node.charter_texts import simulate_named

    view = simulate_named(
        charter, decision, yes=_names(yes), no=_names(no), abstain=_names(abstain), absent=_names(absent),
        concerned=concerned, proposer=proposer, participants=_names(participants), after_ms=_duration(after),
    )
    until = f" until {view.until_ms / HOUR:g} hours after the opening" if view.until_ms is not None else ""
    needed = {None: "No number of further votes in favour adopts it now.", 0: ""}.get(
        view.needed, f"{view.needed} more in favour would adopt it now.")
    session.answer(
        view, f"{view.decision} after {after}: {view.verdict}{until}.", *(f"  {reason}" for reason in view.reasons),
        *(f"{member} is decisive: another word ({', '.join(words)}) would change this."
          for member, words in view.decisive.items()),
        *([needed] if needed else []), *(f"Note: {note}." for note in view.notes),
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _duration(text: str) -> int:
    """Return ``72h`` or ``10d`` as milliseconds."""
    unit = {"h": HOUR, "d": DAY}.get(text[-1:])
    if unit is None or not text[:-1].isascii() or not text[:-1].isdigit() or len(text) > 7:
        raise typer.BadParameter(f"expected hours or days in --after, such as 72h or 10d, received {text[:40]!r}")
    return int(text[:-1]) * unit


def _numbers(text: str, option: str) -> list[int]:
    try:
        return [int(word) for word in text.split(",")] if text.strip() else []
    except ValueError:
        raise typer.BadParameter(f"expected whole numbers with commas in {option}, received {text[:40]!r}") from None
