"""A container engine to build and run with: the one that answers, or one of our own beside it.

Our own is for a Linux machine where one is root and nobody has started an engine: its data, socket
and process are in one folder and end with it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.local.processes import wait_until
from deploy.local.progress import StepFailed, run, step

PACKAGES = ("docker.io", "iptables", "debootstrap")
SECONDS = 60


class Engine:
    """Docker's and Compose's command lines, pointed at one engine."""

    def __init__(self, docker: str, environment: Mapping[str, str], log: Path) -> None:
        self._docker = docker
        # BuildKit: the Dockerfile takes secrets of a build, and stages are built side by side.
        self.environment = {**os.environ, **environment, "DOCKER_BUILDKIT": "1"}
        self._log = log

    def answers(self) -> bool:
        return self.succeeds("info", "--format", "{{.ServerVersion}}")

    def succeeds(self, *arguments: str) -> bool:
        return self._ask(*arguments).returncode == 0

    def has(self, image: str) -> bool:
        return self.succeeds("image", "inspect", image)

    def megabytes(self, image: str) -> float:
        return int(self.read("image", "inspect", "--format", "{{.Size}}", image)) / 1e6

    def read(self, *arguments: str) -> str:
        done = self._ask(*arguments)
        if done.returncode:
            raise StepFailed(f"docker {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def output(self, *arguments: str) -> str:
        """Return what a command prints on either of its outputs."""
        done = self._ask(*arguments)
        return done.stdout + done.stderr

    def do(self, title: str, *arguments: str) -> None:
        run(title, [self._docker, *arguments], log=self._log, env=self.environment)

    def compose(self, title: str, *arguments: str, settings: Mapping[str, str]) -> None:
        command = [_compose(), "-f", "docker-compose.yml", *arguments]
        run(title, command, log=self._log, env={**self.environment, **settings})

    def say(self, *arguments: str, settings: Mapping[str, str]) -> str:
        """Return what a command of Compose prints."""
        command = [_compose(), "-f", "docker-compose.yml", *arguments]
        environment = {**self.environment, **settings}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise StepFailed(f"docker compose {' '.join(arguments)}: {(done.stdout + done.stderr)[-2000:]}")
        return done.stdout

    def _ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [self._docker, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=self.environment)


def _compose() -> str:
    beside = Path(sys.executable).parent / "docker-compose"
    return str(beside) if beside.exists() else "docker-compose"


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """Yield the engine that answers, or start one in ``folder`` for as long as this lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "rehearsal.log"
    for docker in dict.fromkeys(filter(None, ("/usr/bin/docker", shutil.which("docker")))):
        if Path(docker).exists():
            present = Engine(docker, {}, log)
            if present.answers():
                yield present
                return
    if sys.platform != "linux" or os.geteuid() != 0:
        raise StepFailed("No container engine answers: start Docker, or set DOCKER_HOST to one that runs.")
    with _own(folder, log) as started:
        yield started


@contextmanager
def _own(folder: Path, log: Path) -> Iterator[Engine]:
    dockerd, docker = Path("/usr/sbin/dockerd"), "/usr/bin/docker"
    if not dockerd.exists():
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run("Reading the list of system packages", ["apt-get", "update", "-q"], log=log, env=quiet)
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *PACKAGES]
        run("Installing a container engine", install, log=log, env=quiet)
    socket = folder / "docker.sock"
    command = [
        str(dockerd),
        *("--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")),
        *("--pidfile", str(folder / "dockerd.pid"), "-H", f"unix://{socket}"),
        # Containers may not ask for more than the machine gives.
        *("--default-ulimit", "nofile=20000:20000"),
    ]
    with (folder / "dockerd.log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        started = Engine(docker, {"DOCKER_HOST": f"unix://{socket}"}, log)
        with step("Starting a container engine"):
            wait_until(
                started.answers,
                "the container engine",
                seconds=SECONDS,
                every=0.5,
                process=process,
                log=folder / "dockerd.log",
            )
        yield started
    finally:
        process.terminate()
        process.wait(SECONDS)
