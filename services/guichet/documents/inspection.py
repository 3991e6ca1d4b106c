"""Is this file what it says, and what is kept of it: decided in a confined process (``inspector.py``)."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import BoundedSemaphore
from typing import IO, Any, BinaryIO, cast

from services.guichet.domain.documents import (
    MEDIA_TYPES,
    REFUSALS,
    RefusedFile,
    type_of_content,
)
from shared.logging import get_logger

log = get_logger()

_ROOT = Path(__file__).resolve().parents[3]
_SECONDS = 60
_HEAD = 16
#: each may need a gigabyte for a moment
_AT_ONCE = BoundedSemaphore(2)


def inspect(source: IO[bytes], target: IO[bytes], declared: str) -> int | None:
    """Write what is to be kept of ``source`` to ``target``; return the number of pages of a PDF.

    Both are real files.

    Raises:
        RefusedFile: with the reason.
    """
    source.seek(0)
    head = source.read(_HEAD)
    if not head:
        raise RefusedFile("empty")
    found = type_of_content(head)
    if found is None:
        raise RefusedFile("not_what_it_says", declared=MEDIA_TYPES[declared][0])
    if found != declared:
        raise RefusedFile("mismatch", declared=MEDIA_TYPES[declared][0], found=MEDIA_TYPES[found][0])
    with _AT_ONCE:
        report = _run(source, target, declared)
    if "refused" in report:
        raise RefusedFile(report["refused"], **report["params"])
    if target.seek(0, 2) == 0:
        raise RefusedFile("unreadable")
    target.seek(0)
    return cast("int | None", report["pages"])


def _run(source: IO[bytes], target: IO[bytes], media_type: str) -> dict[str, Any]:
    # The child reads from the descriptor's own place, which buffering here has moved.
    os.lseek(source.fileno(), 0, os.SEEK_SET)
    environment = {
        "PYTHONPATH": str(_ROOT),
        "PYTHONTZPATH": "",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "services.guichet.documents.inspector", media_type],
            stdin=source,
            stdout=target,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=tempfile.gettempdir(),
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        log.warning("inspection_ended", media_type=media_type, by="time")
        return {"refused": "unreadable", "params": {}}
    last = done.stderr.strip().rpartition(b"\n")[2]
    try:
        report: dict[str, Any] = json.loads(last)
    except ValueError:
        # Ended by a limit, or by a hole in a parser: either way the file is to blame.
        log.warning("inspection_ended", media_type=media_type, code=done.returncode)
        return {"refused": "unreadable", "params": {}}
    if report.get("refused") not in (None, *REFUSALS):
        return {"refused": "unreadable", "params": {}}
    return report


def temporary_file() -> BinaryIO:
    """A file without a name: gone with the process, whatever happens."""
    return cast("BinaryIO", tempfile.TemporaryFile())
