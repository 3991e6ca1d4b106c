"""Our side of the filing comparison: the counter's web app alone, as production runs it."""

from services.guichet.web.app import make_app
from shared.logging import configure

configure("guichet", "web")

app = make_app()
