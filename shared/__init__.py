"""Mechanism every service stands on: messaging, database, web, settings, logging.

Nothing here knows a request, a booking, a message or an invoice.
"""

import zoneinfo

# Debian's own zone files are older than the decree of September 2026 and zoneinfo prefers
# them: 09:00 in Casablanca would become 08:00Z. Only the pinned tzdata package is trusted.
zoneinfo.reset_tzpath(to=())
