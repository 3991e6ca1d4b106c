"""``guichet backup`` and ``guichet restore``: all databases, the documents, the broker's definitions."""

from pathlib import Path

import click
from environs import Env

from shared.backup import encryption, making, manifest, restoring
from shared.backup.manifest import Manifest
from shared.cli.operations import shell_user, who_option
from shared.cli.wording import counted
from shared.connecting import address_taken
from shared.db import Database
from shared.operations import audit
from shared.settings import SERVICES, look_again

folder_type = click.Path(path_type=Path, file_okay=False)
NOT_IN_IT = "not in it, and needed to use it: DOCUMENT_KEYS, session keys, passwords"
SEALED = ", and the identity of BACKUP_RECIPIENTS, without which nobody reads the dumps"
IN_THE_CLEAR = "the dumps are in the clear: set BACKUP_RECIPIENTS to have them encrypted"
NEXT = (
    "next: guichet migrate; guichet broker setup; guichet ledger; guichet outbox catch-up --from …"
    " (what it calls missing); start the services"
)
NEXT_OF_ONE = (
    "next: guichet migrate --service {0}; guichet ledger; guichet outbox replay … --to-service {0} --missing;"
    " start {0}; guichet read-copy compare"
)


@click.command()
@click.option("--to", "parent", required=True, type=folder_type, help="The folder of backups.")
@click.option("--keep", type=click.IntRange(1), help="Remove all but the newest ones afterwards.")
def backup(parent: Path, keep: int | None) -> None:
    """Back everything up into a new folder of the folder of backups, while people work.

    The dumps hold personal data: with BACKUP_RECIPIENTS only who has the identity to one of them reads
    them. Documents stay encrypted. Exit code 1 when a document was missing in its store.
    """
    look_again()
    to = encryption.recipients(Env().str("BACKUP_RECIPIENTS", ""))
    made = making.make(_addresses(), parent, to)
    click.echo(f"{made.folder}: {_summary(made.manifest)}")
    click.echo(NOT_IN_IT + (SEALED if to else ""))
    if not to:
        click.echo(IN_THE_CLEAR)
    if keep is not None and (gone := making.prune(parent, keep)):
        click.echo(f"{counted(gone, 'older backup')} removed")
    if made.manifest.documents is not None and made.manifest.documents.missing:
        raise click.ClickException(
            f"{counted(len(made.manifest.documents.missing), 'document')} missing in the store, named in"
            f" {manifest.NAME}: python -m services.guichet.documents verify"
        )


@click.command()
@click.option("--from", "folder", required=True, type=folder_type, help="The folder of one backup.")
@click.option("--check", is_flag=True, help="Only read the backup and compare it with its hashes.")
@click.option(
    "--identity",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The file that opens encrypted dumps; with --check they are opened, too.",
)
@click.option(
    "--only", type=click.Choice(SERVICES), help="This service's database and files; the others stay."
)
@click.option("--reason", default="", help="Why; kept on record. Required unless --check.")
@who_option
def restore(
    folder: Path, check: bool, identity: Path | None, only: str | None, reason: str, who: str | None
) -> None:
    """Restore a backup into empty databases and the store of documents.

    No process of the services whose databases are restored may run meanwhile.
    """
    if not check and not reason.strip():
        raise click.UsageError("restoring wants a --reason: it is kept on record")
    identities = encryption.identities(identity) if identity else []
    urls = {} if check else _addresses(only)
    restoring.refuse_unless_empty(urls)
    found = restoring.verify(folder, identities if check else ())
    click.echo(f"{folder}: {_summary(found)}; every file is as it was written")
    if check:
        return
    restoring.restore(folder, found, urls, click.echo, identities=identities)
    actor = shell_user(who)
    for url in urls.values():
        database = Database(url, pool_size=1)
        with database.transaction() as session:
            audit.record(
                session,
                actor,
                "restore",
                events=0,
                reason=f"state of {found.cut_at:%F %T}Z: {reason.strip()}"[:500],
            )
        database.dispose()
    click.echo(NEXT_OF_ONE.format(only) if only else NEXT)


def _addresses(only: str | None = None) -> dict[str, str]:
    chosen = SERVICES if only is None else (only,)
    return {service: address_taken(service) for service in chosen}


def _summary(made: Manifest) -> str:
    documents = f"{counted(made.documents.files, 'document')}" if made.documents else "no documents"
    return (
        f"{counted(len(made.databases), 'database')} as of {made.cut_at:%F %T}Z, {documents},"
        f" {made.bytes / 1e6:.1f} MB; consuming stood still for {made.still_seconds * 1000:.0f} ms"
    )
