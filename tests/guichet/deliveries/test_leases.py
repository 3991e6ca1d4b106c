"""One dossier, one sender at a time: whatever takes long, and whoever presses a button meanwhile."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from services.guichet.channels import Dossier, Outcome, dispatch
from services.guichet.channels.dispatch import Dispatcher
from services.guichet.channels.settings import ChannelSettings
from services.guichet.domain.deliveries import DeliveryState, Verdict
from services.guichet.storage import deliveries
from shared.clock import now
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.deliveries.conftest import Mails, Through
from tests.guichet.deliveries.test_api_channel import TOLD, call
from tests.guichet.deliveries.test_courier import BORDEREAUX, Clerk

Found = Callable[[dict[str, Any]], dict[str, Any]]


class Told:
    """A channel that does what a test has it do while a dossier is being sent."""

    def __init__(self, outcome: Outcome, meanwhile: Callable[[str], None]) -> None:
        self.keys: list[str] = []
        self._outcome = outcome
        self._meanwhile = meanwhile

    def send(self, dossier: Dossier, *, agency: str, address: str, deadline: float | None = None) -> Outcome:
        assert deadline is not None
        assert deadline > time.monotonic()
        self.keys.append(dossier.key)
        self._meanwhile(dossier.key)
        return self._outcome

    def ask(self, key: str, *, agency: str, address: str) -> Outcome:
        return Outcome(Verdict.ACCEPTED)


def test_a_slow_mail_server_does_not_have_two_workers_send_one_dossier(
    counter: Database, through: Through, settings: ChannelSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        through("mailbox")
    brief = replace(settings, lease=timedelta(seconds=20))
    later = timedelta(0)
    monkeypatch.setattr(dispatch, "now", lambda: now() + later)
    quick = Told(Outcome(Verdict.ACCEPTED), lambda _: None)
    colleague = Dispatcher(counter, brief, channels={"mailbox": quick})

    def fifteen_seconds_later(_: str) -> None:
        nonlocal later
        later += timedelta(seconds=15)
        if len(slow.keys) == 2:
            colleague.deliver()

    slow = Told(Outcome(Verdict.ACCEPTED), fifteen_seconds_later)
    Dispatcher(counter, brief, channels={"mailbox": slow}).deliver()
    assert len(quick.keys + slow.keys) == 3 == len({*quick.keys, *slow.keys})


def test_nothing_is_mailed_whose_answer_could_come_after_the_lease(
    counter: Database, through: Through, settings: ChannelSettings, mails: Mails, delivery: Found
) -> None:
    request = through("mailbox")
    Dispatcher(counter, replace(settings, lease=timedelta(seconds=2))).deliver()
    assert mails.kept == []
    assert "lease is too short" in delivery(request)["last_error"]
    Dispatcher(counter, settings).deliver()
    assert len(mails.kept) == 1


def taken(counter: Database) -> str | None:
    with counter.transaction() as session:
        found = deliveries.take_due(
            session, state=DeliveryState.DUE, due_by=now(), now=now(), lease=timedelta(minutes=2)
        )
    return str(found.id) if found else None


def test_sending_now_what_is_being_sent_sends_nothing_twice(
    manager: Caller, counter: Database, through: Through, delivery: Found
) -> None:
    request = through("mailbox")
    key = taken(counter)
    assert key == delivery(request)["id"]
    assert manager.post(f"/deliveries/{key}/retry").status_code == 204
    assert taken(counter) is None
    # When its sender has died it is found again, and in doubt.
    with counter.transaction() as session:
        session.execute(text("UPDATE deliveries SET leased_until = now() - interval '1 second', doubts = 2"))
    assert manager.post(f"/deliveries/{key}/retry").status_code == 204
    assert taken(counter) == key
    assert delivery(request)["in_doubt"]
    with counter.read() as session:
        assert session.scalar(text("SELECT doubts FROM deliveries")) == 2


def test_a_call_that_is_refused_leaves_the_sender_at_work(
    app: Flask, counter: Database, through: Through, delivery: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENCY_SECRETS", TOLD)
    request = through("api")
    key = taken(counter)
    unknown = {"key": key, "status": "returned", "items": [{"document": "unheard_of", "copies": 1}]}
    assert call(app, unknown).status_code == 422
    assert delivery(request)["last_error"]
    assert taken(counter) is None


def test_a_doubt_does_not_undo_what_the_agency_said_meanwhile(
    app: Flask,
    counter: Database,
    through: Through,
    settings: ChannelSettings,
    delivery: Found,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AGENCY_SECRETS", TOLD)
    request = through("api")

    def called_back(key: str) -> None:
        assert call(app, {"key": key, "status": "accepted"}).status_code == 204

    silent = Told(Outcome(Verdict.DOUBTFUL, "no answer in time"), called_back)
    Dispatcher(counter, settings, channels={"api": silent}).deliver()
    assert delivery(request)["state"] == "sent"


def test_a_scanner_finds_a_dossier_however_many_are_open(
    manager: Caller, counter: Database, through: Through, delivery: Found
) -> None:
    request = through("courier")
    with counter.transaction() as session:
        session.execute(
            text(
                """
                WITH copies AS (
                    INSERT INTO requests SELECT (jsonb_populate_record(r, jsonb_build_object(
                        'id', gen_random_uuid(), 'number', 'CAS-2026-9' || n, 'serial', 900000 + n,
                        'tracking_sha256', encode(sha256(n::text::bytea), 'hex')))).*
                      FROM requests r, generate_series(1, 501) n RETURNING id
                )
                INSERT INTO deliveries SELECT (jsonb_populate_record(d, jsonb_build_object(
                    'id', gen_random_uuid(), 'request_id', copies.id))).* FROM deliveries d, copies
                """
            )
        )
        session.execute(
            text(
                "UPDATE deliveries SET id = '00000000-0000-7000-8000-000000000000'"
                " WHERE request_id = :request"
            ),
            {"request": request["id"]},
        )
    opened = Clerk(manager).open(f"{BORDEREAUX}?code={request['number']}")
    assert opened.headers["Location"] == "/guichet/deliveries/00000000-0000-7000-8000-000000000000"
