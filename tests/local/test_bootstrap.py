"""The set-up of a plain clone: what it does once, and what it says when it cannot go on."""

import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import bootstrap, packages
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


def test_what_would_only_be_better_is_left_out_where_it_cannot_be_installed(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, code in (("apt-get", 1), ("apt-cache", 0)):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\nexit {code}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(packages, "_services_kept_stopped", lambda _: nullcontext())
    packages.prefer(replace(packages.HEADLESS_SHELL, present=lambda: False), log)
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
