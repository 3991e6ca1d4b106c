"""The counter's web app."""

from flask import Flask

from services.guichet.web import api, filing, pages, session, startup_pages
from shared.db import Database
from shared.web import create_app, service_database


def make_app(database: Database | None = None) -> Flask:
    return create_app(
        "guichet",
        api_blueprints=[api.session_blp, api.catalogue_blp, api.startups_blp, api.requests_blp],
        page_blueprints=[
            session.pages,
            session.renewal,
            filing.blueprint,
            pages.blueprint,
            startup_pages.blueprint,
        ],
        database=database or service_database("guichet"),
    )
