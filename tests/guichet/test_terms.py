import pytest

from services.guichet.domain.terms import LONGEST, Term, Unit


@pytest.mark.parametrize("unit", list(Unit))
def test_a_term_is_one_number_of_one_unit(unit: Unit) -> None:
    assert Term.of({unit.value: 3}) == Term(3, unit)
    assert Term.of({unit.value: LONGEST[unit]}).as_dict() == {"value": LONGEST[unit], "unit": unit.value}


def test_days_and_hours_of_older_files_are_read_as_hours() -> None:
    assert Term.of({"days": 1, "hours": 6}) == Term(30, Unit.HOURS)
    assert Term.of({"days": 60, "hours": 0}) == Term(60, Unit.DAYS)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({}, "is expected; leave it null"),
        ({"days": 0}, "is expected; leave it null"),
        ({"weeks": 2}, "“weeks” is none of: hours, days, working_hours, working_days"),
        ({7: 2}, "“7” is none of"),
        ({"days": "60"}, "a whole number is expected"),
        ({"days": True}, "a whole number is expected"),
        ({"days": -1}, "a whole number is expected"),
        ({"days": 1.5}, "a whole number is expected"),
        ({"working_days": 2, "hours": 3}, "is expected; leave it null"),
        ({"days": 1_000_000}, "is too long"),
    ],
)
def test_anything_else_is_refused_in_words(written: dict[str, object], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        Term.of(written)
