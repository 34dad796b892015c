"""How bytes reach another node. What travels is already signed and sealed; a transport proves nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Address:
    """Where a peer listens, and the one certificate its server may show."""

    member: str
    endpoint: str
    tls_certificate: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: an HTTP status or 0 when nobody answered, and the body."""

    status: int
    body: bytes


class Transport(Protocol):
    """Posts bytes to a peer. Never raises for a peer's failure: ``Answer.status`` 0 says nobody answered."""

    async def post(self, address: Address, path: str, body: bytes, timeout_s: float) -> Answer:
        """Return the peer's answer to ``body`` posted to ``path``."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...
