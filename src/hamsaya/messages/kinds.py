"""The registry of message kinds: one typed body for each, parsed once, strictly.

A kind is ``room.verb``. Bodies are frozen structs that refuse unknown fields, wrong types and out-of-range
values, so what a schema leaves out cannot be said: there is no field for a person outside a case, none for a
target, and the codes of purposes and acts are closed lists. A body travels as deterministic CBOR of its fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec

from hamsaya.base.errors import PeerError
from hamsaya.canon import decode, encode

# Patterns end in \Z: $ would also admit a line feed at the end.
Ref = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}\Z")]
Member = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{1,31}\Z")]
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]
Instant = Annotated[int, msgspec.Meta(ge=0, lt=2**48)]
Hash = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a message says. Subclasses are registered under their kind with ``@kind``."""


B = TypeVar("B", bound=type[Body])
KINDS: dict[str, type[Body]] = {}
_NAMES: dict[type[Body], str] = {}


def kind(name: str) -> Callable[[B], B]:
    """Register a body type under ``name``; a second registration of either is a programming error."""

    def register(body: B) -> B:
        if name in KINDS or body in _NAMES:
            raise ValueError(f"message kind {name!r} is registered twice")
        KINDS[name] = body
        _NAMES[body] = name
        return body

    return register


def kind_of(body: Body) -> str:
    """Return the kind under which the type of ``body`` is registered."""
    return _NAMES[type(body)]


def encode_body(body: Body) -> bytes:
    """Return the deterministic bytes of ``body``."""
    return encode(msgspec.to_builtins(body, builtin_types=(bytes,)))


def parse_body(name: str, unverified_bytes: bytes) -> Body:
    """Return the typed body of kind ``name``.

    Raises:
        PeerError: unknown kind (``unknown-kind``), other than deterministic CBOR (``non-canonical``), or a
            field missing, unknown, of the wrong type or out of range (``bad-body``; the field is named,
            its value is not).
    """
    plain, wanted = decode(unverified_bytes), schema(name)
    # A default spares the caller some typing; on the wire a left-out field would be a second spelling of one body.
    if type(plain) is dict and (missing := set(wanted.__struct_fields__) - plain.keys()):
        raise PeerError(f"the body of {name} does not fit its schema: expected the field {min(missing)}",
                        code="bad-body")
    return _convert(name, plain, binary=True)


def schema(name: str) -> type[Body]:
    """Return the body type of kind ``name``; raises PeerError ``unknown-kind``."""
    try:
        return KINDS[name]
    except KeyError:
        raise PeerError(f"expected a known message kind, received {name[:40]!r}", code="unknown-kind") from None


def body_from_plain(name: str, plain: Any) -> Body:
    """Return ``plain`` (JSON values; bytes as base64 text) as a body of kind ``name``; errors as ``parse_body``."""
    return _convert(name, plain, binary=False)


def _convert(name: str, plain: Any, *, binary: bool) -> Body:
    try:
        # With bytes built in, text is never read as base64: on the wire a value has one spelling.
        return msgspec.convert(plain, schema(name), builtin_types=(bytes,) if binary else None)
    except msgspec.ValidationError as error:
        raise PeerError(f"the body of {name} does not fit its schema: {misfit(error)}", code="bad-body") from None


def misfit(error: msgspec.ValidationError) -> str:
    """Return what msgspec found wrong and where ("`$.officer`"), without the value received.

    It quotes a value in one case only: a word that is not on a closed list.
    """
    text = str(error)
    if text.startswith("Invalid enum value"):
        return f"Expected a word of the closed list{text[text.rfind(' - at `') :]}" if " - at `" in text else text[:18]
    return text[:200]
