"""The tables of the counter, as the migrations make them; one module a topic."""

from services.guichet.storage.tables._accounts import account_changes, accounts, guesses, password_links
from services.guichet.storage.tables._calendar import (
    calendar_changes,
    calendar_overrides,
    calendar_ramadans,
    calendar_revision,
    calendar_rules,
    calendar_told,
    deadline_notices,
)
from services.guichet.storage.tables._catalogue import (
    agencies,
    catalogue_revision,
    desks,
    procedures,
    retirements,
    sites,
)
from services.guichet.storage.tables._dashboard import (
    dashboard_month_requests,
    dashboard_month_visits,
    dashboard_months,
    dashboard_progress,
    dashboard_requests,
    dashboard_stale,
    dashboard_visits,
)
from services.guichet.storage.tables._deliveries import courier_batches, deliveries
from services.guichet.storage.tables._desks import presence_exceptions, visits
from services.guichet.storage.tables._documents import (
    document_files,
    document_reminders,
    document_views,
    documents,
    request_documents,
    sent_by_link,
)
from services.guichet.storage.tables._dossiers import (
    bundles,
    dossier_notices,
    dossier_requests,
    dossiers,
)
from services.guichet.storage.tables._metadata import metadata
from services.guichet.storage.tables._queue import (
    service_windows,
    ticket_series,
    ticket_steps,
    tickets,
    tickets_near,
    wall_screens,
)
from services.guichet.storage.tables._requests import (
    drafts,
    failed_messages,
    request_history,
    request_notes,
    requests,
    tracking_links,
)
from services.guichet.storage.tables._startups import (
    contacts,
    personal_views,
    startup_history,
    startup_imports,
    startups,
)

__all__ = [
    "account_changes",
    "accounts",
    "agencies",
    "bundles",
    "calendar_changes",
    "calendar_overrides",
    "calendar_ramadans",
    "calendar_revision",
    "calendar_rules",
    "calendar_told",
    "catalogue_revision",
    "contacts",
    "courier_batches",
    "dashboard_month_requests",
    "dashboard_month_visits",
    "dashboard_months",
    "dashboard_progress",
    "dashboard_requests",
    "dashboard_stale",
    "dashboard_visits",
    "deadline_notices",
    "deliveries",
    "desks",
    "document_files",
    "document_reminders",
    "document_views",
    "documents",
    "dossier_notices",
    "dossier_requests",
    "dossiers",
    "drafts",
    "failed_messages",
    "guesses",
    "metadata",
    "password_links",
    "personal_views",
    "presence_exceptions",
    "procedures",
    "request_documents",
    "request_history",
    "request_notes",
    "requests",
    "retirements",
    "sent_by_link",
    "service_windows",
    "sites",
    "startup_history",
    "startup_imports",
    "startups",
    "ticket_series",
    "ticket_steps",
    "tickets",
    "tickets_near",
    "tracking_links",
    "visits",
    "wall_screens",
]
