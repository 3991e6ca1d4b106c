"""Charges, invoices, credit notes and tariffs.

Turns completed requests and bookings (``request_completed``, ``booking_confirmed``,
``booking_cancelled``) into charges, and charges into numbered invoices. Publishes
``tariff_changed``, ``invoice_issued`` and ``credit_note_issued``.
"""
