"""The operations part of every service's web application: fragment, pages, API; for operators only.

``web/app.py`` adds ``operations.blp(OPERATIONS)`` and ``operations.pages(OPERATIONS)``.
"""

from shared.web.operations.api import blp
from shared.web.operations.pages import pages

__all__ = ["blp", "pages"]
