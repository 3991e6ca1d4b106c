"""An old and a new version side by side: ``python -m deploy.compose.upgrade [--from COMMIT] [--stand-ins]``.

The old version serves people at work; the databases are migrated; the new version joins it, and both serve,
consume and relay; the old one goes. Nobody may see a failure, nothing may be lost. Without ``--from`` the old
version is the last commit that did not have the newest migration yet.
"""

import argparse
import math
import shutil
import subprocess
import sys
import time
from pathlib import Path

from deploy.compose import stand_ins, trials
from deploy.compose.clerks import Noted, at_work
from deploy.compose.engine import engine
from deploy.compose.installation import KINDS, Installation, Published, container, replicas
from deploy.compose.rehearsal import FOLDER, IMAGES, ROOT, build
from deploy.local.progress import StepFailed, report, run, step
from shared.settings import SERVICES

MIGRATIONS = "*/migrations/versions/*.py"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="old", default="", metavar="COMMIT", help="the version to come from")
    parser.add_argument("--stand-ins", action="store_true", help="no registry can be reached")
    parser.add_argument("--keep", action="store_true", help="leave it running, to be looked at")
    options = parser.parse_args()
    started = time.monotonic()
    old = _git(
        "rev-parse",
        "--short",
        options.old or f"{_git('log', '--diff-filter=A', '-1', '--format=%H', '--', MIGRATIONS)}~1",
    )
    with engine(FOLDER) as docker:
        base = stand_ins.python_image(docker, FOLDER) if options.stand_ins else ""
        print(f"from {old} to what is here", flush=True)
        # What was released is as large as it is.
        build(docker, _checked_out(old), "old", base, largest_megabytes=math.inf)
        build(docker, ROOT, "dev", base)
        servers = stand_ins.servers(docker, FOLDER) if options.stand_ins else {}
        images = {f"{name.upper()}_IMAGE": f"guichet-unique/{name}:old" for name in IMAGES}
        installation = Installation(docker, Published(), {**servers, **images}, FOLDER)
        with installation.up(web=1, keep=options.keep):
            trials.tell(installation)
            reckoning = trials.Reckoning(installation)
            with at_work(installation.published, installation.certificates, patient=False) as noted:
                trials.gets_done(noted)
                installation.settings |= {
                    name: image.replace(":old", ":dev") for name, image in images.items()
                }
                _exchange(installation, noted)
            reckoning.balance(noted, f"upgrade from {old}")
            installation.doctor()
            trials.tell(installation)
    print(f"rehearsed in {time.monotonic() - started:.0f} s")
    return 0


def _exchange(installation: Installation, noted: Noted) -> None:
    installation.compose("Making secrets the new version has besides", "run", "--rm", "--no-deps", "secrets")
    installation.compose("Migrating while the old version serves", "run", "--rm", "--no-deps", "prepare")
    trials.gets_done(noted)
    beside = [word for kind in KINDS for word in replicas(kind, 2)]
    up = ("up", "--detach", "--no-deps", "--no-recreate", "--no-build", "--wait", "--wait-timeout", "300")
    processes = [f"{service}-{kind}" for service in SERVICES for kind in KINDS]
    installation.compose("Starting the new version beside the old", *up, *beside, *processes)
    _side_by_side(installation)
    for _ in range(3):
        trials.gets_done(noted)
    for service in SERVICES:
        for kind in KINDS:
            with step(f"Stopping the old {service}-{kind}"):
                installation.docker.read("stop", "--time", "60", container(service, kind, 1))
                installation.docker.read("rm", container(service, kind, 1))
    trials.gets_done(noted)


def _side_by_side(installation: Installation) -> None:
    """Raise StepFailed unless each process is there in both versions."""
    for service in SERVICES:
        for kind in KINDS:
            names = [container(service, kind, number) for number in (1, 2)]
            images = [
                installation.docker.read("inspect", "--format", "{{.Config.Image}}", name) for name in names
            ]
            if [image.rpartition(":")[2] for image in images] != ["old", "dev"]:
                raise StepFailed(f"{service}-{kind} runs {' and '.join(images)}, not one of each version")


def _checked_out(commit: str) -> Path:
    """Return a folder with the files of ``commit``."""
    folder, archive = FOLDER / "old", FOLDER / "old.tar"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    log = FOLDER / "rehearsal.log"
    run(f"Taking the files of {commit}", ["git", "archive", "-o", archive, commit], log=log, cwd=ROOT)
    subprocess.run(["tar", "-xf", str(archive), "-C", str(folder)], check=True)
    archive.unlink()
    return folder


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout.strip():
        raise StepFailed(f"git {' '.join(arguments)}: {done.stderr.strip() or 'nothing found'}")
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(report(main))
