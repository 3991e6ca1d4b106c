"""Booking's API and pages."""
