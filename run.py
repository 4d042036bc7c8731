#!/usr/bin/env python3
"""The one door to Carnet. Python 3.11 or newer is all it asks for; the rest it sets up by itself, inside this folder.

python3 run.py             serve on http://127.0.0.1:8000 (PORT=… chooses another port)
python3 run.py demo        the same with the sample business, in a database of its own
python3 run.py flask …     any command of the app, for example: python3 run.py flask check-ledger
python3 run.py test …      every check and every test; what follows is handed to pytest
python3 run.py check       lint, types and the tests of the house's own rules: quick
python3 run.py bench …     the measurements of tests/bench
python3 run.py faults …    kills, full disks, cut networks and the like, and what is lost to them: nothing
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
INSTANCE = ROOT / os.environ.get("CARNET_INSTANCE", "instance")
OLDEST = (3, 11)
SYSTEM_PYTHON = Path("/usr/bin/python3")
SPEED = "import timeit; print(min(timeit.repeat('f(a=1)', 'def f(**k): return [k]', number=100_000, repeat=5)))"
RUNTIME = ["requirements.txt"]
DEVELOPMENT = ["requirements.txt", "tests/requirements.txt"]
# One process: SQLite has one writer at a time anyway. Threads enough that somebody can read while others wait to write.
# No control socket: it would lie in the person's home folder. What is longer than the limits is refused unread.
GUNICORN = [
    "--worker-class=webapp.serving.PatientWorker",
    "--workers=1",
    "--threads=16",
    "--no-control-socket",
    "--limit-request-line=4094",
    "--limit-request-fields=100",
    "--limit-request-field_size=8190",
    "--log-level=warning",
]
HOUSE_RULES = [f"tests/test_{rule}.py" for rule in ("architecture", "migrations", "routes", "settings")]


def main(arguments: list[str]) -> None:
    command, *rest = arguments or ["run"]
    commands = {
        "run": serve,
        "demo": demo,
        "flask": flask,
        "test": test,
        "check": check,
        "bench": bench,
        "faults": faults,
    }
    if command in ("-h", "--help", "help"):
        print(__doc__, end="")
        return
    if command not in commands:
        sys.exit(f"There is no command {command!r}.\n\n{__doc__}")
    if os.name == "nt":
        sys.exit("Carnet runs on Linux and macOS. On Windows, run it in the Windows Subsystem for Linux.")
    use_new_enough_python()
    os.chdir(ROOT)
    if command in ("test", "check", "bench", "faults"):
        set_up(DEVELOPMENT)
    else:
        set_up(RUNTIME)
        os.umask(0o077)  # the books are nobody else's on this machine
    commands[command](rest)


# The commands


def serve(rest: list[str]) -> None:
    port, processes = free_port(os.environ.get("PORT", "8000")), workers()
    print(f"Carnet: http://127.0.0.1:{port}  (Ctrl+C stops it)", flush=True)
    options = [*GUNICORN, f"--workers={processes}", f"--bind=127.0.0.1:{port}", *rest]
    os.execv(PYTHON, [str(PYTHON), "-m", "gunicorn", *options, "wsgi:app"])


def demo(rest: list[str]) -> None:
    free_port(os.environ.get("PORT", "8000"))  # before the work of making the sample, rather than after it
    require_writable(INSTANCE)
    database, kept = INSTANCE / "demo.db", INSTANCE / "demo-password"
    if not database.exists():
        make_demo(database, kept)
    os.environ["DATABASE_URL"] = f"sqlite:///{database}"
    print("Sign in as owner@demo.test, manager@demo.test, frontdesk@demo.test or bookkeeper@demo.test")
    print(f"Password: {kept.read_text(encoding='utf-8').strip() if kept.exists() else '(not kept any more)'}")
    print(f"To begin again with a new password: rm {os.path.relpath(INSTANCE)}/demo*")
    serve(rest)


def make_demo(database: Path, kept: Path) -> None:
    """Under another name until it is complete, so that an interrupted one is never served."""
    password, unfinished = secrets.token_urlsafe(12), INSTANCE / "demo-unfinished.db"
    for left in INSTANCE.glob(f"{unfinished.name}*"):
        left.unlink()
    print("Making the sample business …", flush=True)
    env = {**os.environ, "DATABASE_URL": f"sqlite:///{unfinished}"}
    if call("flask", "--app", "wsgi", "demo", "--password", password, env=env, stdout=subprocess.DEVNULL):
        sys.exit("The sample business could not be made; the reason is above.")
    kept.unlink(missing_ok=True)
    kept.touch(mode=0o600)
    kept.write_text(password + "\n", encoding="utf-8")
    unfinished.rename(database)


def flask(rest: list[str]) -> None:
    sys.exit(call("flask", "--app", "wsgi", *rest))


def test(rest: list[str]) -> None:
    if call("tests.browser.launch"):
        sys.exit(1)
    finish([*lint(), ("tests", call("pytest", *rest, env=compiling_once()))])


def compiling_once() -> dict[str, str]:
    """The environment, with a place for bytecode where it wants none beside the sources: the tests start the app in
    processes of their own, again and again."""
    env = dict(os.environ)
    if env.pop("PYTHONDONTWRITEBYTECODE", None):
        env.setdefault("PYTHONPYCACHEPREFIX", str(VENV / "bytecode"))
    return env


def check(rest: list[str]) -> None:
    finish([*lint(), ("the house's rules", call("pytest", "-q", *HOUSE_RULES, *rest))])


def bench(rest: list[str]) -> None:
    sys.exit(call("tests.bench", *rest))


def faults(rest: list[str]) -> None:
    sys.exit(call("tests.faults", *rest))


def lint() -> list[tuple[str, int]]:
    return [
        ("ruff check", call("ruff", "check", "--quiet", ".")),
        ("ruff format (.venv/bin/ruff format mends it)", call("ruff", "format", "--quiet", "--check", ".")),
        ("mypy", call("mypy")),
    ]


def finish(steps: list[tuple[str, int]]) -> None:
    failed = [name for name, code in steps if code]
    sys.exit(f"\nNot passed: {', '.join(failed)}" if failed else 0)


# Setting up


def set_up(requirements: list[str]) -> None:
    """Bring .venv to what `requirements` name. A stamp makes every later start cost a read of these files."""
    stamp = VENV / f".{'development' if len(requirements) > 1 else 'runtime'}"
    content = sys.version.encode() + b"".join((ROOT / name).read_bytes() for name in requirements)
    wanted = hashlib.sha256(content).hexdigest()
    if PYTHON.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    require_writable(ROOT)
    if not PYTHON.exists() or quiet(PYTHON, "-c", "import pip").returncode:
        make_environment()
    print("Installing packages …", flush=True)
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--retries=2"]
    said = quiet(*pip, "--requirement", ROOT / requirements[-1])
    if said.returncode:
        sys.exit(f"{said.stderr}\nThe packages could not be installed (pip's words are above). Is this machine online?")
    stamp.write_text(wanted, encoding="utf-8")


def make_environment() -> None:
    print("Making .venv …", flush=True)
    python = faster_python() or sys.executable
    if quiet(python, "-c", "import ensurepip, venv").returncode and os.geteuid() == 0:
        quiet("apt-get", "-qq", "update")
        quiet("apt-get", "-qq", "-y", "--no-install-recommends", "install", "python3-venv")
    shutil.rmtree(VENV, ignore_errors=True)
    said = quiet(python, "-m", "venv", VENV)
    if said.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        mend = "On Debian and Ubuntu this mends it: sudo apt-get install python3-venv"
        sys.exit(f"{said.stdout}{said.stderr}\nPython could not make a virtual environment. {mend}")


def faster_python() -> str | None:
    """The system's Python, where it is new enough and clearly faster than this one.

    Version managers build without the optimizations of the distributions, and Carnet would answer half as fast. Both
    are timed in turns, and the best time of each counts: what else the machine does slows one of them, not the other.
    """
    fits = f"import ensurepip, sys, venv; sys.exit(sys.version_info < {OLDEST})"
    if SYSTEM_PYTHON.resolve() == Path(sys.executable).resolve() or not SYSTEM_PYTHON.exists():
        return None
    if quiet(SYSTEM_PYTHON, "-c", fits).returncode:
        return None
    turns = [(sys.executable, SYSTEM_PYTHON)] * 3
    times = [[float(quiet(python, "-c", SPEED).stdout or "inf") for python in turn] for turn in turns]
    ours, theirs = map(min, zip(*times, strict=True))
    return str(SYSTEM_PYTHON) if theirs < 0.8 * ours else None


def use_new_enough_python() -> None:
    """Hand over to a newer Python when this one is too old and a newer one is on the path."""
    if sys.version_info >= OLDEST:
        return
    newer = [shutil.which(f"python3.{minor}") for minor in range(20, OLDEST[1] - 1, -1)]
    for python in filter(None, newer):
        os.execv(python, [python, *sys.argv])
    sys.exit(f"Carnet needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {sys.version.split()[0]}.")


def require_writable(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.mkdir(exist_ok=True)
    if not os.access(folder, os.W_OK):
        sys.exit(f"{folder} cannot be written to, and Carnet sets itself up there. Copy it to a folder of yours.")


def free_port(asked: str) -> int:
    if not (asked.isdecimal() and 0 < int(asked) < 65536):
        sys.exit(f"PORT is {asked!r}; it must be a number from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(asked)))
        except OSError as error:
            sys.exit(f"Port {asked} cannot be used: {error.strerror}. Choose another one, for example PORT=8001.")
    return int(asked)


def workers() -> int:
    """How many processes serve; on SQLite one, which has one writer at a time however many there are."""
    on_server = os.environ.get("DATABASE_URL", "sqlite:").partition(":")[0] != "sqlite"
    asked = os.environ.get("CARNET_WORKERS", "2" if on_server else "1")
    if not (asked.isdecimal() and 0 < int(asked) <= 64):
        sys.exit(f"CARNET_WORKERS is {asked!r}; it must be a number from 1 to 64.")
    return int(asked)


def call(module: str, *arguments: str, env: dict[str, str] | None = None, stdout: int | None = None) -> int:
    return subprocess.run([str(PYTHON), "-m", module, *arguments], env=env, stdout=stdout, check=False).returncode


def quiet(*command: object) -> subprocess.CompletedProcess[str]:
    """Run a program without a word, keeping what it says. One that is not there counts as failed."""
    words = [str(word) for word in command]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        return subprocess.run(words, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except OSError as error:
        return subprocess.CompletedProcess(words, 127, "", f"{words[0]}: {error.strerror}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
