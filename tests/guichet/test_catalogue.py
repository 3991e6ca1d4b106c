import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from services.guichet.catalogue import CatalogueError, load
from services.guichet.catalogue.directory import load_directory
from services.guichet.catalogue.faults import FOLDER
from services.guichet.catalogue.kinds import document_kinds
from services.guichet.domain.catalogue import FeeKind
from services.guichet.domain.catalogue_entries import spell
from services.guichet.domain.fees import unbillable
from services.guichet.domain.terms import Term, Unit, Validity, ValidityUnit
from shared.cli.main import main
from tests.support.databases import TestDatabases

CERTIFICATE_FILE = "procedures/ompic.certificat-negatif.yaml"
MARK_FILE = "procedures/ompic.marque.yaml"
INSERTION_FILE = "procedures/anapec.contrat-insertion.yaml"
CIMR_FILE = "procedures/cimr.affiliation-salarie.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for source in FOLDER.rglob("*.yaml"):
        target = tmp_path / source.relative_to(FOLDER)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(source, target)
    return tmp_path


def faults(folder: Path, name: str, old: str, new: str) -> list[str]:
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(CatalogueError) as error:
        load(folder)
    return error.value.messages


#: Desk → how many procedures the counter offers there.
SEVEN_DESKS = {
    "ompic": 6,
    "cnss": 4,
    "cimr": 2,
    "legalisation": 2,
    "anapec": 3,
    "assurance": 1,
    "expert-comptable": 3,
}


def test_the_catalogue_has_the_eight_sites_and_the_procedures_of_the_seven_desks() -> None:
    catalogue = load().catalogue
    assert len(catalogue.sites) == 8
    assert Counter(one.agency for one in catalogue.procedures.values()) == SEVEN_DESKS
    assert list(catalogue.agencies) == list(SEVEN_DESKS)


def test_every_procedure_can_be_sent_to_some_desk() -> None:
    catalogue = load().catalogue
    assert {desk.agency for desk in catalogue.desks.values()} == set(catalogue.agencies)


def test_private_desks_have_no_term_of_law() -> None:
    private = [one for one in load().catalogue.procedures.values() if not one.public]
    assert {one.agency for one in private} == {"cimr", "assurance", "expert-comptable"}
    assert all(one.legal_term is None for one in private)


def test_the_first_class_of_a_mark_has_its_own_fee() -> None:
    mark = load().catalogue.procedures["ompic.marque"]

    def fees(**answers: object) -> dict[str, str]:
        return {line.code: str(amount) for line, amount in mark.fees_for(answers)}

    assert fees(filing="online", classes=1) == {"first-class-online": "1800.00"}
    assert fees(filing="paper", classes=3) == {
        "first-class-paper": "2400.00",
        "further-classes-paper": "960.00",
    }


def test_units_of_terms_and_validities_are_read_as_written() -> None:
    attestation = load().catalogue.procedures["expert-comptable.attestation-regularite-fiscale"]
    assert attestation.service_target == Term(10, Unit.WORKING_DAYS)
    assert attestation.outcome_validity == Validity(3, ValidityUnit.MONTHS)
    assert attestation.outcome_validity.until(datetime(2026, 11, 30, tzinfo=UTC)) == date(2027, 2, 28)


def test_what_no_agency_publishes_is_left_out_rather_than_invented() -> None:
    cimr = load().catalogue.procedures["cimr.adhesion-employeur"]
    assert (cimr.fee_lines, cimr.service_target, cimr.legal_term, cimr.public) == (None, None, None, False)


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (CERTIFICATE_FILE, "kind: choice", "kind: choise", "fields[3].kind: “choise” is none of"),
        (CERTIFICATE_FILE, '"230.00"', "230.00", "fee_lines[0].amount: an amount in quotes"),
        (CERTIFICATE_FILE, "equals: passport", "equals: visa", "fields[5].when: “visa” is not an option"),
        (CERTIFICATE_FILE, "  ar: الشهادة السلبية\n", "", "names.ar: text is expected"),
        (CERTIFICATE_FILE, "version: 2", "version: one", "version: a whole number"),
        (CERTIFICATE_FILE, "public: true", "public: true\ncolour: blue", "colour: is not known here"),
        (CERTIFICATE_FILE, "version: 2", "version: 2\nversion: 3", "“version” is there twice"),
        (CERTIFICATE_FILE, "agency: ompic", "agency: cnss", "code: must begin with the agency"),
        (
            "procedures/legalisation.signature.yaml",
            "per: signatures",
            "per: pages",
            "fee_lines[0].per: names no",
        ),
        (
            MARK_FILE,
            "code: classes\n",
            "code: classes\n    when: {field: filing, equals: online}\n",
            "fee_lines[3].per: this question is not always asked",
        ),
        (CERTIFICATE_FILE, 'vat_rate: "0"', 'vat_rate: "20"', "fee_lines[0].vat_rate: a fee advanced"),
        (MARK_FILE, '"360.00"', '"999999999.00"', "fee_lines[1].amount: at most"),
        (CERTIFICATE_FILE, "{hours: 2}", "{weeks: 2}", "service_target.weeks: is not known here"),
        (CERTIFICATE_FILE, "{hours: 2}", "{hours: 2, days: 1}", "service_target: one of hours, days"),
        (CERTIFICATE_FILE, "{hours: 2}", "{hours: 0}", "service_target.hours: a whole number"),
        (CERTIFICATE_FILE, "{days: 90}", "{hours: 90}", "outcome_validity.hours: is not known here"),
        (CERTIFICATE_FILE, "code: form-cn1", "code: cnie-copy", "documents[1].code: “cnie-copy” is there"),
        (
            CERTIFICATE_FILE,
            "code: form-cn1",
            "code: form-cn1\n    copies: 2",
            "documents[0].copies: loi 55-19",
        ),
        (MARK_FILE, "beyond: 1", "beyond: -1", "fee_lines[1].beyond: a whole number"),
        (MARK_FILE, "equals: online", "equals: fax", "fee_lines[0].when: “fax” is not an option"),
        (
            MARK_FILE,
            "copies: 2\n    published_in: OMPIC, dépôt de marque",
            "copies: 2",
            "documents[1].copies",
        ),
        (
            INSERTION_FILE,
            "legalised: true\n    published_in: ANAPEC, contrat d’insertion",
            "legalised: true",
            "documents[1].legalised: loi 55-19",
        ),
        (INSERTION_FILE, "original: true", "accepts: [gif]", "documents[0].accepts[0]: “gif” is none of"),
        (INSERTION_FILE, "minimum: 1\n", "minimum: 25\n", "fields[7].minimum: is greater"),
        (
            CIMR_FILE,
            "      - code: cnie\n        kind: cnie",
            "      - code: cnie\n        kind: list",
            "[1].kind",
        ),
        (CERTIFICATE_FILE, "kind: identity-card", "kind: identity-cart", "[1].kind: there is no kind of"),
        ("desks.yaml", "site: casablanca", "site: atlantis", "[0].site: there is no site “atlantis”"),
        ("desks.yaml", "agency: ompic", "agency: omnipic", "[0].agency: there is no agency “omnipic”"),
        ("sites.yaml", "code: rabat", "code: casablanca", "[1].code: “casablanca” is there twice"),
        ("agencies.yaml", "public: true", "public: maybe", "[0].public: true or false is expected"),
        ("sites.yaml", "- code: casablanca", "- code: [", "sites.yaml"),
    ],
)
def test_a_fault_names_its_file_and_its_entry(
    folder: Path, name: str, old: str, new: str, expected: str
) -> None:
    messages = faults(folder, name, old, new)
    assert any(message.startswith(name) and expected in message for message in messages), messages


def test_a_fault_names_its_line(folder: Path) -> None:
    text = (folder / CERTIFICATE_FILE).read_text()
    line = text[: text.index("kind: choice")].count("\n") + 1
    assert any(
        f", line {line}, " in message
        for message in faults(folder, CERTIFICATE_FILE, "kind: choice", "kind: no")
    )


def test_all_faults_are_reported_together(folder: Path) -> None:
    path = folder / "agencies.yaml"
    path.write_text(path.read_text().replace("public: true", "public: maybe"))
    assert len(faults(folder, "sites.yaml", "prefix: CAS", "prefix: casa")) == 5


def test_nothing_starts_from_a_catalogue_with_an_error_and_the_file_and_line_are_said(
    folder: Path,
    databases: TestDatabases,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = folder / CERTIFICATE_FILE
    path.write_text(path.read_text().replace("kind: choice", "kind: choise", 1))
    monkeypatch.setattr("services.guichet.seed.load", lambda: load(folder))
    monkeypatch.setenv("GUICHET_DATABASE_URL", databases.url("guichet"))
    monkeypatch.setenv("GUICHET_AMQP_URL", "amqp://nobody-is-asked")
    monkeypatch.setattr("sys.argv", ["guichet", "seed", "--service", "guichet"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("Error: the catalogue has errors:\n")
    assert f"{CERTIFICATE_FILE}, line 31, fields[3].kind: “choise” is none of" in said


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (
            "document_kinds.yaml",
            "readers: [agent,",
            "readers: [clerk,",
            "line 14: identity-card: readers",
        ),
        ("document_kinds.yaml", "- code: passport", "- code: identity-card", "line 17: “identity-card” is"),
        ("document_kinds.yaml", "keep_days: 365", "keep_days: [", "document_kinds.yaml, line "),
        ("directory.yaml", "- code: sarl_au", "- code: sarl", "line 6: “sarl” is there twice"),
        ("directory.yaml", "ar: شركة تضامن, ", "", "line 13: names are needed in fr, ar, en"),
    ],
)
def test_the_other_lists_name_their_lines_too(
    folder: Path, name: str, old: str, new: str, expected: str
) -> None:
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    read = document_kinds if name.startswith("document") else load_directory
    with pytest.raises(CatalogueError) as refused:
        read(folder if name.startswith("document") else path)
    assert any(expected in message for message in refused.value.messages), refused.value.messages


def test_a_rate_beyond_the_whole_is_refused() -> None:
    procedure = load().catalogue.procedures["ompic.certificat-negatif"]
    (line,) = procedure.fee_lines or ()
    dear = replace(procedure, fee_lines=(replace(line, kind=FeeKind.SERVICE, vat_rate=Decimal(101)),))
    assert [spell(fault.path) for fault in unbillable(dear)] == ["fee_lines[0].vat_rate"]
