"""docs/operations.md lists every environment variable the code reads, and no other."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
READERS = {"str", "int", "float", "bool", "decimal", "list", "url", "path", "get", "setdefault", "getenv"}
# Of the shell and the libraries, not ours.
FOREIGN = {"DYLD_FALLBACK_LIBRARY_PATH", "SSL_CERT_FILE"}


def _read(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        names: list[ast.expr] = []
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Attribute):
                if called.attr in READERS and _is_environment(called.value):
                    names += node.args[:1]
            elif isinstance(called, ast.Name) and called.id == "read":
                names += node.args[1:2]
            names += [keyword.value for keyword in node.keywords if keyword.arg == "envvar"]
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            names += [node.slice] if ast.unparse(node.value) == "os.environ" else []
        for name in names:
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value


def _is_environment(owner: ast.expr) -> bool:
    return ast.unparse(owner) in {"env", "Env()", "os", "os.environ"}


@cache
def _in_code() -> set[str]:
    found: set[str] = set()
    for folder in ("shared", "services", "deploy"):
        for path in (ROOT / folder).rglob("*.py"):
            found |= set(_read(ast.parse(path.read_text("utf-8"))))
    return {name for name in found if VARIABLE.fullmatch(name)} - FOREIGN


def test_every_variable_the_code_reads_is_on_the_page() -> None:
    missing = {name for name in _in_code() if f"`{name}`" not in PAGE}
    assert not missing


def test_every_variable_on_the_page_is_read_by_the_code() -> None:
    settings = PAGE.partition("\n## Settings\n")[2].partition("\n## ")[0]
    named = {name for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", settings) if VARIABLE.fullmatch(name)}
    of_services = {"BILLING_DATABASE_URL"}
    assert named - of_services - FOREIGN == _in_code()


def test_the_search_finds_each_way_of_reading() -> None:
    code = (
        'env.str("A_A")\nEnv().int("B_B", 3)\nos.environ["C_C"]\nos.environ.get("D_D")\n'
        'os.environ["NOT_READ_EITHER"] = "1"\n'
        'read("billing", "E_E")\noption("--x", envvar="F_F")\nconfig.get("NOT_READ")\n'
    )
    assert set(_read(ast.parse(code))) == {"A_A", "B_B", "C_C", "D_D", "E_E", "F_F"}
