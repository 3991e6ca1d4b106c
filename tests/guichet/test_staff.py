"""The staff's accounts: who may change them, to what, and that it is written down."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.guichet.domain.staff import checked_post
from services.guichet.storage import accounts
from shared.db import Database
from shared.errors import InvalidFields
from tests.guichet.conftest import Caller
from tests.guichet.test_api_startups import fields, problem
from tests.guichet.test_pages import Browser

EMAIL, PASSWORD = "h.naciri@staff.example", "long enough a password"
OFFICER = {"roles": ["agency_officer"], "sites": ["casablanca"], "agencies": ["cimr"], "active": True}


@pytest.fixture
def account_id(counter: Database) -> str:
    """An officer at Casablanca, for every agency there."""
    with counter.transaction() as session:
        accounts.put(
            session,
            email=EMAIL,
            name="H. Naciri",
            password=PASSWORD,
            roles=("agency_officer",),
            sites=("casablanca",),
            language="fr",
        )
        return next(str(one.id) for one in accounts.every(session) if one.email == EMAIL)


@pytest.fixture
def operator(caller: Callable[..., Caller]) -> Caller:
    return caller("operator", name="H. Tazi")


@pytest.mark.parametrize(
    ("changes", "at_fault"),
    [
        ({}, set()),
        ({"agencies": ()}, set()),
        ({"roles": ("agent", "billing_officer"), "agencies": ()}, set()),
        ({"roles": ()}, {"roles", "agencies"}),
        ({"roles": ("agent",)}, {"agencies"}),
        ({"roles": ("agent", "agency_officer")}, {"agencies"}),
        ({"roles": ("chief",)}, {"roles", "agencies"}),
        ({"sites": ()}, {"sites"}),
        ({"sites": ("paris",)}, {"sites"}),
        ({"agencies": ("dgi",)}, {"agencies"}),
    ],
)
def test_only_an_officer_without_another_role_works_for_some_agencies_alone(
    changes: dict[str, Any], at_fault: set[str]
) -> None:
    known: dict[str, Any] = {"known_sites": ("casablanca", "rabat"), "known_agencies": ("ompic", "cimr")}
    try:
        checked_post(**{**OFFICER, **changes}, **known)
        found = set()
    except InvalidFields as error:
        found = {one.field for one in error.errors}
    assert found == at_fault


def test_a_post_is_written_down_in_the_catalogues_order_and_nothing_twice() -> None:
    post = checked_post(
        roles=["agency_officer", "agency_officer"],
        sites=["rabat", "casablanca"],
        agencies=["cimr", "ompic", "cimr"],
        active=True,
        known_sites=("casablanca", "rabat"),
        known_agencies=("ompic", "cimr"),
    )
    assert (post.roles, post.sites, post.agencies) == (
        ("agency_officer",),
        ("casablanca", "rabat"),
        ("ompic", "cimr"),
    )


def test_what_an_operator_changes_holds_from_the_next_sign_in_and_stands_in_the_record(
    app: Flask, operator: Caller, account_id: str
) -> None:
    changed = operator.put(f"/accounts/{account_id}", OFFICER | {"version": 1})
    assert changed.status_code == 200, changed.text
    told = changed.get_json()
    assert (told["agencies"], told["version"]) == (["cimr"], 2)
    ((line),) = told["changes"]
    assert (line["by"], line["changes"]) == ("H. Tazi", {"agencies": [[], ["cimr"]]})
    signed_in = app.test_client().post(
        "/guichet/api/v1/session", json={"email": EMAIL, "password": PASSWORD}
    ).get_json()  # fmt: skip
    assert signed_in["account"]["agencies"] == ["cimr"]
    mine = Caller(app.test_client(), signed_in["token"])
    assert mine.get("/requests").status_code == 200
    assert mine.client.get("/billing/", headers=mine.headers).status_code == 404  # another service's

    operator.put(f"/accounts/{account_id}", OFFICER | {"active": False, "version": 2})
    refused = app.test_client().post("/guichet/api/v1/session", json={"email": EMAIL, "password": PASSWORD})
    assert refused.status_code == 401


def test_a_session_of_before_a_change_is_not_renewed_and_the_next_one_works_for_the_agencies_of_the_account(
    app: Flask, operator: Caller, account_id: str
) -> None:
    browser = Browser(app.test_client())
    browser.get("/guichet/sign-in")
    browser.client.post("/guichet/sign-in", data={"email": EMAIL, "password": PASSWORD})
    assert "CNSS" in browser.get("/guichet/desks")
    operator.put(f"/accounts/{account_id}", OFFICER | {"version": 1})
    renewed = browser.client.post("/guichet/session/renewal", headers={"X-CSRF-Token": browser.csrf})
    assert renewed.status_code == 401
    assert "a changé" in renewed.get_json()["detail"]
    browser.client.delete_cookie("gu_session")
    browser.client.post("/guichet/sign-in", data={"email": EMAIL, "password": PASSWORD})
    desks = browser.get("/guichet/desks")
    assert "cimr-casablanca" in desks
    assert "cnss-casablanca" not in desks


def test_two_operators_do_not_overwrite_each_other(operator: Caller, account_id: str) -> None:
    path = f"/accounts/{account_id}"
    assert operator.put(path, OFFICER | {"version": 1}).status_code == 200
    refused = problem(operator.put(path, OFFICER | {"agencies": [], "version": 1}), 409)
    assert "H. Tazi changed this account" in refused["detail"]
    # The same once more is no change, and leaves no line.
    again = operator.put(path, OFFICER | {"version": 2}).get_json()
    assert (again["version"], len(again["changes"])) == (2, 1)


def test_the_record_is_only_added_to(operator: Caller, account_id: str, counter: Database) -> None:
    operator.put(f"/accounts/{account_id}", OFFICER | {"version": 1})
    for statement in ("DELETE FROM account_changes", "UPDATE account_changes SET actor_name = 'x'"):
        with pytest.raises(DBAPIError, match="only ever added to"), counter.transaction() as session:
            session.execute(text(statement))


def test_nobody_changes_the_own_account(app: Flask, counter: Database) -> None:
    operator = Browser(app.test_client())
    operator.sign_in("exploitation")
    with counter.read() as session:
        own = next(one for one in accounts.every(session) if one.email.startswith("exploitation@"))
    path = f"/guichet/admin/staff/{own.id}"
    page = operator.get(path)
    assert "Ce compte est le vôtre" in page
    assert "disabled" in page
    refused = operator.post(path, {"roles": "agent", "sites": "casablanca", "version": "1"})
    assert refused.status_code == 403
    assert "Ce compte est le vôtre" in refused.text


def test_only_operators_see_accounts(caller: Callable[..., Caller], account_id: str) -> None:
    for role in ("agent", "agency_officer", "billing_officer", "site_manager"):
        who = caller(role)
        problem(who.get("/accounts"), 403)
        problem(who.get(f"/accounts/{account_id}"), 403)
        problem(who.put(f"/accounts/{account_id}", OFFICER | {"version": 1}), 403)
        for path in ("/guichet/admin/staff", f"/guichet/admin/staff/{account_id}"):
            assert who.client.get(path, headers=who.headers).status_code == 403


def test_every_fault_of_an_account_is_named(operator: Caller, account_id: str) -> None:
    path = f"/accounts/{account_id}"
    assert fields(operator.put(path, OFFICER | {"version": 1, "roles": ["agent"]})) == {"agencies"}
    assert fields(operator.put(path, OFFICER | {"version": 1, "sites": []})) == {"sites"}
    assert fields(operator.put(path, OFFICER | {"version": "1"})) == {"version"}
    assert fields(operator.put(path, OFFICER | {"version": 1, "admin": True})) == {"admin"}
    problem(operator.put("/accounts/00000000-0000-7000-8000-000000000000", OFFICER | {"version": 1}), 404)


def test_the_pages_list_the_staff_and_change_an_account(app: Flask, account_id: str) -> None:
    operator = Browser(app.test_client())
    operator.sign_in("exploitation")
    page = operator.get("/guichet/admin/staff")
    assert "ompic.casablanca@technopark.example" in page
    assert "Tous les organismes" in page
    path = f"/guichet/admin/staff/{account_id}"
    form = {"roles": ["agency_officer"], "sites": ["casablanca", "rabat"], "active": "yes", "version": "1"}
    refused = operator.post(path, form | {"roles": ["agent"], "agencies": ["cnss"]})
    assert refused.status_code == 422
    assert "sans autre rôle" in refused.text
    assert operator.post(path, form | {"agencies": ["cnss"]}).status_code == 303
    changed = operator.get(path)
    assert "Hicham Tazi" in changed
    assert 'value="rabat" checked' in changed
    assert 'value="cnss" checked' in changed
    assert operator.post(path, form | {"agencies": ["ompic"]}).status_code == 409
