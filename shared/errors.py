"""Errors a person can be told about, raised by rules and translated at the edge."""

from collections.abc import Mapping


def N_(message: str) -> str:
    """Mark a message for translation where it is written; the edge translates it."""
    return message


def NN_(singular: str, plural: str) -> tuple[str, str]:
    """Mark a counted message, with its plural; ``%(num)s`` is the count."""
    return singular, plural


class DomainError(Exception):
    """Something the user asked for cannot be done, and the sentence that says why.

    ``message`` is an English msgid with ``%(name)s`` places filled from ``params`` after
    translation; ``field`` names the input at fault as the client spelled it.
    """

    status = 400

    def __init__(self, message: str, *, field: str | None = None, **params: object) -> None:
        super().__init__(message % params if params else message)
        self.message = message
        self.field = field
        self.params = params
        #: what a program is told besides, as further members of the problem document
        self.extensions: Mapping[str, object] = {}


class InvalidInput(DomainError):
    """A value is not acceptable."""

    status = 422


class InvalidFields(InvalidInput):
    """Several values are not acceptable, each with its own sentence."""

    def __init__(self, errors: list[InvalidInput]) -> None:
        super().__init__(N_("Some values are not acceptable."))
        self.errors = errors


class NotFound(DomainError):
    """The thing named does not exist, or not for this user."""

    status = 404


class Conflict(DomainError):
    """The present state forbids it: somebody else was first, or it is too late."""

    status = 409


class Forbidden(DomainError):
    """The user's role or sites do not allow it."""

    status = 403
