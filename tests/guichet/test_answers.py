from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.guichet.domain.answers import checked_answers
from shared.errors import InvalidFields
from tests.guichet.factories import ANSWERS, CERTIFICATE, PROCEDURES

ANY_ANSWER = st.one_of(
    st.text(max_size=40), st.integers(), st.booleans(), st.none(), st.floats(), st.lists(st.text(max_size=3))
)


def refused(procedure: str, **changes: Any) -> set[str | None]:
    with pytest.raises(InvalidFields) as refusal:
        checked_answers(PROCEDURES[procedure], ANSWERS[procedure] | changes)
    return {error.field for error in refusal.value.errors}


@pytest.mark.parametrize("procedure", sorted(PROCEDURES))
def test_the_usual_answers_of_each_procedure_are_kept_as_given(procedure: str) -> None:
    assert checked_answers(PROCEDURES[procedure], ANSWERS[procedure]) == ANSWERS[procedure]


@pytest.mark.parametrize("procedure", sorted(PROCEDURES))
def test_every_required_field_left_out_is_named(procedure: str) -> None:
    with pytest.raises(InvalidFields) as refusal:
        checked_answers(PROCEDURES[procedure], {})
    asked = {
        f"answers.{one.code}" for one in PROCEDURES[procedure].fields if one.required and one.when is None
    }
    assert {error.field for error in refusal.value.errors} == asked


def test_an_answer_to_a_question_nobody_asked_is_refused() -> None:
    assert refused(CERTIFICATE, shoe_size=43) == {"answers.shoe_size"}


def test_only_the_number_of_the_chosen_identity_document_is_asked_and_kept() -> None:
    answers = ANSWERS[CERTIFICATE] | {"identity_document": "passport", "passport": "ab1234567"}
    kept = checked_answers(PROCEDURES[CERTIFICATE], answers)
    assert kept["passport"] == "AB1234567"
    assert "cnie" not in kept
    assert refused(CERTIFICATE, identity_document="passport") == {"answers.passport"}


@pytest.mark.parametrize(
    "day",
    ["2026-02-30", "2026-13-01", "30/02/2026", "0001-01-01", "20261102", "demain", 20261102, "2026-W10-1"],
)
def test_a_date_outside_the_calendar_is_refused(day: object) -> None:
    assert refused("cnss.affiliation-employeur", first_hire_on=day) == {"answers.first_hire_on"}


@pytest.mark.parametrize("count", [0, 501, -1, 2.5, True, "beaucoup", "", None, [3]])
def test_a_number_of_signatures_must_be_a_whole_number_within_bounds(count: object) -> None:
    assert refused("legalisation.signature", signatures=count) == {"answers.signatures"}


def test_a_number_typed_in_a_form_is_read_as_a_number() -> None:
    answers = ANSWERS["legalisation.signature"] | {"signatures": " ١٢ "}
    assert checked_answers(PROCEDURES["legalisation.signature"], answers)["signatures"] == 12


@pytest.mark.parametrize("answer", [False, "true", 1])
def test_a_confirmation_must_be_given(answer: object) -> None:
    assert refused("legalisation.signature", signer_present=answer) == {"answers.signer_present"}


def test_fees_are_counted_per_signature() -> None:
    procedure = PROCEDURES["legalisation.signature"]
    assert [str(amount) for _, amount in procedure.fees_for(ANSWERS["legalisation.signature"])] == ["6.00"]


def test_every_fault_of_every_row_of_a_list_is_named() -> None:
    rows = [{"name": "Omar Filali", "cnie": "12"}, {"cnie": "BE654321", "shoe_size": 43}]
    assert refused("cimr.affiliation-salarie", employees=rows) == {
        "answers.employees[0].cnie",
        "answers.employees[1].name",
        "answers.employees[1].shoe_size",
    }


@pytest.mark.parametrize("rows", [[], {}, "Omar", [1], None, [[]], [{"name": "x", "cnie": "BE1"}] * 51])
def test_a_list_must_have_rows_within_bounds(rows: object) -> None:
    assert refused("cimr.affiliation-salarie", employees=rows) == {"answers.employees"}


@pytest.mark.parametrize(
    "amount", ["1599.99", "6000,01", "3000.001", "beaucoup", "-3000", "3e3", 3000.5, True]
)
def test_an_amount_outside_its_bounds_or_its_form_is_refused(amount: object) -> None:
    assert refused("anapec.contrat-insertion", allowance=amount) == {"answers.allowance"}


@pytest.mark.parametrize("typed", ["3 000,5", "3000.50", "٣٠٠٠,50", "3\u202f000,50"])
def test_an_amount_is_kept_in_one_form(typed: str) -> None:
    procedure = PROCEDURES["anapec.contrat-insertion"]
    answers = ANSWERS["anapec.contrat-insertion"] | {"allowance": typed}
    assert checked_answers(procedure, answers)["allowance"] == "3000.50"


def test_the_number_of_employees_decides_what_the_insurer_is_given() -> None:
    procedure = PROCEDURES["assurance.accidents-travail"]
    few = checked_answers(procedure, ANSWERS["assurance.accidents-travail"])
    many = checked_answers(procedure, few | {"staff": "five_or_more"})
    assert [one.code for one in procedure.documents_for(few)] == ["name-list"]
    assert "employees" not in many
    assert [one.code for one in procedure.documents_for(many)] == ["cnss-declarations"]


CODES = sorted({one.code for procedure in PROCEDURES.values() for one in procedure.fields})


@given(st.sampled_from(sorted(PROCEDURES)), st.dictionaries(st.sampled_from(CODES), ANY_ANSWER))
def test_whatever_is_answered_is_kept_clean_or_refused_by_field(
    procedure: str, answers: dict[str, Any]
) -> None:
    try:
        kept = checked_answers(PROCEDURES[procedure], answers)
    except InvalidFields as refusal:
        fields = [error.field for error in refusal.errors]
    else:
        fields = []
        assert checked_answers(PROCEDURES[procedure], kept) == kept
    assert all(field and field.startswith("answers.") for field in fields)
