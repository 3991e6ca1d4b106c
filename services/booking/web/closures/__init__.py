"""Spaces closed for a while: the API and the page."""
