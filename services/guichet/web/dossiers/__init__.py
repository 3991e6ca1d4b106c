"""Dossiers in the API and on pages: several requests that follow from one another."""
