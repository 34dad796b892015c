"""What the pages say when they cannot show what was asked for: what it is, and the next step. Never internals."""

from __future__ import annotations

from dataclasses import dataclass


def N_(message: str) -> str:
    """Mark a message for the catalogues."""
    return message


@dataclass(frozen=True, slots=True)
class Problem:
    """One page of refusal. ``path`` is where the next step leads, None when it is taken elsewhere."""

    status: int
    title: str
    text: str
    step: str
    path: str | None = None


HOME = N_("Go to the overview")
LINK = N_("On the machine of the node, run: hamsaya node link. In an exercise, start the demo again.")
DOCTOR = N_("Ask the operator to run: hamsaya doctor")
PROBLEMS: dict[str, Problem] = {
    "no-session": Problem(
        403, N_("Please sign in"),
        N_("This page opens with the sign-in link that the node printed at its start. A link works once; a session "
           "ends after twelve hours or when the node restarts."), LINK),
    "used-link": Problem(
        403, N_("This link is no longer valid"),
        N_("A sign-in link works once. If you did not use it yourself, tell the operator of this node."), LINK),
    "not-found": Problem(404, N_("No such page"), N_("There is nothing at this address."), HOME, "/"),
    "unknown-case": Problem(
        404, N_("No such case"),
        N_("This node knows no case with that reference. Cases are known only to their participants."),
        N_("Go to the list of cases"), "/cases"),
    "no-file": Problem(
        404, N_("This file cannot be given"),
        N_("It is not whole here, it is not what it says it is, or its conditions keep it from this desk."),
        N_("Go to the list of cases"), "/cases"),
    "unknown-message": Problem(
        404, N_("No such entry"), N_("The log of this node has no message with that number."),
        N_("Go to the log"), "/log"),
    "unknown-instrument": Problem(
        404, N_("No such instrument"), N_("The charter in effect has no instrument of that name."),
        N_("Go to the charter"), "/charter"),
    "unknown-proposal": Problem(
        404, N_("No such proposal"), N_("This node knows no proposal with that reference."),
        N_("Go to the charter"), "/charter"),
    "bad-period": Problem(
        400, N_("This is not a period"),
        N_("A period has a first and a last month, written as year and month like 2026-03, and the first is not "
           "after the last."), N_("Go to the joint picture"), "/picture"),
    "wrong-method": Problem(
        405, N_("These pages are for reading only"), N_("Nothing can be changed here."), HOME, "/"),
    "store": Problem(
        503, N_("The node cannot read its store"), N_("Its disk or database refuses. Nothing was lost."), DOCTOR),
    "internal": Problem(
        500, N_("The node failed to show this page"),
        N_("Nothing was changed. The reason is in the node's own output."), DOCTOR),
    "bad-request": Problem(
        400, N_("The node cannot answer this"), N_("The address asks for something that does not exist."), HOME, "/"),
}
BY_CODE = {"bad-id": "unknown-message", "bad-arguments": "bad-request", "disk-full": "store", "disk-read-only": "store"}
BY_STATUS = {404: "not-found", 405: "wrong-method", 500: "internal", 503: "store"}


class Trouble(Exception):
    """Raised by a page; the code is a key of ``PROBLEMS``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def problem_of(code: str) -> Problem:
    """Return the page for a code of ours or of the error tree; ``bad-request`` when there is none."""
    return PROBLEMS.get(BY_CODE.get(code, code), PROBLEMS["bad-request"])
