"""Accounts are opened by operators, and their passwords chosen by who they belong to."""

import re
import subprocess
from collections.abc import Callable

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.guichet import accounts as shell
from services.guichet.domain.passwords import SHORTEST, checked_password
from shared.db import Database
from shared.errors import InvalidInput
from shared.settings import libpq_url
from tests.guichet.conftest import Caller
from tests.guichet.test_pages import HTML, Browser
from tests.support.databases import TestDatabases

EMAIL, NAME = "h.naciri@staff.example", "Hanane Naciri"
PASSWORD, OTHER = "quatre mots sans rapport", "encore une longue phrase"
ACCOUNT = {"email": EMAIL, "name": NAME, "language": "fr", "roles": ["agent"], "sites": ["casablanca"]}
LINK = re.compile(r"(/guichet/password/[\w-]+)")


@pytest.fixture
def operator(app: Flask, counter: Database) -> Browser:
    browser = Browser(app.test_client())
    browser.sign_in("exploitation")
    browser.get("/guichet/admin/staff/new")
    return browser


@pytest.fixture
def link(operator: Browser) -> str:
    """Where the owner of a new account chooses the password."""
    return link_in(operator.post("/guichet/admin/staff", ACCOUNT).text)


@pytest.fixture
def owner(app: Flask) -> Browser:
    return Browser(app.test_client())


def link_in(shown: str) -> str:
    found = LINK.search(shown)
    assert found
    return found[1]


def chosen(password: str, again: str | None = None) -> dict[str, str]:
    return {"password": password, "again": password if again is None else again}


def signs_in(app: Flask, password: str) -> bool:
    given = {"email": EMAIL, "password": password}
    return app.test_client().post("/guichet/api/v1/session", json=given).status_code == 200


def account_id(database: Database) -> str:
    with database.read() as session:
        return str(session.scalar(text("SELECT id FROM accounts WHERE email = :email"), {"email": EMAIL}))


@pytest.mark.parametrize(
    ("password", "again", "at_fault"),
    [
        (PASSWORD, PASSWORD, None),
        ("x" * 11, "x" * 11, "password"),
        ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "password"),
        ("Hanane Naciri 1", "Hanane Naciri 1", "password"),
        ("h.naciri@staff.example", "h.naciri@staff.example", "password"),
        ("a\x00bcdefghijklmno", "a\x00bcdefghijklmno", "password"),
        (None, None, "password"),
        (PASSWORD, OTHER, "again"),
        (PASSWORD, None, "again"),
    ],
)
def test_a_password_is_long_and_not_what_everybody_knows_of_the_person(
    password: object, again: object, at_fault: str | None
) -> None:
    try:
        assert checked_password(password, again, email=EMAIL, name=NAME) == password
        found = None
    except InvalidInput as error:
        found = error.field
    assert found == at_fault


@given(st.text(max_size=SHORTEST - 1))
def test_nothing_short_is_a_password(typed: str) -> None:
    with pytest.raises(InvalidInput):
        checked_password(typed, typed, email=EMAIL, name=NAME)


@given(st.lists(st.sampled_from([NAME, *NAME.split(), EMAIL, "h.naciri", " ", "1", "!"]), max_size=6))
def test_the_persons_own_name_makes_no_password_however_often(parts: list[str]) -> None:
    typed = "".join(parts)
    with pytest.raises(InvalidInput):
        checked_password(typed, typed, email=EMAIL, name=NAME)


def test_who_is_given_a_link_chooses_a_password_and_works(
    app: Flask, operator: Browser, owner: Browser, link: str
) -> None:
    assert not signs_in(app, "")
    assert "Sans mot de passe" in operator.get("/guichet/admin/staff")
    page = owner.get(link)
    assert NAME in page
    refused = owner.post(link, chosen("court"))
    assert refused.status_code == 422
    assert "au moins 12 caractères" in refused.text
    assert owner.post(link, chosen(PASSWORD, OTHER)).status_code == 422
    assert owner.post(link, chosen(PASSWORD)).headers["Location"] == "/guichet/"
    assert NAME in owner.get("/guichet/")
    assert signs_in(app, PASSWORD)
    assert "Sans mot de passe" not in operator.get("/guichet/admin/staff")


def test_a_link_is_good_once_and_for_two_days(
    app: Flask, counter: Database, operator: Browser, owner: Browser, link: str
) -> None:
    owner.post(link, chosen(PASSWORD))
    stranger = Browser(app.test_client())
    assert "Ce lien ne mène nulle part" in stranger.get(link, 404)
    assert stranger.post(link, chosen(OTHER)).status_code == 404
    path = f"/guichet/admin/staff/{account_id(counter)}/link"
    first, second = (link_in(operator.post(path, {}).text) for _ in range(2))
    stranger.get(first, 404)
    stranger.get(second)
    with counter.transaction() as session:
        session.execute(text("UPDATE password_links SET expires_at = now() - interval '1 second'"))
    stranger.get(second, 404)
    assert signs_in(app, PASSWORD)


def test_whoever_guesses_links_has_to_wait(app: Flask, link: str) -> None:
    guesser = Browser(app.test_client())
    for number in range(8):
        guesser.get(f"/guichet/password/guess-{number}", 404)
    guesser.get("/guichet/password/guess-8", 429)
    guesser.get(link, 429)


def test_the_link_itself_is_kept_nowhere(counter: Database, databases: TestDatabases, link: str) -> None:
    token = link.rpartition("/")[2]
    dumped = subprocess.run(
        ["pg_dump", "--data-only", "--dbname", libpq_url(databases.url("guichet"))],
        capture_output=True,
        check=True,
    ).stdout
    assert EMAIL.encode() in dumped
    assert token.encode() not in dumped


def test_every_fault_of_a_new_account_is_named_and_what_was_typed_stays(operator: Browser) -> None:
    refused = operator.post("/guichet/admin/staff", ACCOUNT | {"email": "naciri", "roles": [], "sites": []})
    assert refused.status_code == 422
    for sentence in ("adresse électronique", "au moins un rôle", "au moins un site"):
        assert sentence in refused.text
    assert f'value="{NAME}"' in refused.text
    assert operator.post("/guichet/admin/staff", ACCOUNT).status_code == 200
    again = operator.post("/guichet/admin/staff", ACCOUNT | {"email": EMAIL.upper()})
    assert again.status_code == 422
    assert "Cette adresse a déjà un compte" in again.text


def test_what_happened_to_an_account_stands_in_its_record(
    counter: Database, operator: Browser, owner: Browser, link: str
) -> None:
    owner.post(link, chosen(PASSWORD))
    page = operator.get(f"/guichet/admin/staff/{account_id(counter)}")
    assert re.search(r"Mot de passe <span[^>]*>– → choisi.*?Hanane Naciri", page, re.DOTALL)
    assert re.search(
        r"Lien pour choisir un mot de passe <span[^>]*>– → établi.*?Hicham Tazi", page, re.DOTALL
    )
    assert re.search(r"Compte <span[^>]*>– → ouvert.*?Hicham Tazi", page, re.DOTALL)


def test_a_blocked_account_gets_no_link_and_the_one_it_has_leads_nowhere(
    app: Flask, counter: Database, operator: Browser, owner: Browser, link: str
) -> None:
    path = f"/guichet/admin/staff/{account_id(counter)}"
    blocked = {"roles": ["agent"], "sites": ["casablanca"], "version": "1"}
    assert operator.post(path, blocked).status_code == 303
    assert operator.post(f"{path}/link", {}).status_code == 409
    owner.get(link, 404)


def test_a_new_password_ends_the_sessions_of_before_but_the_one_it_was_chosen_in(
    app: Flask, owner: Browser, link: str
) -> None:
    owner.post(link, chosen(PASSWORD))
    elsewhere = Browser(app.test_client())
    elsewhere.client.post("/guichet/sign-in", data={"email": EMAIL, "password": PASSWORD}, headers=HTML)
    for browser in (owner, elsewhere):
        browser.get("/guichet/account")
    wrong = owner.post("/guichet/account", {"current": OTHER, **chosen(OTHER)})
    assert wrong.status_code == 422
    assert "Ce n’est pas votre mot de passe" in wrong.text
    done = owner.post("/guichet/account", {"current": PASSWORD, **chosen(OTHER)})
    assert done.headers["Location"] == "/guichet/account?saved"
    assert renewal(elsewhere) == 401
    assert signs_in(app, OTHER)
    assert not signs_in(app, PASSWORD)
    assert "Votre mot de passe est changé" in owner.get("/guichet/account?saved")
    assert renewal(owner) == 200


def renewal(browser: Browser) -> int:
    answer = browser.client.post("/guichet/session/renewal", headers={"X-CSRF-Token": browser.csrf})
    return int(answer.status_code)


def test_whoever_found_a_browser_open_does_not_try_passwords_for_long(
    app: Flask, owner: Browser, link: str
) -> None:
    owner.post(link, chosen(PASSWORD))
    owner.get("/guichet/account")
    guesses = [
        owner.post("/guichet/account", {"current": f"guess {n}", **chosen(OTHER)}).status_code
        for n in range(9)
    ]
    assert guesses == [422] * 8 + [429]


def test_only_operators_open_accounts_and_make_links(
    caller: Callable[..., Caller], counter: Database, link: str
) -> None:
    path = f"/guichet/admin/staff/{account_id(counter)}/link"
    for role in ("agent", "agency_officer", "billing_officer", "site_manager"):
        who = caller(role)
        assert who.client.get("/guichet/admin/staff/new", headers=who.headers).status_code == 403
        assert who.client.post("/guichet/admin/staff", data=ACCOUNT, headers=who.headers).status_code == 403
        assert who.client.post(path, headers=who.headers).status_code == 403


def test_the_first_operator_is_made_at_the_shell(
    app: Flask,
    counter: Database,
    databases: TestDatabases,
    owner: Browser,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GUICHET_DATABASE_URL", databases.url("guichet"))
    monkeypatch.setenv("PUBLIC_URL", "https://guichet.example")
    monkeypatch.setenv("OPERATOR", "Root of the cluster")
    add = ["add", "--email", EMAIL, "--name", NAME, "--role", "operator"]
    assert shell.main(add) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("https://guichet.example/guichet/password/")
    owner.post(link_in(printed), chosen(PASSWORD))
    assert NAME in owner.get("/guichet/admin/staff")
    assert "Root of the cluster" in owner.get(f"/guichet/admin/staff/{account_id(counter)}")
    assert shell.main(add) == 1
    assert "email: This address has an account already." in capsys.readouterr().err
    assert shell.main(["link", "--email", EMAIL]) == 0
    assert shell.main(["link", "--email", "nobody@staff.example"]) == 1
