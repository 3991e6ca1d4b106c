"""How often somebody guessed wrong – a password, a tracking link – for every web process together."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.guichet.storage import tables

_guesses = tables.guesses

#: it begins with the first guess and is over, whatever was guessed, a quarter of an hour later
WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Guesser:
    """Who guesses, as a digest, and how often within ``WINDOW``."""

    digest: bytes
    most: int

    @classmethod
    def of(cls, *parts: str, most: int) -> "Guesser":
        # A lone surrogate of a JSON text is no UTF-8, and still somebody's guess.
        written = "\n".join(parts).encode("utf-8", "backslashreplace")
        return cls(hashlib.sha256(written).digest(), most)


def count(session: Session, guesser: Guesser, *, at: datetime) -> datetime | None:
    """Count one more; when it was one too many, until when this one is refused."""
    over = _guesses.c.began_at <= at - WINDOW
    row = insert(_guesses).values(guesser=guesser.digest, began_at=at, failures=1)
    began_at, failures = session.execute(
        row.on_conflict_do_update(
            index_elements=["guesser"],
            set_={
                "began_at": case((over, at), else_=_guesses.c.began_at),
                "failures": case((over, 1), else_=_guesses.c.failures + 1),
            },
        ).returning(_guesses.c.began_at, _guesses.c.failures)
    ).one()
    return began_at + WINDOW if failures > guesser.most else None


def refused_until(session: Session, guesser: Guesser, *, at: datetime) -> datetime | None:
    """Until when this one has to wait; None when it may try."""
    began_at = session.scalar(
        select(_guesses.c.began_at).where(
            _guesses.c.guesser == guesser.digest,
            _guesses.c.began_at > at - WINDOW,
            _guesses.c.failures >= guesser.most,
        )
    )
    return None if began_at is None else began_at + WINDOW


def forgive(session: Session, guesser: Guesser) -> None:
    """Forget the failures of somebody who knew it in the end."""
    session.execute(delete(_guesses).where(_guesses.c.guesser == guesser.digest))


def forget(session: Session, *, at: datetime) -> None:
    session.execute(delete(_guesses).where(_guesses.c.began_at <= at - WINDOW))
