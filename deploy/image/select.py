"""Leave what one image needs: ``select.py billing``; ``operations`` keeps every service.

At the end every module that stays is imported: an image lacking something is not built.
"""

import importlib
import pkgutil
import py_compile
import shutil
import sys
from pathlib import Path

from shared.settings import SERVICES

APP = Path("/app")
SITE = next(Path("/opt/guichet/lib").glob("python3*/site-packages"))
# Packages that some services do not use, and whoever does.
PRINTING = (
    "weasyprint",
    "fontTools",
    "zopfli",
    "_brotli*",
    "brotli*",
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
    ("mrml",): {"notifications", "operations"},
}
# Started, not imported; the first patches the sockets of whoever imports it.
NOT_IMPORTED = {"run_worker", "__main__", "migrations", "migrations_env"}
OPERATIONS = [
    *("shared.cli.main", "deploy.compose.prepare", "deploy.local.standins.__main__", "deploy.trial_secrets"),
    *(f"services.{service}.{part}" for service in SERVICES for part in ("seed", "contracts.consumed")),
    *(f"services.{service}.contracts.published" for service in SERVICES),
]


def select(chosen: str) -> None:
    if chosen != "operations":
        for service in SERVICES:
            if service != chosen:
                shutil.rmtree(APP / "services" / service)
        shutil.rmtree(APP / "deploy")
    for left_over in [APP / "deploy" / "k8s", APP / "deploy" / "checks"]:
        shutil.rmtree(left_over, ignore_errors=True)
    for packages, users in USERS.items():
        for package in packages:
            for path in SITE.glob(package) if chosen not in users else ():
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def import_everything(chosen: str) -> None:
    names = OPERATIONS if chosen == "operations" else [*_modules("shared"), *_modules("services")]
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


def compile_imported() -> None:
    """Keep the compiled form of what is imported, and of what prints; the rest is seldom or never."""
    for cache in [*APP.rglob("__pycache__"), *SITE.rglob("__pycache__")]:
        shutil.rmtree(cache, ignore_errors=True)
    ours = ("/app/", "/opt/guichet/")
    files = {file for each in list(sys.modules.values()) if (file := getattr(each, "__file__", None) or "")}
    chosen = {Path(file) for file in files if file.startswith(ours) and file.endswith(".py")}
    chosen |= {*APP.rglob("*.py"), *(SITE / "weasyprint").rglob("*.py")}
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    for path in sorted(chosen):
        py_compile.compile(str(path), doraise=True, quiet=1, invalidation_mode=mode)


if __name__ == "__main__":
    name = sys.argv[1]
    if name not in (*SERVICES, "operations"):
        sys.exit(f"--build-arg SERVICE is one of {', '.join(SERVICES)}, operations; not {name!r}")
    select(name)
    importlib.invalidate_caches()
    import_everything(name)
    compile_imported()
