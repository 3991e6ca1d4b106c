"""Mechanism every service stands on: messaging, database, web, settings, logging.

Nothing here knows a request, a booking, a message or an invoice.
"""
