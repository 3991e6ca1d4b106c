"""An installation of docker-compose.yml to rehearse with: where it is reached, what can be done to it."""

import contextlib
import json
import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deploy.compose.engine import Engine
from deploy.local.addresses import DEMO_PASSWORD
from deploy.local.processes import free_port, wait_until
from deploy.local.progress import StepFailed, step
from shared.settings import SERVICES

PROJECT = "guichet-rehearsal"
KINDS = ("web", "worker", "relay")
PATIENCE_SECONDS = 180.0
# Each look is a command of the engine.
LOOK_EVERY_SECONDS = 0.5


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

    @property
    def mail_url(self) -> str:
        return f"http://127.0.0.1:{self.mail_port}/api/v1"

    def mails(self, client: httpx.Client, recipient: str) -> list[dict[str, Any]]:
        """By Mailpit's API, newest first there."""
        found = client.get(f"{self.mail_url}/search", params={"query": f'to:"{recipient}"'}).json()[
            "messages"
        ]
        mails = [client.get(f"{self.mail_url}/message/{each['ID']}").json() for each in reversed(found)]
        return [{"subject": mail["Subject"], "text": mail["Text"]} for mail in mails]

    def mails_sent_twice(self) -> int:
        kept = httpx.get(f"{self.mail_url}/messages", params={"limit": 10_000}, timeout=30).json()["messages"]
        return len(kept) - len({mail["MessageID"] for mail in kept})

    def settings(self) -> dict[str, str]:
        return {
            "COMPOSE_PROJECT_NAME": PROJECT,
            "WEB_PAGES_PORT": str(self.web_port),
            "MAIL_PAGES_PORT": str(self.mail_port),
            "SMS_PAGES_PORT": str(self.sms_port),
            "PUBLIC_URL": self.web_url,
            "DEMO_PASSWORD": self.demo_password,
            # Two web processes of each service: one serves while the other is exchanged.
            **{
                f"{name.upper()}_WEB": " ".join(f"{container(name, 'web', n)}:8000" for n in (1, 2))
                for name in SERVICES
            },
        }


def container(service: str, kind: str, number: int = 1) -> str:
    """Return the name Compose gives."""
    return f"{PROJECT}-{service}-{kind}-{number}"


def replicas(kind: str, count: int) -> list[str]:
    """Return the arguments that have so many of each service's ``kind``."""
    return [word for name in SERVICES for word in ("--scale", f"{name}-{kind}={count}")]


class Installation:
    def __init__(self, docker: Engine, published: Published, images: Mapping[str, str], folder: Path) -> None:
        self.docker, self.published, self._folder = docker, published, folder
        self.settings = {**published.settings(), **images}
        self.certificates: ssl.SSLContext = ssl.create_default_context()

    @contextlib.contextmanager
    def up(self, *, keep: bool, web: int = 2) -> Iterator[None]:
        down = ("down", "--volumes", "--remove-orphans", "--timeout", "20")
        self.compose("Clearing away an earlier rehearsal", *down)
        up = ("up", "--detach", "--wait", "--wait-timeout", "400", "--no-build", "--pull", "missing")
        try:
            self.compose("Bringing everything up", *up, *replicas("web", web))
            self.certificates = self._trusted()
            yield
        except BaseException:
            with contextlib.suppress(StepFailed):
                self.compose("Keeping the logs", "logs", "--no-color", "--timestamps")
            raise
        finally:
            if not keep:
                self.compose("Taking everything down", *down)

    def compose(self, title: str, *arguments: str) -> None:
        self.docker.compose(title, *arguments, settings=self.settings)

    def doctor(self) -> None:
        """Nothing waits, nothing is parked, somebody consumes everything."""
        self.compose("Asking the doctor", "run", "--rm", "--no-deps", "prepare", "guichet", "doctor")

    def back_up(self) -> None:
        """Make a backup in the image that does it, open it, and read every document in the store."""
        steps = (
            "guichet secrets new backup > /tmp/identity",
            "export $(sed -n 's/^# //p' /tmp/identity)",
            "guichet backup --to /tmp/backups",
            "guichet restore --check --identity /tmp/identity --from /tmp/backups/*",
            "python -m services.guichet.documents verify",
        )
        command = ("run", "--rm", "--no-deps", "prepare", "sh", "-c", " && ".join(steps))
        self.compose("Making a backup and reading it", *command)

    def ledger(self) -> dict[str, Any]:
        """Hold all books against each other, once everything on its way has arrived."""
        command = ("python", "-m", "deploy.compose.ledger")
        said = self.docker.say("run", "--rm", "--no-deps", "-T", "prepare", *command, settings=self.settings)
        books: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
        return books

    def restart(self, name: str) -> None:
        """As an operator does: told to stop, given time, started again."""
        self.docker.read("restart", "--time", "60", name)
        self.is_healthy(name)

    def kill(self, name: str) -> None:
        """As a machine that loses power: nothing is said before, and the engine starts it again."""
        pid = int(self.docker.read("inspect", "--format", "{{.State.Pid}}", name))
        # Not by the engine: what was stopped by hand it does not start again.
        os.kill(pid, 9)
        wait_until(
            lambda: self.docker.read("inspect", "--format", "{{.State.Pid}}", name) not in {"0", str(pid)},
            f"{name}, killed, to be started again",
            seconds=PATIENCE_SECONDS,
            every=LOOK_EVERY_SECONDS,
        )
        self.is_healthy(name)

    def is_healthy(self, name: str) -> None:
        """Wait until it says so. Processes of ours are asked at once, not when the engine does it next."""
        ours = any(f"-{kind}-" in name for kind in KINDS)
        wait_until(
            lambda: self._says_so(name) if ours else self._was_found_so(name),
            f"{name} to be healthy",
            seconds=PATIENCE_SECONDS,
            every=LOOK_EVERY_SECONDS,
        )

    def _says_so(self, name: str) -> bool:
        return self.docker.succeeds("exec", name, "python", "-I", "-S", "/app/shared/heartbeat.py")

    def _was_found_so(self, name: str) -> bool:
        return self.docker.read("inspect", "--format", "{{.State.Health.Status}}", name) == "healthy"

    def answers(self) -> None:
        """Wait until every service says through the proxy that it is ready."""
        with (
            step("Waiting for the product to answer"),
            httpx.Client(verify=self.certificates, timeout=10) as client,
        ):

            def all_ready() -> bool:
                urls = [f"{self.published.web_url}/{name}/health/ready" for name in SERVICES]
                try:
                    return all(client.get(url).status_code == 200 for url in urls)
                except httpx.HTTPError:
                    return False

            wait_until(
                all_ready,
                f"every service on {self.published.web_url}",
                seconds=PATIENCE_SECONDS,
                every=LOOK_EVERY_SECONDS,
            )

    def seen_before(self) -> int:
        """Return how many events were delivered again and recognised, as the workers' logs say."""
        names = self.docker.read("ps", "--all", "--format", "{{.Names}}").split()
        workers = [name for name in names if name.startswith(f"{PROJECT}-") and "-worker-" in name]
        return sum(
            _counted(line) for name in workers for line in self.docker.output("logs", name).splitlines()
        )

    def _trusted(self) -> ssl.SSLContext:
        """Trust the authority the proxy has made for itself, and no other."""
        root = self._folder / "proxy.crt"
        path = "proxy:/data/caddy/pki/authorities/local/root.crt"
        self.compose("Reading the proxy's certificate", "cp", path, str(root))
        return ssl.create_default_context(cafile=root)


def _counted(line: str) -> int:
    try:
        said = json.loads(line)
    except ValueError:
        return 0
    return int(said["count"]) if isinstance(said, dict) and said.get("event") == "events_seen_before" else 0
