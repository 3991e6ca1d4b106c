"""What processes count, how Prometheus reads it, and that it costs nothing unasked."""

import subprocess
import sys
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Thread

import psycopg
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.processes import free_port
from shared import metrics
from shared.db import Database, uuid7
from shared.messaging import metrics as kernel
from shared.messaging.batches import Outcome
from shared.messaging.envelope import Envelope
from shared.messaging.publisher import Outcome as Confirms
from shared.metrics import exporting
from shared.metrics.readings import Reader, Reading, readings_of
from shared.settings import SERVICES, BadSetting, libpq_url
from tests.support.broker import eventually

TYPE = "guichet.request_submitted.v1"


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switched on, with nothing counted yet and nothing left behind."""
    monkeypatch.setitem(metrics._switch, "on", True)
    for one in metrics.DECLARED.values():
        for kept in ("_counted", "_measured", "_seen"):
            if hasattr(one, kept):
                monkeypatch.setattr(one, kept, {})
    monkeypatch.setattr(metrics, "DECLARED", dict(metrics.DECLARED))


def page() -> dict[str, float]:
    """What Prometheus reads: ``name{label=value,…}`` → figure, labels in the order of the alphabet."""
    registry = CollectorRegistry()
    registry.register(exporting.Declared())
    found = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def envelope(event_type: str = TYPE, *, age: float = 0.0) -> Envelope:
    at = datetime.now(UTC) - timedelta(seconds=age)
    return Envelope(uuid7(), event_type, "/guichet", "1", at, {}, "a correlation id")


def test_unasked_nothing_is_counted_and_the_library_is_not_loaded() -> None:
    code = (
        "import sys; from shared.messaging import metrics; from shared.metrics.exporting import serve\n"
        "serve(); metrics.HELD.add('guichet', 'refused')\n"
        "assert not metrics.HELD.told() and 'prometheus_client' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.usefixtures("counting")
def test_counts_and_durations_are_told_as_prometheus_expects_them() -> None:
    kernel.HELD.add("guichet", "refused", n=3)
    kernel.ATTEMPT_SECONDS.observe_all([0.01, 0.02, 700], "guichet", "smtp")
    found = page()
    assert found["guichet_events_held_total{reason=refused,service=guichet}"] == 3
    of = "guichet_sender_attempt_seconds"
    for bound, within in {"0.01": 1, "0.025": 2, "30.0": 2, "+Inf": 3}.items():
        assert found[f"{of}_bucket{{le={bound},provider=smtp,service=guichet}}"] == within
    assert found[f"{of}_count{{provider=smtp,service=guichet}}"] == 3
    assert found[f"{of}_sum{{provider=smtp,service=guichet}}"] == pytest.approx(700.03)


@pytest.mark.usefixtures("counting")
def test_threads_counting_at_once_lose_nothing() -> None:
    def count() -> None:
        for _ in range(2_000):
            kernel.HELD.add("guichet", "refused")

    threads = [Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kernel.HELD.told() == {("guichet", "refused"): 16_000}


@pytest.mark.usefixtures("counting")
def test_more_series_than_prometheus_should_hold_become_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MOST_SERIES", 2)
    for reason in ("a", "b", "c", "d"):
        kernel.HELD.add("guichet", reason)
    assert kernel.HELD.told() == {("guichet", "a"): 1, ("guichet", "b"): 1, ("other", "other"): 2}


@pytest.mark.usefixtures("counting")
def test_a_figure_nobody_reads_any_more_is_not_told() -> None:
    kernel.LEADS.set(1, "billing", lasts=-1)
    kernel.LEADS.set(1, "guichet")
    assert kernel.LEADS.told() == {("guichet",): 1}


@pytest.mark.usefixtures("counting")
def test_a_name_or_a_label_too_many_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        metrics.Counter("guichet_events_held_total", "the same again")
    with pytest.raises(ValueError, match="has the labels service, reason"):
        kernel.HELD.add("guichet")


@pytest.mark.usefixtures("counting")
def test_a_batch_tells_of_each_type_how_late_it_was_and_what_became_of_it() -> None:
    outcome = Outcome(
        taken=[envelope(age=2), envelope(age=7), envelope("guichet.startup_changed.v1", age=-5)],
        known=[envelope()],
        set_aside=[envelope("made.up.v1"), envelope()],
        undecodable=[4],
    )
    kernel.count_batch("billing", {TYPE, "guichet.startup_changed.v1"}, outcome)
    assert kernel.CONSUMED.told() == {
        ("billing", TYPE, "handled"): 2,
        ("billing", "guichet.startup_changed.v1", "handled"): 1,
        ("billing", TYPE, "duplicate"): 1,
        ("billing", TYPE, "parked"): 1,
        ("billing", "unknown", "parked"): 1,
        ("billing", "unknown", "undecodable"): 1,
    }
    late = kernel.DELAY.told()
    assert late["billing", TYPE][-1] == pytest.approx(9, abs=0.5)
    assert late["billing", "guichet.startup_changed.v1"][-1] == 0


@pytest.mark.usefixtures("counting")
def test_published_events_are_counted_when_the_broker_has_confirmed_them() -> None:
    rows = [(7, TYPE, b"", True), (8, TYPE, b"", True), (9, "guichet.ticket_near.v1", b"", True)]
    kernel.count_published("guichet", rows, Confirms(confirmed=[7, 8], unroutable=[9]))
    assert kernel.PUBLISHED.told() == {("guichet", TYPE): 2}
    assert kernel.HELD.told() == {("guichet", "unroutable"): 1}


@pytest.mark.usefixtures("counting")
@pytest.mark.parametrize("service", SERVICES)
def test_every_figure_of_an_empty_database_is_nought_or_absent(
    service: str, database: Callable[[str], Database]
) -> None:
    url = libpq_url(database(service).engine.url.render_as_string(hide_password=False))
    readings = kernel.READINGS + readings_of(service)
    with psycopg.connect(url, autocommit=True) as connection:
        Reader(service, readings).read(connection)
    for reading in readings:
        for gauge in reading.gauges:
            assert set(gauge.told().values()) <= {0.0}
            assert gauge.told() or len(gauge.labels) > 1, gauge.name


@pytest.mark.usefixtures("counting")
def test_rows_become_labels_instants_become_ages_and_what_is_gone_is_forgotten(
    database: Callable[[str], Database],
) -> None:
    url = libpq_url(database("guichet").engine.url.render_as_string(hide_password=False))
    number = metrics.Gauge("guichet_test_number", "", ("service", "site"))
    age = metrics.Gauge("guichet_test_seconds", "", ("service", "site"))
    asked = Reading(
        "SELECT site, number, now() - ago FROM"
        " unnest(ARRAY['rabat', 'agadir'], ARRAY[3, 1], ARRAY[interval '2 min', '1 h'])"
        " AS t (site, number, ago)"
        " WHERE number > current_setting('guichet.more_than', true)::int",
        (number, age),
        every=0,
    )
    reader = Reader("guichet", [asked])
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET guichet.more_than = 0")
        reader.read(connection)
        assert number.told() == {("guichet", "rabat"): 3, ("guichet", "agadir"): 1}
        connection.execute("SET guichet.more_than = 1")
        reader.read(connection)
    assert number.told() == {("guichet", "rabat"): 3}
    assert age.told() == {("guichet", "rabat"): pytest.approx(120)}


@pytest.mark.usefixtures("counting")
def test_a_question_that_fails_harms_no_other(database: Callable[[str], Database]) -> None:
    url = libpq_url(database("guichet").engine.url.render_as_string(hide_password=False))
    broken = Reading("SELECT count(*) FROM no_such_table", (kernel.PARKED,))
    with psycopg.connect(url, autocommit=True) as connection:
        Reader("guichet", [broken, *kernel.READINGS]).read(connection)
    assert kernel.OUTBOX_EVENTS.told() == {("guichet",): 0}


@pytest.mark.usefixtures("counting")
def test_two_processes_with_one_setting_have_a_page_each(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("METRICS_ADDRESS", f"127.0.0.1:{port}")
    kernel.HELD.add("guichet", "refused")

    def told(at: int) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{at}/metrics", timeout=5) as answer:
                body = answer.read().decode()
        except OSError:
            return False
        return "guichet_events_held_total{" in body and "process_resident_memory_bytes" in body

    for at in (port, port + 1):
        exporting.serve(processes=2)
        eventually(partial(told, at), what=f"a page at port {at}")


@pytest.mark.parametrize("address", ["9100", "127.0.0.1:", "127.0.0.1:http"])
def test_an_address_that_is_none_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("METRICS_ADDRESS", address)
    with pytest.raises(BadSetting, match="METRICS_ADDRESS"):
        exporting.serve()
