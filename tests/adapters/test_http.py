"""The gate between nodes: mutual TLS with pinned certificates, and a client that bounds what it takes in."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from hamsaya.adapters import http
from hamsaya.adapters.http import HttpTransport, admit, client_context, make_certificate
from hamsaya.ports.transport import Address, Answer
from tests.faults.network import LOOPBACK, Papers, make_papers, serving

BIG = 3 << 20


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Papers]:
    """A server, its peer, and a stranger."""
    folder = tmp_path_factory.mktemp("papers")
    return {name: make_papers(folder, name) for name in ("server", "peer", "stranger")}


class Echo:
    """An ASGI application that answers by path and remembers which connections it was spoken to on."""

    def __init__(self) -> None:
        self.clients: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.clients.append(tuple(scope["client"]))
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if scope["path"] == "/never":
            await asyncio.sleep(30)
        headers = [(b"content-encoding", b"gzip")] if scope["path"] == "/packed" else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["path"] == "/trickle":
            for _ in range(300):
                await send({"type": "http.response.body", "body": b".", "more_body": True})
                await asyncio.sleep(0.1)
        if scope["path"] == "/big":
            for _ in range(BIG >> 16):
                await send({"type": "http.response.body", "body": b"x" * (1 << 16), "more_body": True})
        await send({"type": "http.response.body", "body": body})


def _post(papers: dict[str, Papers], *requests: tuple[str, bytes], client: str = "peer", pinned: str = "server",
          admitted: tuple[str, ...] = ("peer",), timeout_s: float = 5.0) -> tuple[list[Answer], Echo]:
    """Return the answers to ``requests`` posted by ``client`` to a server that shows the server's certificate."""

    async def run() -> tuple[list[Answer], Echo]:
        echo = Echo()
        context = papers["server"].server(*(papers[name].certificate for name in admitted))
        transport = HttpTransport(papers[client].certificate_file, papers[client].key_file)
        async with serving(echo, context) as port:
            address = Address("server", f"https://{LOOPBACK}:{port}", papers[pinned].certificate)
            answers = [await transport.post(address, path, body, timeout_s) for path, body in requests]
            await transport.close()
        return answers, echo

    return asyncio.run(run())


def test_an_admitted_peer_is_answered_on_one_kept_connection(papers: dict[str, Papers]) -> None:
    """A handshake for each message would cost ten times what the message does."""
    answers, echo = _post(papers, *[("/echo", bytes([number])) for number in range(5)])
    assert [answer.body for answer in answers] == [bytes([number]) for number in range(5)]
    assert len(set(echo.clients)) == 1


def test_a_stranger_does_not_reach_the_application(papers: dict[str, Papers]) -> None:
    """Parsers are the largest surface; a certificate nobody admitted must not touch them."""
    answers, echo = _post(papers, ("/echo", b"hello"), client="stranger")
    assert answers == [Answer(0, b"")]
    assert echo.clients == []


def test_a_server_with_another_certificate_is_told_nothing(papers: dict[str, Papers]) -> None:
    """Whoever takes over an address or a name does not get even the sealed bytes, nor the pattern of traffic."""
    answers, echo = _post(papers, ("/echo", b"hello"), pinned="stranger")
    assert answers == [Answer(0, b"")]
    assert echo.clients == []


def test_a_certificate_admitted_while_the_server_runs_works_at_once(papers: dict[str, Papers]) -> None:
    """A new member joins without a restart of all the others."""

    async def run() -> tuple[Answer, Answer]:
        context = papers["server"].server()
        transport = HttpTransport(papers["peer"].certificate_file, papers["peer"].key_file)
        async with serving(Echo(), context) as port:
            address = Address("server", f"https://{LOOPBACK}:{port}", papers["server"].certificate)
            before = await transport.post(address, "/echo", b"1", 5.0)
            admit(context, papers["peer"].certificate)
            after = await transport.post(address, "/echo", b"2", 5.0)
            await transport.close()
        return before, after

    before, after = asyncio.run(run())
    assert before.status == 0
    assert after == Answer(200, b"2")


def test_nobody_is_admitted_by_a_certificate_that_an_admitted_one_signed(
    papers: dict[str, Papers], tmp_path: Path
) -> None:
    """A member's certificate stands for itself: it is no authority that could mint more members."""
    forged = _signed_by(papers["peer"], tmp_path)

    async def run() -> Answer:
        echo = Echo()
        transport = HttpTransport(forged.certificate_file, forged.key_file)
        async with serving(echo, papers["server"].server(papers["peer"].certificate)) as port:
            address = Address("server", f"https://{LOOPBACK}:{port}", papers["server"].certificate)
            answer = await transport.post(address, "/echo", b"hello", 5.0)
            await transport.close()
        assert echo.clients == []
        return answer

    assert asyncio.run(run()).status == 0


def _signed_by(issuer: Papers, folder: Path) -> Papers:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    base = x509.load_der_x509_certificate(issuer.certificate)
    key, issuer_key = ec.generate_private_key(ec.SECP256R1()), load_pem_private_key(issuer.key_file.read_bytes(), None)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "minted")])
    minted = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(base.subject).public_key(key.public_key())
        .serial_number(7).not_valid_before(base.not_valid_before_utc).not_valid_after(base.not_valid_after_utc)
        .sign(issuer_key, hashes.SHA256())  # type: ignore[arg-type]
    )
    papers = Papers(minted.public_bytes(Encoding.DER), folder / "minted.crt", folder / "minted.key")
    # The chain is shown too: what is refused is the right to sign, not a missing link.
    papers.certificate_file.write_bytes(minted.public_bytes(Encoding.PEM) + issuer.certificate_file.read_bytes())
    papers.key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return papers


async def _raw(papers: dict[str, Papers], context: ssl.SSLContext, request: bytes) -> bytes:
    """Return what a server that admits "peer" answers to raw bytes; b"" or an error when it does not."""
    async with serving(Echo(), papers["server"].server(papers["peer"].certificate)) as port:
        reader, writer = await asyncio.open_connection(LOOPBACK, port, ssl=context, server_hostname="server")
        try:
            writer.write(request)
            await writer.drain()
            return await reader.read(65_536)
        finally:
            writer.close()


def test_a_client_without_a_certificate_is_refused(papers: dict[str, Papers]) -> None:
    """TLS 1.3 tells a client only after its own handshake is done, so the application is what must be silent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        answer = asyncio.run(_raw(papers, context, b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"))
    except (ssl.SSLError, ConnectionError):
        answer = b""
    assert answer == b""


def test_tls_below_1_3_is_refused(papers: dict[str, Papers]) -> None:
    """Older versions bring back negotiable weak ciphers and certificates in the clear."""
    peer = papers["peer"]
    context = client_context(peer.certificate_file, peer.key_file, papers["server"].certificate)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        asyncio.run(_raw(papers, context, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"))


def test_an_endless_answer_is_given_up(papers: dict[str, Papers], monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer must not fill this node's memory with an answer."""
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 1 << 20)
    assert _post(papers, ("/big", b""))[0] == [Answer(0, b"")]


def test_an_answer_within_the_bound_arrives_whole(papers: dict[str, Papers]) -> None:
    """The bound must not cut what peers may say."""
    (answer,), _ = _post(papers, ("/big", b""))
    assert (answer.status, len(answer.body)) == (200, BIG)


def test_a_packed_answer_is_not_unpacked(papers: dict[str, Papers]) -> None:
    """A few kilobytes can unpack to gigabytes: what is bounded must be what arrived."""
    assert _post(papers, ("/packed", b"not gzip at all"))[0] == [Answer(200, b"not gzip at all")]


@pytest.mark.parametrize("path", ["/never", "/trickle"])
def test_a_peer_that_does_not_finish_answering_holds_nobody_up(papers: dict[str, Papers], path: str) -> None:
    """The time is for the whole answer: a byte now and then must not keep a sender or a witness round waiting."""
    assert _post(papers, (path, b""), timeout_s=0.4)[0] == [Answer(0, b"")]


@pytest.mark.parametrize("endpoint", ["https://127.0.0.1:1", "not an address", "https://[", "http://\x00", "ftp://x"])
def test_an_endpoint_that_cannot_be_reached_is_no_answer(papers: dict[str, Papers], endpoint: str) -> None:
    """Endpoints come from other parties' cards: a bad one must not raise into the delivery loop."""

    async def run() -> Answer:
        transport = HttpTransport(papers["peer"].certificate_file, papers["peer"].key_file)
        answer = await transport.post(Address("server", endpoint, papers["server"].certificate), "/x", b"", 2.0)
        await transport.close()
        return answer

    assert asyncio.run(run()) == Answer(0, b"")


def test_an_address_without_tls_is_told_nothing(papers: dict[str, Papers]) -> None:
    """A card that says http would have headers, and so who talks to whom, travel in the clear."""

    async def run() -> tuple[Answer, list[object]]:
        seen: list[object] = []
        server = await asyncio.start_server(lambda reader, writer: seen.append(writer), LOOPBACK, 0)
        port = server.sockets[0].getsockname()[1]
        transport = HttpTransport(papers["peer"].certificate_file, papers["peer"].key_file)
        address = Address("server", f"http://{LOOPBACK}:{port}", papers["server"].certificate)
        answer = await transport.post(address, "/v1/envelopes", b"hello", 0.5)
        server.close()
        return answer, seen

    assert asyncio.run(run()) == (Answer(0, b""), [])


def test_a_card_without_a_usable_certificate_is_no_answer(papers: dict[str, Papers]) -> None:
    """Certificates come from cards too."""

    async def run(certificate: bytes) -> Answer:
        transport = HttpTransport(papers["peer"].certificate_file, papers["peer"].key_file)
        return await transport.post(Address("server", "https://127.0.0.1:1", certificate), "/x", b"", 2.0)

    assert asyncio.run(run(b"not a certificate")) == asyncio.run(run(b"")) == Answer(0, b"")


def test_a_certificate_names_its_node_and_is_no_authority() -> None:
    """What a card carries must be usable for one thing only."""
    key, der = make_certificate("uz", 1_790_000_000_000)
    certificate = x509.load_der_x509_certificate(der)
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert certificate.subject == certificate.issuer
    assert key.startswith(b"-----BEGIN PRIVATE KEY-----")
