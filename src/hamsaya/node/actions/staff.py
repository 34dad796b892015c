"""The persons of this node: enrolled, given fresh keys, ended, disclosed to an oversight body."""

from __future__ import annotations

from hamsaya.messages.kinds import Member, Ref
from hamsaya.messages.persons import EndReason
from hamsaya.node import enrolment
from hamsaya.node.actions.sending import say
from hamsaya.node.actions.table import Action, Args, Nothing, question
from hamsaya.node.enrolment import Enrolment


class EnrolArgs(Args, Enrolment, frozen=True):
    """A person of this node's staff; the public key is the person's own."""


class RekeyArgs(Args, frozen=True):
    """A fresh key for an enrolled person."""

    person: Ref
    public: bytes
    days: int = 365


class EndArgs(Args, frozen=True):
    """The end of a person's credentials."""

    person: Ref
    reason: EndReason


class DiscloseArgs(Args, frozen=True):
    """Whose name an oversight body is told."""

    person: Ref
    to: Member


ACTIONS: dict[str, Action] = {
    "persons": Action(Nothing, question(lambda node, _: enrolment.views(node))),
    "enrol": Action(EnrolArgs, lambda service, a: say(service, lambda node: enrolment.enrol(node, a))),
    "rekey": Action(RekeyArgs, lambda service, a: say(service, lambda node: [
        enrolment.rekey(node, a.person, a.public, a.days)])),
    "end-person": Action(EndArgs, lambda service, a: say(service, lambda node: [
        enrolment.end(node, a.person, a.reason)])),
    "disclose": Action(DiscloseArgs, lambda service, a: say(service, lambda node: [
        enrolment.disclose(node, a.person, a.to)])),
}
