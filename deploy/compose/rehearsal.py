"""Builds the images, brings docker-compose.yml up, plays the story, restarts and kills parts of it at work.

``python -m deploy.compose.rehearsal [--stand-ins] [--keep]``. ``--stand-ins``: where no image registry
can be reached, servers and base are images made of Debian's packages; the files are the same.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from deploy.compose import stand_ins, trials
from deploy.compose.engine import Engine, engine
from deploy.compose.installation import Installation, Published
from deploy.local.progress import StepFailed, report
from shared.settings import SERVICES

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".run" / "rehearsal"
IMAGES = (*SERVICES, "operations")
LARGEST_MEGABYTES = 250.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stand-ins", action="store_true", help="no registry can be reached")
    parser.add_argument("--keep", action="store_true", help="leave it running, to be looked at")
    parser.add_argument("--story-only", action="store_true", help="neither restart nor kill anything")
    options = parser.parse_args()
    started = time.monotonic()
    with engine(FOLDER) as docker:
        build(docker, ROOT, "dev", stand_ins.python_image(docker, FOLDER) if options.stand_ins else "")
        servers = stand_ins.servers(docker, FOLDER) if options.stand_ins else {}
        installation = Installation(docker, Published(), servers, FOLDER)
        with installation.up(keep=options.keep):
            trials.tell(installation)
            if not options.story_only:
                trials.restart_each(installation)
                trials.kill_each(installation)
            installation.back_up()
            installation.doctor()
    print(f"rehearsed in {time.monotonic() - started:.0f} s")
    return 0


def build(
    docker: Engine, source: Path, tag: str, base: str, *, largest_megabytes: float = LARGEST_MEGABYTES
) -> None:
    """Build every image of ``source``; raise StepFailed when one fails, or is larger than it may be."""
    network = ["--network", "host"] if base else []
    chosen = ["--build-arg", f"PYTHON_IMAGE={base}"] if base else []
    for name in IMAGES:
        image = f"guichet-unique/{name}:{tag}"
        arguments = [
            "-q",
            *network,
            *chosen,
            "--build-arg",
            f"SERVICE={name}",
            "-t",
            image,
            os.fspath(source),
        ]
        docker.do(f"Building {image}", "build", *arguments)
        size = docker.megabytes(image)
        print(f"    {size:.0f} MB", flush=True)
        if size > largest_megabytes:
            raise StepFailed(f"{image} has {size:.0f} MB; {largest_megabytes:.0f} are enough")


if __name__ == "__main__":
    sys.exit(report(main))
