"""Lists of requests, newest first, and the numbers above the day's list.

A million requests stand behind a list of fifty. Each list is therefore put together from pieces an
index answers in the order of the list – a site's, a startup's, a desk's, the open ones – of which no
more is read than the list shows. Left to itself PostgreSQL walks back from the newest request of
everybody, which is a million rows long where a site has little of what is asked for.

Statements are written out and handed to the driver: building one of forty columns anew for each page
took longer than answering it. They are put together from texts of this module; what somebody typed or
chose is bound (a test types SQL into every one of these fields).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.domain.requests import DECIDED, State
from services.guichet.domain.scope import Scope
from services.guichet.domain.sent_by_link import TRACKING_LINK
from services.guichet.domain.text import ascii_digits, search_key
from services.guichet.storage import catalogue, tables
from services.guichet.storage.request_rows import Filed, filed
from services.guichet.storage.startups import patterns

LONGEST_SERIAL = 12
FEW_STARTUPS = 100
#: for who sees most sites: each of these has all its requests looked through, not only those of a site
FEW_EVERYWHERE = 40
#: how many requests of a site are gone back through for a word that many startups bear
FAR_ENOUGH = 5_000
#: for one agency's officer: the index the way goes along does not have the agency, each step is dearer
FAR_ENOUGH_OF_AGENCIES = 2_000

#: decided and seldom: their indexes are no burden while a request is filed
_SELDOM = frozenset({State.COMPLETED, State.REJECTED, State.WITHDRAWN})
_IS_SELDOM = "r.state IN ('completed', 'rejected', 'withdrawn')"

_VISIBLE = "(r.site = ANY(%(sites)s) OR r.desk_site = ANY(%(sites)s))"
# A clerk sees every agency's: for them nothing is added to any statement.
_OF_AGENCIES = "agency = ANY(%(agencies)s)"
_COLUMNS = tuple(column.name for column in tables.requests.columns if column.name != "tracking_sha256")
# Hidden behind coalesce from PostgreSQL, which would rather gather and sort everything of so many startups.
_IS_NAMED = "coalesce(r.startup_id IN (SELECT unnest(%(named)s::uuid[])), false)"
_NAMED = "SELECT count(*), array_agg(id)::text FROM startups WHERE search_text LIKE ALL(%(words)s)"
# A file that came by the link is news until somebody does something with the request.
_FILES_CAME = """
    r.closed_at IS NULL AND EXISTS (
        SELECT FROM request_documents came
        WHERE came.request_id = r.id AND came.received_by IS NULL AND came.received_by_name = %(by_link)s
          AND came.received_at > (SELECT max(h.at) FROM request_history h WHERE h.request_id = r.id))
"""
_ROWS = f"""
    SELECT {", ".join(f"r.{name}" for name in _COLUMNS)}, s.legal_name, s.ice, {_FILES_CAME}
    FROM requests r JOIN startups s ON s.id = r.startup_id
"""
_ROW_NAMES = (*_COLUMNS, "legal_name", "ice", "files_came")

# What was filed today is open or was closed today: two small indexes answer for all of it.
_FIGURES = """
    WITH of_today AS (
        SELECT submitted_at, started_at, due_at, state, true AS open
        FROM requests
        WHERE closed_at IS NULL AND (site = ANY(%(sites)s) OR desk_site = ANY(%(sites)s)){also}
        UNION ALL
        SELECT submitted_at, started_at, due_at, state, false
        FROM requests
        WHERE closed_at >= %(opens)s AND (site = ANY(%(sites)s) OR desk_site = ANY(%(sites)s)){also}
    )
    SELECT count(*) FILTER (WHERE submitted_at BETWEEN %(opens)s AND %(closes)s) AS filed,
           count(*) FILTER (WHERE open AND due_at < %(now)s) AS late,
           count(*) FILTER (WHERE open AND state = 'in_progress') AS in_progress,
           count(*) FILTER (WHERE NOT open AND state IN ('completed', 'handed_over')) AS completed,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - submitted_at))
               FILTER (WHERE started_at >= %(opens)s) AS median_wait_seconds
    FROM of_today
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests a list shows; ``site`` is one of the scope, or nothing is seen."""

    scope: Scope
    site: str | None = None
    state: State | None = None
    startup_id: UUID | None = None
    desk: str | None = None
    open_only: bool = False
    closed_only: bool = False
    oldest_first: bool = False
    search: str | None = None
    #: undecided, and past the promised moment, or past the warning but not past that
    late_at: datetime | None = None
    near_at: datetime | None = None
    submitted_from: datetime | None = None
    submitted_before: datetime | None = None
    #: still open, or closed since then: a day's list, for what was filed that day is one or the other
    open_or_closed_from: datetime | None = None
    #: not in these states
    without: Iterable[State] = field(default=())


def find(session: Session, wanted: Wanted, *, after: UUID | None = None, limit: int) -> list[Filed]:
    """Newest first, unless what has waited longest is wanted; ``after`` is the last of the page before."""
    listing = _Listing(wanted, after, limit)
    statement = listing.statement(_named(session, wanted.search))
    found = session.connection().exec_driver_sql(statement, listing.values).all()
    return [filed(dict(zip(_ROW_NAMES, row, strict=True))) for row in found]


def figures(session: Session, *, scope: Scope, day_start: datetime, day_end: datetime, now: datetime) -> Any:
    """The numbers above the day's list."""
    given = {"sites": list(scope.sites), "opens": day_start, "closes": day_end, "now": now}
    statement = _FIGURES.format(also="")
    if scope.agencies:
        given["agencies"] = list(scope.agencies)
        statement = _FIGURES.format(also=f" AND {_OF_AGENCIES}")
    return session.connection().exec_driver_sql(statement, given).mappings().one()


@dataclass(frozen=True, slots=True)
class _Named:
    """The startups a search names: how many, and their identifiers as PostgreSQL wrote and will read them."""

    count: int
    ids: str | None


def _named(session: Session, search: str | None) -> _Named | None:
    """None when nothing is searched for."""
    if not search or not search_key(search):
        return None
    row = session.connection().exec_driver_sql(_NAMED, {"words": patterns(search)}).one()
    return _Named(*row)


@dataclass(frozen=True, slots=True)
class _Walk:
    """A way back through the requests of each site: its query, and the condition that it ended too soon."""

    name: str
    found: str
    ids: str
    found_too_few: str


class _Listing:
    """The statement of one list, put together from its pieces; ``values`` are what it is given."""

    def __init__(self, wanted: Wanted, after: UUID | None, limit: int) -> None:
        self._wanted = wanted
        self._first = "" if wanted.oldest_first else " DESC"
        self._limit = limit
        scope = wanted.scope if wanted.site is None else wanted.scope.at(wanted.site)
        self.values: dict[str, Any] = {"sites": list(scope.sites), "by_link": TRACKING_LINK.name}
        self._onward: list[str] = []
        if after is not None:
            self._onward.append(f"r.id {'>' if wanted.oldest_first else '<'} %(after)s")
            self.values["after"] = after
        self._conditions = self._narrowed()

    def statement(self, named: _Named | None) -> str:
        walks: list[_Walk] = []
        pieces = self._unsearched() if named is None else self._searched(named, walks)
        candidates = " UNION ".join([*(walk.ids for walk in walks), *(f"({piece})" for piece in pieces)])
        walked = "".join(f"{walk.name} AS MATERIALIZED ({walk.found}), " for walk in walks)
        if walks:
            too_few = " OR ".join(walk.found_too_few for walk in walks)
            walked += f"walks AS MATERIALIZED (SELECT {too_few} AS found_too_few), "
        listed = f"SELECT id FROM ({candidates}) found {self._end('found')}"
        return (
            f"WITH {walked}listed AS MATERIALIZED ({listed}) {_ROWS}"
            f" WHERE r.id IN (SELECT id FROM listed) ORDER BY r.id{self._first}"
        )

    def _narrowed(self) -> list[str]:
        wanted, found = self._wanted, []

        def given(condition: str, **values: Any) -> None:
            found.append(condition)
            self.values.update(values)

        if wanted.scope.agencies:
            given(f"r.{_OF_AGENCIES}", agencies=list(wanted.scope.agencies))
        if wanted.state is not None:
            given("r.state = %(state)s", state=wanted.state.value)
        if wanted.without:
            given("r.state <> ALL(%(without)s)", without=[state.value for state in wanted.without])
        if wanted.startup_id is not None:
            given("r.startup_id = %(startup)s", startup=wanted.startup_id)
        if wanted.desk is not None:
            given("r.desk = %(desk)s", desk=wanted.desk)
        if wanted.late_at is not None:
            given("r.due_at < %(late)s", late=wanted.late_at)
        if wanted.near_at is not None:
            given("r.near_at <= %(near)s AND r.due_at >= %(near)s", near=wanted.near_at)
        if wanted.submitted_from is not None:
            given("r.submitted_at >= %(since)s", since=wanted.submitted_from)
        if wanted.submitted_before is not None:
            given("r.submitted_at < %(until)s", until=wanted.submitted_before)
        if self._open:
            found.append("r.closed_at IS NULL")
        if wanted.closed_only:
            found.append("r.closed_at IS NOT NULL")
        return found

    @property
    def _open(self) -> bool:
        wanted = self._wanted
        undecided = wanted.state is not None and wanted.state not in DECIDED
        return wanted.open_only or undecided or wanted.late_at is not None or wanted.near_at is not None

    def _unsearched(self) -> list[str]:
        """Queries for ids, each small by an index; the list is the first of all of them."""
        bounded = self._bounded()
        if bounded:
            return bounded
        if self._sees_most:
            # Most of what is met on one way back through everybody's requests is seen: it ends first.
            return [self._piece("requests r", _VISIBLE)]
        return [
            "SELECT own.id FROM unnest(%(sites)s::text[]) AS at (site)"
            f" CROSS JOIN LATERAL ({self._piece('requests r', place)}) own {self._end('own')}"
            for place in self._places()
        ]

    def _bounded(self, *conditions: str) -> list[str]:
        """The pieces of what is few whoever asks: a startup's, a desk's, open, of a day; else none."""
        wanted = self._wanted
        if wanted.startup_id is not None or wanted.desk is not None or self._open:
            return [self._piece("requests r", _VISIBLE, *conditions)]
        if wanted.open_or_closed_from is not None:
            self.values["today"] = wanted.open_or_closed_from
            return [
                self._piece("requests r", _VISIBLE, "r.closed_at IS NULL", *conditions),
                self._piece("requests r", _VISIBLE, "r.closed_at >= %(today)s", *conditions, whole=True),
            ]
        if wanted.submitted_from is not None and wanted.submitted_before is not None:
            return [self._piece("requests r", _VISIBLE, *conditions, whole=True)]
        return []

    @property
    def _sees_most(self) -> bool:
        known = catalogue.last_read()
        many = known is not None and len(self.values["sites"]) * 2 > len(known.sites)
        return many and self._wanted.state not in _SELDOM

    def _places(self) -> tuple[str, str]:
        """Filed at a site, and sent to it: an index each."""
        here, sent_here = "r.site = at.site", "r.desk_site = at.site"
        if self._wanted.state in _SELDOM:
            seldom = f"r.state = %(state)s AND {_IS_SELDOM}"
            return f"{here} AND {seldom}", f"{sent_here} AND r.desk_site <> r.site AND {seldom}"
        return here, sent_here

    def _searched(self, named: _Named, walks: list["_Walk"]) -> list[str]:
        """By number, whole or only its serial, or by what names the startup.

        The requests of few startups are looked up along an index of theirs. A word that many bear is met
        soon enough on the way back through the requests of a site – or is not, where those startups
        have hardly any: the way back ends after ``FAR_ENOUGH`` and each of them is looked up after all.
        """
        if self._wanted.open_or_closed_from is not None:
            self._conditions.append("(r.closed_at IS NULL OR r.closed_at >= %(today)s)")
            self.values["today"] = self._wanted.open_or_closed_from
        typed = ascii_digits((self._wanted.search or "").strip()).upper()
        self.values["number"] = typed
        pieces = [self._piece("requests r", _VISIBLE, "r.number = %(number)s")]
        serial = typed.removeprefix("#")
        if serial.isascii() and serial.isdigit() and len(serial) <= LONGEST_SERIAL:
            self.values["serial"] = int(serial)
            pieces.append(self._piece("requests r", _VISIBLE, "r.serial = %(serial)s"))
        if not named.count:
            return pieces
        self.values["named"] = named.ids
        if named.count <= (FEW_EVERYWHERE if self._sees_most else FEW_STARTUPS):
            return [*pieces, *self._of_each_startup()]
        bounded = self._bounded(_IS_NAMED)
        if bounded:
            return [*pieces, *bounded]
        walks += self._walks()
        return [*pieces, *self._of_each_startup("WHERE (SELECT found_too_few FROM walks)")]

    def _walks(self) -> list["_Walk"]:
        if self._sees_most:
            return [self._walk("walked", "(VALUES ('')) AS at (site)", _VISIBLE)]
        sites = "unnest(%(sites)s::text[]) AS at (site)"
        here, sent_here = self._places()
        return [self._walk("walked", sites, here), self._walk("walked_sent", sites, sent_here)]

    def _walk(self, name: str, sites: str, place: str) -> "_Walk":
        """Back from the newest at each site; too few if one site's list is not full and more lies behind."""
        way = f"FROM requests r WHERE {' AND '.join([place, *self._onward])} ORDER BY r.id{self._first}"
        met = f"WHERE {' AND '.join([_IS_NAMED, *self._conditions])} {self._end('r')}"
        far = FAR_ENOUGH_OF_AGENCIES if self._wanted.scope.agencies else FAR_ENOUGH
        gone_back = f"SELECT r.id FROM (SELECT r.* {way} LIMIT {far}) r {met}"
        more_behind = f"EXISTS (SELECT {way} OFFSET {far})"
        not_full = f"(SELECT count(*) FROM {name} found WHERE found.site = at.site) < {self._limit}"
        return _Walk(
            name=name,
            found=f"SELECT at.site, own.id FROM {sites} CROSS JOIN LATERAL ({gone_back}) own",
            ids=f"SELECT id FROM {name}",
            found_too_few=f"EXISTS (SELECT FROM {sites} WHERE {not_full} AND {more_behind})",
        )

    def _of_each_startup(self, when: str = "") -> list[str]:
        owners = "SELECT own.id FROM unnest(%(named)s::uuid[]) AS owner (id)"
        if self._sees_most:
            own = self._piece("requests r", "r.startup_id = owner.id", _VISIBLE)
            return [f"{owners} CROSS JOIN LATERAL ({own}) own {when} {self._end('own')}"]
        return [
            f"{owners} CROSS JOIN unnest(%(sites)s::text[]) AS at (site)"
            f" CROSS JOIN LATERAL ({self._piece('requests r', 'r.startup_id = owner.id', place)}) own"
            f" {when} {self._end('own')}"
            for place in ("r.site = at.site", "r.desk_site = at.site AND r.desk_site <> r.site")
        ]

    def _piece(self, source: str, *conditions: str, whole: bool = False) -> str:
        """``whole`` where all of it is few: no order to follow, so no index of it to walk along."""
        where = " AND ".join([*conditions, *self._onward, *self._conditions])
        return f"SELECT r.id FROM {source} WHERE {where} {'' if whole else self._end('r')}"

    def _end(self, source: str) -> str:
        return f"ORDER BY {source}.id{self._first} LIMIT {self._limit}"
