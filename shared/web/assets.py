"""Styles, scripts, fonts and icons, as the bundler left them in ``frontend/dist``.

Every service serves them under its own prefix (``/booking/assets/…``): it looks right alone,
behind a proxy or mounted beside the others. File names carry the hash of their content, so the
browser keeps them for good; ``manifest.json`` maps the plain name to the hashed one.
"""

from functools import cache
from pathlib import Path

import orjson
from flask import Blueprint, Response, abort, request, send_from_directory
from markupsafe import Markup

DIST = Path(__file__).resolve().parents[2] / "frontend" / "dist"
ONE_YEAR = 365 * 24 * 3600
# Drawings that point along the text are mirrored in Arabic.
DIRECTED = (
    "arrow-left",
    "chevron-left",
    "chevron-right",
    "send",
    "log",
    "external-link",
    "list",
    "receipt-refund",
)
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))


class Assets:
    """The built front end, read once."""

    def __init__(self, prefix: str, dist: Path = DIST) -> None:
        self.prefix = prefix
        self.dist = dist
        self._names: dict[str, str] = _read(dist / "manifest.json")
        self._icons: dict[str, str] = _read(dist / "icons.json")
        self.url = cache(self._url)
        self.icon = cache(self._icon)

    def _url(self, name: str) -> str:
        """Return the address of ``name`` (``shell.css``), with its hash."""
        return f"{self.prefix}/assets/{self._names.get(name, name)}"

    def _icon(self, name: str, label: str = "") -> Markup:
        """Return the inline drawing ``name``, hidden from screen readers unless labelled.

        Raises:
            KeyError: the name is not in ``frontend/icons.json``.
        """
        if not self._icons:
            return Markup("")
        if name not in self._icons:
            raise KeyError(f"icon {name!r}: add it to frontend/icons.json and build again")
        role = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
        directed = " icon-directed" if name.startswith(DIRECTED) else ""
        return Markup('<svg class="icon{}" viewBox="0 0 24 24" {}>{}</svg>').format(
            directed,
            role,
            Markup(self._icons[name]),  # noqa: S704 - our own build, not user input
        )

    def blueprint(self) -> Blueprint:
        """Return the routes that serve the files."""
        blueprint = Blueprint("assets", __name__)

        @blueprint.get("/assets/<path:name>")
        def file(name: str) -> Response:
            for encoding, suffix in ENCODINGS:
                if request.accept_encodings[encoding] and (self.dist / f"{name}{suffix}").is_file():
                    response = self._send(f"{name}{suffix}")
                    response.headers["Content-Encoding"] = encoding
                    response.headers["Content-Type"] = _content_type(name)
                    break
            else:
                response = self._send(name)
            response.headers["Vary"] = "Accept-Encoding"
            return response

        return blueprint

    def _send(self, name: str) -> Response:
        if name.endswith(".json"):
            abort(404)
        response = send_from_directory(self.dist, name, max_age=ONE_YEAR)
        response.cache_control.public = True
        response.cache_control.immutable = True
        return response


CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def _content_type(name: str) -> str:
    return CONTENT_TYPES.get(Path(name).suffix, "application/octet-stream")


def _read(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    content: dict[str, str] = orjson.loads(path.read_bytes())
    return content
