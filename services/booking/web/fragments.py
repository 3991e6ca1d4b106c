"""Parts that other services' pages, or the booking form, ask for."""

from datetime import datetime
from uuid import UUID

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from services.booking.domain.booking import Purpose, slot_for
from services.booking.domain.pricing import Estimate
from services.booking.domain.wall_time import day_start, local_day, parse_clock, parse_day
from services.booking.storage import bookings, places, read_copies
from services.booking.use_cases.find_places import site_named, space_named
from services.booking.use_cases.name_subject import name_subject
from services.booking.use_cases.price_list import price_list
from services.booking.web.api import allow_space
from services.booking.web.board import load_board
from shared import clock
from shared.errors import N_, DomainError, InvalidInput
from shared.web import current_user, requires, sentence, site_filter, transaction

blueprint = Blueprint("fragments", __name__, url_prefix="/fragments")

ROWS_TODAY = 12
ROWS_STARTUP = 6


@blueprint.get("/today")
@requires()
def today() -> str:
    """What happens in the spaces of a site today."""
    with transaction() as session:
        site = site_named(session, request.args.get("site", ""))
        site_filter(site.code)
        board = load_board(session, site, local_day(clock.now(), site.zone))
    return render_template("booking/fragment_today.html", board=board, shown=board.views[:ROWS_TODAY])


@blueprint.get("/startup")
@requires()
def startup() -> str:
    """The bookings of one startup from today on, at the user's sites."""
    try:
        startup_id = UUID(request.args.get("startup_id", ""))
    except ValueError:
        raise InvalidInput(N_("This is not a valid identifier."), field="startup_id") from None
    with transaction() as session:
        sites = places.find_sites(session, current_user().sites)
        zone = sites[0].zone if sites else "UTC"
        codes = [site.code for site in sites]
        views = bookings.listing(
            session,
            codes,
            filters={"startup_id": startup_id},
            window=(day_start(local_day(clock.now(), zone), zone), None),
            after=None,
            limit=ROWS_STARTUP,
        )
        spaces = {space.code: space for space in places.spaces_of(session, codes)}
    return render_template("booking/fragment_startup.html", views=views, spaces=spaces)


@blueprint.get("/startup-names")
@requires()
def startup_names() -> str:
    """Suggestions for who a booking is for; a name two startups share is followed by the ICE."""
    words = request.args.get("subject", "").replace("\x00", "").strip()
    if not words:
        return ""
    with transaction() as session:
        found = read_copies.search_startups(session, words, current_user().sites)
    names = [startup.legal_name for startup in found]
    shared = {name for name in names if names.count(name) > 1}
    return render_template("booking/fragment_startup_names.html", startups=found, shared=shared)


@blueprint.get("/estimate")
@requires()
def estimate() -> str:
    """What the form as it is filled would cost, or what stands in its way."""
    problem = price = None
    charged = True
    try:
        with transaction() as session:
            price, charged = _estimate(session)
    except DomainError as error:
        problem = sentence(error)
    return render_template("booking/fragment_estimate.html", price=price, charged=charged, problem=problem)


def _estimate(session: Session) -> tuple[Estimate | None, bool]:
    space, site = space_named(session, request.args.get("space", ""))
    allow_space(site.code)
    day = parse_day(request.args.get("day", ""), "day")
    starts, ends = (parse_clock(request.args.get(name, ""), name) for name in ("starts", "ends"))
    slot = slot_for(site, datetime.combine(day, starts), datetime.combine(day, ends), now=clock.now())
    subject = request.args.get("subject", "")
    startup_id, _ = name_subject(session, subject, field="subject")
    unnamed = bool(subject.strip()) and startup_id is None
    charged = not unnamed and request.args.get("purpose") != Purpose.MAINTENANCE
    price = price_list(session, [site.code]).estimate(space.code, day, slot.range.duration)
    return price, charged
