"""The figures of the operations page in the shell, and who decided what."""

from collections.abc import Callable

from sqlalchemy import text

from shared.db import Database
from tests.cli.conftest import CommandLine, Sample

Park = Callable[[], Sample]


def _audit(database: Database) -> list[tuple[object, ...]]:
    with database.read() as session:
        rows = session.execute(
            text("SELECT actor_name, via, action, event_id, events, reason FROM operations_audit ORDER BY id")
        )
        return [tuple(row) for row in rows]


def test_the_figures_are_said_in_startups_terms_while_nothing_runs(guichet: CommandLine, park: Park) -> None:
    park(), park()
    answer = guichet("operations", "--service", "billing")
    assert answer.code == 1
    assert answer.out.splitlines() == [
        "billing",
        "  ✗ 2 charges not made, so their invoices cannot be created",
        "  ✗ worker: No worker has shown itself yet",
        "  ✗ relay: No relay has shown itself yet",
        answer.out.splitlines()[4],
        "  ✓ outbox: Everything was passed on",
        "    set aside: 2 × booking.booking_confirmed.v1, see guichet dead-letters list",
    ]
    assert answer.out.splitlines()[4].startswith("  ✗ queue: Nobody consumes since ")


def test_a_broker_that_is_down_is_one_line_of_the_figures(guichet: CommandLine, nobody_listens: str) -> None:
    guichet.set("BILLING_AMQP_URL", f"amqp://billing:x@{nobody_listens}/")
    out = guichet("operations", "--service", "billing").out
    assert "  ✗ queue: RabbitMQ has not answered since " in out
    assert "RabbitMQ cannot be reached" in out


def test_what_is_decided_in_the_shell_is_kept_with_who_decided_it(
    guichet: CommandLine, database: Callable[[str], Database], park: Park
) -> None:
    billing = database("billing")
    first, second = park(), park()
    guichet.set("OPERATOR", "K. Alaoui")
    guichet("dead-letters", "show", "--service", "billing", str(first.id))
    guichet("dead-letters", "replay", "--service", "billing", str(first.id), "--who", "N. Tazi")
    guichet("dead-letters", "discard", "--service", "billing", str(second.id), "--reason", "sent by hand")
    assert _audit(billing) == [
        ("K. Alaoui", "command", "look", first.id, 1, None),
        ("N. Tazi", "command", "replay", first.id, 1, None),
        ("K. Alaoui", "command", "discard", second.id, 1, "sent by hand"),
    ]
