"""What Prometheus is told of invoices."""

from shared.metrics import Gauge
from shared.metrics.readings import Reading

UNPAID = Gauge(
    "guichet_invoices_unpaid",
    "Invoices with something left to pay, by whether their day has come: not_due, late.",
    ("service", "state"),
)
UNPAID_DIRHAMS = Gauge(
    "guichet_invoices_unpaid_dirhams", "What is left to pay of them.", ("service", "state")
)
NOT_CREATED = Gauge(
    "guichet_invoices_not_created", "Invoices the months before this one still lack: one a startup and site."
)

READINGS = (
    # No index knows what is left to pay; tens of thousands of invoices are added up in well under a second.
    Reading(
        """
        SELECT CASE WHEN due_on < now()::date THEN 'late' ELSE 'not_due' END,
               count(*), sum(total_incl - coalesce(credited, 0))
          FROM invoices
          LEFT JOIN (SELECT invoice_id, sum(total_incl) AS credited FROM credit_notes GROUP BY invoice_id)
                 AS notes ON invoice_id = invoices.id
         WHERE total_incl > coalesce(credited, 0) GROUP BY 1
        """,
        (UNPAID, UNPAID_DIRHAMS),
        every=300,
    ),
    Reading(
        """
        SELECT count(*) FROM (
            SELECT FROM charges WHERE state = 'open' AND operated_on < date_trunc('month', now())
             GROUP BY startup_id, site) AS due
        """,
        (NOT_CREATED,),
        every=300,
    ),
)
