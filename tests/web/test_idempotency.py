"""The same key twice: one change, one answer."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from shared.db import Database
from tests.web import fakes

THINGS = "/counter/api/v1/things"
KEY = {"Idempotency-Key": "k-1"}


def things(database: Database) -> int:
    with database.read() as session:
        count: int = session.execute(text("SELECT count(*) FROM things")).scalar_one()
        return count


def test_the_same_key_twice_makes_one_thing(stored: FlaskClient, counter_database: Database) -> None:
    first = stored.post(THINGS, json={"name": "a"}, headers=KEY)
    second = stored.post(THINGS, json={"name": "a"}, headers=KEY)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.data == second.data
    assert first.content_type == second.content_type
    assert second.headers["Idempotency-Replayed"] == "true"
    assert things(counter_database) == 1


def test_the_same_key_with_another_body_is_refused(stored: FlaskClient, counter_database: Database) -> None:
    stored.post(THINGS, json={"name": "a"}, headers=KEY)
    response = stored.post(THINGS, json={"name": "b"}, headers=KEY)
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["field"] == "Idempotency-Key"
    assert things(counter_database) == 1


def test_another_account_may_use_the_same_key(stored: FlaskClient, counter_database: Database) -> None:
    stored.post(THINGS, json={"name": "a"}, headers=KEY)
    other = {**KEY, "Authorization": f"Bearer {fakes.token(account='account-2')}"}
    assert "Idempotency-Replayed" not in stored.post(THINGS, json={"name": "a"}, headers=other).headers
    assert things(counter_database) == 2


def test_without_a_key_each_request_counts(stored: FlaskClient, counter_database: Database) -> None:
    stored.post(THINGS, json={"name": "a"})
    stored.post(THINGS, json={"name": "a"})
    assert things(counter_database) == 2


def test_a_refused_request_may_be_sent_again_with_its_key(
    stored: FlaskClient, counter_database: Database
) -> None:
    assert stored.post(THINGS, json={"name": "refused"}, headers=KEY).status_code == 409
    assert things(counter_database) == 0
    assert stored.post(THINGS, json={"name": "a"}, headers=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", "a" * 201, "with space", "é"])
def test_a_strange_key_is_refused(stored: FlaskClient, key: str) -> None:
    headers = {"Idempotency-Key": key.encode().decode("latin-1")}
    assert stored.post(THINGS, json={"name": "a"}, headers=headers).status_code == 422


def test_twenty_at_once_make_one_thing(session_keys: None, counter_database: Database) -> None:
    app = fakes.make_app(counter_database)
    token = fakes.token()
    barrier = Barrier(20)

    def send() -> tuple[int, bytes]:
        barrier.wait()
        response = app.test_client().post(
            THINGS, json={"name": "a"}, headers={**KEY, "Authorization": f"Bearer {token}"}
        )
        return response.status_code, response.data

    with ThreadPoolExecutor(20) as pool:
        answers = {future.result() for future in [pool.submit(send) for _ in range(20)]}
    assert len(answers) == 1
    assert things(counter_database) == 1


def test_a_form_sent_twice_counts_once(stored: FlaskClient, counter_database: Database) -> None:
    for _ in range(2):
        response = stored.post("/counter/notes", data={"name": "a", "idempotency_key": "form-1"})
        assert response.get_data(as_text=True) == "noted by Y. Benjelloun"
    assert things(counter_database) == 1


def test_a_form_with_the_same_key_and_another_wish_is_refused(
    stored: FlaskClient, counter_database: Database
) -> None:
    stored.post("/counter/notes", data={"name": "a", "idempotency_key": "form-3"})
    other = stored.post("/counter/notes", data={"name": "b", "idempotency_key": "form-3"})
    assert other.status_code == 422
    assert things(counter_database) == 1


def test_a_form_may_show_its_error_after_the_database_refused(
    stored: FlaskClient, counter_database: Database
) -> None:
    response = stored.post("/counter/careful-notes", data={"idempotency_key": "form-2"})
    assert (response.status_code, response.get_data(as_text=True)) == (422, "0 left")
    assert things(counter_database) == 0
