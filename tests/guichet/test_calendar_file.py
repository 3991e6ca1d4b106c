import shutil
from pathlib import Path

import pytest

from services.guichet.catalogue import CatalogueError, load
from services.guichet.catalogue.faults import FOLDER
from services.guichet.domain.calendar_reader import rules_from, written_rules


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"08:30", "16:30"', '"16:30", "08:30"', "hours: each opening and closing must be later"),
        ('"08:30", "16:30"', "08:30, 16:30", "hours: hours are written"),
        ("[saturday, sunday]", "[samedi]", "weekend: a list of at most six"),
        ('"0.75"', '"75"', "near_share: a share in quotes"),
        ("ends_on_open_day: true", "ends_on_open_day: 1", "ends_on_open_day: true or false"),
        ("last: 2027-03-08", "last: 2027-02-01", "ramadan[1]: the fast lasts 29 or 30 days"),
        (
            "overrides: []",
            "overrides:\n  - {day: 2026-11-24, effect: shut}",
            "overrides[0]: the effect is one of",
        ),
        (
            "overrides: []",
            "overrides:\n  - {day: 2026-11-24, effect: closed, site: atlantis}",
            "overrides[0].site: there is no site",
        ),
        ("overrides: []", "overides: []", "overides: is not known here"),
    ],
)
def test_a_wrong_line_of_the_calendars_file_is_named(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    folder = tmp_path / "catalogue"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    path = folder / "calendar.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(CatalogueError) as error:
        load(folder)
    assert any(m.startswith("calendar.yaml, line ") and expected in m for m in error.value.messages)


def test_rules_are_read_back_as_they_were_written() -> None:
    rules = load().calendar.rules
    assert rules_from(written_rules(rules)) == rules
