"""Catalogues of texts as gettext reads them; no web framework is needed for that."""

import os
import tempfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_stale(folder: Path) -> list[Path]:
    """Compile each catalogue under ``folder`` that is newer than its compiled form.

    Replaced in one step: several processes may start at once and read what another writes.
    """
    written = []
    for source in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parts[-3])
        with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".tmp", delete=False) as temporary:
            write_mo(temporary, catalogue)
        os.replace(temporary.name, target)
        written.append(target)
    return written
