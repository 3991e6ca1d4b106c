"""Whatever is sent to the running product, it answers 4xx in words, and stores nothing by halves."""

import json
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest

from deploy.local.stack import Stack
from shared.settings import SERVICES
from tests.support import http

STARTUPS = "/guichet/api/v1/startups"
REQUESTS = "/guichet/api/v1/requests"
BOOKINGS = "/booking/api/v1/bookings"
NOBODY = "00000000-0000-7000-8000-000000000000"
STARTUP = {"legal_name": "Argan Santé", "site": "casablanca", "resident": True, "contacts": []}
REQUEST = {"startup_id": NOBODY, "procedure": "ompic.certificat-negatif", "site": "casablanca", "answers": {}}
BOOKING = {
    "space": "casablanca-atlas",
    "title": "Comité",
    "starts_at": "2027-03-02T10:00",
    "ends_at": "2027-03-02T11:00",
}


@pytest.fixture
def api(stack: Stack, token_of: Callable[[str], str]) -> httpx.Client:
    """The API, as the operator of every site, in French."""
    return http.client(
        base_url=stack.addresses.web_url,
        headers={"Authorization": f"Bearer {token_of('operator')}", "Accept-Language": "fr"},
        timeout=60,
    )


def refused(answer: httpx.Response, *statuses: int) -> dict[str, str]:
    assert answer.status_code in statuses, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["detail"]
    return {error["field"]: error["detail"] for error in problem.get("errors", [])}


@pytest.mark.parametrize("service", SERVICES)
def test_no_generated_request_is_a_server_error(
    stack: Stack, token_of: Callable[[str], str], service: str
) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run"),
            f"{stack.addresses.web_url}/{service}/api/v1/openapi.json",
            *("--checks", "not_a_server_error,response_schema_conformance,content_type_conformance"),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", "3", "--workers", "1"),
            *("--request-timeout", "30", "--generation-database", "none", "--no-color"),
            # A generated sign-out or wrong password would only exercise the limit on sign-ins; what is
            # retired, the tests after this one could not file.
            *("--exclude-path-regex", "/(session|retire)$"),
            *("--header", f"Authorization: Bearer {token_of('operator')}"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (STARTUPS, {**STARTUP, "ice": "12345678901234"}, "ice"),
        (STARTUPS, {**STARTUP, "site": "atlantide"}, "site"),
        (STARTUPS, {**STARTUP, "legal_name": ""}, "legal_name"),
        (STARTUPS, {**STARTUP, "legal_name": "a\x00b"}, "legal_name"),
        (STARTUPS, {**STARTUP, "surprise": 1}, "surprise"),
        (STARTUPS, {**STARTUP, "resident": "oui"}, "resident"),
        (REQUESTS, {**REQUEST, "site": "atlantide"}, "site"),
        (REQUESTS, REQUEST, "startup_id"),
        (REQUESTS, {**REQUEST, "startup_id": 12}, "startup_id"),
        (BOOKINGS, {**BOOKING, "space": "atlantide"}, "space"),
        (BOOKINGS, {**BOOKING, "startup_id": NOBODY}, "startup_id"),
        (BOOKINGS, {**BOOKING, "starts_at": "2027-02-30T10:00"}, "starts_at"),
        (BOOKINGS, {**BOOKING, "ends_at": "99999-01-01T00:00"}, "ends_at"),
        (BOOKINGS, {**BOOKING, "title": 7}, "title"),
    ],
)
def test_a_wrong_field_is_named(api: httpx.Client, path: str, body: dict[str, object], field: str) -> None:
    before = api.get(path).json()["items"]
    faults = refused(api.post(path, json=body), 404, 422)
    assert any(named.split("[")[0].split(".")[0] == field for named in faults), faults
    assert api.get(path).json()["items"] == before


@pytest.mark.parametrize("path", [STARTUPS, REQUESTS, BOOKINGS])
def test_what_is_no_json_object_is_refused(api: httpx.Client, path: str) -> None:
    as_json = {"Content-Type": "application/json"}
    refused(api.post(path, content=b"{", headers=as_json), 400)
    refused(api.post(path, content=b'{"legal_name": "\xff"}', headers=as_json), 400)
    refused(api.post(path, content=b"[1]", headers=as_json), 422)
    refused(api.post(path, content=b"a=1", headers={"Content-Type": "text/plain"}), 415)


def test_twenty_megabytes_are_refused_at_once(api: httpx.Client) -> None:
    body = json.dumps({**STARTUP, "legal_name": "a" * 20_000_000}).encode()
    refused(api.post(STARTUPS, content=body, headers={"Content-Type": "application/json"}), 413)
    assert api.get("/guichet/health/ready").status_code == 200


def test_sql_in_a_name_is_a_name(api: httpx.Client) -> None:
    name = "Robert'); DROP TABLE startups;--"
    created = api.post(STARTUPS, json={**STARTUP, "legal_name": name})
    assert created.status_code == 201
    assert api.get(f"{STARTUPS}/{created.json()['id']}").json()["legal_name"] == name
    assert api.get(STARTUPS, params={"search": "' OR 1=1 --%_"}).status_code == 200


def test_the_same_key_twice_files_once(api: httpx.Client) -> None:
    startup = api.post(STARTUPS, json=STARTUP).json()["id"]
    body = {
        **REQUEST,
        "startup_id": startup,
        "answers": {"name_1": "Argan", "identity_document": "cnie", "cnie": "BK123456"},
    }
    key = {"Idempotency-Key": f"file-{startup}"}
    first, second = (api.post(REQUESTS, json=body, headers=key) for _ in range(2))
    assert first.status_code == 201, first.text
    assert (second.status_code, second.content) == (201, first.content)
    other = {**body, "answers": {**body["answers"], "name_1": "Autre"}}
    assert "Idempotency-Key" in refused(api.post(REQUESTS, json=other, headers=key), 422)
    found = api.get(REQUESTS, params={"search": first.json()["number"]}).json()["items"]
    assert len(found) == 1


def test_an_unknown_procedure_is_named(api: httpx.Client) -> None:
    startup = api.post(STARTUPS, json=STARTUP).json()["id"]
    body = {**REQUEST, "startup_id": startup, "procedure": "ompic.nothing"}
    assert "procedure" in refused(api.post(REQUESTS, json=body), 404, 422)


def test_a_stranger_reads_nothing(stack: Stack) -> None:
    with http.client(base_url=stack.addresses.web_url, timeout=60) as stranger:
        for service in SERVICES:
            paths = stranger.get(f"/{service}/api/v1/openapi.json").json()["paths"]
            lists = [path for path, methods in paths.items() if "get" in methods and "{" not in path]
            assert lists
            for path in lists:
                refused(stranger.get(path), 401, 422)
