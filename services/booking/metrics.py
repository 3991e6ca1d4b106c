"""What Prometheus is told of rooms."""

from shared.metrics import Counter, Gauge
from shared.metrics.readings import Reading

REFUSED = Counter(
    "guichet_bookings_refused_total",
    "Bookings asked for and not made: taken (somebody has the slot), unacceptable (closed then, unknown…).",
    ("service", "reason"),
)
LAPSED = Gauge("guichet_options_lapsed", "Options that keep their space a minute after their time is over.")
LAPSED_SECONDS = Gauge("guichet_options_lapsed_seconds", "How long the first of them has been over.")

# The worker gives options back every 30 seconds.
OPTIONS_LAPSED = """
    SELECT count(*) AS options, min(expires_at) AS since FROM bookings
     WHERE state = 'held' AND expires_at < now() - interval '60 seconds'
"""

READINGS = (Reading(OPTIONS_LAPSED, (LAPSED, LAPSED_SECONDS), every=30),)
