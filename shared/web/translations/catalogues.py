"""Where each catalogue of texts is."""

from dataclasses import dataclass
from pathlib import Path

from shared.settings import SERVICES

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
    *(_service(name) for name in SERVICES),
)
