"""The same ``Idempotency-Key`` twice: one change, the same answer.

The key's row is written first, in the transaction of the change. A second request with the
same key waits on that row: when the first commits, its answer is replayed; when it rolls back,
the second one runs. A refused request changed nothing and stores nothing, so it may be
corrected and sent again with its key.
"""

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec
from urllib.parse import urlencode

from flask import Response, current_app, g, request
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.errors import N_, InvalidInput
from shared.web.access import CSRF_FIELD, user_or_none
from shared.web.state import web_state
from shared.web.transactions import transaction

HEADER = "Idempotency-Key"
FORM_FIELD = "idempotency_key"
FORM = "application/x-www-form-urlencoded"
KEPT_HEADERS = ("Content-Type", "Location", "ETag")
VALID_KEY = re.compile(r"[\x21-\x7e]{1,200}")

CLAIM = text(
    "INSERT INTO idempotency_keys (key, account, method, path, body_sha256)"
    " VALUES (:key, :account, :method, :path, :digest) ON CONFLICT DO NOTHING RETURNING 1"
)
FIND = text(
    "SELECT method, path, body_sha256, status, headers, body FROM idempotency_keys"
    " WHERE account = :account AND key = :key"
)
STORE = text(
    "UPDATE idempotency_keys SET status = :status, headers = CAST(:headers AS jsonb), body = :body"
    " WHERE account = :account AND key = :key"
)

P = ParamSpec("P")


def idempotent(view: Callable[P, Any]) -> Callable[P, Response]:
    """Run a changing view once per ``Idempotency-Key``; without the header, just run it.

    It stands above ``@blp.response`` and below ``@blp.arguments``, because what it keeps is
    the finished response. On a page, the key comes from the form field ``idempotency_key``.
    """

    @wraps(view)
    def once(*args: P.args, **kwargs: P.kwargs) -> Response:
        key = _key()
        if key is None:
            return _response(view(*args, **kwargs))
        user = user_or_none()
        account = user.id if user else ""
        digest = _digest()
        path = request.full_path.rstrip("?")
        with transaction() as session:
            claimed = session.execute(
                CLAIM,
                {"key": key, "account": account, "method": request.method, "path": path, "digest": digest},
            ).first()
            if claimed is None:
                return _replay(session, account, key, path, digest)
            response = _response(view(*args, **kwargs))
            if response.status_code >= 400 or g.gu_db_doomed:
                session.rollback()
                return response
            session.execute(
                STORE,
                {
                    "key": key,
                    "account": account,
                    "status": response.status_code,
                    "headers": current_app.json.dumps(
                        {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
                    ),
                    "body": response.get_data(),
                },
            )
            return response

    return once


def _key() -> str | None:
    key = request.headers.get(HEADER)
    if key is None and request.mimetype == FORM:
        key = request.form.get(FORM_FIELD) or None
    if key is not None and not VALID_KEY.fullmatch(key):
        raise InvalidInput(N_("The Idempotency-Key is 1 to 200 visible ASCII characters."), field=HEADER)
    return key


def _digest() -> bytes:
    """Return what tells two requests with one key apart: what is asked, not what guards it."""
    read: bytes | None = g.get("gu_body_sha256")
    if read:
        # A view that has read a large body piece by piece leaves its digest here.
        return read
    if request.mimetype == FORM:
        # Parsed by now, to find the key; its bytes are gone with that.
        asked = [pair for pair in request.form.items(multi=True) if pair[0] not in (FORM_FIELD, CSRF_FIELD)]
        body = urlencode(asked).encode()
    else:
        body = request.get_data(cache=True)
    return hashlib.sha256(body).digest()


def _response(result: Any) -> Response:
    if not isinstance(result, Response) and request.path.startswith(web_state().api_prefix):
        raise TypeError("put @idempotent above @blp.response: it keeps the finished response")
    return current_app.make_response(result)


def _replay(session: Session, account: str, key: str, path: str, digest: bytes) -> Response:
    row = session.execute(FIND, {"account": account, "key": key}).one()
    if (row.method, row.path, bytes(row.body_sha256)) != (request.method, path, digest):
        raise InvalidInput(N_("This Idempotency-Key was already used for another request."), field=HEADER)
    response = Response(bytes(row.body), status=row.status, headers=row.headers)
    response.headers["Idempotency-Replayed"] = "true"
    return response
