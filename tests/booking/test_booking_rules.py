"""What may be booked, and how a booking may change."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.domain.booking import Booking, Purpose, State, check_subject, label, slot_for
from services.booking.domain.places import ClosedDay, SpaceKind
from services.booking.domain.pricing import Tariff, estimate, tariff_on
from services.booking.domain.text import clean
from shared.errors import Conflict, InvalidFields, InvalidInput
from tests.booking.factories import MONDAY, NOW, at, booking, names, site, slot, space, span, wall


def refusal(starts: datetime, ends: datetime, **site_changes: Any) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        slot_for(site(**site_changes), starts, ends, now=NOW)
    return caught.value


def test_a_slot_keeps_the_instants_and_the_wall_times() -> None:
    made = slot("09:00", "10:30")
    assert made.range == span("09:00", "10:30")
    assert (made.starts.wall, made.zone) == (wall("09:00"), "Africa/Casablanca")


@pytest.mark.parametrize("clock", ["09:07", "09:00:30"])
def test_bookings_begin_on_a_quarter_of_an_hour(clock: str) -> None:
    refused = refusal(wall(clock), wall("10:00"))
    assert refused.field == "starts_at"
    assert "quarter" in refused.message


@pytest.mark.parametrize("end", ["09:00", "08:15"])
def test_the_end_comes_after_the_start(end: str) -> None:
    assert refusal(wall("09:00"), wall(end)).field == "ends_at"


@pytest.mark.parametrize(
    ("start", "end", "field"), [("07:45", "09:00", "starts_at"), ("19:00", "20:15", "ends_at")]
)
def test_bookings_stay_within_opening_hours(start: str, end: str, field: str) -> None:
    refused = refusal(wall(start), wall(end))
    assert refused.field == field
    assert str(refused) == "On 23/11/2026 the site is open from 08:00 to 20:00."


def test_the_whole_opening_can_be_booked() -> None:
    assert slot("08:00", "20:00").range.duration == timedelta(hours=12)


def test_a_booking_ends_the_day_it_begins() -> None:
    refused = refusal(wall("19:00"), wall("09:00", MONDAY + timedelta(days=1)))
    assert (refused.field, str(refused)) == ("ends_at", "A booking begins and ends on the same day.")


@pytest.mark.parametrize("day", [date(2026, 11, 29), date(2026, 11, 24)])
def test_nothing_is_booked_on_a_closed_day(day: date) -> None:
    refused = refusal(
        wall("09:00", day), wall("10:00", day), closed_days={date(2026, 11, 24): ClosedDay(names("Fête"))}
    )
    assert "closed" in refused.message


def test_a_wrong_year_is_caught() -> None:
    refused = refusal(wall("09:00", date(2025, 11, 19)), wall("10:00", date(2025, 11, 19)))
    assert "more than a year ago" in refused.message


def test_both_times_at_fault_are_both_named() -> None:
    with pytest.raises(InvalidFields) as caught:
        slot_for(site(), wall("09:00", date(1999, 1, 1)), wall("09:00", date(2099, 1, 1)), now=NOW)
    assert [error.field for error in caught.value.errors] == ["starts_at", "ends_at"]


def test_set_up_and_tidying_occupy_the_space_too() -> None:
    hall = space(setup=timedelta(minutes=30), teardown=timedelta(minutes=15))
    assert booking(space=hall).occupied == span("08:30", "10:45")


def test_a_booking_without_option_is_confirmed_at_once() -> None:
    made = booking()
    assert (made.state, made.confirmed_at, made.expires_at) == (State.CONFIRMED, NOW, None)


def test_an_option_runs_out_after_the_sites_delay() -> None:
    assert booking(hold=True).expires_at == NOW + timedelta(hours=24)


def test_an_option_runs_out_when_its_slot_begins_at_the_latest() -> None:
    soon = booking(hold=True, now=at("08:00"))
    assert soon.expires_at == at("09:00")


def test_an_option_on_what_has_begun_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        booking(hold=True, now=at("09:00"))
    assert caught.value.field == "hold"


def test_an_option_is_confirmed_in_time() -> None:
    later = NOW + timedelta(hours=1)
    confirmed = booking(hold=True).confirm(later)
    assert (confirmed.state, confirmed.confirmed_at, confirmed.expires_at) == (State.CONFIRMED, later, None)


def test_an_option_that_ran_out_cannot_be_confirmed_even_before_the_timer_came_by() -> None:
    with pytest.raises(Conflict, match="ran out on 22/11/2026 at 10:00"):
        booking(hold=True).confirm(NOW + timedelta(hours=24))


def test_only_a_lapsed_option_expires() -> None:
    held = booking(hold=True)
    with pytest.raises(Conflict):
        held.expire(NOW + timedelta(hours=23))
    assert held.expire(NOW + timedelta(hours=24)).state is State.EXPIRED


def test_a_cancelled_booking_remembers_whether_it_was_confirmed() -> None:
    assert booking().cancel(NOW, "malade").was_confirmed
    assert not booking(hold=True).cancel(NOW).was_confirmed


def test_what_is_over_is_not_cancelled_any_more() -> None:
    booked = booking()
    over = booked.slot.ends.instant
    assert booked.cancel(over - timedelta(seconds=1)).state is State.CANCELLED
    with pytest.raises(Conflict, match="is over"):
        booked.cancel(over)


steps = st.lists(
    st.tuples(st.sampled_from(["confirm", "cancel", "expire"]), st.integers(0, 72)), min_size=1, max_size=8
)


@given(st.booleans(), steps)
def test_whatever_is_tried_the_states_stay_in_order(hold: bool, tried: list[tuple[str, int]]) -> None:
    current: Booking = booking(hold=hold)
    final = False
    now = NOW
    for step, hours in tried:
        now += timedelta(hours=hours)
        try:
            changed = getattr(current, step)(now)
        except Conflict:
            continue
        assert not final
        assert changed.slot == current.slot
        assert changed.id == current.id
        if step == "confirm":
            assert current.state is State.HELD
        final = step in ("cancel", "expire")
        assert changed.state.occupies != final
        assert (changed.expires_at is not None) == (changed.state is State.HELD)
        current = changed


def test_a_booking_needs_somebody_or_a_title() -> None:
    with pytest.raises(InvalidInput) as caught:
        check_subject(None, "", Purpose.MEETING)
    assert caught.value.field == "title"


def test_maintenance_is_not_booked_for_a_startup() -> None:
    with pytest.raises(InvalidInput) as caught:
        check_subject(uuid4(), "", Purpose.MAINTENANCE)
    assert caught.value.field == "startup_id"


@pytest.mark.parametrize(
    ("startup", "title", "shown"),
    [
        ("Atlas Robotics", "comité", "Atlas Robotics – comité"),
        ("Atlas Robotics", "", "Atlas Robotics"),
        ("Atlas Robotics", "atlas robotics", "Atlas Robotics"),
        (None, "Jury incubateur", "Jury incubateur"),
    ],
)
def test_a_booking_is_called_by_its_startup_and_title(startup: str | None, title: str, shown: str) -> None:
    assert label(startup, title) == shown


def tariff(amount: str, valid_from: date) -> Tariff:
    return Tariff("casablanca", SpaceKind.ROOM, Decimal(amount), Decimal("20.00"), valid_from)


def test_the_youngest_valid_tariff_counts() -> None:
    old, new = tariff("100.00", date(2026, 1, 1)), tariff("150.00", date(2026, 12, 1))
    assert tariff_on(date(2026, 11, 30), [new, old]) is old
    assert tariff_on(date(2026, 12, 1), [new, old]) is new
    assert tariff_on(date(2025, 12, 31), [new, old]) is None


def test_an_hour_and_a_half_costs_half_as_much_again() -> None:
    price = estimate(tariff("120.00", date(2026, 1, 1)), timedelta(minutes=90))
    assert (price.hours, price.total_excl, price.total_vat) == (
        Decimal("1.50"),
        Decimal("180.00"),
        Decimal("36.00"),
    )
    assert price.total_incl == Decimal("216.00")


@given(st.decimals("0.01", "9999.99", places=2), st.integers(1, 48))
def test_a_price_has_two_decimals_and_is_off_by_half_a_cent_at_most(amount: Decimal, quarters: int) -> None:
    price = estimate(tariff(str(amount), MONDAY), quarters * timedelta(minutes=15))
    assert price.total_excl.as_tuple().exponent == price.total_vat.as_tuple().exponent == -2
    assert abs(price.total_excl - amount * quarters / 4) <= Decimal("0.005")


@given(st.text(max_size=120, alphabet=st.characters(exclude_categories=["Cc", "Cs"])))
def test_text_is_cleaned_once_and_for_all(text: str) -> None:
    cleaned = clean(text, field="title", longest=400)
    assert cleaned == clean(cleaned, field="title", longest=400)
    assert cleaned == cleaned.strip()


@pytest.mark.parametrize("text", ["comité\x00", "a\ud800b", "x" * 121])
def test_what_the_database_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        clean(text, field="title", longest=120)
