"""What a person's signature is put under: the message as this program understands it, never bytes a node hands over.

A node says what it would send (``explain``). Whoever signs compares: the body is the one that was asked for, the
recipients are among those named, and the node may have added nothing but the ballot of a vote, the date of a
question and the sealed day of notice of a case.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from hamsaya.base.errors import HamsayaError, OperatorError
from hamsaya.cli.client import read_passphrase
from hamsaya.messages.acts import PersonAct, PersonKey, Signed
from hamsaya.messages.cases import Answer, Open
from hamsaya.messages.charter import CastVote, Propose
from hamsaya.messages.kinds import Body, body_from_plain, encode_body, parse_body

ALL = "all"


@dataclass
class Signers:
    """The persons at the terminal, in the order of their seats; a key file is opened when it is first needed."""

    files: list[Path]
    passphrase_file: Path | None = None
    _keys: dict[int, PersonKey] = field(default_factory=dict)

    def key(self, seat: int) -> PersonKey:
        """Return the key of the person at ``seat``; raises OperatorError ``person-missing`` when none was given."""
        from hamsaya.node.bootstrap import open_person

        if seat >= len(self.files):
            option = "--as" if seat == 0 else "--and"
            raise OperatorError(f"a person signs this: give {option} FILE with the person's key file, or name the "
                                "person; see: hamsaya person enrol", code="person-missing")
        if seat not in self._keys:
            file = self.files[seat]
            self._keys[seat] = open_person(file, read_passphrase(self.passphrase_file, of=str(file)))
        return self._keys[seat]

    def sign(self, said: dict[str, Any], explained: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Return the arguments of the message with the signatures given here, and how many those are.

        Args:
            said: kind, body, recipients and case as this program was asked for them.
            explained: What the node would send.
        Raises:
            HamsayaError: the node would refuse it, with the node's own code; nobody has signed anything then.
            OperatorError: nobody is here to sign (``person-missing``), or the node would send something else.
        """
        if not explained["allowed"]:
            raise HamsayaError("; ".join(explained["reasons"]), code=explained["code"])
        kind, seats = said["kind"], explained["seats"]
        body = _agreed(body_from_plain(kind, said["body"]), parse_body(kind, base64.b64decode(explained["body"])))
        elsewhere = set() if ALL in said["to"] else {*explained["recipients"]} - {*said["to"]}
        if explained["case"] != said["case"] or elsewhere:
            raise OperatorError("the node would send this elsewhere; nothing was signed", code="other-message")
        self.key(0)
        present = range(min(len(self.files), len(seats)))
        acts = [plain_act(act_on(self.key(seat), kind, explained, seats[seat])) for seat in present]
        return {**said, "body": msgspec.to_builtins(body), "acts": acts}, len(acts)


def _agreed(asked: Body, returned: Body) -> Body:
    """Return the body to sign, once the node's is the one that was asked for but for what the node has to add."""
    same = returned
    match asked, returned:
        case CastVote(ballot=ballot), CastVote():
            same = msgspec.structs.replace(returned, ballot=ballot)
        case Answer(locked=None), Answer(text=None):  # The node locks what only who accepts its terms may read.
            same = msgspec.structs.replace(returned, text=asked.text, locked=None)
        case Open(notice=None), Open():
            same = msgspec.structs.replace(returned, notice=None)
        case Propose(put_at=0), Propose():
            same = msgspec.structs.replace(returned, put_at=0)
    if encode_body(same) != encode_body(asked):
        raise OperatorError("the node would send another body than the one asked for; nothing was signed",
                            code="other-message")
    return returned


def act_on(key: PersonKey, kind: str, explained: dict[str, Any], seat: list[str]) -> PersonAct:
    """Return the signature of ``key`` for one seat, in the first of its roles that the person has."""
    signed = Signed.over(base64.b64decode(explained["body"]), explained["federation"], key.node, kind,
                         explained["instrument"], explained["case"], tuple(explained["recipients"]))
    return key.sign(signed, next((role for role in seat if role in key.roles), seat[0]))


def plain_act(act: PersonAct) -> dict[str, str]:
    """Return a signature as arguments of an action."""
    return {"person": act.person, "role": act.role, "kid": base64.b64encode(act.kid).decode(),
            "signature": base64.b64encode(act.signature).decode()}
