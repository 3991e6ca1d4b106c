"""What Prometheus is told of requests."""

from shared.metrics import Gauge
from shared.metrics.readings import Reading

OVERDUE = Gauge(
    "guichet_requests_overdue",
    "Open requests whose term has passed, by the site they were filed at.",
    ("service", "site"),
)
STUCK = Gauge("guichet_dossiers_stuck", "Dossiers that did not reach their agency.")
STUCK_SECONDS = Gauge("guichet_dossiers_stuck_seconds", "Age of the first of them.")
NOWHERE = Gauge("guichet_requests_without_desk", "Requests no desk has, a minute after filing.")
NOWHERE_SECONDS = Gauge("guichet_requests_without_desk_seconds", "Age of the first of them.")

# Couriers fetch theirs; mailboxes and online services are written to within seconds.
DOSSIERS_STUCK = """
    SELECT count(*) AS dossiers, min(created_at) AS since FROM deliveries
     WHERE state = 'failed'
        OR (state = 'due' AND channel IN ('mailbox', 'api') AND created_at < now() - interval '60 seconds')
"""
WITHOUT_DESK = """
    SELECT count(*) AS requests, min(submitted_at) AS since FROM requests
     WHERE desk IS NULL AND closed_at IS NULL AND submitted_at < now() - interval '60 seconds'
"""

READINGS = (
    Reading(
        "SELECT site, count(*) FROM requests WHERE closed_at IS NULL AND due_at < now() GROUP BY site",
        (OVERDUE,),
        every=60,
    ),
    Reading(DOSSIERS_STUCK, (STUCK, STUCK_SECONDS), every=60),
    Reading(WITHOUT_DESK, (NOWHERE, NOWHERE_SECONDS), every=60),
)
