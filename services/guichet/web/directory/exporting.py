"""The directory as a file, read page by page: it may hold thousands of startups, the process need not."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from flask import Response, stream_with_context

from services.guichet.domain.directory.columns import COLUMNS
from services.guichet.storage import startups as startup_storage
from services.guichet.web.directory import presenting
from services.guichet.web.directory.csv_files import cells, csv_lines, heading
from shared.db import Database
from shared.logging import get_logger
from shared.web import User
from shared.web.i18n import day
from shared.web.state import web_state

log = get_logger()

READ_AT_ONCE = 500


def directory_file(filters: Mapping[str, Any], user: User) -> Response:
    """A file a spreadsheet opens, one line a startup of the user's sites, with its first contacts."""
    database = web_state().database
    if database is None:
        raise RuntimeError("this app was created without a database")
    header = [heading(column) for column in COLUMNS]
    # Names and addresses of people leave with it (loi 09-08): who took them stays known.
    used = sorted(name for name, value in filters.items() if value is not None)
    log.info("directory_exported", user=user.id, filters=used)
    file_name = f"startups-{presenting.today().isoformat()}.csv"
    return Response(
        stream_with_context(csv_lines(header, _rows(database, filters, user.sites))),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )


def _rows(database: Database, filters: Mapping[str, Any], sites: tuple[str, ...]) -> Iterator[list[str]]:
    after: UUID | None = None
    while True:
        with database.read() as session:
            found = startup_storage.find(session, sites=sites, **filters, after=after, limit=READ_AT_ONCE)
        for startup in found:
            yield cells(startup, day)
        if len(found) < READ_AT_ONCE:
            return
        after = found[-1].id
