import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from services.guichet.catalogue import load
from services.guichet.domain.numbers import counter_day
from services.guichet.seed import seed
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage.versions import Version
from services.guichet.web.admin.presenting import statuses
from shared.clock import now
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.factories import ANSWERS, CERTIFICATE, PROCEDURES
from tests.guichet.test_api_startups import fields, problem

VERSIONS = f"/procedures/{CERTIFICATE}/versions"
#: the version that comes with the files
FIRST = PROCEDURES[CERTIFICATE].version


@pytest.fixture
def manager(caller: Callable[..., Caller], altered_catalogue: None) -> Caller:
    return caller("site_manager", name="S. El Amrani")


@pytest.fixture
def source(manager: Caller) -> str:
    """The certificate as its file says it, without a version."""
    answer = manager.get(f"{VERSIONS}/{FIRST}")
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["source"])


@pytest.fixture
def publish(manager: Caller, source: str) -> Callable[..., Any]:
    def send(old: str = '"230.00"', new: str = '"250.00"', **changes: Any) -> Any:
        assert old in source
        body = {"source": source.replace(old, new, 1), "based_on": FIRST} | changes
        return manager.post(VERSIONS, body)

    return send


def in_force(caller: Caller, code: str = CERTIFICATE) -> int | None:
    items = caller.get("/procedures").get_json()["items"]
    return next((one["version"] for one in items if one["code"] == code), None)


def test_a_published_version_holds_for_new_requests_and_leaves_open_ones_alone(
    manager: Caller, publish: Callable[..., Any]
) -> None:
    startup = manager.register()["id"]
    before = manager.file(startup, CERTIFICATE, ANSWERS[CERTIFICATE])
    answer = publish(note="Circulaire de novembre")
    assert answer.status_code == 201, answer.text
    published = answer.get_json()
    assert (published["version"], published["status"], published["published_by"]) == (
        FIRST + 1,
        "in_force",
        "S. El Amrani",
    )
    after = manager.file(startup, CERTIFICATE, ANSWERS[CERTIFICATE])
    assert (before["procedure_version"], after["procedure_version"]) == (FIRST, FIRST + 1)
    assert (before["receipt"]["fee"], after["receipt"]["fee"]) == ("230.00", "250.00")
    kept = manager.get(f"/requests/{before['id']}").get_json()
    assert (kept["procedure_version"], kept["fee_lines"][0]["amount"]) == (FIRST, "230.00")
    rows = manager.get(VERSIONS).get_json()["items"]
    assert [(row["version"], row["status"], row["open_requests"]) for row in rows] == [
        (FIRST + 1, "in_force", 1),
        (FIRST, "superseded", 1),
    ]
    assert (rows[0]["note"], rows[1]["published_at"]) == ("Circulaire de novembre", None)


def test_the_text_is_kept_with_its_comments(
    manager: Caller, source: str, publish: Callable[..., Any]
) -> None:
    assert "a later rise is reported" in source
    assert "version:" not in source
    publish()
    kept = manager.get(f"{VERSIONS}/{FIRST + 1}").get_json()
    assert kept["source"] == source.replace('"230.00"', '"250.00"')
    assert kept["definition"]["version"] == FIRST + 1


def test_a_version_may_wait_for_its_day(
    manager: Caller, publish: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = counter_day(now()) + timedelta(days=9)
    assert publish(valid_from=starts.isoformat()).get_json()["status"] == "announced"
    assert in_force(manager) == FIRST
    monkeypatch.setattr(catalogue_storage, "now", lambda: now() + timedelta(days=9))
    assert in_force(manager) == FIRST + 1


def test_of_two_versions_based_on_the_same_one_the_second_is_told_of_the_first(
    publish: Callable[..., Any],
) -> None:
    assert publish().status_code == 201
    refusal = problem(publish(new='"260.00"'), 409)
    assert refusal["detail"].startswith(f"S. El Amrani published version {FIRST + 1} of this procedure on ")


def test_of_many_publications_at_the_same_moment_one_wins(app: Flask, manager: Caller, source: str) -> None:
    start = threading.Barrier(5)
    answers: list[int] = []

    def press(amount: int) -> None:
        mine = Caller(app.test_client(), manager.headers["Authorization"].removeprefix("Bearer "))
        body = {"source": source.replace('"230.00"', f'"{amount}.00"'), "based_on": FIRST}
        start.wait()
        answers.append(mine.post(VERSIONS, body).status_code)

    threads = [threading.Thread(target=press, args=(300 + n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201, 409, 409, 409, 409]
    assert len(manager.get(VERSIONS).get_json()["items"]) == 2


@pytest.mark.parametrize(
    ("old", "new", "entry", "reason"),
    [
        ("kind: choice", "kind: choise", "fields[3].kind", "“choise” is none of"),
        ('"230.00"', "230.00", "fee_lines[0].amount", "an amount in quotes"),
        ('vat_rate: "0"', 'vat_rate: "20"', "fee_lines[0].vat_rate", "carries no TVA"),
        ("  - code: form-cn1\n", "  - code: form-cn1\n    copies: 2\n", "documents[0].copies", "loi 55-19"),
        (
            "  - code: form-cn1\n",
            "  - code: form-cn1\n    legalised: true\n",
            "documents[0].legalised",
            "55-19",
        ),
        ("agency: ompic", "agency: omnipic", "code", "must begin with the agency"),
        ("public: true", "public: true\nversion: 7", "version", "is given when the version is published"),
        ("code: ompic.certificat-negatif", "code: ompic.certificat", "code", "never changes"),
        ("kind: identity-card", "kind: identity-cart", "documents[1].kind", "no kind of document"),
        ("  fr: Certificat négatif", '  fr: "a\\0b"', "names.fr", "that can be printed"),
        ("  fr: Certificat négatif", "  fr: " + "x" * 3000, "names.fr", "at most 2000 characters"),
    ],
)
def test_a_fault_names_its_line_and_its_entry(
    manager: Caller, source: str, publish: Callable[..., Any], old: str, new: str, entry: str, reason: str
) -> None:
    found = {one["field"]: one["detail"] for one in problem(publish(old, new), 422)["errors"]}
    named = {field: detail for field, detail in found.items() if field.endswith(f", {entry}")}
    assert named, found
    assert all(reason in detail for detail in named.values())
    assert all(field.startswith("source, line ") for field in named)
    assert len(manager.get(VERSIONS).get_json()["items"]) == 1
    draft = manager.post(
        "/procedure-drafts", {"source": source.replace(old, new, 1), "code": CERTIFICATE}
    ).get_json()
    assert draft["procedure"] is None
    assert entry in {fault["entry"] for fault in draft["faults"]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a list",
        "code: [",
        "a: &a [1]\nb: *a",
        "[" * 3000,
        "x: " + "y" * 70_000,
        "\x00",
        "!!python/object/apply:os.system [id]",
        "? {a: b}\n: c",
        "2026-02-30: x",
        "x: 2026-13-45",
        "code: 9" + "9" * 5000,
    ],
)
def test_what_is_no_procedure_at_all_is_refused(manager: Caller, text: str) -> None:
    answer = manager.post("/procedures/ompic.new/versions", {"source": text, "based_on": 0})
    assert answer.status_code == 422, answer.text
    draft = manager.post("/procedure-drafts", {"source": text})
    assert draft.status_code == 422 or draft.get_json()["faults"]


def test_on_a_public_procedure_more_copies_have_to_be_published_somewhere(
    publish: Callable[..., Any],
) -> None:
    cited = "  - code: form-cn1\n    copies: 2\n    published_in: OMPIC, liste de novembre 2026\n"
    assert publish("  - code: form-cn1\n", cited).status_code == 201


def test_a_private_procedure_asks_for_what_it_likes(manager: Caller) -> None:
    path = "/procedures/cimr.adhesion-employeur/versions"
    newest = manager.get(path).get_json()["items"][0]["version"]
    definition = manager.get(f"{path}/{newest}").get_json()["definition"]
    del definition["version"]
    definition["documents"][0] |= {"copies": 4, "legalised": True}
    assert manager.post(path, {"definition": definition, "based_on": newest}).status_code == 201


@pytest.mark.parametrize("term", ["{days: 61}", "{days: 90}", "{working_days: 61}", "{hours: 1441}"])
def test_the_law_gives_a_public_procedure_sixty_days(publish: Callable[..., Any], term: str) -> None:
    assert fields(publish("legal_term: {days: 60}", f"legal_term: {term}")) == {"source, line 66, legal_term"}


def test_a_new_procedure_can_be_filed_at_once_without_code(manager: Caller, source: str) -> None:
    text = source.replace("ompic.certificat-negatif", "ompic.renouvellement").replace(
        "Certificat négatif\n", "Renouvellement du certificat négatif\n"
    )
    answer = manager.post("/procedures/ompic.renouvellement/versions", {"source": text, "based_on": 0})
    assert answer.status_code == 201, answer.text
    filed = manager.file(manager.register()["id"], "ompic.renouvellement", ANSWERS[CERTIFICATE])
    assert filed["procedure_name"]["fr"] == "Renouvellement du certificat négatif"
    again = manager.post("/procedures/ompic.renouvellement/versions", {"source": text, "based_on": 0})
    assert "source, line 3, code" in fields(again)


def test_a_procedure_of_no_agency_is_refused(manager: Caller, source: str) -> None:
    body = {"source": source.replace("ompic", "omnipic"), "based_on": 0}
    answer = manager.post("/procedures/omnipic.certificat-negatif/versions", body)
    assert fields(answer) == {"source, line 4, agency"}


def test_a_change_that_changes_nothing_is_refused(publish: Callable[..., Any]) -> None:
    assert fields(publish('"230.00"', '"230.00"')) == {"source"}


@pytest.mark.parametrize("day", ["2020-01-01", "2126-01-01", "2026-02-30", "x"])
def test_a_version_holds_from_today_on(publish: Callable[..., Any], day: str) -> None:
    assert fields(publish(valid_from=day)) == {"valid_from"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"based_on": FIRST},
        {"based_on": FIRST, "source": "x", "definition": {}},
        {"based_on": -1, "source": "x"},
        {"based_on": "1", "source": "x"},
        {"based_on": FIRST, "source": ["x"]},
        {"based_on": FIRST, "definition": "x"},
        {"based_on": FIRST, "definition": {}},
        {"based_on": FIRST, "source": "x", "note": "x" * 501},
    ],
)
def test_a_publication_that_makes_no_sense_is_refused(manager: Caller, body: dict[str, Any]) -> None:
    problem(manager.post(VERSIONS, body), 422)


@pytest.mark.parametrize("role", ["agent", "agency_officer", "billing_officer"])
def test_others_neither_read_nor_publish_versions(
    caller: Callable[..., Caller], role: str, counter: Database
) -> None:
    other = caller(role)
    problem(other.get(VERSIONS), 403)
    problem(other.post(VERSIONS, {"source": "x", "based_on": FIRST}), 403)
    problem(other.post("/procedure-drafts", {"source": "x"}), 403)


def test_versions_of_nothing_are_not_found(manager: Caller) -> None:
    problem(manager.get("/procedures/ompic.nothing/versions"), 404)
    problem(manager.get(f"{VERSIONS}/9"), 404)
    problem(manager.get("/procedures/%00/versions"), 422)


def test_the_same_key_publishes_once(manager: Caller, source: str) -> None:
    body = {"source": source.replace('"230.00"', '"250.00"'), "based_on": FIRST}
    first, again = (manager.post(VERSIONS, body, **{"Idempotency-Key": "publish-1"}) for _ in range(2))
    assert (first.status_code, again.status_code, again.get_json()) == (201, 201, first.get_json())


def test_what_staff_published_outlives_the_next_seed(
    manager: Caller, publish: Callable[..., Any], counter: Database
) -> None:
    publish()
    with counter.transaction() as session:
        seed(session, demo=False)
    assert in_force(manager) == FIRST + 1
    loaded = load()
    newer = loaded.definitions[CERTIFICATE] | {"version": FIRST + 2, "fee_lines": []}
    with counter.transaction() as session:
        catalogue_storage.save(session, loaded.catalogue, loaded.definitions | {CERTIFICATE: newer})
    assert len(manager.get(VERSIONS).get_json()["items"]) == 2


def version(number: int, valid_from: date | None) -> Version:
    return Version("x", number, {}, None, valid_from, None, None, None)


TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([None], ["in_force"]),
        ([None, 0], ["superseded", "in_force"]),
        ([None, -5, 0], ["superseded", "superseded", "in_force"]),
        ([None, 5], ["in_force", "announced"]),
        ([None, 5, 9], ["in_force", "announced", "announced"]),
        ([None, 9, 5], ["in_force", "never_in_force", "announced"]),
        ([None, 5, 5], ["in_force", "never_in_force", "announced"]),
        ([None, -2, -5], ["superseded", "never_in_force", "in_force"]),
    ],
)
def test_what_became_of_each_version(days: list[int | None], expected: list[str]) -> None:
    versions = [
        version(number, None if day is None else TODAY + timedelta(days=day))
        for number, day in enumerate(days, 1)
    ]
    found = statuses(versions[::-1], TODAY)
    assert [found[number] for number in range(1, len(days) + 1)] == expected
