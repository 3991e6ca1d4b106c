"""``pg_dump`` and ``pg_restore``: PostgreSQL's own programs, as new as the server at least."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from shared.errors import DomainError
from shared.settings import libpq_url

# Where distributions put them: seldom on the path, and several versions beside each other.
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
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
    _run(
        "pg_restore",
        url,
        *("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", f"--dbname={name}"),
        str(file),
    )


def version(program: str) -> str:
    """Return which version of a program there is."""
    told = subprocess.run([_find(program), "--version"], capture_output=True, text=True, check=True)  # noqa: S603 - no shell, and every word is ours
    found = re.search(r"\d+(\.\d+)?", told.stdout)
    return found[0] if found else told.stdout.strip()


def _run(program: str, url: str, *arguments: str) -> None:
    address = conninfo_to_dict(libpq_url(url))
    # By environment: what stands on a command line, everybody on the machine can read.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {variable: str(address[key]) for key, variable in _VARIABLES.items() if address.get(key)}
    done = subprocess.run(  # noqa: S603 - no shell, and every word is ours
        [_find(program), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ProgramFailed(f"{program} failed: {done.stderr.strip()[-500:]}")


def _find(program: str) -> str:
    found = [path / program for place in PLACES for path in Path("/").glob(place.lstrip("/"))]
    usable = [path for path in found if os.access(path, os.X_OK)]
    if usable:
        return str(max(usable, key=lambda path: [int(part) for part in re.findall(r"\d+", str(path))]))
    on_path = shutil.which(program)
    if on_path is None:
        raise ProgramFailed(f"{program} is not installed: it comes with PostgreSQL's client programs")
    return on_path
