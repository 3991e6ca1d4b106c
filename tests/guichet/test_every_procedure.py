"""Every procedure the API lists, taken from filing to the document in the startup's hands."""

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
    types = [event["type"] for event in outbox()]
    assert "guichet.request_submitted.v1" in types
    assert "guichet.request_completed.v1" in types
