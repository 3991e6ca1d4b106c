from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.domain.charge import Charge, Kind
from services.billing.domain.invoice import Warn
from services.billing.domain.money import Money
from shared.errors import Conflict, InvalidInput
from tests.billing.factories import a_buyer, a_charge, a_fee, an_invoice

CENTIME = Decimal("0.01")


@st.composite
def charges(draw: st.DrawFn) -> Charge:
    kind = draw(st.sampled_from(Kind))
    rate = Decimal(0) if kind is Kind.DISBURSEMENT else Decimal(draw(st.sampled_from([0, 7, 10, 14, 20])))
    return a_charge(
        kind=kind,
        vat_rate=rate,
        quantity=draw(st.decimals(min_value="0.0001", max_value=200, places=4)),
        unit_price=Money(draw(st.decimals(min_value=0, max_value=9_999, places=2))),
    )


@given(st.lists(charges(), min_size=1, max_size=12))
def test_an_invoice_adds_up_from_its_printed_lines(owed: list[Charge]) -> None:
    invoice = an_invoice(*owed)
    bases: dict[Decimal, Decimal] = defaultdict(Decimal)
    for line in invoice.lines:
        exact = line.quantity * line.unit_price.amount
        assert line.net.amount == exact.quantize(CENTIME, ROUND_HALF_UP)
        bases[line.vat_rate] += line.net.amount
    taxes = {rate: (base * rate / 100).quantize(CENTIME, ROUND_HALF_UP) for rate, base in bases.items()}
    assert invoice.totals.excl.amount == sum(bases.values())
    assert invoice.totals.vat.amount == sum(taxes.values())
    assert invoice.totals.incl == invoice.totals.excl + invoice.totals.vat


@given(st.lists(charges(), min_size=1, max_size=12))
def test_tax_is_listed_once_for_each_rate_and_kind(owed: list[Charge]) -> None:
    by_rate = an_invoice(*owed).totals.by_rate
    assert len({(vat_line.kind, vat_line.rate) for vat_line in by_rate}) == len(by_rate)
    assert all(vat_line.vat.is_zero for vat_line in by_rate if vat_line.kind is Kind.DISBURSEMENT)


def test_the_tax_is_rounded_once_for_a_rate_not_line_by_line() -> None:
    three_centimes = a_charge(quantity=Decimal(1), unit_price=Money(Decimal("0.03")))
    assert an_invoice(three_centimes, three_centimes).totals.vat == Money(Decimal("0.01"))


def test_a_fee_advanced_for_the_client_carries_no_tva() -> None:
    with pytest.raises(InvalidInput, match="no TVA"):
        a_fee(vat_rate=Decimal(20))


def test_the_fee_of_the_counter_and_two_hours_of_a_room() -> None:
    totals = an_invoice(a_fee("230.00"), a_charge()).totals
    assert (str(totals.excl), str(totals.vat), str(totals.incl)) == ("470.00", "48.00", "518.00")


def test_an_invoice_without_a_line_is_refused() -> None:
    with pytest.raises(Conflict):
        an_invoice(lines=[])


def test_an_invoice_is_due_sixty_days_after_its_issue() -> None:
    assert an_invoice(issued_on=date(2026, 11, 23)).due_on == date(2027, 1, 22)


def test_a_complete_invoice_warns_of_nothing() -> None:
    assert an_invoice().warnings == []


def test_a_missing_ice_warns_and_does_not_block() -> None:
    assert an_invoice(buyer=a_buyer(ice=None)).warnings == [Warn.BUYER_ICE_MISSING]


def test_an_invoice_issued_after_the_month_of_service_warns() -> None:
    assert an_invoice(a_charge(operated_on=date(2026, 10, 31))).warnings == [Warn.ISSUED_LATE]
