"""What the parts of the web layer know about the app they serve."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from shared.db import Database
from shared.web.assets import Assets
from shared.web.session import Verifier

EXTENSION = "guichet-unique"


@dataclass(slots=True)
class WebState:
    """One app's service name and the things it was given."""

    service: str
    database: Database | None
    verifier: Verifier | None
    assets: Assets

    @property
    def api_prefix(self) -> str:
        """Return the path under which everything answers in JSON."""
        return f"/{self.service}/api/"


def web_state() -> WebState:
    """Return the state of the app that serves this request."""
    return cast("WebState", current_app.extensions[EXTENSION])
