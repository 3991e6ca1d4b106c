"""The calendar page: a year of one site, and the forms that correct it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.guichet.domain.calendar import NETWORK, Effect, Ramadan
from services.guichet.domain.calendar_reader import WEEKDAYS, hours_from, written_rules
from services.guichet.domain.names import LANGUAGES, Names
from services.guichet.domain.text import required_text
from services.guichet.storage import calendar as storage
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import deadlines as deadline_storage
from services.guichet.use_cases import calendar, visit_changes
from services.guichet.web import views
from services.guichet.web.access import MANAGE, actor, may
from services.guichet.web.calendar.year import may_change, seen_site
from services.guichet.web.desks import confirming
from services.guichet.web.desks.typed import counted, day_typed
from shared.clock import CASABLANCA, now
from shared.errors import N_, DomainError, InvalidInput
from shared.web import current_user, requires, sentence, transaction
from shared.web.problems import field_errors

blueprint = Blueprint("calendar_pages", __name__)

CHANGES = 8
EFFECTS = {
    Effect.CLOSED: N_("Closed"),
    Effect.OPEN: N_("Open"),
    Effect.ORDINARY: N_("An ordinary day of the week"),
}
DAY_NAMES = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"),
)  # fmt: skip
WHAT = {
    "day_closed": N_("Closed a day"),
    "day_open": N_("Opened a day"),
    "day_ordinary": N_("Made a holiday an ordinary day"),
    "holiday_moved": N_("Moved a holiday"),
    "day_cleared": N_("Took a correction back"),
    "rules_set": N_("Changed hours and rules"),
    "rules_cleared": N_("Went back to the network’s rules"),
    "ramadan_set": N_("Set the dates of Ramadan"),
}


@blueprint.get("/admin/calendar")
@requires(*MANAGE)
def year() -> str:
    """The days of a year that are not like the others."""
    return render_template("guichet/calendar/calendar.html", **_shown())


@blueprint.post("/admin/calendar/day")
@requires(*MANAGE)
def correct_day() -> ResponseReturnValue:
    def do(session: Session, site: str) -> None:
        effect = request.form.get("effect", "")
        if effect not in set(Effect):
            raise InvalidInput(N_("This field is required."), field="effect")
        calendar.set_day(
            session,
            site=site,
            day=day_typed(request.form.get("day"), "day"),
            effect=Effect(effect),
            names=_names(),
            hours=_hours("day_hours"),
            actor=actor(),
            at=now(),
        )

    return _changed("day", do)


@blueprint.post("/admin/calendar/move")
@requires(*MANAGE)
def move_holiday() -> ResponseReturnValue:
    def do(session: Session, site: str) -> None:
        calendar.move_holiday(
            session,
            site=site,
            day=day_typed(request.form.get("from"), "from"),
            to=day_typed(request.form.get("to"), "to"),
            actor=actor(),
            at=now(),
        )

    return _changed("move", do)


@blueprint.post("/admin/calendar/clear")
@requires(*MANAGE)
def clear_day() -> ResponseReturnValue:
    def do(session: Session, site: str) -> None:
        day = day_typed(request.form.get("day"), "day")
        calendar.clear_day(session, site=site, day=day, actor=actor(), at=now())

    return _changed("clear", do)


@blueprint.post("/admin/calendar/rules")
@requires(*MANAGE)
def set_rules() -> ResponseReturnValue:
    def do(session: Session, site: str) -> None:
        if "inherit" in request.form:
            calendar.clear_rules(session, site=site, actor=actor(), at=now())
            return
        share = request.form.get("near_share", "").strip()
        written = {
            "hours": _pairs("hours"),
            "ramadan_hours": _pairs("ramadan_hours"),
            "friday_break": next(iter(_pairs("friday_break")), None),
            "weekend": [name for name in WEEKDAYS if f"weekend-{name}" in request.form],
            "ends_on_open_day": "ends_on_open_day" in request.form,
            "near_share": f"0.{share:0>2}" if share.isascii() and share.isdigit() else share,
        }
        calendar.set_rules(session, site=site, written=written, actor=actor(), at=now())

    return _changed("rules", do)


@blueprint.post("/admin/calendar/ramadan")
@requires("operator")
def set_ramadan() -> ResponseReturnValue:
    def do(session: Session, site: str) -> None:
        try:
            key = UUID(request.form["key"]) if request.form.get("key") else None
        except ValueError as error:
            raise InvalidInput(N_("There is no such Ramadan."), field="first") from error
        period = Ramadan(
            day_typed(request.form.get("first"), "first"),
            day_typed(request.form.get("last"), "last"),
            "confirmed" in request.form,
        )
        calendar.set_ramadan(session, period=period, key=key, actor=actor(), at=now())

    return _changed("ramadan", do)


def _changed(form: str, do: Callable[[Session, str], None]) -> ResponseReturnValue:
    """Correct it and show the year again; a refusal is told with what was typed."""
    site = request.form.get("site", "")
    scope = NETWORK if request.form.get("scope") == NETWORK or form == "ramadan" else site
    try:
        with transaction() as session:
            seen_site(session, site)
            may_change(session, scope)
            do(session, scope)
            told = visit_changes.settle(
                session, site=scope, reason=None, agreed=confirming.agreed(), actor=actor(), at=now()
            )
    except visit_changes.VisitsInTheWay as found:
        back = f"/guichet/admin/calendar?site={site}&year={request.form.get('year', '')}"
        return confirming.ask(found, back=back, active="admin")
    except DomainError as error:
        if error.status not in (409, 422):
            raise
        shown = _shown(site=site, year=request.form.get("year"))
        shown |= {"asked": form, "typed": request.form, "error": sentence(error)}
        shown["errors"] = field_errors(error)
        shown["error_of"] = {one["field"]: one["detail"] for one in shown["errors"]}
        return render_template("guichet/calendar/calendar.html", **shown), error.status
    year = request.form.get("year", "")
    return redirect(f"/guichet/admin/calendar?site={site}&year={year}&done=1&told={told}", 303)


def _shown(site: str | None = None, year: str | None = None) -> dict[str, Any]:
    user = current_user()
    site = site or request.args.get("site") or (user.sites[0] if user.sites else NETWORK)
    typed = year or request.args.get("year") or ""
    this_year = now().astimezone(CASABLANCA).year
    chosen = int(typed) if typed.isascii() and typed.isdigit() and len(typed) == 4 else this_year
    chosen = min(max(chosen, calendar.FIRST_YEAR), calendar.LAST_YEAR)
    with transaction() as session:
        seen_site(session, site)
        calendars = storage.current(session)
        kept = storage.ramadans(session)
        changes = storage.changes(session, sites=user.sites, limit=CHANGES)
        catalogue = catalogue_storage.current(session)
        progress = deadline_storage.progress(session)
    of_site = calendars.of(site)
    rules = calendars.rules.get(site) or calendars.rules[NETWORK]
    return {
        "site": site,
        "site_options": views.site_options(catalogue, user.sites),
        "site_name": catalogue.sites[site].names if site in catalogue.sites else None,
        "year": chosen,
        "days": of_site.special_days(chosen),
        "ramadans": [one for one in kept if chosen in (one.period.first.year, one.period.last.year)],
        "rules": written_rules(rules),
        "own_rules": site in calendars.rules,
        "near_percent": int(rules.near_share * 100),
        "changes": changes,
        "what": WHAT,
        "site_names": {code: one.names for code, one in catalogue.sites.items()},
        "effects": EFFECTS,
        "week": list(zip(WEEKDAYS, DAY_NAMES, strict=True)),
        "progress": progress,
        "network": NETWORK,
        "may_change_network": may(user, "operator"),
        "done": "done" in request.args,
        "told": counted(request.args.get("told")),
        "asked": None,
        "typed": {},
        "errors": [],
        "error_of": {},
        "error": None,
    }


def _names() -> Names | None:
    typed = [request.form.get(f"name_{language}", "").strip() for language in LANGUAGES]
    if not any(typed):
        return None
    return Names(
        *(
            required_text(text, field=f"name_{language}", maximum=120)
            for language, text in zip(LANGUAGES, typed, strict=True)
        )
    )


def _pairs(name: str) -> list[list[str]]:
    """``08:30-12:00, 13:00-16:30`` as the rules are written."""
    return [
        [clock.strip() for clock in span.replace("–", "-").split("-")]
        for span in request.form.get(name, "").split(",")
        if span.strip()
    ]


def _hours(name: str) -> Any:
    pairs = _pairs(name)
    if not pairs:
        return None
    try:
        return hours_from(pairs)
    except ValueError as error:
        raise InvalidInput(calendar.RULE_MISTAKES["hours"], field=name) from error
