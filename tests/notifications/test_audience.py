"""Who is told what, and on which channel."""

from dataclasses import replace
from uuid import uuid4

import pytest

from services.notifications.domain.audience import (
    CHANNELS,
    Channel,
    Contact,
    Kind,
    Purpose,
    addresses,
    may_be_told,
    purpose_of,
    receives_sms,
)
from services.notifications.domain.masking import mask


def contact(**given: str | None) -> Contact:
    fields: dict[str, str | None] = {
        "name": "Salma Alami",
        "role": "manager",
        "language": "fr",
        "email": "salma@oasis.example",
        "phone": "+212612345678",
        **given,
    }
    return Contact(uuid4(), **fields)  # type: ignore[arg-type]


def told(kind: Kind, *contacts: Contact) -> list[tuple[Channel, str]]:
    return [(address.channel, address.recipient) for address in addresses(kind, contacts)]


def test_every_kind_but_a_near_turn_reaches_somebody_by_e_mail() -> None:
    assert set(CHANNELS) == set(Kind)
    assert {kind for kind, channels in CHANNELS.items() if Channel.EMAIL not in channels} == {
        Kind.TICKET_NEAR
    }


def test_a_filed_request_makes_an_e_mail_and_an_sms() -> None:
    assert told(Kind.REQUEST_SUBMITTED, contact()) == [
        (Channel.EMAIL, "salma@oasis.example"),
        (Channel.SMS, "+212612345678"),
    ]


def test_an_invoice_makes_no_sms() -> None:
    assert told(Kind.INVOICE_ISSUED, contact()) == [(Channel.EMAIL, "salma@oasis.example")]


def test_a_contact_without_an_e_mail_is_told_by_sms_only() -> None:
    assert told(Kind.REQUEST_COMPLETED, contact(email=None)) == [(Channel.SMS, "+212612345678")]


NO_SMS = ["+212522123456", "+212801234567", "+2126123", "0612345678", "", "+212612345678x"]


@pytest.mark.parametrize("phone", NO_SMS)
def test_a_number_that_receives_no_sms_gets_none(phone: str) -> None:
    assert not receives_sms(phone)
    assert told(Kind.REQUEST_COMPLETED, contact(phone=phone)) == [(Channel.EMAIL, "salma@oasis.example")]


@pytest.mark.parametrize("phone", ["+212612345678", "+212712345678", "+33612345678"])
def test_mobiles_and_foreign_numbers_receive_sms(phone: str) -> None:
    assert receives_sms(phone)


@pytest.mark.parametrize(
    "role", ["Accounting", "Responsable comptabilité", "Chef comptable", "المحاسب", "Finance"]
)
def test_invoices_go_to_accounting_when_it_can_be_reached(role: str) -> None:
    accounting = contact(role=role, email="compta@oasis.example")
    assert told(Kind.INVOICE_ISSUED, contact(), accounting) == [(Channel.EMAIL, "compta@oasis.example")]
    unreachable = contact(role="accounting", email=None)
    assert told(Kind.INVOICE_ISSUED, contact(), unreachable) == [(Channel.EMAIL, "salma@oasis.example")]


def test_two_contacts_with_one_address_are_written_to_once() -> None:
    other = contact(name="Autre", email="SALMA@oasis.example", phone=None)
    assert told(Kind.REQUEST_SUBMITTED, contact(phone=None), other) == [
        (Channel.EMAIL, "salma@oasis.example")
    ]


def test_an_unknown_language_becomes_french() -> None:
    (address,) = addresses(Kind.INVOICE_ISSUED, [contact(language="de")])
    assert address.language == "fr"


def test_masked_addresses_can_be_recognised_but_not_copied() -> None:
    assert mask("salma.alami@oasis.ma") == "s•••@oasis.ma"
    assert mask("+212612345678") == "+212•••78"
    assert mask("123") == "•••"


def test_a_contact_without_the_sms_channel_gets_none() -> None:
    quiet = replace(contact(), channels=("email",))
    assert told(Kind.REQUEST_SUBMITTED, quiet) == [(Channel.EMAIL, "salma@oasis.example")]
    assert told(Kind.REQUEST_SUBMITTED, replace(contact(email=None), channels=("email",))) == []


def test_the_contact_preferred_for_a_purpose_is_told_instead_of_the_others() -> None:
    accountant = contact(email="compta@oasis.example", role="comptable")
    preferred = replace(contact(email="factures@oasis.example"), preferred_for=("invoices",))
    everyone = (contact(), accountant, preferred)
    assert told(Kind.INVOICE_ISSUED, *everyone) == [(Channel.EMAIL, "factures@oasis.example")]
    assert len(told(Kind.REQUEST_SUBMITTED, *everyone)) == 4
    unreachable = replace(preferred, email=None)
    assert told(Kind.INVOICE_ISSUED, accountant, unreachable) == [(Channel.EMAIL, "compta@oasis.example")]


def test_a_newsletter_needs_an_agreement_and_a_service_message_none() -> None:
    agreed = replace(contact(), consents=("newsletter",))
    assert may_be_told(agreed, Purpose.NEWSLETTER)
    assert not may_be_told(agreed, Purpose.EVENTS)
    assert not may_be_told(contact(), Purpose.NEWSLETTER)
    assert may_be_told(contact(), Purpose.SERVICE)
    assert {purpose_of(kind) for kind in Kind} == {Purpose.SERVICE, Purpose.INVOICES}
