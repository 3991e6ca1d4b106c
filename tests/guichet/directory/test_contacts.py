import uuid
from datetime import date
from typing import Any

import pytest

from services.guichet.domain.startups import Startup
from shared.errors import InvalidFields
from tests.guichet.conftest import Caller
from tests.guichet.factories import startup_details

AGREED = {"purpose": "newsletter", "given_on": "2026-11-02", "source": "formulaire d’accueil"}


def register(*contacts: dict[str, Any]) -> Startup:
    people = [startup_details()["contacts"][0] | contact for contact in contacts]
    return Startup.register(startup_details(contacts=people), new_id=uuid.uuid4)


def refused(*contacts: dict[str, Any]) -> set[str | None]:
    with pytest.raises(InvalidFields) as refusal:
        register(*contacts)
    return {error.field for error in refusal.value.errors}


def test_a_contact_is_told_every_way_unless_it_says_otherwise() -> None:
    startup = register({}, {"channels": ["email"]})
    assert [contact.channels for contact in startup.contacts] == [("email", "sms"), ("email",)]


def test_a_consent_has_a_date_and_a_source() -> None:
    (contact,) = register({"consents": [AGREED]}).contacts
    assert contact.agreed_to == ("newsletter",)
    assert contact.consents[0].given_on == date(2026, 11, 2)
    assert refused({"consents": [{"purpose": "newsletter"}]}) == {
        "contacts[0].consent_newsletter_given_on",
        "contacts[0].consent_newsletter_source",
    }


def test_a_withdrawn_consent_stays_on_record_and_is_no_longer_in_force() -> None:
    (contact,) = register({"consents": [AGREED | {"withdrawn_on": "2026-11-20"}]}).contacts
    assert contact.agreed_to == ()
    assert contact.consents[0].withdrawn_on == date(2026, 11, 20)


def test_a_consent_is_not_withdrawn_before_it_was_given() -> None:
    assert refused({"consents": [AGREED | {"withdrawn_on": "2026-10-31"}]}) == {
        "contacts[0].consent_newsletter_withdrawn_on"
    }


def test_what_serves_the_startup_is_not_a_matter_of_consent() -> None:
    assert refused({"consents": [AGREED | {"purpose": "service"}]}) == {"contacts[0].consents"}


def test_one_contact_is_preferred_for_a_purpose() -> None:
    assert refused({"preferred_for": ["invoices"]}, {"preferred_for": ["invoices"]}) == {
        "contacts[1].preferred_for"
    }


def test_a_contact_is_reached_somehow() -> None:
    assert refused({"channels": []}) == {"contacts[0].channels"}


def test_a_program_that_knows_nothing_of_consents_does_not_lose_them(agent: Caller) -> None:
    person = startup_details()["contacts"][0]
    startup = agent.register(contacts=[person | {"consents": [AGREED], "channels": ["sms"]}])
    known = {"contact_id": startup["contacts"][0]["contact_id"]}
    answer = agent.put(
        f"/startups/{startup['id']}", startup_details(contacts=[person | known]) | {"version": 1}
    )
    contact = answer.get_json()["contacts"][0]
    assert contact["channels"] == ["sms"]
    assert contact["consents"] == [AGREED | {"withdrawn_on": None}]


def test_the_other_services_hear_of_channels_and_of_consents_in_force(agent: Caller, outbox: Any) -> None:
    person = startup_details()["contacts"][0]
    gone = AGREED | {"purpose": "events", "withdrawn_on": "2026-11-20"}
    agent.register(contacts=[person | {"consents": [AGREED, gone], "channels": ["email"]}])
    told = outbox()[-1]["data"]["contacts"][0]
    assert (told["channels"], told["consents"]) == (["email"], ["newsletter"])


@pytest.mark.parametrize(
    ("field", "value"),
    [("tax_id", "123456"), ("cnss", "12345678"), ("trade_tax", "12"), ("contract_end", "2025-12-31")],
)
def test_numbers_and_contracts_are_checked(field: str, value: str) -> None:
    with pytest.raises(InvalidFields) as refusal:
        Startup.register(startup_details(**{"contract_start": "2026-01-01", field: value}), new_id=uuid.uuid4)
    assert {error.field for error in refusal.value.errors} == {field}


@pytest.mark.parametrize("field", ["legal_form", "sector"])
def test_a_code_that_is_in_no_list_is_refused(agent: Caller, field: str) -> None:
    answer = agent.post("/startups", startup_details(**{field: "spaceship"}))
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == field
