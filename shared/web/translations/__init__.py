"""Message catalogues: found, compiled, extracted, updated.

``python -m shared.web.translations compile|extract|update``
"""

from shared.translations import compile_stale
from shared.web.translations.catalogues import CATALOGUES, Catalogue

__all__ = ["CATALOGUES", "Catalogue", "compile_stale"]
