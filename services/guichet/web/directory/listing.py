"""The directory: every startup of the user's sites, one beside the list, and the list as a file."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template, request

from services.guichet.domain.startups import STATUSES
from services.guichet.domain.text import choice, optional_text, whole_number
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import startups as startup_storage
from services.guichet.use_cases import startups
from services.guichet.web import names, views
from services.guichet.web.access import FILE, MANAGE, may
from services.guichet.web.directory import presenting, words
from services.guichet.web.directory.exporting import directory_file
from shared.web import current_user, requires, site_filter, transaction
from shared.web.pagination import Cursor, encode_cursor

blueprint = Blueprint("directory", __name__)

ROWS = 50
ENDING_CHOICES = (30, 60, 90, 180)
RESIDENCE = {"resident": True, "non-resident": False}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The filters of the list, as the address holds them."""

    search: str | None
    site: str | None
    residence: str | None
    status: str | None
    ending: int | None

    @classmethod
    def of_request(cls) -> "Chosen":
        site = optional_text(request.args.get("site"), field="site", maximum=40)
        if site is not None:
            site_filter(site)
        ending = request.args.get("ending") or None
        return cls(
            search=optional_text(request.args.get("search"), field="search", maximum=100),
            site=site,
            residence=_one_of("residence", tuple(RESIDENCE)),
            status=_one_of("status", STATUSES),
            ending=whole_number(ending, field="ending", low=0, high=3650) if ending else None,
        )

    @property
    def parameters(self) -> dict[str, str]:
        given = {
            "search": self.search,
            "site": self.site,
            "residence": self.residence,
            "status": self.status,
            "ending": self.ending,
        }
        return {name: str(value) for name, value in given.items() if value is not None}

    @property
    def filters(self) -> dict[str, Any]:
        """As storage takes them."""
        return {
            "search": self.search,
            "site": self.site,
            "resident": RESIDENCE[self.residence] if self.residence else None,
            "status": self.status,
            "contract_ends": presenting.contracts_ending(self.ending),
        }


@blueprint.get("/startups")
@requires()
def directory() -> str:
    """Every startup of the user's sites."""
    user = current_user()
    chosen = Chosen.of_request()
    typed_cursor = request.args.get("cursor")
    after = Cursor(UUID).deserialize(typed_cursor)[0] if typed_cursor else None
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        found = startup_storage.find(session, sites=user.sites, **chosen.filters, after=after, limit=ROWS + 1)
    return render_template(
        "guichet/directory/list.html",
        startups=found[:ROWS],
        older=encode_cursor((found[ROWS - 1].id,)) if len(found) > ROWS else None,
        chosen=chosen,
        site_options=views.site_options(catalogue, user.sites),
        site_names=dict(views.site_options(catalogue, user.sites)),
        ending_choices=ENDING_CHOICES,
        statuses=words.STATUSES,
        status_tones=words.STATUS_TONES,
        sector_name=words.sector,
        today=presenting.today(),
        may_file=may(user, *FILE),
        may_manage=may(user, *MANAGE),
    )


@blueprint.get("/fragments/directory/<uuid:startup_id>")
@requires()
def detail(startup_id: UUID) -> str:
    """One startup, for the place beside the list."""
    user = current_user()
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        startup = startup_storage.get(session, startup_id, sites=user.sites)
    if startup is None:
        raise startups.startup_not_found()
    return render_template(
        "guichet/directory/_detail.html",
        startup=startup,
        site=catalogue.sites[startup.site],
        languages_=dict(names.LANGUAGE_NAMES),
        words=words,
        warnings=presenting.warnings(startup),
        may_file=may(user, *FILE),
    )


@blueprint.get("/startups.csv")
@requires(*MANAGE)
def export() -> Response:
    """The list as a file a spreadsheet opens, one line a startup, with its first contacts."""
    return directory_file(Chosen.of_request().filters, current_user())


def _one_of(name: str, among: tuple[str, ...]) -> str | None:
    value = request.args.get(name)
    return choice(value, field=name, among=among) if value else None
