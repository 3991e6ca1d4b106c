"""``pg_dump`` and ``pg_restore``: PostgreSQL's own programs, as new as the server at least."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from shared.backup import encryption, manifest
from shared.errors import DomainError
from shared.settings import libpq_url

if TYPE_CHECKING:
    from pyrage.x25519 import Identity, Recipient

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


def dump(url: str, snapshot: str, file: Path, to: Sequence[Recipient] = ()) -> None:
    """Write a snapshot of a database into a file; with recipients only they can read it."""
    archive = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}")
    if not to:
        _run("pg_dump", url, *archive, f"--file={file}")
        return
    with (
        manifest.private(file) as sealed,
        _started("pg_dump", url, *archive, stdout=subprocess.PIPE) as process,
    ):
        encryption.seal(process.stdout, sealed, to)
        manifest.on_disk(sealed)


def restore(url: str, file: Path, identities: Sequence[Identity] = ()) -> None:
    """Fill an empty database from a file: all of it or nothing.

    Raises:
        BadBackup: it is encrypted, and none of the identities opens it.
        ProgramFailed: the server or the program refused it.
    """
    name = conninfo_to_dict(libpq_url(url))["dbname"]
    with psycopg.connect(libpq_url(url), connect_timeout=5) as connection:
        server = connection.info.server_version // 10_000
    wanted = ("--no-owner", "--no-privileges")
    if _major(_find("pg_restore")) < _KNOWS_TRANSACTION_TIMEOUT or server >= _KNOWS_TRANSACTION_TIMEOUT:
        at_once = ("--exit-on-error", "--single-transaction", f"--dbname={name}")
        _read_archive(url, file, identities, *wanted, *at_once)
        return
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "restore.sql"
        _read_archive(url, file, identities, *wanted, f"--file={script}")
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


def _read_archive(url: str, file: Path, identities: Sequence[Identity], *arguments: str) -> None:
    if file.suffix != encryption.SUFFIX:
        _run("pg_restore", url, *arguments, str(file))
        return
    with _started("pg_restore", url, *arguments, stdin=subprocess.PIPE) as process:
        encryption.unseal(file, process.stdin, identities)


def _run(program: str, url: str, *arguments: str) -> None:
    with _started(program, url, *arguments, stdout=subprocess.DEVNULL):
        pass


@contextlib.contextmanager
def _started(
    program: str, url: str, *arguments: str, stdin: int | None = None, stdout: int | None = None
) -> Iterator[Any]:
    """Run a program while the block feeds or reads it; return once it has ended well."""
    address = conninfo_to_dict(libpq_url(url))
    # By environment: what stands on a command line, everybody on the machine can read.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {variable: str(address[key]) for key, variable in _VARIABLES.items() if address.get(key)}
    hung_up = False
    with tempfile.TemporaryFile() as complaints:
        with subprocess.Popen(
            [_find(program), *arguments], env=environment, stdin=stdin, stdout=stdout, stderr=complaints
        ) as process:
            try:
                yield process
                if process.stdin is not None:
                    process.stdin.close()
            except BrokenPipeError:
                # A program that ends early says itself why.
                hung_up = True
            except BaseException:
                # Before its input ends: what it has so far must not pass for all there is.
                process.kill()
                with contextlib.suppress(OSError):
                    if process.stdin is not None:
                        process.stdin.close()
                raise
        if process.returncode or hung_up:
            complaints.seek(0)
            said = complaints.read().decode(errors="replace").strip()
            raise ProgramFailed(f"{program} failed: {said[-500:]}")


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
