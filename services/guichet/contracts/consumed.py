"""What the counter reads of other services' events."""

from marshmallow import EXCLUDE, Schema, fields

from shared.messaging.contracts import consumed


@consumed("notifications.message_failed.v1")
class MessageFailed(Schema):
    """A startup could not be told something; the clerk should know when it was about a request."""

    class Meta:
        unknown = EXCLUDE

    channel = fields.String(required=True)
    cause_subject = fields.String(required=True)
    failed_at = fields.AwareDateTime(required=True)
    error = fields.String(required=True, allow_none=True)
