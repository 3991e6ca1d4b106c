"""Leave what one image needs: ``select_for.py billing``; ``operations`` keeps every service.

``select_for.py billing --check`` imports every module that stayed: an image lacking something is not built.
"""

import ast
import contextlib
import importlib
import marshal
import pkgutil
import py_compile
import shutil
import sys
import sysconfig
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path

from shared.settings import SERVICES

APP = Path("/app")
SITE = Path(sysconfig.get_path("purelib"))
# Packages that some services do not use, and whoever does.
PRINTING = (
    "weasyprint",
    "fontTools",
    "pyphen",
    "tiny*",
    "cssselect2",
    "pydyf",
)
USERS = {
    PRINTING: {"guichet", "billing"},
    ("pikepdf", "pikepdf.libs", "lxml"): {"guichet"},
    ("PIL", "pillow.libs"): {"guichet", "billing"},
    ("holidays", "phonenumbers"): {"guichet", "operations"},
    ("authlib", "authlib-*"): {"guichet"},
    ("mrml",): {"notifications", "operations"},
    # Amounts in words, on invoices.
    ("num2words", "docopt*"): {"billing", "operations"},
    # Encrypts and opens backups.
    ("pyrage",): {"operations"},
    # The stand-in of a mail server.
    ("aiosmtpd", "attr", "attrs"): {"operations"},
}
# Started, not imported; the first two patch the sockets of whoever imports them, the third is WeasyPrint's.
NOT_IMPORTED = {"greened", "run_worker", "presswork", "__main__", "migrations", "migrations_env"}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
OPERATIONS = [
    *(
        "shared.cli.main",
        "deploy.compose.prepare",
        "deploy.compose.ledger",
        "deploy.local.standins.__main__",
        "deploy.trial_secrets",
        "pyrage.x25519",
    ),
    *(f"services.{service}.{part}" for service in SERVICES for part in ("seed", "contracts.consumed")),
    *(f"services.{service}.contracts.published" for service in SERVICES),
    *(f"services.{service}.read_copies" for service in SERVICES),
    "services.guichet.stored_files",
]


def select(chosen: str) -> None:
    if chosen != "operations":
        for service in SERVICES:
            if service != chosen:
                shutil.rmtree(APP / "services" / service)
        shutil.rmtree(APP / "deploy")
    for left_over in [APP / "deploy" / "k8s", APP / "deploy" / "checks"]:
        shutil.rmtree(left_over, ignore_errors=True)
    # Compiled a moment ago.
    for texts in APP.rglob("messages.po"):
        texts.unlink()
    for packages, users in USERS.items():
        for package in packages:
            for path in SITE.glob(package) if chosen not in users else ():
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def import_everything(chosen: str) -> None:
    # Loaded where METRICS_ADDRESS asks for it, which containers do.
    processes = [*_modules("shared"), *_modules("services"), "prometheus_client"]
    names = OPERATIONS if chosen == "operations" else processes
    if chosen in USERS[PRINTING]:
        # WeasyPrint itself wants the libraries of the last stage.
        names = [*names, "fontTools.subset", "fontTools.ttLib", "tinycss2", "cssselect2", "pydyf", "pyphen"]
    for name in names:
        importlib.import_module(name)
    if chosen in {"guichet", "operations"}:
        # Loads its rules by name, long after the import.
        importlib.import_module("services.guichet.domain.holidays").of_year(2026)


def _modules(package: str) -> list[str]:
    found = pkgutil.walk_packages([str(APP / package)], f"{package}.")
    return [each.name for each in found if not NOT_IMPORTED & set(each.name.split("."))]


def compile_everything() -> None:
    """Leave packages compiled only: nobody reads them in an image, and a start compiles nothing.

    Ours keep their sources, which a traceback shows.
    """
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    for cache in [*APP.rglob("__pycache__"), *SITE.rglob("__pycache__")]:
        shutil.rmtree(cache, ignore_errors=True)
    for path in sorted(APP.rglob("*.py")):
        py_compile.compile(str(path), doraise=True, quiet=1, invalidation_mode=mode)
    for path in sorted(SITE.rglob("*.py")):
        # Some files are for Pythons that are no more, and are never imported.
        with contextlib.suppress(SyntaxError):
            path.with_suffix(".pyc").write_bytes(_compiled(path))
            path.unlink()


def _compiled(path: Path) -> bytes:
    """Return a module as Python keeps it compiled, without the manual in it; what is asserted stays."""
    source = path.read_bytes()
    tree = ast.parse(source)
    # SQLAlchemy makes its own of these, and insists on them.
    told = path.name == "events.py"
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and not told and ast.get_docstring(node, clean=False) is not None:
            node.body[:1] = [] if len(node.body) > 1 else [ast.copy_location(ast.Pass(), node.body[0])]
    code = compile(tree, str(path), "exec", dont_inherit=True)
    # Hash-based and unchecked: no source is there to compare with.
    return MAGIC_NUMBER + (1).to_bytes(4, "little") + source_hash(source) + marshal.dumps(code)


if __name__ == "__main__":
    name, *asked = sys.argv[1:]
    if name not in (*SERVICES, "operations"):
        sys.exit(f"--build-arg SERVICE is one of {', '.join(SERVICES)}, operations; not {name!r}")
    if asked != ["--check"]:
        select(name)
        compile_everything()
    import_everything(name)
