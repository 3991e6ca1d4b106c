"""Indexes for lists: of seldom states, of what a desk has closed, of what a site and a startup have.

Those of seldom and closed requests are not written to at filing; the others take the place of narrower ones.
"""

from alembic import op

revision = "0017_bounded_lists"
down_revision = "0016_kept_months"
branch_labels = None
depends_on = None

SELDOM = "state IN ('completed', 'rejected', 'withdrawn')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(f"CREATE INDEX requests_seldom_state_ix ON requests (site, state, id) WHERE {SELDOM}")
    op.execute(
        "CREATE INDEX requests_seldom_state_elsewhere_ix ON requests (desk_site, state, id)"
        f" WHERE {SELDOM} AND desk_site <> site"
    )
    op.execute("DROP INDEX requests_to_hand_over_ix")
    # With what a search asks of each request, so that it is not read from the table.
    op.execute("CREATE INDEX requests_of_startup_ix ON requests (startup_id, id) INCLUDE (site, desk_site)")
    op.execute("CREATE INDEX requests_at_site_ix ON requests (site, id) INCLUDE (startup_id)")
    op.execute("CREATE INDEX requests_sent_to_site_ix ON requests (desk_site, id) INCLUDE (startup_id)")
    for name in ("requests_startup_id_id_ix", "requests_site_id_ix", "requests_desk_site_id_ix"):
        op.execute(f"DROP INDEX {name}")
    op.execute("CREATE INDEX requests_desk_closed_ix ON requests (desk, id) WHERE closed_at IS NOT NULL")
