"""``hamsaya compliance``: what was promised, what is known about it, who says so, what was found, and what follows.

Messages go to every party that a clause lets be told; ``--to`` says otherwise.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY
from hamsaya.cli.command import InFile, Session, command, foreign_year, instant, read_toml
from hamsaya.cli.output import Table, facts, when
from hamsaya.messages.compliance import (
    Attest,
    Close,
    Drop,
    Evidence,
    EvidenceClass,
    Finding,
    FollowUp,
    Ground,
    Notify,
    Provisional,
    Publication,
    Rating,
    Reply,
    Stance,
    Track,
    Verdict,
)

app = typer.Typer(help="Commitments, evidence, verdicts, replies, findings, and what follows.", no_args_is_help=True)

ALL = ["all"]
Commitment = Annotated[str, typer.Argument(help="The commitment's reference.")]
FindingRef = Annotated[str, typer.Argument(help="The finding's reference.")]
Date = typer.Option(parser=instant, metavar="DATE")


@command(app, "status")
def status(session: Session) -> None:
    """List commitments: rating, P(breach) and apart from it the grade of evidence, findings, who owes what by when."""
    judged = {each["commitment"]: each for each in session.call("posteriors")}
    views = [{**view, "posterior": judged.get(view["commitment"])} for view in session.call("commitments")]
    session.answer(
        views,
        Table(("commitment", "owner", "title", "rating", "since", "evidence", "access denied"),
              [(v["commitment"], v["owner"], v["terms"]["title"], v["words"], when(v["rated_at"]), v["by_class"],
                v["access_denied"]) for v in views], "Commitments"),
        Table(("commitment", "rating", "P(breach), 90 percent", "evidence", "independent reports", "errors"),
              [_judged_row(v["posterior"]) for v in views if v["posterior"]], "How probable, and on how much"),
        Table(("commitment", "months", "reading", "ratio, 90 percent", "why"),
              [_reading_row(v["commitment"], v["posterior"]["reading"]) for v in views
               if v["posterior"] and v["posterior"]["reading"]], "What the joint picture says of it"),
        Table(("finding", "commitment", "status", "proposed", "adopted", "verdicts", "not heard"),
              [_finding_row(f) for v in views for f in v["findings"]], "Findings"),
        Table(("finding", "waits for", "of", "due", "overdue"),
              [(f["finding"]["finding"], d["step"], d["by"], when(d["due"]), "yes" if d["overdue"] else "")
               for v in views for f in v["findings"] for d in f["due"]], "What is due"),
    )


def _judged_row(found: dict[str, Any]) -> tuple[object, ...]:
    breach = found["breach"]
    return (found["commitment"], found["words"], f"{breach['mid']:.2f} ({breach['low']:.2f} to {breach['high']:.2f})",
            found["grade"], round(found["independent"], 1), "learned here" if found["learned"] else "published")


def _reading_row(commitment: str, found: dict[str, Any]) -> tuple[object, ...]:
    ratio = found["ratio"]
    return (commitment, f"{found['first']} to {found['last']}" if found["first"] else None, found["reading"],
            ratio and f"{ratio['mid']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})", found["reason"])


def _finding_row(view: dict[str, Any]) -> tuple[object, ...]:
    finding = view["finding"]
    status = f"{view['status']}, voted down" if view["voted_down"] else view["status"]
    return (finding["finding"], finding["commitment"], status, finding["proposed"], finding["rating"],
            view["tally"], view["outstanding"])


@command(app, "declare", "send")
def declare(session: Session, file: InFile) -> None:
    """Make a promise from a TOML file: indicator, target, mandate, panel, k; docs/by-hand.md has an example."""
    terms = {"query": None, "materiality": 0.0, "publication": "members", **read_toml(file)}
    if terms.get("panel") == []:
        raise OperatorError(f"{file}: expected a panel with at least one seat, received an empty one; name its members "
                            "first", code="bad-file")
    session.answer_sent(session.submit("compliance.commit", {**terms, "until": _instant(file, terms)}, ALL))


def _instant(file: Path, terms: dict[str, Any]) -> int:
    """Return the end of the mandate; a TOML date stands for its first moment in UTC."""
    match terms.get("until"):
        case date() as day if foreign_year(day.year):  # A date-time is a date too.
            raise OperatorError(f"{file}: until = {day.isoformat()} reads as a year of another calendar; convert the "
                                "day and write it as a Gregorian one, such as 2026-03-01", code="bad-file")
        case datetime() as moment:
            return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
        case date() as day:
            return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
        case int() as ms:
            return ms
        case other:
            raise OperatorError(f"{file}: expected until = a date, the end of the mandate, received {other!r}",
                                code="bad-file")


@command(app, "indicator")
def indicator(session: Session, commitment: Commitment) -> None:
    """Show what the joint picture says of a commitment, period by period; what nobody observed is unverified."""
    figures = session.call("indicator", commitment=commitment)
    session.answer(figures, Table(("first", "last", "lowest", "highest", "cells observed", "reading"),
                                  [(f["first"], f["last"], f["low"], f["high"], f"{f['observed']} of {f['cells']}",
                                    f["reading"]) for f in figures], commitment))


@command(app, "evidence", "send")
def evidence(
    session: Session,
    commitment: Commitment,
    reference: Annotated[str, typer.Argument(help="A new reference for this evidence.")],
    evidence_class: Annotated[EvidenceClass, typer.Option("--class")],
    observed_from: Annotated[int, Date],
    observed_to: Annotated[int, Date],
    summary: Annotated[str, typer.Option()],
    file: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The evidence; only its digest is sent.")],
    value: Annotated[float | None, typer.Option(help="The indicator as measured.")] = None,
    unit: Annotated[str | None, typer.Option(help="The value's unit, which is the commitment's.")] = None,
    replaces: Annotated[str | None, typer.Option(help="Own earlier evidence that this corrects.")] = None,
) -> None:
    """Lodge one piece of evidence by its digest; denied access is a class of its own."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").digest()
    session.send(Evidence(commitment=commitment, evidence=reference, evidence_class=evidence_class,
                          observed_from=observed_from, observed_to=observed_to, value=value, unit=unit,
                          replaces=replaces, digest=digest, summary=summary), ALL)


@command(app, "raise", "send")
def raise_finding(
    session: Session,
    commitment: Commitment,
    finding: FindingRef,
    proposed: Annotated[Rating, typer.Option(help="The rating proposed: LC, PC or NC.")],
    evidence: Annotated[list[str], typer.Option(help="Evidence it rests on, by reference; repeat.")],
    conductor: Annotated[str, typer.Option(help="Who screens, notifies and adopts it, and follows it up.")],
    reopens: Annotated[str | None, typer.Option(help="A closed finding that it takes up again.")] = None,
) -> None:
    """Raise a provisional finding on evidence, and name who conducts it."""
    session.send(Provisional(commitment=commitment, finding=finding, proposed=proposed, evidence=evidence,
                             conductor=conductor, reopens=reopens), ALL)


@command(app, "notify", "send")
def notify(
    session: Session,
    finding: FindingRef,
    reply_days: Annotated[int, typer.Option(min=1, help="Days for the owner's reply.")] = 16,
    reply_due: Annotated[int | None, typer.Option(parser=instant, metavar="DATE", help="Not --reply-days.")] = None,
) -> None:
    """Notify a provisional finding, as its conductor, and give the owner time to reply."""
    due = reply_due if reply_due is not None else session.now() + reply_days * DAY
    session.send(Notify(finding=finding, reply_due=due), ALL)


@command(app, "reply", "send")
def reply(
    session: Session, finding: FindingRef, stance: Annotated[Stance, typer.Argument()],
    text: Annotated[str, typer.Option()],
) -> None:
    """Reply, as the owner of the commitment, to a notified finding, and say whether it is disputed."""
    session.send(Reply(finding=finding, stance=stance, text=text), ALL)


@command(app, "attest", "send")
def attest(
    session: Session, finding: FindingRef, verdict: Annotated[Verdict, typer.Argument()],
    reason: Annotated[str | None, typer.Option(help="Why; a dissent note carries it.")] = None,
) -> None:
    """Give this member's verdict as a seat of the panel."""
    session.send(Attest(finding=finding, verdict=verdict, reason=reason), ALL)


@command(app, "finding", "send")
def adopt(session: Session, finding: FindingRef, rating: Annotated[Rating, typer.Argument()]) -> None:
    """Adopt, as its conductor, the rating that the panel's verdicts yield."""
    session.send(Finding(finding=finding, rating=rating), ALL)


@command(app, "drop", "send")
def drop(session: Session, finding: FindingRef, text: Annotated[str, typer.Option(help="Why.")]) -> None:
    """Drop a finding before it is adopted, as its conductor: the evidence does not bear it."""
    session.send(Drop(finding=finding, text=text), ALL)


@command(app, "follow-up", "send")
def follow_up(
    session: Session, finding: FindingRef, track: Annotated[Track, typer.Argument()],
    review_on: Annotated[int, Date], text: Annotated[str, typer.Option(help="What is to be done.")],
) -> None:
    """Order what follows from an adopted finding, as its conductor, and when it is looked at again."""
    session.send(FollowUp(finding=finding, track=track, review_on=review_on, text=text), ALL)


@command(app, "close", "send")
def close(
    session: Session, finding: FindingRef, ground: Annotated[Ground, typer.Argument()],
    evidence: Annotated[list[str] | None, typer.Option(help="What shows that it is remedied; repeat.")] = None,
) -> None:
    """Close an adopted finding, as its conductor: the commitment is unverified until another finding."""
    session.send(Close(finding=finding, ground=ground, evidence=evidence or []), ALL)


@command(app, "publish")
def publish(
    session: Session, commitment: Commitment,
    level: Annotated[Publication, typer.Option(help="Who will read it.")] = "public",
) -> None:
    """Print what may be said of a commitment to the public, the members or its owner; nothing is sent."""
    view = session.call("statement", commitment=commitment, level=level)
    session.answer(
        view,
        facts(commitment=view["commitment"], title=view["title"], owner=view["owner"], rating=view["words"],
              confidence=view["confidence"], since=when(view["since"]), panel=view["votes"], dissent=view["dissent"]),
        Table(("evidence", "class", "lodged by", "from", "to"),
              [(e["evidence"], e["evidence_class"], e["lodged_by"], when(e["observed_from"]), when(e["observed_to"]))
               for e in view["index"]], "Evidence"),
    )
