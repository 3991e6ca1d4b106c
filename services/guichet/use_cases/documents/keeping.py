"""What is done with documents over time: reminders, forgetting, sweeping up, new keys."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.catalogue.kinds import document_kinds
from services.guichet.contracts import published
from services.guichet.documents.encryption import KeyRing, WrappedKey
from services.guichet.documents.stores import Store, StoreUnavailable
from services.guichet.domain.numbers import ZONE
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import documents
from shared.logging import get_logger
from shared.messaging.outbox import publish

log = get_logger()

#: longer than any upload takes
UPLOAD_LASTS = timedelta(hours=1)
BATCH = 500


def erase_startup_documents(session: Session, startup_id: UUID) -> int:
    """Forget every document of a startup; return how many.

    The keys go with the rows, so nobody can read the files from the moment of the commit; the sweep
    deletes them within the hour.
    """
    erased = documents.remove_of_startup(session, startup_id)
    log.info("startup_documents_erased", startup_id=str(startup_id), documents=erased)
    return erased


def remind_of_expiry(session: Session, *, at: datetime) -> int:
    """Tell startups whose documents end soon; once for each document and threshold."""
    today = at.astimezone(ZONE).date()
    sites = catalogue_storage.current(session).sites
    told = 0
    for kind in document_kinds().values():
        # The nearest threshold first: a document filed late is told of once, not once for each.
        for threshold in sorted(kind.remind):
            until = today + timedelta(days=threshold)
            for found in documents.unreminded(session, kind.code, until=until, today=today, limit=BATCH):
                document = found.document
                if not documents.add_reminder(session, document.id, threshold, at=at):
                    continue
                told += 1
                publish(
                    session,
                    published.DocumentExpiring,
                    subject=str(document.id),
                    data={
                        "document_id": document.id,
                        "startup_id": document.startup_id,
                        "kind": kind.code,
                        "kind_name": kind.names.as_dict(),
                        "site": found.site,
                        "site_name": sites[found.site].names.as_dict(),
                        "expires_on": document.expires_on,
                        "threshold_days": threshold,
                    },
                )
    return told


def forget_outlived(session: Session, *, views_kept: timedelta, at: datetime) -> int:
    """Forget what is kept no longer: how long is said of each kind in the catalogue."""
    forgotten = 0
    for kind in document_kinds().values():
        found = documents.outlived(session, kind.code, kind.keep, at=at, limit=BATCH)
        documents.remove(session, found)
        forgotten += len(found)
    views = documents.forget_views(session, before=at - views_kept)
    if forgotten or views:
        log.info("documents_forgotten", documents=forgotten, views=views)
    return forgotten


def sweep(session: Session, store: Store, *, at: datetime) -> int:
    """Delete files no document refers to: of uploads a crash cut short, and of documents since forgotten."""
    swept = 0
    for file_id in documents.abandoned_files(session, begun_before=at - UPLOAD_LASTS, limit=BATCH):
        try:
            store.delete(file_id)
        except (OSError, StoreUnavailable) as error:
            log.warning("file_not_swept", file_id=str(file_id), error=str(error))
            break
        documents.forget_file(session, file_id)
        swept += 1
    if swept:
        log.info("files_swept", files=swept)
    return swept


def rewrap_some(session: Session, keys: KeyRing) -> int:
    """Wrap the keys of some documents with the active key; 0 when all are. Contents stay as they are."""
    found = documents.wrapped_with_another(session, keys.active, limit=BATCH)
    for row in found:
        key = keys.unwrap(WrappedKey(row.key_id, bytes(row.wrapped_key)), row.file_id)
        wrapped = keys.wrap(key, row.file_id)
        documents.rewrap(session, row.id, key_id=wrapped.key_id, wrapped_key=wrapped.blob)
    return len(found)
