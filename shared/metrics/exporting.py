"""The page Prometheus reads: ``METRICS_ADDRESS``, a port of its own that no proxy leads to.

The one place that loads prometheus_client, and only when that address is set (4 MB a process).
"""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from shared import metrics
from shared.logging import get_logger
from shared.settings import BadSetting

if TYPE_CHECKING:
    from prometheus_client import Metric

log = get_logger()

RETRY_SECONDS = 2.0


def serve(*, processes: int = 1) -> None:
    """Count, and tell what was counted, from now on; without ``METRICS_ADDRESS`` do nothing.

    Several web processes share the setting: each takes one of as many ports, the first of which is named. One
    that replaces another may find them taken until the other is gone, so it tries again.

    Raises:
        BadSetting: the address is no host and port.
    """
    address = os.environ.get("METRICS_ADDRESS", "")
    if not address:
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise BadSetting(f"METRICS_ADDRESS is host:port, such as 127.0.0.1:9100, not {address!r}")
    metrics.switch_on()
    ports = range(int(port), int(port) + processes)
    threading.Thread(target=_listen, args=(host, ports), name="metrics", daemon=True).start()


def _listen(host: str, ports: Sequence[int]) -> None:
    from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

    registry = CollectorRegistry()
    registry.register(Declared())
    ProcessCollector(registry=registry)
    told = False
    while True:
        for port in ports:
            try:
                start_http_server(port, addr=host, registry=registry)
            except OSError as error:
                if not told:
                    log.warning("metrics_port_taken", port=port, error=str(error))
            else:
                log.info("metrics_served", port=port)
                return
        told = True
        time.sleep(RETRY_SECONDS)


class Declared:
    """Every declared instrument, as prometheus_client writes it."""

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        for one in list(metrics.DECLARED.values()):
            if isinstance(one, metrics.Counter):
                counter = CounterMetricFamily(one.name, one.meaning, labels=one.labels)
                for labels, value in one.told().items():
                    counter.add_metric(labels, value)
                yield counter
            elif isinstance(one, metrics.Gauge):
                gauge = GaugeMetricFamily(one.name, one.meaning, labels=one.labels)
                for labels, value in one.told().items():
                    gauge.add_metric(labels, value)
                yield gauge
            elif isinstance(one, metrics.Histogram):
                histogram = HistogramMetricFamily(one.name, one.meaning, labels=one.labels)
                for labels, measured in one.told().items():
                    histogram.add_metric(labels, _cumulated(one.bounds, measured), sum_value=measured[-1])
                yield histogram


def _cumulated(bounds: Sequence[float], measured: Sequence[float]) -> list[tuple[str, float]]:
    so_far, buckets = 0.0, []
    for bound, count in zip((*map(str, bounds), "+Inf"), measured, strict=False):
        so_far += count
        buckets.append((bound, so_far))
    return buckets
