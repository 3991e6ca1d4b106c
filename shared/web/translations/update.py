"""Bringing the files translators edit up to date with the code."""

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from shared.web.translations.catalogues import CATALOGUES, LANGUAGES, ROOT, Catalogue
from shared.web.translations.extraction import Message, messages

# CLDR's order: zero, one, two, few, many, other. Babel's own rule for Arabic swaps the last two.
ARABIC_PLURALS = (
    "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);"
)
DROPPED_HEADERS = (
    '"POT-Creation-Date',
    '"PO-Revision-Date',
    '"Generated-By',
    '"Last-Translator',
    '"Language-Team',
    '"Report-Msgid-Bugs-To',
    '"Project-Id-Version',
)
HEADER = "# Texts of Guichet Unique. The keys are English; edit the msgstr only."


def own_messages(catalogue: Catalogue) -> list[Message]:
    """Return the texts of one part, without those that the shared catalogue already has."""
    found = [message for root in catalogue.sources for message in messages(root)]
    if catalogue.name == "shared":
        return found
    shared = {message.id for message in own_messages(CATALOGUES[0])}
    return [message for message in found if message.id not in shared]


def update() -> Iterator[tuple[Path, int]]:
    """Rewrite each .po and yield how many texts it still lacks."""
    for catalogue in CATALOGUES:
        found = own_messages(catalogue)
        for language in LANGUAGES:
            path = catalogue.po(language)
            # The keys are English already: an English catalogue is only kept where one exists.
            if not path.exists() and (not found or language == "en"):
                continue
            before = load(path, language)
            after = Catalog(locale=language, header_comment=HEADER, fuzzy=False)
            if language == "ar":
                after.mime_headers = [("Plural-Forms", ARABIC_PLURALS)]
            for message in sorted(found, key=lambda one: (str(one.path), one.line)):
                old = before.get(message.singular)
                after.add(
                    message.id,
                    old.string if old and _same_shape(old.string, message) else None,
                    locations=[(str(message.path.relative_to(ROOT)), 0)],
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, after)
            yield path.relative_to(ROOT), sum(1 for one in after if one.id and not _complete(one.string))


def load(path: Path, language: str) -> Catalog:
    """Return the catalogue in ``path``, empty when there is none."""
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _same_shape(string: object, message: Message) -> bool:
    return isinstance(string, tuple | list) == (message.plural is not None)


def _complete(string: object) -> bool:
    return all(string) if isinstance(string, tuple | list) else bool(string)


def _write(path: Path, catalogue: Catalog) -> None:
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=110, include_lineno=False, omit_header=False)
    # Dates and names in the header would change every file at every run.
    lines = [line for line in buffer.getvalue().decode().splitlines() if not line.startswith(DROPPED_HEADERS)]
    text = "\n".join(lines) + "\n"
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")
