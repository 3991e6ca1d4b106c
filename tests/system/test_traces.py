"""One trace from a click to the mail server, and nobody's name in it."""

from collections.abc import Callable

import httpx

from deploy.local.stack import Stack
from shared.settings import SERVICES
from tests.guichet.factories import ANSWERS, CERTIFICATE
from tests.support import http
from tests.support.broker import eventually
from tests.support.collector import Collector, Received
from tests.support.people import named_in, personal

API = "/guichet/api/v1"
EMAIL, PHONE = "ghita@trace.example", "+212661234542"
GIVEN = "desk-2-morning-0042"


def test_one_trace_leads_from_the_request_through_relay_and_workers_to_mail_server_and_gateway(
    stack: Stack, token_of: Callable[[str], str], traces: Collector
) -> None:
    with http.client(
        base_url=f"{stack.addresses.web_url}{API}",
        headers={"Authorization": f"Bearer {token_of('operator')}"},
        timeout=60,
    ) as clerk:
        contact = {
            "name": "Ghita Benkirane",
            "role": "gérante",
            "language": "fr",
            "email": EMAIL,
            "phone": PHONE,
        }
        startup = {"legal_name": "Tracé Océan", "site": "casablanca", "resident": True, "contacts": [contact]}
        of = clerk.post("/startups", json=startup).raise_for_status().json()["id"]
        filing = {"startup_id": of, "procedure": CERTIFICATE, "site": "casablanca"}
        filed = clerk.post(
            "/requests", json={**filing, "answers": ANSWERS[CERTIFICATE]}, headers={"X-Correlation-ID": GIVEN}
        ).raise_for_status()
        clerk.post(f"/requests/{filed.json()['id']}/start", json={}).raise_for_status()
        done = clerk.post(f"/requests/{filed.json()['id']}/complete", json={}).raise_for_status()

    def trace(correlation_id: str) -> list[Received]:
        known = list(traces.spans)
        ids = {span.trace for span in known if span.attributes.get("correlation_id") == correlation_id}
        return [span for span in known if span.trace in ids]

    def has(answer: httpx.Response, *names: str) -> Callable[[], bool]:
        return lambda: {*names} <= {span.name for span in trace(answer.headers["X-Correlation-ID"])}

    submitted = "guichet.request_submitted.v1"
    sent = ("send email", "send sms", "publish notifications.message_delivered.v1")
    eventually(
        has(filed, f"POST {API}/requests", f"publish {submitted}", f"handle {submitted}", *sent),
        seconds=30,
        what=lambda: f"the whole trace, not only {trace(filed.headers['X-Correlation-ID'])}",
    )
    completed = "guichet.request_completed.v1"
    eventually(has(done, f"handle {completed}", *sent), seconds=30, what="the trace of the completion")
    relay = "+".join(SERVICES)
    everybody = {"local-web", f"{relay}-relay", "notifications-worker", "billing-worker"}
    eventually(
        lambda: everybody <= {span.process for span in trace(done.headers["X-Correlation-ID"])},
        seconds=30,
        what="spans of four processes",
    )
    spans = trace(done.headers["X-Correlation-ID"])
    assert len({span.trace for span in spans}) == 1
    known = {span.id for span in spans}
    (first,) = [span for span in spans if not span.parent]
    assert first.name == f"POST {API}/requests/<uuid:request_id>/complete"
    assert all(span.parent in known for span in spans if span is not first)
    assert [span.failed for span in spans if span.failed] == []
    # A batch is of many traces: it has its own, which names them.
    assert any(first.trace in span.links for span in traces.spans if span.name == "handle batch")

    # What the caller chose goes the same way, where no traces are kept: into the mail and to the gateway.
    assert filed.headers["X-Correlation-ID"] == GIVEN
    of_done = done.headers["X-Correlation-ID"]
    mails = http.get(f"{stack.addresses.mail_url}/messages", params={"to": EMAIL}).json()
    assert [mail["headers"]["X-Correlation-ID"] for mail in mails] == [GIVEN, of_done]
    texts = http.get(f"{stack.addresses.sms_url}/sms", params={"to": PHONE}).json()
    assert [sms["correlation_id"] for sms in texts] == [GIVEN, of_done]


def test_no_span_of_all_these_tests_names_anybody(stack: Stack, traces: Collector) -> None:
    values = personal(stack.addresses.database_url(service) for service in SERVICES)
    assert {"Ghita Benkirane", EMAIL, PHONE, "Tracé Océan"} <= values
    assert named_in("\n".join(traces.raw), values) == set()
