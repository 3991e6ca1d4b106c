"""Who may do what: the user of the request, roles, sites, and forged requests."""

import hmac
import re
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import quote, urlsplit

from flask import g, redirect, request
from flask.typing import ResponseReturnValue

from shared.errors import N_, DomainError, Forbidden
from shared.web.session import COOKIE, Session, User
from shared.web.state import web_state

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SIGN_IN_PATH = "/guichet/sign-in"
ENDED = "ended"
CSRF_FIELD = "csrf_token"
# Browsers read a backslash as a slash and skip control characters: "/\t/elsewhere" leads elsewhere.
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]*")

P = ParamSpec("P")
R = TypeVar("R")


class SignInRequired(DomainError):
    """Nobody is signed in, or the session has ended."""

    status = 401

    def __init__(self) -> None:
        super().__init__(N_("Sign in to go on."))


class SessionEnded(SignInRequired):
    """Somebody was signed in, and their account or its password has changed since."""

    def __init__(self) -> None:
        DomainError.__init__(self, N_("Your account or its password was changed. Sign in again to go on."))


def current_session() -> Session | None:
    """Return the verified session of this request, from the bearer token or the cookie."""
    if "gu_session" not in g:
        _load_session()
    session: Session | None = g.gu_session
    return session


def _load_session() -> None:
    verifier = web_state().verifier
    g.gu_session_from_cookie = False
    g.gu_session = None
    g.gu_session_over = False
    if verifier is None:
        return
    authorization = request.headers.get("Authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "bearer":
            g.gu_session = _that_holds(verifier.verify(token.strip()))
        return
    cookie = request.cookies.get(COOKIE)
    if cookie:
        g.gu_session = _that_holds(verifier.verify(cookie))
        g.gu_session_from_cookie = g.gu_session is not None


def _that_holds(session: Session | None) -> Session | None:
    if session is None or not web_state().ended.over(session):
        return session
    g.gu_session_over = True
    return None


def session_is_over() -> bool:
    """Whether this request came with a session that was ended."""
    current_session()
    over: bool = g.get("gu_session_over", False)
    return over


def user_or_none() -> User | None:
    """Return the user signed in, or None."""
    session = current_session()
    return session.user if session else None


def current_user() -> User:
    """Return the user signed in.

    Raises:
        SignInRequired: nobody is.
        SessionEnded: somebody was.
    """
    session = current_session()
    if session is None:
        raise SessionEnded if session_is_over() else SignInRequired
    return session.user


def requires(*roles: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only these roles call the view; without a role, anybody signed in."""
    allowed = frozenset(roles)

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            user = current_user()
            if allowed and allowed.isdisjoint(user.roles):
                raise Forbidden(N_("Your role does not allow this."))
            return view(*args, **kwargs)

        return guarded

    return decorate


def site_filter(site: str, *, field: str = "site") -> str:
    """Return ``site`` when it is one of the user's.

    Raises:
        Forbidden: the user does not work at that site.
    """
    if site not in current_user().sites:
        raise Forbidden(N_("You have no access to the site “%(site)s”."), field=field, site=site)
    return site


def refuse_parties() -> None:
    """Refuse whoever works for an outside body: what is asked for is the house's own business.

    Raises:
        Forbidden: the user does.
    """
    user = user_or_none()
    if user is not None and user.parties:
        raise Forbidden(N_("This is for the counter’s own staff."))


def csrf_token() -> str:
    """Return what a form or script of this page must send back to change anything."""
    session = current_session()
    return session.csrf if session else ""


def refuse_forged_request() -> None:
    """Refuse a change that another site made the browser send.

    A bearer token cannot be sent by another site; a cookie can, so its holder must also show
    the value that only our own pages contain. Without a session (sign-in) there is no such
    value and the browser's own word on where the request comes from decides.
    """
    if request.method in SAFE_METHODS or request.routing_exception is not None:
        return
    session = current_session()
    if session is None:
        if "Authorization" not in request.headers and not _same_origin():
            raise Forbidden(N_("This request came from another site and was refused."))
    elif g.gu_session_from_cookie:
        sent = request.headers.get("X-CSRF-Token")
        if sent is None and request.mimetype in {
            "application/x-www-form-urlencoded",
            "multipart/form-data",
        }:
            sent = request.form.get(CSRF_FIELD)
        if not hmac.compare_digest((sent or "").encode(), session.csrf.encode()):
            raise Forbidden(N_("The page is too old. Reload it and try again."))


def _same_origin() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def go_and_sign_in() -> ResponseReturnValue:
    """Send the browser to the sign-in page and back here afterwards."""
    # Said in the address: guichet may hear a moment later than others that the session is over.
    ended = f"&{ENDED}" if session_is_over() else ""
    if "HX-Request" in request.headers:
        here = _path_of(request.headers.get("HX-Current-URL"))
        return "", 401, {"HX-Redirect": f"{SIGN_IN_PATH}?next={quote(here)}{ended}"}
    here = request.full_path.rstrip("?") if request.method == "GET" else _path_of(request.referrer)
    return redirect(f"{SIGN_IN_PATH}?next={quote(here)}{ended}", 303)


def _path_of(url: str | None) -> str:
    page = urlsplit(url or "/")
    return page.path + (f"?{page.query}" if page.query else "")


def local_path(target: str | None, default: str = "/guichet/") -> str:
    """Return ``target`` if it is a path of ours, else ``default``: no redirect leaves the site."""
    return target if target and _LOCAL_PATH.fullmatch(target) else default
