"""What a service is told by its environment."""

import os
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from environs import Env

SERVICES = ("guichet", "booking", "notifications", "billing")


LOOK_SECONDS = 2.0
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_from_files: set[str] = set()
_looked_at = 0.0


class MissingSetting(RuntimeError):
    """A required environment variable is absent."""


class BadSetting(RuntimeError):
    """A setting has a value that cannot work."""


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Addresses one service needs; each may be given per service or for all.

    ``BILLING_DATABASE_URL`` wins over ``DATABASE_URL``, so that one local process can hold
    several services while a production pod sets only the short name.
    """

    service: str
    database_url: str
    amqp_url: str

    @classmethod
    def load(cls, service: str) -> "ServiceSettings":
        """Read the settings of ``service``.

        Raises:
            MissingSetting: neither the service's own variable nor the common one is set.
        """
        return cls(
            service=service,
            database_url=sqlalchemy_url(read(service, "DATABASE_URL")),
            amqp_url=read(service, "AMQP_URL"),
        )

    def database_addresses(self) -> list[str]:
        """Return what to try in turn for a new connection to the database."""
        return addresses(self.service, "DATABASE", self.database_url)

    def amqp_addresses(self) -> list[str]:
        """Return what to try in turn for a new connection to the broker."""
        return addresses(self.service, "AMQP", self.amqp_url)


def load_folder() -> None:
    """Take settings from the files of ``SETTINGS_FOLDER``: each is named as a variable, its text the value.

    Containers are given secrets as files, which no listing of the container shows. What the
    environment itself says wins. Called once at the start of every process.
    """
    folder = os.environ.get("SETTINGS_FOLDER", "")
    # Kubernetes keeps its own bookkeeping beside the files, under names that are no variable's.
    for file in sorted(Path(folder).iterdir()) if folder else ():
        if _VARIABLE.fullmatch(file.name) and (file.name in _from_files or file.name not in os.environ):
            os.environ[file.name] = file.read_text(encoding="utf-8").strip()
            _from_files.add(file.name)


def look_again() -> None:
    """Take what has changed in the files of ``SETTINGS_FOLDER``; at most every few seconds, so ask freely.

    Keys and passwords change while processes work. Whoever uses one asks here first: at each new
    connection, each signature, each document.
    """
    global _looked_at
    if _from_files and time.monotonic() - _looked_at >= LOOK_SECONDS:
        _looked_at = time.monotonic()
        # A folder that cannot be read now holds no news.
        with suppress(OSError):
            load_folder()


def told_now(**known: str) -> list[str]:
    """Return secrets as their files say them now, by name; ``known`` of those that came otherwise.

    Asked when a secret is used, so that it changes without a restart. What belongs together is asked
    together. A file that is empty or gone changes nothing: whoever has the old one goes on with it.
    """
    look_again()
    return [os.environ.get(name, "") or old if name in _from_files else old for name, old in known.items()]


def service_name(arguments: Sequence[str]) -> str:
    """Return the service named on the command line, else by ``SERVICE``, as a container's image has it.

    Raises:
        MissingSetting: neither names one.
    """
    name = arguments[0] if arguments else os.environ.get("SERVICE", "")
    if name not in SERVICES:
        raise MissingSetting(f"name a service or set SERVICE: one of {', '.join(SERVICES)}, not {name!r}")
    return name


def read(service: str, name: str) -> str:
    """Return ``<SERVICE>_<NAME>`` or ``<NAME>`` from the environment.

    Raises:
        MissingSetting: both are absent or empty.
    """
    env = Env()
    own = f"{service.upper()}_{name}"
    value: str | None = env.str(own, None) or env.str(name, None)
    if not value:
        raise MissingSetting(f"set {own} or {name}: the {service} service cannot start without it")
    return value


def addresses(service: str, kind: str, known: str) -> list[str]:
    """Return ``known`` with each password a new connection may need, as the settings stand now.

    A server takes one password for a user, and processes learn of a new one a minute before or
    after it does. So the coming one is told them beforehand (``DATABASE_NEXT_PASSWORD``,
    ``AMQP_NEXT_PASSWORD``): whichever the server takes at that moment is among these.
    """
    look_again()
    env = Env()
    own = service.upper()
    told: str = env.str(f"{own}_{kind}_URL", "") or env.str(f"{kind}_URL", "")
    coming = next_password(service, kind)
    # Only the password: where to go and as whom is settled at the start.
    passwords = [urlsplit(told).password or "" if _same_user(told, known) else "", quote(coming, safe="")]
    found = [_with_password(known, password) for password in passwords if password]
    return list(dict.fromkeys([*found, known]))


def next_password(service: str, kind: str) -> str:
    """Return the password a server will be told next; empty when none is on its way."""
    env = Env()
    coming: str = (
        env.str("DATABASE_NEXT_PASSWORD", "") if kind == "DATABASE" else env.str("AMQP_NEXT_PASSWORD", "")
    )
    own: str = env.str(f"{service.upper()}_{kind}_NEXT_PASSWORD", "")
    return own or coming


def _same_user(told: str, known: str) -> bool:
    return libpq_url(sqlalchemy_url(_with_password(told, ""))) == libpq_url(
        sqlalchemy_url(_with_password(known, ""))
    )


def _with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:{password}{at}{place}")) if at else url


def public_url() -> str:
    """Return where people outside reach the product: links in messages and QR codes begin with it."""
    return os.environ.get("PUBLIC_URL", "http://localhost:8000").rstrip("/")


def sqlalchemy_url(url: str) -> str:
    """Spell a PostgreSQL address the way SQLAlchemy selects psycopg 3."""
    scheme, separator, rest = url.partition("://")
    if separator and scheme in {"postgres", "postgresql"}:
        return f"postgresql+psycopg://{rest}"
    return url


def libpq_url(url: str) -> str:
    """Spell a SQLAlchemy PostgreSQL address the way libpq and psycopg read it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
