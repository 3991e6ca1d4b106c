"""The API of files of startups: looked at, imported, exported."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Response, request

from services.guichet.domain.directory.csv_reading import Fault
from services.guichet.use_cases.directory.importing import Check, import_file, keep_file
from services.guichet.web.access import MANAGE, actor
from services.guichet.web.directory import bulk_schemas, presenting
from services.guichet.web.directory.exporting import directory_file
from services.guichet.web.directory.importing import (
    LARGEST_FILE,
    checked_file,
    import_words,
    safe_name,
)
from shared.clock import now
from shared.errors import N_, InvalidInput
from shared.web import (
    ApiBlueprint,
    accepts_body,
    current_user,
    idempotent,
    requires,
    sentence,
    site_filter,
    transaction,
)

blp = ApiBlueprint("startup-files", __name__, description="Files of startups for spreadsheets")


@blp.route("/startups/export", methods=["GET"])
@requires(*MANAGE)
@blp.arguments(bulk_schemas.ExportQuery, location="query")
@blp.response(200, {"type": "string"}, content_type="text/csv")
def export(query: dict[str, Any]) -> Response:
    """The startups that match, one line each, in the columns an import takes."""
    if query["site"] is not None:
        site_filter(query["site"])
    ending = presenting.contracts_ending(query.pop("ending_within"))
    return directory_file({**query, "contract_ends": ending}, current_user())


@blp.route("/startups/imports", methods=["POST"])
@requires(*MANAGE)
@blp.arguments(bulk_schemas.ImportQuery, location="query")
@accepts_body(up_to=LARGEST_FILE)
@idempotent
@blp.response(201, bulk_schemas.ImportOut)
@blp.doc(requestBody=bulk_schemas.CSV_BODY)
def send_file(query: dict[str, Any]) -> Any:
    """Send a file and read what importing it would do: nothing is on record yet.

    It is kept for a day, for whoever sent it, until it is imported.
    """
    content = request.get_data(cache=True)
    if not content and not request.content_length:
        raise InvalidInput(N_("Choose a file."), field="file")
    with transaction() as session:
        import_id = keep_file(session, content, file_name=safe_name(query["name"]), actor=actor(), at=now())
        report = _report(import_id)
    return report, {"Location": f"/guichet/api/v1/startups/imports/{import_id}"}


@blp.route("/startups/imports/<uuid:import_id>", methods=["GET"])
@requires(*MANAGE)
@blp.response(200, bulk_schemas.ImportOut)
def show_import(import_id: UUID) -> dict[str, Any]:
    """What importing the file would do now, or that it was done."""
    return _report(import_id)


@blp.route("/startups/imports/<uuid:import_id>/confirm", methods=["POST"])
@requires(*MANAGE)
@idempotent
@blp.response(200, bulk_schemas.ImportOut)
def confirm_import(import_id: UUID) -> dict[str, Any]:
    """Put every startup of the file on record, or, with 409, none."""
    with transaction() as session:
        import_file(
            session,
            import_id,
            import_words(session),
            sites=current_user().sites,
            actor=actor(),
            at=now(),
        )
        return _report(import_id)


def _report(import_id: UUID) -> dict[str, Any]:
    kept, check = checked_file(import_id)
    about = {name: getattr(kept, name) for name in ("id", "file_name", "uploaded_at", "imported_at")}
    if check is None:
        done = {"importable": False, "startups": kept.startups or 0, "lines": None, "bad_lines": 0}
        return {**about, **done, "faults": [], "remarks": []}
    return {**about, **_found(check)}


def _found(check: Check) -> dict[str, Any]:
    return {
        "importable": not check.faults,
        "startups": len(check.reading.startups),
        "lines": check.reading.lines,
        "bad_lines": check.bad_lines,
        "faults": _told(check.faults),
        "remarks": _told(check.remarks),
    }


def _told(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    return [{"line": one.line, "column": one.column, "detail": sentence(one.error)} for one in faults]
