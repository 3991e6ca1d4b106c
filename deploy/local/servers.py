"""A private PostgreSQL and a private RabbitMQ, started together and stopped together.

They never touch the machine's own servers: other ports, other data, another Erlang cookie and epmd.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from deploy.local.postgres import PostgresServer
from deploy.local.processes import Account, LocalError
from deploy.local.rabbitmq import RabbitServer

# Where data goes that its account could not reach inside the checkout.
ELSEWHERE = Path("/var/tmp")  # noqa: S108 - folders in it are made with mode 0700 and checked
MARKER = "belongs-to.json"


class PrivateServers:
    """Both servers, with their passwords and last ports kept in `folder`.

    `durable=False` is for tests: nothing is synced to disk, stopping is abrupt and leaves no data behind.
    `definitions` are RabbitMQ definitions (users, permissions, policies of the virtual host `VHOST`)
    that the node loads at every start.
    """

    def __init__(
        self, folder: Path, *, durable: bool = True, definitions: dict[str, Any] | None = None
    ) -> None:
        self.folder = folder.absolute()
        self.durable = durable
        self.folder.mkdir(parents=True, exist_ok=True)
        self._account = Account.for_servers()
        self._lock: int | None = None
        self._known = self._load()
        self.data_folder = data_folder(self.folder, self._account)
        self.log_folder = self.folder / "logs"
        self.postgres = PostgresServer(
            self.data_folder / "postgres",
            account=self._account,
            password=str(self._known["postgres_password"]),
            durable=durable,
            log=self.log_folder / "postgres.log",
        )
        self.rabbitmq = RabbitServer(
            self.data_folder / "rabbitmq",
            account=self._account,
            password=str(self._known["rabbitmq_password"]),
            log=self.log_folder / "rabbitmq.log",
        )
        self.rabbitmq.definitions = definitions or {}

    @property
    def pg_admin_url(self) -> str:
        return self.postgres.admin_url

    @property
    def amqp_admin_url(self) -> str:
        return self.rabbitmq.admin_url

    def start(
        self, *, database: bool = True, broker: bool = True, await_broker: bool = True
    ) -> "PrivateServers":
        """Start both, or only the one asked for; `await_broker=False` leaves waiting to the caller."""
        lock = self._take_lock()
        try:
            self._make_folders()
            if broker:
                self.rabbitmq.start(preferred_port=self._port("rabbitmq_port"), keep_open=(lock,))
            if database:
                self.postgres.initialise()
                self.postgres.start(preferred_port=self._port("postgres_port"), keep_open=(lock,))
                self.postgres.wait_ready()
            if broker and await_broker:
                self.rabbitmq.wait_ready()
        except BaseException:
            self.stop()
            raise
        self._known |= {"postgres_port": self.postgres.port, "rabbitmq_port": self.rabbitmq.port}
        self._save()
        return self

    def stop(self) -> None:
        if self.durable:
            self.postgres.stop("fast")
            self.rabbitmq.stop()
        else:
            self.postgres.stop("immediate")
            self.rabbitmq.kill()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
            if not self.durable:
                remove_data(self.folder)

    def __enter__(self) -> "PrivateServers":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def restart_postgres(self, mode: str = "immediate") -> None:
        """Stop as `pg_ctl -m MODE` would, start again on the same port."""
        self.postgres.stop(mode)
        self.start_postgres()

    def start_postgres(self) -> None:
        self.postgres.start()
        self.postgres.wait_ready()

    def rabbitmqctl(self, *arguments: str, stdin: str | None = None) -> str:
        return self.rabbitmq.ctl(*arguments, stdin=stdin)

    def stop_broker_app(self) -> None:
        self.rabbitmq.ctl("stop_app")

    def start_broker_app(self) -> None:
        self.rabbitmq.ctl("start_app")
        self.rabbitmq.wait_ready()

    def kill_broker(self) -> None:
        self.rabbitmq.kill()

    def start_broker(self) -> None:
        self.rabbitmq.start()
        self.rabbitmq.wait_ready()

    def pids(self) -> dict[str, int]:
        """The processes that run now, by name."""
        parts = {"PostgreSQL": self.postgres.process} | self.rabbitmq.processes
        return {name: process.pid for name, process in parts.items() if process is not None}

    @property
    def broker_pid(self) -> int:
        return _pid(self.rabbitmq.process, "RabbitMQ")

    @property
    def postgres_pid(self) -> int:
        return _pid(self.postgres.process, "PostgreSQL")

    def _port(self, name: str) -> int | None:
        value = self._known.get(name)
        return int(value) if value else None

    def _make_folders(self) -> None:
        _sweep()
        folders = [self.data_folder, self.postgres.folder, self.rabbitmq.folder]
        for folder in folders:
            _own_folder(folder, self._account)
        marker = {"folder": str(self.folder), "durable": self.durable}
        write_private(self.data_folder / MARKER, json.dumps(marker))

    def _take_lock(self, seconds: float = 20) -> int:
        """One owner per folder. The servers inherit the lock: it is free once the last one has ended."""
        path = self.folder / "servers.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    raise LocalError(f"another run uses the servers of {self.folder}") from None
                time.sleep(0.1)
                continue
            self._lock = descriptor
            return descriptor

    def _load(self) -> dict[str, str | int]:
        path = self.folder / "servers.json"
        if path.exists():
            known: dict[str, str | int] = json.loads(path.read_text())
            return known
        self._known = {"postgres_password": secrets.token_hex(16), "rabbitmq_password": secrets.token_hex(16)}
        self._save()
        return self._known

    def _save(self) -> None:
        write_private(self.folder / "servers.json", json.dumps(self._known, indent=2))


def write_private(path: Path, content: str) -> None:
    """Write a file only its owner may read, in one step, so that no reader finds half of it."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    draft.replace(path)


def data_folder(folder: Path, account: Account | None = None) -> Path:
    """Where the servers' data lies: inside `folder`, unless their account cannot walk there.

    Root's checkout under a 0700 home is the usual case; its permissions stay as they are.
    """
    account = account or Account.for_servers()
    if account.reaches(folder):
        return folder / "servers"
    return ELSEWHERE / f"guichet-unique-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"


def remove_data(folder: Path, *, broker: bool = True) -> None:
    """Forget the servers' data and passwords, or PostgreSQL's data alone."""
    place = data_folder(folder)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(place if broker else place / "postgres")
    if broker:
        (folder / "servers.json").unlink(missing_ok=True)


def _sweep() -> None:
    """Remove data that a killed run left elsewhere: its own folder is gone, or it was only for tests."""
    for marker in ELSEWHERE.glob(f"guichet-unique-*/{MARKER}"):
        try:
            if marker.stat().st_uid != os.geteuid():
                continue
            left = json.loads(marker.read_text())
            folder = Path(left["folder"])
            if not folder.exists() or (not left["durable"] and _unused(folder)):
                shutil.rmtree(marker.parent)
        except (OSError, ValueError):
            # Another run sweeps, too, or the folder is not ours to read.
            continue


def _unused(folder: Path) -> bool:
    with (folder / "servers.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _own_folder(folder: Path, account: Account) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (account.uid, os.geteuid()):
            raise LocalError(f"{folder} belongs to someone else") from None
    if account != Account.current():
        os.chown(folder, account.uid, account.gid)


def _pid(process: object, what: str) -> int:
    pid = getattr(process, "pid", None)
    if not isinstance(pid, int):
        raise LocalError(f"{what} is not running")
    return pid
