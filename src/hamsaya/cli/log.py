"""``hamsaya log``: what this node's transparency log holds, and proofs that anybody can check without a node."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated

import typer

from hamsaya.base.errors import OperatorError
from hamsaya.cli.command import Session, command
from hamsaya.cli.output import Table, facts, when

app = typer.Typer(help="The transparency log: rows, proofs, co-signatures, audits.", no_args_is_help=True)


@command(app, "show")
def show(
    session: Session,
    first: Annotated[int | None, typer.Option(min=0, help="First leaf; by default the latest are shown.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 50,
    refusals: Annotated[bool, typer.Option("--refusals", help="Bytes refused before anybody could be held to them.")]
    = False,
) -> None:
    """Show leaves of this node's log: who said what kind of thing to whom, and what became of it; no content."""
    if refusals:
        rows = session.call("refusals", limit=limit)
        session.answer(rows, Table(("at", "code", "bytes", "digest"),
                                   [(when(r["at"]), r["code"], r["size"], r["digest"]) for r in rows]))
        return
    start = max(0, session.call("status")["log_size"] - limit) if first is None else first
    rows = session.call("log", first=start, limit=limit)
    session.answer(rows, Table(
        ("leaf", "at", "role", "verdict", "kind", "from", "to", "case", "message"),
        [(r["index"], when(r["at"]), r["role"], r["code"], r["kind"], r["sender"], r["recipients"], r["case"],
          r["message_id"]) for r in rows],
    ))


@command(app, "prove")
def prove(
    session: Session,
    message_id: Annotated[str, typer.Argument(help="The message: 32 hex digits.")],
    out: Annotated[Path | None, typer.Option(
        help="Write OUT.proof, OUT.statement and OUT.MEMBER.receipt, for 'log verify'.")] = None,
) -> None:
    """Give the proof that one message is in this node's log, and the receipts of those who received it."""
    view = session.call("prove", message_id=message_id)
    files = [] if out is None else _write_proof(out, view)
    session.answer(
        {**view, "files": files}, facts(message=view["message_id"], leaf=view["index"], role=view["role"],
                                        receipts_of=sorted(view["receipts"])),
        *([f"Wrote {', '.join(files)}."] if files else view["proof"].splitlines()),
    )


def _write_proof(out: Path, view: dict[str, object]) -> list[str]:
    receipts = view["receipts"]
    assert isinstance(receipts, dict)
    contents = {
        "proof": str(view["proof"]).encode(),
        "statement": base64.b64decode(str(view["statement"])),
        **{f"{member}.receipt": str(text).encode() for member, text in receipts.items()},
    }
    for suffix, content in contents.items():
        out.with_name(f"{out.name}.{suffix}").write_bytes(content)
    return [str(out.with_name(f"{out.name}.{suffix}")) for suffix in contents]


@command(app, "verify", "json")
def verify(
    session: Session,
    proof: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A proof, or a receiver's receipt.")],
    card: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The card of the node whose log it is.")],
    statement: Annotated[Path | None, typer.Option(
        exists=True, dir_okay=False, help="The signed statement; by default NAME.statement beside the proof.")] = None,
    policy: Annotated[Path | None, typer.Option(
        exists=True, dir_okay=False, help="Ask for its quorum of witnesses too: a file from 'log policy'.")] = None,
) -> None:
    """Check a proof with nothing but files: the log's signatures, the path to its root, the witnesses if asked.

    The result is worth as much as the card: compare its fingerprint first (hamsaya node card FILE).
    """
    from hamsaya.node.logview import verify_offline

    beside = proof.with_name(f"{proof.name.partition('.')[0]}.statement")
    said = statement or beside
    if not said.exists():
        raise OperatorError(f"expected the signed statement in {beside} or with --statement", code="no-statement")
    view = verify_offline(proof.read_bytes(), said.read_bytes(), card.read_bytes(),
                          None if policy is None else policy.read_bytes())
    session.answer(
        view, facts(log=view.origin, leaf=view.index, tree_size=view.size, kind=view.kind, sender=view.sender,
                    recipients=view.recipients, message=view.message_id, verdict=f"{view.role}, {view.code}",
                    at=when(view.at), witnesses="quorum holds" if view.cosigned else "not asked for"),
        "The proof holds.",
    )


@command(app, "audit")
def audit(session: Session) -> None:
    """Recompute this node's own log from its journal and check the signed root and the witnesses' quorum.

    A peer's log is audited at the peer; its receipts are checked here with 'log verify'.
    """
    view = session.call("audit")
    session.answer(view, facts(**view), "The log holds.")


@command(app, "cosign")
def cosign(session: Session) -> None:
    """Ask every peer that can be reached to cosign the latest checkpoint now."""
    view = session.call("cosign")
    if view:
        session.answer(view, Table(("witness", "size cosigned"), list(view.items())))
    else:
        session.answer(view, "Nobody cosigned anew: all that can be reached had done so; see: hamsaya log audit")


@command(app, "policy")
def policy(
    session: Session,
    member: Annotated[str | None, typer.Option(help="Whose log; by default this node's own.")] = None,
) -> None:
    """Print the policy (C2SP tlog-policy) by which checkpoints of a log count as cosigned."""
    view = session.call("policy", member=member)
    session.answer(view, view["policy"].rstrip("\n"))
