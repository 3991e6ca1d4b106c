"""Every procedure the API lists, taken from filing to the document in the startup's hands."""

from decimal import Decimal
from typing import Any

import pytest

from tests.guichet.conftest import Caller
from tests.guichet.factories import ANSWERS, PROCEDURES
from tests.guichet.test_api_startups import Events

DESKS = {"ompic", "cnss", "cimr", "legalisation", "anapec", "assurance", "expert-comptable"}


def test_the_api_lists_the_procedures_of_the_seven_desks(agent: Caller) -> None:
    listed = agent.get("/procedures").get_json()["items"]
    assert {one["agency"] for one in listed} == DESKS
    assert {one["code"] for one in listed} == set(PROCEDURES) == set(ANSWERS)


@pytest.mark.parametrize("code", sorted(PROCEDURES))
def test_a_procedure_goes_from_filing_to_hand_over(agent: Caller, code: str, outbox: Events) -> None:
    procedure = next(one for one in agent.get("/procedures").get_json()["items"] if one["code"] == code)
    filed = agent.file(agent.register()["id"], code, ANSWERS[code])
    assert (filed["state"], filed["procedure_version"]) == ("routed", procedure["version"])
    desks = {one["code"]: one["agency"] for one in agent.get("/desks").get_json()["items"]}
    assert desks[filed["desk"]] == procedure["agency"]

    def act(action: str, **sent: Any) -> dict[str, Any]:
        answer = agent.post(f"/requests/{filed['id']}/{action}", sent)
        assert answer.status_code == 200, answer.text
        return answer.get_json()  # type: ignore[no-any-return]

    asked = agent.get(f"/requests/{filed['id']}/documents").get_json()["items"]
    published = PROCEDURES[code].documents_for(ANSWERS[code])
    assert [(one["code"], one["copies"]) for one in asked] == [(one.code, one.copies) for one in published]
    for one in asked:
        seen = agent.client.put(
            f"/guichet/api/v1/requests/{filed['id']}/documents/{one['code']}/paper", headers=agent.headers
        )
        assert seen.status_code == 200, seen.text
    received = agent.get(f"/requests/{filed['id']}/documents").get_json()["items"]
    assert all(one["received"] for one in received)

    started = act("start")
    for step in PROCEDURES[code].workflow.steps:
        act("advance", step=step.code)
    assert {"complete", "reject", "withdraw"} <= set(started["actions"])
    completed = act("complete", outcome_reference="REF-1")
    assert completed["actions"][:1] == ["hand_over"]
    handed = act("hand-over", recipient="Salma Idrissi")
    assert (handed["state"], handed["handed_over_to"]) == ("handed_over", "Salma Idrissi")
    actions = [line["action"] for line in handed["history"] if line["action"] != "advance"]
    assert actions == ["submit", "route", "start", "complete", "hand_over"]
    told = {event["type"]: event["data"] for event in outbox()}
    assert "guichet.request_submitted.v1" in told
    charged = [
        (line["code"], line["kind"], Decimal(line["amount"]), Decimal(line["vat_rate"]))
        for line in told["guichet.request_completed.v1"]["fee_lines"]
    ]
    assert charged == [
        (line.code, line.kind.value, amount, line.vat_rate)
        for line, amount in PROCEDURES[code].fees_for(ANSWERS[code])
    ]
