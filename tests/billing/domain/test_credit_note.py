from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.domain.credit_note import CreditNote, credit
from services.billing.domain.invoice import Invoice
from services.billing.domain.money import Money, total
from services.billing.domain.numbering import Number
from shared.errors import Conflict
from tests.billing.domain.test_invoice import charges
from tests.billing.factories import a_charge, a_fee, an_invoice, names


def credit_lines(invoice: Invoice, lines: set[UUID], already: set[UUID]) -> CreditNote:
    return credit(
        invoice,
        line_ids=lines,
        already=already,
        credit_note_id=uuid4(),
        number=Number("AV-CAS-2026", 1),
        reason=names("Annulation"),
        issued_at=datetime(2026, 11, 24, 9, tzinfo=UTC),
        issued_on=date(2026, 11, 24),
    )


def test_a_cancelled_booking_gives_back_its_lines_and_their_tax() -> None:
    invoice = an_invoice(a_fee(), a_charge())
    note = credit_lines(invoice, {invoice.lines[1].id}, set())
    assert (str(note.totals.excl), str(note.totals.vat), str(note.totals.incl)) == (
        "240.00",
        "48.00",
        "288.00",
    )


def test_a_credit_note_names_its_invoice_and_keeps_its_parties() -> None:
    invoice = an_invoice()
    note = credit_lines(invoice, {invoice.lines[0].id}, set())
    assert (note.invoice_number, note.seller, note.buyer) == (invoice.number, invoice.seller, invoice.buyer)


def test_a_line_is_credited_only_once() -> None:
    invoice = an_invoice()
    line = {invoice.lines[0].id}
    with pytest.raises(Conflict):
        credit_lines(invoice, line, line)


def test_a_line_of_another_invoice_is_refused() -> None:
    with pytest.raises(Conflict):
        credit_lines(an_invoice(), {uuid4()}, set())


@given(st.lists(charges(), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_crediting_every_line_one_by_one_gives_back_exactly_the_invoice(owed: list, random) -> None:  # type: ignore[no-untyped-def,type-arg]
    invoice = an_invoice(*owed)
    remaining = [line.id for line in invoice.lines]
    random.shuffle(remaining)
    already: set[UUID] = set()
    given_back: list[Money] = []
    for line_id in remaining:
        note = credit_lines(invoice, {line_id}, already)
        assert note.totals.vat.amount >= 0
        already.add(line_id)
        given_back.append(note.totals.incl)
    assert total(given_back) == invoice.totals.incl


def test_rounding_never_gives_back_a_centime_too_much() -> None:
    tiny = a_charge(quantity=Decimal(1), unit_price=Money(Decimal("0.03")))
    invoice = an_invoice(tiny, tiny)
    first, second = (line.id for line in invoice.lines)
    notes = credit_lines(invoice, {first}, set()), credit_lines(invoice, {second}, {first})
    assert [str(note.totals.vat) for note in notes] == ["0.00", "0.01"]
