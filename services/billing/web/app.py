"""Billing's web application."""

from __future__ import annotations

from flask import Flask

from shared.db import Database
from shared.web import create_app, service_database

from . import personal_data
from .api import blp
from .pages import pages


def make_app(database: Database | None = None) -> Flask:
    return create_app(
        "billing",
        api_blueprints=[blp, personal_data.blp],
        page_blueprints=[pages, personal_data.pages],
        database=database or service_database("billing"),
    )
