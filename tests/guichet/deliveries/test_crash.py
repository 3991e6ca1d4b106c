"""The sender killed between sending a dossier and writing that down: a real process, real servers."""

import email
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from deploy.local.standins.agency import AgencyServer
from services.guichet.channels.dispatch import Dispatcher
from services.guichet.channels.settings import ChannelSettings
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.deliveries.conftest import SECRET, Mails, Through
from tests.support.databases import TestDatabases

ROOT = Path(__file__).resolve().parents[3]
Found = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.mark.parametrize("channel", ["mailbox", "api"])
def test_a_dossier_whose_sender_is_killed_after_sending_arrives_and_is_recorded_once(
    databases: TestDatabases,
    counter: Database,
    manager: Caller,
    settings: ChannelSettings,
    mails: Mails,
    agency: AgencyServer,
    through: Through,
    delivery: Found,
    channel: str,
) -> None:
    request = through(channel)
    killed = subprocess.run(
        [sys.executable, "-m", "tests.guichet.deliveries.sender"],
        cwd=ROOT,
        env={
            **os.environ,
            "GUICHET_DATABASE_URL": databases.url("guichet"),
            "SMTP_PORT": str(mails.port),
            "AGENCY_SECRETS": f"ompic:{SECRET}",
            "AGENCY_REDIRECT": settings.agency.redirect,
            "CRASH_POINT": "dossier_sent",
        },
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert len(mails.kept) + len(agency.records.listed({})) == 1
    assert delivery(request)["state"] == "due"

    successor = Dispatcher(counter, replace(settings, lease=timedelta(seconds=60)))
    successor.deliver()
    assert delivery(request)["attempts"] == 0, "the lease of the one that died holds"
    with counter.transaction() as session:
        session.execute(text("UPDATE deliveries SET leased_until = now()"))
    successor.deliver()
    sent = delivery(request)
    assert (sent["state"], sent["attempts"], sent["in_doubt"]) == ("sent", 1, False)
    if channel == "api":
        assert agency.attempts == 2
        assert len(agency.records.listed({})) == 1
    else:
        identities = [email.message_from_bytes(raw)["Message-ID"] for raw in mails.kept]
        assert len(identities) == 2
        assert len(set(identities)) == 1
    successor.deliver()
    answer = {"kind": "completed", "reference": "CN-1"}
    for _ in range(2):
        assert manager.post(f"/deliveries/{sent['id']}/answer", answer).status_code == 200
    done = manager.get(f"/requests/{request['id']}").get_json()
    assert [line["action"] for line in done["history"]].count("complete") == 1
