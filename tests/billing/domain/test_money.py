from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.domain.money import LARGEST, Money, total
from shared.errors import InvalidInput

amounts = st.decimals(min_value=0, max_value=99_999, places=2).map(Money)


@pytest.mark.parametrize(
    ("exact", "rounded"), [("0.005", "0.01"), ("0.004", "0.00"), ("1.115", "1.12"), ("-0.005", "-0.01")]
)
def test_half_a_centime_goes_away_from_zero(exact: str, rounded: str) -> None:
    assert str(Money(Decimal(exact))) == rounded


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("Infinity"), 1.5, "230.00", LARGEST + 1])
def test_what_is_not_an_amount_is_refused(amount: object) -> None:
    with pytest.raises(InvalidInput):
        Money(amount)  # type: ignore[arg-type]


@given(st.lists(amounts))
def test_a_total_is_the_exact_sum_of_its_amounts(parts: list[Money]) -> None:
    assert total(parts).amount == sum((part.amount for part in parts), start=Decimal(0))


@given(amounts, st.decimals(min_value=0, max_value=500, places=4))
def test_a_product_is_at_most_half_a_centime_off(price: Money, quantity: Decimal) -> None:
    assert abs(price.times(quantity).amount - price.amount * quantity) <= Decimal("0.005")
