"""The requests of a startup at one site, for searches by somebody who sees that site alone.

The index it takes the place of made them pass over all that a startup had filed elsewhere. The version
before goes on without its order: it reads what one startup has and sorts that.
"""

from alembic import op

revision = "0030_requests_of_startups"
down_revision = "0029_account_identities"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        # What a migration that was interrupted left behind is of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS requests_of_startup_at_site_ix")
        op.execute(
            "CREATE INDEX CONCURRENTLY requests_of_startup_at_site_ix ON requests (startup_id, site, id)"
            " INCLUDE (desk_site, agency)"
        )
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS requests_of_startup_sent_ix")
        op.execute(
            "CREATE INDEX CONCURRENTLY requests_of_startup_sent_ix ON requests (startup_id, desk_site, id)"
            " INCLUDE (agency) WHERE desk_site <> site"
        )
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS requests_of_startup_ix")
        op.execute("RESET lock_timeout")
