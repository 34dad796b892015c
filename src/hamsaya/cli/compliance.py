"""``hamsaya compliance``: what was promised, what is known about it, who says so, and what was found.

Messages go to every party that a clause lets be told; ``--to`` says otherwise.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer

from hamsaya.base.instants import DAY
from hamsaya.cli.command import InFile, Session, command, instant, read_toml
from hamsaya.cli.output import Table, when
from hamsaya.messages.compliance import Attest, Evidence, EvidenceClass, Finding, Notify, Rating, Reply, Verdict

app = typer.Typer(help="Commitments, evidence, attestations, replies, findings.", no_args_is_help=True)

ALL = ["all"]
Commitment = Annotated[str, typer.Argument(help="The commitment's reference.")]
FindingRef = Annotated[str, typer.Argument(help="The finding's reference.")]


@command(app, "list")
def list_commitments(session: Session) -> None:
    """List commitments with their ratings, evidence and findings; what nobody verified is unverified."""
    views = session.call("commitments")
    session.answer(
        views,
        Table(("commitment", "owner", "title", "rating", "since", "evidence", "access denied"),
              [(v["commitment"], v["owner"], v["terms"]["title"], v["words"], when(v["rated_at"]), v["by_class"],
                v["access_denied"]) for v in views], "Commitments"),
        Table(("finding", "commitment", "status", "proposed", "adopted", "reply due", "verdicts", "not heard"),
              [_finding_row(f) for v in views for f in v["findings"]], "Findings"),
    )


def _finding_row(view: dict[str, Any]) -> tuple[object, ...]:
    finding = view["finding"]
    return (finding["finding"], finding["commitment"], view["status"], finding["proposed"], finding["rating"],
            when(finding["reply_due"]), view["tally"], view["outstanding"])


@command(app, "commit", "send")
def commit(session: Session, file: InFile) -> None:
    """Make a promise from a TOML file: indicator, target, panel, k; docs/by-hand.md has an example."""
    session.answer_sent(session.submit("compliance.commit", read_toml(file), ALL))


@command(app, "evidence", "send")
def evidence(
    session: Session,
    commitment: Commitment,
    reference: Annotated[str, typer.Argument(help="A new reference for this evidence.")],
    evidence_class: Annotated[EvidenceClass, typer.Option("--class")],
    observed_from: Annotated[int, typer.Option(parser=instant, metavar="DATE")],
    observed_to: Annotated[int, typer.Option(parser=instant, metavar="DATE")],
    summary: Annotated[str, typer.Option()],
    file: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The evidence; only its digest is sent.")],
    value: Annotated[float | None, typer.Option(help="The indicator as measured.")] = None,
) -> None:
    """Lodge one piece of evidence by its digest; denied access is a class of its own."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").digest()
    session.send(Evidence(commitment=commitment, evidence=reference, evidence_class=evidence_class,
                          observed_from=observed_from, observed_to=observed_to, value=value, digest=digest,
                          summary=summary), ALL)


@command(app, "notify", "send")
def notify(
    session: Session,
    commitment: Commitment,
    finding: FindingRef,
    proposed: Annotated[Rating, typer.Option(help="The rating proposed: PC or NC.")],
    evidence: Annotated[list[str], typer.Option(help="Evidence it rests on, by reference; repeat.")],
    reply_days: Annotated[int, typer.Option(min=1, help="Days for the owner's reply.")] = 16,
    reply_due: Annotated[int | None, typer.Option(parser=instant, metavar="DATE", help="Not --reply-days.")] = None,
) -> None:
    """Open a provisional finding and give the owner time to reply."""
    due = reply_due if reply_due is not None else session.now() + reply_days * DAY
    session.send(Notify(commitment=commitment, finding=finding, proposed=proposed, evidence=evidence,
                        reply_due=due), ALL)


@command(app, "reply", "send")
def reply(session: Session, finding: FindingRef, text: Annotated[str, typer.Option()]) -> None:
    """Reply, as the owner of the commitment, to a notified finding."""
    session.send(Reply(finding=finding, text=text), ALL)


@command(app, "attest", "send")
def attest(session: Session, finding: FindingRef, verdict: Annotated[Verdict, typer.Argument()]) -> None:
    """Give this member's verdict as a seat of the panel."""
    session.send(Attest(finding=finding, verdict=verdict), ALL)


@command(app, "finding", "send")
def adopt(session: Session, finding: FindingRef, rating: Annotated[Rating, typer.Argument()]) -> None:
    """Adopt the rating that the panel's verdicts yield."""
    session.send(Finding(finding=finding, rating=rating), ALL)
