"""What each day of each site adds up to, worked out from the requests and the tickets themselves.

One pair of statements serves both: what is kept of a day that is over, and what a page reads of
the days that are not kept yet. No statement converts a local time: the bounds of days come from
Python, which has the right zone data.

Delays are whole minutes and times of a visit whole seconds, begun ones counted, four bytes each, one
after the other: a median over any number of days and sites loses nothing, and merging days is joining
bytes (decision 13).
"""

_SITES = "site = ANY(:sites) AND "


def _seconds(interval: str) -> str:
    return f"int4send(ceil(extract(epoch FROM {interval}))::int)"


def _minutes(interval: str) -> str:
    return f"int4send(ceil(extract(epoch FROM {interval}) / 60)::int)"


def requests_of_days(*, of_sites: bool) -> str:
    """Rows of day (1 for the first), site and procedure; without ``of_sites``, of every site."""
    sites = _SITES if of_sites else ""
    return f"""
    WITH filed AS (
        SELECT width_bucket(submitted_at, CAST(:bounds AS timestamptz[])) AS day, site, procedure,
               count(*) AS filed,
               count(*) FILTER (WHERE EXISTS (
                   SELECT FROM request_history h
                   WHERE h.request_id = r.id AND h.action = 'request_complement')) AS returned
        FROM requests r
        WHERE {sites} submitted_at >= :opens AND submitted_at < :closes
        GROUP BY 1, 2, 3
    ), ended AS (
        SELECT width_bucket(closed_at, CAST(:bounds AS timestamptz[])) AS day, site, procedure, closed_at,
               due_at, legal_due_at, closed_at - submitted_at AS delay, legal_due_at - submitted_at AS law,
               state <> 'withdrawn' AS decided
        FROM requests
        WHERE {sites} closed_at >= :opens AND closed_at < :closes
    ), closed AS (
        SELECT day, site, procedure, count(*) AS closed,
               count(*) FILTER (WHERE decided AND closed_at <= due_at) AS kept,
               count(due_at) FILTER (WHERE decided) AS promised,
               count(*) FILTER (WHERE decided AND closed_at <= legal_due_at) AS lawful,
               string_agg({_minutes("delay")}, ''::bytea) FILTER (WHERE decided) AS delays,
               string_agg({_minutes("law")}, ''::bytea) FILTER (WHERE decided) AS laws
        FROM ended GROUP BY 1, 2, 3
    )
    SELECT day, site, procedure, coalesce(filed, 0) AS filed, coalesce(returned, 0) AS returned,
           coalesce(closed, 0) AS closed, coalesce(kept, 0) AS kept, coalesce(promised, 0) AS promised,
           coalesce(lawful, 0) AS lawful, coalesce(delays, ''::bytea) AS delays,
           coalesce(laws, ''::bytea) AS laws
    FROM filed FULL JOIN closed USING (day, site, procedure)
    """  # noqa: S608 - nothing but the text above is put in


# The wait of somebody with an appointment begins at its hour, if they came early.
def visits_of_days(*, of_sites: bool) -> str:
    """Rows of day (1 for the first), site and line."""
    waited = _seconds("greatest(first_called_at - greatest(taken_at, appointment_at), interval '0')")
    return f"""
    SELECT width_bucket(taken_at, CAST(:bounds AS timestamptz[])) AS day, site, line,
           count(serial) AS given,
           count(*) FILTER (WHERE state = 'turned_away') AS turned_away,
           count(*) FILTER (WHERE state = 'finished') AS served,
           count(*) FILTER (WHERE state = 'left') AS abandoned,
           count(*) FILTER (WHERE state = 'no_show') AS no_show,
           count(*) FILTER (WHERE outcome IN ('resolved', 'filed')) AS resolved,
           coalesce(string_agg({waited}, ''::bytea)
                    FILTER (WHERE first_called_at IS NOT NULL), ''::bytea) AS waits,
           coalesce(string_agg(int4send(handled_seconds), ''::bytea)
                    FILTER (WHERE outcome <> 'unknown'), ''::bytea) AS handlings,
           coalesce(string_agg({_seconds("finished_at - taken_at")}, ''::bytea)
                    FILTER (WHERE outcome <> 'unknown'), ''::bytea) AS visits
    FROM tickets
    WHERE {_SITES if of_sites else ""} taken_at >= :opens AND taken_at < :closes
    GROUP BY 1, 2, 3
    """  # noqa: S608 - nothing but the text above is put in
