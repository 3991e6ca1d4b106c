"""The name a message has with a provider, the same for every attempt of one round."""

import re
from uuid import UUID

from shared.errors import N_, InvalidInput

_REFERENCE = re.compile(r"([0-9a-f]{32})-([1-9]\d{0,4})", re.ASCII)


def reference(message_id: UUID, round: int) -> str:
    """Return the reference given to the SMS gateway, and the left side of a Message-ID."""
    return f"{message_id.hex}-{round}"


def read_reference(value: str) -> tuple[UUID, int]:
    """Return the message and the round a reference names.

    Raises:
        InvalidInput: we never give out such a reference.
    """
    match = _REFERENCE.fullmatch(value)
    if match is None:
        raise InvalidInput(N_("This is not a reference we gave out."), field="reference")
    return UUID(match[1]), int(match[2])
