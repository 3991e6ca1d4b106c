"""Dossiers, the requests of their steps, and the bundles they were opened from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, exists, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from services.guichet.domain.bundle_reader import bundle_from
from services.guichet.domain.bundles import Bundle
from services.guichet.domain.dossiers import Dossier, DossierState, StepRequest
from services.guichet.domain.names import Names
from services.guichet.domain.scope import Scope
from services.guichet.domain.workflow import Actor, State
from services.guichet.storage import retirements, tables
from services.guichet.storage.startups import within

_bundles = tables.bundles
_dossiers = tables.dossiers
_notices = tables.dossier_notices
_links = tables.dossier_requests
_requests = tables.requests
_startups = tables.startups


@dataclass(frozen=True, slots=True)
class Opened:
    """A dossier with its bundle and the startup it is for."""

    dossier: Dossier
    bundle: Bundle
    legal_name: str
    ice: str | None
    startup_site: str


def save_bundles(
    session: Session, definitions: Mapping[str, Mapping[str, Any]], sources: Mapping[str, str]
) -> None:
    """Bring the database to what the files say; versions dossiers are pinned to are kept as they were.

    A bundle of which staff have published a version is theirs: its file is passed over.
    """
    published = select(_bundles.c.code).where(_bundles.c.published_at.is_not(None))
    taken_over = set(session.scalars(published))
    for code, definition in definitions.items():
        if code in taken_over:
            continue
        pinned = (
            select(_dossiers.c.id)
            .where(_dossiers.c.bundle == code, _dossiers.c.bundle_version == definition["version"])
            .exists()
        )
        row = upsert(_bundles).values(
            code=code, version=definition["version"], definition=dict(definition), source=sources[code]
        )
        session.execute(
            row.on_conflict_do_update(
                index_elements=["code", "version"],
                set_={"definition": row.excluded.definition, "source": row.excluded.source},
                where=~pinned,
            )
        )


def bundles(session: Session, *, today: date) -> dict[str, Bundle]:
    """What is offered: those in force that nobody has retired."""
    retired = retirements.standing(session, _bundles)
    found = bundles_in_force(session, today=today)
    return {code: one for code, one in found.items() if code not in retired}


def bundles_in_force(session: Session, *, today: date) -> dict[str, Bundle]:
    """Of each bundle's versions whose day has come, the newest."""
    query = (
        select(_bundles.c.code, _bundles.c.definition)
        .ext(distinct_on(_bundles.c.code))
        .where(or_(_bundles.c.valid_from.is_(None), _bundles.c.valid_from <= today))
    )
    rows = session.execute(query.order_by(_bundles.c.code, _bundles.c.version.desc()))
    return {row.code: bundle_from(row.definition) for row in rows}


def open_under(session: Session, code: str) -> dict[int, int]:
    """How many dossiers are still open under each version of a bundle."""
    return {
        row.bundle_version: row.open_
        for row in session.execute(
            select(_dossiers.c.bundle_version, func.count().label("open_"))
            .where(_dossiers.c.bundle == code, _dossiers.c.closed_at.is_(None))
            .group_by(_dossiers.c.bundle_version)
        )
    }


def next_serial(session: Session) -> int:
    return int(session.execute(text("SELECT nextval('dossier_serial')")).scalar_one())


def add(session: Session, dossier: Dossier) -> None:
    session.execute(
        insert(_dossiers).values(
            id=dossier.id,
            number=dossier.number,
            startup_id=dossier.startup_id,
            bundle=dossier.bundle,
            bundle_version=dossier.bundle_version,
            site=dossier.site,
            opened_at=dossier.opened_at,
            opened_by=dossier.opened_by.id,
            opened_by_name=dossier.opened_by.name,
            version=dossier.version,
            **_row(dossier),
        )
    )


def save(session: Session, dossier: Dossier) -> None:
    """Write a dossier that was read with its row locked."""
    session.execute(
        update(_dossiers).where(_dossiers.c.id == dossier.id).values(version=dossier.version, **_row(dossier))
    )


def link(session: Session, dossier_id: UUID, step: str, attempt: int, request_id: UUID) -> None:
    session.execute(
        insert(_links).values(dossier_id=dossier_id, step=step, attempt=attempt, request_id=request_id)
    )


def of_request(session: Session, request_id: UUID) -> UUID | None:
    found: UUID | None = session.execute(
        select(_links.c.dossier_id).where(_links.c.request_id == request_id)
    ).scalar()
    return found


@dataclass(frozen=True, slots=True)
class Belongs:
    """The dossier a request is a step of; ``visible`` to the users asked about, or only known to exist."""

    number: str
    names: Names
    visible: bool


def around_request(session: Session, request_id: UUID, *, scope: Scope) -> Belongs | None:
    row = session.execute(
        _select()
        .join(_links, _links.c.dossier_id == _dossiers.c.id)
        .add_columns(_visible(scope).label("visible"))
        .where(_links.c.request_id == request_id)
    ).first()
    return None if row is None else Belongs(row.number, bundle_from(row.definition).names, row.visible)


def add_notice(session: Session, dossier_id: UUID, step: str, *, at: datetime) -> bool:
    """False when the startup was told of this step before."""
    told = upsert(_notices).values(dossier_id=dossier_id, step=step, told_at=at)
    written = session.execute(told.on_conflict_do_nothing().returning(_notices.c.step)).first()
    return written is not None


def lock(session: Session, dossier_id: UUID) -> None:
    """Whoever comes second sees what the first one filed: the rows are read after the lock is held."""
    session.execute(select(_dossiers.c.id).where(_dossiers.c.id == dossier_id).with_for_update())


def get(session: Session, key: UUID | str, *, scope: Scope | None = None) -> Opened | None:
    """By id or number; ``sites`` None: for the counter's own doing."""
    column = _dossiers.c.number if isinstance(key, str) else _dossiers.c.id
    query = _select().where(column == key)
    if scope is not None:
        query = query.where(_visible(scope))
    row = session.execute(query).first()
    if row is None:
        return None
    return _opened(row, _step_requests(session, [row.id]).get(row.id, {}))


def find(
    session: Session,
    *,
    scope: Scope,
    state: DossierState | None = None,
    startup_id: UUID | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[Opened]:
    """Newest first."""
    query = _select().where(_visible(scope))
    if state is not None:
        query = query.where(_dossiers.c.state == state.value)
    if startup_id is not None:
        query = query.where(_dossiers.c.startup_id == startup_id)
    if after is not None:
        query = query.where(_dossiers.c.id < after)
    rows = session.execute(query.order_by(_dossiers.c.id.desc()).limit(limit)).all()
    requests = _step_requests(session, [row.id for row in rows])
    return [_opened(row, requests.get(row.id, {})) for row in rows]


def _select() -> Any:
    return (
        select(
            _dossiers,
            _bundles.c.definition,
            _startups.c.legal_name,
            _startups.c.ice,
            _startups.c.site.label("startup_site"),
        )
        .join(_startups, _startups.c.id == _dossiers.c.startup_id)
        .join(
            _bundles,
            (_bundles.c.code == _dossiers.c.bundle) & (_bundles.c.version == _dossiers.c.bundle_version),
        )
    )


def _visible(scope: Scope) -> ColumnElement[bool]:
    here = or_(within(_dossiers.c.site, scope.sites), within(_startups.c.site, scope.sites))
    if not scope.agencies:
        return here
    theirs = exists().where(
        _links.c.dossier_id == _dossiers.c.id,
        _requests.c.id == _links.c.request_id,
        within(_requests.c.agency, scope.agencies),
    )
    return and_(here, theirs)


def _step_requests(session: Session, dossier_ids: list[UUID]) -> dict[UUID, dict[str, StepRequest]]:
    newest = func.max(_links.c.attempt).over(partition_by=(_links.c.dossier_id, _links.c.step))
    query = (
        select(
            _links,
            newest.label("newest"),
            _requests.c.number,
            _requests.c.state,
            _requests.c.outcome_reference,
            _requests.c.motive,
        )
        .join(_requests, _requests.c.id == _links.c.request_id)
        .where(_links.c.dossier_id.in_(dossier_ids))
    )
    found: dict[UUID, dict[str, StepRequest]] = {}
    for row in session.execute(query) if dossier_ids else ():
        if row.attempt == row.newest:
            found.setdefault(row.dossier_id, {})[row.step] = StepRequest(
                row.step,
                row.attempt,
                row.request_id,
                row.number,
                State(row.state),
                row.outcome_reference,
                row.motive,
            )
    return found


def _row(dossier: Dossier) -> dict[str, Any]:
    return {
        "answers": dossier.answers,
        "state": dossier.state.value,
        "closed_at": dossier.closed_at,
        "motive": dossier.motive,
    }


def _opened(row: Row[Any], requests: dict[str, StepRequest]) -> Opened:
    opened_at: datetime = row.opened_at
    dossier = Dossier(
        id=row.id,
        number=row.number,
        startup_id=row.startup_id,
        bundle=row.bundle,
        bundle_version=row.bundle_version,
        site=row.site,
        answers=row.answers,
        opened_at=opened_at,
        opened_by=Actor(row.opened_by, row.opened_by_name),
        state=DossierState(row.state),
        closed_at=row.closed_at,
        motive=row.motive,
        version=row.version,
        requests=requests,
    )
    return Opened(dossier, bundle_from(row.definition), row.legal_name, row.ice, row.startup_site)
