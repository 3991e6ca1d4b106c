"""What messages say, in three languages."""

import re
import string
import time
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain.audience import LANGUAGES, Kind
from services.notifications.domain.sms import Encoding, measure
from services.notifications.wording import Facts, email_body, sms_text, subject
from services.notifications.wording.email import ROWS, warm_up
from services.notifications.wording.facts import PLACES
from services.notifications.wording.sites import site_names, sites
from services.notifications.wording.texts import texts
from shared.mail.headers import UnusableAddress, encoded, envelope_address, one_line

FACTS: Facts = {
    "number": "CAS-2026-000123",
    "startup": "Oasis Fintech",
    "site": site_names("casablanca"),
    "procedure": {"fr": "Certificat négatif", "ar": "الشهادة السلبية", "en": "Negative certificate"},
    "due_at": "2026-11-24T11:00:00+00:00",
    "outcome": "CN-889123",
    "items": [
        {
            "label": {"fr": "Copie de la CNIE", "ar": "نسخة من البطاقة الوطنية", "en": "Copy of the card"},
            "copies": 2,
            "legalised": True,
            "note": "illisible",
        },
        {"label": None, "copies": 1, "legalised": False, "note": "Signer le formulaire CN1."},
    ],
    "link": "https://guichet.technopark.example/t/q3Zr0v1uQ7mE2yTn8sKdLw",
    "cause": "hours_changed",
    "next_at": "2026-11-30T09:30:00+00:00",
    "motive": "La dénomination « Oasis » est déjà prise.",
    "space": {"fr": "Salle Atlas", "ar": "قاعة أطلس", "en": "Atlas room"},
    "agency": {"fr": "CNSS", "ar": "الصندوق الوطني للضمان الاجتماعي", "en": "CNSS"},
    "bring": [{"fr": "Copie de la CNIE", "ar": "نسخة من البطاقة الوطنية", "en": "Copy of the identity card"}],
    "request": "CAS-2026-000124",
    "starts_at": "2026-11-23T09:00:00+00:00",
    "ends_at": "2026-11-23T11:00:00+00:00",
    "zone": "Africa/Casablanca",
    "total": "1234.56",
    "currency": "MAD",
    "issued_on": "2026-11-30",
    "due_on": "2027-01-29",
    "invoice": "F-CAS-2026-000007",
    "document": {"fr": "Extrait du RC", "ar": "مستخرج السجل التجاري", "en": "Trade register extract"},
    "expires_on": "2026-12-23",
}
EVERYTHING = pytest.mark.parametrize(("kind", "language"), [(k, lang) for k in Kind for lang in LANGUAGES])


@EVERYTHING
def test_every_message_is_worded_without_a_hole(kind: Kind, language: str) -> None:
    facts, told = FACTS, "CAS-2026-000123"
    if "number" not in ROWS[kind]:
        # Not about anything that has a number: the day is what must not be missed.
        facts, told = {name: value for name, value in FACTS.items() if name != "number"}, "2026"  # type: ignore[assignment]
    body = email_body(kind, language, facts, name="Salma Alami")
    for text in (subject(kind, language, facts), sms_text(kind, language, facts), body.text, body.html):
        assert text.strip()
        assert not re.search(r"\{\w+\}|\{\{|None", text)
        assert told in text


@EVERYTHING
def test_a_wording_names_only_places_that_exist(kind: Kind, language: str) -> None:
    catalogue = texts(language)
    words = catalogue.messages[kind]
    for sentence in (words.subject, words.title, words.intro, words.closing, *words.sms):
        named = {place for _, place, _, _ in string.Formatter().parse(sentence) if place}
        assert named <= PLACES
    assert set(ROWS[kind]) <= set(catalogue.labels)


@EVERYTHING
def test_an_sms_takes_one_segment_two_at_most(kind: Kind, language: str) -> None:
    size = measure(sms_text(kind, language, FACTS))
    assert size.segments <= (2 if language == "ar" else 1)
    assert size.encoding is (Encoding.UCS2 if language == "ar" else Encoding.GSM7)


@EVERYTHING
def test_an_sms_names_no_person_and_no_company(kind: Kind, language: str) -> None:
    text = sms_text(kind, language, FACTS)
    assert "Oasis" not in text
    assert "Salma" not in text


def test_a_long_procedure_leaves_the_sms_rather_than_cost_a_second_segment() -> None:
    facts: Facts = {**FACTS, "procedure": dict.fromkeys(LANGUAGES, "Une démarche au nom interminable " * 4)}  # type: ignore[typeddict-item]
    text = sms_text(Kind.REQUEST_SUBMITTED, "fr", facts)
    assert "interminable" not in text
    assert measure(text).segments == 1


def test_what_is_missing_is_listed_and_its_page_can_be_opened() -> None:
    body = email_body(Kind.COMPLEMENT_REQUESTED, "fr", FACTS, name="Salma")
    assert (
        "Copie de la CNIE (2 exemplaires), légalisé\u00a0: illisible · Signer le formulaire CN1." in body.text
    )
    assert f'<a href="{FACTS["link"]}" dir="ltr">' in body.html
    assert f"Suivi de la demande\u00a0: {FACTS['link']}" in body.text


def test_an_address_that_is_no_address_is_only_text() -> None:
    body = email_body(Kind.REQUEST_SUBMITTED, "fr", {**FACTS, "link": '"><script>'}, name="Salma")
    assert "<script>" not in body.html


def test_arabic_reads_from_right_to_left_and_codes_from_left_to_right() -> None:
    html = email_body(Kind.REQUEST_SUBMITTED, "ar", FACTS, name="سلمى").html
    assert '<html lang="ar" dir="rtl"' in html
    assert "direction:ltr" not in html
    assert '<bdi dir="ltr" class="num">CAS-2026-000123</bdi>' in html
    assert "الثلاثاء 24 نونبر 2026" in html


def test_french_and_english_read_from_left_to_right() -> None:
    for language in ("fr", "en"):
        html = email_body(Kind.REQUEST_SUBMITTED, language, FACTS, name="Salma").html
        assert f'<html lang="{language}" dir="ltr"' in html
        assert "direction:rtl" not in html


def test_times_are_those_of_the_zone_of_the_booking() -> None:
    assert "09:00 – 11:00" in email_body(Kind.BOOKING_CONFIRMED, "fr", FACTS, name="").html
    assert "lundi 23 novembre 2026" in email_body(Kind.BOOKING_CONFIRMED, "fr", FACTS, name="").text
    paris: Facts = {**FACTS, "zone": "Europe/Paris"}
    assert "10:00 – 12:00" in email_body(Kind.BOOKING_CONFIRMED, "fr", paris, name="").html


def test_a_visit_says_what_to_bring_in_the_readers_language() -> None:
    french = email_body(Kind.VISIT_BOOKED, "fr", FACTS, name="Salma").text
    assert "Pièces à apporter\u00a0: Copie de la CNIE" in french
    assert "le lundi 23 novembre 2026 à 09:00" in french
    assert "نسخة من البطاقة الوطنية" in email_body(Kind.VISIT_BOOKED, "ar", FACTS, name="سلمى").html


@pytest.mark.parametrize(
    ("language", "cause", "offer"),
    [
        ("fr", "Le site est fermé ce jour-là.", "Prochaine place libre\u00a0: lundi 30 novembre 2026, 09:30"),
        ("ar", "الموقع مغلق في هذا اليوم.", "أقرب موعد متاح: الاثنين 30 نونبر 2026, 09:30"),
        ("en", "The site is closed on that day.", "Next free place: Monday 30 November 2026, 09:30"),
    ],
)
def test_a_visit_taken_back_says_why_and_what_is_free_next_in_the_readers_language(
    language: str, cause: str, offer: str
) -> None:
    closed: Facts = {**FACTS, "cause": "site_closed"}
    closed.pop("motive")
    text = email_body(Kind.VISIT_CANCELLED, language, closed, name="").text
    assert cause in text
    assert offer in text
    typed = email_body(Kind.VISIT_CANCELLED, language, {**closed, "motive": "Inondation."}, name="").text
    assert f"{cause} Inondation." in typed


@pytest.mark.parametrize(
    ("language", "amount"), [("fr", "1 234,56 MAD"), ("ar", "1.234,56 د.م."), ("en", "1,234.56 MAD")]
)
def test_amounts_are_written_as_each_language_does(language: str, amount: str) -> None:
    text = email_body(Kind.INVOICE_ISSUED, language, FACTS, name="").text
    assert amount in text.replace("\u00a0", " ")


def test_what_is_not_known_is_left_out() -> None:
    facts: Facts = {**FACTS, "due_at": None, "outcome": None}
    assert "Échéance" not in email_body(Kind.REQUEST_SUBMITTED, "fr", facts, name="").text
    assert "Référence" not in email_body(Kind.REQUEST_COMPLETED, "fr", facts, name="").text


def test_what_people_type_is_escaped_in_html_and_not_in_text() -> None:
    facts: Facts = {
        **FACTS,
        "motive": "<script>alert(1)</script> & {number} {{ 7*7 }}",
        "startup": "A & B <C>",
    }
    body = email_body(Kind.REQUEST_REJECTED, "fr", facts, name="<b>Salma</b> {0}")
    assert "<script>" not in body.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; {number} {{ 7*7 }}" in body.html
    assert "&lt;b&gt;Salma&lt;/b&gt; {0}" in body.html
    assert "<script>alert(1)</script> & {number} {{ 7*7 }}" in body.text
    assert "A & B <C>" in body.text


@given(st.text(), st.sampled_from(LANGUAGES))
def test_nothing_people_type_breaks_a_message(typed: str, language: str) -> None:
    facts: Facts = {**FACTS, "number": typed, "startup": typed, "motive": typed}
    body = email_body(Kind.REQUEST_REJECTED, language, facts, name=typed)
    assert body.html.count("<html") == 1
    assert not re.search("[\r\n\x00]", subject(Kind.REQUEST_REJECTED, language, facts))
    assert measure(sms_text(Kind.REQUEST_REJECTED, language, facts)).segments >= 1


@given(st.text(max_size=300))
def test_an_encoded_header_is_ascii_on_short_lines_and_reads_back(value: str) -> None:
    value = value.encode("utf-8", "ignore").decode()
    header = encoded(value)
    assert header.isascii()
    if not value.isascii():
        assert all(len(line) <= 76 for line in header.split("\r\n"))
        assert str(make_header(decode_header(header.replace("\r\n", "")))) == one_line(value)


@pytest.mark.parametrize(
    "address", ["", "a", "a@", "@b.c", "a b@c.d", "a@b.c>", "a@b.c\r\nRCPT TO:<x@y.z>", "é@b.c", "a,b@c.d"]
)
def test_what_is_no_address_reaches_no_server(address: str) -> None:
    with pytest.raises(UnusableAddress):
        envelope_address(address)


def test_an_international_domain_is_written_in_ascii() -> None:
    assert envelope_address("salma@sociétés.example") == "salma@xn--socits-evab.example"


def test_composing_a_body_costs_less_than_a_millisecond_of_processor() -> None:
    warm_up()
    email_body(Kind.REQUEST_SUBMITTED, "ar", FACTS, name="سلمى")
    rounds = []
    for _ in range(5):
        started = time.process_time()
        for _ in range(20):
            email_body(Kind.REQUEST_SUBMITTED, "ar", FACTS, name="سلمى")
        rounds.append((time.process_time() - started) / 20)
    assert min(rounds) < 0.001


def test_every_site_has_its_names() -> None:
    assert len(sites()) == 8
    for names in sites().values():
        assert set(names) == set(LANGUAGES)
    assert site_names("dakhla")["fr"] == "dakhla"
