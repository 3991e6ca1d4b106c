"""Processes are brought back when they die, and end when asked or when we do."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.keys import Keys
from deploy.local.processes import LocalError, free_port, wait_until
from deploy.local.supervisor import Keeper, Program

ROOT = Path(__file__).resolve().parents[2]
SERVES = "import signal, time; print('serving', flush=True); time.sleep(60)"
LEAVES_A_CHILD = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SERVES!r}]).wait()"
DIES = "raise SystemExit('no luck')"

Make = Callable[[str], Program]


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def keeper(told: list[str]) -> Iterator[Keeper]:
    keeper = Keeper(told.append)
    yield keeper
    keeper.stop()


@pytest.fixture
def make(tmp_path: Path, keeper: Keeper) -> Make:
    def make(code: str) -> Program:
        command = [sys.executable, "-c", code]
        env = dict(os.environ)
        program = Program("it", command, env, log=tmp_path / "it.log", cwd=tmp_path, ready_words="serving")
        keeper.add(program)
        keeper.start("it")
        return program

    return make


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def _pid(program: Program) -> int:
    assert program.process is not None
    return program.process.pid


def test_a_killed_program_comes_back(keeper: Keeper, make: Make, told: list[str]) -> None:
    program = make(SERVES)
    keeper.wait_ready(10)
    first = _pid(program)
    os.kill(first, signal.SIGKILL)

    def back() -> bool:
        keeper.look()
        return _pid(program) != first

    wait_until(back, "the program", seconds=10)
    keeper.wait_ready(10)
    assert told == ["it has ended; starting it again in 0.5 s"]


def test_a_program_that_keeps_dying_is_started_less_and_less_often(
    keeper: Keeper, make: Make, told: list[str]
) -> None:
    make(DIES)

    def told_three_times() -> bool:
        keeper.look()
        return len(told) >= 3

    wait_until(told_three_times, "the third death", seconds=20)
    assert [line.rpartition(" in ")[2] for line in told] == ["0.5 s", "1.0 s", "2.0 s"]


def test_waiting_for_a_dead_program_shows_why_it_died(keeper: Keeper, make: Make) -> None:
    make(DIES)
    with pytest.raises(LocalError, match="no luck"):
        keeper.wait_ready(10)


def test_what_a_dead_program_left_behind_is_ended(keeper: Keeper, make: Make) -> None:
    program = make(LEAVES_A_CHILD)
    keeper.wait_ready(10)
    pid = _pid(program)
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(pid, signal.SIGKILL)
    wait_until(program.died, "the death", seconds=5)
    program.clear_away()
    wait_until(lambda: not _alive(int(child)), "the child to end", seconds=5)


def test_programs_end_when_the_one_who_started_them_is_killed(tmp_path: Path) -> None:
    code = f"""
import sys, os
from pathlib import Path
from deploy.local.processes import spawn
program = spawn([sys.executable, "-c", {SERVES!r}], cwd=Path("."), env=dict(os.environ), log=Path("log"))
print(program.pid, flush=True)
program.wait()
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    wait_until(lambda: "serving" in (tmp_path / "log").read_text(), "the child", seconds=10)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not _alive(child), "the child to end", seconds=5)


def test_a_busy_port_is_avoided_and_the_last_one_kept(tmp_path: Path) -> None:
    usual = free_port()
    with socket.create_server(("127.0.0.1", usual)):
        assert free_port(usual) != usual
    keys = Keys(tmp_path, ROOT)
    first = keys.port("smtp", prefer_usual=False)
    assert Keys(tmp_path, ROOT).port("smtp", prefer_usual=True) == first


def test_passwords_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    first = Keys(tmp_path, ROOT).secret("billing_database")
    assert Keys(tmp_path, ROOT).secret("billing_database") == first
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0


def test_a_port_handed_out_is_not_handed_out_again_before_its_server_takes_it() -> None:
    handed_out = [free_port() for _ in range(500)]
    assert len(set(handed_out)) == 500
