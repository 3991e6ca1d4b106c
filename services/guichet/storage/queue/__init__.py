"""The queue in the database."""
