"""``hamsaya monitor alerts``, ``assess``, ``concur``, ``assessments``: warnings, their record, and joint analysis."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
import typer

from hamsaya.base.errors import OperatorError
from hamsaya.cli.command import InFile, Session, command, instant, new_group, read_toml, reference
from hamsaya.cli.output import Block, Table, facts, printable, remark, when
from hamsaya.cli.progress import counting
from hamsaya.messages.alerts import Acted, Assessment, Concur
from hamsaya.messages.kinds import body_from_plain

ONSET_NOTICE = ("Onset alerts are mostly wrong: history knows little of where violence begins. Read the record before "
                "acting on one.")
Ask = Literal["verify", "step-up-reporting", "joint-visit-offer", "notify-border-service"]
Reference = Annotated[str, typer.Argument(parser=reference, metavar="REFERENCE")]


ACTIONS = get_args(Ask)


def _action(text: str) -> str:
    if text not in ACTIONS:
        raise typer.BadParameter(f"expected one of {', '.join(ACTIONS)}, received {text!r}")
    return text


def register(app: typer.Typer) -> None:
    """Add the commands to the group ``monitor``."""
    alerts = new_group(app, "alerts", "Warnings of areas under a budget of false alarms, and what came of them.")
    for group, name, level, function in (
        (alerts, "raise", "send", raise_), (alerts, "list", "node", list_), (alerts, "answer", "send", answer),
        (alerts, "record", "node", record), (app, "assess", "send", assess), (app, "concur", "send", concur),
        (app, "assessments", "node", assessments),
    ):
        command(group, name, level)(function)  # type: ignore[arg-type]


def raise_(
    session: Session,
    kind: Annotated[Literal["escalation", "onset", "cluster"], typer.Option(help="What to warn of.")],
    budget: Annotated[int, typer.Option(min=1, max=100, help="Cells a month that may be false alarms; comes first.")],
    from_forecast: Annotated[Path | None, typer.Option(
        exists=True, dir_okay=False, metavar="FILE", help="What monitor forecast wrote.")] = None,
    from_scan: Annotated[Path | None, typer.Option(
        exists=True, dir_okay=False, metavar="FILE", help="What monitor scan --json printed.")] = None,
    month: Annotated[str | None, typer.Option(metavar="YYYY-MM", help="Of the forecast; else its first.")] = None,
    tier: Annotated[Literal["conflictology", "kernel", "ladder"] | None, typer.Option(
        help="Of the forecast; else its most elaborate.")] = None,
    ahead: Annotated[int, typer.Option(min=1, max=12, help="With --from-scan: months it speaks of.")] = 1,
    ask: Annotated[list[str] | None, typer.Option(
        parser=_action, metavar="ACTION", help=f"What every party that reports there is asked for, of "
        f"{', '.join(ACTIONS)}; repeat. Else to verify.")] = None,
    due: Annotated[int | None, typer.Option(parser=instant, metavar="DATE", help="By when; else half-way.")] = None,
) -> None:
    """Raise the alerts that the budget allows; with --dry-run only show them."""
    if (from_forecast is None) == (from_scan is None) or (kind == "cluster") != (from_scan is not None):
        raise typer.BadParameter("expected --from-scan FILE for a cluster, --from-forecast FILE for the others")
    from hamsaya.node import alerting

    if from_forecast is not None:
        found = alerting.candidates_of_forecast(from_forecast, kind, month=month, tier=tier)
    else:
        assert from_scan is not None
        found = alerting.candidates_of_scan(from_scan, session.now(), ahead=ahead)
    plan = session.call("plan-alerts", found=msgspec.to_builtins(found), budget=budget, actions=ask or ["verify"],
                        due=due)
    sent: list[dict[str, Any]] = []
    with counting("alerts", "alerts", len(plan["alerts"])) as each:
        for body in plan["alerts"] if not session.dry_run else []:
            sent.append(session.submit("monitor.alert", body, ["all"]))
            each(len(sent))
    words = next(rate["sentence"] for rate in plan["rates"] if rate["kind"] == kind)
    session.answer(
        {**plan, "sent": sent, "dry_run": session.dry_run, "record": words},
        facts(month=plan["month"], budget=plan["budget"], spent_before=plan["spent_before"],
              candidates=plan["candidates"], threshold=plan["threshold"], left_out=plan["left_out"],
              nobody_to_ask=plan["nobody"], outside_the_annex=plan["outside"], equal_attention=plan["lot"]),
        Table(("alert", "cells", "months", "comes true at", "basis", "asked"),
              [(one["alert"], one["cells"], _months(one), f"{one['at_least']} {one['measure']}", _basis(one["basis"]),
                [f"{party} {action}" for party, action, _ in one["asked"]]) for one in plan["alerts"]],
              "Would be raised" if session.dry_run else "Raised"),
        f"Record: {words}.",
    )
    if kind == "onset" and not session.as_json:
        remark(ONSET_NOTICE)


def list_(
    session: Session,
    limit: Annotated[int, typer.Option(min=0, help="Rows to print.")] = 50,
) -> None:
    """Print the alerts, the latest first: what they warn of, who was asked what, what came of them, and the record."""
    view = session.call("alerts")
    shown = view["alerts"][:limit]
    session.answer(
        view,
        Table(("alert", "kind", "from", "cells", "months", "comes true at", "basis", "asked", "came late", "became",
               "record"),
              [(one["alert"], one["kind"], one["by"], one["cells"], _months(one),
                f"{one['at_least']} {one['measure']}", _basis(one["basis"]), [_asked(each) for each in one["asked"]],
                when(one["heard_at"]), _became(one["resolution"]), one["record"]) for one in shown]),
        f"Cells of equal attention in {view['month']}: {', '.join(map(str, view['lot'])) or 'none'}.",
    )


def answer(
    session: Session,
    alert: Reference,
    action: Annotated[Ask, typer.Option(help="Which thing asked.")],
    declined: Annotated[
        Literal["no-access", "no-capacity", "not-safe", "under-way-otherwise", "not-our-area", "disputed"] | None,
        typer.Option(help="It is declined, for this reason; else it is done.")] = None,
) -> None:
    """Say that what an alert asked this party for is done, or decline it with a reason."""
    body = Acted(alert=alert, action=action, outcome="done" if declined is None else "declined", reason=declined)
    session.send(body, ["all"])


def record(session: Session) -> None:
    """Print of each kind how many of the last alerts came true, and the Brier score beside that of a constant."""
    rates = session.call("alerts")["rates"]
    session.answer(
        rates,
        Table(("kind", "resolved", "came true", "cannot tell", "chance stated", "Brier", "of a constant"),
              [(rate["kind"], rate["resolved"], rate["true"], rate["unknown"], _short(rate["stated"]),
                _short(rate["brier"]), _short(rate["brier_constant"])) for rate in rates]),
        ONSET_NOTICE,
    )


def assess(
    session: Session,
    file: InFile,
    source: Annotated[list[Path] | None, typer.Option(
        exists=True, dir_okay=False, metavar="FILE", help="A source besides those of FILE, by its digest; repeat.")]
    = None,
    licence: Annotated[str, typer.Option(help="Licence of the sources given by --source.")] = "unknown",
) -> None:
    """Put an assessment (a TOML file) before every entitled party; two persons sign it."""
    plain = read_toml(file)
    # TOML knows neither bytes nor nothing: digests are hex, and what is not there is absent.
    listed = [[one.get("title"), one.get("licence"), _digest(one.get("digest"))] for one in plain.pop("sources", [])]
    listed += [[each.name, licence, hashlib.sha256(each.read_bytes()).digest()] for each in source or []]
    picture = plain.pop("picture", None)
    shaped = {"alerts": [], **plain, "picture": None if picture is None else _digest(picture), "sources": listed}
    body = body_from_plain("monitor.assessment", msgspec.to_builtins(shaped))
    assert isinstance(body, Assessment)
    session.send(body, ["all"])


def _digest(text: object) -> bytes:
    try:
        return bytes.fromhex(str(text))
    except ValueError:
        raise OperatorError(f"expected a SHA-256 in hexadecimal, received {str(text)[:20]!r}",
                            code="bad-file") from None


def concur(
    session: Session,
    assessment: Reference,
    dissent: Annotated[str | None, typer.Option(metavar="TEXT", help="Dissent, in these words.")] = None,
    remark_: Annotated[str | None, typer.Option("--remark", metavar="TEXT", help="Concur, with these words.")] = None,
) -> None:
    """Concur with an assessment, or dissent in words that stand beside it; two persons sign it."""
    if dissent is not None and remark_ is not None:
        raise typer.BadParameter("expected --dissent or --remark, not both")
    plain = session.call("stance", assessment=assessment, dissent=dissent is not None, text=dissent or remark_)
    session.send(msgspec.convert(plain, Concur, strict=False), ["all"])


def assessments(session: Session) -> None:
    """Print the assessments whole, each with its sources and every dissent beside it."""
    held = session.call("assessments")
    blocks: list[Block] = []
    for one in held:
        blocks += [
            facts(assessment=one["assessment"], title=one["title"], by=one["by"], at=when(one["at"]),
                  months=_months(one), cells=one["cells"], alerts=one["alerts"], picture=one["picture"],
                  likelihood=f"{one['confidence']} ({one['low']} to {one['high']} %)"),
            *(printable(text) for text in one["text"]),
            Table(("party", "says", "in its words"), [(each["party"], each["stance"], each["text"])
                                                      for each in one["stances"]], "Concurrence and dissent"),
            Table(("source", "licence", "SHA-256"), one["sources"], "Sources"),
        ]
    session.answer(held, *(blocks or ["No assessment is held here."]))


def _months(one: dict[str, Any]) -> str:
    return str(one["first"]) if one["first"] == one["last"] else f"{one['first']} to {one['last']}"


def _basis(basis: dict[str, Any]) -> str:
    if basis["type"] == "forecast":
        return f"chance {basis['chance']:.2f} ({basis['tier']}), 90 % {basis['low']} to {basis['high']} deaths"
    return f"{basis['observed']} seen, {basis['expected']:.1f} expected, p {basis['p_value']:.3g}"


def _asked(each: dict[str, Any]) -> str:
    said = "no answer" if each["outcome"] is None else each["outcome"]
    return f"{each['party']} {each['action']}: {said}" + (f" ({each['reason']})" if each["reason"] else "") + (
        ", late" if each["late"] else "")


def _became(found: dict[str, Any]) -> str:
    if found["outcome"] == "open":
        return "open"
    return f"{found['outcome']} ({found['why']}; {found['low']} to {found['high']})"


def _short(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"
