"""Who is where: the environment of each process, and the file that tells outside clients."""

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import httpx

from deploy.local.given import PRIVATE_BROKER
from deploy.local.keys import AGENCIES, Keys
from shared.settings import SERVICES

DEMO_PASSWORD = "technopark"  # noqa: S105 - of the invented accounts, printed for the visitor
ACCOUNTS = {
    "agent": "accueil.casablanca@technopark.example",
    "agency_officer": "ompic.casablanca@technopark.example",
    "billing_officer": "facturation@technopark.example",
    "site_manager": "responsable.casablanca@technopark.example",
    "operator": "exploitation@technopark.example",
}
# A PG* or *_URL variable of the user's shell must not steer what we start.
FOREIGN = ("DATABASE_URL", "AMQP_URL", "SESSION_PRIVATE_KEY", "SESSION_PUBLIC_KEY", "PYTHONPATH")


@dataclass(frozen=True)
class Addresses:
    """Everything a process may have to be told. Built once the servers and ports are known."""

    keys: Keys
    pg_admin_url: str
    amqp_admin_url: str
    own_broker: bool
    web_port: int
    smtp_port: int
    mail_http_port: int
    sms_http_port: int
    agency_http_port: int = 0
    # Tells databases and roles apart from those of another stack on the same PostgreSQL.
    database_mark: str = ""

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def mail_url(self) -> str:
        return f"http://127.0.0.1:{self.mail_http_port}"

    @property
    def sms_url(self) -> str:
        return f"http://127.0.0.1:{self.sms_http_port}"

    def mails(self, client: httpx.Client, recipient: str) -> list[dict[str, Any]]:
        """What the mail server's stand-in kept for ``recipient``, oldest first."""
        kept: list[dict[str, Any]] = client.get(f"{self.mail_url}/messages", params={"to": recipient}).json()
        return kept

    @property
    def demo_password(self) -> str:
        return os.environ.get("DEMO_PASSWORD", DEMO_PASSWORD)

    def database_url(self, service: str) -> str:
        name, password = self.database_name(service), self.keys.secret(f"{service}_database")
        return _as_user(self.pg_admin_url, name, password, path=f"/{name}")

    def database_name(self, service: str) -> str:
        return f"guichet_{service}{self.database_mark}"

    def amqp_url(self, service: str) -> str:
        """The service's own user; on a broker that is not ours, the user we were given."""
        if not self.own_broker:
            return self.amqp_admin_url
        return _as_user(self.amqp_admin_url, service, self.keys.secret(f"{service}_amqp"))

    def services(self, names: Iterable[str]) -> dict[str, str]:
        told = {"PUBLIC_URL": self.web_url}
        for name in names:
            told[f"{name.upper()}_DATABASE_URL"] = self.database_url(name)
            told[f"{name.upper()}_AMQP_URL"] = self.amqp_url(name)
        return told

    def carriers(self) -> dict[str, str]:
        return {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self.smtp_port),
            "MAIL_FROM": "Guichet unique Technopark <guichet@technopark.example>",
            "SMS_GATEWAY_URL": self.sms_url,
            "SMS_GATEWAY_TOKEN": self.keys.secret("sms_gateway"),
            "SMS_SENDER": "Technopark",
        }

    def worker(self, service: str) -> dict[str, str]:
        # eventlet's own name lookups cost 15 MB a process, and here there is no name to look up.
        told = {"EVENTLET_NO_GREENDNS": "yes"}
        besides = {"notifications": self.carriers, "guichet": self.counter}.get(service)
        return told | besides() if besides else told

    def counter(self) -> dict[str, str]:
        """What the counter's worker sends dossiers with."""
        return {**self.documents(), **self.carriers(), **self.agencies()}

    def agencies(self) -> dict[str, str]:
        """The stand-in answers for every agency's online service."""
        return {
            "AGENCY_SECRETS": self.agency_secrets(),
            "AGENCY_REDIRECT": f"http://127.0.0.1:{self.agency_http_port}",
            "AGENCY_POLL_SECONDS": "5",
        }

    def agency_secrets(self) -> str:
        return ",".join(f"{agency}:{self.keys.secret(f'agency_{agency}')}" for agency in AGENCIES)

    def web(self) -> dict[str, str]:
        private, public = self.keys.session_pair()
        return (
            {"SESSION_PRIVATE_KEY": private, "SESSION_PUBLIC_KEY": public}
            | self.documents()
            | self.agencies()
        )

    def documents(self) -> dict[str, str]:
        """Where the counter keeps documents, and what encrypts them."""
        folder = (self.keys.folder / "documents").absolute()
        return {"DOCUMENT_KEYS": self.keys.document_keys(), "DOCUMENTS_FOLDER": str(folder)}

    def standins(self, folder: Path) -> dict[str, str]:
        return {
            "STANDINS_FOLDER": str(folder),
            "SMTP_PORT": str(self.smtp_port),
            "MAIL_HTTP_PORT": str(self.mail_http_port),
            "SMS_HTTP_PORT": str(self.sms_http_port),
            "SMS_GATEWAY_TOKEN": self.keys.secret("sms_gateway"),
            "SMS_RECEIPT_URL": f"{self.web_url}/notifications/api/v1/delivery-receipts",
            "AGENCY_HTTP_PORT": str(self.agency_http_port),
            "AGENCY_SECRETS": self.agency_secrets(),
            "AGENCY_CALLBACK_URL": f"{self.web_url}/guichet/api/v1/agency-answers",
        }

    def admin(self) -> dict[str, str]:
        return {
            "PG_ADMIN_URL": self.pg_admin_url,
            "AMQP_ADMIN_URL": self.amqp_admin_url,
            "DEMO_PASSWORD": self.demo_password,
        }

    def published(self) -> str:
        """The lines of endpoints.env."""
        lines = {
            "WEB_URL": self.web_url,
            "AMQP_URL": self.amqp_admin_url,
            **({PRIVATE_BROKER: self.amqp_admin_url} if self.own_broker else {}),
            "PG_ADMIN_URL": self.pg_admin_url,
            **self.services(SERVICES),
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self.smtp_port),
            "SMTP_HTTP_URL": self.mail_url,
            "SMS_HTTP_URL": self.sms_url,
            "AGENCY_HTTP_URL": f"http://127.0.0.1:{self.agency_http_port}",
            **{f"ACCOUNT_{role.upper()}": email for role, email in ACCOUNTS.items()},
            "ACCOUNT_PASSWORD": self.demo_password,
        }
        return "".join(f"{name}={value}\n" for name, value in lines.items())


def child_environment(folder: Path, *told: Mapping[str, str]) -> dict[str, str]:
    """What every process of the stack gets, and what this one is told besides."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PG") and name not in FOREIGN and not name.endswith("_DATABASE_URL")
    }
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}",
        # The system's time-zone files may be older than Morocco's return to UTC+0.
        "PYTHONTZPATH": "",
        "PYTHONUNBUFFERED": "1",
        # WeasyPrint's fonts stay behind when its process is killed; here they go with the stack.
        "TMPDIR": str(folder / "tmp"),
        "LOG_LEVEL": "INFO",
        # Each thread of a process would get a memory arena of its own.
        "MALLOC_ARENA_MAX": "2",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if sys.platform == "darwin":
        environment.setdefault("DYLD_FALLBACK_LIBRARY_PATH", "/opt/homebrew/lib:/usr/local/lib")
    for more in told:
        environment |= more
    return environment


def _as_user(url: str, user: str, password: str, path: str | None = None) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port else ""
    netloc = f"{quote(user, safe='')}:{quote(password, safe='')}@{host}{port}"
    return urlunsplit(parts._replace(netloc=netloc, path=parts.path if path is None else path))
