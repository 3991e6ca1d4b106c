"""Several services in one process, as the local stack runs them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HOME = "/guichet/"


def mount(
    apps: Mapping[str, "WSGIApplication"], public: Mapping[str, str] | None = None
) -> "WSGIApplication":
    """Return one application that hands each request to the service its path begins with.

    ``public`` names the service behind each short address told to people outside, such as ``/t/…``.

    The path is passed on whole: an app answers under its prefix, alone as mounted.
    """

    owners = {**{name: name for name in apps}, **(public or {})}

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        first = environ.get("PATH_INFO", "").split("/", 2)[1:2]
        app = apps.get(owners.get(first[0], "")) if first else None
        if app is not None:
            return app(environ, start_response)
        if environ.get("PATH_INFO", "") in {"", "/"}:
            start_response("302 Found", [("Location", HOME), ("Content-Length", "0")])
            return [b""]
        # Any of them tells, in the reader's language, that there is nothing here.
        return next(iter(apps.values()))(environ, start_response)

    return application
