"""What several of the counter's events are made of."""

from marshmallow import Schema, fields


class Names(Schema):
    fr = fields.String(required=True)
    ar = fields.String(required=True)
    en = fields.String(required=True)


PROCEDURE_NAMES = {"fr": "Certificat négatif", "ar": "الشهادة السلبية", "en": "Negative certificate"}
SITE_NAMES = {"fr": "Technopark Casablanca", "ar": "تكنوبارك الدار البيضاء", "en": "Technopark Casablanca"}
