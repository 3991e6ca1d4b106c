"""Billing's own database: tables, statements, migrations."""
