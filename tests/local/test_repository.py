"""What may not stand in any tracked file: it would tie the project to one machine or one registry."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Spelled so that this file does not hold what it looks for.
REGISTRIES = re.compile(
    rb"https?://[\w.-]*\b(?:pypi\.org|pythonhosted\.org|npm[j]s\.(?:org|com)|debian\.org|npmmirror\.com)"
)
IMAGES = re.compile(
    rb"\b(?:(?:ghcr|quay|gcr|registry\.k8s)\.io|docker\.io/|mcr\.microsoft\.com|public\.ecr\.aws)"
)
HOMES = re.compile(rb"(?<![\w.])/(?:root|home/\w+|Users/\w+|work)/\w")
LONGEST_MODULE = 400
LOCKS = ("build", "base", "dev", "bench", "node", "manifests", "checkov")


PINNED = re.compile(r"^([a-z][\w.-]*)==", re.MULTILINE)
ASKED = re.compile(r"^([a-z][\w.-]*)", re.MULTILINE)


def _tracked(pattern: str = ".") -> Iterator[Path]:
    command = ["git", "ls-files", "-z", pattern]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file():
            yield path


def _lines_with(wanted: re.Pattern[bytes]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _tracked()
        for number, line in enumerate(path.read_bytes().splitlines(), 1)
        if wanted.search(line)
    ]


def test_no_file_names_a_package_registry() -> None:
    assert _lines_with(REGISTRIES) == []


def test_no_file_names_an_image_registry() -> None:
    assert _lines_with(IMAGES) == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert _lines_with(HOMES) == []


def test_front_end_lock_holds_no_addresses() -> None:
    assert '"resolved"' not in (ROOT / "frontend" / "package-lock.json").read_text()


@pytest.mark.parametrize("name", LOCKS)
def test_every_pinned_package_has_hashes(name: str) -> None:
    entries = re.split(r"\n(?=[a-z])", (ROOT / "requirements" / f"{name}.txt").read_text())[1:]
    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("name", LOCKS)
def test_everything_asked_for_is_pinned(name: str) -> None:
    folder = ROOT / "requirements"
    asked = set(ASKED.findall((folder / f"{name}.in").read_text()))
    assert asked <= set(PINNED.findall((folder / f"{name}.txt").read_text()))


def test_modules_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in _tracked("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_MODULE
    }
    assert long == {}
