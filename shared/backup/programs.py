"""``pg_dump`` and ``pg_restore``: PostgreSQL's own programs, as new as the server at least."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from shared.backup import manifest
from shared.errors import DomainError
from shared.settings import libpq_url

# Where distributions put them: seldom on the path, and several versions beside each other.
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
# pg_restore sets it for itself from this version on, and older servers refuse what they have not heard of.
_KNOWS_TRANSACTION_TIMEOUT = 17
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


class ProgramFailed(DomainError):
    """A program of PostgreSQL is missing or ended with an error."""


def dump(url: str, snapshot: str, file: Path) -> None:
    """Write a snapshot of a database into a file."""
    _run(
        "pg_dump",
        url,
        *("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={file}"),
    )


def restore(url: str, file: Path) -> None:
    """Fill an empty database from a file: all of it or nothing."""
    name = conninfo_to_dict(libpq_url(url))["dbname"]
    with psycopg.connect(libpq_url(url), connect_timeout=5) as connection:
        server = connection.info.server_version // 10_000
    wanted = ("--no-owner", "--no-privileges")
    if _major(_find("pg_restore")) < _KNOWS_TRANSACTION_TIMEOUT or server >= _KNOWS_TRANSACTION_TIMEOUT:
        at_once = ("--exit-on-error", "--single-transaction", f"--dbname={name}")
        _run("pg_restore", url, *wanted, *at_once, str(file))
        return
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "restore.sql"
        _run("pg_restore", url, *wanted, f"--file={script}", str(file))
        readable = Path(folder) / "readable.sql"
        _without_new_settings(script, readable)
        strict = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
        _run("psql", url, *strict, f"--dbname={name}", f"--file={readable}")


def version(program: str) -> str:
    """Return which version of a program there is."""
    return _says(_find(program))


def _without_new_settings(script: Path, readable: Path) -> None:
    with script.open("rb") as lines, manifest.private(readable) as kept:
        in_head = True
        for line in lines:
            if in_head and line.startswith(b"SET transaction_timeout"):
                continue
            # Settings come first: what looks like one further down is somebody's data.
            in_head = in_head and line.startswith(
                (b"--", b"SET ", b"SELECT pg_catalog.set_config", b"\n", b"\\")
            )
            kept.write(line)


def _run(program: str, url: str, *arguments: str) -> None:
    address = conninfo_to_dict(libpq_url(url))
    # By environment: what stands on a command line, everybody on the machine can read.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {variable: str(address[key]) for key, variable in _VARIABLES.items() if address.get(key)}
    done = subprocess.run(
        [_find(program), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ProgramFailed(f"{program} failed: {done.stderr.strip()[-500:]}")


def _find(program: str) -> str:
    """Return the path of a program, of the newest version there is: an older one cannot read its archives."""
    found = [path / program for place in PLACES for path in Path("/").glob(place.lstrip("/"))]
    usable = [path for path in found if os.access(path, os.X_OK)]
    if usable:
        return str(max(usable, key=lambda path: _major(str(path))))
    on_path = shutil.which(program)
    if on_path is None:
        raise ProgramFailed(f"{program} is not installed: it comes with PostgreSQL's client programs")
    return on_path


def _major(path: str) -> int:
    return int(_says(path).partition(".")[0])


def _says(path: str) -> str:
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+(\.\d+)?", told)
    if found is None:
        raise ProgramFailed(f"{path} does not say its version: {told.strip()[:100]}")
    return found[0]
