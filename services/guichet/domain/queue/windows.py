"""The windows where visitors are served, opened and closed by whoever sits there."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.guichet.domain.queue.rules import QueueRules
from services.guichet.domain.requests import Actor
from services.guichet.domain.text import ascii_digits, required_text
from shared.errors import N_, InvalidInput


@dataclass(frozen=True, slots=True)
class Window:
    """An open window: the label on the wall, the lines it serves, who sits there."""

    id: uuid.UUID
    site: str
    label: str
    lines: tuple[str, ...]
    actor: Actor
    opened_at: datetime


def window_label(value: object) -> str:
    """What stands above the window and on the wall screen: short."""
    return ascii_digits(required_text(value, field="label", maximum=8))


def served_lines(rules: QueueRules, wanted: Sequence[str]) -> tuple[str, ...]:
    """The lines a window serves, in the order of the house.

    Raises:
        InvalidInput: none, or one that does not exist.
    """
    for letter in wanted:
        known_line(rules, letter, field="lines")
    if not wanted:
        raise InvalidInput(N_("Choose at least one line."), field="lines")
    return tuple(line.letter for line in rules.lines if line.letter in wanted)


def known_line(rules: QueueRules, letter: str, *, field: str = "line") -> str:
    if letter not in rules.by_letter:
        raise InvalidInput(N_("There is no line called “%(line)s”."), field=field, line=letter)
    return letter
