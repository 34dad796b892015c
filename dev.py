#!/usr/bin/env python3
"""Everything a fresh machine needs: set up Hamsaya, play the exercise, run the checks.

    python3 dev.py demo [--once] [--json] ...   set up, then the exercise (arguments go to `hamsaya demo`)
    python3 dev.py test [pytest arguments]      set up, then ruff, mypy and pytest
    python3 dev.py setup [--dev]                set up only (--dev: the test tools as well)
    python3 dev.py bench [arguments]            set up, then `hamsaya bench`
    python3 dev.py docs                         set up, then check that documents and help agree with the code
    python3 dev.py lines                        make the boundaries that maps draw, from a locked public archive (npm)
    python3 dev.py lock                         write requirements*.txt anew from pyproject.toml
    python3 dev.py clean                        remove .venv, caches, builds and the exercise's own folder

    --offline WHEELDIR   with any of these: install from this folder alone, ask no registry

Only the standard library is used. The environment lives in .venv beside this file; it is made by uv when
uv is found, else by venv and pip, and every package must match a hash in requirements*.txt. A stamp inside
.venv makes a second run skip all this. Set-up writes to standard error only, so that
`python3 dev.py demo --json --once` leaves one JSON object on standard output. Exit codes pass through.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "hamsaya-stamp.json"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
OLDEST, NEWEST = (3, 11), (3, 13)  # every locked package has wheels for these
LOCKS = {"runtime": "requirements.txt", "dev": "requirements-dev.txt"}
CACHES = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis")
LEFTOVERS = (".venv", "build", "dist", "demo-run", *CACHES)


class SetupError(Exception):
    """Set-up cannot go on; the message is one sentence that says what a person can do."""


def main(arguments: list[str]) -> int:
    """Run one subcommand and return its exit code (2: not a subcommand, or this Python is too old)."""
    if sys.version_info < OLDEST:
        version = ".".join(str(part) for part in sys.version_info[:2])
        say(
            f"Hamsaya needs Python 3.11 or newer and this is Python {version}: "
            "install python3.11 (or newer) and run dev.py with it."
        )
        return 2
    try:
        wheels, rest = take_offline(arguments)
        command = COMMANDS.get(rest[0] if rest else "")
        if command is None:
            print(__doc__)
            return 0 if rest and rest[0] in ("help", "-h", "--help") else 2
        return command(rest[1:], wheels)
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


def take_offline(arguments: list[str]) -> tuple[Path | None, list[str]]:
    """Return the folder given with ``--offline`` (None without it) and all other arguments in order."""
    rest = [
        part for word in arguments for part in (word.split("=", 1) if word[:10] == "--offline=" else [word])
    ]
    if "--offline" not in rest:
        return None, rest
    index = rest.index("--offline")
    folder = rest[index + 1] if index + 1 < len(rest) else ""
    if not folder or not Path(folder).is_dir():
        raise SetupError(
            "--offline needs an existing folder of wheels; docs/operator.md says how to fill one."
        )
    return Path(folder).resolve(), rest[:index] + rest[index + 2 :]


# --- subcommands -----------------------------------------------------------------------------------------


def setup(arguments: list[str], wheels: Path | None) -> int:
    prepare("dev" if "--dev" in arguments else "runtime", wheels)
    say("ready: " + str(PYTHON))
    return 0


def demo(arguments: list[str], wheels: Path | None) -> int:
    prepare("runtime", wheels)
    return hand_over([str(SCRIPTS / "hamsaya"), "demo", *arguments])


def bench(arguments: list[str], wheels: Path | None) -> int:
    prepare("runtime", wheels)
    return hand_over([str(SCRIPTS / "hamsaya"), "bench", *arguments])


def test(arguments: list[str], wheels: Path | None) -> int:
    """Run ruff, mypy and pytest, all three whatever the others say; pytest comes last, so its line closes."""
    prepare("dev", wheels)
    checks = {"ruff": ["ruff", "check", "."], "mypy": ["mypy"]}
    failed = [name for name, words in checks.items() if run([str(PYTHON), "-m", *words]) != 0]
    # pytest prints these names just above its closing line (tests/conftest.py).
    environment = dict(child_environment(), HAMSAYA_FAILED_CHECKS=" ".join(failed))
    words = [str(PYTHON), "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "--durations=10", *arguments]
    return run(words, environment) or (1 if failed else 0)


def docs(arguments: list[str], wheels: Path | None) -> int:
    prepare("dev", wheels)
    return run([str(PYTHON), "-m", "pytest", "-q", "tests/test_house.py", *arguments])


def lines(arguments: list[str], wheels: Path | None) -> int:
    """Make the map lines of the built-in pack (tools/map_lines.py); ``--archive FILE`` instead of fetching it."""
    return run([sys.executable, "tools/map_lines.py", "src/hamsaya/regions/afpak", *arguments])


def lock(arguments: list[str], wheels: Path | None) -> int:
    """Write both lock files: exact versions, the hashes of all their files, no address of any registry.

    Versions already locked stay unless ``--upgrade`` is among the arguments.
    """
    with tempfile.TemporaryDirectory() as scratch:
        uv = [shutil.which("uv") or uv_of_its_own(Path(scratch)), "pip", "compile", "pyproject.toml", "-q"]
        uv += ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
        uv += ["--no-emit-index-url", "--no-emit-find-links", "--group", "build", *arguments]
        uv += ["--all-extras"]
        check([*uv, "-o", LOCKS["runtime"]], "uv could not resolve the runtime packages.")
        tools = ["--group", "dev", "-c", LOCKS["runtime"], "-o", LOCKS["dev"]]
        check([*uv, *tools], "uv could not resolve the test tools.")
    return 0


def clean(arguments: list[str], wheels: Path | None) -> int:
    caches = [path for folder in ("src", "tests") for path in (ROOT / folder).rglob("__pycache__")]
    for path in [*(ROOT / name for name in LEFTOVERS), *caches]:
        shutil.rmtree(path, ignore_errors=True)
    return 0


COMMANDS = {
    "setup": setup,
    "demo": demo,
    "test": test,
    "bench": bench,
    "docs": docs,
    "lines": lines,
    "lock": lock,
    "clean": clean,
}


# --- the environment -------------------------------------------------------------------------------------


def prepare(level: str, wheels: Path | None) -> None:
    """Return when .venv holds the locked packages of this level and the package itself, editable.

    The test tools are added to a sound .venv; any other difference starts from an empty one. The stamp is
    removed before anything changes and written when all is done, so an interrupted set-up starts anew.
    """
    wanted, found = {name: fingerprint(name) for name in LOCKS}, read_stamp()
    sound = found.get("runtime") == wanted["runtime"]
    if sound and (level == "runtime" or found.get("dev") == wanted["dev"]):
        return
    say(f"setting up .venv ({level} packages); this happens once")
    STAMP.unlink(missing_ok=True)
    uv = shutil.which("uv")
    if not (uv and install_with_uv(uv, level, wheels, fresh=not sound)):
        # A half-made .venv of uv's may lack pip, so that one is made anew.
        install_with_pip(level, wheels, fresh=not sound or uv is not None)
    names = ("runtime",) if level == "runtime" else ("runtime", "dev")
    STAMP.write_text(json.dumps({name: wanted[name] for name in names}), encoding="utf-8")


def fingerprint(level: str) -> str:
    """Return a digest of all that decides a .venv: its place, its Python, the package's and the lock file."""
    paths = (ROOT / "pyproject.toml", ROOT / "src" / "hamsaya" / "__init__.py", ROOT / LOCKS[level])
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    parts = [str(ROOT), *sys.version_info[:2], *digests]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def read_stamp() -> dict[str, str]:
    """Return the stamp, empty when there is none or it cannot be read or .venv lost its Python."""
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8")) if PYTHON.exists() else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def install_with_uv(uv: str, level: str, wheels: Path | None, fresh: bool) -> bool:
    """Return whether uv did it all. It may fail where pip works: it does not read pip's settings."""
    source = ["--offline", "--no-index", "--find-links", str(wheels)] if wheels else []
    into = [uv, "pip", "install", "-q", "--python", str(PYTHON), *source]
    steps = [[uv, "venv", "-q", "--clear", "--python", base_python(), str(VENV)]] if fresh else []
    steps.append([*into, "--require-hashes", "-r", LOCKS[level]])
    steps.append([*into, "--no-build-isolation", "--no-deps", "-e", "."])
    if all(run(step, to_stderr=True) == 0 for step in steps):
        return True
    say("uv did not manage; trying again with venv and pip")
    return False


def install_with_pip(level: str, wheels: Path | None, fresh: bool) -> None:
    python = base_python()
    no_wheels = newer_than_wheels() and python == sys.executable
    if fresh:
        if run([python, "-c", "import ensurepip, venv"], to_stderr=True, quiet=True) != 0:
            raise SetupError(
                "This Python lacks ensurepip, so it cannot make a virtual environment: install the package "
                "python3-venv (Debian, Ubuntu: apt-get install python3-venv), or uv, and run this again."
            )
        check([python, "-m", "venv", "--clear", str(VENV)], "Python could not make .venv (see above)")
    source = ["--no-index", "--find-links", str(wheels)] if wheels else []
    into = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input", *source]
    binary = [] if no_wheels else ["--only-binary", ":all:"]
    check(
        [*into, *binary, "--require-hashes", "-r", LOCKS[level]],
        "The locked packages could not be installed (see above): check the network or pip's settings, "
        "or give a folder of wheels with --offline.",
    )
    check([*into, "--no-build-isolation", "--no-deps", "-e", "."], "Hamsaya itself could not be installed.")


def base_python() -> str:
    """Return the Python to make .venv with: this one, or an older one when this one outruns the wheels."""
    if newer_than_wheels():
        for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
            found = shutil.which(f"python3.{minor}")
            if found and run([found, "-c", ""], to_stderr=True, quiet=True) == 0:
                return found
        say("some packages have no wheels for this Python yet and will be built, which needs a C compiler")
    return sys.executable


def newer_than_wheels() -> bool:
    return sys.version_info[:2] > NEWEST


def uv_of_its_own(folder: Path) -> str:
    check([sys.executable, "-m", "venv", str(folder)], "Python could not make a scratch environment for uv")
    python = folder / SCRIPTS.name / PYTHON.name
    check([str(python), "-m", "pip", "install", "-q", "uv"], "uv could not be installed")
    return str(folder / SCRIPTS.name / "uv")


# --- processes -------------------------------------------------------------------------------------------


def child_environment() -> dict[str, str]:
    """Return this environment without what would point a child at another environment's packages."""
    drop = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "__PYVENV_LAUNCHER__")
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    # uv shall trust the machine's own certificates: many offices inspect TLS (two names, by uv's age).
    return {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1", **kept, "PIP_USER": "0"}


def run(
    words: list[str], environment: dict[str, str] | None = None, to_stderr: bool = False, quiet: bool = False
) -> int:
    """Run a child in the project's folder and return its exit code; a signal n counts as 128 + n."""
    sys.stdout.flush()
    out = subprocess.DEVNULL if quiet else (sys.stderr if to_stderr else None)
    err = subprocess.DEVNULL if quiet else None
    code = subprocess.call(words, cwd=ROOT, env=environment or child_environment(), stdout=out, stderr=err)
    return code if code >= 0 else 128 - code


def check(words: list[str], sentence: str) -> None:
    if run(words, to_stderr=True) != 0:
        raise SetupError(sentence)


def hand_over(words: list[str]) -> int:
    """Become the command, in the caller's folder, so that its exit code and every signal are its own."""
    if os.name == "nt":
        return subprocess.call(words, env=child_environment())
    os.execve(words[0], words, child_environment())


def say(sentence: str) -> None:
    print("dev.py: " + sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
