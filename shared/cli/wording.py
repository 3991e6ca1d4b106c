"""What the commands say, in words for a person."""

from pika.exceptions import (
    ChannelClosedByBroker,
    ConnectionClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)


def database_outage(error: BaseException) -> str:
    """Say why PostgreSQL did not answer."""
    lines = [line.strip() for line in str(error).strip().splitlines()]
    # libpq tells of each address it tried; the server's own word stands in the line that has it.
    told = next((line for line in lines if "FATAL:" in line), lines[0] if lines else type(error).__name__)
    return f"PostgreSQL cannot be reached: {told}"


def broker_outage(error: BaseException) -> str:
    """Say why RabbitMQ did not answer."""
    if isinstance(error, ProbableAuthenticationError | ProbableAccessDeniedError):
        return "RabbitMQ refuses the user or its password"
    if isinstance(error, ChannelClosedByBroker | ConnectionClosedByBroker):
        return f"RabbitMQ refuses: {error.reply_text}"
    # pika wraps the cause in exceptions of its own, whose text is often empty.
    cause = error
    while cause.args and isinstance(cause.args[0], BaseException):
        cause = cause.args[0]
    return f"RabbitMQ cannot be reached: {getattr(cause, 'exception', None) or cause or type(cause).__name__}"


def counted(number: int, thing: str) -> str:
    """Return ``1 event``, ``2 events``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
