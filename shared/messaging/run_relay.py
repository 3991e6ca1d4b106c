"""Relay the outbox of one or more services: ``python -m shared.messaging.run_relay billing``.

In production each service has its own process; a small machine may run several in one, a
thread and its connections each.
"""

import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

from shared.logging import configure, get_logger
from shared.messaging.relay import Relay
from shared.settings import ServiceSettings

log = get_logger()


def run(services: Sequence[str]) -> None:
    """Run until SIGTERM or SIGINT; the batches at hand are confirmed and marked first."""
    configure("+".join(services), "relay")
    relays = [Relay(ServiceSettings.load(service)) for service in services]
    threads = [
        threading.Thread(target=relay.run, name=f"relay-{service}")
        for relay, service in zip(relays, services, strict=True)
    ]

    def stop(_signum: int, _frame: Any) -> None:
        for relay in relays:
            relay.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for thread in threads:
        thread.start()
    log.info("relay_started", services=list(services))
    for thread in threads:
        thread.join()
    log.info("relay_stopped")


if __name__ == "__main__":
    run(sys.argv[1:])
