"""Faults 8, 9, 11, 22 to 24: a server goes away, or an answer gets lost."""

import contextlib
import threading
from urllib.parse import urlsplit

import pytest
from sqlalchemy import exc, text

from shared.messaging.outbox import publish
from tests.faults.contracts import ThingHappened
from tests.faults.proxy import Proxy
from tests.support.broker import eventually


@pytest.fixture
def flowing(stack):
    """A stack in which events already flow."""
    stack.start_relay()
    stack.start_worker()
    stack.file(range(50))
    stack.has_effects(50)
    return stack


def test_broker_stopped_and_started(flowing):
    flowing.servers.stop_broker_app()
    flowing.file(range(50, 150))
    assert flowing.waiting() == 100
    flowing.servers.start_broker_app()
    flowing.ledger_balances()


def test_broker_killed_and_started(flowing):
    flowing.file(range(50, 150))
    flowing.servers.kill_broker()
    flowing.file(range(150, 250))
    flowing.servers.start_broker()
    flowing.ledger_balances()


def test_connection_cut_after_publishing_publishes_again_and_has_one_effect(stack):
    proxy = Proxy(urlsplit(stack.broker.admin_url).port)
    stack.start_worker()
    stack.start_relay(GUICHET_AMQP_URL=stack.through(proxy.port, stack.broker.url("guichet")))
    stack.file(range(5))
    stack.has_effects(5)
    proxy.cut_after(b"thing_happened")
    stack.file(range(5, 105))
    assert proxy.cut.wait(30), "no publishing was seen"
    stack.ledger_balances()
    proxy.close()


def test_postgresql_restarted_abruptly_under_load(flowing):
    stop = threading.Event()
    filed = [50]

    def keep_filing():
        while not stop.is_set():
            # The client of a dead server is told so, and goes on with the next number.
            with contextlib.suppress(exc.SQLAlchemyError):
                flowing.file(range(filed[0], filed[0] + 1))
            filed[0] += 1

    filing = threading.Thread(target=keep_filing)
    filing.start()
    eventually(lambda: filed[0] > 100, what="load before the restart")
    flowing.servers.restart_postgres("immediate")
    resumed = filed[0]
    eventually(lambda: filed[0] > resumed + 50, what="load after the restart")
    stop.set()
    filing.join()
    flowing.ledger_balances()


def test_connection_lost_during_commit_has_one_effect(stack):
    proxy = Proxy(urlsplit(stack.servers.pg_admin_url).port)
    url = stack.through(proxy.port, stack.environment()["BILLING_DATABASE_URL"])
    stack.start_relay()
    stack.start_worker(BILLING_DATABASE_URL=url)
    stack.file(range(5))
    stack.has_effects(5)
    proxy.cut_after(b"INSERT INTO effects")
    stack.file(range(5, 6))
    assert proxy.cut.wait(30)
    for number in range(6, 30):
        proxy.cut_after(b"COMMIT")
        stack.file(range(number, number + 1))
        assert proxy.cut.wait(30)
    stack.ledger_balances()
    proxy.close()


def test_transaction_that_commits_late_is_not_stepped_over(flowing):
    late = flowing.guichet.session()
    late.execute(text("INSERT INTO things VALUES (1000)"))
    # Draws its place in the outbox now and commits after others that come behind it.
    savepoint = late.begin_nested()
    publish(late, ThingHappened, subject="1000", data={"number": 1000, "group": "a"})
    savepoint.commit()
    flowing.file(range(50, 60))
    flowing.has_effects(60)
    late.commit()
    late.close()
    flowing.ledger_balances()
    assert flowing.effects()[-1] == 1000
