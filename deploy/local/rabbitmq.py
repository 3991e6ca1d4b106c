"""A RabbitMQ node of our own: own ports, name, cookie, epmd and data folder, all on 127.0.0.1."""

import os
import secrets
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import quote

from deploy.local.processes import (
    Account,
    LocalError,
    end,
    find_program,
    free_port,
    launched,
    spawn,
    wait_until,
)

ADMIN = "guichet_admin"
VHOST = "guichet"
# Debian's /usr/sbin/rabbitmq-server switches to its own user and data, hence the real scripts first.
SCRIPTS = (
    "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin",
    "/usr/lib/rabbitmq/bin",
    "/opt/rabbitmq/sbin",
    "/opt/homebrew/opt/rabbitmq/sbin",
    "/usr/local/opt/rabbitmq/sbin",
    "/home/linuxbrew/.linuxbrew/opt/rabbitmq/sbin",
)
EPMD = (
    "/usr/lib/erlang/erts-*/bin/epmd",
    "/usr/lib64/erlang/erts-*/bin/epmd",
    "/opt/erlang/lib/erlang/erts-*/bin/epmd",
)
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"


def find_rabbitmq() -> Path | None:
    """The `rabbitmq-server` script, newest version first."""
    return find_program("rabbitmq-server", [f"{folder}/rabbitmq-server" for folder in SCRIPTS])


class RabbitServer:
    def __init__(self, folder: Path, *, account: Account, password: str, log: Path) -> None:
        script = find_rabbitmq()
        if script is None:
            raise LocalError("RabbitMQ is not installed (program `rabbitmq-server` not found)")
        self.script = script
        self.folder = folder
        self.account = account
        self.password = password
        self.log = log
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None
        self._epmd_port = 0
        self._dist_port = 0
        self._keep_open: tuple[int, ...] = ()

    @property
    def admin_url(self) -> str:
        return f"amqp://{ADMIN}:{quote(self.password)}@127.0.0.1:{self.port}/{VHOST}"

    def start(self, *, preferred_port: int | None = None, keep_open: tuple[int, ...] = ()) -> None:
        self.port = self.port or free_port(preferred_port)
        self._epmd_port = self._epmd_port or free_port()
        self._dist_port = self._dist_port or free_port()
        self._keep_open = keep_open or self._keep_open
        self._write_configuration()
        self._start_epmd()
        self.process = spawn(
            [self.script],
            account=self.account,
            cwd=self.folder,
            env=self._environment(),
            log=self.log,
            keep_open=self._keep_open,
        )

    def wait_ready(self, seconds: float = 60) -> None:
        wait_until(self._answers, "RabbitMQ", seconds=seconds, process=self.process, log=self.log)

    def stop(self) -> None:
        """A clean stop of the node; its epmd goes last."""
        if self.process is not None:
            end(self.process, [(signal.SIGTERM, 30.0), (signal.SIGKILL, 5.0)])
            self.process = None
        self._stop_epmd()

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

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(PROTOCOL_HEADER)
                # A method frame (Connection.Start); anything else means not ready or not RabbitMQ.
                return connection.recv(1) == b"\x01"
        except OSError:
            return False

    def _start_epmd(self) -> None:
        program = find_program("epmd", EPMD)
        if program is None:
            raise LocalError("Erlang's `epmd` was not found")
        self._epmd = spawn(
            [program, "-port", str(self._epmd_port), "-address", "127.0.0.1"],
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
        lines = [
            f"listeners.tcp.default = 127.0.0.1:{self.port}",
            # Used on the first start only; it takes the place of `guest`.
            f"default_vhost = {VHOST}",
            f"default_user = {ADMIN}",
            f"default_pass = {self.password}",
            "disk_free_limit.absolute = 50MB",
            # The default of 512 MB is kept in memory, too: a burst would double the footprint of a laptop.
            "raft.wal_max_size_bytes = 67108864",
            f"log.file = {self.log}.node",
            "log.file.level = warning",
        ]
        self._write("rabbitmq.conf", "\n".join(lines) + "\n")
        self._write("rabbitmq-env.conf", "")
        self._write("enabled_plugins", "[].\n")
        if not (self.folder / ".erlang.cookie").exists():
            self._write(".erlang.cookie", secrets.token_hex(16), mode=0o400)

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
                "+S 2:2 +A 8 -start_epmd false -kernel inet_dist_use_interface {127,0,0,1}"
            ),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
        }


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
