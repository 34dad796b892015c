"""HTTPS between nodes: mutual TLS with pinned certificates as the gate, httpx as the client.

Each node has one self-signed certificate, carried by its card. A server admits a connection only when the client
shows a certificate of an admitted card; a client speaks only to the very certificate of the peer's card. That keeps
strangers away from the parsers and proves nothing more: who said something is known by the envelope's signature.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from hamsaya.base.errors import OperatorError
from hamsaya.ports.transport import Address, Answer

CERTIFICATE_YEARS = 10
MAX_ANSWER_BYTES = 5 << 20  # A pull's answer holds about 4 MiB of envelopes; nothing else is as long.
# Nothing is packed: a few bytes could unpack to gigabytes, and sealed bytes do not shrink.
_HEADERS = {"content-type": "application/octet-stream", "accept-encoding": "identity"}
# How long a silence may last; the time for the whole answer is the caller's.
_SILENCE = httpx.Timeout(60.0, connect=5.0)


def make_certificate(node: str, now_ms: int) -> tuple[bytes, bytes]:
    """Return (private key PEM, certificate DER) of a fresh self-signed P-256 certificate for ``node``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{node}.hamsaya.invalid")])
    start = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC) - dt.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=366 * CERTIFICATE_YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(f"{node}.hamsaya.invalid")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        certificate.public_bytes(Encoding.DER),
    )


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a server context that admits only clients given to ``admit``; TLS 1.3 only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    return _pinning(context, certificate, key)


def client_context(certificate: Path, key: Path, peer: bytes) -> ssl.SSLContext:
    """Return a client context that speaks only to the server whose certificate is exactly ``peer`` (DER)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # The pinned certificate is the identity; addresses may move.
    admit(context, peer)
    return _pinning(context, certificate, key)


def admit(context: ssl.SSLContext, certificate: bytes) -> None:
    """Trust exactly this certificate (DER) for connections made from now on.

    Raises:
        OperatorError: it is no certificate (code ``bad-certificate``); its card's owner cannot connect.
    """
    try:
        context.load_verify_locations(cadata=certificate)
    except (ssl.SSLError, ValueError):
        raise OperatorError("expected a card with a TLS certificate, received other bytes; ask for a new card",
                            code="bad-certificate") from None


def _pinning(context: ssl.SSLContext, certificate: Path, key: Path) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    # A certificate of a card is its own anchor; it is no authority over others.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_cert_chain(certificate, key)
    return context


class HttpTransport:
    """``ports.transport.Transport`` over HTTPS, one kept-alive client for each peer certificate."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate, self._key = certificate, key
        self._clients: dict[bytes, httpx.AsyncClient] = {}

    def _client(self, address: Address) -> httpx.AsyncClient:
        client = self._clients.get(address.tls_certificate)
        if client is None:
            context = client_context(self._certificate, self._key, address.tls_certificate)
            limits = httpx.Limits(max_connections=32, max_keepalive_connections=8, keepalive_expiry=30)
            client = httpx.AsyncClient(verify=context, limits=limits, timeout=_SILENCE, trust_env=False)
            self._clients[address.tls_certificate] = client
        return client

    async def post(self, address: Address, path: str, body: bytes, timeout_s: float) -> Answer:
        """Return the peer's whole answer within ``timeout_s``; status 0 when it could not be reached or broke off."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._post(address, path, body)
        # Endpoints and certificates come from other parties' cards: a bad one is a peer that does not answer.
        except (httpx.HTTPError, httpx.InvalidURL, OperatorError, OSError, ValueError):
            return Answer(0, b"")

    async def _post(self, address: Address, path: str, body: bytes) -> Answer:
        if not address.endpoint.startswith("https://"):
            raise ValueError("expected an https address: nothing is said in the clear")
        url = address.endpoint + path
        async with self._client(address).stream("POST", url, content=body, headers=_HEADERS) as answer:
            return Answer(answer.status_code, await _bounded(answer))

    async def close(self) -> None:
        """Close every kept connection."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()


async def _bounded(answer: httpx.Response) -> bytes:
    """Read at most MAX_ANSWER_BYTES; a peer that sends more has broken off as far as we are concerned."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in answer.aiter_raw():
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise httpx.ReadError("answer too large")
        chunks.append(chunk)
    return b"".join(chunks)
