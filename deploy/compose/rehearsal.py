"""Builds the images, brings docker-compose.yml up, plays the story, kills one container of each kind.

``python -m deploy.compose.rehearsal [--stand-ins] [--keep]``. ``--stand-ins``: where no image registry
can be reached, servers and base are images made of Debian's packages; the files are the same.
"""

import argparse
import contextlib
import os
import ssl
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deploy.compose import stand_ins
from deploy.compose.engine import Engine, engine
from deploy.local.addresses import DEMO_PASSWORD
from deploy.local.processes import free_port
from deploy.local.progress import StepFailed, report, step
from deploy.local.story import Story, StoryFailed
from shared.settings import SERVICES

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".run" / "rehearsal"
IMAGES = (*SERVICES, "operations")
LARGEST_MEGABYTES = 250.0
# Not there yet: these two print, and the counter reads PDF files and pictures besides.
LARGER = {"billing": 270.0, "guichet": 300.0}
PROJECT = "guichet-rehearsal"
# One of each kind, at work in every telling of the story.
KILLED = ("guichet-relay", "notifications-worker", "guichet-web", "billing-worker", "rabbitmq", "postgresql")
PATIENCE_SECONDS = 120.0


@dataclass
class Published:
    """Where the compose file publishes what the story looks at."""

    web_port: int = field(default_factory=free_port)
    mail_port: int = field(default_factory=free_port)
    sms_port: int = field(default_factory=free_port)
    demo_password: str = DEMO_PASSWORD

    @property
    def web_url(self) -> str:
        return f"https://localhost:{self.web_port}"

    @property
    def sms_url(self) -> str:
        return f"http://127.0.0.1:{self.sms_port}"

    def mails(self, client: httpx.Client, recipient: str) -> list[dict[str, Any]]:
        """By Mailpit's API, newest first there."""
        url = f"http://127.0.0.1:{self.mail_port}/api/v1"
        found = client.get(f"{url}/search", params={"query": f'to:"{recipient}"'}).json()["messages"]
        mails = [client.get(f"{url}/message/{each['ID']}").json() for each in reversed(found)]
        return [{"subject": mail["Subject"], "text": mail["Text"]} for mail in mails]

    def settings(self) -> dict[str, str]:
        return {
            "COMPOSE_PROJECT_NAME": PROJECT,
            "WEB_PAGES_PORT": str(self.web_port),
            "MAIL_PAGES_PORT": str(self.mail_port),
            "SMS_PAGES_PORT": str(self.sms_port),
            "PUBLIC_URL": self.web_url,
            "DEMO_PASSWORD": self.demo_password,
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stand-ins", action="store_true", help="no registry can be reached")
    parser.add_argument("--keep", action="store_true", help="leave it running, to be looked at")
    options = parser.parse_args()
    started = time.monotonic()
    with engine(FOLDER) as docker:
        base = stand_ins.python_image(docker, FOLDER) if options.stand_ins else ""
        _build(docker, base)
        servers = stand_ins.servers(docker, FOLDER) if options.stand_ins else {}
        published = Published()
        with _up(docker, {**published.settings(), **servers}, keep=options.keep):
            certificates = _certificates(docker, {**published.settings(), **servers})
            _tell(published, certificates)
            for name in KILLED:
                _kill(docker, name)
                _tell(published, certificates)
            _doctor(docker, {**published.settings(), **servers})
    print(f"rehearsed in {time.monotonic() - started:.0f} s")
    return 0


def _build(docker: Engine, base: str) -> None:
    network = ["--network", "host"] if base else []
    chosen = ["--build-arg", f"PYTHON_IMAGE={base}"] if base else []
    for name in IMAGES:
        tag = f"guichet-unique/{name}:dev"
        arguments = ["-q", *network, *chosen, "--build-arg", f"SERVICE={name}", "-t", tag, os.fspath(ROOT)]
        docker.do(f"Building {tag}", "build", *arguments)
        size = docker.megabytes(tag)
        print(f"    {size:.0f} MB")
        most = LARGER.get(name, LARGEST_MEGABYTES)
        if size > most:
            raise StepFailed(f"{tag} has {size:.0f} MB; {most:.0f} are enough")


@contextlib.contextmanager
def _up(docker: Engine, settings: dict[str, str], *, keep: bool) -> Iterator[None]:
    down = ("down", "--volumes", "--remove-orphans", "--timeout", "20")
    docker.compose("Clearing away an earlier rehearsal", *down, settings=settings)
    up = ("up", "--detach", "--wait", "--wait-timeout", "400", "--no-build", "--pull", "missing")
    try:
        docker.compose("Bringing everything up", *up, settings=settings)
        yield
    except BaseException:
        with contextlib.suppress(StepFailed):
            docker.compose("Keeping the logs", "logs", "--no-color", settings=settings)
        raise
    finally:
        if not keep:
            docker.compose("Taking everything down", *down, settings=settings)


def _certificates(docker: Engine, settings: dict[str, str]) -> ssl.SSLContext:
    """Trust the authority the proxy has made for itself, and no other."""
    root = FOLDER / "proxy.crt"
    path = "proxy:/data/caddy/pki/authorities/local/root.crt"
    docker.compose("Reading the proxy's certificate", "cp", path, str(root), settings=settings)
    return ssl.create_default_context(cafile=root)


def _tell(published: Published, certificates: ssl.SSLContext) -> None:
    """Tell the story; after a kill, as soon as the product answers again."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with httpx.Client(verify=certificates, timeout=10) as client:
                ready = [
                    client.get(f"{published.web_url}/{name}/health/ready").status_code for name in SERVICES
                ]
        except httpx.HTTPError:
            ready = []
        if ready == [200] * len(SERVICES):
            break
        if time.monotonic() > deadline:
            raise StepFailed(f"the product does not answer on {published.web_url}: {ready}")
        time.sleep(0.5)
    try:
        Story(published, certificates=certificates).play()
    except StoryFailed as failure:
        raise StepFailed(str(failure)) from None


def _kill(docker: Engine, name: str) -> None:
    """As a machine that loses power: nothing is said before, and the engine starts it again."""
    with step(f"Killing {name}"):
        container = f"{PROJECT}-{name}-1"
        pid = int(docker.read("inspect", "--format", "{{.State.Pid}}", container))
        # Not by the engine: what was stopped by hand it does not start again.
        os.kill(pid, 9)


def _doctor(docker: Engine, settings: dict[str, str]) -> None:
    """Nothing waits, nothing is parked, somebody consumes everything."""
    command = ("run", "--rm", "--no-deps", "prepare", "guichet", "doctor")
    docker.compose("Asking the doctor", *command, settings=settings)


if __name__ == "__main__":
    sys.exit(report(main))
