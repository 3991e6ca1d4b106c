"""The set-up of a plain clone: what it does once, and what it says when it cannot go on."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import bootstrap, packages, programs
from deploy.local.postgres import PostgresServer
from deploy.local.processes import Account, LocalError
from deploy.local.progress import StepFailed, run


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "bootstrap.log"


def test_what_is_there_is_not_installed(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "run", lambda *_, **__: pytest.fail("something was installed"))
    packages.ensure([replace(packages.RABBITMQ, present=lambda: True)], log)


def test_without_a_package_manager_the_packages_and_another_way_are_named(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(StepFailed) as failure:
        packages.ensure([replace(packages.RABBITMQ, present=lambda: False)], log)
    assert "rabbitmq-server" in str(failure.value)
    assert "docker compose -f deploy/local/compose.yaml up" in str(failure.value)


def _program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def postgres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """``postgres("15.4")``: it is installed, and no other than those named so."""
    monkeypatch.setattr(programs, "POSTGRES", (f"{tmp_path}/postgresql/*/bin/postgres",))
    monkeypatch.setenv("PATH", str(tmp_path))

    def install(version: str) -> Path:
        place = tmp_path / "postgresql" / version / "bin" / "postgres"
        return _program(place, f"echo 'postgres (PostgreSQL) {version} (Debian)'")

    return install


def _refusal(needs: list[packages.Need], log: Path) -> str:
    with pytest.raises(StepFailed) as failure:
        packages.ensure(needs, log)
    return str(failure.value)


def test_a_postgresql_that_is_too_old_is_named_with_what_to_install(
    postgres: Callable[[str], Path], log: Path
) -> None:
    postgres("9.6")
    postgres("14.11")
    told = _refusal([packages.POSTGRESQL], log)
    assert "PostgreSQL 15 or newer (14 is there): package postgresql" in told
    assert "docker compose -f deploy/local/compose.yaml up" in told
    postgres("15.0")
    packages.ensure([packages.POSTGRESQL], log)


def test_a_rabbitmq_that_is_too_old_is_named_with_what_to_install(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "RABBITMQ", (f"{tmp_path}/rabbitmq_server-*/sbin/rabbitmq-server",))
    monkeypatch.setattr(programs, "EPMD", (str(_program(tmp_path / "epmd", "")),))
    monkeypatch.setenv("PATH", str(tmp_path))

    def install(version: str) -> None:
        node = tmp_path / f"rabbitmq_server-{version}"
        _program(node / "sbin" / "rabbitmq-server", "")
        (node / "plugins" / f"rabbit-{version}").mkdir(parents=True)

    install("3.9.13")
    told = _refusal([packages.RABBITMQ], log)
    assert "RabbitMQ 3.10 or newer (3.9.13 is there): package rabbitmq-server" in told
    install("3.10.0")
    packages.ensure([packages.RABBITMQ], log)


def test_data_is_opened_by_the_postgresql_that_made_it(
    tmp_path: Path, postgres: Callable[[str], Path]
) -> None:
    def program(folder: Path) -> Path:
        account = Account.current()
        return PostgresServer(
            folder, account=account, password="", durable=True, log=tmp_path / "log"
        ).program

    older, newer = postgres("15.18"), postgres("17.2")
    assert program(tmp_path / "none yet") == newer
    (tmp_path / "PG_VERSION").write_text("15\n")
    assert program(tmp_path) == older
    (tmp_path / "PG_VERSION").write_text("16\n")
    with pytest.raises(LocalError, match=r"of PostgreSQL 16, and 17 is there.*package postgresql-16"):
        program(tmp_path)


def test_what_no_container_helps_with_is_said_beside_the_containers(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = [replace(need, present=lambda: False) for need in (packages.PANGO, packages.POSTGRESQL)]
    assert "No container helps with Pango (PDF text)" in _refusal(missing, log)
    assert "No container" not in _refusal(missing[1:], log)
    assert "container" not in _refusal(missing[:1], log)


def test_what_would_only_be_better_is_left_out_where_it_cannot_be_installed(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, code in (("apt-get", 1), ("apt-cache", 0)):
        _program(tmp_path / name, f"exit {code}")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(packages, "_services_kept_stopped", lambda _: nullcontext())
    packages.prefer([replace(packages.HEADLESS_SHELL, present=lambda: False)], log)
    assert "Going on without Chromium's headless shell" in capsys.readouterr().out


def test_a_failed_step_shows_the_end_of_its_output(log: Path) -> None:
    with pytest.raises(StepFailed, match="no such thing"):
        run("Failing", [sys.executable, "-c", "raise SystemExit('no such thing')"], log=log)


def test_a_step_is_done_again_only_when_a_file_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    lock, stamp = tmp_path / "lock", tmp_path / "stamp"
    lock.write_text("a==1")
    assert not bootstrap._current(stamp, [lock])
    bootstrap._mark(stamp, [lock])
    assert bootstrap._current(stamp, [lock])
    lock.write_text("a==2")
    assert not bootstrap._current(stamp, [lock])


def test_an_old_python_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "OLDEST", (99, 0))
    with pytest.raises(StepFailed, match="PYTHON="):
        bootstrap._check_python()


def test_the_set_up_needs_no_package_at_all() -> None:
    # -S: not even site-packages, as on a machine with nothing but Python.
    code = f"import runpy; runpy.run_path({bootstrap.__file__!r}, run_name='looked at')"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
