"""One service's database: connections and transactions."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import orjson
from sqlalchemy import create_engine, event, exc
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.orm import Session, sessionmaker

from shared.connecting import NOTICE_CLIENT, NOTICE_SERVER, first_taken
from shared.settings import addresses as known_addresses
from shared.settings import read, sqlalchemy_url

IDLE_SECONDS_BEFORE_CHECK = 1.0


class Database:
    """Connections to the database one service owns.

    ``pool_size`` connections are kept; ``most``, by default twice as many, may be open for a moment. Sessions
    have autoflush off and keep their objects usable after commit. ``addresses`` says anew for each
    connection what to try in turn: passwords change.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 5,
        most: int | None = None,
        application_name: str = "guichet-unique",
        statement_timeout_seconds: int = 30,
        addresses: Callable[[], list[str]] | None = None,
    ) -> None:
        self.engine: Engine = create_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=(most or 2 * pool_size) - pool_size,
            pool_timeout=10,
            # An error's message is logged; what was being written is not its business.
            hide_parameters=True,
            # The one used last: it has the statements of this process prepared, and those that a rush
            # opened grow no further.
            pool_use_lifo=True,
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            connect_args={
                "application_name": application_name,
                "connect_timeout": 5,
                **NOTICE_SERVER,
                "options": f"-c timezone=UTC -c statement_timeout={statement_timeout_seconds}s"
                f" -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s {NOTICE_CLIENT}",
            },
        )
        _check_idle_connections(self.engine)
        if addresses is not None:
            _ask_for_passwords(self.engine, addresses)
        self._sessions = sessionmaker(self.engine, autoflush=False, expire_on_commit=False)

    @classmethod
    def of(cls, service: str, *, pool_size: int = 1, application_name: str = "guichet-unique") -> "Database":
        """Return the database a service owns, as the environment names it.

        Raises:
            MissingSetting: the environment names none.
        """
        url = read(service, "DATABASE_URL")
        return cls(
            url,
            pool_size=pool_size,
            application_name=application_name,
            addresses=partial(known_addresses, service, "DATABASE", sqlalchemy_url(url)),
        )

    def session(self) -> Session:
        """Return a new session; the caller commits and closes it."""
        return self._sessions()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Yield a session, committed when the block ends and rolled back when it raises."""
        with self._sessions() as session:
            yield session
            session.commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session whose writes PostgreSQL refuses."""
        with self._sessions() as session:
            session.connection(execution_options={"postgresql_readonly": True})
            try:
                yield session
            finally:
                session.rollback()

    def dispose(self) -> None:
        """Close every idle connection."""
        self.engine.dispose()


def _ask_for_passwords(engine: Engine, addresses: Callable[[], list[str]]) -> None:
    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, record: Any, arguments: Any, named: dict[str, Any]) -> Any:
        def with_password_of(address: str) -> Any:
            return dialect.connect(*arguments, **{**named, "password": make_url(address).password})

        return first_taken(addresses(), with_password_of)


def _check_idle_connections(engine: Engine) -> None:
    """Ping a connection that lay idle before it is used again.

    A restarted server leaves dead connections in the pool and the next user would be shown an
    error; a ping at every checkout would cost each request a round trip.
    """

    @event.listens_for(engine, "checkin")
    def left(dbapi_connection: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def taken(dbapi_connection: Any, record: Any, proxy: Any) -> None:
        idle_since = record.info.get("idle_since")
        if idle_since is None or time.monotonic() - idle_since < IDLE_SECONDS_BEFORE_CHECK:
            return
        try:
            engine.dialect.do_ping(dbapi_connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise exc.DisconnectionError from error
