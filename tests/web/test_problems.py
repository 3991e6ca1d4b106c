"""Whatever is sent, the answer is a problem document that a clerk understands."""

import io
import json

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

THINGS = "/counter/api/v1/things"
JSON = "application/json"


def problem(response: TestResponse, status: int) -> dict[str, object]:
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.content_type == "application/problem+json"
    document: dict[str, object] = json.loads(response.data)
    assert document["status"] == status
    assert document["type"].startswith("urn:guichet-unique:problem:")  # type: ignore[attr-defined]
    assert document["title"]
    assert document["detail"]
    assert document["correlation_id"] == response.headers["X-Correlation-ID"]
    return document


def faults(response: TestResponse) -> dict[str, str]:
    return {error["field"]: error["detail"] for error in problem(response, 422)["errors"]}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("body", "field", "detail"),
    [
        ({}, "name", "Ce champ est obligatoire."),
        ({"name": None}, "name", "Ce champ ne peut pas rester vide."),
        ({"name": "  "}, "name", "Saisissez entre 1 et 40 caractères."),
        ({"name": 12}, "name", "Un texte est attendu ici."),
        ({"name": "a" * 41}, "name", "Saisissez entre 1 et 40 caractères."),
        ({"name": "a\x07b"}, "name", "Les caractères de contrôle ne sont pas admis ici."),
        ({"name": "a\x00b"}, "name", "Les caractères NUL ne sont pas admis."),
        ({"name": "a", "surprise": 1}, "surprise", "Ce champ n’existe pas."),
        ({"name": "a", "count": "3"}, "count", "Un nombre entier est attendu ici."),
        ({"name": "a", "count": 10**30}, "count", "Un nombre entier est attendu ici."),
        ({"name": "a", "count": 10}, "count", "Donnez une valeur entre 1 et 9."),
        ({"name": "a", "site": "mars"}, "site", "Choisissez parmi : rabat, casablanca."),
        ({"name": "a", "on": "2026-02-30"}, "on", "Cette date n’existe pas dans le calendrier."),
        ({"name": "a", "on": "20260220"}, "on", "Cette date n’existe pas dans le calendrier."),
        ({"name": "a", "on": "9999-12-31"}, "on", "Cette date n’existe pas dans le calendrier."),
        (
            {"name": "a", "at": "2026-11-23T25:00"},
            "at",
            "Cette date et cette heure n’existent pas dans le calendrier.",
        ),
        (
            {"name": "a", "at": "0001-01-01T00:00:00+23:59"},
            "at",
            "Cette date et cette heure n’existent pas dans le calendrier.",
        ),
        ({"name": "a", "amount": "1e9999999"}, "amount", "Écrivez un montant comme 230.00."),
        ({"name": "a", "amount": 230.0}, "amount", "Écrivez un montant comme 230.00."),
        ({"name": "a", "urgent": "yes"}, "urgent", "Oui ou non (true ou false) est attendu ici."),
        ({"name": "a", "contacts": {}}, "contacts", "Une liste est attendue ici."),
        (
            {"name": "a", "contacts": [{"email": "a@b.example"}, {"email": "x"}]},
            "contacts[1].email",
            "Cette adresse e-mail n’est pas valide.",
        ),
    ],
)
def test_a_wrong_value_names_its_field(agent: FlaskClient, body: object, field: str, detail: str) -> None:
    response = agent.post(THINGS, data=json.dumps(body), content_type=JSON)
    assert faults(response).get(field) == detail


def test_every_wrong_field_is_named_at_once(agent: FlaskClient) -> None:
    answer = faults(agent.post(THINGS, json={"name": 1, "count": "x", "zz": 0}))
    assert set(answer) == {"name", "count", "zz"}


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", JSON, 400),
        (b'{"name": "\xff"}', JSON, 400),
        (b'{"name": "\\ud800"}', JSON, 400),
        (b"[" * 100_000, JSON, 400),
        (b"[]", JSON, 422),
        (b"null", JSON, 422),
        (b"3", JSON, 422),
        (b'{"name": "a"}', "text/plain", 415),
        (b"name=a", "application/x-www-form-urlencoded", 415),
        (b"x" * (1024 * 1024 + 1), JSON, 413),
    ],
)
def test_a_body_that_is_no_object_is_refused(
    agent: FlaskClient, body: bytes, content_type: str, status: int
) -> None:
    problem(agent.post(THINGS, data=body, content_type=content_type), status)


def test_an_unknown_address_is_not_found(agent: FlaskClient) -> None:
    problem(agent.get("/counter/api/v1/nothing"), 404)
    problem(agent.get("/counter/api/v1/things/not-a-uuid"), 404)


def test_a_wrong_method_says_which_are_right(agent: FlaskClient) -> None:
    response = agent.delete(THINGS)
    problem(response, 405)
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_a_nul_in_the_address_is_refused(agent: FlaskClient) -> None:
    assert faults(agent.get(f"{THINGS}?search=%00")) == {"query": "Les caractères NUL ne sont pas admis."}
    assert problem(agent.get("/counter/api/v1/%00"), 422)
    assert faults(agent.get(f"{THINGS}?search=%ff")) == {"query": "Ce texte n’est pas en UTF-8 valide."}


def test_a_body_in_chunks_is_limited_too(agent: FlaskClient) -> None:
    response = agent.post(
        THINGS,
        input_stream=io.BytesIO(b"x" * (3 * 1024 * 1024)),
        content_type=JSON,
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    problem(response, 413)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "cursor=zzz", "cursor=W10", "cursor=WyJhIl0", "cursor=W3RydWVd", "zz=1"]
)
def test_a_wrong_query_parameter_is_refused(agent: FlaskClient, query: str) -> None:
    assert list(faults(agent.get(f"{THINGS}?{query}"))) == [query.split("=")[0]]


def test_a_domain_error_keeps_its_status_and_is_translated(stored: FlaskClient) -> None:
    document = problem(stored.post(THINGS, json={"name": "refused"}), 409)
    assert document["detail"] == "“refused” is taken until 23/11/2026."


def test_several_domain_errors_are_all_listed(stored: FlaskClient) -> None:
    response = stored.post("/counter/api/v1/failures/several")
    assert faults(response) == {"a": "First.", "b": "Second."}


def test_an_unexpected_error_leaks_nothing(stored: FlaskClient) -> None:
    response = stored.post("/counter/api/v1/failures/bug")
    document = problem(response, 500)
    assert "secret" not in response.get_data(as_text=True)
    assert document["title"] == "Erreur inattendue"


def test_what_only_the_database_finds_is_still_the_senders_fault(stored: FlaskClient) -> None:
    problem(stored.post("/counter/api/v1/failures/out-of-range"), 422)
    problem(stored.post("/counter/api/v1/failures/duplicate"), 409)


def test_an_absent_database_is_a_service_to_try_again(session_keys: None) -> None:
    from shared.db import Database
    from tests.web import fakes

    database = Database("postgresql://nobody@127.0.0.1:1/none")
    client = fakes.make_app(database).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {fakes.token()}"
    response = client.post(THINGS, json={"name": "a"})
    problem(response, 503)
    assert response.headers["Retry-After"] == "5"
    assert client.get("/counter/health/live").status_code == 200
    assert client.get("/counter/health/ready").status_code == 503


@pytest.mark.parametrize(
    ("language", "title"),
    [("ar", "غير موجود"), ("en", "Not found"), ("fr", "Introuvable"), ("de", "Introuvable")],
)
def test_a_program_says_its_language(agent: FlaskClient, language: str, title: str) -> None:
    response = agent.get("/counter/api/v1/nothing", headers={"Accept-Language": language})
    assert problem(response, 404)["title"] == title


def test_the_openapi_document_describes_the_problems(client: FlaskClient) -> None:
    document = client.get("/counter/api/v1/openapi.json").get_json()
    error = document["components"]["responses"]["DEFAULT_ERROR"]
    assert list(error["content"]) == ["application/problem+json"]
    assert "/counter/api/v1/things" in document["paths"]
    assert document["security"] == [{"session": []}]


def test_a_page_tells_the_error_in_a_page(visitor: FlaskClient) -> None:
    response = visitor.get("/counter/nothing")
    assert response.status_code == 404
    assert response.content_type == "text/html; charset=utf-8"
    assert "Introuvable" in response.get_data(as_text=True)


def test_a_fragment_tells_the_error_in_a_line(visitor: FlaskClient) -> None:
    response = visitor.get("/counter/nothing", headers={"HX-Request": "true"})
    assert response.status_code == 404
    assert "<html" not in response.get_data(as_text=True)


def test_an_error_page_that_cannot_be_drawn_is_still_a_sentence(
    visitor: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.web.problems.render_template", None)
    response = visitor.get("/counter/nothing")
    assert response.status_code == 404
    assert response.get_data(as_text=True) == "Il n’y a rien à cette adresse."
