"""``python -m deploy.checks.policies``: checkov's list of good habits, without those we do not keep, and why.

It lives in an environment of its own and takes minutes to install, so it is no part of ``make manifests``.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy.checks.rendered import ROOT, kustomize
from deploy.local import bootstrap
from deploy.local.progress import StepFailed, report, run

# Not `local`: it is for trying, and its servers run as their images have it.
OVERLAYS = ("staging", "production")
ENVIRONMENT = ROOT / ".run" / "checkov"
LEFT_OUT = {
    # Workers and relays serve nobody: their readiness would only repeat whether they live.
    "CKV_K8S_9",
    # A release's tag is never moved, and a mirror has digests of its own.
    "CKV_K8S_15",
    "CKV_K8S_43",
    # The base image is an argument, which it does not look into.
    "CKV_DOCKER_7",
}


def main() -> int:
    started = time.monotonic()
    python = bootstrap.prepare_venv(ENVIRONMENT, this_python=False)
    _install(python)
    with tempfile.TemporaryDirectory() as folder:
        found = _complaints(python, "dockerfile", ROOT / "Dockerfile")
        for overlay in OVERLAYS:
            file = Path(folder, f"{overlay}.yaml")
            file.write_text(kustomize(overlay), encoding="utf-8")
            found += _complaints(python, "kubernetes", file)
    print(*found, f"policies looked at in {time.monotonic() - started:.0f} s", sep="\n")
    return 1 if found else 0


def _install(python: Path) -> None:
    stamp, lock = ENVIRONMENT / "installed", ROOT / "requirements" / "checkov.txt"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    build = ROOT / "requirements" / "build.txt"
    run(
        "Installing the build tool",
        [python, *bootstrap.PIP, "--require-hashes", "-r", build],
        log=bootstrap.LOG,
    )
    run("Installing checkov", [python, *bootstrap.PIP, "--require-hashes", "-r", lock], log=bootstrap.LOG)
    stamp.write_bytes(lock.read_bytes())


def _complaints(python: Path, framework: str, file: Path) -> list[str]:
    skipped = ",".join(sorted(LEFT_OUT))
    command: list[str | Path] = [
        "--framework",
        framework,
        "-f",
        file,
        "--skip-download",
        "--skip-check",
        skipped,
        "--compact",
        "--quiet",
    ]
    done = subprocess.run(
        [python.parent / "checkov", *command], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode not in {0, 1}:
        raise StepFailed(done.stderr[-2000:])
    return (
        [f"{file.name}: {line}" for line in done.stdout.splitlines() if line.strip()]
        if done.returncode
        else []
    )


if __name__ == "__main__":
    sys.exit(report(main))
