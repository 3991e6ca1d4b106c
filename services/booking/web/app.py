"""The booking web application."""

import orjson
from flask import Flask, Response
from flask.typing import ResponseReturnValue

from services.booking.operations import OPERATIONS
from services.booking.use_cases.book import SlotTaken
from services.booking.web import api, fragments, pages, personal_data, schemas
from services.booking.web.presenters import holder_out, offer_out
from shared.db import Database
from shared.web import create_app, field_errors, operations, sentence, service_database
from shared.web.problems import answer


def make_app(database: Database | None = None) -> Flask:
    app = create_app(
        "booking",
        api_blueprints=[api.blp, personal_data.blp, operations.blp(OPERATIONS)],
        page_blueprints=[
            pages.blueprint,
            fragments.blueprint,
            personal_data.blueprint,
            operations.pages(OPERATIONS),
        ],
        database=database or service_database("booking"),
    )
    app.register_error_handler(SlotTaken, _slot_taken)
    return app


def _slot_taken(error: SlotTaken) -> ResponseReturnValue:
    """The usual problem document, with who holds the slot and what is free instead."""
    response = answer(error.status, sentence(error), field_errors(error))
    if not response.is_json:
        return response
    extension = schemas.SlotTakenOut().dump(
        {"holder": holder_out(error.holder), "alternatives": [offer_out(offer) for offer in error.offers]}
    )
    document = {**orjson.loads(response.get_data()), **extension}
    return Response(orjson.dumps(document), response.status, content_type=response.content_type)
