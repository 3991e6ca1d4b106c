"""Files one thing and exits: the process that dies before its commit. ``python -m tests.faults.filer 7``."""

import sys

from sqlalchemy import text

from shared.db import Database
from shared.messaging.outbox import publish
from shared.settings import ServiceSettings
from tests.faults.contracts import ThingHappened

if __name__ == "__main__":
    number = int(sys.argv[1])
    with Database(ServiceSettings.load("guichet").database_url).transaction() as session:
        session.execute(text("INSERT INTO things VALUES (:number)"), {"number": number})
        publish(session, ThingHappened, subject=str(number), data={"number": number, "group": "a"})
