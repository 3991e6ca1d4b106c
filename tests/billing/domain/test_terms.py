from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from services.billing.domain.money import ZERO, Money
from services.billing.domain.numbering import DocumentKind, Number, series_of
from services.billing.domain.tariff import SpaceKind, Tariff, hours_between
from services.billing.domain.terms import Ageing, ageing, due_on
from services.billing.domain.wording import fee_of, hire_of, period
from shared.errors import InvalidInput
from tests.billing.factories import names

ISSUED = date(2026, 11, 23)


def test_the_term_is_sixty_days_unless_agreed_otherwise() -> None:
    assert due_on(ISSUED) == ISSUED + timedelta(days=60)
    assert due_on(ISSUED, 120) == ISSUED + timedelta(days=120)


@pytest.mark.parametrize("days", [-1, 121])
def test_a_term_outside_the_law_is_refused(days: int) -> None:
    with pytest.raises(InvalidInput, match="120"):
        due_on(ISSUED, days)


@pytest.mark.parametrize(
    ("late", "bucket"),
    [
        (-5, Ageing.NOT_DUE),
        (0, Ageing.NOT_DUE),
        (1, Ageing.LATE_30),
        (30, Ageing.LATE_30),
        (31, Ageing.LATE_60),
        (90, Ageing.LATE_90),
        (91, Ageing.LATE_MORE),
    ],
)
def test_an_invoice_ages_by_thirty_days(late: int, bucket: Ageing) -> None:
    assert ageing(ISSUED, ISSUED + timedelta(days=late), Money(Decimal(1))) is bucket


def test_an_invoice_taken_back_in_full_is_settled_however_late() -> None:
    assert ageing(ISSUED, ISSUED + timedelta(days=200), ZERO) is Ageing.SETTLED


@pytest.mark.parametrize(("minutes", "hours"), [(15, "0.25"), (90, "1.5"), (20, "0.3333"), (1440, "24")])
def test_hours_are_counted_as_they_will_be_printed(minutes: int, hours: str) -> None:
    start = datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert hours_between(start, start + timedelta(minutes=minutes)) == Decimal(hours)


def test_a_booking_that_ends_before_it_starts_is_refused() -> None:
    start = datetime(2026, 11, 23, 9, tzinfo=UTC)
    with pytest.raises(InvalidInput):
        hours_between(start, start)


@pytest.mark.parametrize(("amount", "rate"), [("-1", "20"), ("10", "-1"), ("10", "101")])
def test_an_impossible_tariff_is_refused(amount: str, rate: str) -> None:
    with pytest.raises(InvalidInput):
        Tariff(uuid4(), "casablanca", SpaceKind.ROOM, Money(Decimal(amount)), Decimal(rate), ISSUED)


def test_each_kind_of_document_has_its_series_by_site_and_year() -> None:
    assert str(Number(series_of(DocumentKind.INVOICE, "CAS", 2026), 7)) == "FA-CAS-2026-00007"
    assert str(Number(series_of(DocumentKind.CREDIT_NOTE, "RAB", 2027), 123456)) == "AV-RAB-2027-123456"


def test_a_fee_is_named_after_its_procedure_once() -> None:
    procedure = {"fr": "Certificat négatif", "ar": "الشهادة السلبية", "en": "Negative certificate"}
    fee = {"fr": "Certificat négatif, timbre compris", "ar": "واجب التنبر", "en": "Stamp"}
    assert fee_of(procedure, fee) == {
        "fr": "Certificat négatif, timbre compris",
        "ar": "الشهادة السلبية — واجب التنبر",
        "en": "Negative certificate — Stamp",
    }


def test_a_hire_is_worded_in_every_language_of_the_counter() -> None:
    for kind in SpaceKind:
        assert set(hire_of(kind, names("Atlas"))) == {"fr", "ar", "en"}


def test_a_booking_over_several_days_says_which() -> None:
    start = datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert period(start, start + timedelta(hours=2)) == "09:00–11:00"
    assert period(start, start + timedelta(days=1)) == "23/11/2026 09:00 – 24/11/2026 09:00"
