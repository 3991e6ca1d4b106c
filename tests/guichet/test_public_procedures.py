import pytest

from services.guichet.domain.public_procedures import AskedDocument, check_asked_documents
from shared.errors import InvalidFields
from tests.guichet.factories import CERTIFICATE, PROCEDURES


def refused(procedure: str, *items: AskedDocument) -> dict[str | None, str]:
    with pytest.raises(InvalidFields) as refusal:
        check_asked_documents(PROCEDURES[procedure], items)
    return {error.field: error.message for error in refusal.value.errors}


def test_what_the_published_list_asks_for_may_be_asked_again() -> None:
    check_asked_documents(PROCEDURES[CERTIFICATE], [AskedDocument("form-cn1"), AskedDocument(None)])
    check_asked_documents(
        PROCEDURES["anapec.contrat-insertion"],
        [AskedDocument("contract", copies=3), AskedDocument("trainee-cnie", legalised=True)],
    )


def test_more_copies_a_legalised_copy_or_another_document_is_refused_with_the_reason() -> None:
    found = refused(
        CERTIFICATE,
        AskedDocument("form-cn1", copies=2),
        AskedDocument("cnie-copy", legalised=True),
        AskedDocument("birth-certificate"),
    )
    assert set(found) == {"items[0].copies", "items[1].legalised", "items[2].document"}
    assert all("loi 55-19" in reason for reason in found.values())


def test_a_fourth_copy_of_what_is_asked_in_three_is_refused() -> None:
    assert set(refused("anapec.contrat-insertion", AskedDocument("contract", copies=4))) == {
        "items[0].copies"
    }


def test_a_private_desk_may_ask_for_what_it_likes() -> None:
    check_asked_documents(
        PROCEDURES["cimr.adhesion-employeur"], [AskedDocument("Bilan", copies=5, legalised=True)]
    )
