"""The shape of an action: the type of its arguments and what to do with them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from hamsaya.base.decision import Decision
from hamsaya.messages.kinds import Member
from hamsaya.node.core import Node
from hamsaya.node.service import Service


class Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Arguments of an action; unknown ones are refused."""


class Nothing(Args, frozen=True):
    """No arguments."""


class Limit(Args, frozen=True):
    """How many rows, and from where."""

    first: int = 0
    limit: int = 100


class MemberArgs(Args, frozen=True):
    """One member."""

    member: Member


@dataclass(frozen=True, slots=True)
class Action:
    """One entry: the type of the arguments and what to do with them."""

    args: type[msgspec.Struct]
    run: Callable[[Service, Any], Awaitable[Any]]


def question(ask: Callable[[Node, Any], Any]) -> Callable[[Service, Any], Awaitable[Any]]:
    """Return an action that asks ``ask`` of committed state, on the one thread that may."""

    async def run(service: Service, args: Any) -> Any:
        return await service.ask(lambda node: ask(node, args))

    return run


def sentences(decision: Decision) -> list[str]:
    """Return the reasons of ``decision`` as a reader sees them, each with its clause."""
    return [f"{reason.text} [{reason.ref}]" for reason in decision.reasons]
