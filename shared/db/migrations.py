"""Bring a service's database to its present shape."""

from collections.abc import Iterable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from shared.settings import sqlalchemy_url

ROOT = Path(__file__).resolve().parents[2]
KERNEL_VERSIONS = Path(__file__).parent / "migrations" / "versions"
MIGRATION_LOCK = 7_001


def service_versions(service: str) -> Path:
    """Return the folder that holds the revisions of ``service``."""
    return ROOT / "services" / service / "storage" / "migrations" / "versions"


def migrate(service: str, url: str) -> None:
    """Apply the kernel's revisions, then the service's own, each in its own transaction.

    Two replicas may start at once: an advisory lock lets one migrate while the other waits.
    """
    engine = create_engine(sqlalchemy_url(url), connect_args={"options": "-c timezone=UTC"})
    try:
        with engine.connect() as guard, engine.connect() as connection:
            # Nobody who makes an index concurrently has to wait for a transaction of the guard.
            guard.execution_options(isolation_level="AUTOCOMMIT")
            guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
            _upgrade(connection, KERNEL_VERSIONS, "kernel_version")
            versions = service_versions(service)
            if versions.is_dir():
                _upgrade(connection, versions, "service_version")
    finally:
        engine.dispose()


def pending(service: str, url: str) -> list[str]:
    """Name the revisions that :func:`migrate` would apply.

    None when the database is newer than this version: during a rolling upgrade, or after going
    back to an older version, it is the newer one's business.
    """
    engine = create_engine(sqlalchemy_url(url), connect_args={"options": "-c timezone=UTC"})
    missing: list[str] = []
    try:
        with engine.connect() as connection:
            for versions, table in (
                (KERNEL_VERSIONS, "kernel_version"),
                (service_versions(service), "service_version"),
            ):
                if not versions.is_dir():
                    continue
                script = ScriptDirectory.from_config(_config(connection, versions, table))
                context = MigrationContext.configure(connection, opts={"version_table": table})
                heads = context.get_current_heads()
                if _newer(script, heads):
                    continue
                waiting = script.iterate_revisions("heads", heads or "base")
                missing += reversed([revision.revision for revision in waiting])
    finally:
        engine.dispose()
    return missing


def _upgrade(connection: Connection, versions: Path, table: str) -> None:
    config = _config(connection, versions, table)
    context = MigrationContext.configure(connection, opts={"version_table": table})
    newer = _newer(ScriptDirectory.from_config(config), context.get_current_heads())
    # Alembic leaves a transaction that it finds open alone: all revisions would share it, and none could
    # make an index without locking people out.
    connection.rollback()
    if not newer:
        command.upgrade(config, "head")
    connection.commit()


def _newer(script: ScriptDirectory, heads: Iterable[str]) -> bool:
    """Whether the database has revisions this version of the code has never heard of."""
    known = {revision.revision for revision in script.walk_revisions()}
    return not known.issuperset(heads)


def _config(connection: Connection, versions: Path, table: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations_env"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", str(versions))
    config.attributes.update(connection=connection, version_table=table)
    return config
