"""The application factory."""

import re
import time
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from environs import Env
from flask import Blueprint, Flask, Response, current_app, g, request
from flask.json.provider import JSONProvider
from flask.typing import ResponseReturnValue
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
from structlog.contextvars import bind_contextvars, clear_contextvars
from werkzeug.middleware.proxy_fix import ProxyFix

from shared import tracing
from shared.db import Database, uuid7
from shared.logging import get_logger
from shared.metrics import OTHER, switched_on
from shared.web import health, i18n, metrics, problems, shell, spans
from shared.web.access import refuse_forged_request, refuse_parties
from shared.web.assets import Assets
from shared.web.bodies import MOST_BODY_BYTES, expect_whole_body
from shared.web.endings import EndedSessions
from shared.web.parsing import ApiBlueprint, refuse_nul_in_path
from shared.web.session import Verifier
from shared.web.state import EXTENSION, WebState, web_state

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = get_logger()

HERE = Path(__file__).parent
MAX_BODY_BYTES = 1024 * 1024
CORRELATION_HEADER = "X-Correlation-ID"
CORRELATION, STARTED = "gu.correlation_id", "gu.started"
VALID_CORRELATION = re.compile(r"[A-Za-z0-9._-]{8,64}")
SECURITY_HEADERS = (
    (
        "Content-Security-Policy",
        # Tabler draws its select arrows and checkmarks from data: images.
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
        " form-action 'self'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(self), geolocation=(), microphone=()"),
)
QUIET_BLUEPRINTS = frozenset({"assets", "health"})


class OrjsonProvider(JSONProvider):
    """Flask's JSON by orjson: several times faster, and UTF-8 instead of escapes."""

    def dumps(self, obj: Any, **_: Any) -> str:
        return orjson.dumps(obj, default=str).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        body = orjson.dumps(self._prepare_response_obj(args, kwargs), default=str)
        return Response(body, content_type="application/json")


class ServiceApp(Flask):
    """Flask without the question, asked for every layer of every view, whether it is a coroutine."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``func``: no view here is a coroutine."""
        return func


def create_app(
    service: str,
    *,
    api_blueprints: Iterable[ApiBlueprint] = (),
    page_blueprints: Iterable[Blueprint] = (),
    public_blueprints: Iterable[Blueprint] = (),
    database: Database | None = None,
    house_only: bool = False,
    max_body_bytes: int = MAX_BODY_BYTES,
    templates: Path | None = None,
    translations: Path | None = None,
) -> Flask:
    """Return the app of ``service``, everything under ``/<service>``.

    API blueprints go under ``/<service>/api/v1`` plus their own prefix, page blueprints under
    ``/<service>`` plus theirs, public ones at the short addresses people outside are told.
    ``house_only``: nothing here is for users who work for an outside body.
    Templates and translations are found in ``services/<service>/web``.
    """
    home = _home(service)
    app = ServiceApp(f"shared.web.{service}", root_path=str(HERE), static_folder=None)
    app.json = OrjsonProvider(app)
    app.config.update(
        MAX_CONTENT_LENGTH=max_body_bytes,
        MAX_FORM_MEMORY_SIZE=max_body_bytes,
        API_TITLE=f"Guichet Unique – {service}",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX=f"/{service}/api/v1",
    )
    assets = Assets(f"/{service}")
    app.extensions[EXTENSION] = WebState(
        service, database, Verifier.from_environment(), assets, EndedSessions(database)
    )

    folders = [translations or home / "translations", HERE / "translations"]
    i18n.setup(app, [folder for folder in folders if folder.is_dir()])
    template_folders = [templates or home / "templates", HERE / "templates"]
    app.jinja_loader = ChoiceLoader([FileSystemLoader(folder) for folder in template_folders])
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    shell.setup(app, assets)
    problems.register(app)

    api = problems.ProblemApi(app)
    api.spec.components.security_scheme("session", {"type": "http", "scheme": "bearer"})
    api.spec.options["security"] = [{"session": []}]
    for blueprint in api_blueprints:
        if not isinstance(blueprint, ApiBlueprint):
            raise TypeError(f"{blueprint.name}: use shared.web.ApiBlueprint, whose parser is the strict one")
        api.register_blueprint(blueprint, url_prefix=f"/{service}/api/v1{blueprint.url_prefix or ''}")
    for page_blueprint in page_blueprints:
        app.register_blueprint(page_blueprint, url_prefix=f"/{service}{page_blueprint.url_prefix or ''}")
    for public_blueprint in public_blueprints:
        app.register_blueprint(public_blueprint)
    app.register_blueprint(assets.blueprint(), url_prefix=f"/{service}")
    app.register_blueprint(health.blueprint(database), url_prefix=f"/{service}/health")

    proxies = Env().int("TRUSTED_PROXIES", 0)
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    app.wsgi_app = _Headers(app.wsgi_app)  # type: ignore[method-assign]
    app.before_request(_open)
    if house_only:
        app.before_request(_of_the_house)
    app.after_request(_log)
    if tracing.on():
        spans.trace(app)
    return app


def _home(service: str) -> Path:
    spec = find_spec(f"services.{service}") if find_spec("services") else None
    locations = list(spec.submodule_search_locations or ()) if spec else []
    return Path(locations[0]) / "web" if locations else HERE / "no-such-service"


def _open() -> ResponseReturnValue | None:
    environ = request.environ
    environ[STARTED] = time.perf_counter()
    given = environ.get("HTTP_X_CORRELATION_ID", "")
    correlation_id = given if VALID_CORRELATION.fullmatch(given) else str(uuid7())
    environ[CORRELATION] = g.gu_correlation_id = correlation_id
    # granian reuses its threads: what the previous request bound must not be found here.
    clear_contextvars()
    bind_contextvars(correlation_id=correlation_id)
    _allow_larger_body()
    expect_whole_body()
    refuse_nul_in_path()
    refuse_forged_request()
    if b"lang=" in request.query_string and not request.path.startswith(web_state().api_prefix):
        return i18n.switch_language()
    return None


def _of_the_house() -> None:
    if request.blueprint not in QUIET_BLUEPRINTS:
        refuse_parties()


def _allow_larger_body() -> None:
    """Before anything looks at the body: some views take more than the others (``accepts_body``)."""
    view = current_app.view_functions.get(request.endpoint or "")
    most = getattr(view, MOST_BODY_BYTES, None)
    if most is not None:
        request.max_content_length = most


def _log(response: Response) -> Response:
    rule = request.url_rule
    if switched_on():
        _count(rule.rule if rule else metrics.NO_ROUTE, response.status_code)
    # An open page asks every two seconds; only what it learned is worth a line.
    if response.status_code != 304 and request.blueprint not in QUIET_BLUEPRINTS:
        session = g.get("gu_session")
        # The rule, not the path: addresses may hold names and secret tokens.
        log.info(
            "request_served",
            method=request.method,
            rule=rule.rule if rule else "",
            status=response.status_code,
            ms=round((time.perf_counter() - request.environ[STARTED]) * 1000, 1),
            user=session.user.id if session else None,
        )
    return response


def _count(route: str, status: int) -> None:
    service = web_state().service
    method = request.method if request.method in metrics.METHODS else OTHER
    metrics.REQUESTS.add(service, route, method, str(status))
    metrics.SECONDS.observe(time.perf_counter() - request.environ[STARTED], service, route)


class _Headers:
    """Adds the headers that every answer has, below Flask, where it costs next to nothing."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            headers += SECURITY_HEADERS
            if CORRELATION in environ:
                headers.append((CORRELATION_HEADER, environ[CORRELATION]))
            if not any(name == "Cache-Control" for name, _ in headers):
                headers.append(("Cache-Control", "no-store"))
            return start_response(status, headers, exc_info)

        return self._app(environ, start)
