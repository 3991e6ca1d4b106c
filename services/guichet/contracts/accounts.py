"""What the counter tells of its staff's accounts: nothing of whose they are."""

from marshmallow import Schema, fields

from shared.messaging.contracts import published
from shared.messaging.fields import Instant


@published(
    "guichet.account_changed.v1",
    sample={
        "account_id": "0199f3a2-7c51-7d0e-8a5b-2f6d1c9e4b70",
        "sessions_from": "2026-11-23T09:14:07.251903Z",
    },
)
class AccountChanged(Schema):
    """An account was blocked, works as, where or for whom else, or opens by another password or identity.

    Sessions signed before its ``sessions_from`` are over; a session carries that moment as it was then.
    """

    account_id = fields.UUID(required=True)
    sessions_from = Instant(required=True)
