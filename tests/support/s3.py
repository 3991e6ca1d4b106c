"""A real S3-compatible server (SeaweedFS), which checks signatures; of the tests' own."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from deploy.local.processes import free_port
from services.guichet.documents.s3 import S3Settings, sign
from shared.clock import now
from tests.support import http
from tests.support.broker import eventually

WEED = Path(sys.executable).parent / "weed"


def installed() -> bool:
    return WEED.exists() or shutil.which("weed") is not None


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Settings]:
    """Run the server and make one bucket."""
    settings = S3Settings(
        endpoint=f"http://127.0.0.1:{free_port()}",
        bucket="counter",
        access_key="counter",
        secret_key="s3cret",
    )
    identity = {
        "name": "counter",
        "credentials": [{"accessKey": settings.access_key, "secretKey": settings.secret_key}],
        "actions": ["Admin"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    ports = [
        f"-{part}={free_port()}"
        for server in ("master", "volume", "filer")
        for part in (f"{server}.port", f"{server}.port.grpc")
    ]
    command = [
        str(WEED if WEED.exists() else "weed"),
        *("server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false"),
        *("-volume.max=2", "-master.volumeSizeLimitMB=64", "-volume.minFreeSpacePercent=0"),
        *("-s3", f"-s3.port={settings.endpoint.rpartition(':')[2]}", f"-s3.port.grpc={free_port()}"),
        *(
            f"-s3.config={folder / 's3.json'}",
            "-s3.iam=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            *ports,
        ),
    ]
    with (folder / "weed.log").open("wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        with http.client(timeout=5) as client:
            eventually(
                lambda: running.poll() is None and _bucket(client, settings), seconds=60, what="the S3 server"
            )
        yield settings
    finally:
        # Leaving in order takes it ten seconds, and nothing of it is needed any more.
        running.kill()
        running.wait()


def _bucket(client: httpx.Client, settings: S3Settings) -> bool:
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    host = settings.endpoint.removeprefix("http://")
    headers = sign(settings, "PUT", host=host, path="/counter", headers={}, digest=digest, at=now())
    try:
        return client.put(f"{settings.endpoint}/counter", headers=headers).status_code in (200, 409)
    except httpx.HTTPError:
        return False
