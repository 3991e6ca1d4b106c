"""The broker's names: one exchange to publish, one queue to consume, one for dead letters, a service."""

DEAD_LETTER_EXCHANGE = "dead-letters"
#: the advisory lock in a service's database that its leading relay holds
LEADER_LOCK = 7_002


def exchange_of(service: str) -> str:
    """Return the topic exchange ``service`` publishes to."""
    return f"{service}.events"


def inbox_of(service: str) -> str:
    """Return the queue ``service`` consumes."""
    return f"{service}.inbox"


def redelivery_key(service: str) -> str:
    """Return the routing key with which a publisher's exchange reaches ``service`` and nobody else."""
    return f"redelivery.{service}"


def dead_letters_of(service: str) -> str:
    """Return the queue that keeps what ``service`` could not even decode."""
    return f"{service}.dead-letters"
