"""Options several commands share."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from shared.settings import SERVICES


class Instant(click.ParamType[datetime]):
    """A moment with its offset: who reads the record later must not guess which clock was meant."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read ISO 8601."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            self.fail(f"{value!r} is no instant: write it with its offset, such as 2026-11-22T09:00Z", param)
        return found.astimezone(UTC)


def service_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--service``, which may be repeated; none means all, or that of ``SERVICE``."""
    return click.option(
        "--service",
        multiple=True,
        envvar="SERVICE",
        type=click.Choice(SERVICES),
        help="Only this service; may be repeated.",
    )(command)


def pick(service: Sequence[str]) -> Sequence[str]:
    """Return the services asked for, or all."""
    return service or SERVICES
