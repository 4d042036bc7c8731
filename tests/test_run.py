"""The door says in a sentence what is in the way, and never shows a traceback to somebody who only wants to start."""

import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import run


def test_a_command_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(SystemExit, match=r"(?s)no command 'tset'.*run\.py test"):
        run.main(["tset"])


@pytest.mark.parametrize("asked", ["", "eighty", "0", "65536", "-1", "8000 "])
def test_a_port_that_is_none_is_refused(asked):
    with pytest.raises(SystemExit, match="a number from 1 to 65535"):
        run.free_port(asked)


def test_a_port_in_use_is_refused_and_another_is_suggested():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(SystemExit, match=r"cannot be used: .* PORT=8001"):
            run.free_port(str(other.getsockname()[1]))


@pytest.mark.parametrize("asked", ["", "two", "0", "65", "-1"])
def test_a_number_of_processes_that_is_none_is_refused(asked, monkeypatch):
    monkeypatch.setenv("CARNET_WORKERS", asked)
    with pytest.raises(SystemExit, match="a number from 1 to 64"):
        run.workers()


@pytest.mark.parametrize(
    "url, asked, processes",
    [
        (None, None, 1),
        ("sqlite:///instance/carnet.db", None, 1),
        ("sqlite:///instance/carnet.db", "3", 3),
        ("postgresql://db/carnet", None, 2),
        ("cockroachdb://db/carnet", "4", 4),
    ],
)
def test_sqlite_is_served_by_one_process_unless_more_are_asked_for(url, asked, processes, monkeypatch):
    for name, value in (("DATABASE_URL", url), ("CARNET_WORKERS", asked)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert run.workers() == processes


def test_a_free_port_is_taken():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
    assert run.free_port(str(port)) == port


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="cannot be written to"):
        run.require_writable(tmp_path / "file" / "instance")


def test_an_old_python_is_refused_by_number(monkeypatch):
    monkeypatch.setattr(shutil, "which", {}.get)
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer"):
        run.use_new_enough_python()


def test_an_old_python_hands_over_to_a_newer_one(monkeypatch):
    started: list[str] = []
    monkeypatch.setattr(shutil, "which", {"python3.12": "/bin/python3.12"}.get)
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    monkeypatch.setattr(os, "execv", lambda *program: started.append(program[0]))
    with pytest.raises(SystemExit):  # only because nothing was really started
        run.use_new_enough_python()
    assert started == ["/bin/python3.12"]


@pytest.mark.parametrize(
    "fits, ours, theirs, taken", [(0, "0.02", "0.01", True), (0, "0.02", "0.018", False), (1, "0.02", "0.01", False)]
)
def test_the_systems_python_is_taken_where_it_is_clearly_faster(fits, ours, theirs, taken, tmp_path, monkeypatch):
    def quiet(python: object, _: str, program: str) -> subprocess.CompletedProcess[str]:
        if program != run.SPEED:
            return subprocess.CompletedProcess([], fits)
        return subprocess.CompletedProcess([], 0, theirs if python == system else ours)

    system = tmp_path / "python3"
    system.touch()
    monkeypatch.setattr(run, "SYSTEM_PYTHON", system)
    monkeypatch.setattr(run, "quiet", quiet)
    assert run.faster_python() == (str(system) if taken else None)


def test_the_systems_python_is_not_compared_with_itself(monkeypatch):
    monkeypatch.setattr(run, "SYSTEM_PYTHON", Path(sys.executable))
    assert run.faster_python() is None


def test_packages_are_installed_once_and_again_when_the_pins_change(tmp_path, monkeypatch):
    installed: list[object] = []

    def quiet(*command: object) -> subprocess.CompletedProcess[str]:
        installed.append(command[-1])
        return subprocess.CompletedProcess([], 0)

    pins, python = tmp_path / "requirements.txt", tmp_path / ".venv" / "python"
    python.parent.mkdir()
    python.touch()
    pins.write_text("flask==1\n")
    for name, value in {"ROOT": tmp_path, "VENV": python.parent, "PYTHON": python, "quiet": quiet}.items():
        monkeypatch.setattr(run, name, value)
    run.set_up(run.RUNTIME)
    assert installed.pop() == pins
    installed.clear()
    run.set_up(run.RUNTIME)
    assert installed == []
    pins.write_text("flask==2\n")
    run.set_up(run.RUNTIME)
    assert installed.pop() == pins


def test_the_sample_is_made_aside_and_its_password_is_kept_from_others(tmp_path, monkeypatch):
    def make(*words, env, stdout):
        made.write_text(words[-1])
        return 0

    monkeypatch.setattr(run, "INSTANCE", tmp_path)
    monkeypatch.setattr(run, "call", make)
    made, database, kept = tmp_path / "demo-unfinished.db", tmp_path / "demo.db", tmp_path / "demo-password"
    run.make_demo(database, kept)
    assert database.read_text() + "\n" == kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert not made.exists()


def test_a_sample_that_could_not_be_made_is_not_served(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "INSTANCE", tmp_path)
    monkeypatch.setattr(run, "PYTHON", shutil.which("false"))
    with pytest.raises(SystemExit, match="could not be made"):
        run.make_demo(tmp_path / "demo.db", tmp_path / "demo-password")
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_cannot_start_says_why_in_a_sentence_and_ends(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "SECRET_KEY": "x", "CARNET_INSTANCE": str(tmp_path)}
    said = subprocess.run(
        [sys.executable, "-m", "gunicorn", *run.GUNICORN, f"--bind=127.0.0.1:{port}", "wsgi:app"],
        cwd=run.ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert said.returncode == 3
    assert "Carnet cannot start. SECRET_KEY can be guessed" in said.stderr
    assert "Traceback" not in said.stderr
