"""The API of documents: on file for a startup, handed in for a request."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy.orm import Session

from services.guichet.catalogue.kinds import document_kinds, kind_of
from services.guichet.documents.intake import Stored
from services.guichet.domain.documents import VaultDocument, may_read
from services.guichet.domain.numbers import ZONE
from services.guichet.domain.requests import Request
from services.guichet.storage import documents as storage
from services.guichet.storage import requests as request_storage
from services.guichet.storage import startups as startup_storage
from services.guichet.use_cases import documents
from services.guichet.use_cases.documents.reading import document_not_found
from services.guichet.use_cases.requests import request_not_found
from services.guichet.use_cases.startups import startup_not_found, startup_to_serve
from services.guichet.web.access import ACT, FILE, actor, own_scope
from services.guichet.web.documents import schemas
from services.guichet.web.documents.transfer import receives_file, send_document
from shared.clock import now
from shared.web import ApiBlueprint, current_user, idempotent, requires, site_filter, transaction

blp = ApiBlueprint("documents", __name__, description="Documents of startups and of their requests")

MANAGE = ("site_manager", "operator")
VIEWS = 200
EXPIRING = 500


def startup_here(data: dict[str, Any], startup_id: UUID) -> None:
    with transaction() as session:
        if startup_to_serve(session, startup_id, sites=current_user().sites) is None:
            raise startup_not_found()


def request_here(data: dict[str, Any], request_id: UUID, code: str) -> None:
    with transaction() as session:
        _request(session, request_id)


@blp.route("/document-kinds", methods=["GET"])
@requires()
@blp.response(200, schemas.KindList)
def list_kinds() -> dict[str, Any]:
    """What a document can be."""
    return {
        "items": [
            {
                "code": kind.code,
                "name": kind.names.as_dict(),
                "identity": kind.identity,
                "reusable": kind.reusable,
                "expires": kind.expires,
                "readers": sorted(kind.readers),
                "remind": kind.remind,
                "keep_days": kind.keep.days,
            }
            for kind in document_kinds().values()
        ]
    }


@blp.route("/startups/<uuid:startup_id>/documents", methods=["GET"])
@requires()
@blp.response(200, schemas.DocumentList)
def list_documents(startup_id: UUID) -> dict[str, Any]:
    """What is on file for a startup, newest first."""
    with transaction() as session:
        _startup(session, startup_id)
        found = storage.of_startup(session, startup_id, scope=own_scope())
    return {"items": [shown(one) for one in found]}


@blp.route("/startups/<uuid:startup_id>/documents", methods=["POST"])
@requires(*FILE)
@blp.arguments(schemas.VaultUploadQuery, location="query")
@receives_file(startup_here)
@idempotent
@blp.response(201, schemas.FiledDocumentOut)
@blp.doc(requestBody=schemas.FILE_BODY)
def upload_document(data: dict[str, Any], startup_id: UUID, *, stored: Stored) -> Any:
    """Put a document on file. What is kept is cleaned of scripts and of what tells about people."""
    with transaction() as session:
        document = documents.file_document(
            session,
            stored,
            startup_id=startup_id,
            kind=data["kind"],
            expires_on=data["expires_on"],
            request_id=None,
            code=None,
            scope=own_scope(),
            actor=actor(),
            at=now(),
        )
    return shown(document), {"Location": f"/guichet/api/v1/documents/{document.id}"}


@blp.route("/documents/expiring", methods=["GET"])
@requires()
@blp.arguments(schemas.ExpiringQuery, location="query")
@blp.response(200, schemas.ExpiringList)
def list_expiring(query: dict[str, Any]) -> dict[str, Any]:
    """Documents whose validity ends soon or ended lately, and that no newer one replaces."""
    if query["site"] is not None:
        site_filter(query["site"])
    today = now().astimezone(ZONE).date()
    with transaction() as session:
        found = storage.expiring(
            session,
            scope=own_scope(query["site"]),
            since=today - timedelta(days=30),
            until=today + timedelta(days=query["days"]),
            limit=EXPIRING,
        )
    return {
        "items": [{**shown(one.document), "startup_name": one.legal_name, "site": one.site} for one in found]
    }


@blp.route("/documents/<uuid:document_id>", methods=["GET"])
@requires()
@blp.response(200, schemas.FiledDocumentOut)
def show_document(document_id: UUID) -> dict[str, Any]:
    """What is known of a document; its content is at ``/content``."""
    with transaction() as session:
        return shown(_document(session, document_id))


@blp.route("/documents/<uuid:document_id>/content", methods=["GET"])
@requires()
@blp.arguments(schemas.ReasonQuery, location="query")
@blp.doc(responses={"200": schemas.FILE_ANSWER})
def open_document(query: dict[str, Any], document_id: UUID) -> Response:
    """The file. Who opened it, when and why is written down."""
    return send_document(document_id, page=query["reason"], as_download=True)


@blp.route("/documents/<uuid:document_id>/views", methods=["GET"])
@requires(*MANAGE)
@blp.response(200, schemas.ViewList)
def list_views(document_id: UUID) -> dict[str, Any]:
    """Who opened a document, latest first."""
    with transaction() as session:
        document = _document(session, document_id)
        found = storage.views(session, startup_id=document.startup_id, document_id=document_id, limit=VIEWS)
    return {"items": [shown_view(one) for one in found]}


@blp.route("/documents/<uuid:document_id>/expiry", methods=["PUT"])
@requires(*FILE)
@blp.arguments(schemas.ExpiryIn)
@idempotent
@blp.response(200, schemas.FiledDocumentOut)
def change_expiry(data: dict[str, Any], document_id: UUID) -> dict[str, Any]:
    """Say until when a document is valid."""
    with transaction() as session:
        document = documents.change_expiry(
            session, document_id, data["expires_on"], scope=own_scope(), at=now()
        )
    return shown(document)


@blp.route("/documents/<uuid:document_id>", methods=["DELETE"])
@requires(*FILE)
@idempotent
@blp.response(204)
def remove_document(document_id: UUID) -> Response:
    """Take a document off the file, for good; 409 while an open request rests on it."""
    with transaction() as session:
        documents.remove_document(session, document_id, scope=own_scope())
    return Response(status=204)


@blp.route("/requests/<uuid:request_id>/documents", methods=["GET"])
@requires()
@blp.response(200, schemas.Checklist)
def show_checklist(request_id: UUID) -> dict[str, Any]:
    """What a request asks for, what came, and what on file would do."""
    with transaction() as session:
        return checklist(session, _request(session, request_id))


@blp.route("/requests/<uuid:request_id>/documents/<code>", methods=["POST"])
@requires(*ACT)
@blp.arguments(schemas.RequestUploadQuery, location="query")
@receives_file(request_here)
@idempotent
@blp.response(201, schemas.FiledDocumentOut)
@blp.doc(requestBody=schemas.FILE_BODY)
def hand_in(data: dict[str, Any], request_id: UUID, code: str, *, stored: Stored) -> Any:
    """Hand in a document for a request; it goes on file for the startup as well."""
    with transaction() as session:
        request = _request(session, request_id)
        document = documents.file_document(
            session,
            stored,
            startup_id=request.startup_id,
            kind=None,
            expires_on=data["expires_on"],
            request_id=request_id,
            code=code,
            scope=own_scope(),
            actor=actor(),
            at=now(),
        )
    return shown(document), {"Location": f"/guichet/api/v1/documents/{document.id}"}


@blp.route("/requests/<uuid:request_id>/documents/<code>/paper", methods=["PUT"])
@requires(*ACT)
@idempotent
@blp.response(200, schemas.Checklist)
def mark_seen(request_id: UUID, code: str) -> dict[str, Any]:
    """The paper has been seen at the counter; nothing is uploaded."""
    with transaction() as session:
        documents.mark_seen(session, request_id, code, scope=own_scope(), actor=actor(), at=now())
        return checklist(session, _request(session, request_id))


@blp.route("/requests/<uuid:request_id>/documents/<code>/paper", methods=["DELETE"])
@requires(*ACT)
@idempotent
@blp.response(200, schemas.Checklist)
def unmark_seen(request_id: UUID, code: str) -> dict[str, Any]:
    """The paper had not been seen after all."""
    return _take_back(request_id, code, None)


@blp.route("/requests/<uuid:request_id>/documents/<code>/<uuid:document_id>", methods=["PUT"])
@requires(*ACT)
@idempotent
@blp.response(200, schemas.Checklist)
def attach_document(request_id: UUID, code: str, document_id: UUID) -> dict[str, Any]:
    """Hand in a document that is on file already."""
    with transaction() as session:
        documents.attach(
            session,
            request_id,
            code,
            document_id,
            scope=own_scope(),
            actor=actor(),
            at=now(),
        )
        return checklist(session, _request(session, request_id))


@blp.route("/requests/<uuid:request_id>/documents/<code>/<uuid:document_id>", methods=["DELETE"])
@requires(*ACT)
@idempotent
@blp.response(200, schemas.Checklist)
def take_back(request_id: UUID, code: str, document_id: UUID) -> dict[str, Any]:
    """The document does not belong here; it stays on file."""
    return _take_back(request_id, code, document_id)


def shown(one: VaultDocument) -> dict[str, Any]:
    """Names of files may hold names of persons: only those who may open a document read its name."""
    kind, readable = kind_of(one.kind), may_read(kind_of(one.kind), current_user().roles)
    return {
        "id": one.id,
        "startup_id": one.startup_id,
        "kind": one.kind,
        "kind_name": kind.names.as_dict(),
        "name": one.name if readable else f"{one.kind}.{one.name.rpartition('.')[2]}",
        "media_type": one.media_type,
        "size": one.size,
        "pages": one.pages,
        "sha256": one.sha256.hex(),
        "expires_on": one.expires_on,
        "filed_at": one.filed_at,
        "filed_by": one.filed_by.name,
        "readable": readable,
    }


def shown_view(one: storage.View) -> dict[str, Any]:
    return {
        "document_id": one.document_id,
        "kind": one.kind,
        "action": one.action,
        "page": one.page,
        "at": one.at,
        "actor": one.actor.name,
    }


def checklist(session: Session, request: Request) -> dict[str, Any]:
    found = documents.of_request(session, request)
    by_id = {document.id: document for _, document in found.received if document is not None}
    vault = storage.of_startup(session, request.startup_id, scope=own_scope())
    offered = documents.offered(vault, found.items, now().astimezone(ZONE).date())
    return {
        "missing": found.missing,
        "items": [
            {
                "code": item.code,
                "name": item.names.as_dict(),
                "kind": item.kind,
                "copies": item.copies,
                "required": item.required,
                "received": item.received,
                "on_paper": item.on_paper,
                "documents": [shown(by_id[one]) for one in item.document_ids],
                "offered": [shown(one) for one in offered.get(item.code, [])],
            }
            for item in found.items
        ],
    }


def _take_back(request_id: UUID, code: str, document_id: UUID | None) -> dict[str, Any]:
    with transaction() as session:
        documents.take_back(session, request_id, code, document_id=document_id, scope=own_scope())
        return checklist(session, _request(session, request_id))


def _startup(session: Session, startup_id: UUID) -> None:
    if startup_storage.get(session, startup_id, sites=current_user().sites) is None:
        raise startup_not_found()


def _request(session: Session, request_id: UUID) -> Request:
    filed = request_storage.get(session, request_id, scope=own_scope())
    if filed is None:
        raise request_not_found()
    return filed.request


def _document(session: Session, document_id: UUID) -> VaultDocument:
    document = storage.get(session, document_id, scope=own_scope())
    if document is None:
        raise document_not_found()
    return document
