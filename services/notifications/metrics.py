"""What Prometheus is told of messages."""

from shared.metrics import Gauge
from shared.metrics.readings import Reading

UNTOLD = Gauge("guichet_startups_not_told", "Startups with a message that is due and has not left.")
UNTOLD_SECONDS = Gauge("guichet_startups_not_told_seconds", "Age of the first of these messages.")
UNKNOWN = Gauge(
    "guichet_startups_without_record", "Startups with news for them whose record has not arrived."
)
UNKNOWN_SECONDS = Gauge("guichet_startups_without_record_seconds", "How long the first of them has waited.")

# A message on its way takes well under this; one that was tried in vain waits for its next attempt.
NOT_TOLD = """
    SELECT count(DISTINCT startup_id) AS startups, min(created_at) AS since FROM messages
     WHERE due_at IS NOT NULL AND state IN ('pending', 'sending')
       AND created_at < now() - interval '15 seconds'
       AND (attempts > 0 OR due_at < now() - interval '15 seconds')
"""
WITHOUT_RECORD = """
    SELECT count(DISTINCT startup_id) AS startups, min(received_at) AS since FROM waiting_causes
     WHERE received_at < now() - interval '60 seconds'
"""

READINGS = (
    Reading(NOT_TOLD, (UNTOLD, UNTOLD_SECONDS)),
    Reading(WITHOUT_RECORD, (UNKNOWN, UNKNOWN_SECONDS), every=60),
)
