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
NODE_AT_LEAST = 20


def find_rabbitmq() -> Path | None:
    return find_program("rabbitmq-server", RABBITMQ)


def find_promtool() -> Path | None:
    return find_program("promtool", ())


def find_epmd() -> Path | None:
    return find_program("epmd", EPMD)


def find_postgres() -> Path | None:
    return find_program("postgres", POSTGRES)


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
