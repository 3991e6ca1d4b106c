"""What a service is told by its environment."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from environs import Env

SERVICES = ("guichet", "booking", "notifications", "billing")


_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


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


def load_folder() -> None:
    """Take settings from the files of ``SETTINGS_FOLDER``: each is named as a variable, its text the value.

    Containers are given secrets as files, which no listing of the container shows. What the
    environment itself says wins. Called once at the start of every process.
    """
    folder = os.environ.get("SETTINGS_FOLDER", "")
    # Kubernetes keeps its own bookkeeping beside the files, under names that are no variable's.
    for file in sorted(Path(folder).iterdir()) if folder else ():
        if _VARIABLE.fullmatch(file.name) and file.name not in os.environ:
            os.environ[file.name] = file.read_text(encoding="utf-8").strip()


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
