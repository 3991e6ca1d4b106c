from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.guichet.domain import identifiers
from shared.errors import InvalidInput

digits = st.text("0123456789", min_size=15, max_size=15)
ANYTHING = st.one_of(st.text(), st.integers(), st.none(), st.booleans(), st.lists(st.text()), st.binary())
CHECKS = [
    identifiers.ice,
    identifiers.cnie,
    identifiers.passport,
    identifiers.rib,
    identifiers.trade_tax,
    identifiers.rc_number,
    identifiers.phone,
    identifiers.email,
]


@given(digits)
def test_any_fifteen_digits_are_kept_as_typed(number: str) -> None:
    assert identifiers.ice(number, field="ice") == number


@given(st.text("0123456789", max_size=30).filter(lambda text: len(text) != 15))
def test_an_ice_of_another_length_is_refused(number: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        identifiers.ice(number, field="ice")
    assert refusal.value.field == "ice"


def test_an_ice_of_fourteen_digits_is_told_its_length() -> None:
    with pytest.raises(InvalidInput, match="15 digits; this one has 14"):
        identifiers.ice("00156119100006", field="ice")


def test_an_ice_may_be_typed_in_groups_and_with_arabic_digits() -> None:
    assert identifiers.ice("001 561 191 0000 66", field="ice") == "001561191000066"
    assert identifiers.ice("٠٠١٥٦١١٩١٠٠٠٠٦٦", field="ice") == "001561191000066"


@given(st.integers(0, 10**13 - 1))
def test_exactly_one_key_in_ninety_seven_satisfies_the_ice_checksum(base: int) -> None:
    numbers = [f"{base:013d}{key:02d}" for key in range(97)]
    assert sum(identifiers.ice_checks(number) for number in numbers) == 1


@given(st.integers(0, 10**22 - 1))
def test_a_rib_is_accepted_with_its_own_key_only(account: int) -> None:
    key = 97 - account * 100 % 97
    assert identifiers.rib(f"{account:022d}{key:02d}", field="rib") == f"{account:022d}{key:02d}"
    with pytest.raises(InvalidInput, match="key"):
        identifiers.rib(f"{account:022d}{(key % 97) + 1 if key < 97 else 1:02d}", field="rib")


@given(st.from_regex(r"\A[A-Z]{1,2}[1-9][0-9]{0,6}\Z"))
def test_every_cnie_of_the_published_form_is_accepted_in_any_case(number: str) -> None:
    assert identifiers.cnie(number.lower(), field="cnie") == number


@pytest.mark.parametrize("number", ["123456", "ABC123", "A0123", "AB12345678", "A", "É123"])
def test_a_cnie_of_another_form_is_refused(number: str) -> None:
    with pytest.raises(InvalidInput):
        identifiers.cnie(number, field="cnie")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0612345678", "+212612345678"),
        ("06 12 34 56 78", "+212612345678"),
        ("+212 5 22 34 56 78", "+212522345678"),
        ("00212612345678", "+212612345678"),
        ("٠٦١٢٣٤٥٦٧٨", "+212612345678"),
        ("+33 6 12 34 56 78", "+33612345678"),
    ],
)
def test_a_phone_number_is_kept_in_its_international_form(typed: str, kept: str) -> None:
    assert identifiers.phone(typed, field="phone") == kept


@pytest.mark.parametrize("typed", ["12", "0412345678", "+212 9 12345678", "appelez-moi", "06123456789"])
def test_a_number_nobody_can_dial_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        identifiers.phone(typed, field="phone")


@pytest.mark.parametrize(
    "address",
    ["salma", "salma@", "@startup.ma", "a b@startup.ma", "a@b", "a@startup..ma", "a@startup.ma\nBcc: x@y.ma"],
)
def test_an_address_no_server_would_take_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput):
        identifiers.email(address, field="email")


def test_an_ordinary_address_is_kept() -> None:
    assert (
        identifiers.email("prenom.nom+gu@startup-maroc.ma", field="email") == "prenom.nom+gu@startup-maroc.ma"
    )


@pytest.mark.parametrize("check", CHECKS)
@given(value=ANYTHING)
def test_whatever_is_typed_is_accepted_or_refused_with_its_field(
    check: Callable[..., str], value: object
) -> None:
    try:
        kept = check(value, field="there")
    except InvalidInput as refusal:
        refused_field = refusal.field
    else:
        refused_field = "there"
        assert check(kept, field="there") == kept
    assert refused_field == "there"


@given(st.text(min_size=1, max_size=24))
def test_a_masked_number_shows_three_characters_at_most(number: str) -> None:
    masked = identifiers.masked(number)
    assert sum(character != "•" for character in masked) <= 3


def _iban(country: str, account: str) -> str:
    digits = "".join(str(int(character, 36)) for character in f"{account}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{account}"


@given(st.integers(0, 10**22 - 1))
def test_a_moroccan_iban_holds_a_rib_and_both_keys_are_checked(account: int) -> None:
    first = f"{account:022d}"
    rib = f"{first}{97 - int(first) * 100 % 97:02d}"
    number = _iban("MA", rib)
    assert identifiers.iban(f" {number[:4]} {number[4:]} ".lower(), field="iban") == number
    wrong_key = f"{rib[:-1]}{(int(rib[-1]) + 1) % 10}"
    for wrong in (_iban("MA", wrong_key), f"MA{(int(number[2:4]) + 1) % 100:02d}{rib}", number[:-1]):
        with pytest.raises(InvalidInput):
            identifiers.iban(wrong, field="iban")


def test_an_iban_of_abroad_is_checked_by_its_digits() -> None:
    assert identifiers.iban("FR14 2004 1010 0505 0001 3M02 606", field="iban")
    with pytest.raises(InvalidInput):
        identifiers.iban("FR15 2004 1010 0505 0001 3M02 606", field="iban")


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (identifiers.tax_id, ("1234567", "12 345 678", "٠1234567"), ("123456", "123456789", "12345AB")),
        (identifiers.cnss_affiliate, ("1234567",), ("123456", "12345678", "A123456")),
        (identifiers.cnss_employee, ("123456789",), ("12345678", "1234567890", "")),
    ],
)
def test_tax_and_cnss_numbers_are_judged_by_their_length(
    check: Callable[..., str], right: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    for value in right:
        assert check(value, field="number").isdigit()
    for value in wrong:
        with pytest.raises(InvalidInput):
            check(value, field="number")


@pytest.mark.parametrize(
    ("check", "typed"),
    [
        (identifiers.rc_number, "１２３"),
        (identifiers.rc_number, "१२३"),
        (identifiers.cnie, "BK१२३४५६"),
        (identifiers.iban, "FR１４20041010050500013M02606"),
    ],
)
def test_digits_nobody_compares_with_ours_are_refused(check: Callable[..., str], typed: str) -> None:
    with pytest.raises(InvalidInput):
        check(typed, field="x")
