"""``hamsaya node``: found it, run it, see how it is, know its peers, turn its keys, carry its messages by hand."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hamsaya.base.errors import HamsayaError, OperatorError, PeerError
from hamsaya.cli.client import read_passphrase
from hamsaya.cli.command import Session, command, new_group, read_card
from hamsaya.cli.output import Table, facts, remark, when
from hamsaya.messages.keys import open_card

app = typer.Typer(help="Found, run and look after a node.", no_args_is_help=True)
peers = new_group(app, "peers", "The other parties.")
courier = new_group(app, "courier", "Messages carried as a file, where there is no link.")

CardFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A node's card.")]
Peer = Annotated[str, typer.Argument(help="The member's slug.")]


@command(app, "init")
def init(
    session: Session,
    member: Annotated[str, typer.Argument(help="Which party of the region pack this node is: its slug.")],
    pack: Annotated[str | None, typer.Option(help="A built-in region pack, or a pack's folder.")] = None,
    endpoint: Annotated[str | None, typer.Option(
        help="The https address at which peers reach it; without one the node fetches what waits for it.")] = None,
    present: Annotated[list[str] | None, typer.Option(
        help="A party the pack lists as absent and that takes part; repeat. All nodes must agree.")] = None,
    listen_host: Annotated[str, typer.Option(help="Where peers connect.")] = "127.0.0.1",
    listen_port: Annotated[int, typer.Option(min=0, max=65535, help="Where peers connect.")] = 8443,
    console_host: Annotated[str, typer.Option(help="Where the page and these commands connect.")] = "127.0.0.1",
    console_port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free port.")] = 8080,
) -> None:
    """Make the keys and the store of a new node; refuses where a history already exists."""
    from hamsaya.node.bootstrap import Settings, found, open_named_pack, refuse_second_history

    refuse_second_history(session.directory)
    opened = open_named_pack(pack)
    if member not in {party.id for party in opened.parties}:
        known = ", ".join(party.id for party in opened.parties)
        raise OperatorError(f"expected one of the pack's parties {known}, received {member!r}", code="unknown-member")
    settings = Settings(
        node=member, pack=str(Path(pack).resolve()) if pack and Path(pack).is_dir() else opened.id,
        present=tuple(present or ()), endpoint=endpoint and endpoint.rstrip("/"), listen_host=listen_host,
        listen_port=listen_port, console_host=console_host, console_port=console_port,
    )
    card = found(session.directory, settings, read_passphrase(session.passphrase_file, confirm=True))
    session.answer(
        {"member": card.node, "fingerprint": card.fingerprint, "directory": str(session.directory),
         "card": str(session.directory / "node.card")},
        facts(node=card.node, directory=session.directory, card=session.directory / "node.card",
              fingerprint=card.fingerprint),
        "Move root.bin to a medium that stays offline; the node runs without it.",
        "Give node.card to the operators of the peers and read them the fingerprint over another channel.",
    )


@command(app, "run")
def run(session: Session) -> None:
    """Serve: receive, deliver, co-sign, watch deadlines; ends cleanly on an interrupt or SIGTERM."""
    from hamsaya.cli.serve import Running, serve
    from hamsaya.node.bootstrap import note_move, open_directory, read_settings, settle_memory

    def announce(running: Running) -> None:
        known = facts(node=running.node, listens_on=running.listening, peers_reach_it_at=running.endpoint,
                      page=running.login)
        session.answer(running, known, "The link to the page opens it once; another: hamsaya node link.")

    read_settings(session.directory)
    opened = open_directory(session.directory, read_passphrase(session.passphrase_file))
    if note_move(opened):
        remark("The endpoint has changed: give the new node.card to every peer's operator, who admits it again.")
    settle_memory()
    serve(opened, announce)


@command(app, "status")
def status(session: Session) -> None:
    """Show what this node has, owes and waits for."""
    view = session.call("status")
    running = session.client.running
    shown = {**view, "now": when(view["now"]), "charter_revision": view["charter_revision"][:16],
             "un_list": "none is loaded" if view["un_list"] is None else when(view["un_list"])}
    session.answer({**view, "running": running}, facts(running=running, **shown))


@command(app, "link")
def link(session: Session) -> None:
    """Print a fresh link to the running node's page; it opens the page once and voids the link before."""
    if not session.client.running:
        raise OperatorError("the node does not run; start it: hamsaya node run", code="not-running")
    view = session.call("console-link")
    session.answer(view, view["login"])


@command(app, "card")
def card(
    session: Session,
    file: Annotated[Path | None, typer.Argument(exists=True, dir_okay=False, help="Another node's card.")] = None,
) -> None:
    """Show a node's card: this node's own, or a file received from a peer, before it is admitted."""
    from hamsaya.node.bootstrap import read_settings

    if file is None:
        read_settings(session.directory)
    path = file or session.directory / "node.card"
    _, found = read_card(path)
    view = {"member": found.node, "fingerprint": found.fingerprint, "endpoint": found.endpoint, "file": str(path),
            "sealing_keys_until": max((k.not_after for k in found.open_statements() if k.use == "kem"), default=None)}
    session.answer(view, facts(**{**view, "sealing_keys_until": when(view["sealing_keys_until"])}))  # type: ignore[arg-type]


@command(app, "rotate-keys")
def rotate_keys(
    session: Session,
    root: Annotated[Path | None, typer.Option(
        exists=True, dir_okay=False, help="Renew the yearly message key too, with the offline root in this file; the "
                                          "node must not be running.")] = None,
    root_passphrase_file: Annotated[Path | None, typer.Option(
        dir_okay=False, help="The root file's passphrase, when it is another than the node's.")] = None,
    compromised: Annotated[bool, typer.Option(
        "--compromised", help="With --root: others may have the old message key. Peers refuse everything under it from "
                              "then on, also what still waits here: send that again.")] = False,
) -> None:
    """Publish the sealing keys of the next weeks and destroy those whose time is over."""
    if root is not None:
        _renew(session, root, root_passphrase_file, compromised)
        return
    if compromised:
        raise OperatorError("--compromised needs --root: only the root can close a key", code="no-root")
    view = session.call("rotate-keys")
    session.answer(view, f"{view['made']} new sealing keys published.")


def _renew(session: Session, root: Path, root_passphrase_file: Path | None, compromised: bool) -> None:
    """Renew the message key in this process: the root never comes near a node that talks to others."""
    from hamsaya.node.bootstrap import open_directory, renew_message_key

    passphrase = read_passphrase(session.passphrase_file)
    root_passphrase = passphrase if root_passphrase_file is None else read_passphrase(root_passphrase_file)
    opened = open_directory(session.directory, passphrase)
    try:
        renewed = open_card(renew_message_key(opened, root, root_passphrase, compromised=compromised))
    finally:
        opened.close()
    session.answer({"member": renewed.node, "fingerprint": renewed.fingerprint},
                   "The message key is renewed; peers learn of it when the node runs again. node.card shows it.")


@command(peers, "list")
def list_peers(session: Session) -> None:
    """List every party of the charter: standing, whether its card is here, what waits for it."""
    views = session.call("peers")
    session.answer(views, Table(
        ("member", "name", "role", "standing", "card", "waiting", "endpoint"),
        [(v["member"], v["name"], v["role"], v["standing"], v["known"], v["waiting"], v["endpoint"]) for v in views],
    ))


@command(peers, "show")
def show_peer(session: Session, member: Peer) -> None:
    """Show one party, its root's fingerprint, and what is on its way to it."""
    view = next((v for v in session.call("peers") if v["member"] == member), None)
    if view is None:
        raise OperatorError("the charter has no such party; see: hamsaya node peers list", code="unknown-member")
    rows = [row for row in session.call("outbox", limit=1000) if row["destination"] == member]
    session.answer({**view, "outbox": rows}, facts(**{**view, "kem_until": when(view["kem_until"])}), Table(
        ("message", "kind", "state", "attempts", "expires", "note"),
        [(r["message_id"], r["kind"], r["state"], r["attempts"], when(r["expires_at"]), r["note"]) for r in rows],
    ))


@command(peers, "add")
def add_peer(
    session: Session,
    file: CardFile,
    fingerprint: Annotated[str | None, typer.Option(
        help="The fingerprint as the peer's operator read it to you over another channel.")] = None,
) -> None:
    """Admit a peer's card, after its fingerprint has been compared over a second channel."""
    raw, found = read_card(file)
    if fingerprint is None:
        fingerprint = _compare(found.node, found.fingerprint)
    # A terminal folds a fingerprint over two lines; it is copied with whatever lies between.
    view = session.call("add-peer", card=_base64(raw), fingerprint="".join(fingerprint.split()))
    session.answer({**view, "fingerprint": found.fingerprint}, f"{view['member']} is admitted as a peer.")


def _compare(member: str, fingerprint: str) -> str:
    """Return the fingerprint once a person at the terminal says that it is the one that was read to them."""
    if not sys.stdin.isatty():
        raise OperatorError("expected --fingerprint with what the peer's operator read to you: comparing it is the one "
                            "step no software can do", code="no-fingerprint")
    remark(f"The card says it is {member}'s, with the fingerprint\n{fingerprint}")
    if not typer.confirm("Did the peer's operator read you exactly this, over another channel?", err=True):
        raise OperatorError("not admitted; compare again", code="wrong-fingerprint")
    return fingerprint


@command(courier, "export")
def export_courier(
    session: Session, member: Peer, file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write it.")]
) -> None:
    """Write what waits for a peer to one file; it waits on until the peer's receipts come back."""
    view = session.call("courier-export", member=member)
    file.write_bytes(base64.b64decode(view["content"]))
    session.answer({"member": member, "file": str(file), "messages": view["waiting"]},
                   f"Messages for {member} in {file}: {view['waiting']}")


@command(courier, "import")
def import_courier(
    session: Session,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file for this node.")],
    back: Annotated[Path | None, typer.Option(
        "--back", dir_okay=False, help="Where to write the file to carry back: receipts, and what waits here.")] = None,
) -> None:
    """Take in a courier's file, each message by its own proofs; importing it twice does no harm."""
    try:
        view = session.call("courier-import", content=_base64(file.read_bytes()))
    except HamsayaError as error:
        if error.code != "non-canonical":
            raise
        raise PeerError(f"{file}: expected a courier file, received other bytes; ask for the file once more",
                        code=error.code) from None
    if back is not None:
        back.write_bytes(base64.b64decode(view["content"]))
    counts: dict[str, Any] = {name: view[name] for name in ("received", "settled", "refused", "waiting")}
    session.answer({**counts, "back": None if back is None else str(back)}, facts(
        messages_taken_in=view["received"], receipts_proven=view["settled"], refused=view["refused"],
        to_be_sent_again=view["waiting"], to_carry_back=back,
    ))
    if back is None and (view["received"] or view["refused"]):
        remark("The sender waits for receipts: import with --back FILE and carry that file back.")


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
