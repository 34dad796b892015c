"""How every command is made: its own parameters, the options all share, one error handler, one way to answer.

    @command(group, "close")
    def close(session: Session, case: CaseRef, outcome: Outcome) -> None: ...

Levels: ``json`` adds --json; ``node`` also --dir and --passphrase-file; ``person`` also --as, the key file of who acts,
and where its passphrase is; ``send`` also --and, --to and --dry-run. A refusal is printed with its code and ends with
1, wrong usage with 2, an interrupt with 130; the rest ends with 0.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from hamsaya.base import ids, instants
from hamsaya.base.errors import HamsayaError, OperatorError, PeerError
from hamsaya.cli.client import Client, connect
from hamsaya.cli.output import Block, complain, print_blocks, print_json, remark
from hamsaya.cli.signing import Signers
from hamsaya.messages.keys import Card, open_card
from hamsaya.messages.kinds import Body, kind_of
from hamsaya.node.signers import seats_of

Level = Literal["json", "node", "person", "send"]


@dataclass
class Session:
    """What one command was given by the shared options, and its way to the node, opened when first needed."""

    as_json: bool
    directory: Path = Path()
    passphrase_file: Path | None = None
    person_file: Path | None = None
    second: Path | None = None
    person_passphrase_file: Path | None = None
    to: list[str] = field(default_factory=list)
    dry_run: bool = False
    _client: Client | None = None
    _signers: Signers | None = None

    @property
    def client(self) -> Client:
        """The node's client."""
        if self._client is None:
            self._client = connect(self.directory, self.passphrase_file)
        return self._client

    @property
    def signers(self) -> Signers:
        """The persons whose key files were given, opened when first needed."""
        if self._signers is None:
            files = [file for file in (self.person_file, self.second) if file is not None]
            self._signers = Signers(files, self.person_passphrase_file)
        return self._signers

    def officer(self, given: str | None, seat: int = 0) -> str:
        """Return the pseudonym to be named for a seat: the one ``given``, else of the person whose key was given."""
        return given if given is not None else self.signers.key(seat).person

    def call(self, action: str, **arguments: Any) -> Any:
        """Return the result of one action as plain values."""
        return self.client.call(action, arguments)

    def now(self) -> int:
        """Return the node's civil time: an exercise may run on another clock than this machine."""
        return int(self.call("status")["now"])

    def answer(self, value: Any, *blocks: Block) -> None:
        """Print the command's result: ``value`` with --json, else the blocks."""
        if self.as_json:
            print_json(value)
        else:
            print_blocks(blocks)

    def send(self, body: Body, to: Iterable[str], case: str | None = None) -> None:
        """Send one message, or with --dry-run say whether it may be sent; print which clauses decided it."""
        self.answer_sent(self.submit(kind_of(body), msgspec.to_builtins(body), to, case))

    def submit(self, kind: str, body: Any, to: Iterable[str], case: str | None = None) -> dict[str, Any]:
        """Return the node's answer to a message of ``kind``; --to takes the place of ``to``.

        Persons sign it first where its kind asks for them; signed by too few, it waits at the node for another.
        """
        said = {"kind": kind, "body": body, "to": self.to or list(to), "case": case}
        action = "explain" if self.dry_run else "send"
        if not self.dry_run and (seats := seats_of(kind)):
            said, complete = self.signers.sign(said, self.call("explain", **said))
            action = "send" if complete == len(seats) else "prepare"
        return {**self.call(action, **said), "node_running": self.client.running}

    def answer_sent(self, result: dict[str, Any]) -> None:
        """Print what became of a message."""
        if "number" in result:
            missing = ", then ".join(" or ".join(seat) for seat in result["missing"])
            self.answer(result, f"{result['kind']} waits under number {result['number']}, signed by "
                                f"{', '.join(result['signed'])}; missing: {missing}.",
                        f"Another person releases it: hamsaya case approve {result['number']} --as FILE")
            return
        reasons = [f"  {reason}" for reason in result["reasons"]]
        told = ", ".join(result["recipients"]) or "this node alone"
        if self.dry_run:
            verdict = "may be sent" if result["allowed"] else f"would be refused ({result['code']})"
            persons = ", then ".join(" or ".join(seat) for seat in result["seats"])
            self.answer(result, f"{verdict}, to {told}, because:", *reasons,
                        *([f"to be signed by: {persons}"] if persons else []))
            return
        self.answer(result, f"{result['kind']} is leaf {result['index']}, for {told}, permitted by:", *reasons,
                    f"message {result['message_id']}")
        if not self.client.running and result["recipients"]:
            remark("The node does not run: the message waits in its outbox (hamsaya node run, or node courier export).")

    def guard(self, act: Callable[[], int | None]) -> int:
        """Return the exit code of ``act``; a refusal is printed, never a traceback for what was to be expected."""
        try:
            return act() or 0
        except HamsayaError as error:
            complain(error.code, str(error), as_json=self.as_json)
        except BrokenPipeError:
            raise
        except OSError as error:
            name = f"{error.filename}: " if error.filename else ""
            complain("system", f"{name}{error.strerror or type(error).__name__}", as_json=self.as_json)
        finally:
            if self._client is not None:
                self._client.close()
        return 1


def _option(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


_JSON = [
    _option("as_json", Annotated[bool, typer.Option("--json", help="Print one JSON value and nothing else.")], False),
]
_NODE = [
    _option("directory", Annotated[Path, typer.Option(
        "--dir", envvar="HAMSAYA_DIR", help="The node's directory.")], Path("hamsaya-node")),
    _option("passphrase_file", Annotated[Path | None, typer.Option(
        "--passphrase-file", envvar="HAMSAYA_PASSPHRASE_FILE", help="Where the passphrase is; else it is asked for.")],
        None),
]
_SEND = [
    _option("to", Annotated[list[str] | None, typer.Option(
        "--to", help="Recipients instead of the usual ones; repeat, or 'all'.")], None),
    _option("dry_run", Annotated[bool, typer.Option(
        "--dry-run", help="Send nothing; say whether it may be sent and which clauses decide.")], False),
]
_PERSON = [
    _option("person_file", Annotated[Path | None, typer.Option(
        "--as", envvar="HAMSAYA_PERSON", metavar="FILE", help="The key file of the person who does this.")], None),
    _option("person_passphrase_file", Annotated[Path | None, typer.Option(
        "--person-passphrase-file", envvar="HAMSAYA_PERSON_PASSPHRASE_FILE",
        help="Where that person's passphrase is; else it is asked for.")], None),
]
_SECOND = [
    _option("second", Annotated[Path | None, typer.Option(
        "--and", metavar="FILE", help="The key file of the second person, where both are at the desk.")], None),
]
_OPTIONS: dict[Level, list[inspect.Parameter]] = {
    "json": _JSON, "node": [*_NODE, *_JSON], "person": [*_PERSON, *_NODE, *_JSON],
    "send": [*_PERSON, *_SECOND, *_SEND, *_NODE, *_JSON],
}


def command(group: typer.Typer, name: str, level: Level = "node") -> Callable[[Callable[..., int | None]], None]:
    """Register a function as the command ``name`` of ``group``; its first parameter is the session."""

    def register(function: Callable[..., int | None]) -> None:
        own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
               for parameter in list(inspect.signature(function, eval_str=True).parameters.values())[1:]]
        shared = _OPTIONS[level]

        def run(**given: Any) -> None:
            options = {option.name: given.pop(option.name) for option in shared}
            options["to"] = options.get("to") or []
            session = Session(**options)
            raise typer.Exit(session.guard(lambda: function(session, **given)))

        parameters = [*own, *shared]
        run.__doc__ = function.__doc__
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        group.command(name)(run)

    return register


def new_group(app: typer.Typer, name: str, about: str) -> typer.Typer:
    """Return a group of commands under ``app``."""
    group = typer.Typer(help=about, no_args_is_help=True)
    app.add_typer(group, name=name)
    return group


def instant(text: str) -> int:
    """Return a date (its first moment) or a date-time with its offset as UTC milliseconds; for ``parser=``."""
    if text[:4].isdecimal() and foreign_year(int(text[:4])):
        raise typer.BadParameter(f"{text} reads as a year of another calendar: dates are Gregorian, such as 2026-03-01")
    try:
        if len(text) == len("2026-03-01"):
            return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
        return instants.parse(text)
    except ValueError:
        raise typer.BadParameter(
            f"expected a date or a date-time with its offset, such as 2026-03-01T08:00:00Z, received {text!r}"
        ) from None


def foreign_year(year: int) -> bool:
    """Say whether ``year`` is one that people write today in a Hijri, Buddhist or Hebrew calendar."""
    return 1200 <= year < 1700 or 2400 <= year < 2800 or 5600 <= year < 6000


def reference(text: str) -> str:
    """Return a reference (of a case, a request, an officer's desk …); for ``parser=``."""
    try:
        return ids.reference(text)
    except ValueError:
        raise typer.BadParameter(
            f"expected 1 to 64 of letters, digits and . _ : / - such as C-2026-001, received {text[:40]!r}"
        ) from None


def read_card(path: Path) -> tuple[bytes, Card]:
    """Return a card file's bytes and the card; raises PeerError naming the file when it is none."""
    raw = path.read_bytes()
    try:
        return raw, open_card(raw)
    except PeerError as error:
        raise PeerError(f"{path}: expected a node's card ({error}); ask its operator for node.card once more",
                        code=error.code) from None


def read_text(path: Path) -> str:
    """Return a file's text; raises OperatorError when it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise OperatorError(f"{path}: expected text in UTF-8; convert the file", code="bad-file") from None


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's table; raises OperatorError saying where it does not parse."""
    import tomllib

    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise OperatorError(f"{path}: expected TOML: {error}", code="bad-file") from None


# A file that the command reads.
InFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
