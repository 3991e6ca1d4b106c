"""The connections of a web process."""

from functools import partial

from shared.db import Database
from shared.settings import addresses, read, sqlalchemy_url

#: at least the threads that serve: a connection beyond the pool is opened and closed at each request,
#: which costs PostgreSQL more than the request itself
POOL_SIZE = 16


def service_database(service: str) -> Database:
    """Return the database ``service`` owns; a web process needs no address of the broker.

    Raises:
        MissingSetting: the environment names none.
    """
    url = read(service, "DATABASE_URL")
    return Database(
        url,
        pool_size=POOL_SIZE,
        application_name=f"{service}-web",
        addresses=partial(addresses, service, "DATABASE", sqlalchemy_url(url)),
    )
