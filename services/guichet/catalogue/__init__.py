"""The catalogue's files: one per procedure, and the lists of agencies, sites and desks."""

from services.guichet.catalogue.directory import directory
from services.guichet.catalogue.faults import CatalogueError, check_all
from services.guichet.catalogue.kinds import document_kinds
from services.guichet.catalogue.loader import LoadedCatalogue, demo_startups, load
from services.guichet.catalogue.queue import queue_rules
from services.guichet.catalogue.visits import hold

__all__ = ["CatalogueError", "LoadedCatalogue", "check_lists", "demo_startups", "load"]


def check_lists() -> None:
    """Read what every process needs beside the database; with a mistake in it nothing starts.

    Raises:
        CatalogueError: all faults, each with its file and line.
    """
    check_all(document_kinds, directory, queue_rules, hold)
