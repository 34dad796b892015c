"""``hamsaya node run``: one process, one event loop, two servers.

    peers     HTTPS with mutual TLS   the federation's application, on the address that the node's card names
    console   HTTP on loopback        the page and the control API, each behind its own token

Start  1 both ports are bound; 2 the service delivers, pulls and watches deadlines; 3 both servers answer;
       4 DIR/control.json says where, and only then is anybody told.
Stop   on SIGTERM or SIGINT: both servers finish what they answer (a second at most), the writer finishes its queue, the
       store closes, control.json goes, the lock is let go. A kill at any point leaves what the store has committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.types import ASGIApp

from hamsaya.api.control import control_routes
from hamsaya.api.federation import federation_app
from hamsaya.base.errors import OperatorError
from hamsaya.cli.client import CONTROL_FILE, Control
from hamsaya.console.app import console_app
from hamsaya.node.bootstrap import Opened, make_service, write_private
from hamsaya.node.service import Service

GRACE_S = 1
"""How long a stopping server waits for answers: long polls of twenty seconds are cut, and asked again elsewhere."""
CONNECTIONS = 512
"""Sixty-three peers with a long poll and a few posts each; more are told to come back."""
HEAD_BYTES = 16_384


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """What ``node run`` says once it answers."""

    node: str
    listening: str
    endpoint: str | None
    login: str
    pid: int


class _Server(uvicorn.Server):
    """A server that leaves signals to ``serve``, since there are two in this process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(opened: Opened, announce: Callable[[Running], None]) -> None:
    """Serve the opened node until SIGTERM or SIGINT, then close it; ``announce`` is called once it answers.

    Raises:
        OperatorError: a port is taken or may not be bound (``port-in-use``).
    """
    try:
        asyncio.run(_serve(opened, announce))
    finally:
        opened.close()


async def _serve(opened: Opened, announce: Callable[[Running], None]) -> None:
    settings = opened.settings
    with _listen(settings.listen_host, settings.listen_port, "listen_port") as peers, \
            _listen(settings.console_host, settings.console_port, "console_port") as console:
        service, context = make_service(opened)
        control = _control(settings.console_host, console.getsockname()[1])
        servers = [
            (_server(federation_app(service), lambda config, default: context()), peers),
            (_server(_console(opened, service, control), None), console),
        ]
        try:
            await service.start()
            told = Running(
                node=settings.node, listening=_address("https", settings.listen_host, peers.getsockname()[1]),
                endpoint=settings.endpoint, login=control.login, pid=control.pid,
            )
            await _until_signal(servers, opened.directory / CONTROL_FILE, control, lambda: announce(told))
        finally:
            await service.stop()


async def _until_signal(
    servers: list[tuple[_Server, socket.socket]], file: Path, control: Control, announce: Callable[[], None]
) -> None:
    """Run the servers until a signal comes or one of them ends, and stop them all."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks = [asyncio.create_task(server.serve([bound])) for server, bound in servers]
    tasks.append(asyncio.create_task(stop.wait()))  # type: ignore[arg-type]
    try:
        while not all(server.started for server, _ in servers) and not any(task.done() for task in tasks):
            await asyncio.sleep(0.01)
        _write_control(file, control)
        announce()
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        file.unlink(missing_ok=True)
        stop.set()
        for server, _ in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)


def _server(app: ASGIApp, context: Any) -> _Server:
    """Return a quiet server of small limits; the applications say themselves what fails in them."""
    return _Server(uvicorn.Config(
        app, http="h11", ws="none", loop="asyncio", lifespan="off", log_config=None, log_level="critical",
        access_log=False, proxy_headers=False, server_header=False, date_header=False, limit_concurrency=CONNECTIONS,
        timeout_keep_alive=30, timeout_graceful_shutdown=GRACE_S, h11_max_incomplete_event_size=HEAD_BYTES,
        ssl_context_factory=context,
    ))


@contextlib.contextmanager
def _listen(host: str, port: int, setting: str) -> Iterator[socket.socket]:
    """Bind a port, before anything is promised on it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, port))
        except OSError as error:
            raise OperatorError(f"port {port} on {host} cannot be used ({error.strerror}): stop what holds it, or set "
                                f"another {setting} in node.toml", code="port-in-use") from None
        yield bound


def _control(host: str, port: int) -> Control:
    # A node that listens on every address is reached on loopback by its own commands.
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return Control(host=reached, port=port, token=secrets.token_urlsafe(32), pid=os.getpid(),
                   login=_login(_address("http", reached, port), secrets.token_urlsafe(24)))


def _login(base: str, token: str) -> str:
    return f"{base}/login/{token}"


def _address(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _console(opened: Opened, service: Service, control: Control) -> ASGIApp:
    base, _, login_token = control.login.rpartition("/login/")

    def new_link() -> dict[str, str]:
        token = secrets.token_urlsafe(24)
        app.state.door.renew(token)
        return {"login": _login(base, token)}

    routes = control_routes(service, control.token, {"console-link": new_link})
    app = console_app(
        service, login_token=login_token, control_routes=routes, session_key=secrets.token_bytes(32),
        hosts=[opened.settings.console_host, control.host], disclaimers=opened.pack.disclaimers,
        lines=opened.pack.lines, desk=opened.directory / "desk",
    )
    return app


def _write_control(path: Path, control: Control) -> None:
    """Write the file whole or not at all: commands may look at any time."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    write_private(temporary, msgspec.json.encode(control))
    os.replace(temporary, path)


