"""Leave in /app what one image needs: ``select.py billing``; ``operations`` keeps every service."""

import shutil
import sys
from pathlib import Path

from shared.settings import SERVICES

APP = Path("/app")

chosen = sys.argv[1]
if chosen != "operations":
    if chosen not in SERVICES:
        sys.exit(f"--build-arg SERVICE is one of {', '.join(SERVICES)}, operations; not {chosen!r}")
    for service in SERVICES:
        if service != chosen:
            shutil.rmtree(APP / "services" / service)
    shutil.rmtree(APP / "deploy")
for left_over in [*APP.rglob("__pycache__"), APP / "deploy" / "k8s", APP / "deploy" / "checks"]:
    shutil.rmtree(left_over, ignore_errors=True)
