"""Sites, spaces and their bookings.

Owns the timeline of every room, hall and desk; the database refuses overlaps. Publishes
``booking_requested``, ``booking_confirmed`` and ``booking_cancelled``; consumes the startups'
record and the working calendar from guichet and the tariffs from billing.
"""
