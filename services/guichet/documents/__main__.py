"""``python -m services.guichet.documents``: keys, and whether everything can be read.

It reads the same settings as the counter's web process.
"""

import argparse
import sys
from collections.abc import Iterator
from uuid import UUID

from services.guichet.documents import encryption
from services.guichet.documents.encryption import Tampered, UnknownKey, WrappedKey
from services.guichet.documents.settings import Cabinet, from_environment
from services.guichet.documents.stores import FileMissing, StoreUnavailable
from services.guichet.domain.documents import VaultDocument
from services.guichet.storage import documents
from services.guichet.use_cases.documents.keeping import BATCH, rewrap_some
from shared.db import Database
from shared.settings import load_folder


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m services.guichet.documents", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    new_key = commands.add_parser("new-key", help="print a new entry for DOCUMENT_KEYS")
    new_key.add_argument("id", help="how the key is to be called, such as 2026-11")
    commands.add_parser("status", help="how many documents rest on each key")
    commands.add_parser("rewrap", help="wrap every document's key with the first key of DOCUMENT_KEYS")
    commands.add_parser("verify", help="read every document to its end")
    commands.add_parser("make-bucket", help="make the bucket of DOCUMENTS_S3_BUCKET, unless it is there")
    given = parser.parse_args(arguments)
    if given.command == "new-key":
        print(encryption.new_setting(given.id))
        return 0
    load_folder()
    cabinet = from_environment()
    if cabinet is None:
        print("DOCUMENT_KEYS is not set", file=sys.stderr)
        return 1
    if given.command == "make-bucket":
        return _make_bucket(cabinet)
    database = Database.of("guichet", pool_size=5)
    try:
        return {"status": _status, "rewrap": _rewrap, "verify": _verify}[given.command](database, cabinet)
    finally:
        database.dispose()


def _make_bucket(cabinet: Cabinet) -> int:
    make = getattr(cabinet.store, "make_bucket", None)
    if make is None:
        print("documents are kept in a folder, which needs no bucket", file=sys.stderr)
        return 1
    try:
        make()
    except StoreUnavailable as error:
        print(f"the server of the bucket cannot be reached: {error}", file=sys.stderr)
        return 1
    print("the bucket is there")
    return 0


def _status(database: Database, cabinet: Cabinet) -> int:
    with database.read() as session:
        counts = documents.count_by_key(session)
    for key_id in dict.fromkeys([*cabinet.keys.keys, *counts]):
        known = "known" if key_id in cabinet.keys.keys else "MISSING"
        state = "active" if key_id == cabinet.keys.active else known
        print(f"{key_id}: {counts.get(key_id, 0)} documents ({state})")
    return 0 if cabinet.keys.keys.keys() >= counts.keys() else 1


def _rewrap(database: Database, cabinet: Cabinet) -> int:
    done = 0
    while True:
        with database.transaction() as session:
            some = rewrap_some(session, cabinet.keys)
        done += some
        if not some:
            print(f"{done} keys wrapped anew with {cabinet.keys.active}")
            return 0


def _verify(database: Database, cabinet: Cabinet) -> int:
    read_well = bad = 0
    for document, wrong in opened_to_the_end(database, cabinet):
        if wrong is None:
            read_well += 1
        else:
            bad += 1
            print(f"{document}: {wrong}", file=sys.stderr)
    print(f"{read_well} documents can be read, {bad} cannot")
    return 1 if bad else 0


def opened_to_the_end(database: Database, cabinet: Cabinet) -> Iterator[tuple[UUID, str | None]]:
    """Yield every document on record, and why it cannot be read, if it cannot."""
    after = None
    while True:
        with database.read() as session:
            page = documents.every(session, after=after, limit=BATCH)
        for one in page:
            yield one.id, _wrong_with(one, cabinet)
            after = one.id
        if not page:
            return


def _wrong_with(one: VaultDocument, cabinet: Cabinet) -> str | None:
    try:
        key = cabinet.keys.unwrap(WrappedKey(one.key_id, one.wrapped_key), one.file_id)
        with cabinet.store.open(one.file_id) as source:
            size = sum(len(part) for part in encryption.decrypt(key, one.file_id, source))
        if size != one.size:
            raise Tampered
    except (FileMissing, StoreUnavailable, Tampered, UnknownKey) as error:
        return f"{type(error).__name__}: {error}"
    return None


if __name__ == "__main__":
    sys.exit(main())
