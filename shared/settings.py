"""What a service is told by its environment."""

import os
from dataclasses import dataclass

from environs import Env

SERVICES = ("guichet", "booking", "notifications", "billing")


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
