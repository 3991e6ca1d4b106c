"""Relay the outbox of one or more services: ``python -m shared.messaging.run_relay billing``.

In production each service has its own process; a small machine may run several in one, a
thread and its connections each.
"""

import shared.starting  # noqa: F401, I001 - it must precede every other import

import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from shared import heartbeat, tracing
from shared.logging import configure, get_logger
from shared.messaging import metrics
from shared.messaging.relay import Relay
from shared.messaging.watching import Watch
from shared.metrics import switched_on
from shared.metrics.exporting import serve
from shared.metrics.readings import readings_of
from shared.settings import ServiceSettings, load_folder, service_name
from shared.settling import settle

log = get_logger()

LONGEST_TURN_SECONDS = 90.0


def run(services: Sequence[str]) -> None:
    """Run until SIGTERM or SIGINT; the batches at hand are confirmed and marked first.

    A relay that ends by itself takes the process with it: half of them running would look well.
    """
    load_folder()
    configure("+".join(services), "relay")
    tracing.start("+".join(services), "relay")
    serve()
    relays = [Relay(ServiceSettings.load(service)) for service in services]
    threads = [
        threading.Thread(target=relay.run, name=f"relay-{service}")
        for relay, service in zip(relays, services, strict=True)
    ]

    watches = [
        Watch(
            ServiceSettings.load(service),
            alive=partial(_turns, relay),
            leads=partial(_leads, relay),
            readings=metrics.READINGS + readings_of(service) if switched_on() else (),
        )
        for relay, service in zip(relays, services, strict=True)
    ]
    # Daemons: a look at a broker that does not answer must not delay the end.
    watching = [
        threading.Thread(target=watch.run, name=f"watch-{service}", daemon=True)
        for watch, service in zip(watches, services, strict=True)
    ]

    # A handler runs in the middle of whatever the main thread does, another handler included: whatever took
    # a lock there, the next signal would wait for it for ever. So it leaves word, in a queue that bears that.
    told_to_stop: SimpleQueue[int] = SimpleQueue()

    def leave_word(signum: int, _frame: Any) -> None:
        told_to_stop.put(signum)

    signal.signal(signal.SIGTERM, leave_word)
    signal.signal(signal.SIGINT, leave_word)
    settle()
    for thread in (*threads, *watching):
        thread.start()
    log.info("relay_started", services=list(services))
    died = True
    while died and all(thread.is_alive() for thread in threads):
        if all(map(_turns, relays)):
            heartbeat.beat()
        with suppress(Empty):
            told_to_stop.get(timeout=heartbeat.EVERY_SECONDS)
            died = False
    for relay in relays:
        relay.stop()
    for watch in watches:
        watch.stop()
    for thread in threads:
        thread.join()
    tracing.stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Once more and too late: the interpreter, which puts handlers away first, would end by it.
        signal.signal(number, signal.SIG_IGN)
    if died:
        log.error("relay_died")
        raise SystemExit(1)
    log.info("relay_stopped")


def _turns(relay: Relay) -> bool:
    return relay.silent_seconds < LONGEST_TURN_SECONDS


def _leads(relay: Relay) -> bool:
    return relay.leads


if __name__ == "__main__":
    run(sys.argv[1:] or [service_name(())])
