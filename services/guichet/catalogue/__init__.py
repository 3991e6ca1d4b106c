"""The catalogue's files: one per procedure, and the lists of agencies, sites and desks."""

from services.guichet.catalogue.loader import CatalogueError, LoadedCatalogue, demo_startups, load

__all__ = ["CatalogueError", "LoadedCatalogue", "demo_startups", "load"]
