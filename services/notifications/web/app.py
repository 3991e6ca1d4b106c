"""The web application of the notifications service."""

from flask import Flask

from services.notifications.operations import OPERATIONS
from services.notifications.settings import NotificationSettings
from services.notifications.web import personal_data
from services.notifications.web.api import messages_api, receipts_api
from services.notifications.web.pages import pages
from shared.db import Database
from shared.web import create_app, operations, service_database


def make_app(database: Database | None = None, *, settings: NotificationSettings | None = None) -> Flask:
    """Return the app, on the service's own database unless another is given."""
    app = create_app(
        "notifications",
        api_blueprints=[messages_api, receipts_api, personal_data.blp, operations.blp(OPERATIONS)],
        page_blueprints=[pages, personal_data.pages, operations.pages(OPERATIONS)],
        # Messages name every agency's requests; an officer reads on the request which one did not arrive.
        house_only=True,
        database=database or service_database("notifications"),
    )
    sms = (settings or NotificationSettings.load()).sms
    app.config["SMS_GATEWAY_TOKEN"] = sms.token
    app.config["SMS_SEGMENT_PRICE"] = sms.segment_price
    return app
