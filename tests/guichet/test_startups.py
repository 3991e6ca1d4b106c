import uuid
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.guichet.domain.startups import MOST_CONTACTS, Startup
from services.guichet.domain.text import search_key
from shared.errors import Conflict, InvalidFields
from tests.guichet.factories import startup_details


def register(**changes: Any) -> Startup:
    return Startup.register(startup_details(**changes), new_id=uuid.uuid4)


def refused(**changes: Any) -> dict[str | None, str]:
    with pytest.raises(InvalidFields) as refusal:
        register(**changes)
    return {error.field: str(error) for error in refusal.value.errors}


def test_a_startup_is_kept_with_its_numbers_in_one_form() -> None:
    startup = register(ice="001 561 191 000 066")
    assert startup.ice == "001561191000066"
    assert startup.contacts[0].phone == "+212612345678"
    assert startup.warnings == []


def test_a_doubtful_ice_is_a_warning_and_not_a_refusal() -> None:
    startup = register(ice="001561191000067")
    assert startup.ice == "001561191000067"
    assert [field for field, _ in startup.warnings] == ["ice"]


def test_everything_wrong_is_said_at_once() -> None:
    errors = refused(
        legal_name=" ",
        ice="123",
        contacts=[{"name": "Salma", "role": "gérante", "language": "es", "phone": "12"}],
    )
    assert set(errors) == {"legal_name", "ice", "contacts[0].language", "contacts[0].phone"}


def test_a_trade_register_number_needs_its_court_and_the_reverse() -> None:
    assert set(refused(rc_court=None)) == {"rc_court"}
    assert set(refused(rc_number=None)) == {"rc_number"}
    assert set(refused(rc_number="RC-X")) == {"rc_number"}
    assert register(rc_court=None, rc_number=None).rc_number is None


@pytest.mark.parametrize("name", ["Robert'); DROP TABLE startups;--", "شركة الأطلس", "O’Neil & Fils <b>"])
def test_a_name_is_kept_as_typed(name: str) -> None:
    assert register(legal_name=name).legal_name == name


@pytest.mark.parametrize("name", ["nul\x00", "half \ud83d", "bell\x07"])
def test_characters_that_cannot_be_stored_are_refused(name: str) -> None:
    assert set(refused(legal_name=name)) == {"legal_name"}


def test_a_crowd_of_contacts_is_refused() -> None:
    contact = startup_details()["contacts"][0]
    assert set(refused(contacts=[contact] * (MOST_CONTACTS + 1))) == {"contacts"}


def test_a_change_keeps_the_contacts_it_names_and_counts_the_version() -> None:
    startup = register()
    contact = startup.contacts[0]
    details = startup_details(
        contacts=[
            {"contact_id": contact.id, "name": "Salma I.", "role": "gérante", "language": "ar"},
            {"name": "Omar", "role": "comptable", "language": "fr"},
        ]
    )
    changed = startup.change(details, version=1, new_id=uuid.uuid4)
    assert changed.version == 2
    assert changed.contacts[0].id == contact.id
    assert changed.contacts[1].id != contact.id


def test_a_change_based_on_an_older_version_is_refused() -> None:
    startup = register().change(startup_details(resident=False), version=1, new_id=uuid.uuid4)
    with pytest.raises(Conflict, match="version 2, yours was 1"):
        startup.change(startup_details(), version=1, new_id=uuid.uuid4)


def test_a_change_cannot_claim_the_contact_of_another_startup() -> None:
    details = startup_details(
        contacts=[{"contact_id": uuid.uuid4(), "name": "X", "role": "y", "language": "fr"}]
    )
    with pytest.raises(InvalidFields) as refusal:
        register().change(details, version=1, new_id=uuid.uuid4)
    assert refusal.value.errors[0].field == "contacts[0].contact_id"


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("Énergie Durable", "energie"),
        ("شركة الأطلس", "الاطلس"),
        ("مؤسسة نماء", "موسسه"),
        ("STRASSE", "straße"),
        ("𝐀tlas", "atlas"),
        ("شركة\u200f الأطلس", "شركه الاطلس"),
    ],
)
def test_search_ignores_case_accents_and_arabic_spelling_variants(stored: str, typed: str) -> None:
    assert search_key(typed) in search_key(stored)


@given(st.text())
@example("𝓐")
def test_a_search_key_is_stable(text: str) -> None:
    assert search_key(search_key(text)) == search_key(text)
