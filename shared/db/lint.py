"""Migrations the running version would not survive are refused: ``python -m shared.db.lint``.

For minutes of every release two versions work on one database, and going back to the older one must stay
possible. So a migration only adds (*expand*); what nothing uses any more goes in a later release
(*contract*). squawk reads the SQL; here it is told which tables are small, what is excepted, and where in
the file it stands.
"""

import importlib.util
import io
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import yaml
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from shared.db.migrations import KERNEL_VERSIONS, ROOT, service_versions
from shared.settings import SERVICES

EXCEPTIONS = Path(__file__).parent / "migrations" / "exceptions.yaml"
CHANGELOG = ROOT / "CHANGELOG.md"
OLDEST_POSTGRESQL = "15"

#: squawk's rules that are about two versions side by side, or about people waiting behind a lock
TAKES_AWAY = frozenset(
    {"ban-drop-column", "ban-drop-table", "renaming-column", "renaming-table", "ban-drop-database"}
)
ON_INDEXES = frozenset({"require-concurrent-index-creation", "require-concurrent-index-deletion"})
RULES = (
    TAKES_AWAY
    | ON_INDEXES
    | {
        *("adding-field-with-default", "adding-foreign-key-constraint", "adding-not-nullable-field"),
        *(
            "adding-required-field",
            "adding-serial-primary-key-field",
            "ban-concurrent-index-creation-in-transaction",
        ),
        *("ban-drop-not-null", "changing-column-type", "constraint-missing-not-valid"),
        *("disallowed-unique-constraint", "syntax-error", "transaction-nesting"),
    }
)
# Alembic's own frame around what must not run in a transaction.
_FRAME = frozenset({"BEGIN", "COMMIT"})
_LOCK_TIMEOUT = re.compile(r"^\s*SET\s+(LOCAL\s+)?lock_timeout\b", re.IGNORECASE)
_TABLE_OF_INDEX = re.compile(r"\bON\s+(?:ONLY\s+)?\"?(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and where."""

    file: Path
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        path = self.file.relative_to(ROOT) if self.file.is_relative_to(ROOT) else self.file
        return f"{path}:{self.line}: {self.rule}: {self.text}"


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL a migration runs, and the line of its file that does."""

    sql: str
    line: int


@dataclass(frozen=True, slots=True)
class Exceptions:
    """Tables an index is made on in a moment, and what is allowed to single migrations, with the reason."""

    small_tables: frozenset[str]
    allowed: Mapping[str, frozenset[str]]

    @classmethod
    def load(cls, path: Path = EXCEPTIONS) -> "Exceptions":
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        for entry in told["allowed"]:
            if not str(entry.get("reason", "")).strip():
                raise ValueError(f"{path}: {entry.get('migration')} is excepted without a reason")
        return cls(
            frozenset(told["small_tables"]),
            {entry["migration"]: frozenset(entry["rules"]) for entry in told["allowed"]},
        )


def lint(folders: Iterable[Path], exceptions: Exceptions, changelog: str) -> list[Finding]:
    """Return what is wrong with the migrations of some folders."""
    findings: list[Finding] = []
    for folder in folders:
        modules = {file: _load(file) for file in sorted(folder.glob("*.py"))}
        findings += _one_head(modules)
        for file, module in modules.items():
            name = str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else file.name
            allowed = exceptions.allowed.get(name, frozenset())
            findings += [
                found
                for found in _migration(file, module, exceptions.small_tables, changelog)
                if found.rule not in allowed
            ]
    return findings


def _migration(
    file: Path, module: ModuleType, small_tables: frozenset[str], changelog: str
) -> Iterator[Finding]:
    for first in _firsts(_run(file, module)):
        if not _LOCK_TIMEOUT.match(first.sql):
            yield Finding(
                file,
                first.line,
                "lock-timeout",
                "begin with SET LOCAL lock_timeout, anew after an autocommit_block: people wait behind it",
            )
    statements = statements_of(file, module)
    mark = getattr(module, "contract_after", None)
    if mark is not None and f"## [{mark}]" not in changelog:
        yield Finding(
            file, _line_of(file, "contract_after"), "contract", f"{mark} is no release of CHANGELOG.md"
        )
        mark = None
    for rule, statement, text in _squawk(statements):
        if rule in TAKES_AWAY:
            if mark is None:
                advice = 'name the release since which nothing uses it: contract_after = "…"'
                yield Finding(file, statement.line, rule, f"{_shortened(statement.sql)}: {advice}")
        elif rule in ON_INDEXES:
            table = _TABLE_OF_INDEX.search(statement.sql)
            if table is None or table[1] not in small_tables:
                yield Finding(file, statement.line, rule, f"{_shortened(statement.sql)}: {text}")
        else:
            yield Finding(file, statement.line, rule, f"{_shortened(statement.sql)}: {text}")


def statements_of(file: Path, module: ModuleType) -> list[Statement]:
    """Return what a migration would run, without a database."""
    return [statement for statement in _run(file, module) if statement.sql.upper() not in _FRAME]


def _firsts(run: Sequence[Statement]) -> Iterator[Statement]:
    """Yield the first statement of each transaction: what is set in one ends with it."""
    begins = True
    for statement in run:
        if statement.sql.upper() in _FRAME:
            begins = statement.sql.upper() == "BEGIN"
        elif begins:
            yield statement
            begins = False


def _run(file: Path, module: ModuleType) -> list[Statement]:
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": io.StringIO()}
    )
    found: list[Statement] = []

    def note(text: str) -> None:
        frame: Any = sys._getframe()
        while frame is not None and frame.f_code.co_filename != str(file):
            frame = frame.f_back
        found.append(Statement(text.strip().rstrip(";"), frame.f_lineno if frame else 1))

    context.impl.static_output = note  # type: ignore[method-assign]
    with Operations.context(context):
        module.upgrade()
    return [statement for statement in found if statement.sql]


def _squawk(statements: Sequence[Statement]) -> Iterator[tuple[str, Statement, str]]:
    begins: list[int] = []
    lines: list[str] = []
    for statement in statements:
        begins.append(len(lines))
        lines += f"{statement.sql};".splitlines()
    in_transaction = not any("CONCURRENTLY" in statement.sql.upper() for statement in statements)
    command = [
        str(Path(sys.executable).with_name("squawk")),
        *("--reporter", "json", "--pg-version", OLDEST_POSTGRESQL, "--stdin-filepath", "migration.sql"),
        *(["--assume-in-transaction"] if in_transaction else []),
    ]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise RuntimeError(f"squawk did not answer: {done.stderr.strip()}")
    for told in orjson.loads(done.stdout):
        if told["rule_name"] in RULES:
            at = max(place for place, begin in enumerate(begins) if begin <= told["line"])
            yield told["rule_name"], statements[at], told["message"].strip()


def _one_head(modules: Mapping[Path, ModuleType]) -> Iterator[Finding]:
    followed = {module.down_revision for module in modules.values()}
    heads = [file for file, module in modules.items() if module.revision not in followed]
    for file in heads[1:]:
        others = ", ".join(other.name for other in heads if other != file)
        yield Finding(
            file,
            _line_of(file, "down_revision"),
            "heads",
            f"several heads: {others} follows the same revision",
        )


def _load(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"linted_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(str(file))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _line_of(file: Path, name: str) -> int:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith(name):
            return number
    return 1


def _shortened(sql: str) -> str:
    one_line = " ".join(sql.split())
    return one_line if len(one_line) <= 70 else f"{one_line[:69]}…"


def main() -> int:
    folders = [KERNEL_VERSIONS, *map(service_versions, SERVICES)]
    with redirect_stderr(io.StringIO()):
        findings = lint(folders, Exceptions.load(), CHANGELOG.read_text(encoding="utf-8"))
    for found in findings:
        print(found)
    if findings:
        print(f"{len(findings)} found: CONTRIBUTING.md says how a migration is made beside a running version")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
