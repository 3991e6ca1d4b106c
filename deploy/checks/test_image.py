"""The Dockerfile builds what the rest refers to, out of what is in the lock files and nothing else."""

import re
import subprocess
import sys

from deploy.checks.rendered import ROOT, everywhere
from deploy.image.select_for import USERS
from shared.settings import SERVICES

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
LAST_STAGE = DOCKERFILE.rpartition("\nFROM ")[2]


def test_every_stage_stands_on_the_image_of_the_argument() -> None:
    first = next(line for line in DOCKERFILE.splitlines() if line and not line.startswith("#"))
    assert first == "ARG PYTHON_IMAGE=python:3.13-slim"
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert set(bases) == {"${PYTHON_IMAGE}", "packages"}


def test_python_packages_come_from_lock_files_with_hashes() -> None:
    for install in re.findall(r"pip install (.*)", DOCKERFILE):
        assert "--require-hashes -r" in install
    assert "npm ci" in DOCKERFILE
    assert "npm install" not in DOCKERFILE


def test_it_runs_as_nobody_and_says_how_it_is() -> None:
    (user,) = re.findall(r"^USER (\d+):(\d+)", LAST_STAGE, re.MULTILINE)
    assert user == ("10001", "10001")
    assert "HEALTHCHECK" in LAST_STAGE
    assert "pip " not in LAST_STAGE
    users = {str(w.spec["securityContext"]["runAsUser"]) for w in everywhere() if w.ours}
    assert users == {user[0]}


def test_what_kubernetes_and_the_health_command_call_is_in_the_image() -> None:
    assert (ROOT / "shared" / "heartbeat.py").is_file()
    assert "COPY deploy/image/guichet /opt/guichet/bin/guichet" in DOCKERFILE
    for workload in everywhere():
        for container in workload.containers:
            if workload.ours and container["command"][0] == "python":
                module = container["command"][2].replace(".", "/")
                assert (ROOT / f"{module}.py").is_file() or (ROOT / module / "__main__.py").is_file()


def test_each_image_referred_to_can_be_built() -> None:
    images = {c["image"] for w in everywhere() if w.ours for c in w.containers}
    names = {image.rpartition("/")[2].partition(":")[0] for image in images}
    assert names == {*SERVICES, "operations"}


def test_nothing_a_build_wrote_aside_stays_in_the_image() -> None:
    steps = LAST_STAGE.replace("HOME=/tmp", "")
    aside = set(re.findall(r"/tmp(?:/\w+)?", steps))  # noqa: S108 - read in the Dockerfile, opened by nobody
    removed = " ".join(re.findall(r"rm -rf (.*?) ;;", steps))
    assert aside == {folder for folder in aside if folder in removed.split()}


def test_no_program_of_the_build_hides_a_module_of_python() -> None:
    """Its own folder is searched before Python's: ``subprocess`` imported a ``select.py`` that lay there."""
    programs = {path.stem for path in (ROOT / "deploy" / "image").glob("*.py")}
    assert not programs & sys.stdlib_module_names


def test_the_command_and_the_relay_start_where_only_operations_has_a_library() -> None:
    only_operations = {
        package for packages, users in USERS.items() if users == {"operations"} for package in packages
    }
    assert "pyrage" in only_operations
    program = [
        f"import sys; sys.modules.update(dict.fromkeys({sorted(only_operations)!r}))",
        "import shared.cli.main, shared.messaging.run_relay",
        "sys.argv[1:] = ['secrets', 'new', 'backup']; shared.cli.main.main()",
    ]
    command = [sys.executable, "-W", "ignore", "-c", "\n".join(program)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("run it from the operations image")
