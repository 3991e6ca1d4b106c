"""All four services in one web process, as the local stack runs them; in production each runs alone."""

import shared.starting  # noqa: F401, I001 - it must precede every other import

import importlib

from shared import tracing
from shared.clock import check_time_zone_data
from shared.logging import configure
from shared.metrics.exporting import serve
from shared.settings import SERVICES
from shared.settling import settle
from shared.web.mounting import mount
from shared.web.state import watch_sessions

configure("local", "web")
tracing.start("local", "web")
check_time_zone_data()
serve()

apps = {name: importlib.import_module(f"services.{name}.web.app").make_app() for name in SERVICES}
for one in apps.values():
    watch_sessions(one)
app = mount(apps, public={"t": "guichet"})
settle()
