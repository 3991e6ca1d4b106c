import shutil
from pathlib import Path

import pytest

from services.guichet.catalogue import CatalogueError, load
from services.guichet.catalogue.loader import FOLDER

CERTIFICATE_FILE = "procedures/ompic.certificat-negatif.yaml"


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


def test_the_catalogue_has_the_eight_sites_and_the_four_procedures() -> None:
    catalogue = load().catalogue
    assert len(catalogue.sites) == 8
    assert set(catalogue.procedures) == {
        "ompic.certificat-negatif",
        "cnss.affiliation-employeur",
        "cimr.adhesion-employeur",
        "legalisation.signature",
    }


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
        (CERTIFICATE_FILE, "version: 1", "version: one", "version: a whole number"),
        (CERTIFICATE_FILE, "public: true", "public: true\ncolour: blue", "colour: is not known here"),
        (CERTIFICATE_FILE, "version: 1", "version: 1\nversion: 2", "“version” is there twice"),
        (CERTIFICATE_FILE, "agency: ompic", "agency: cnss", "code: must begin with the agency"),
        (
            "procedures/legalisation.signature.yaml",
            "per: signatures",
            "per: pages",
            "fee_lines[0].per: names no",
        ),
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
    assert len(faults(folder, "sites.yaml", "prefix: CAS", "prefix: casa")) == 4
