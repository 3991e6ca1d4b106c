"""Read "Atlas Robotics – comité" as the startup it names and the rest as the title."""

import re
from uuid import UUID

from sqlalchemy.orm import Session

from services.booking.domain.text import clean
from services.booking.storage import read_copies
from shared.errors import N_, InvalidInput

LONGEST_SUBJECT = 240
_SEPARATOR = re.compile(r"\s+[–—-]\s+|\s*:\s+")


def name_subject(session: Session, text: str, *, field: str) -> tuple[UUID | None, str]:
    """The startup, if the text begins with the name or ICE of one, and what else it says."""
    words = clean(text, field=field, longest=LONGEST_SUBJECT)
    for head, tail in _readings(words):
        found = read_copies.startups_named(session, head)
        if len(found) > 1:
            raise InvalidInput(
                N_("Several startups are called %(name)s: write the ICE instead."), field=field, name=head
            )
        if found:
            return found[0].id, tail
    return None, words


def _readings(words: str) -> list[tuple[str, str]]:
    """The whole first, then split at each separator: a name may itself hold a dash."""
    if not words:
        return []
    cuts = [(words[: cut.start()], words[cut.end() :]) for cut in _SEPARATOR.finditer(words)]
    return [(words, ""), *reversed(cuts)]
