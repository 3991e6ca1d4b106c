"""The tables of the counter, as the migrations make them; one module a topic."""

from services.guichet.storage.tables._accounts import accounts
from services.guichet.storage.tables._catalogue import agencies, catalogue_revision, desks, procedures, sites
from services.guichet.storage.tables._metadata import metadata
from services.guichet.storage.tables._requests import failed_messages, request_history, requests
from services.guichet.storage.tables._startups import (
    contacts,
    personal_views,
    startup_history,
    startup_imports,
    startups,
)

__all__ = [
    "accounts",
    "agencies",
    "catalogue_revision",
    "contacts",
    "desks",
    "failed_messages",
    "metadata",
    "personal_views",
    "procedures",
    "request_history",
    "requests",
    "sites",
    "startup_history",
    "startup_imports",
    "startups",
]
