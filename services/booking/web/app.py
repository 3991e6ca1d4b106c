"""The booking web application."""

import orjson
from flask import Flask, Response
from flask.typing import ResponseReturnValue

from services.booking.operations import OPERATIONS
from services.booking.use_cases.book import NotFree
from services.booking.web import api, fragments, pages, personal_data, schemas
from services.booking.web.closures import api as closures_api
from services.booking.web.closures import pages as closures_pages
from services.booking.web.presenters import holder_out, offer_out, shut_out
from shared.db import Database
from shared.web import create_app, field_errors, operations, sentence, service_database
from shared.web.problems import answer


def make_app(database: Database | None = None) -> Flask:
    app = create_app(
        "booking",
        api_blueprints=[api.blp, closures_api.blp, personal_data.blp, operations.blp(OPERATIONS)],
        page_blueprints=[
            pages.blueprint,
            closures_pages.blueprint,
            fragments.blueprint,
            personal_data.blueprint,
            operations.pages(OPERATIONS),
        ],
        database=database or service_database("booking"),
    )
    app.register_error_handler(NotFree, _not_free)
    return app


def _not_free(error: NotFree) -> ResponseReturnValue:
    """The usual problem document, with who holds the slot or why it is closed, and what is free instead."""
    response = answer(error.status, sentence(error), field_errors(error))
    if not response.is_json:
        return response
    extension = schemas.NotFreeOut().dump(
        {
            "holder": error.holder and holder_out(error.holder),
            "closure": error.closure and shut_out(error.closure),
            "alternatives": [offer_out(offer) for offer in error.offers],
        }
    )
    document = {**orjson.loads(response.get_data()), **extension}
    return Response(orjson.dumps(document), response.status, content_type=response.content_type)
