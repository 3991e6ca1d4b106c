"""Where the programs we start are installed. Standard library only: the set-up uses it."""

import ctypes
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

# Debian's /usr/sbin/rabbitmq-server switches to its own user and data, hence the real scripts first.
RABBITMQ = (
    "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server",
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "/opt/rabbitmq/sbin/rabbitmq-server",
    "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
    "/home/linuxbrew/.linuxbrew/opt/rabbitmq/sbin/rabbitmq-server",
)
EPMD = (
    "/usr/lib/erlang/erts-*/bin/epmd",
    "/usr/lib64/erlang/erts-*/bin/epmd",
    "/usr/local/lib/erlang/erts-*/bin/epmd",
    "/opt/erlang/lib/erlang/erts-*/bin/epmd",
    "/opt/homebrew/opt/erlang/lib/erlang/erts-*/bin/epmd",
    "/usr/local/opt/erlang/lib/erlang/erts-*/bin/epmd",
    "/home/linuxbrew/.linuxbrew/opt/erlang/lib/erlang/erts-*/bin/epmd",
)
POSTGRES = (
    "/usr/lib/postgresql/*/bin/postgres",
    "/usr/pgsql-*/bin/postgres",
    "/opt/homebrew/opt/postgresql@*/bin/postgres",
    "/usr/local/opt/postgresql@*/bin/postgres",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin/postgres",
)
HEADLESS_SHELL = "chromium-headless-shell"
CHROMIUM = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
PANGO = ("libpango-1.0.so.0", "/opt/homebrew/lib/libpango-1.0.dylib", "/usr/local/lib/libpango-1.0.dylib")
HARFBUZZ_SUBSET = (
    "libharfbuzz-subset.so.0",
    "/opt/homebrew/lib/libharfbuzz-subset.dylib",
    "/usr/local/lib/libharfbuzz-subset.dylib",
)
CLAMD = ("/usr/sbin/clamd", "/opt/homebrew/sbin/clamd", "/usr/local/sbin/clamd")
NODE_AT_LEAST = 20
POSTGRES_AT_LEAST = 15
RABBITMQ_AT_LEAST = (3, 10)


def find_rabbitmq() -> Path | None:
    return find_program("rabbitmq-server", RABBITMQ)


def rabbitmq_version(script: Path | None) -> str:
    """The version beside the script; empty where it cannot be told, as of a wrapper in PATH."""
    if script is None:
        return ""
    beside = script.resolve().parents[1] / "plugins"
    return next((found.name.removeprefix("rabbit-") for found in beside.glob("rabbit-[0-9]*")), "")


def rabbitmq_too_old(version: str) -> bool:
    """Whether it is known to be too old."""
    return bool(version) and tuple(int(part) for part in version.split(".")[:2]) < RABBITMQ_AT_LEAST


def find_promtool() -> Path | None:
    return find_program("promtool", ())


def find_clamd() -> Path | None:
    return find_program("clamd", CLAMD)


def find_epmd() -> Path | None:
    return find_program("epmd", EPMD)


def find_postgres(major: int | None = None) -> Path | None:
    """The newest `postgres`, or the one of that major version: data is opened by no other."""
    found = {path: postgres_major(path) for path in _all_programs("postgres", POSTGRES)}
    fitting = [path for path, its in found.items() if its and major in (None, its)]
    return max(fitting, key=lambda path: found[path], default=None)


def postgres_major(program: Path | None) -> int:
    """The major version it says it has; 0 where there is none, or it does not run."""
    if program is None:
        return 0
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    said = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(said[1]) if said else 0


def find_chromium() -> Path | None:
    for name in (HEADLESS_SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        found = find_program(name, ())
        if found:
            return found
    return find_program("chromium", CHROMIUM)


def find_node() -> Path | None:
    """The system's node, when it is new enough and has npm beside it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = re.match(r"v(\d+)\.", answer.stdout)
    return Path(node) if major and int(major[1]) >= NODE_AT_LEAST else None


def has_pango() -> bool:
    """Whether the libraries that lay out PDF text can be loaded."""
    return _loads(PANGO) and _loads(HARFBUZZ_SUBSET)


def find_program(name: str, patterns: Sequence[str]) -> Path | None:
    """The newest match of the first pattern that matches (version folders sort by number), else PATH's."""
    for pattern in patterns:
        matches = [path for path in Path("/").glob(pattern.lstrip("/")) if os.access(path, os.X_OK)]
        if matches:
            return max(matches, key=_version_key)
    found = shutil.which(name)
    return Path(found) if found else None


def _all_programs(name: str, patterns: Sequence[str]) -> list[Path]:
    """Every match of the patterns, and PATH's."""
    matches = [path for pattern in patterns for path in Path("/").glob(pattern.lstrip("/"))]
    found = shutil.which(name)
    return [path for path in matches if os.access(path, os.X_OK)] + ([Path(found)] if found else [])


def _version_key(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]


def _loads(names: Sequence[str]) -> bool:
    for name in names:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False
