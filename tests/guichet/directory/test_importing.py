import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from services.guichet.domain.directory.csv_reading import encoding_of
from services.guichet.use_cases.directory.importing import forget_old_files
from shared.clock import now
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.directory.conftest import BrowserFor
from tests.guichet.test_pages import Browser

IMPORT = "/guichet/startups/import"
HEADER = "legal_name;site;ice;contact_1_name;contact_1_role;contact_1_email"
GOOD = "Société Générale d’Énergie;casablanca;001561191000066;Zoé Çelik;gérante;zoe@energie.example"
Counts = Callable[[], dict[str, int]]


def csv_of(*lines: str) -> bytes:
    return "\r\n".join([HEADER, *lines]).encode()


def send(browser: Browser, content: bytes, name: str = "startups.csv") -> Any:
    form = {"file": (io.BytesIO(content), name), "csrf_token": browser.csrf}
    return browser.client.post(IMPORT, data=form, headers={"Accept": "text/html"})


def checked(browser: Browser, content: bytes) -> tuple[str, str]:
    """Where the file waits, and the page that says what it would do."""
    answer = send(browser, content)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"], browser.get(answer.headers["Location"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_file_is_read_however_the_spreadsheet_wrote_it(
    agent: Caller, manager: Browser, encoding: str, delimiter: str
) -> None:
    content = "\n".join([HEADER, GOOD]).replace(";", delimiter).encode(encoding)
    where, _ = checked(manager, content)
    assert manager.post(where, {}).status_code == 303
    (startup,) = agent.get("/startups").get_json()["items"]
    assert startup["legal_name"] == "Société Générale d’Énergie"
    assert startup["contacts"][0]["name"] == "Zoé Çelik"


def test_the_file_to_fill_in_can_be_sent_back_in_every_language(
    agent: Caller, browser_for: BrowserFor
) -> None:
    for language in ("fr", "ar", "en"):
        browser = browser_for("site_manager", language=language)
        template = browser.client.get(f"{IMPORT}/template.csv").data
        where, _ = checked(browser, template)
        found = browser.client.get(f"{where}/report.csv").data.decode("utf-8-sig").splitlines()
        assert len(found) == 1, found


def test_looking_at_a_file_stores_no_startup(manager: Browser, row_counts: Counts) -> None:
    before = row_counts()
    checked(manager, csv_of(GOOD))
    assert row_counts() == before


def test_every_bad_line_is_told_with_its_line_column_and_reason(manager: Browser, row_counts: Counts) -> None:
    before = row_counts()
    where, page = checked(
        manager,
        csv_of(
            GOOD,
            "Atlas;rabat;;;;",
            ";casablanca;123;;;",
            '"Deux\nlignes";atlantis;;;;',
            "Oasis;casablanca;001561191000066;Zoé;gérante;not-an-address",
            "Trop;casablanca;;;;;en trop",
        ),
    )
    report = manager.client.get(f"{where}/report.csv").data.decode("utf-8-sig").splitlines()[1:]
    told = [tuple(line.split(";")[:2]) for line in report]
    assert told == [
        ("3", "Site"),
        ("4", "Dénomination"),
        ("4", "ICE"),
        ("5", "Dénomination"),
        ("5", "Site"),
        ("7", "Contact 1 : adresse électronique"),
        ("8", ""),
    ]
    assert "Ce site n’est pas l’un des vôtres." in page
    refused = manager.post(where, {})
    assert refused.status_code == 409
    assert row_counts() == before


def test_a_number_used_twice_in_the_file_or_on_record_is_told(agent: Caller, manager: Browser) -> None:
    _, page = checked(manager, csv_of(GOOD, GOOD))
    assert "La ligne 2 porte le même numéro." in page
    agent.register()
    _, page = checked(manager, csv_of(GOOD))
    assert "est déjà enregistrée avec cet ICE" in page


def test_a_name_already_on_record_is_only_remarked(agent: Caller, manager: Browser) -> None:
    agent.register(legal_name="SOCIETE GENERALE D'ENERGIE", ice=None, rc_court=None, rc_number=None)
    where, page = checked(manager, csv_of(GOOD))
    assert "sous un nom presque identique" in page
    assert manager.post(where, {}).status_code == 303


def test_what_was_registered_since_the_check_stops_the_whole_import(
    agent: Caller, manager: Browser, row_counts: Counts
) -> None:
    where, _ = checked(manager, csv_of("Autre;casablanca;;;;", GOOD))
    agent.register()
    before = row_counts()
    assert manager.post(where, {}).status_code == 409
    assert row_counts() == before


def test_a_file_is_imported_once_and_announced_startup_by_startup(
    manager: Browser, row_counts: Counts, outbox: Any, counter: Database
) -> None:
    where, _ = checked(manager, csv_of(GOOD, "Oasis;Technopark Casablanca;;;;"))
    assert manager.post(where, {}).status_code == 303
    assert manager.post(where, {}).status_code == 409
    assert row_counts()["startups"] == 2
    assert [event["type"] for event in outbox()] == ["guichet.startup_registered.v1"] * 2
    assert "2 startups ont été importées" in manager.get(where)
    with counter.read() as session:
        assert session.execute(text("SELECT content FROM startup_imports")).scalar() is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "La première ligne doit nommer les colonnes"),
        (b"\x00\x01\x02", "Ce n’est pas un fichier texte"),
        (b"PK\x03\x04\x14\x00\x06\x00", "Ce n’est pas un fichier texte"),
        (b"a;b;c\n1;2;3", "La première ligne doit nommer les colonnes"),
        (b"legal_name;site;colour\n", "Il n’existe pas de colonne « colour »"),
        (b"legal_name;site;site\n", "figure deux fois"),
        (b"legal_name\nAtlas", "Cette colonne manque."),
        (b"legal_name;site\n", "Le fichier ne contient aucune startup."),
        (b'legal_name;site\n"Atlas;casablanca\n', "illisible"),
        (b"legal_name;site\n" + b"x" * 20_000 + b";casablanca\n", "illisible"),
    ],
)
@pytest.mark.usefixtures("nothing_stored")
def test_a_file_that_is_none_says_why(manager: Browser, content: bytes, sentence: str) -> None:
    _, page = checked(manager, content)
    assert sentence in page


def test_a_form_without_file_and_a_file_too_large_are_refused(manager: Browser) -> None:
    assert manager.post(IMPORT, {}).status_code == 422
    assert send(manager, csv_of(GOOD) + b"\n" * (9 * 1024 * 1024)).status_code == 413
    assert send(manager, csv_of(GOOD) + b"\n" * (2 * 1024 * 1024)).status_code == 303


def test_only_managers_import_and_only_their_own_files(
    agent: Caller, manager: Browser, browser_for: BrowserFor
) -> None:
    assert send(browser_for("agent"), csv_of(GOOD)).status_code == 403
    where, _ = checked(manager, csv_of(GOOD))
    browser_for("operator").get(where, status=404)


def test_a_file_nobody_imported_is_forgotten_after_a_day(manager: Browser, counter: Database) -> None:
    where, _ = checked(manager, csv_of(GOOD))
    with counter.transaction() as session:
        forget_old_files(session, at=now())
    manager.get(where)
    with counter.transaction() as session:
        session.execute(text("UPDATE startup_imports SET uploaded_at = uploaded_at - interval '25 hours'"))
        forget_old_files(session, at=now())
    manager.get(where, status=404)


def test_the_list_exported_can_be_imported_elsewhere(
    agent: Caller, manager: Browser, counter: Database
) -> None:
    agent.register(
        legal_name="=1+1", tax_id="14567890", contract_end="2027-06-30", resident=True, legal_form="sarl"
    )
    exported = manager.client.get("/guichet/startups.csv")
    assert exported.mimetype == "text/csv"
    body = exported.data.decode("utf-8-sig")
    # A spreadsheet must not run what somebody typed as a name.
    assert body.splitlines()[1].startswith("'=1+1;")
    with counter.transaction() as session:
        session.execute(text("UPDATE startups SET ice = NULL, rc_number = NULL, rc_court = NULL"))
    where, _ = checked(manager, exported.data)
    assert manager.post(where, {}).status_code == 303
    copy = agent.get("/startups").get_json()["items"][0]
    assert (copy["tax_id"], copy["contract_end"], copy["resident"]) == ("14567890", "2027-06-30", True)
    assert copy["contacts"][0]["phone"] == "+212612345678"


def test_an_encoding_is_only_claimed_when_it_reads_the_file() -> None:
    assert encoding_of(b"\xef\xbb\xbf\xff") is None
    assert encoding_of("é".encode("cp1252")) == "cp1252"
    assert encoding_of(b"\x81") is None
    assert re.fullmatch("utf-8", encoding_of("é".encode()) or "")
