"""Files on their way in and out of the web process."""

import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, BinaryIO, ParamSpec, TypeVar, cast
from urllib.parse import quote, unquote

from flask import Response, current_app, g, request
from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import wrap_file

from services.guichet.documents.encryption import Source
from services.guichet.documents.inspection import temporary_file
from services.guichet.documents.intake import taken_in
from services.guichet.documents.settings import Cabinet
from services.guichet.domain.documents import LARGEST_BYTES, RefusedFile, VaultDocument
from services.guichet.use_cases.documents import opened
from services.guichet.web.access import actor, own_scope
from shared.clock import now
from shared.logging import get_logger
from shared.web import accepts_body, current_user, transaction
from shared.web.state import web_state

log = get_logger()

P = ParamSpec("P")
R = TypeVar("R")

CABINET = "guichet-documents"
#: a form around the file has its own few lines
_MOST_BODY = LARGEST_BYTES + 64 * 1024
_FILE_FIELD = "file"
#: an image is shown in a page that may do nothing at all; anything else is saved, never shown
_SHOWN = frozenset({"image/jpeg", "image/png", "image/webp"})
_SANDBOX = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ._-]")


def receives_file(may: Callable[..., None]) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Take the file sent into the cabinet, then call the view with it as ``stored``.

    It stands above ``@idempotent``: nothing slow happens inside the view's transaction. ``may`` is called
    first, with the view's arguments, and raises when the file is not to be received at all. What the view
    does not file is deleted afterwards. The file is the whole body, or the field ``file`` of a form.
    """

    def decorate(view: Callable[..., R]) -> Callable[..., R]:
        @wraps(view)
        def receiving(*args: Any, **kwargs: Any) -> R:
            may(*args, **kwargs)
            source, name, media_type = _sent()
            try:
                with taken_in(_database(), cabinet(), source, name=name, media_type=media_type) as stored:
                    g.gu_body_sha256 = stored.sent_sha256
                    return view(*args, stored=stored, **kwargs)
            except ClientDisconnected:
                log.info("upload_interrupted")
                raise

        return accepts_body(up_to=_MOST_BODY)(receiving)

    return decorate


def cabinet() -> Cabinet | None:
    return cast("Cabinet | None", current_app.extensions[CABINET])


def send_document(document_id: Any, *, page: str, as_download: bool) -> Response:
    """The content, checked to its end before the first byte leaves; that it was opened is on record."""
    user = current_user()
    plain = temporary_file()
    try:
        with (
            transaction() as session,
            opened(
                session,
                cabinet(),
                document_id,
                scope=own_scope(),
                roles=user.roles,
                actor=actor(),
                action="download" if as_download else "view",
                page=page,
                at=now(),
            ) as (document, content),
        ):
            for part in content:
                plain.write(part)
        plain.seek(0)
        return _response(document, plain, as_download=as_download)
    except BaseException:
        plain.close()
        raise


def _response(document: VaultDocument, plain: BinaryIO, *, as_download: bool) -> Response:
    shown = document.media_type in _SHOWN and not as_download
    response = Response(
        cast("Iterator[bytes]", wrap_file(request.environ, plain)),
        mimetype=document.media_type,
        direct_passthrough=True,
        headers={
            "Content-Length": str(document.size),
            "Content-Disposition": disposition(document.name, inline=shown),
            "Cache-Control": "private, no-store",
            # Added to the policy every answer has: a browser applies both.
            "Content-Security-Policy": _SANDBOX,
            "X-Robots-Tag": "noindex",
        },
    )
    response.call_on_close(plain.close)
    return response


def disposition(name: str, *, inline: bool) -> str:
    """The header with the name twice: in letters every client reads, and as it is (RFC 6266)."""
    plain, whole = _NOT_PLAIN.sub("_", name), quote(name, safe="")
    return f"{'inline' if inline else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{whole}"


def _sent() -> tuple[Source, str, str | None]:
    if request.mimetype == "multipart/form-data":
        file = request.files.get(_FILE_FIELD)
        if file is None or not (file.filename or ""):
            raise RefusedFile("missing")
        return cast("Source", file.stream), file.filename or "", file.mimetype
    # In the address it is what programs send, and pages opened before the last release.
    name = unquote(request.headers.get("X-File-Name", "")) or request.args.get("name", "")
    return cast("Source", request.stream), name, request.mimetype


def _database() -> Any:
    database = web_state().database
    if database is None:
        raise RuntimeError("this app was created without a database")
    return database
