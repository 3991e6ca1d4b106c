"""The web layer every service shares.

A service's ``web/app.py``::

    from shared.web import create_app, service_database

    def make_app(database=None):
        database = database or service_database("billing")
        return create_app("billing", api_blueprints=[invoices], page_blueprints=[pages], database=database)

An API view (the order of the decorators matters)::

    from shared.web import ApiBlueprint, current_user, idempotent, page, page_schema, requires, transaction

    blp = ApiBlueprint("invoices", __name__, description="Invoices")      # no prefix: /billing/api/v1

    @blp.route("/invoices", methods=["POST"])
    @requires("billing_officer", "operator")
    @blp.arguments(NewInvoice)                # a marshmallow Schema; unknown fields are refused
    @idempotent                               # between @blp.arguments and @blp.response
    @blp.response(201, InvoiceOut)
    def issue_invoice(data):
        site_filter(data["site"])             # Forbidden unless it is one of the user's
        with transaction() as session:        # committed at the end of the block
            return use_cases.issue(session, **data)

Raise ``shared.errors`` anywhere; they become problem documents. Fields that refuse what the
database cannot hold are in ``shared.web.fields`` (Text, Day, Instant, Money, Flag); lists are
explained in ``shared.web.pagination``; pages, fragments and translations in docs/web.md.
"""

from shared.web.access import (
    SignInRequired,
    current_session,
    current_user,
    local_path,
    requires,
    site_filter,
    user_or_none,
)
from shared.web.app import create_app
from shared.web.bodies import accepts_body
from shared.web.conditional import not_modified_if_same
from shared.web.database import service_database
from shared.web.i18n import language, localized, sentence
from shared.web.idempotency import idempotent
from shared.web.pagination import Cursor, PageQuery, page, page_schema
from shared.web.parsing import ApiBlueprint
from shared.web.problems import TooManyAttempts, field_errors
from shared.web.session import User
from shared.web.transactions import transaction

__all__ = [
    "ApiBlueprint",
    "Cursor",
    "PageQuery",
    "SignInRequired",
    "TooManyAttempts",
    "User",
    "accepts_body",
    "create_app",
    "current_session",
    "current_user",
    "field_errors",
    "idempotent",
    "language",
    "local_path",
    "localized",
    "not_modified_if_same",
    "page",
    "page_schema",
    "requires",
    "sentence",
    "service_database",
    "site_filter",
    "transaction",
    "user_or_none",
]
