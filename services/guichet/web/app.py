"""The counter's web app."""

from flask import Flask

from services.guichet.catalogue import check_lists
from services.guichet.channels.settings import agency_secrets
from services.guichet.documents.settings import from_environment
from services.guichet.operations import OPERATIONS
from services.guichet.web import api, filing, openid, operations_page, pages, passwords, session
from services.guichet.web.admin import api as admin_api
from services.guichet.web.admin import bundles, bundles_api
from services.guichet.web.admin import pages as admin_pages
from services.guichet.web.calendar import api as calendar_api
from services.guichet.web.calendar import pages as calendar_pages
from services.guichet.web.dashboard import pages as dashboard_pages
from services.guichet.web.deadlines import attestation, late
from services.guichet.web.deliveries import api as deliveries_api
from services.guichet.web.deliveries import pages as delivery_pages
from services.guichet.web.desks import admin, inbox, presence, rerouting
from services.guichet.web.desks import api as desks_api
from services.guichet.web.directory import api as directory_api
from services.guichet.web.directory import (
    files_api,
    importing,
    listing,
    merging,
    merging_api,
    people,
    people_api,
    record,
)
from services.guichet.web.documents import api as documents_api
from services.guichet.web.documents import pages as documents_pages
from services.guichet.web.documents.transfer import CABINET
from services.guichet.web.dossiers import api as dossier_api
from services.guichet.web.dossiers import pages as dossier_pages
from services.guichet.web.life import api as life_api
from services.guichet.web.life import following, receipts
from services.guichet.web.life import pages as life_pages
from services.guichet.web.queue import api as queue_api
from services.guichet.web.queue import display, reception_pages
from services.guichet.web.queue import pages as queue_pages
from services.guichet.web.staff import api as staff_api
from services.guichet.web.staff import identity, opening
from services.guichet.web.staff import pages as staff_pages
from services.guichet.web.ways_in import WAYS_IN, WaysIn
from shared.db import Database
from shared.web import create_app, operations, service_database


def make_app(database: Database | None = None) -> Flask:
    check_lists()
    cabinet = from_environment()
    ways_in = WaysIn.from_environment()
    # Read with each call; what cannot be read is said now.
    agency_secrets()
    app = create_app(
        "guichet",
        api_blueprints=[
            api.session_blp,
            api.catalogue_blp,
            directory_api.startups_blp,
            merging_api.blp,
            files_api.blp,
            people_api.blp,
            api.requests_blp,
            life_api.life_blp,
            calendar_api.blueprint,
            queue_api.blp,
            documents_api.blp,
            admin_api.blueprint,
            bundles_api.blueprint,
            staff_api.blueprint,
            desks_api.blp,
            dossier_api.blueprint,
            deliveries_api.blp,
            operations.blp(OPERATIONS),
        ],
        page_blueprints=[
            session.pages,
            session.renewal,
            openid.blueprint,
            passwords.blueprint,
            filing.blueprint,
            pages.blueprint,
            documents_pages.blueprint,
            receipts.blueprint,
            importing.blueprint,
            attestation.blueprint,
            late.blueprint,
            calendar_pages.blueprint,
            life_pages.blueprint,
            listing.blueprint,
            merging.blueprint,
            people.blueprint,
            record.blueprint,
            queue_pages.blueprint,
            reception_pages.blueprint,
            display.blueprint,
            dashboard_pages.blueprint,
            admin_pages.blueprint,
            bundles.blueprint,
            staff_pages.blueprint,
            opening.blueprint,
            identity.blueprint,
            dossier_pages.blueprint,
            inbox.blueprint,
            admin.blueprint,
            presence.blueprint,
            rerouting.blueprint,
            delivery_pages.blueprint,
            operations_page.blueprint,
            operations.pages(OPERATIONS),
        ],
        public_blueprints=[following.blueprint],
        database=database or service_database("guichet"),
    )
    app.extensions[CABINET] = cabinet
    app.extensions[WAYS_IN] = ways_in
    return app
