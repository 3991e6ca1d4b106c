"""Message catalogues: found, compiled, extracted, updated.

``python -m shared.web.translations compile|extract|update``
"""

from shared.web.translations.catalogues import CATALOGUES, Catalogue, compile_stale

__all__ = ["CATALOGUES", "Catalogue", "compile_stale"]
