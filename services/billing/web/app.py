"""Billing's web application."""

from __future__ import annotations

from flask import Flask

from services.billing.operations import OPERATIONS
from shared.db import Database
from shared.web import create_app, operations, service_database

from . import personal_data
from .api import blp
from .pages import pages


def make_app(database: Database | None = None) -> Flask:
    return create_app(
        "billing",
        api_blueprints=[blp, personal_data.blp, operations.blp(OPERATIONS)],
        page_blueprints=[pages, personal_data.pages, operations.pages(OPERATIONS)],
        # An agency's officer has no part in what the network invoices.
        house_only=True,
        database=database or service_database("billing"),
    )
