"""Agencies to send dossiers to: a mail server and an online service on ports of their own."""

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from deploy.local.standins.agency import AgencyServer
from services.guichet.channels.agency_api import AgencySettings
from services.guichet.channels.dispatch import Dispatcher
from services.guichet.channels.settings import ChannelSettings
from services.guichet.domain.deliveries import Stubbornness
from shared.db import Database
from shared.mail import SmtpSettings
from tests.guichet.conftest import Caller
from tests.guichet.factories import ANSWERS, CERTIFICATE

SECRET = "a-secret-of-the-tests"
SECRETS = {"ompic": SECRET, "anapec": "another-agency-s"}
SITES = ("casablanca", "rabat", "tanger", "agadir")


class Mails:
    """Keeps what it receives; answers as told."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []
        self.answer = "250 kept"
        self.hang_up = False
        self.port = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.kept.append(bytes(envelope.content))
        if self.hang_up:
            server.transport.abort()
        return self.answer


@pytest.fixture
def mails() -> Iterator[Mails]:
    kept = Mails()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        kept.port = probe.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port, ready_timeout=10)
    controller.start()
    yield kept
    controller.stop()


@pytest.fixture
def agency(tmp_path: Path) -> Iterator[AgencyServer]:
    server = AgencyServer(tmp_path / "agency.jsonl", port=0, secrets=SECRETS, callback_url="")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(mails: Mails, agency: AgencyServer) -> ChannelSettings:
    return ChannelSettings(
        mail=SmtpSettings(port=mails.port, final_seconds=5.0),
        agency=AgencySettings(
            secrets=SECRETS, redirect=f"http://127.0.0.1:{agency.port}", answer_seconds=1.0
        ),
        stubbornness=Stubbornness(first_delay=timedelta(0), poll_every=timedelta(0)),
    )


@pytest.fixture
def dispatcher(counter: Database, settings: ChannelSettings) -> Dispatcher:
    return Dispatcher(counter, settings)


@pytest.fixture
def manager(caller: Callable[..., Caller]) -> Caller:
    return caller("site_manager", sites=SITES, name="S. El Amrani")


Through = Callable[[str], dict[str, Any]]


@pytest.fixture
def through(counter: Database, manager: Caller, altered_catalogue: None) -> Through:
    """File a certificate that goes to the agency through this channel."""
    startups: list[str] = []

    def file(channel: str) -> dict[str, Any]:
        if not startups:
            startups.append(str(manager.register()["id"]))
            with counter.transaction() as session:
                session.execute(
                    text("UPDATE desks SET open = false WHERE agency = 'ompic' AND code <> 'ompic-siege'")
                )
                session.execute(
                    text(
                        "UPDATE desks SET channel = :channel, address = :address WHERE code = 'ompic-siege'"
                    ),
                    {
                        "channel": channel,
                        "address": {
                            "mailbox": "depot@ompic.example",
                            "api": "https://ompic.example/ompic",
                        }.get(channel),
                    },
                )
                session.execute(text("UPDATE catalogue_revision SET revision = gen_random_uuid()"))
        filed = manager.file(startups[0], CERTIFICATE, ANSWERS[CERTIFICATE])
        assert filed["desk"] == "ompic-siege"
        return filed

    return file


@pytest.fixture
def delivery(manager: Caller) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The dossier of a request, as it stands."""

    def found(request: dict[str, Any]) -> dict[str, Any]:
        for state in ("", "answered", "cancelled"):
            query = {"state": state} if state else {}
            for one in manager.get("/deliveries", **query).get_json()["items"]:
                if one["number"] == request["number"]:
                    return one  # type: ignore[no-any-return]
        raise AssertionError("no dossier")

    return found
