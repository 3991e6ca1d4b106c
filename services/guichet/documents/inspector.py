"""Runs alone in a process of its own: reads one file, writes a harmless copy of it.

Libraries that parse what strangers send have had their share of holes. Here they get one file, a
fixed amount of memory and processor time, no secrets and no connection; what goes wrong ends this
process and the file is refused. The file is standard input, the copy standard output, the last line
of standard error says what came of it. See ``inspection.py`` for the other side.
"""

import json
import os
import sys
from contextlib import suppress
from typing import Any

from services.guichet.domain.documents import RefusedFile

MEMORY_BYTES = 1536 * 1024 * 1024
PROCESSOR_SECONDS = 30
COPY_BYTES = 96 * 1024 * 1024


def main() -> int:
    media_type = sys.argv[1]
    _confine()
    source, target = os.fdopen(0, "rb"), os.fdopen(1, "r+b")
    report: dict[str, Any]
    try:
        pages = None
        if media_type == "application/pdf":
            from services.guichet.documents import pdfs

            pages = pdfs.rewrite(source, target)
        else:
            from services.guichet.documents import images

            images.rewrite(source, target, media_type)
        target.flush()
        report = {"pages": pages}
    except RefusedFile as refusal:
        report = {"refused": refusal.reason, "params": refusal.params}
    except MemoryError:
        report = {"refused": "bomb", "params": {}}
    print(json.dumps(report), file=sys.stderr, flush=True)
    # Nothing of the libraries' own tidying up is needed any more.
    os._exit(0)


def _confine() -> None:
    try:
        import resource
    except ImportError:
        return
    limits = (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, COPY_BYTES),
        (resource.RLIMIT_CORE, 0),
    )
    for limit, value in limits:
        # Not every system lets each of them be set.
        with suppress(OSError, ValueError):
            resource.setrlimit(limit, (value, value))


if __name__ == "__main__":
    sys.exit(main())
