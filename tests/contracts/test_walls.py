"""What import-linter cannot say: a list of what is allowed, rather than of what is not."""

import ast
import sys
from pathlib import Path

import pytest

from shared.settings import SERVICES

ROOT = Path(__file__).resolve().parents[2]
# Libraries that only compute: identifiers and telephones, holidays, amounts in words.
PURE_LIBRARIES = {
    "guichet": {"dateutil", "holidays", "stdnum", "phonenumbers"},
    "billing": {"dateutil", "num2words"},
}


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("service", SERVICES)
def test_the_domain_imports_only_the_standard_library_and_pure_libraries(service: str) -> None:
    strangers = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "services" / service / "domain").rglob("*.py")
        for name in _imported(path)
        if name.partition(".")[0] not in sys.stdlib_module_names | PURE_LIBRARIES.get(service, {"dateutil"})
        and not name.startswith(("shared.errors.", f"services.{service}.domain"))
    }
    assert not strangers
