"""The pages that import a file of startups: the file, what it would do, the result."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.guichet.domain.directory.columns import COLUMNS
from services.guichet.domain.directory.csv_reading import MOST_LINES, Fault
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage.directory import importing as import_storage
from services.guichet.use_cases.directory.importing import (
    Check,
    Words,
    check_file,
    import_file,
    import_not_found,
    keep_file,
)
from services.guichet.web.access import MANAGE, actor
from services.guichet.web.directory import csv_files, words
from shared.clock import now
from shared.errors import N_, Conflict, InvalidInput
from shared.web import current_user, requires, sentence, transaction

blueprint = Blueprint("importing", __name__)

LARGEST_FILE = 8 * 1024 * 1024
FAULTS_SHOWN = 200
STARTUPS_SHOWN = 20
UPLOADS = frozenset({"importing.send"})
EXAMPLE = {
    "legal_name": "Atlas Robotique SARL",
    "site": "casablanca",
    "status": "active",
    "legal_form": "sarl",
    "sector": "software",
    "ice": "001561191000066",
    "rc_court": "Casablanca",
    "rc_number": "412345",
    "contract_start": "01/01/2026",
    "contract_end": "31/12/2026",
    "notice_days": "60",
    "contact_1_name": "Salma Idrissi",
    "contact_1_role": "gérante",
    "contact_1_language": "fr",
    "contact_1_email": "salma@atlas.example",
    "contact_1_phone": "+212612345678",
    "contact_1_channels": "email+sms",
}


@blueprint.app_url_value_preprocessor
def allow_large_file(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Only the upload may be larger than any other form; it is known before the form is read."""
    if endpoint in UPLOADS:
        request.max_content_length = LARGEST_FILE


@blueprint.get("/startups/import")
@requires(*MANAGE)
def choose() -> str:
    return _choose()


@blueprint.get("/startups/import/template.csv")
@requires(*MANAGE)
def template() -> Response:
    """The file to fill in, its columns named in the reader's language, with one invented line."""
    header = [csv_files.heading(column) for column in COLUMNS]
    example = {**EXAMPLE, "resident": words.yes_or_no(True)}
    lines = csv_files.csv_lines(header, [[example.get(column, "") for column in COLUMNS]])
    return Response(
        "".join(lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="startups.csv"'},
    )


@blueprint.post("/startups/import")
@requires(*MANAGE)
def send() -> ResponseReturnValue:
    """Keep the file for a day and show what importing it would do."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _choose(N_("Choose a file.")), 422
    content = sent.stream.read()
    with transaction() as session:
        import_id = keep_file(session, content, file_name=safe_name(sent.filename), actor=actor(), at=now())
    return redirect(f"/guichet/startups/imports/{import_id}", 303)


@blueprint.get("/startups/imports/<uuid:import_id>")
@requires(*MANAGE)
def preview(import_id: UUID) -> str:
    return _preview(import_id)


@blueprint.get("/startups/imports/<uuid:import_id>/report.csv")
@requires(*MANAGE)
def report(import_id: UUID) -> Response:
    """Every line that stands in the way, to be corrected beside the file itself."""
    _, check = checked_file(import_id)
    header = [words.of(N_("Line of the file")), words.of(N_("Column")), words.of(N_("What is wrong"))]
    rows = [[str(one["line"]), one["column"], one["reason"]] for one in _told(check.faults if check else [])]
    return Response(
        "".join(csv_files.csv_lines(header, rows)),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="report.csv"'},
    )


@blueprint.post("/startups/imports/<uuid:import_id>")
@requires(*MANAGE)
def confirm(import_id: UUID) -> ResponseReturnValue:
    """Import the file, whole; sent twice, it is imported once."""
    try:
        with transaction() as session:
            import_file(
                session, import_id, import_words(session), sites=current_user().sites, actor=actor(), at=now()
            )
    except Conflict as error:
        return _preview(import_id, refusal=sentence(error)), 409
    return redirect(f"/guichet/startups/imports/{import_id}", 303)


def _preview(import_id: UUID, *, refusal: str | None = None) -> str:
    kept, check = checked_file(import_id)
    return render_template(
        "guichet/directory/import_check.html",
        kept=kept,
        check=check,
        faults=_told(check.faults[:FAULTS_SHOWN]) if check else [],
        remarks=_told(check.remarks[:FAULTS_SHOWN]) if check else [],
        sample=[startup for _, startup in check.reading.startups[:STARTUPS_SHOWN]] if check else [],
        refusal=refusal,
        words=words,
    )


def checked_file(import_id: UUID) -> tuple[Any, Check | None]:
    """A file of the user, and what importing it would do unless it was."""
    user = current_user()
    with transaction() as session:
        kept = import_storage.get(session, import_id, account=user.id)
        if kept is None:
            raise import_not_found()
        if kept.content is None:
            return kept, None
        return kept, check_file(session, bytes(kept.content), import_words(session), sites=user.sites)


def _choose(refusal: str | None = None) -> str:
    return render_template(
        "guichet/directory/import.html",
        refusal=sentence(InvalidInput(refusal)) if refusal else None,
        megabytes=LARGEST_FILE // (1024 * 1024),
        most_lines=MOST_LINES,
    )


def import_words(session: Any) -> Words:
    """Every way a heading or a code may be written."""
    vocabulary = csv_files.vocabulary(catalogue_storage.current(session))
    return Words(csv_files.known_headings(), vocabulary)


def _told(faults: list[Fault]) -> list[dict[str, Any]]:
    return [
        {
            "line": fault.line,
            "column": csv_files.heading(fault.column) if fault.column in COLUMNS else fault.column or "",
            "reason": sentence(fault.error),
        }
        for fault in faults
    ]


def safe_name(name: str) -> str:
    """What is shown of the file's name: no path, nothing that cannot be stored."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(one for one in base if one.isprintable())[:120]
