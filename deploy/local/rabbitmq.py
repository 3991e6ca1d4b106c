"""A RabbitMQ node of our own: own ports, name, cookie, epmd and data folder, all on 127.0.0.1."""

import json
import os
import secrets
import signal
import socket
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deploy.local.processes import (
    Account,
    LocalError,
    end,
    free_port,
    launched,
    spawn,
    wait_until,
)
from deploy.local.programs import find_epmd, find_rabbitmq, rabbitmq_too_old, rabbitmq_version

ADMIN = "guichet_admin"
VHOST = "/"
BUSY_PLUGINS = ("rabbit", "rabbit_common", "ra", "rabbitmq_prelaunch", "ranch", "osiris", "khepri")
BUSY_LIBRARIES = ("ssl", "inets", "compiler", "mnesia", "sasl", "public_key")
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"


class RabbitServer:
    def __init__(self, folder: Path, *, account: Account, password: str, log: Path) -> None:
        self.folder = folder
        self.account = account
        self.password = password
        self.log = log
        self.definitions: dict[str, Any] = {}
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None
        self._epmd_port = 0
        self._dist_port = 0
        self._keep_open: tuple[int, ...] = ()

    @cached_property
    def script(self) -> Path:
        return _installed("rabbitmq-server", find_rabbitmq())

    @cached_property
    def _epmd_program(self) -> Path:
        return _installed("epmd", find_epmd())

    @property
    def admin_url(self) -> str:
        return f"amqp://{ADMIN}:{quote(self.password)}@127.0.0.1:{self.port}/{quote(VHOST, safe='')}"

    def check_version(self) -> None:
        version = rabbitmq_version(self.script)
        if rabbitmq_too_old(version):
            raise LocalError(f"RabbitMQ {version} is too old: 3.10 or newer is needed")

    def start(self, *, preferred_port: int | None = None, keep_open: tuple[int, ...] = ()) -> None:
        self.port = self.port or free_port(preferred_port)
        self._epmd_port = self._epmd_port or free_port()
        self._dist_port = self._dist_port or free_port()
        self._keep_open = keep_open or self._keep_open
        self.check_version()
        self._write_configuration()
        self._start_epmd()
        self._launch()

    def _launch(self) -> None:
        self.process = spawn(
            [self.script],
            account=self.account,
            cwd=self.folder,
            env=self._environment(),
            log=self.log,
            keep_open=self._keep_open,
        )

    def wait_ready(self, seconds: float = 120) -> None:
        wait_until(self._answers, "RabbitMQ", seconds=seconds, process=self.process, log=self.log)

    def stop(self) -> None:
        """A clean stop of the node; its epmd goes last."""
        if self.process is not None:
            end(self.process, [(signal.SIGTERM, 30.0), (signal.SIGKILL, 5.0)])
            self.process = None
        self._stop_epmd()

    @property
    def processes(self) -> dict[str, subprocess.Popen[bytes] | None]:
        return {"RabbitMQ": self.process, "epmd": self._epmd}

    def died(self) -> bool:
        processes = self.processes.values()
        return any(process is not None and process.poll() is not None for process in processes)

    def revive(self) -> None:
        """Start again whichever of the node and its epmd has died."""
        if self._epmd is not None and self._epmd.poll() is not None:
            self._start_epmd()
        if self.process is not None and self.process.poll() is not None:
            self._launch()

    def kill(self) -> None:
        """As a power cut would."""
        if self.process is not None:
            end(self.process, [(signal.SIGKILL, 10.0)])
            self.process = None
        self._stop_epmd()

    def ctl(self, *arguments: str, stdin: str | None = None, timeout: float = 60) -> str:
        """Run rabbitmqctl against this node and return what it printed."""
        done = subprocess.run(
            launched([self.script.with_name("rabbitmqctl"), "--quiet", *arguments], self.account),
            cwd=self.folder,
            env=self._environment(),
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if done.returncode:
            raise LocalError(f"rabbitmqctl {' '.join(arguments[:1])} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _busiest_code(self) -> str:
        """The code folders most modules come from, to be searched first: half the time of a start."""
        libraries = self._epmd_program.resolve().parents[2] / "lib"
        folders = [folder for name in BUSY_PLUGINS for folder in self._plugins.glob(f"{name}-[0-9]*/ebin")]
        folders += [folder for name in BUSY_LIBRARIES for folder in libraries.glob(f"{name}-[0-9]*/ebin")]
        return " ".join(str(folder) for folder in folders)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(PROTOCOL_HEADER)
                # A method frame (Connection.Start); anything else means not ready or not RabbitMQ.
                return connection.recv(1) == b"\x01"
        except OSError:
            return False

    def _start_epmd(self) -> None:
        self._epmd = spawn(
            [self._epmd_program, "-port", str(self._epmd_port), "-address", "127.0.0.1"],
            account=self.account,
            cwd=self.folder,
            env=self._environment(),
            log=self.log,
            keep_open=self._keep_open,
        )
        wait_until(lambda: _listens(self._epmd_port), "epmd", seconds=10, process=self._epmd, log=self.log)

    def _stop_epmd(self) -> None:
        if self._epmd is not None:
            end(self._epmd, [(signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)])
            self._epmd = None

    def _write_configuration(self) -> None:
        settings = f"""[
  {{rabbit, [
    {{tcp_listeners, [{{"127.0.0.1", {self.port}}}]}},
    {{load_definitions, "{self.folder}/definitions.json"}},
    {{disk_free_limit, 50000000}},
    {{log, [{{console, [{{enabled, true}}, {{level, warning}}]}}, {{file, [{{file, false}}]}}]}}
  ]}},
  {{ra, [{{wal_max_size_bytes, 67108864}}]}}
].
"""
        self._write("rabbitmq.config", settings)
        self._write("definitions.json", json.dumps(self._with_admin(), indent=2))
        self._write("rabbitmq-env.conf", "")
        self._write("enabled_plugins", "[].\n")
        self._link_plugins()
        if not (self.folder / ".erlang.cookie").exists():
            self._write(".erlang.cookie", secrets.token_hex(16), mode=0o400)

    def _with_admin(self) -> dict[str, Any]:
        """What the node loads at every start. With definitions to load it creates no `guest`."""
        admin = {"name": ADMIN, "password": self.password, "tags": "administrator"}
        rights = {"user": ADMIN, "vhost": VHOST, "configure": ".*", "write": ".*", "read": ".*"}
        given = self.definitions
        return given | {
            "vhosts": [{"name": VHOST}],
            "users": [*given.get("users", []), admin],
            "permissions": [*given.get("permissions", []), rights],
        }

    def _link_plugins(self) -> None:
        """Show the node its core only: it searches every plugin folder for every module it loads."""
        links = self.folder / "plugins"
        links.mkdir(exist_ok=True)
        links.chmod(0o755)
        for link in links.iterdir():
            link.unlink()
        for plugin in self._plugins.glob("rabbit-[0-9]*"):
            (links / plugin.name).symlink_to(plugin)

    @property
    def _plugins(self) -> Path:
        return self.script.resolve().parents[1] / "plugins"

    def _write(self, name: str, content: str, *, mode: int = 0o600) -> None:
        path = self.folder / name
        path.write_text(content)
        path.chmod(mode)
        if self.account != Account.current():
            os.chown(path, self.account.uid, self.account.gid)

    def _environment(self) -> dict[str, str]:
        folder = self.folder
        return {
            "PATH": f"{os.environ.get('PATH', '')}:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # Otherwise the script stays as a shell in between and our signals miss the node.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_NODENAME": "guichet@localhost",
            "RABBITMQ_USE_LONGNAME": "false",
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_CTL_DIST_PORT_MIN": "20000",
            "RABBITMQ_CTL_DIST_PORT_MAX": "32000",
            "RABBITMQ_CTL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "+S 2:2 +A 2 -start_epmd false -kernel inet_dist_use_interface {127,0,0,1} "
                f"-pa {self._busiest_code()}"
            ),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.config"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_PLUGINS_DIR": str(folder / "plugins"),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
        }


def _installed(name: str, found: Path | None) -> Path:
    if found is None:
        raise LocalError(f"RabbitMQ is not installed (program `{name}` not found)")
    return found


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
