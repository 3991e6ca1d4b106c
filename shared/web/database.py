"""The connections of a web process."""

from shared.db import Database

#: at least the threads that serve: a connection beyond the pool is opened and closed at each request,
#: which costs PostgreSQL more than the request itself
POOL_SIZE = 16


def service_database(service: str) -> Database:
    """Return the database ``service`` owns; a web process needs no address of the broker.

    Raises:
        MissingSetting: the environment names none.
    """
    return Database.of(service, pool_size=POOL_SIZE, application_name=f"{service}-web")
