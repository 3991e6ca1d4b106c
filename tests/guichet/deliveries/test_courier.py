"""Dossiers on paper: gathered in a bordereau, handed to the courier, found again when they come back."""

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient

from tests.guichet.conftest import Caller
from tests.guichet.deliveries.conftest import Through

Found = Callable[[dict[str, Any]], dict[str, Any]]
BORDEREAUX = "/guichet/deliveries/bordereaux"
DESK = {"desk": "ompic-siege", "site": "casablanca"}


class Clerk:
    """The pages, as the manager of the site opens them."""

    def __init__(self, who: Caller) -> None:
        self._client: FlaskClient = who.client
        self._headers = who.headers | {"Accept": "text/html"}

    def open(self, path: str) -> Any:
        return self._client.get(path, headers=self._headers)

    def send(self, path: str, **form: str) -> Any:
        return self._client.post(path, data=form, headers=self._headers)


def test_a_bordereau_gathers_what_waits_and_leaves_once(
    manager: Caller, through: Through, delivery: Found
) -> None:
    clerk = Clerk(manager)
    requests = [through("courier"), through("courier")]
    made = clerk.send(BORDEREAUX, **DESK)
    assert made.status_code == 303, made.text
    sheet = made.headers["Location"]
    page = clerk.open(sheet).text
    assert all(request["number"] in page for request in requests)
    printed = clerk.open(f"{sheet}.pdf")
    assert printed.mimetype == "application/pdf"
    assert printed.data.startswith(b"%PDF")
    assert {delivery(request)["state"] for request in requests} == {"batched"}

    assert clerk.send(f"{sheet}/hand-out", courier="").status_code == 422
    assert clerk.send(f"{sheet}/hand-out", courier="H. Naciri").status_code == 303
    assert {delivery(request)["state"] for request in requests} == {"sent"}
    assert clerk.send(f"{sheet}/hand-out", courier="H. Naciri").status_code == 409


def test_nothing_waits_twice_for_the_courier(manager: Caller, through: Through) -> None:
    clerk = Clerk(manager)
    through("courier")
    assert clerk.send(BORDEREAUX, **DESK).status_code == 303
    again = clerk.send(BORDEREAUX, **DESK)
    assert again.status_code == 409
    assert "Nothing waits for this courier." in again.text


def test_a_scanned_number_opens_its_bordereau_or_its_dossier(
    manager: Caller, through: Through, delivery: Found
) -> None:
    clerk = Clerk(manager)
    request = through("courier")
    sheet = clerk.send(BORDEREAUX, **DESK).headers["Location"]
    number = sheet.rpartition("/")[2]
    assert clerk.open(f"{BORDEREAUX}?code={number.lower()}").headers["Location"] == sheet
    found = clerk.open(f"{BORDEREAUX}?code={request['number']}").headers["Location"]
    assert found == f"/guichet/deliveries/{delivery(request)['id']}"
    assert clerk.open(f"{BORDEREAUX}?code=CAS-0000-000000").status_code == 404


def test_a_bordereau_of_another_site_is_not_found(
    manager: Caller, caller: Callable[..., Caller], through: Through
) -> None:
    through("courier")
    sheet = Clerk(manager).send(BORDEREAUX, **DESK).headers["Location"]
    elsewhere = Clerk(caller("agent", sites=("fes",)))
    assert elsewhere.open(sheet).status_code == 404
    assert elsewhere.open(f"{sheet}.pdf").status_code == 404
    assert elsewhere.send(f"{sheet}/hand-out", courier="X").status_code == 404
