"""What the parts of the web layer know about the app they serve."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from shared.db import Database
from shared.web.assets import Assets
from shared.web.endings import EndedSessions
from shared.web.session import Verifier

EXTENSION = "guichet-unique"


@dataclass(slots=True)
class WebState:
    """One app's service name and the things it was given."""

    service: str
    database: Database | None
    verifier: Verifier | None
    assets: Assets
    ended: EndedSessions

    @property
    def api_prefix(self) -> str:
        """Return the path under which everything answers in JSON."""
        return f"/{self.service}/api/"


def web_state() -> WebState:
    """Return the state of the app that serves this request."""
    return cast("WebState", current_app.extensions[EXTENSION])


def watch_sessions(app: Flask) -> None:
    """Have the app of a process that serves hear of sessions that are over before their time."""
    state: WebState = app.extensions[EXTENSION]
    state.ended.watch()
