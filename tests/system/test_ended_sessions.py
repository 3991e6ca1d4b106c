"""A blocked account, or one with another role, is out of every service within seconds."""

import re
import time
from collections.abc import Callable

import httpx
import pytest

from deploy.local.stack import Stack
from tests.support import http
from tests.support.broker import eventually

EMAIL, PASSWORD = "h.naciri@staff.example", "quatre mots sans rapport"
#: how long a block may take to be everywhere on a machine that runs other tests; by itself it takes three
WITHIN_SECONDS = 15.0
PAGES = ("/guichet/", "/booking/", "/notifications/", "/billing/")
CALLS = (
    "/guichet/api/v1/requests",
    "/booking/api/v1/bookings",
    "/notifications/api/v1/messages",
    "/billing/api/v1/invoices",
)
HTML = {"Accept": "text/html"}


@pytest.fixture
def operator(stack: Stack, token_of: Callable[[str], str]) -> httpx.Client:
    return http.client(
        base_url=stack.addresses.web_url,
        timeout=60,
        headers={"Authorization": f"Bearer {token_of('operator')}"},
    )


@pytest.fixture
def account(operator: httpx.Client) -> str:
    """The id of a new account, which works everywhere and has a password."""
    opened = operator.post(
        "/guichet/admin/staff",
        data={
            "email": EMAIL,
            "name": "Hanane Naciri",
            "language": "fr",
            "roles": "operator",
            "sites": ["casablanca", "rabat"],
        },
    )
    link = re.search(r"/guichet/password/[\w-]+", opened.text)
    assert link, opened.text
    http.post(f"{operator.base_url}{link[0]}", data={"password": PASSWORD, "again": PASSWORD}, timeout=60)
    listed = operator.get("/guichet/api/v1/accounts").json()["items"]
    return next(str(one["id"]) for one in listed if one["email"] == EMAIL)


def signed_in(operator: httpx.Client) -> str:
    given = {"email": EMAIL, "password": PASSWORD}
    answer = http.post(f"{operator.base_url}/guichet/api/v1/session", json=given, timeout=60)
    token: str = answer.raise_for_status().json()["token"]
    return token


def everywhere(operator: httpx.Client, token: str) -> list[int]:
    """What each page says to the cookie, and each interface to the token."""
    url = str(operator.base_url).rstrip("/")
    pages = [http.get(f"{url}{path}", headers=HTML, cookies={"gu_session": token}) for path in PAGES]
    calls = [http.get(f"{url}{path}", headers={"Authorization": f"Bearer {token}"}) for path in CALLS]
    assert all("&ended" in page.headers["Location"] for page in pages if page.status_code == 303)
    return [answer.status_code for answer in (*pages, *calls)]


def test_every_service_refuses_the_sessions_of_an_account_within_seconds_of_its_change_and_its_block(
    operator: httpx.Client, account: str
) -> None:
    before = signed_in(operator)
    assert everywhere(operator, before) == [200] * 8
    post = {"roles": ["billing_officer"], "sites": ["casablanca"], "agencies": [], "version": 1}
    for active in (True, False):
        answer = operator.put(f"/guichet/api/v1/accounts/{account}", json=post | {"active": active})
        assert answer.status_code == 200, answer.text
        changed_at = time.monotonic()
        refused = [303] * 4 + [401] * 4
        eventually(
            lambda: everywhere(operator, before) == refused,  # noqa: B023 - called at once
            seconds=WITHIN_SECONDS,
            what="every service to refuse",
        )
        print(f"refused everywhere after {time.monotonic() - changed_at:.1f} s")
        post["version"] = 2
        if active:
            before = signed_in(operator)
            assert everywhere(operator, before) == [200] * 8
            refused_role = http.get(
                f"{operator.base_url}/guichet/api/v1/accounts",
                headers={"Authorization": f"Bearer {before}"},
            )
            assert refused_role.status_code == 403
