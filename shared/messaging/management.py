"""The broker's management interface: users, permissions and policies cannot be set over AMQP."""

from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from shared.errors import DomainError

MANAGEMENT_PORT = 15672
MANAGEMENT_PORT_TLS = 15671


class DefinitionsRefused(DomainError):
    """The broker did not take the definitions."""


def management_url(amqp_url: str) -> str:
    """Return where the management interface of the broker at ``amqp_url`` usually is.

    Over TLS where the broker is: every service's password goes there.
    """
    parts = urlsplit(amqp_url)
    if parts.scheme == "amqps":
        return f"https://{parts.hostname}:{MANAGEMENT_PORT_TLS}"
    return f"http://{parts.hostname}:{MANAGEMENT_PORT}"


def import_definitions(amqp_url: str, definitions: dict[str, Any], url: str = "") -> None:
    """Bring users, permissions and policies to what ``definitions`` say; safe to repeat.

    Raises:
        DefinitionsRefused: the interface cannot be reached, or refuses.
    """
    parts = urlsplit(amqp_url)
    user, password = unquote(parts.username or "guest"), unquote(parts.password or "guest")
    address = f"{(url or management_url(amqp_url)).rstrip('/')}/api/definitions"
    try:
        answer = httpx.post(address, json=definitions, auth=(user, password), timeout=30.0)
    except httpx.HTTPError as error:
        raise DefinitionsRefused(f"RabbitMQ's management interface cannot be reached: {error}") from None
    if answer.status_code >= 300:
        raise DefinitionsRefused(
            f"RabbitMQ refuses the definitions ({answer.status_code}): {answer.text[:200]}"
        )
