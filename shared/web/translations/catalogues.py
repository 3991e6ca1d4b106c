"""Where each catalogue is, and how it becomes what gettext reads."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[3]
LANGUAGES = ("fr", "ar", "en")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The texts of one part of the product."""

    name: str
    sources: tuple[Path, ...]
    folder: Path

    def po(self, language: str) -> Path:
        """Return the file that translators edit."""
        return self.folder / language / "LC_MESSAGES" / "messages.po"


def _service(name: str) -> Catalogue:
    home = ROOT / "services" / name
    return Catalogue(name, (home,), home / "web" / "translations")


CATALOGUES = (
    Catalogue("shared", (ROOT / "shared",), ROOT / "shared" / "web" / "translations"),
    *(_service(name) for name in ("guichet", "booking", "notifications", "billing")),
)


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
