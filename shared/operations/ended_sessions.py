"""The copy of ended sessions that each service keeps which does not end them itself."""

from collections.abc import Mapping
from typing import Any

from shared import ended_sessions
from shared.errors import NN_
from shared.operations.read_copies import ReadCopy

#: what an event set aside means to people, for a service's ``parked``
PARKED = NN_(
    "%(num)s changed account still works here as before",
    "%(num)s changed accounts still work here as before",
)


def copy_of(owner: str) -> ReadCopy:
    return ReadCopy(
        name="sessions",
        owner=owner,
        expected=_expected,
        kept=ended_sessions.kept,
        keys=ended_sessions.keys,
        doubt=ended_sessions.doubt,
    )


def _expected(said: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """One event tells all there is."""
    (told,) = said.values()
    return {"sessions_from": told["sessions_from"]}
