"""Many at the queue at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from flask import Flask
from sqlalchemy import text

from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.factories import CERTIFICATE
from tests.guichet.queue.steps import SITE, call, do, ticket, window


def test_numbers_have_no_gap_when_many_come_at_once(agent: Caller, app: Flask, counter: Database) -> None:
    def come(place: int) -> int:
        # Every third visitor turns round at the door: the request is refused after its number was taken.
        body = {"site": SITE, "line": "A"}
        if place % 3 == 0:
            body["procedure"] = CERTIFICATE
        client = Caller(app.test_client(), agent.headers["Authorization"].removeprefix("Bearer "))
        return int(client.post("/tickets", body).status_code)

    with ThreadPoolExecutor(8) as crowd:
        statuses = list(crowd.map(come, range(30)))
    assert sorted(statuses) == [201] * 20 + [422] * 10
    with counter.read() as session:
        serials = session.execute(text("SELECT serial FROM tickets ORDER BY serial")).scalars().all()
    assert serials == list(range(1, 21))


def test_windows_calling_at_once_never_call_the_same_visitor(
    caller: Callable[..., Caller], app: Flask
) -> None:
    officers = [caller(name=f"Officer {number}") for number in range(6)]
    places = [window(officer, str(number), "AB") for number, officer in enumerate(officers)]
    expected = {ticket(officers[0], line="AB"[number % 2])["number"] for number in range(24)}
    called: list[str] = []
    start = threading.Barrier(len(officers))

    def serve(officer: Caller, place: str) -> None:
        start.wait()
        while (one := call(officer, place)) is not None:
            called.append(one["number"])
            do(officer, one, "finish", outcome="resolved")

    with ThreadPoolExecutor(len(officers)) as house:
        for done in [house.submit(serve, *pair) for pair in zip(officers, places, strict=True)]:
            done.result()
    assert len(called) == len(set(called)) == 24
    assert set(called) == expected
