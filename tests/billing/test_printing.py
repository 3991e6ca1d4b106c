"""What stands on the paper."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html import unescape
from uuid import uuid4

import pytest

from services.billing.domain.charge import Kind
from services.billing.domain.credit_note import credit
from services.billing.domain.numbering import Number
from services.billing.web.printing import to_html, to_pdf
from tests.billing.factories import a_buyer, a_charge, a_fee, a_seller, an_invoice, names


def words_of(html: str) -> str:
    """The text of a document on one line, without its markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html.partition("<body>")[2])))


def test_a_french_invoice_says_what_the_tax_code_asks_for() -> None:
    text = words_of(to_html(an_invoice(), "fr"))
    for said in (
        "FA-CAS-2026-00001",
        "23 novembre 2026",
        "22 janvier 2027",
        "ICE 000000000000000",
        "IF 00000000",
        "TP 00000000",
        "Sahara Solar SARL",
        "12, rue Ibn Batouta, Casablanca",
        "ICE 001234567000089",
        "Location de salle : Atlas",
        "2 h 120,00 20 % 240,00",
        "Débours : somme avancée au nom et pour le compte du client, hors champ d’application de la TVA.",
        "TVA 20 % 48,00",
        "518,00 MAD",
        "cinq cent dix-huit dirhams",
        "60 jours",
        "Démonstration",
    ):
        assert said in text, said


def test_an_arabic_invoice_reads_from_right_to_left() -> None:
    html = to_html(an_invoice(), "ar")
    assert '<html lang="ar" dir="rtl">' in html
    assert "فاتورة" in html
    assert "خمسمائة وثمانية عشر درهما" in html


def test_only_a_demonstration_is_marked_as_one() -> None:
    assert "Démonstration" not in to_html(an_invoice(seller=a_seller(demonstration=False)), "fr")


def test_a_missing_ice_is_said_rather_than_left_blank() -> None:
    assert "ICE non communiqué" in to_html(an_invoice(buyer=a_buyer(ice=None)), "fr")


def test_a_service_without_tva_says_why() -> None:
    exempt = a_charge(kind=Kind.SERVICE, vat_rate=a_fee().vat_rate)
    assert "exonérées de TVA" in to_html(an_invoice(exempt), "fr")


def test_a_credit_note_names_the_invoice_it_corrects() -> None:
    invoice = an_invoice()
    note = credit(
        invoice,
        line_ids={invoice.lines[1].id},
        already=set(),
        credit_note_id=uuid4(),
        number=Number("AV-CAS-2026", 4),
        reason=names("Annulation de la réservation BK-2026-00007"),
        issued_at=datetime(2026, 11, 24, 9, tzinfo=UTC),
        issued_on=date(2026, 11, 24),
    )
    text = words_of(to_html(note, "fr"))
    for said in ("Avoir", "AV-CAS-2026-00004", "FA-CAS-2026-00001", "Annulation de la réservation"):
        assert said in text


def test_a_name_is_text_and_fetches_nothing() -> None:
    hostile = a_buyer(legal_name='<img src="file:///etc/passwd"><script>1</script>')
    html = to_html(an_invoice(buyer=hostile), "fr")
    assert "<img" not in html
    assert "<script" not in html


@pytest.mark.parametrize("lines", [1, 60])
def test_a_short_and_a_long_invoice_are_printed(lines: int) -> None:
    pdf = to_pdf(an_invoice(*[a_charge() for _ in range(lines)]), "ar")
    assert pdf.startswith(b"%PDF-")
