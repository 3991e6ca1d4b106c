"""What the counter tells of its working calendar."""

from marshmallow import Schema, fields, validate

from services.guichet.contracts.parts import Names
from shared.messaging.contracts import published


class CalendarDay(Schema):
    date = fields.Date(required=True)
    kind = fields.String(
        required=True,
        validate=validate.OneOf(("holiday", "closed", "open")),
        metadata={"description": "open: on purpose, be it a holiday or the weekend"},
    )
    names = fields.List(
        fields.Nested(Names), required=True, metadata={"description": "two holidays may fall on one day"}
    )
    estimated = fields.Boolean(
        required=True, metadata={"description": "the date follows the moon and nobody has confirmed it"}
    )


@published(
    "guichet.calendar_changed.v1",
    sample={
        "calendar_id": "5b3f6f3e-5d0a-5b6e-9a55-0f4c1f0f7c11",
        "site": "casablanca",
        "year": 2026,
        "version": 3,
        "days": [
            {
                "date": "2026-11-18",
                "kind": "holiday",
                "names": [{"fr": "Fête de l’Indépendance", "ar": "عيد الاستقلال", "en": "Independence Day"}],
                "estimated": False,
            },
            {"date": "2026-11-27", "kind": "closed", "names": [], "estimated": False},
        ],
    },
)
class CalendarChanged(Schema):
    """A year of a site as it stands now, said whole.

    ``days`` are those that are not as the week has them, whoever says so: the list of holidays, or staff
    for this site or for all. ``version`` tells a late event from a fresh one.
    """

    calendar_id = fields.UUID(required=True, metadata={"description": "of this site and year"})
    site = fields.String(required=True)
    year = fields.Integer(required=True)
    version = fields.Integer(required=True)
    days = fields.List(fields.Nested(CalendarDay), required=True)
