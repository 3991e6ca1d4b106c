"""Putting a session into the browser, keeping it alive, taking it away. Guichet uses this."""

from collections.abc import Callable

from flask import Blueprint, Response, jsonify, request

from shared.web.access import SignInRequired, current_session, requires
from shared.web.session import COOKIE, IssuedSession, Session


def set_session_cookie(response: Response, issued: IssuedSession) -> None:
    """Have the browser send ``issued`` from now on, out of reach of scripts."""
    response.set_cookie(
        COOKIE,
        issued.token,
        expires=issued.expires_at,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )


def clear_session_cookie(response: Response) -> None:
    """Have the browser forget its session."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=request.is_secure)


def renewal_blueprint(renew: Callable[[Session], IssuedSession]) -> Blueprint:
    """Return ``POST /session/renewal``, which the shell's script calls while somebody works.

    ``renew`` looks the account up again and issues a session with ``renewed=session``, or
    raises ``SessionEnded`` when it may no longer sign in, or has changed since.
    """
    blueprint = Blueprint("session_renewal", __name__)

    @blueprint.post("/session/renewal")
    @requires()
    def renewal() -> Response:
        session = current_session()
        if session is None:
            raise SignInRequired
        issued = renew(session)
        response = jsonify(expires_at=issued.expires_at)
        set_session_cookie(response, issued)
        return response

    return blueprint
