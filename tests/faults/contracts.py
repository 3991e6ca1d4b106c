"""The one event the fault tests send from "guichet" to "billing"."""

from marshmallow import EXCLUDE, Schema, fields

from shared.messaging.contracts import consumed, published

TYPE = "guichet.thing_happened.v1"


@published(TYPE, sample={"number": 1, "group": "a", "mode": "plain"})
class ThingHappened(Schema):
    number = fields.Integer(required=True)
    group = fields.String(required=True)
    mode = fields.String(load_default="plain")


@consumed(TYPE)
class ThingRead(Schema):
    class Meta:
        unknown = EXCLUDE

    number = fields.Integer(required=True)
    mode = fields.String(load_default="plain")
