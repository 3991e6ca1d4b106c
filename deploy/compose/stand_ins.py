"""Images where no registry can be reached: Debian's packages in place of the public images.

The Dockerfile and docker-compose.yml stay as they are; only the variables that name images change.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.compose.engine import Engine
from deploy.local.progress import StepFailed, run

HERE = Path(__file__).parent / "standins"
BASE = "local/trixie"
PYTHON = "local/python"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# variable → folder of its Dockerfile
SERVERS = {
    "POSTGRES_IMAGE": "postgresql",
    "RABBITMQ_IMAGE": "rabbitmq",
    "OBJECTS_IMAGE": "objects",
    "CADDY_IMAGE": "proxy",
}
# What the official slim images leave out, too.
LEFT_OUT = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "var/cache/apt",
    # Fifty megabytes, where the mirror gives them unpacked.
    "var/lib/apt/lists",
    "var/log",
)


def python_image(engine: Engine, folder: Path) -> str:
    """Return the image ours are built on."""
    if not engine.has(BASE):
        _base(engine, folder)
    context = folder / "context"
    context.mkdir(exist_ok=True)
    shutil.copy(CERTIFICATES, context / "ca-certificates.crt")
    _build(engine, PYTHON, "python", context)
    return PYTHON


def servers(engine: Engine, folder: Path) -> dict[str, str]:
    """Return the variables of docker-compose.yml that name the servers."""
    context = folder / "context"
    # The wheel of the tests brings the program; it needs nothing else.
    shutil.copy(Path(sys.executable).parent / "weed", context / "weed")
    for file in HERE.glob("*/*.sh"):
        shutil.copy(file, context / file.name)
    chosen = {}
    for variable, name in SERVERS.items():
        _build(engine, f"local/{name}", name, context)
        chosen[variable] = f"local/{name}"
    _build(engine, "local/mailpit", "mailpit", HERE / "mailpit")
    return {**chosen, "MAILPIT_IMAGE": "local/mailpit"}


def _base(engine: Engine, folder: Path) -> None:
    tree, archive = folder / "trixie", folder / "trixie.tar"
    shutil.rmtree(tree, ignore_errors=True)
    command = [
        "debootstrap",
        "--variant=minbase",
        "--include=ca-certificates",
        "trixie",
        str(tree),
        _mirror(),
    ]
    run("Making a base image of Debian's packages", command, log=folder / "rehearsal.log")
    for left_out in LEFT_OUT:
        shutil.rmtree(tree / left_out, ignore_errors=True)
    for wanted in ("cache/apt/archives", "lib/apt/lists"):
        (tree / "var" / wanted / "partial").mkdir(parents=True)
    (tree / "var" / "log").mkdir(exist_ok=True)
    (tree / "etc" / "dpkg" / "dpkg.cfg.d" / "slim").write_text(
        "".join(f"path-exclude /{left_out}/*\n" for left_out in LEFT_OUT if left_out.startswith("usr"))
    )
    subprocess.run(["tar", "-C", str(tree), "-cf", str(archive), "."], check=True)
    engine.read("import", str(archive), BASE)
    shutil.rmtree(tree)
    archive.unlink()


def _mirror() -> str:
    """Return the mirror this machine installs from."""
    for file in [*Path("/etc/apt/sources.list.d").glob("*.sources"), Path("/etc/apt/sources.list")]:
        for line in file.read_text().splitlines() if file.exists() else ():
            words = line.split()
            if line.startswith("URIs:") and words[1].rstrip("/").endswith("/debian"):
                return words[1]
            if line.startswith("deb ") and words[1].rstrip("/").endswith("/debian"):
                return words[1]
    raise StepFailed("No Debian mirror is named in /etc/apt: stand-ins for images need one")


def _build(engine: Engine, tag: str, name: str, context: Path) -> None:
    dockerfile = HERE / name / "Dockerfile"
    title = f"Building a stand-in for {name}"
    engine.do(title, "build", "--network", "host", "-q", "-t", tag, "-f", str(dockerfile), os.fspath(context))
