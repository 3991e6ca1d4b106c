"""Documents on file, what requests received of them, and who looked: always within the user's sites."""

from services.guichet.storage.documents.expiry import Expiring, add_reminder, expiring, outlived, unreminded
from services.guichet.storage.documents.files import abandoned_files, begin_file, forget_file, is_referred_to
from services.guichet.storage.documents.keys import count_by_key, rewrap, wrapped_with_another
from services.guichet.storage.documents.receiving import add_received, open_uses, received, take_back
from services.guichet.storage.documents.sending import Sender, count, exhausted_until, forget_senders
from services.guichet.storage.documents.vault import (
    add,
    every,
    get,
    of_startup,
    remove,
    remove_of_startup,
    same_content,
    set_expiry,
)
from services.guichet.storage.documents.viewing import View, add_view, forget_views, views

__all__ = [
    "Expiring",
    "Sender",
    "View",
    "abandoned_files",
    "add",
    "add_received",
    "add_reminder",
    "add_view",
    "begin_file",
    "count",
    "count_by_key",
    "every",
    "exhausted_until",
    "expiring",
    "forget_file",
    "forget_senders",
    "forget_views",
    "get",
    "is_referred_to",
    "of_startup",
    "open_uses",
    "outlived",
    "received",
    "remove",
    "remove_of_startup",
    "rewrap",
    "same_content",
    "set_expiry",
    "take_back",
    "unreminded",
    "views",
    "wrapped_with_another",
]
