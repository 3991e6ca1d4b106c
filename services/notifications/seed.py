"""Nothing to seed: sites are a data file, contacts come with the startups' own events."""

from sqlalchemy.orm import Session


def seed(session: Session, *, demo: bool) -> None:
    """Leave the database as it is."""
