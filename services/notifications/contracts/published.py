"""What this service tells the others: whether a startup could be reached.

Neither event names the recipient. An e-mail is *delivered* once the mail server of the
platform has taken it, since nothing more is ever heard of it; an SMS once its receipt says so.
A message may be announced as failed and later as delivered, when the receipt comes late or a
person sends it again.
"""

from marshmallow import Schema, fields, validate

from shared.messaging.contracts import published
from shared.messaging.fields import Instant

CHANNELS = ("email", "sms")
REASONS = ("refused", "attempts_exhausted", "outcome_unknown", "undeliverable")


@published(
    "notifications.message_delivered.v1",
    sample={
        "message_id": "0192f3a1-5c6e-7d21-9a43-7c1f0e8b2d10",
        "channel": "sms",
        "startup_id": "0192f39c-1111-7aaa-8bbb-000000000001",
        "site": "casablanca",
        "cause_type": "guichet.request_submitted.v1",
        "cause_subject": "0192f3a0-2222-7aaa-8bbb-000000000002",
        "delivered_at": "2026-11-23T09:00:02.415000Z",
    },
    mandatory=False,
)
class MessageDelivered(Schema):
    """A message reached the startup, as far as its channel can tell."""

    message_id = fields.UUID(required=True)
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    startup_id = fields.UUID(required=True)
    site = fields.String(required=True)
    cause_type = fields.String(required=True)
    cause_subject = fields.String(required=True)
    delivered_at = Instant(required=True)


@published(
    "notifications.message_failed.v1",
    sample={
        "message_id": "0192f3a1-5c6e-7d21-9a43-7c1f0e8b2d11",
        "channel": "email",
        "startup_id": "0192f39c-1111-7aaa-8bbb-000000000001",
        "site": "casablanca",
        "cause_type": "guichet.request_completed.v1",
        "cause_subject": "0192f3a0-2222-7aaa-8bbb-000000000002",
        "failed_at": "2026-11-23T09:00:02.415000Z",
        "error": "refused",
    },
)
class MessageFailed(Schema):
    """A message will not reach the startup unless a person acts; ``error`` says why."""

    message_id = fields.UUID(required=True)
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    startup_id = fields.UUID(required=True)
    site = fields.String(required=True)
    cause_type = fields.String(required=True)
    cause_subject = fields.String(required=True)
    failed_at = Instant(required=True)
    error = fields.String(required=True, validate=validate.OneOf(REASONS))
