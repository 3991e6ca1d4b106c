"""What templates find: navigation, icons, addresses, the user, filters."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from flask import Flask, g, request
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from shared.errors import N_
from shared.web import i18n
from shared.web.access import csrf_token, user_or_none
from shared.web.assets import Assets


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the top navigation, for whoever is signed in or for some roles only."""

    key: str
    href: str
    icon: str
    label: str
    roles: tuple[str, ...] = ()
    #: not for users who work for an outside body
    house_only: bool = False


NAVIGATION = (
    NavItem("guichet", "/guichet/", "inbox", N_("Requests")),
    NavItem("startups", "/guichet/startups", "building", N_("Startups")),
    NavItem("queue", "/guichet/queue", "ticket", N_("Queue")),
    NavItem("desks", "/guichet/desks", "building-community", N_("Desks")),
    NavItem("booking", "/booking/", "calendar", N_("Rooms")),
    NavItem("billing", "/billing/", "file-invoice", N_("Invoices"), house_only=True),
    NavItem("notifications", "/notifications/", "bell", N_("Notifications"), house_only=True),
    NavItem("dashboard", "/guichet/dashboard", "chart-bar", N_("Dashboard")),
    NavItem(
        "admin", "/guichet/admin/procedures", "settings", N_("Administration"), ("site_manager", "operator")
    ),
    NavItem("operations", "/guichet/operations", "activity", N_("Operations"), ("operator",)),
)
LANGUAGE_NAMES = (("fr", "FR", "Français"), ("ar", "ع", "العربية"), ("en", "EN", "English"))


def setup(app: Flask, assets: Assets) -> None:
    """Give every template of ``app`` the globals and filters described in docs/web.md."""
    app.jinja_env.globals.update(
        icon=assets.icon,
        asset=assets.url,
        csrf_token=csrf_token,
        current_user=user_or_none,
        locale=i18n.language,
        text_direction=i18n.text_direction,
        navigation=navigation,
        languages=partial(tuple, LANGUAGE_NAMES),
        language_url=language_url,
        session_expires_at=session_expires_at,
        health_url=lambda: f"{assets.prefix}/health/live",
        translate=gettext,
    )
    app.jinja_env.filters.update(i18n.FILTERS, attributes=attributes)


def navigation() -> list[NavItem]:
    """The entries open to the user."""
    user = user_or_none()
    roles = frozenset(user.roles if user else ())
    outside = user is not None and user.parties
    return [
        item
        for item in NAVIGATION
        if (not item.roles or not roles.isdisjoint(item.roles)) and not (item.house_only and outside)
    ]


def language_url(code: str) -> str:
    """Return the address of this very page in another language."""
    query = MultiDict(request.args) if request.method == "GET" else MultiDict()
    query["lang"] = code
    path = "/" + request.path.lstrip("/\\")
    return f"{path}?{urlencode(list(query.items(multi=True)))}"


def session_expires_at() -> int | None:
    """Return when the session of this page ends, for the script that renews it."""
    session = g.get("gu_session")
    return session.expires_at if session else None


def attributes(values: Mapping[str, object]) -> Markup:
    """Write HTML attributes; False and None are left out, True stands alone."""
    parts = (
        Markup(" {}").format(name) if value is True else Markup(' {}="{}"').format(name, value)
        for name, value in values.items()
        if value is not None and value is not False
    )
    return Markup("").join(parts)
