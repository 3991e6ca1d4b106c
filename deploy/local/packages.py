"""Programs and libraries that come from the machine's package manager. Standard library only."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from deploy.local import programs
from deploy.local.progress import StepFailed, run

POLICY = Path("/usr/sbin/policy-rc.d")
SERVICES = ("rabbitmq-server", "postgresql", "prometheus", "clamav-daemon", "clamav-freshclam")


@dataclass(frozen=True)
class Need:
    """Something the product runs on, how to see whether it is there, and what brings it."""

    name: str
    present: Callable[[], bool]
    apt: tuple[str, ...]
    brew: tuple[str, ...]
    found: Callable[[], str] = lambda: ""


def _old_rabbitmq() -> str:
    version = programs.rabbitmq_version(programs.find_rabbitmq())
    return version if programs.rabbitmq_too_old(version) else ""


VENV = Need(
    "Python's venv module",
    lambda: find_spec("ensurepip") is not None and find_spec("venv") is not None,
    (f"python{sys.version_info[0]}.{sys.version_info[1]}-venv",),
    (f"python@{sys.version_info[0]}.{sys.version_info[1]}",),
)
RABBITMQ = Need(
    "RabbitMQ 3.10 or newer",
    lambda: (
        programs.find_rabbitmq() is not None
        and programs.find_epmd() is not None
        and not programs.rabbitmq_too_old(programs.rabbitmq_version(programs.find_rabbitmq()))
    ),
    ("rabbitmq-server",),
    ("rabbitmq",),
    _old_rabbitmq,
)
POSTGRESQL = Need(
    "PostgreSQL 15 or newer",
    lambda: programs.postgres_major(programs.find_postgres()) >= programs.POSTGRES_AT_LEAST,
    ("postgresql",),
    ("postgresql@17",),
    lambda: str(programs.postgres_major(programs.find_postgres()) or ""),
)
PANGO = Need(
    "Pango (PDF text)",
    programs.has_pango,
    ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fontconfig"),
    ("pango",),
)
CHROMIUM = Need(
    "Chromium (browser tests)",
    lambda: programs.find_chromium() is not None,
    ("chromium-headless-shell",),
    ("--cask", "chromium"),
)
# Takes 40 % of the processor time of the whole browser, which draws its windows even when nobody sees them.
HEADLESS_SHELL = replace(
    CHROMIUM,
    name="Chromium's headless shell (browser tests in less time)",
    present=lambda: programs.find_program(programs.HEADLESS_SHELL, ()) is not None,
)
PROMTOOL = Need(
    "promtool (tests of alerts)",
    lambda: programs.find_promtool() is not None,
    ("prometheus",),
    ("prometheus",),
)
CLAMD = Need(
    "clamd (tests of the virus check)",
    lambda: programs.find_clamd() is not None,
    ("clamav-daemon", "clamav-freshclam"),
    ("clamav",),
)


def ensure(needs: Sequence[Need], log: Path) -> None:
    """Install what is missing of `needs`.

    Raises:
        StepFailed: something is missing and nothing here can install it, or installing failed.
    """
    missing = [need for need in needs if not need.present()]
    if not missing:
        return
    apt, brew = shutil.which("apt-get"), shutil.which("brew")
    administrator = _administrator()
    if apt and administrator is not None:
        _install_with_apt(missing, [*administrator, apt], log)
    elif brew and os.geteuid() != 0:
        for need in missing:
            run(f"Installing {need.name} with Homebrew", [brew, "install", *need.brew], log=log)
    still_missing = [need for need in missing if not need.present()]
    if still_missing:
        raise StepFailed(_explanation(still_missing))


def prefer(needs: Sequence[Need], log: Path) -> None:
    """Install what is better than what is there, where it asks nobody anything; without it all works, too."""
    apt, cache = shutil.which("apt-get"), shutil.which("apt-cache")
    if os.geteuid() != 0 or apt is None or cache is None:
        return
    wanted = [need for need in needs if not need.present() and _offered(cache, need)]
    if not wanted:
        return
    try:
        _install_with_apt(wanted, [apt], log)
    except StepFailed as failed:
        print(f"  Going on without {', '.join(need.name for need in wanted)}: {failed}")


def _offered(cache: str, need: Need) -> bool:
    return subprocess.run([cache, "show", *need.apt], capture_output=True, check=False).returncode == 0


def _administrator() -> list[str] | None:
    """What to put before a command that needs root: nothing as root, else sudo when it can be used."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    if subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    if not sys.stdin.isatty():
        return None
    print("  Some system packages are missing; sudo asks for your password to install them.")
    return [sudo] if subprocess.run([sudo, "-v"], check=False).returncode == 0 else None


def _install_with_apt(missing: Sequence[Need], apt: list[str], log: Path) -> None:
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    administrator = apt[:-1]
    names = [name for need in missing for name in need.apt]
    fresh = [name for name in SERVICES if name in names and not _has_service(name)]
    run("Reading the list of system packages", [*apt, "update", "-q"], log=log, env=environment)
    title = f"Installing {', '.join(need.name for need in missing)}"
    # `env`, because sudo drops the variable.
    command = [*administrator, "env", "DEBIAN_FRONTEND=noninteractive", apt[-1], "install", "-qy"]
    with _services_kept_stopped(administrator):
        run(title, [*command, "--no-install-recommends", *names], log=log)
    if fresh and shutil.which("systemctl"):
        # The machine did not have these; we start private ones, so its own need not start at boot.
        subprocess.run(
            [*administrator, "systemctl", "disable", "--now", *fresh], capture_output=True, check=False
        )


@contextmanager
def _services_kept_stopped(administrator: list[str]) -> Iterator[None]:
    """Debian starts a server as soon as it is installed unless this file says no."""
    if POLICY.exists():
        yield
        return
    write = f"printf '#!/bin/sh\\nexit 101\\n' > {POLICY} && chmod 755 {POLICY}"
    subprocess.run([*administrator, "sh", "-c", write], check=True)
    try:
        yield
    finally:
        subprocess.run([*administrator, "rm", "-f", str(POLICY)], check=False)


def _has_service(name: str) -> bool:
    return any(
        Path(folder, f"{name}.service").exists() for folder in ("/lib/systemd/system", "/etc/systemd/system")
    )


def _explanation(missing: Sequence[Need]) -> str:
    lines = ["These are missing and could not be installed from here:"]
    lines += [
        f"  - {need.name}{_instead(need)}: package {' '.join(need.apt)} (Homebrew: {' '.join(need.brew)})"
        for need in missing
    ]
    lines += [
        "Install them with your package manager, or ask an administrator to; then run the same command again."
    ]
    others = [need.name for need in missing if need.name not in (RABBITMQ.name, POSTGRESQL.name)]
    if len(others) < len(missing):
        lines += [
            "Or let containers hold the two servers:",
            "  docker compose -f deploy/local/compose.yaml up -d --wait",
            "  AMQP_URL=amqp://guichet:guichet@127.0.0.1:5673/%2F \\",
            "  DATABASE_URL=postgresql://guichet:guichet@127.0.0.1:5433/postgres make run",
        ]
        if others:
            lines.append(f"No container helps with {', '.join(others)}: that must be installed all the same.")
    return "\n".join(lines)


def _instead(need: Need) -> str:
    """What is there and does not do."""
    found = need.found()
    return f" ({found} is there)" if found else ""
