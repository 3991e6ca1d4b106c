"""What several of the counter's events are made of."""

from marshmallow import Schema, fields


class Names(Schema):
    fr = fields.String(required=True)
    ar = fields.String(required=True)
    en = fields.String(required=True)
