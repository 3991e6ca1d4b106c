"""The life of a request through the API and its pages, on a real database."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.guichet.use_cases import drafts
from shared.clock import now
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.factories import ANSWERS, CERTIFICATE
from tests.guichet.test_api_startups import Events, fields, problem

PRIVATE = "cimr.adhesion-employeur"
ASKED = {"items": [{"document": "cnie-copy", "note": "Illisible"}, {"note": "Signer le formulaire"}]}


@pytest.fixture
def startup(agent: Caller) -> str:
    return str(agent.register()["id"])


@pytest.fixture
def request_id(agent: Caller, startup: str) -> str:
    return str(agent.file(startup, CERTIFICATE, ANSWERS[CERTIFICATE])["id"])


def done(answer: Any) -> dict[str, Any]:
    assert answer.status_code in (200, 201), answer.text
    return answer.get_json()  # type: ignore[no-any-return]


def test_from_filing_to_the_hands_of_the_startup(agent: Caller, request_id: str, outbox: Events) -> None:
    path = f"/requests/{request_id}"
    done(agent.post(f"{path}/start"))
    asked = done(agent.post(f"{path}/complement", ASKED))
    assert asked["state"] == "complement_requested"
    assert [item["note"] for item in asked["complement"]["items"]] == ["Illisible", "Signer le formulaire"]
    assert "receive_complement" in asked["actions"]
    assert done(agent.post(f"{path}/complement/received"))["state"] == "in_progress"
    assert done(agent.post(f"{path}/complete", {"outcome_reference": "CN-1"}))["state"] == "completed"
    over = done(agent.post(f"{path}/hand-over", {"recipient": "Salma Idrissi"}))
    assert (over["state"], over["handed_over_to"], over["actions"]) == ("handed_over", "Salma Idrissi", [])
    assert [line["action"] for line in over["history"]] == [
        "submit",
        "route",
        "start",
        "request_complement",
        "receive_complement",
        "complete",
        "hand_over",
    ]
    events = {event["type"]: event["data"] for event in outbox()}
    assert events["guichet.complement_requested.v1"]["items"][0]["label"]["fr"] == "Copie de la CNIE"
    assert "/t/" in events["guichet.complement_received.v1"]["tracking_url"]


def test_a_second_completion_of_a_public_procedure_is_refused_with_the_law(
    agent: Caller, request_id: str, row_counts: Callable[[], dict[str, int]]
) -> None:
    path = f"/requests/{request_id}"
    agent.post(f"{path}/start")
    done(agent.post(f"{path}/complement", ASKED))
    done(agent.post(f"{path}/complement/received"))
    before = row_counts()
    assert "Loi 55-19" in problem(agent.post(f"{path}/complement", ASKED), 409)["detail"]
    assert row_counts() == before


def test_a_completion_beyond_the_published_list_is_refused_beside_its_item(
    agent: Caller, request_id: str
) -> None:
    agent.post(f"/requests/{request_id}/start")
    sent = {"items": [{"document": "cnie-copy", "copies": 3, "legalised": True}, {"document": "tax"}]}
    assert fields(agent.post(f"/requests/{request_id}/complement", sent)) == {
        "items[0].copies",
        "items[0].legalised",
        "items[1].document",
    }
    assert fields(agent.post(f"/requests/{request_id}/complement", {"items": []})) == {"items"}


def test_a_withdrawn_request_says_why_and_its_startup_is_told(
    agent: Caller, request_id: str, outbox: Events
) -> None:
    assert fields(agent.post(f"/requests/{request_id}/withdraw", {"reason": " "})) == {"reason"}
    gone = done(agent.post(f"/requests/{request_id}/withdraw", {"reason": "Projet abandonné"}))
    assert (gone["state"], gone["history"][-1]["note"]) == ("withdrawn", "Projet abandonné")
    assert outbox()[-1]["type"] == "guichet.request_withdrawn.v1"
    assert "Projet" not in str(outbox()[-1])


def test_the_second_clerk_sees_every_change_since(
    agent: Caller, caller: Callable[..., Caller], request_id: str
) -> None:
    seen = agent.get(f"/requests/{request_id}").get_json()["version"]
    other = caller(name="K. Ouazzani")
    done(other.post(f"/requests/{request_id}/start"))
    done(other.post(f"/requests/{request_id}/complement", ASKED))
    told = problem(agent.post(f"/requests/{request_id}/withdraw", {"reason": "x", "version": seen}), 409)
    assert told["detail"].startswith("K. Ouazzani asked the startup to complete this request on ")
    assert [(one["action"], one["actor"]) for one in told["changes"]] == [
        ("start", "K. Ouazzani"),
        ("request_complement", "K. Ouazzani"),
    ]
    assert told["version"] == seen + 2


def test_of_two_decisions_at_the_same_moment_one_stands(app: Any, agent: Caller, request_id: str) -> None:
    agent.post(f"/requests/{request_id}/start")
    ready = threading.Barrier(4)
    answers: list[int] = []

    def press(action: str, sent: dict[str, str]) -> None:
        mine = Caller(app.test_client(), agent.headers["Authorization"].removeprefix("Bearer "))
        ready.wait()
        answers.append(mine.post(f"/requests/{request_id}/{action}", sent).status_code)

    pressed = [
        ("complete", {}),
        ("reject", {"motive": "x"}),
        ("withdraw", {"reason": "x"}),
        ("complement", {"items": [{"note": "x"}]}),
    ]
    threads = [threading.Thread(target=press, args=one) for one in pressed]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shown = agent.get(f"/requests/{request_id}").get_json()
    decided = [line["action"] for line in shown["history"]][3:]
    # after a completion was asked for, a refusal or a withdrawal may still follow
    assert answers.count(200) == len(decided)
    assert len(decided) == 1 or decided[0] == "request_complement"
    assert [line["action"] for line in shown["history"]][:3] == ["submit", "route", "start"]


@pytest.mark.parametrize(
    ("role", "sites", "action", "sent", "status"),
    [
        ("agency_officer", ("casablanca",), "withdraw", {"reason": "x"}, 403),
        ("billing_officer", ("casablanca",), "hand-over", {"recipient": "x"}, 403),
        ("agency_officer", ("casablanca",), "hand-over", {"recipient": "x"}, 403),
        ("agent", ("oujda",), "start", {}, 404),
    ],
)
def test_roles_and_sites_are_checked_on_every_action(
    caller: Callable[..., Caller],
    request_id: str,
    role: str,
    sites: tuple[str, ...],
    action: str,
    sent: dict[str, str],
    status: int,
) -> None:
    problem(caller(role, sites=sites).post(f"/requests/{request_id}/{action}", sent), status)


def test_several_outcomes_go_into_the_same_hands_and_the_others_stay(agent: Caller, startup: str) -> None:
    ready = [agent.file(startup, PRIVATE, ANSWERS[PRIVATE])["id"] for _ in range(3)]
    for one in ready[:2]:
        agent.post(f"/requests/{one}/start")
        agent.post(f"/requests/{one}/complete")
    sent = {"requests": [{"request_id": one} for one in ready], "recipient": "Salma Idrissi"}
    items = done(agent.post("/requests/hand-over", sent))["items"]
    assert [item["handed_over"] for item in items] == [True, True, False]
    assert "Nobody has started" in items[2]["detail"]
    states = [agent.get(f"/requests/{one}").get_json()["state"] for one in ready]
    assert states == ["handed_over", "handed_over", "routed"]


def test_notes_stay_among_colleagues(agent: Caller, request_id: str, outbox: Events) -> None:
    notes = done(agent.post(f"/requests/{request_id}/notes", {"text": "Rappeler lundi"}))["items"]
    assert [(note["text"], note["author"]) for note in notes] == [("Rappeler lundi", "Y. Benjelloun")]
    assert fields(agent.post(f"/requests/{request_id}/notes", {"text": " "})) == {"text"}
    assert not any("Rappeler" in str(event) for event in outbox())
    assert agent.get(f"/requests/{request_id}").get_json()["version"] == 2


def test_a_request_is_given_to_a_colleague_who_works_where_it_is(agent: Caller, request_id: str) -> None:
    problem(agent.post(f"/requests/{request_id}/assign", {"account_id": str(uuid.uuid4())}), 422)
    names = {
        one["name"]: one["id"] for one in agent.get(f"/requests/{request_id}/colleagues").get_json()["items"]
    }
    for name, account in list(names.items())[:1]:
        given = done(agent.post(f"/requests/{request_id}/assign", {"account_id": account}))
        assert given["assigned_to"] == name
        problem(agent.post(f"/requests/{request_id}/assign", {"account_id": account}), 409)
        free = done(agent.post(f"/requests/{request_id}/assign", {"account_id": None}))
        assert free["assigned_to"] is None


def test_the_same_request_open_already_is_pointed_out(agent: Caller, startup: str, request_id: str) -> None:
    def found() -> list[str]:
        answer = agent.get("/requests/duplicates", startup_id=startup, procedure=CERTIFICATE)
        return [one["id"] for one in done(answer)["items"]]

    assert found() == [request_id]
    agent.post(f"/requests/{request_id}/withdraw", {"reason": "x"})
    assert found() == []


def test_a_draft_is_kept_as_typed_for_its_author_alone(
    agent: Caller, caller: Callable[..., Caller], startup: str, counter: Database
) -> None:
    draft_id = uuid.uuid4()
    body = {
        "startup_id": startup,
        "site": "casablanca",
        "procedure": CERTIFICATE,
        "answers": {"name_1": "Atl"},
    }
    first = done(agent.put(f"/drafts/{draft_id}", body))
    again = done(agent.put(f"/drafts/{draft_id}", body | {"answers": {"name_1": "Atlas", "cnie": "wrong"}}))
    assert again["answers"] == {"name_1": "Atlas", "cnie": "wrong"}
    assert again["begun_at"] >= first["begun_at"]
    assert [one["id"] for one in done(agent.get("/drafts"))["items"]] == [str(draft_id)]
    other = caller(name="K. Ouazzani")
    assert done(other.get("/drafts"))["items"] == []
    problem(other.put(f"/drafts/{draft_id}", body), 404)
    with counter.transaction() as session:
        assert drafts.forget_old_drafts(session, at=now()) == 0
        assert drafts.forget_old_drafts(session, at=now() + 2 * drafts.KEPT) == 1


def test_a_draft_becomes_a_request_once(agent: Caller, caller: Callable[..., Caller], startup: str) -> None:
    draft_id = str(uuid.uuid4())
    body: dict[str, Any] = {"startup_id": startup, "site": "casablanca", "procedure": CERTIFICATE}
    done(agent.put(f"/drafts/{draft_id}", body | {"answers": {"name_1": "Atl"}}))
    whole = body | {"answers": ANSWERS[CERTIFICATE], "draft_id": draft_id}
    assert fields(caller(name="K. Ouazzani").post("/requests", whole)) == {"draft_id"}
    other = str(agent.register(legal_name="Oasis", ice=None, rc_court=None, rc_number=None)["id"])
    assert fields(agent.post("/requests", whole | {"startup_id": other})) == {"draft_id"}
    assert fields(agent.post("/requests", whole | {"answers": {}})) >= {"answers.name_1"}
    assert len(done(agent.get("/drafts"))["items"]) == 1, "what was refused leaves the draft"
    first, again = (agent.post("/requests", whole, **{"Idempotency-Key": "draft-1"}) for _ in range(2))
    assert (first.status_code, again.get_json()) == (201, first.get_json())
    assert done(agent.get("/drafts"))["items"] == []
    history = done(agent.get(f"/requests/{first.get_json()['id']}"))["history"]
    assert [line["action"] for line in history][:2] == ["draft", "submit"]
    assert fields(agent.post("/requests", whole)) == {"draft_id"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"startup_id": str(uuid.uuid4())}, "startup_id"),
        ({"answers": {"name_1": "a\x00"}}, "answers.name_1"),
        ({"answers": {"name_1": "x" * 4001}}, "answers.name_1"),
        ({"answers": {f"f{n}": "x" for n in range(300)}}, "answers"),
    ],
)
def test_a_draft_that_cannot_be_kept_names_its_field(
    agent: Caller, startup: str, changes: dict[str, Any], field: str
) -> None:
    body = {"startup_id": startup, "site": "casablanca", "procedure": None, "answers": {}} | changes
    assert fields(agent.put(f"/drafts/{uuid.uuid4()}", body)) == {field}


def test_history_is_added_to_and_cannot_be_rewritten(
    agent: Caller, request_id: str, counter: Database
) -> None:
    with counter.read() as session:
        before = session.execute(text("SELECT * FROM request_history ORDER BY version")).all()
    agent.post(f"/requests/{request_id}/start")
    with counter.read() as session:
        after = session.execute(text("SELECT * FROM request_history ORDER BY version")).all()
    assert after[: len(before)] == before
    assert len(after) == len(before) + 1
    with pytest.raises(DBAPIError, match="never changed"), counter.transaction() as session:
        session.execute(text("UPDATE request_history SET note = 'x'"))
