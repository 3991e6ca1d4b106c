"""Migrations that would not survive a release beside the running version are refused, by file and line."""

from pathlib import Path

import pytest

from shared.db.lint import CHANGELOG, Exceptions, lint
from shared.db.migrations import KERNEL_VERSIONS, service_versions
from shared.settings import SERVICES

NOTHING = Exceptions(frozenset({"sites"}), {})
HEAD = '''"""Planted."""

from alembic import op

revision = "{revision}"
down_revision = {down}
{besides}

def upgrade():
    op.execute("SET LOCAL lock_timeout = '5s'")
'''


def plant(
    folder: Path, *lines: str, name: str = "0002_planted", down: str | None = "0001", besides: str = ""
) -> Path:
    file = folder / f"{name}.py"
    body = "".join(f"    {line}\n" for line in lines)
    file.write_text(HEAD.format(revision=name, down=repr(down), besides=besides) + body)
    return file


def found(
    folder: Path, exceptions: Exceptions = NOTHING, changelog: str = "## [0.2.0] - 2026-12-01"
) -> list[str]:
    return [str(finding) for finding in lint([folder], exceptions, changelog)]


def test_all_migrations_there_are_pass_or_are_excepted_with_a_reason() -> None:
    folders = [KERNEL_VERSIONS, *map(service_versions, SERVICES)]
    assert lint(folders, Exceptions.load(), CHANGELOG.read_text()) == []


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("ALTER TABLE requests DROP COLUMN motive", "ban-drop-column"),
        ("DROP TABLE drafts", "ban-drop-table"),
        ("ALTER TABLE requests RENAME COLUMN motive TO reason", "renaming-column"),
        ("ALTER TABLE requests RENAME TO files", "renaming-table"),
        ("ALTER TABLE requests ADD COLUMN floor text NOT NULL", "adding-required-field"),
        ("ALTER TABLE requests ALTER COLUMN motive SET NOT NULL", "adding-not-nullable-field"),
        ("ALTER TABLE requests ALTER COLUMN serial TYPE bigint", "changing-column-type"),
        ("ALTER TABLE requests ADD CONSTRAINT positive CHECK (serial > 0)", "constraint-missing-not-valid"),
        ("CREATE INDEX requests_motive_ix ON requests (motive)", "require-concurrent-index-creation"),
        ("DROP INDEX requests_open_ix", "require-concurrent-index-deletion"),
        ("ALTER TABLE requests ADD COLUMN", "syntax-error"),
    ],
)
def test_what_the_running_version_would_not_survive_is_refused(tmp_path: Path, sql: str, rule: str) -> None:
    file = plant(tmp_path, f'op.execute("{sql}")')
    (told, *_) = found(tmp_path)
    # Behind the nine lines of its head, and the lock timeout.
    assert told.startswith(f"{file}:11: {rule}: ")


def test_the_line_is_that_of_the_statement_among_many(tmp_path: Path) -> None:
    file = plant(
        tmp_path,
        'op.execute("CREATE TABLE cats (id bigint PRIMARY KEY)")',
        'op.execute("CREATE INDEX cats_ix ON cats (id)")',
        "for name in ('a', 'b'):",
        '    op.execute(f"ALTER TABLE requests ADD COLUMN {name} text")',
        "op.execute(",
        '    """',
        "    ALTER TABLE requests",
        "        DROP COLUMN motive",
        '    """',
        ")",
    )
    assert [told.partition(": ")[0] for told in found(tmp_path)] == [f"{file}:15"]


def test_adding_is_allowed(tmp_path: Path) -> None:
    plant(
        tmp_path,
        'op.execute("ALTER TABLE requests ADD COLUMN floor text")',
        "op.execute(\"ALTER TABLE requests ADD COLUMN wing text NOT NULL DEFAULT 'east'\")",
        'op.execute("ALTER TABLE requests ADD CONSTRAINT positive CHECK (serial > 0) NOT VALID")',
        'op.execute("CREATE INDEX sites_zone_ix ON sites (zone)")',
    )
    assert found(tmp_path) == []


def test_an_index_on_a_big_table_is_made_beside_the_work_and_outside_a_transaction(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "with op.get_context().autocommit_block():",
        '    op.execute("CREATE INDEX CONCURRENTLY requests_motive_ix ON requests (motive)")',
    )
    assert found(tmp_path) == []


def test_taking_away_is_allowed_once_a_release_uses_it_no_more(tmp_path: Path) -> None:
    drop = 'op.execute("ALTER TABLE requests DROP COLUMN motive")'
    plant(tmp_path, drop, besides='contract_after = "0.2.0"\n')
    assert found(tmp_path) == []
    (file,) = tmp_path.glob("*.py")
    told = found(tmp_path, changelog="## [Unreleased]")
    assert told[0] == f"{file}:7: contract: 0.2.0 is no release of CHANGELOG.md"
    assert told[1].startswith(f"{file}:12: ban-drop-column: ")


def test_a_migration_without_a_lock_timeout_is_refused(tmp_path: Path) -> None:
    file = plant(tmp_path, 'op.execute("ALTER TABLE requests ADD COLUMN floor text")')
    file.write_text(file.read_text().replace("SET LOCAL lock_timeout = '5s'", "SELECT 1"))
    assert found(tmp_path)[0].startswith(f"{file}:10: lock-timeout: ")


def test_a_lock_timeout_ends_where_work_outside_a_transaction_begins(tmp_path: Path) -> None:
    outside = (
        "with op.get_context().autocommit_block():\n"
        '        op.execute("CREATE INDEX CONCURRENTLY requests_motive_ix ON requests (motive)")\n'
    )
    after = '    op.execute("ALTER TABLE requests ADD COLUMN floor text")'
    file = plant(tmp_path, outside + after)
    (told,) = found(tmp_path)
    assert told.startswith(f"{file}:13: lock-timeout: ")
    plant(tmp_path, outside + "    op.execute(\"SET LOCAL lock_timeout = '5s'\")\n" + after)
    assert found(tmp_path) == []


def test_two_migrations_after_the_same_one_are_refused(tmp_path: Path) -> None:
    plant(tmp_path, name="0001", down=None)
    plant(tmp_path, name="0002_ours")
    theirs = plant(tmp_path, name="0002_theirs")
    assert found(tmp_path) == [f"{theirs}:6: heads: several heads: 0002_ours.py follows the same revision"]


def test_an_exception_is_for_one_migration_and_its_rules_alone(tmp_path: Path) -> None:
    plant(
        tmp_path,
        'op.execute("DROP TABLE drafts")',
        'op.execute("ALTER TABLE requests DROP COLUMN motive")',
    )
    exceptions = Exceptions(frozenset(), {"0002_planted.py": frozenset({"ban-drop-table"})})
    (told,) = found(tmp_path, exceptions)
    assert "ban-drop-column" in told


def test_an_exception_wants_a_reason(tmp_path: Path) -> None:
    listed = tmp_path / "exceptions.yaml"
    listed.write_text(
        "small_tables: []\nallowed: [{migration: x.py, rules: [ban-drop-table], reason: ' '}]\n"
    )
    with pytest.raises(ValueError, match=r"x\.py is excepted without a reason"):
        Exceptions.load(listed)
