"""What a backup has to know of the files beside the counter's database."""

from environs import Env
from sqlalchemy.orm import Session

from services.guichet.documents.settings import keys_from_environment, store_from_environment
from services.guichet.documents.stores import FileMissing
from services.guichet.storage import documents
from shared.backup.files import StoredFiles


def stored_files() -> StoredFiles:
    """The keys are not asked for: files are copied as they lie."""
    env = Env()
    somewhere = env.str("DOCUMENTS_FOLDER", "") or env.str("DOCUMENTS_S3_BUCKET", "")
    return StoredFiles(
        store=store_from_environment() if somewhere else None,
        missing=FileMissing,
        referred="SELECT file_id FROM documents ORDER BY file_id",
        still_referred="SELECT file_id FROM documents WHERE file_id = ANY(%s)",
    )


def files_without_key(session: Session) -> dict[str, int]:
    """How many documents rest on each key that is not set; nothing where no keys are set at all."""
    keys = keys_from_environment()
    if keys is None:
        return {}
    return {key: count for key, count in documents.count_by_key(session).items() if key not in keys.keys}
