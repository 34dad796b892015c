"""``hamsaya person``: who acts for this party. Each person has a key file of their own, which no node ever holds."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from hamsaya.base.errors import HamsayaError, OperatorError
from hamsaya.cli.client import read_passphrase
from hamsaya.cli.command import Session, command, reference
from hamsaya.cli.output import Table, when
from hamsaya.messages.acts import PersonKey, PersonRole
from hamsaya.messages.persons import EndReason

app = typer.Typer(help="The natural persons who act for this party.", no_args_is_help=True)

Person = Annotated[str, typer.Argument(parser=reference, metavar="PSEUDONYM", help="What the others call the person.")]
KeyFile = Annotated[Path, typer.Option("--key", dir_okay=False, help="Where to write the person's new key file.")]
Days = Annotated[int, typer.Option(min=1, max=366, help="How long the credential lasts.")]
ROLE_HELP = f"What the person may act as; repeat. Roles: {', '.join(get_args(PersonRole))}."


@command(app, "enrol", "person")
def enrol(
    session: Session,
    person: Person,
    role: Annotated[list[str], typer.Option(metavar="ROLE", help=ROLE_HELP)],
    staff_number: Annotated[str, typer.Option(help="The employer's number of the natural person; it stays here.")],
    name: Annotated[str, typer.Option(help="The person's name; it stays here.")],
    key: KeyFile,
    days: Days = 365,
) -> None:
    """Give a person a key file and a credential, and tell every party of it under the pseudonym."""
    unknown = sorted(set(role) - set(get_args(PersonRole)))
    if unknown:
        raise typer.BadParameter(f"expected one of {', '.join(get_args(PersonRole))}, received {unknown[0][:40]!r}")
    _with_key(session, person, role, key, lambda public: session.call(
        "enrol", person=person, roles=role, public=public, staff_number=staff_number, name=name, days=days))


@command(app, "rekey", "person")
def rekey(session: Session, person: Person, key: KeyFile, days: Days = 365) -> None:
    """Give an enrolled person a fresh key file; the key before it counts no more."""
    roles = next((view["roles"] for view in _own(session) if view["person"] == person), None)
    if roles is None:
        raise OperatorError(f"this node has enrolled no {person}; see: hamsaya person list", code="unknown-person")
    _with_key(session, person, roles, key,
              lambda public: session.call("rekey", person=person, public=public, days=days))


def _with_key(session: Session, person: str, roles: list[str], file: Path, tell: Any) -> None:
    """Write a key file and tell the node of it; a node that refuses leaves no key file behind."""
    from hamsaya.node.bootstrap import make_person

    node = str(session.call("status")["node"])
    passphrase = read_passphrase(session.person_passphrase_file, confirm=True, of=person)
    made: PersonKey = make_person(file, passphrase, node, person, tuple(roles))
    try:
        sent = tell(base64.b64encode(made.public).decode())
    except HamsayaError:
        file.unlink()
        raise
    session.answer(
        {"person": person, "roles": roles, "key": str(file), "told": sent[0]["recipients"]},
        f"{person} is enrolled as {', '.join(roles)}; told: {', '.join(sent[0]['recipients']) or 'this node alone'}.",
        f"{file} belongs to that person alone, with its passphrase.",
    )


def _own(session: Session) -> list[dict[str, Any]]:
    node = session.call("status")["node"]
    return [view for view in session.call("persons") if view["member"] == node]


@command(app, "list")
def list_persons(
    session: Session,
    member: Annotated[str | None, typer.Option(help="Of this party only.")] = None,
) -> None:
    """List who acts for whom: pseudonyms, roles, until when; names of one's own staff."""
    views = [view for view in session.call("persons") if member in (None, view["member"])]
    session.answer(views, Table(
        ("party", "person", "roles", "counts", "since", "until", "name", "staff number"),
        [(v["member"], v["person"], v["roles"], v["stands"], when(v["since"]),
          when(v["not_after"] if v["ended_at"] is None else v["ended_at"]), v["name"] or "-", v["staff_number"] or "-")
         for v in views],
    ))


@command(app, "end")
def end(
    session: Session, person: Person, reason: Annotated[EndReason, typer.Option(help="Why, from the closed list.")]
) -> None:
    """End a person's credential at every party; what the person signed before stays signed."""
    sent = session.call("end-person", person=person, reason=reason)
    session.answer(sent[0], f"{person} acts no more; told: {', '.join(sent[0]['recipients']) or 'this node alone'}.")


@command(app, "disclose")
def disclose(
    session: Session,
    person: Person,
    to: Annotated[str, typer.Option(metavar="OVERSIGHT", help="The oversight body that asked.")],
) -> None:
    """Tell an oversight body, and nobody else, who is behind a pseudonym of this party."""
    sent = session.call("disclose", person=person, to=to)
    session.answer(sent[0], f"{to} is told who {person} is, permitted by:", *(f"  {r}" for r in sent[0]["reasons"]))
