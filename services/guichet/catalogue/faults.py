"""What is wrong with the catalogue's files: a process that needs them does not start without."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.guichet.catalogue.source import NotYaml, Source, read_source
from services.guichet.domain.catalogue_entries import Path as EntryPath
from shared.settings import BadSetting

FOLDER = Path(__file__).parent


class CatalogueError(BadSetting):
    """The catalogue cannot be used; ``messages`` has one line per fault, with its file and line."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__("the catalogue has errors:\n" + "\n".join(messages))
        self.messages = messages


class File:
    """One file read with the places of its entries; faults are gathered, then raised together."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self.messages: list[str] = []
        try:
            self._source: Source = read_source(path.read_text(encoding="utf-8"))
        except NotYaml as error:
            line = f", line {error.mistake.line}" if error.mistake.line else ""
            raise CatalogueError([f"{self._name}{line}: {error.mistake.message}"]) from error
        for mistake in self._source.mistakes:
            self.messages.append(f"{self._name}, line {mistake.line}: {mistake.message}")

    @property
    def data(self) -> Any:
        return self._source.data

    def fault(self, path: EntryPath, message: str) -> None:
        self.messages.append(f"{self._name}, line {self._source.line_of(path)}: {message}")

    def finish(self) -> None:
        """Raise what was found wrong.

        Raises:
            CatalogueError: with all faults.
        """
        if self.messages:
            raise CatalogueError(self.messages)


def check_all(*readings: Callable[[], object]) -> None:
    """Read everything, and tell all faults of all files at once.

    Raises:
        CatalogueError: see there.
    """
    messages: list[str] = []
    for read in readings:
        try:
            read()
        except CatalogueError as error:
            messages.extend(error.messages)
    if messages:
        raise CatalogueError(messages)
