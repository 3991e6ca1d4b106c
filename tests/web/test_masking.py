"""What an operator is shown of an event names nobody."""

import orjson
import pytest

from shared.operations import masking

PEOPLE = {
    "name": "Salma Idrissi",
    "email": "salma@startup.example",
    "phone": "+212 6 61 23 45 67",
    "cnie": "BK123456",
    "role": "gérante",
}
EVENT = {
    "specversion": "1.0",
    "id": "0199c1f0-0000-7000-8000-000000000001",
    "type": "guichet.startup_changed.v1",
    "source": "/guichet",
    "time": "2026-11-23T09:00:00Z",
    "data": {
        "version": 3,
        "site": "casablanca",
        "number": "CAS-2026-000042",
        "amount": "230.00",
        "site_name": {"fr": "Technopark Casablanca"},
        "contacts": [PEOPLE],
        "motive": "Rappeler Salma Idrissi au 0661234567",
        "Salma Idrissi": "surprise",
        "mobile": 212661234567,
    },
}
FORBIDDEN = ("Salma", "Idrissi", "salma@", "startup.example", "661", "23 45", "BK123456", "gérante")


def test_a_payload_keeps_what_is_harmless_and_names_nobody() -> None:
    shown = masking.payload(orjson.dumps(EVENT), {"site_name"})
    assert shown is not None
    assert [word for word in FORBIDDEN if word in shown] == []
    for kept in (
        "guichet.startup_changed.v1",
        "CAS-2026-000042",
        "230.00",
        "Technopark Casablanca",
        "/guichet",
    ):
        assert kept in shown
    assert str(EVENT["id"]) in shown


@pytest.mark.parametrize("body", [b"\xff", b"{", b"Salma Idrissi, 0661234567"])
def test_what_is_not_json_is_not_shown_at_all(body: bytes) -> None:
    assert masking.payload(body) is None


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("LookupError: no tariff for a room (at charge, line 12)", None),
        ("UnreadableEvent: this service does not consume booking.booking_confirmed.v9", None),
        ("ValueError: 'Salma Idrissi' is no code", "ValueError: '•••' is no code"),
        ("KeyError: 'unit_price'", None),
        (
            "ValueError: cannot greet Salma Idrissi (at tell, line 3)",
            "ValueError: cannot greet ••• (at tell, line 3)",
        ),
        ("SMTPError: 550 salma@startup.example unknown", "SMTPError: 550 ••• unknown"),
        ("ValueError: BK987654 or 06 61 99 88 77", "ValueError: ••• or •••"),
        (
            "IntegrityError: duplicate key\nDETAIL:  Key (email)=(x)\n[SQL: INSERT]",
            "IntegrityError: duplicate key",
        ),
    ],
)
def test_an_error_keeps_its_sense_and_loses_people(message: str, shown: str | None) -> None:
    assert masking.error(message, orjson.dumps(EVENT)) == (shown or message)
