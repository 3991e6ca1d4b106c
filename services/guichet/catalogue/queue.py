"""Reads ``queue.yaml``; a fault names the file, the line and the entry."""

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.guichet.catalogue.faults import CatalogueError
from services.guichet.domain.names import LANGUAGES, Names
from services.guichet.domain.queue.rules import Line, QueueRules

FILE = Path(__file__).parent / "queue.yaml"
NUMBERS = (
    "priority_ahead_minutes",
    "appointment_ahead_minutes",
    "appointment_tolerance_minutes",
    "calls_before_no_show",
    "near_position",
    "near_wait_minutes",
    "recent_visits",
    "recent_days",
)
LINE_KEYS = ("letter", "agencies", "names", "usual_minutes", "promise_minutes")
MOST = 10_000

_LETTER = re.compile(r"[A-Z]")
_AGENCY = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class QueueRulesError(CatalogueError):
    """The rules of the queue cannot be used."""


@cache
def queue_rules(path: Path = FILE) -> QueueRules:
    """Read and check the file, once a process.

    Raises:
        QueueRulesError: with all faults.
    """
    return read_rules(path.read_text(encoding="utf-8"), name=path.name)


def read_rules(text: str, *, name: str) -> QueueRules:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise QueueRulesError([f"{name}: {error}"]) from error
    reader = _Reader(name, node)
    if not isinstance(data, Mapping):
        raise QueueRulesError([f"{name}: a list of settings is expected"])
    reader.only(data, ("lines", "reception", *NUMBERS), ())
    entries = data.get("lines")
    lines = [reader.line(entry, ("lines", at)) for at, entry in enumerate(_listed(entries))]
    numbers = {key: reader.number(data, key, ()) for key in NUMBERS}
    letters = [line.letter for line in lines]
    agencies = [agency for line in lines for agency in line.agencies]
    if not lines:
        reader.fault(("lines",), "at least one line is expected")
    for at, letter in enumerate(letters):
        if letter in letters[:at]:
            reader.fault(("lines", at, "letter"), f"“{letter}” is there twice")
    for agency in sorted({one for one in agencies if agencies.count(one) > 1}):
        reader.fault(("lines",), f"“{agency}” has two lines")
    reception = data.get("reception")
    if reception not in letters:
        reader.fault(("reception",), f"there is no line “{reception}”")
    if reader.messages:
        raise QueueRulesError(reader.messages)
    minutes = {key: timedelta(minutes=numbers[key]) for key in NUMBERS if key.endswith("_minutes")}
    return QueueRules(
        lines=tuple(lines),
        reception=str(reception),
        priority_ahead=minutes["priority_ahead_minutes"],
        appointment_ahead=minutes["appointment_ahead_minutes"],
        appointment_tolerance=minutes["appointment_tolerance_minutes"],
        calls_before_no_show=numbers["calls_before_no_show"],
        near_position=numbers["near_position"],
        near_wait=minutes["near_wait_minutes"],
        recent_visits=numbers["recent_visits"],
        recent=timedelta(days=numbers["recent_days"]),
    )


def _listed(entries: object) -> list[Any]:
    return entries if isinstance(entries, list) else []


class _Reader:
    def __init__(self, name: str, node: yaml.Node | None) -> None:
        self._name = name
        self._node = node
        self.messages: list[str] = []

    def fault(self, path: tuple[str | int, ...], message: str) -> None:
        where = ".".join(str(step) for step in path)
        self.messages.append(f"{self._name}, line {self._line_of(path)}, {where}: {message}")

    def only(self, data: Mapping[str, Any], known: tuple[str, ...], path: tuple[str | int, ...]) -> None:
        for key in data:
            if key not in known:
                self.fault((*path, key), "is not a setting of the queue")

    def number(self, data: Mapping[str, Any], key: str, path: tuple[str | int, ...]) -> int:
        value = data.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
            self.fault((*path, key), f"a whole number from 0 to {MOST} is expected")
            return 0
        return value

    def line(self, entry: object, path: tuple[str | int, ...]) -> Line:
        data = entry if isinstance(entry, Mapping) else {}
        self.only(data, LINE_KEYS, path)
        letter = data.get("letter")
        if not isinstance(letter, str) or not _LETTER.fullmatch(letter):
            self.fault((*path, "letter"), "one letter from A to Z is expected")
        names = data.get("names")
        if not isinstance(names, Mapping) or any(
            not isinstance(names.get(language), str) or not names[language] for language in LANGUAGES
        ):
            self.fault((*path, "names"), "a name in fr, ar and en is expected")
            names = dict.fromkeys(LANGUAGES, "")
        agencies = _listed(data.get("agencies"))
        if any(not isinstance(one, str) or not _AGENCY.fullmatch(one) for one in agencies):
            self.fault((*path, "agencies"), "a list of agencies is expected")
        return Line(
            letter=str(letter),
            names=Names.of(names),
            agencies=tuple(agencies),
            usual=timedelta(minutes=self.number(data, "usual_minutes", path)),
            promise=timedelta(minutes=self.number(data, "promise_minutes", path)),
        )

    def _line_of(self, path: tuple[str | int, ...]) -> int:
        node, line = self._node, 0
        for step in path:
            child = None
            if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                child = node.value[step]
            elif isinstance(node, yaml.MappingNode):
                child = next((value for key, value in node.value if key.value == step), None)
            if child is None:
                break
            node, line = child, child.start_mark.line
        return line + 1
