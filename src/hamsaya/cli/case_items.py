"""``hamsaya case``: what is given in answer, under which conditions, and what becomes of it.

An answer goes to who asked, a recall to every holder, what a holder says of an item to its originator, a consent also
to those it names; ``--to`` says otherwise. What follows by itself (keys, recalls of products, deletion in time) has no
command: the node says it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, get_args

import msgspec
import typer

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY
from hamsaya.cli.cases import Case, Officer, RequestRef
from hamsaya.cli.cases import _case as case_view
from hamsaya.cli.cases import _new_ref as new_ref
from hamsaya.cli.cases import request_view as request_view
from hamsaya.cli.command import Session, command, instant, read_text, reference
from hamsaya.cli.output import Table, facts, when
from hamsaya.messages.cases import Answer, Purge, PurgeOutcome, Purpose, Revoke, RevokeReason
from hamsaya.messages.caveats import Action, Caveats, Disclosure, Grading, Use, Word
from hamsaya.messages.items import Accept, ConsentAsk, ConsentGiven, Hold, Seen, Unhold, UseOutcome
from hamsaya.messages.items import Use as Used

app = typer.Typer()

ItemRef = Annotated[str, typer.Argument(parser=reference, metavar="item", help="The item's reference.")]
Law = Annotated[str, typer.Option(parser=reference, metavar="REF", help="The law, by its reference.")]
Desk = Annotated[str | None, typer.Option(metavar="MEMBER/DESK", help="The desk that asks; the liaison without it.")]
Prepared = Annotated[str | None, typer.Option(help="Who says so.")]
Released = Annotated[str | None, typer.Option(help="Who confirms it: another person.")]
Text = Annotated[str | None, typer.Option(help="The answer.")]
TextFile = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="A file with the answer.")]
Words = Annotated[list[str] | None, typer.Option(
    "--caveat", metavar="CODE", help=f"What it may not be used for; repeat. Codes: {', '.join(get_args(Word))}.")]
Readers = Annotated[list[str] | None, typer.Option(
    metavar="MEMBER[/DESK]", help="Who may see it; repeat. Who asked without it.")]
DisclosureOption = Annotated[Disclosure | None, typer.Option(
    help="D0 the named service, D1 not in court, D2 not passed on, D3 the named desk only.")]
UseOption = Annotated[Use | None, typer.Option(help="The gravest step it may lead to.")]
ActionOption = Annotated[Action | None, typer.Option(help="What may follow from it.")]
Rights = Annotated[list[str] | None, typer.Option(
    metavar="CODE", help="no-death-penalty-or-torture, no-return, minor, not-to-state:MEMBER; repeat.")]
Protected = Annotated[bool, typer.Option("--protected", help="Its source is protected.")]
Embargo = Annotated[int | None, typer.Option(parser=instant, metavar="DATE", help="Nothing is done with it before.")]
Review = Annotated[int | None, typer.Option(parser=instant, metavar="DATE", help="The conditions are reviewed then.")]
Delete = Annotated[int | None, typer.Option(parser=instant, metavar="DATE", help="It is deleted everywhere then.")]
Grade = Annotated[str, typer.Option(
    metavar="A1..X4", help="Source A, B, C, X and information 1 to 4; or admiralty:D6, where it has such a step here.")]
Parents = Annotated[list[str] | None, typer.Option(
    "--derived-from", metavar="CASE,ITEM[,CONSENT]",
    help="What it was made of, and the consent to pass it on; repeat. Its conditions are taken over.")]
Supersedes = Annotated[str | None, typer.Option(metavar="ITEM", help="The earlier item that it corrects.")]
ItemOption = Annotated[str | None, typer.Option(help="The item's reference; one is made up without it.")]
By = Annotated[str | None, typer.Option(help="Who prepared it; the person of --as without it.")]
ReleasedBy = Annotated[str | None, typer.Option(help="Who is to release it: another; that of --and without it.")]


def item_view(session: Session, case: str, item: str) -> dict[str, Any]:
    """Return what this node knows of an item; raises OperatorError ``unknown-item``."""
    for view in case_view(session, case)["items"]:
        if view["item"]["item"] == item:
            return dict(view["item"])
    raise OperatorError(f"this node knows no item {item} in {case}; see: hamsaya case show {case}",
                        code="unknown-item")


def _parent(text: str) -> tuple[str, str, str | None]:
    parts = text.split(",")
    if len(parts) not in (2, 3) or not all(parts):
        raise typer.BadParameter(f"expected CASE,ITEM or CASE,ITEM,CONSENT, received {text[:40]!r}")
    return parts[0], parts[1], parts[2] if len(parts) == 3 else None


def _grading(text: str) -> Grading:
    scale, named, theirs = text.partition(":")
    if named and scale == "admiralty":
        from hamsaya.node.release import grading_of_admiralty

        return grading_of_admiralty(theirs)
    try:
        return msgspec.convert({"source": text[:1], "information": text[1:]}, Grading)
    except msgspec.ValidationError:
        raise typer.BadParameter(f"expected A, B, C or X and 1 to 4, such as B2, received {text[:8]!r}") from None


def _caveats(session: Session, given: dict[str, Any], asker: str) -> dict[str, Any]:
    """Return the caveats that the options say, as the node makes them: words, axes, and what parents ask for."""
    words = given["caveat"] or []
    for word in words:
        if word not in get_args(Word):
            raise typer.BadParameter(f"expected one of {', '.join(get_args(Word))}, received {word[:40]!r}")
    axes = {name: given[name] for name in ("disclosure", "use", "action", "embargo_until", "review_on", "delete_by")
            if given[name] is not None}
    if given["right"]:
        also = ["no-death-penalty-or-torture"] if "no-death-penalty-or-torture" in words else []
        axes["rights"] = sorted({*given["right"], *also})
    if given["protected"]:
        axes["protected"] = True
    parents = [_parent(text) for text in given["derived_from"] or []]
    made: dict[str, Any] = session.call("caveats", words=words, audience=given["audience"] or [asker], axes=axes,
                                        derived_from=parents)
    return made


def _two(session: Session, prepared_by: str | None, released_by: str | None) -> dict[str, str]:
    return {"prepared_by": session.officer(prepared_by), "released_by": session.officer(released_by, 1)}


def _answer(session: Session, case: str, request: str, given: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the body that the options say, as JSON values, and whom it goes to."""
    if (given["text"] is None) == (given["text_file"] is None):
        raise typer.BadParameter("expected exactly one of --text and --text-file")
    asker, item = request_view(session, case, request)["asker"], given["item"]
    views = case_view(session, case)["items"]
    if item is None:
        item = new_ref(session, case, "i", {view["item"]["item"] for view in views})
    content = given["text"] if given["text_file"] is None else read_text(given["text_file"])
    made = _caveats(session, given, asker)
    body = {
        "request": request, "item": item, "text": content, "locked": None, "caveats": made["caveats"],
        "grading": msgspec.to_builtins(_grading(given["grade"])), "derived_from": made["derived_from"],
        "supersedes": given["supersedes"], **_two(session, given["prepared_by"], given["released_by"]),
    }
    old = [view["item"]["holders"] for view in views if view["item"]["item"] == given["supersedes"]]
    return body, sorted({asker, *(holder for holders in old for holder in holders)})


@command(app, "answer", "send")
def answer(
    session: Session, case: Case, request: RequestRef, prepared_by: By = None, released_by: ReleasedBy = None,
    text: Text = None,
    text_file: TextFile = None, caveat: Words = None, audience: Readers = None, disclosure: DisclosureOption = None,
    use: UseOption = None, action: ActionOption = None, right: Rights = None, protected: Protected = False,
    embargo_until: Embargo = None, review_on: Review = None, delete_by: Delete = None, grade: Grade = "X4",
    derived_from: Parents = None, supersedes: Supersedes = None, item: ItemOption = None,
) -> None:
    """Answer a request with one item, prepared by one person and released by another."""
    body, to = _answer(session, case, request, locals())
    session.answer_sent(session.submit("case.answer", msgspec.to_builtins(msgspec.convert(body, Answer)), to, case))


@command(app, "preview", "send")
def preview(
    session: Session, case: Case, request: RequestRef, prepared_by: By = None, released_by: ReleasedBy = None,
    text: Text = None,
    text_file: TextFile = None, caveat: Words = None, audience: Readers = None, disclosure: DisclosureOption = None,
    use: UseOption = None, action: ActionOption = None, right: Rights = None, protected: Protected = False,
    embargo_until: Embargo = None, review_on: Review = None, delete_by: Delete = None, grade: Grade = "X4",
    derived_from: Parents = None, supersedes: Supersedes = None, item: ItemOption = None,
) -> None:
    """Show what would leave with an answer, to whom, what each will see and under which rule; nothing is sent."""
    body, to = _answer(session, case, request, locals())
    view = session.call("preview", kind="case.answer", body=body, to=session.to or to, case=case)
    verdict = "may be released" if view["allowed"] else f"would be refused ({view['code']})"
    blocks: list[Any] = [
        f"{verdict}, under {view['instrument']}, because:", *(f"  {reason}" for reason in view["reasons"]),
        Table(("recipient", "role", "desks", "will see", "may then"),
              [(r["name"], r["role"], r["desks"], r["sees"], r["acts"]) for r in view["readers"]], "Who sees what"),
        "Conditions:", *(f"  {sentence}" for sentence in view["conditions"]),
        f"Labels for other systems: {view['tlp']}, {view['pap']}, Admiralty {view['grade']}",
        f"Duties: {', '.join(view['obligations']) or 'none'}",
    ]
    if view["inherited"]:
        blocks += ["What it is made of asks for:", *(f"  {sentence}" for sentence in view["inherited"])]
    if view["conflict"] or view["lost"]:
        blocks.append(f"Lost of that: {view['conflict'] or ', '.join(view['lost'])}")
    if view["weakest_part"]:
        blocks.append(f"Weakest part it is made of: Admiralty {view['weakest_part']}; a better grade is your judgement")
    session.answer(view, *blocks)


@command(app, "item")
def item_shown(session: Session, case: Case, item: ItemRef, desk: Desk = None) -> None:
    """Show one item as a desk may see it: text, conditions, grades, what it was made of, and what was said of it."""
    views = (session.call("case", case=case, desk=desk) or {"items": []})["items"]
    view = next((each for each in views if each["item"]["item"] == item), None)
    if view is None:
        raise OperatorError(f"this node knows no item {item} in {case}; see: hamsaya case show {case}",
                            code="unknown-item")
    known, grading = view["item"], view["item"]["grading"]
    session.answer(
        view,
        facts(item=item, status=known["status"], originator=known["originator"], text=known["text"] or view["withheld"],
              caveats=[known["caveats"]["disclosure"], *view["words"], *view["beyond"]], tlp=view["tlp"],
              grading=grading["source"] + grading["information"], kept_until=when(view["keep_until"]),
              recalled=when(view["recalled_at"]), superseded_by=known["superseded_by"],
              made_of=[f"{each['case']},{each['item']}" for each in known["derived_from"]],
              made_of_it=[",".join(each) for each in view["products"]]),
        Table(("consent", "asked by", "for", "purpose", "words"),
              [(s["consent"], s["asker"], s["to"], s["purpose"], s["text"]) for s in known["sought"]],
              "Consents asked"),
        Table(("holder", "outcome", "when", "words"),
              [(u["holder"], u["outcome"], when(u["at"]), u["text"]) for u in known["uses"]], "What came of it"),
    )


@command(app, "revoke", "send")
def revoke(
    session: Session, case: Case, item: ItemRef, reason: Annotated[RevokeReason, typer.Option()],
    officer: Officer = None,
) -> None:
    """Ask every holder of an item to purge it and to attest the outcome; what was made of it is recalled with it."""
    holders = item_view(session, case, item)["holders"]
    session.send(Revoke(item=item, reason=reason, officer=session.officer(officer)), holders, case)


@command(app, "purge", "send")
def purge(
    session: Session, *, case: Case, item: ItemRef, outcome: Annotated[PurgeOutcome, typer.Option()],
    officer: Officer = None,
    law: Annotated[str | None, typer.Option(parser=reference, metavar="REF", help="For retained-under-law.")] = None,
) -> None:
    """Attest what became of a recalled item here; 'purged' overwrites its text in this node's own journal."""
    owner = item_view(session, case, item)["originator"]
    session.send(Purge(item=item, outcome=outcome, law=law, officer=session.officer(officer)), [owner], case)


@command(app, "seen", "send")
def seen(session: Session, *, case: Case, item: ItemRef, officer: Officer = None) -> None:
    """Say that a person has opened an item."""
    owner = item_view(session, case, item)["originator"]
    session.send(Seen(item=item, officer=session.officer(officer)), [owner], case)


@command(app, "accept", "send")
def accept(session: Session, *, case: Case, item: ItemRef, officer: Officer = None) -> None:
    """Accept an item's conditions by name; its originator's node then sends the key of a locked one."""
    owner = item_view(session, case, item)["originator"]
    session.send(Accept(item=item, officer=session.officer(officer)), [owner], case)


@command(app, "use", "send")
def use_item(
    session: Session, *, case: Case, item: ItemRef, outcome: Annotated[UseOutcome, typer.Option()],
    officer: Officer = None,
    text: Annotated[str | None, typer.Option(help="A few words more.")] = None,
) -> None:
    """Tell the originator what came of an item."""
    body = Used(item=item, outcome=outcome, text=text, officer=session.officer(officer))
    session.send(body, [item_view(session, case, item)["originator"]], case)


@command(app, "consent-ask", "send")
def consent_ask(
    session: Session, *, case: Case, item: ItemRef,
    onward: Annotated[list[str], typer.Option("--for", metavar="MEMBER", help="Who would receive it; repeat.")],
    purpose: Annotated[Purpose, typer.Option()],
    text: Annotated[str, typer.Option(help="The very words that would be passed on.")],
    officer: Officer = None,
    consent: Annotated[str | None, typer.Option(help="The question's reference; one is made up without it.")] = None,
) -> None:
    """Ask an item's originator whether it may be passed on; silence is a refusal."""
    known = item_view(session, case, item)
    if consent is None:
        consent = new_ref(session, case, "p", {each["consent"] for each in known["sought"]})
    body = ConsentAsk(consent=consent, item=item, to=onward, purpose=purpose, text=text,
                      officer=session.officer(officer))
    session.send(body, [known["originator"]], case)


@command(app, "consent", "send")
def consent_given(
    session: Session, *, case: Case, item: ItemRef,
    consent: Annotated[str, typer.Argument(parser=reference, metavar="consent", help="The question's reference.")],
    officer: Officer = None,
    granted: Annotated[bool, typer.Option("--grant/--refuse", help="Refusing also withdraws what was granted.")],
    until: Annotated[int | None, typer.Option(parser=instant, metavar="DATE", help="In 30 days without it.")] = None,
    caveat: Words = None, audience: Readers = None, disclosure: DisclosureOption = None, use: UseOption = None,
    action: ActionOption = None, right: Rights = None, protected: Protected = False, embargo_until: Embargo = None,
    review_on: Review = None, delete_by: Delete = None,
) -> None:
    """Let an item be passed on until a day and under conditions, or refuse, or withdraw."""
    given = {**locals(), "derived_from": None}
    known = item_view(session, case, item)
    asked = next((each for each in known["sought"] if each["consent"] == consent), None)
    if asked is None:
        raise OperatorError(f"nobody asked for {consent}; see: hamsaya case item {case} {item}",
                            code="unknown-consent")
    given["audience"] = audience or asked["to"]
    made = _caveats(session, given, asked["asker"])
    body = ConsentGiven(
        consent=consent, item=item, asker=asked["asker"], to=asked["to"], granted=granted,
        caveats=msgspec.convert(made["caveats"], Caveats),
        until=until if until is not None else session.now() + 30 * DAY, officer=session.officer(officer),
    )
    session.send(body, sorted({asked["asker"], *asked["to"]}), case)


@command(app, "hold", "send")
def hold(
    session: Session, case: Case, item: ItemRef, law: Law, prepared_by: Prepared = None, released_by: Released = None
) -> None:
    """Say that a law obliges this node to keep an item; the originator is told, and deletion in time waits."""
    body = Hold(item=item, law=law, **_two(session, prepared_by, released_by))
    session.send(body, [item_view(session, case, item)["originator"]], case)


@command(app, "unhold", "send")
def unhold(
    session: Session, case: Case, item: ItemRef, law: Law, prepared_by: Prepared = None, released_by: Released = None
) -> None:
    """Say that the law obliges no more; what is over its time is deleted then."""
    body = Unhold(item=item, law=law, **_two(session, prepared_by, released_by))
    session.send(body, [item_view(session, case, item)["originator"]], case)


@command(app, "receipts")
def receipts(session: Session, case: Case, item: ItemRef) -> None:
    """Show how far an item came with each holder: delivered, seen, accepted, used, deleted."""
    rows = session.call("receipts", case=case, item=item)
    session.answer(rows, Table(
        ("holder", "R1 delivered", "R2 seen", "R3 accepted", "by", "key given", "R4 use", "R5 end", "held under"),
        [(r["holder"], when(r["delivered"]), when(r["seen"]), when(r["accepted"]), r["accepted_by"],
          when(r["unlocked"]), r["uses"], r["ended"], r["held"]) for r in rows],
    ))


@command(app, "export")
def export(
    session: Session, case: Case, item: ItemRef, desk: Desk = None,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="The file to write; else it is printed.")] = None,
) -> None:
    """Export an item with its conditions as JSON; refused where they do not let this desk export it."""
    view = session.call("export", case=case, item=item, desk=desk)
    if out is not None:
        out.write_bytes(msgspec.json.format(msgspec.json.encode(view), indent=2))
    session.answer(view, facts(case=view["case"], item=view["item"], text=view["text"], tlp=view["tlp"]),
                   "Conditions:", *(f"  {sentence}" for sentence in view["conditions"]))
