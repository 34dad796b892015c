"""``hamsaya demo``: every party of the region pack as its own process, and the exercise between them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from hamsaya.adapters import ucdp
from hamsaya.adapters.regionpack import Pack, builtin_pack
from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.cli.exercise import BEGINS, Exercise
from hamsaya.cli.exercise_attacks import Attacker
from hamsaya.cli.exercise_link import Link
from hamsaya.cli.fleet import Fleet
from hamsaya.cli.output import print_json
from hamsaya.messages.monitor import Row
from hamsaya.monitor import exercise as generated
from hamsaya.monitor.counts import counts
from hamsaya.monitor.types import months
from hamsaya.node.bootstrap import ExerciseTime, Settings, agreement_of, open_pack

# One second of machine time is six hours: an urgent request is overdue in 1.3 s, a reply of 15 days fits a minute. The
# fast time begins when the case waits for it (``Exercise.time_passes``): on a busy machine the acts before take longer.
RATE = 21_600
FAST_MS = 60_000
SEED = 20_260_301
INTERRUPTED = 130
DATA = Path("..") / "shared" / "data" / "ucdp-ged-region.csv.gz"
DOWNLOADS = ("ucdp-ged*.csv", "ucdp-ged*.csv.gz", "ucdp-ged*.parquet", "GEDEvent*.csv", "GEDEvent*.csv.gz")
KEYS = ("nodes", "incidents", "messages_sent", "messages_admitted", "refused_as_expected", "lost", "duplicated",
        "joint_picture_equal", "logs_verified", "tamper_detected", "price_before", "price_after", "seconds")


@dataclass(frozen=True)
class Incidents:
    """What the members will report: how many incidents, their counts, and whose figures they are."""

    count: int
    rows: list[Row]
    source: str
    licence: str
    first: str
    last: str


def run(
    *, incidents: Path | None, once: bool, as_json: bool, directory: Path | None, base_port: int, present: Sequence[str]
) -> int:
    """Play the exercise and return the exit code: 0 when everything was as it should be, else 1.

    Args:
        incidents: A UCDP GED file; None looks for one, and generates labelled EXERCISE data when there is none.
        once: Stop after the exercise instead of leaving the consoles up.
        directory: Where the nodes live; None makes one that is removed at the end.
        present: Parties the pack lists as absent that take part.
    """
    console = Console(stderr=as_json, highlight=False, soft_wrap=True)
    with _directory(directory) as home:
        try:
            return asyncio.run(_demo(console, home, incidents, once, as_json, base_port, tuple(present)))
        except asyncio.CancelledError:
            console.print("stopped before the exercise was over")
            return INTERRUPTED


@contextlib.contextmanager
def _directory(given: Path | None) -> Iterator[Path]:
    if given is None:
        with tempfile.TemporaryDirectory(prefix="hamsaya-demo-") as made:
            yield Path(made)
        return
    if given.exists() and any(given.iterdir()):
        raise OperatorError(f"expected an empty or new directory, {given} holds something; choose another",
                            code="not-empty")
    given.mkdir(parents=True, exist_ok=True, mode=0o700)
    yield given


async def _demo(
    console: Console, home: Path, file: Path | None, once: bool, as_json: bool, base_port: int, present: tuple[str, ...]
) -> int:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    pack = open_pack(Settings(node="", pack=builtin_pack().id, present=present))
    taking_part = [party.id for party in pack.parties if party.standing != "absent"]
    ports = {member: base_port + 2 * number for number, member in enumerate(taking_part)}
    link_ports = [base_port + 2 * len(ports), base_port + 2 * len(ports) + 1]
    _check_ports([*ports.values(), *(port + 1 for port in ports.values()), *link_ports])
    read = load_incidents(file, pack, console)
    fleet = Fleet(home)
    try:
        started = time.monotonic()
        with console.status(f"founding {len(ports)} nodes, each with its own keys and database …"):
            anchor = time.time_ns() // 1_000_000
            routes = _routes(pack, ports, link_ports)
            fast = ExerciseTime(anchor, RATE, FAST_MS, str((home / BEGINS).resolve()))
            settings = [_settings(pack, member, ports, routes, fast, present) for member in taking_part]
            await asyncio.to_thread(fleet.found_all, settings)
        links = await _links(pack, ports, link_ports)
        with console.status(f"starting {len(ports)} node processes …"):
            for member in taking_part:
                fleet.launch(member)
            await asyncio.gather(*(fleet.ready(member) for member in taking_part))
        console.print(f"[bold]{len(ports)} nodes up[/bold] in {time.monotonic() - started:.1f} s below {home}")
        result = await _play(console, fleet, pack, links, read, anchor)
        result["seconds"] = round(time.monotonic() - started, 1)
        good = _report(console, result, as_json)
        if not once:
            await _stay(console, fleet, taking_part)
        return 0 if good else 1
    finally:
        await fleet.stop_all()


async def _play(
    console: Console, fleet: Fleet, pack: Pack, links: list[Link], read: Incidents, anchor: int
) -> dict[str, Any]:
    def say(act: str, sentence: str) -> None:
        console.print(f"  [bold]{act:<11}[/bold] {sentence}")

    script = pack.exercise
    console.print(f"[bold]{script.title}[/bold]  {script.notice}")
    exercise = Exercise(
        fleet=fleet, pack=pack, agreement=agreement_of(pack, fleet.members[0]), links=links, say=say,
        incidents=read.count, rows=read.rows, source=(read.source, read.licence), first=read.first, last=read.last,
        as_of=anchor,
    )
    for act in (exercise.cards, exercise.charter, exercise.monitoring, exercise.picture, exercise.case,
                exercise.promise, exercise.tranche, exercise.alert):
        await act()
    attacker = Attacker(fleet, captive=script.faults.cut[0], victim=script.faults.cut[1],
                        copy=fleet.directory / "stolen-copy")
    await exercise.fleet.everywhere("cosign")
    attempts = await attacker.run()
    for attempt in attempts:
        verdict = "refused" if attempt.refused else "[red]NOT REFUSED AS EXPECTED[/red]"
        say("attacks", f"{attempt.name}: {verdict} ({attempt.code}); {attempt.words}")
    await exercise.logs()
    on_logs = [attempt for attempt in attempts if attempt.name.endswith("log")]
    memory = [mb for member in fleet.members if (mb := fleet.idle_memory_mb(member)) is not None]
    return exercise.outcome | {
        "nodes": len(fleet.members),
        "incidents": read.count,
        "refused_as_expected": sum(attempt.refused for attempt in attempts),
        "refusals": {attempt.name: attempt.code for attempt in attempts},
        "attempts": len(attempts),
        "tamper_detected": all(attempt.refused for attempt in on_logs),
        "source": read.source,
        "memory_mb": round(max(memory), 1) if memory else None,
    }


def _report(console: Console, result: dict[str, Any], as_json: bool) -> bool:
    """Print the outcome and return whether everything was as it should be."""
    good = bool(
        result["joint_picture_equal"] and result["tamper_detected"] and result["logs_verified"] == result["nodes"]
        and result["refused_as_expected"] == result["attempts"] and result["lost"] == result["duplicated"] == 0
        and result["price_after"] < result["price_before"]
        and result["alert"]["raised"] and result["alert"]["beyond_budget"] == "budget-exceeded"
    )
    ordered = {key: result.pop(key) for key in KEYS} | result
    if as_json:
        print_json(ordered)
    verdict = "[green]everything was[/green]" if good else "[red]something was not[/red]"
    console.print(
        f"[bold]{verdict} as it should be[/bold]: {ordered['seconds']} s, at most {ordered['memory_mb']} MB a node"
    )
    return good


async def _stay(console: Console, fleet: Fleet, members: list[str]) -> None:
    """Leave the nodes up and show each console's one-time link, until the operator interrupts."""
    console.print("\n[bold]consoles[/bold] (each link works once; Ctrl-C stops everything)")
    for member in members:
        console.print(f"  {member:<12} {fleet.login(member)}")
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


def load_incidents(file: Path | None, pack: Pack, console: Console) -> Incidents:
    """Return counts of the incidents in ``file``, in a file found near, or of generated EXERCISE incidents."""
    found = file or find_incidents()
    if found is None:
        console.print("no UCDP GED file found: using generated, labelled [bold]EXERCISE[/bold] incidents")
        period = months("2018-01", "2020-12")
        everything = list(generated.exercise_incidents(SEED, sorted(pack.areas), period))
        rows = counts(everything)
        return Incidents(len(everything), rows, generated.SOURCE, generated.LICENCE, period[0], period[-1])
    bad: list[PeerError] = []
    with console.status(f"reading {found} …"):
        everything = [incident for incident in ucdp.read(found, on_bad=bad.append) if incident.gid in pack.areas]
    if not everything:
        raise OperatorError(f"{found} holds no incident in the reporting areas of this pack", code="no-incidents")
    if bad:
        console.print(f"{len(bad)} rows of {found.name} were left out; the first: {bad[0]}")
    span = sorted({incident.month for incident in everything})
    console.print(f"{len(everything)} incidents of {found.name} ({span[0]} to {span[-1]}) lie in the reporting areas")
    return Incidents(len(everything), counts(everything), ucdp.SOURCE, ucdp.LICENCE, span[0], span[-1])


def find_incidents() -> Path | None:
    """Return a downloaded GED file of the working folder, else the shared data set beside the repository, else None."""
    for pattern in DOWNLOADS:
        for path in sorted(Path.cwd().glob(pattern)):
            return path
    shared = [Path.cwd() / DATA, Path(__file__).resolve().parents[3] / DATA]
    return next((path for path in shared if path.is_file()), None)


def _check_ports(ports: list[int]) -> None:
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                text = f"port {port} is in use; choose others with --base-port"
                raise OperatorError(text, code="port-in-use") from None


def _routes(pack: Pack, ports: dict[str, int], link_ports: list[int]) -> dict[str, dict[str, str]]:
    """Lead the two ends of the link that will be cut to each other through the link, in both directions."""
    one, other = pack.exercise.faults.cut
    return {one: {other: f"https://127.0.0.1:{link_ports[0]}"}, other: {one: f"https://127.0.0.1:{link_ports[1]}"}}


async def _links(pack: Pack, ports: dict[str, int], link_ports: list[int]) -> list[Link]:
    one, other = pack.exercise.faults.cut
    links = [Link(link_ports[0], ports[other]), Link(link_ports[1], ports[one])]
    for link in links:
        await link.start()
    return links


def _settings(
    pack: Pack, member: str, ports: dict[str, int], routes: dict[str, dict[str, str]], fast: ExerciseTime,
    present: tuple[str, ...],
) -> Settings:
    port = ports[member]
    inbound = next(party.inbound for party in pack.parties if party.id == member)
    return Settings(
        node=member, pack=pack.id, present=present, endpoint=f"https://127.0.0.1:{port}" if inbound else None,
        listen_port=port, console_port=port + 1, cosign_s=5.0, deadlines_s=0.5, backoff_cap_s=1.0,
        routes=routes.get(member, {}), exercise_time=fast,
    )

