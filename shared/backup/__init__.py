"""Backups of all databases, the documents and the broker's definitions, and restoring them.

Four databases cannot be copied at one instant, but they can be copied so that they agree: see ``cut``.
"""
