"""What an SMS can carry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain.sms import (
    BASIC,
    CAPACITY,
    EXTENSION,
    Encoding,
    measure,
    sender_id,
    transliterate,
)
from shared.errors import InvalidInput

FRENCH = "àâäæçéèêëîïôöœùûüÿÀÂÄÆÇÉÈÊËÎÏÔÖŒÙÛÜŸ’«»–—…\u00a0\u202f°€ abcXYZ.,;:!?()"


def test_the_basic_table_holds_127_characters_and_the_escape_is_not_one_of_them() -> None:
    assert len(BASIC) == len(set(BASIC)) == 127
    assert "\x1b" not in BASIC
    assert not set(BASIC) & set(EXTENSION)


@pytest.mark.parametrize("character", "àäæéèöùüÄÆÇÉÖÜ")
def test_accents_of_the_table_stay_in_one_segment_of_160(character: str) -> None:
    size = measure(character * 160)
    assert (size.encoding, size.units, size.segments) == (Encoding.GSM7, 160, 1)


@pytest.mark.parametrize("character", "âçêëîïôœûÀÈÊ’«»–—…\u00a0°")
def test_one_character_outside_the_table_turns_the_message_into_ucs2(character: str) -> None:
    assert measure("a" * 69 + character).segments == 1
    assert measure("a" * 70 + character).segments == 2
    assert measure(character).encoding is Encoding.UCS2


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ش" * 70, 1),
        ("ش" * 71, 2),
        ("ش" * 134, 2),
        ("ش" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_segments(text: str, segments: int) -> None:
    assert measure(text).segments == segments


def test_a_two_unit_character_is_not_cut_by_the_end_of_a_segment() -> None:
    # 153 is odd: each segment holds 76 euros and one unit stays empty.
    assert measure("€" * 152).segments == 2
    assert measure("€" * 153).segments == 3
    # 67 is odd: each segment holds 33 emoji.
    assert measure("😀" * 66).segments == 2
    assert measure("😀" * 67).segments == 3


def test_an_arabic_sms_is_counted_in_segments_of_67() -> None:
    text = "الشباك الوحيد تكنوبارك الدار البيضاء: تم تسجيل طلبكم CAS-2026-000123 (الشهادة السلبية)."
    size = measure(transliterate(text))
    assert size.encoding is Encoding.UCS2
    assert size.units == len(text) > 70
    assert size.segments == 2


@given(st.text(alphabet=FRENCH))
def test_every_french_text_fits_the_table_once_transliterated(text: str) -> None:
    assert measure(transliterate(text)).encoding is Encoding.GSM7


@given(st.text())
def test_transliterating_twice_changes_nothing_more(text: str) -> None:
    once = transliterate(text)
    assert transliterate(once) == once


@given(st.text())
def test_a_text_within_the_table_is_left_as_it_is(text: str) -> None:
    if measure(text).encoding is Encoding.GSM7:
        assert transliterate(text) == text


@given(st.text(max_size=1000))
def test_segments_are_enough_for_the_units_and_none_is_wasted(text: str) -> None:
    size = measure(text)
    alone, joined = CAPACITY[size.encoding]
    if size.segments == 1:
        assert size.units <= alone
    else:
        assert size.units > alone
        assert (size.segments - 1) * (joined - 1) < size.units <= size.segments * joined


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("Demande reçue, prête dès lundi", "Demande recue, prete dès lundi"),
        ("« œuvre » n° 12 – l’été…", '"oeuvre" no 12 - l\'été...'),
        ("À bientôt\u00a0!", "A bientot !"),
        ("re\u0301sume\u0301", "résumé"),
        ("طلبكم جاهز", "طلبكم جاهز"),
    ],
)
def test_french_is_spelt_as_a_reader_expects(text: str, spelt: str) -> None:
    assert transliterate(text) == spelt


@pytest.mark.parametrize("value", ["Technopark", "GUICHET1", "A", "12345678901"[:10] + "A"])
def test_a_sender_of_letters_and_digits_is_accepted(value: str) -> None:
    assert sender_id(value) == value


@pytest.mark.parametrize("value", ["", "Guichet Unique", "Technopark12", "Forêt", "212600", "a-b", "١٢٣a"])
def test_a_sender_an_operator_would_refuse_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput):
        sender_id(value)
