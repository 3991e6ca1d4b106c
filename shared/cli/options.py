"""Options several commands share."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from shared.settings import SERVICES


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
