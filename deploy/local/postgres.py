"""A PostgreSQL server of our own: own port, own data folder, password authentication on 127.0.0.1."""

import os
import signal
import subprocess
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psycopg

from deploy.local.processes import (
    Account,
    LocalError,
    end,
    free_port,
    launched,
    spawn,
    wait_until,
)
from deploy.local.programs import find_postgres, postgres_major

ADMIN = "guichet_admin"
STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}


class PostgresServer:
    def __init__(self, folder: Path, *, account: Account, password: str, durable: bool, log: Path) -> None:
        self.folder = folder
        self.account = account
        self.password = password
        self.durable = durable
        self.log = log
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._keep_open: tuple[int, ...] = ()

    @cached_property
    def program(self) -> Path:
        of_data = self.folder / "PG_VERSION"
        major = int(of_data.read_text()) if of_data.exists() else None
        program, newest = find_postgres(major), postgres_major(find_postgres())
        if program is None and newest:
            raise LocalError(
                f"The data in {self.folder} is of PostgreSQL {major}, and {newest} is there, which cannot "
                f"open it: install PostgreSQL {major}, too (package postgresql-{major}, Homebrew "
                f"postgresql@{major}), or forget the data with make reset"
            )
        if program is None:
            raise LocalError("PostgreSQL is not installed (program `postgres` not found)")
        return program

    @property
    def admin_url(self) -> str:
        return f"postgresql://{ADMIN}:{quote(self.password)}@127.0.0.1:{self.port}/postgres"

    def initialise(self) -> None:
        if (self.folder / "PG_VERSION").exists():
            return
        password_file = self.folder.with_name("postgres-password")
        password_file.write_text(self.password)
        password_file.chmod(0o600)
        if self.account != Account.current():
            os.chown(password_file, self.account.uid, self.account.gid)
        command = [
            self.program.with_name("initdb"),
            *("--pgdata", self.folder, "--username", ADMIN, "--pwfile", password_file),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"),
            *(() if self.durable else ("--no-sync",)),
        ]
        done = subprocess.run(
            launched(command, self.account),
            cwd=self.folder.parent,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
        )
        password_file.unlink()
        if done.returncode:
            raise LocalError(f"initdb failed:\n{done.stdout}{done.stderr}")

    def start(self, *, preferred_port: int | None = None, keep_open: tuple[int, ...] = ()) -> None:
        self.port = self.port or free_port(preferred_port)
        self._keep_open = keep_open or self._keep_open
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 150,
            "shared_buffers": "64MB",
            "max_wal_size": "512MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "jit": "off",
            "logging_collector": "off",
            # The values that broke a rule are somebody's name or address.
            "log_error_verbosity": "terse",
            "fsync": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
        }
        options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
        self.process = spawn(
            [self.program, "-D", self.folder, *options],
            account=self.account,
            cwd=self.folder.parent,
            env=ENVIRONMENT,
            log=self.log,
            keep_open=self._keep_open,
            # SIGTERM would wait for every client to leave.
            death_signal=STOP_SIGNALS["fast"],
        )

    def wait_ready(self, seconds: float = 60) -> None:
        wait_until(self._answers, "PostgreSQL", seconds=seconds, process=self.process, log=self.log)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.admin_url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def stop(self, mode: str = "fast") -> None:
        if self.process is None:
            return
        signals = [(STOP_SIGNALS[mode], 20.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)]
        end(self.process, signals)
        self.process = None


# initdb and postgres need nothing from us; PG* variables of the user's shell must not steer a private server.
ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C"}
