"""The counter's web app."""

from flask import Flask

from services.guichet.web import api, filing, pages, session, startup_pages
from shared.db import Database
from shared.settings import ServiceSettings
from shared.web import create_app

#: at least the threads that serve: a connection beyond the pool is opened and closed at each request,
#: which costs PostgreSQL more than the request itself
POOL_SIZE = 16


def make_app(database: Database | None = None) -> Flask:
    database = database or Database(
        ServiceSettings.load("guichet").database_url, pool_size=POOL_SIZE, application_name="guichet-web"
    )
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
        database=database,
    )
