"""Dossiers sent to agencies, on the web."""
