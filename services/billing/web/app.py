"""Billing's web application."""

from __future__ import annotations

from flask import Flask

from shared.db import Database
from shared.settings import ServiceSettings
from shared.web import create_app

from .api import blp
from .pages import pages


def make_app(database: Database | None = None) -> Flask:
    database = database or Database(ServiceSettings.load("billing").database_url)
    return create_app("billing", api_blueprints=[blp], page_blueprints=[pages], database=database)
