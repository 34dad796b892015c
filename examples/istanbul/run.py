"""A worked monitoring-and-verification annex, run with the public commands alone: see README.md beside this file.

    python examples/istanbul/run.py                  figures on paper, then two small federations of real nodes
    python examples/istanbul/run.py --paper          the figures alone, in seconds
    python examples/istanbul/run.py --with present   one of the two federations: present, or absent

Everything happens in a temporary directory, which is removed. What is meant to be refused is, and the run says so; it
stops at the first command that answers otherwise than this file expects.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "src"
ANNEX = HERE / "annex"
PACK = SOURCE / "hamsaya" / "regions" / "afpak"
ROLES = {"present": ("pk", "af", "uz", "joint-cell"), "absent": ("pk", "uz", "joint-cell")}
PATIENCE_S = 120.0
T = TypeVar("T")


class Wrong(RuntimeError):
    """A command answered otherwise than this file expects."""


def hamsaya(*arguments: str | Path, refused: bool = False, quiet: bool = True, home: Path | None = None) -> str:
    """Run one public command and return what it printed; ``refused`` expects it to be refused."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "NO_COLOR": "1", "COLUMNS": "160"}
    if home is not None:
        secret = home / "passphrase"
        environment |= {"HAMSAYA_PASSPHRASE_FILE": str(secret), "HAMSAYA_PERSON_PASSPHRASE_FILE": str(secret)}
    words = [str(each) for each in arguments]
    done = subprocess.run([sys.executable, "-m", "hamsaya", *words], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    if (done.returncode == 1) != refused or done.returncode not in (0, 1):
        raise Wrong(f"hamsaya {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    if not quiet:
        print(f"\n$ hamsaya {' '.join(words)}\n{(done.stdout + done.stderr).rstrip()}")
    return done.stdout + (done.stderr if refused else "")


def asked(*arguments: str | Path, home: Path | None = None) -> Any:
    """Return a command's ``--json`` answer."""
    return json.loads(hamsaya(*arguments, "--json", home=home))


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


# -- on paper ---------------------------------------------------------------------------------------------------------


def tables(kind: str) -> list[dict[str, Any]]:
    """Return the annex's commitments or tranches."""
    return [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted((ANNEX / kind).glob("*.toml"))]


def check_panels() -> None:
    """Hold every panel to its rule: a majority decides, no bloc has as many seats, nobody judges in its own cause."""
    for terms in tables("commitments"):
        blocs = [seat["bloc"] for seat in terms["panel"]]
        assert 2 * terms["k"] > len(blocs) and all(blocs.count(bloc) < terms["k"] for bloc in blocs)
        owner = terms["commitment"].partition("-")[0].lower()
        assert owner not in [seat["member"] for seat in terms["panel"]]
        how = f"counted in cells {terms['query']['cells']}" if "query" in terms else "attested"
        print(f"  {terms['commitment']}: {terms['title']} ({how}; {terms['k']} of {len(blocs)}, "
              f"no bloc holds {terms['k']})")


def pack_with(home: Path, standing: str) -> Path:
    """Return a copy of the pack in which the competent authority in Kabul has ``standing``."""
    copy = home / f"pack-{standing}"
    shutil.copytree(PACK, copy)
    members = copy / "members.toml"
    text = members.read_text(encoding="utf-8")
    members.write_text(re.sub(r'(?ms)(^id = "af"$.*?^standing = )"\w+"', rf'\1"{standing}"', text, count=1),
                       encoding="utf-8")
    return copy


def what_if_table(pack: Path) -> list[dict[str, Any]]:
    """Return the rows of what-if.toml worked out on ``pack``, and print them."""
    rows = tomllib.loads((ANNEX / "what-if.toml").read_text(encoding="utf-8"))["rows"]

    def worked(row: dict[str, Any]) -> dict[str, Any]:
        sets: list[str] = [word for each in row["sets"] for word in ("--set", each)]
        return {**asked("linkage", "what-if", "--pack", pack, *sets)["after"], "title": row["title"]}

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(worked, rows))
    print(f"  {'':56} {'a':>8} {'b':>6} {'price':>16} {'flow':>6} {'c_max':>6}  largest lever")
    for row in found:
        span = row["price"]
        ends = ["∞" if span[end] is None else f"{span[end]:.2f}" for end in ("low", "high")]
        price = f"{span['mid']:.2f} ({ends[0]}–{ends[1]})" if row["purchasable"] else "not purchasable"
        print(f"  {row['title']:56} {row['a']['mid']:8.5f} {row['b']['mid']:6.2f} {price:>16} "
              f"{row['tau_musd']['mid']:6.0f} {row['break_even_musd']:6.1f}  {row['largest_lever']}")
    return found


def paper(home: Path) -> dict[str, Any]:
    """Work out the annex's figures without any node, with the authority in Kabul at the table and away."""
    say("the commitments, and their panels")
    check_panels()
    say("what the corridor is said to be worth: published figures with their disputes")
    for project in asked("linkage", "projects"):
        for figure in project["figures"]:
            if figure["unit"] == "MUSD/year":
                span = f"{figure['value']:g} ({figure['low']:g} to {figure['high']:g})"
                print(f"  {project['id']}.{figure['name']}: {span} as of {figure['as_of']}"
                      f"{', DISPUTED' if figure['dispute'] else ''}; {figure['source']}")
    say("how often to look: a standing breach found within 30 days with 90 percent, a visit seeing it half the time")
    looks = asked("compliance", "sampling", "--population", "90", "--defects", "5", "--nondetection", "0.1", "--days",
                  "30", "--p-find", "0.5")
    print(f"  {looks['visits_per_year']:.0f} visits a year; of 90 daily clearances with 5 bad ones inspect "
          f"{looks['exact']}")
    found: dict[str, Any] = {"visits_per_year": looks["visits_per_year"]}
    for name, standing in (("absent", "absent"), ("present", "full")):
        say(f"what a rule, a visit rate, a panel and a corridor do to the price, Kabul {name} (million US$ a year)")
        found[name] = what_if_table(pack_with(home, standing))
    say("a schedule at which both promises are worth keeping (illustrative inputs)")
    schedule = asked("linkage", "schedule", ANNEX / "schedule.json", "--worlds", "2000")
    print("\n".join(f"  {word}" for word in schedule["words"]))
    return found


# -- with nodes -------------------------------------------------------------------------------------------------------


def small_pack(home: Path, parties: tuple[str, ...]) -> Path:
    """Return the pack for a federation of ``parties``: two signatures and two votes do, who is not here observes."""
    copy = home / "pack"
    shutil.copytree(PACK, copy)
    charter = next(iter(sorted((copy / "charter").iterdir()))) / "charter.toml"
    text = charter.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^entry_into_force = .*", "entry_into_force = 2", text)
    text = re.sub(r'"quota", q = [56]', '"quota", q = 2', text).replace("stops = 6", "stops = 2")
    charter.write_text(text, encoding="utf-8")
    members = copy / "members.toml"
    blocks = re.split(r"(?m)^(?=\[\[members\]\])", members.read_text(encoding="utf-8"))
    kept = {*parties, "af", "oversight"}
    members.write_text("".join(
        block if (name := re.search(r'(?m)^id = "([\w-]+)"', block)) is None or name[1] in kept
        else re.sub(r"(?m)^standing = .*", 'standing = "observer"', block) for block in blocks), encoding="utf-8")
    hamsaya("charter", "check", copy)
    return copy


class Federation:
    """A handful of real nodes on loopback, founded, introduced and signed by the public commands."""

    def __init__(self, home: Path, parties: tuple[str, ...]) -> None:
        self.home, self.parties = home, parties
        self._run: list[subprocess.Popen[bytes]] = []
        self._spoke: set[str] = set()

    def do(self, party: str, *words: str | Path, desk: str = "", **options: Any) -> str:
        """Run a command at the node of ``party``, signed by one of its persons where a desk is named."""
        signed = ["--as", self.home / party / f"{desk}.key"] if desk else []
        self._spoke |= {party} if desk else set()
        return hamsaya(*words, *signed, "--dir", self.home / party, home=self.home, **options)

    def ask(self, party: str, *words: str | Path) -> Any:
        return asked(*words, "--dir", self.home / party, home=self.home)

    def found(self, present: bool) -> None:
        passphrase = self.home / "passphrase"
        passphrase.touch(mode=0o600)
        passphrase.write_text("only for this example", encoding="utf-8")
        pack = small_pack(self.home, self.parties)
        ports = dict(zip(self.parties, free_ports(len(self.parties)), strict=True))
        extra = ["--present", "af"] if present else []
        founded = self.each(lambda party: self.ask(
            party, "node", "init", party, "--pack", pack, "--listen-port", str(ports[party]), "--console-port", "0",
            *extra, *([] if party == "joint-cell" else ["--endpoint", f"https://127.0.0.1:{ports[party]}"])))
        prints = {party: card["fingerprint"] for party, card in zip(self.parties, founded, strict=True)}
        for party in self.parties:
            out = (self.home / f"{party}.out").open("wb")
            self._run.append(subprocess.Popen(
                [sys.executable, "-m", "hamsaya", "node", "run", "--dir", str(self.home / party)], stdout=out,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": str(SOURCE),
                     "HAMSAYA_PASSPHRASE_FILE": str(self.home / "passphrase")}))
        self.until(lambda: all((self.home / party / "control.json").exists() for party in self.parties), "start")
        self.each(lambda party: [self.do(party, "node", "peers", "add", self.home / other / "node.card",
                                         "--fingerprint", prints[other]) for other in self.parties if other != party])
        self.each(self._staff)
        self.each(lambda party: self.do(party, "charter", "sign", desk="desk-2"))
        self.settle()

    def each(self, act: Callable[[str], T]) -> list[T]:
        """Return what ``act`` gives for every party, two at a time."""
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(act, self.parties))

    def _staff(self, party: str) -> None:
        for desk, number, roles in (("desk-1", "1001", ("liaison", "analyst", "verifier")),
                                    ("desk-2", "1002", ("releaser",))):
            named = [word for role in roles for word in ("--role", role)]
            self.do(party, "person", "enrol", desk, *named, "--staff-number", number, "--name", f"{desk} of {party}",
                    "--key", self.home / party / f"{desk}.key")

    def settle(self) -> None:
        """Return once everything said has arrived."""
        self.until(lambda: all(map(self._delivered, sorted(self._spoke))), "deliver what was said")

    def _delivered(self, party: str) -> bool:
        if self.ask(party, "node", "status")["outbox"].get("waiting"):
            return False
        self._spoke.discard(party)
        return True

    def until(self, holds: Any, what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > deadline:
                raise Wrong(f"the nodes did not {what} in {PATIENCE_S:.0f} s")
            time.sleep(0.2)

    def stop(self) -> None:
        for process in self._run:
            process.terminate()
        for process in self._run:
            process.wait(timeout=30)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody holds, all different."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


@contextmanager
def federation(home: Path, which: str) -> Iterator[Federation]:
    made = Federation(home, ROLES[which])
    try:
        made.found(which == "present")
        yield made
    finally:
        made.stop()


def declare(made: Federation) -> None:
    """Let each party that is here promise what the annex asks of it, and the payers declare what is tied to it."""
    for terms in sorted((ANNEX / "commitments").glob("*.toml")):
        if (owner := terms.stem.partition("-")[0]) in made.parties:
            made.do(owner, "compliance", "declare", terms, desk="desk-2")
    made.settle()
    for path in sorted((ANNEX / "tranches").glob("*.toml")):
        tranche = tomllib.loads(path.read_text(encoding="utf-8"))
        if tranche["receiver"] in made.parties:
            payer = tranche["payers"][0]
            made.do(payer, "linkage", "tranche", "declare", path, desk="desk-2")
            for state in ("escrowed", "released", "running"):
                made.do(payer, "linkage", "tranche", "step", tranche["tranche"], state, "--ground", "payers-decision-1",
                        desk="desk-2")
    made.settle()


def lodge(made: Federation, by: str, ref: str, name: str, kind: str, value: str | None, summary: str) -> None:
    measured = [] if value is None else ["--value", value, "--unit", "percent"]
    first, last = (f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d}" for days in (20, 2))
    made.do(by, "compliance", "evidence", ref, name, "--class", kind, "--observed-from", first, "--observed-to", last,
            "--summary", f"EXERCISE: {summary}", "--file", ANNEX / "what-if.toml", *measured, desk="desk-1")


def find(made: Federation, ref: str, name: str, evidence: str, owner: str, verdict: str, rating: str) -> None:
    """Take a finding its whole way: raised, notified, replied to, attested by two seats of two blocs, adopted."""
    made.do("joint-cell", "compliance", "raise", ref, name, "--proposed", "NC", "--evidence", evidence, "--conductor",
            "joint-cell", desk="desk-1")
    made.do("joint-cell", "compliance", "notify", name, desk="desk-1")
    made.settle()
    made.do(owner, "compliance", "reply", name, "disputed", "--text", "EXERCISE: the road was closed by snow.",
            desk="desk-2")
    for seat in ("uz", "joint-cell"):
        made.do(seat, "compliance", "attest", name, verdict, "--reason", "EXERCISE: as the evidence shows.",
                desk="desk-1")
    made.settle()
    made.do("joint-cell", "compliance", "finding", name, rating, desk="desk-1")
    made.settle()


def judged(made: Federation, party: str) -> dict[str, Any]:
    """Print, and return by commitment, what is known at ``party``: rating, probability and evidence, each apart."""
    found = {view["commitment"]: view for view in made.ask(party, "compliance", "status")}
    for ref, view in found.items():
        breach, grade = view["posterior"]["breach"], view["posterior"]["grade"]
        print(f"  {ref}: {view['words']}; P(breach) {breach['mid']:.2f} ({breach['low']:.2f} to {breach['high']:.2f}); "
              f"evidence {grade}; access denied {view['access_denied']}")
    return found


def tranches(made: Federation, party: str) -> dict[str, str]:
    found = {view["tranche"]["tranche"]: view["status"] for view in made.ask(party, "linkage", "tranche", "list")}
    print("  tranches: " + ", ".join(f"{name} {status}" for name, status in found.items()))
    return found


def present(made: Federation) -> dict[str, Any]:
    """Kabul is at the table: its promise is found not kept; medicine goes on, and the members vote on the rest."""
    declare(made)
    say("evidence: a denied visit is a fact of its own; the owner's own word moves nothing")
    lodge(made, "joint-cell", "AF-2", "E-1", "access-denied", None, "the notified visit was not admitted")
    lodge(made, "af", "AF-2", "E-2", "self-report", "95", "the owner's own count")
    lodge(made, "pk", "AF-2", "E-3", "counterpart-report", "50", "one of two visits was admitted")
    made.settle()
    before = judged(made, "af")
    say("a finding, after a reply and by two seats of two blocs")
    find(made, "AF-2", "F-1", "E-1", "af", "breach", "NC")
    after = judged(made, "af")
    print(made.do("af", "compliance", "publish", "AF-2", "--level", "public"))
    say("the tranche goes on notice; medicine cannot")
    made.do("pk", "linkage", "tranche", "step", "T-CASA", "notice", "--ground", "F-1", desk="desk-2")
    refusal = made.do("pk", "linkage", "tranche", "step", "T-MED", "notice", "--ground", "F-1", desk="desk-2",
                      refused=True)
    print(f"  {refusal.strip().splitlines()[0]}")
    made.settle()
    tranches(made, "af")
    say("the members are asked whether to suspend it; two of the others refuse, so it goes on")
    made.do("pk", "charter", "propose", "suspend-tranche", "--title", "EXERCISE: suspend T-CASA", "--ground", "T-CASA",
            "--concerned", "af", "--ref", "t-casa", desk="desk-2")
    made.settle()
    for member in ("pk", "uz"):
        made.do(member, "charter", "vote", "pk/t-casa", "no", desk="desk-2")
    made.until(lambda: made.ask("pk", "charter", "proposal", "pk/t-casa")["status"] == "blocked", "record the vote")
    early = made.do("pk", "linkage", "tranche", "step", "T-CASA", "suspended", "--ground", "F-1", desk="desk-2",
                    refused=True)
    print(f"  {early.strip().splitlines()[0]}")
    made.do("pk", "linkage", "tranche", "step", "T-CASA", "continued", "--ground", "pk/t-casa", desk="desk-2")
    made.settle()
    states = tranches(made, "af")
    say("what twelve visits would do to the price, by the live charter and the live record")
    live = made.ask("pk", "linkage", "what-if", "--set", "visits=12", "--set", "panel=2-of-3", "--set", "tau=55")
    print("\n".join(f"  {word}" for word in live["words"]))
    return {"before": before, "after": after, "tranches": states, "refusal": refusal, "early": early, "live": live}


def absent(made: Federation) -> dict[str, Any]:
    """Kabul is away: nothing is promised in its name and nothing is asked of it; the others' promises bind them."""
    declare(made)
    refusal = made.do("pk", "compliance", "raise", "AF-2", "F-9", "--proposed", "NC", "--evidence", "E-1",
                      "--conductor", "joint-cell", desk="desk-1", refused=True)
    say("a finding on a promise that nobody made is refused")
    print(f"  {refusal.strip().splitlines()[0]}")
    lodge(made, "uz", "PK-2", "E-1", "third-party-observation", "97", "29 of 30 days")
    made.settle()
    say("a finding of compliance on the other side's promise")
    find(made, "PK-2", "F-1", "E-1", "pk", "no-breach", "C")
    after = judged(made, "pk")
    states = tranches(made, "pk")
    live = made.ask("pk", "linkage", "what-if", "--set", "visits=12", "--set", "panel=2-of-3", "--set", "tau=40")
    print("\n".join(f"  {word}" for word in live["words"]))
    return {"after": after, "tranches": states, "refusal": refusal, "live": live}


def main(arguments: list[str]) -> dict[str, Any]:
    """Run what was asked for, and return what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paper", action="store_true", help="the figures alone, without nodes")
    parser.add_argument("--with", dest="which", choices=sorted(ROLES), help="one federation instead of both")
    chosen = parser.parse_args(arguments)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="hamsaya-istanbul-") as made:
        home = Path(made)
        if not chosen.which:
            found["paper"] = paper(home)
        for which in () if chosen.paper else (chosen.which,) if chosen.which else ("present", "absent"):
            say(f"a federation of real nodes, Kabul {which}: {', '.join(ROLES[which])}")
            below = home / which
            below.mkdir()
            with federation(below, which) as nodes:
                found[which] = (present if which == "present" else absent)(nodes)
    say("done; everything above was an exercise")
    return found


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Wrong as error:
        sys.exit(f"{error}")
