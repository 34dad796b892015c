"""``hamsaya compliance``, the arithmetic of verification: no node, no messages, files and figures in, figures out.

How much to look, when to alarm, who errs how, how probable a breach is, and what ratings add up to.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hamsaya.cli.command import InFile, Session, command
from hamsaya.cli.output import Table, facts

app = typer.Typer()
Chart = Annotated[Path | None, typer.Option("--figure", metavar="FILE", help="Also draw it, as .svg or .png.")]


def _numbers(text: str) -> list[float]:
    """Return the numbers of ``text``: separated by commas, or a file of them."""
    source = Path(text).read_text(encoding="utf-8") if text and Path(text).is_file() else text
    try:
        return [float(part) for part in source.replace(",", " ").split()]
    except ValueError:
        raise typer.BadParameter(f"expected numbers such as 0,1,0 or a file of them, received {text[:40]!r}") from None


@command(app, "sampling", "json")
def sampling(
    session: Session,
    population: Annotated[int, typer.Option(min=1, help="Items in the list.")],
    defects: Annotated[int, typer.Option(min=1, help="Defective items that matter.")],
    nondetection: Annotated[float, typer.Option(help="Admitted chance to find none of them, such as 0.1.")],
    p_find: Annotated[float, typer.Option(help="Chance that an inspected defective item is seen as one.")] = 1.0,
    days: Annotated[float | None, typer.Option(help="Also: find a standing breach within so many days.")] = None,
) -> None:
    """Work out how many items to inspect, exactly, and how often to visit."""
    from hamsaya.node.verification import sampling_plan

    view = sampling_plan(population, defects, nondetection, p_find, days)
    session.answer(view, facts(inspect=view.exact, by_the_approximation=view.approximate, of=population,
                               nondetection=view.achieved_nondetection, visits_per_day=view.visits_per_day,
                               visits_per_year=view.visits_per_year))


@command(app, "panel", "json")
def panel(
    session: Session,
    liars: Annotated[int | None, typer.Option(min=0, help="The least panel that so many liars cannot turn.")] = None,
    seats: Annotated[int | None, typer.Option(min=1, help="Or: a panel of so many seats, with --k.")] = None,
    k: Annotated[int | None, typer.Option(min=1, help="Verdicts that decide.")] = None,
    detect: Annotated[float, typer.Option(help="Chance that an honest seat sees a breach that is there.")] = 0.8,
    false: Annotated[float, typer.Option(help="Chance that it sees one that is not.")] = 0.1,
    colluders: Annotated[int | None, typer.Option(min=0, help="Seats that lie; else 0 up to k.")] = None,
) -> None:
    """Say how often k of n seats confirm a breach and a fabrication, with seats that lie; or which panel bears them."""
    from hamsaya.node.verification import panel_of

    if (liars is None) == (seats is None) or (seats is None) != (k is None):
        raise typer.BadParameter("expected --liars, or --seats with --k")
    view = panel_of(liars, seats, k, detect, false, colluders)
    session.answer(view, *view.words,
                   Table(("colluding seats", "a real breach is confirmed", "a fabricated one passes"),
                         [(row.colluders, row.detection, row.false_alarm) for row in view.rows]))


@command(app, "sprt", "json")
def sprt(
    session: Session,
    alpha: Annotated[float, typer.Option(help="Admitted chance to call an honest member a breaker.")] = 0.05,
    beta: Annotated[float, typer.Option(help="Admitted chance to call a breaker honest.")] = 0.10,
    p0: Annotated[float | None, typer.Option(help="An honest member: chance of a 1, or mean count.")] = None,
    p1: Annotated[float | None, typer.Option(help="A breaker: the same.")] = None,
    stream: Annotated[str, typer.Option(help="What was seen: 0,1,0 or counts, or a file of them.")] = "",
    counts: Annotated[bool, typer.Option("--counts", help="Counts a period instead of looks of 0 and 1.")] = False,
    figure: Chart = None,
) -> None:
    """Test one look after the other until it is enough: Wald's bounds, and where a stream ends."""
    from hamsaya.node.verification import sprt_of

    view = sprt_of(alpha, beta, p0, p1, _numbers(stream), counts)
    drawn = []
    if figure is not None:
        from hamsaya.cli import price_figures

        drawn = [price_figures.draw(figure, price_figures.sequential(view))]
    session.answer(view, facts(ln_a=view.ln_a, ln_b=view.ln_b, mean_looks_if_honest=view.looks_honest,
                               mean_looks_if_breach=view.looks_breach, verdict=view.verdict, after=view.after), *drawn)


@command(app, "cusum", "json")
def cusum(
    session: Session,
    honest: Annotated[float, typer.Option(help="Mean count a period of an honest member.")],
    breach: Annotated[float, typer.Option(help="Mean count a period of a breaker.")],
    h: Annotated[int, typer.Option(min=1, help="Alarm at so many counts above the allowance.")] = 5,
    allowance: Annotated[int | None, typer.Option(min=0, help="Counts forgiven each period; else the best.")] = None,
    stream: Annotated[str, typer.Option(help="Counts by period, or a file of them.")] = "",
    figure: Chart = None,
) -> None:
    """Watch counts for a change for the worse: exact mean periods to an alarm, honest and in breach."""
    from hamsaya.node.verification import cusum_of

    view = cusum_of(honest, breach, allowance, h, _numbers(stream))
    drawn = []
    if figure is not None:
        from hamsaya.cli import price_figures

        drawn = [price_figures.draw(figure, price_figures.cumulative(view))]
    session.answer(view, facts(allowance=view.allowance, alarm_at=view.h,
                               periods_to_a_false_alarm=view.run_length_honest,
                               periods_to_a_true_one=view.run_length_breach, alarm_in_period=view.alarm), *drawn)


@command(app, "attestors", "json")
def attestors(
    session: Session,
    file: InFile,
    prior: Annotated[float, typer.Option(min=0.0, help="Items each attestor is taken to have got right before.")] = 0.0,
    pool: Annotated[float, typer.Option(min=0.0, help="Items by which it is drawn to others of its relation.")] = 2.0,
    figure: Chart = None,
) -> None:
    """Learn who errs how from a CSV of item, attestor, label (relation, bloc), the truth being unknown."""
    from hamsaya.node.verification import attestors_of

    view = attestors_of(file, prior, pool)
    drawn = []
    if figure is not None:
        from hamsaya.cli import price_figures

        drawn = [price_figures.draw(figure, price_figures.attestors(view), (9.0, 6.0))]
    remarks = [f"Contradiction: {text}." for text in view.contradictions]
    remarks += [f"Most labels contradict the name of class {name}: names may be swapped." for name in view.swapped]
    session.answer(
        view,
        Table(("class", "prevalence"), list(view.prevalence.items())),
        Table(("attestor", "relation", "looks", "right", "P(label | true class)"),
              [(each.attestor, each.relation, each.looks, each.accuracy,
                "; ".join(f"{truth}: " + ", ".join(f"{label} {share:.2f}" for label, share in row.items())
                          for truth, row in each.confusion.items())) for each in view.attestors]),
        *remarks, *drawn,
    )


@command(app, "judge", "json")
def judge(session: Session, file: InFile) -> None:
    """Judge one commitment from a JSON file: P(breach) with its interval, and apart from it the grade of evidence."""
    from hamsaya.node.judging import judged_of

    view = judged_of(file)
    session.answer(view, *view.words, facts(
        panel_detects=view.panel_detection, panel_false_alarm=view.panel_false_alarm, votes=view.votes,
        outside_target=f"{view.outside_target} of {view.measurements}", access_denied=view.access_denied))


@command(app, "rating", "json")
def rating(session: Session, file: InFile) -> None:
    """Tally the ratings of a JSON file, and say which follow-up its triggers ask for; U never counts as compliant."""
    from hamsaya.node.verification import ratings_of

    view = ratings_of(file)
    session.answer(
        view,
        Table(("rating", "count"), list(view.tally.items())),
        Table(("trigger", "met", "follow-up", "why"), [(t.name, t.met, t.then, t.sentence) for t in view.triggers]),
        facts(rated=view.rated, unverified=view.unverified, score=view.score, follow_up=view.follow_up),
    )
