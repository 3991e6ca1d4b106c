from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.domain.arabic import HUNDREDS, TEENS, TENS, UNITS
from services.billing.domain.money import Money
from services.billing.domain.words import in_words

VALUES = (
    {word: value for value, word in enumerate(UNITS) if word}
    | {word: value for value, word in enumerate(TEENS, start=11)}
    | {word: value * 10 for value, word in enumerate(TENS) if word}
    | {word: value * 100 for value, word in enumerate(HUNDREDS) if word}
    | {"مائتا": 200}
)


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "zéro dirham"),
        ("0.50", "cinquante centimes"),
        ("1", "un dirham"),
        ("80", "quatre-vingts dirhams"),
        ("200", "deux cents dirhams"),
        ("230", "deux cent trente dirhams"),
        ("518.01", "cinq cent dix-huit dirhams et un centime"),
        ("1234.56", "mille deux cent trente-quatre dirhams et cinquante-six centimes"),
        ("80000", "quatre-vingt mille dirhams"),
        ("1000000", "un million de dirhams"),
        ("1000100", "un million cent dirhams"),
    ],
)
def test_an_amount_in_french(amount: str, words: str) -> None:
    assert in_words(Money(Decimal(amount)), "fr") == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "zero dirhams"),
        ("1.01", "one dirham and one centime"),
        ("230", "two hundred and thirty dirhams"),
        ("1234.56", "one thousand, two hundred and thirty-four dirhams and fifty-six centimes"),
    ],
)
def test_an_amount_in_english(amount: str, words: str) -> None:
    assert in_words(Money(Decimal(amount)), "en") == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "صفر درهم"),
        ("0.02", "سنتيمان"),
        ("1", "درهم واحد"),
        ("2", "درهمان"),
        ("3", "ثلاثة دراهم"),
        ("11", "أحد عشر درهما"),
        ("100", "مائة درهم"),
        ("101", "مائة درهم ودرهم واحد"),
        ("200", "مائتا درهم"),
        ("230", "مائتان وثلاثون درهما"),
        ("2000", "ألفا درهم"),
        ("2200", "ألفان ومائتا درهم"),
        ("11000", "أحد عشر ألف درهم"),
        ("11200", "أحد عشر ألفا ومائتا درهم"),
        ("1234.56", "ألف ومائتان وأربعة وثلاثون درهما وستة وخمسون سنتيما"),
        ("3000000", "ثلاثة ملايين درهم"),
    ],
)
def test_an_amount_in_arabic(amount: str, words: str) -> None:
    assert in_words(Money(Decimal(amount)), "ar") == words


def read_arabic(words: str) -> int:
    """Read a number of dirhams under a thousand back from its words."""
    number, _, _ = words.rpartition(" ")
    return sum(VALUES[part] for part in number.split(" و"))


@given(st.integers(min_value=3, max_value=999).filter(lambda number: number % 100 not in (1, 2)))
def test_arabic_words_read_back_to_the_number(number: int) -> None:
    words = in_words(Money(Decimal(number)), "ar")
    assert read_arabic(words) == number


@given(st.decimals(min_value=0, max_value=9_999_999_999, places=2), st.sampled_from(["fr", "ar", "en"]))
def test_every_amount_can_be_said_and_no_two_sound_the_same(amount: Decimal, language: str) -> None:
    words = in_words(Money(amount), language)
    assert words.strip() == words
    assert "  " not in words
    assert not any(character.isdigit() for character in words)
    assert words != in_words(Money(amount + Decimal("0.01")), language)
