"""Startups as the API and the pages show them."""

from dataclasses import fields
from datetime import date, timedelta
from typing import Any

from services.guichet.domain.numbers import ZONE
from services.guichet.domain.startups import Startup
from shared.clock import now
from shared.errors import InvalidInput
from shared.web import sentence


def startup(one: Startup) -> dict[str, Any]:
    shown = {field.name: getattr(one, field.name) for field in fields(one)}
    return {**shown, "warnings": warnings(one)}


def warnings(one: Startup) -> list[dict[str, str]]:
    return [{"field": field, "detail": sentence(InvalidInput(message))} for field, message in one.warnings]


def today() -> date:
    return now().astimezone(ZONE).date()


def contracts_ending(days: int | None) -> tuple[date, date] | None:
    """The days between which a contract ends, for the filters."""
    return None if days is None else (today(), today() + timedelta(days=days))
