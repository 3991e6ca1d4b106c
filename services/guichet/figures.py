"""``python -m services.guichet.figures``: add up days of the dashboard again.

The worker keeps them by itself; this is for after a repair by hand. It reads the same setting as
the counter's web process.
"""

import argparse
import sys
from datetime import date, timedelta

from services.guichet.use_cases.figures import keep_again
from shared.db import Database

MONTH = timedelta(days=31)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m services.guichet.figures", description=__doc__)
    parser.add_argument("first", type=date.fromisoformat, help="the first day, such as 2026-01-01")
    parser.add_argument("last", type=date.fromisoformat, help="the last day")
    given = parser.parse_args(arguments)
    if given.last < given.first:
        parser.error("the last day is before the first")
    database = Database.of("guichet")
    done, first, end = 0, given.first, given.last + timedelta(days=1)
    try:
        while first < end:
            until = min(first + MONTH, end)
            with database.transaction() as session:
                done += keep_again(session, first, until)
            first = until
    finally:
        database.dispose()
    print(f"{done} days added up; days that are not kept yet are worked out when they are asked for")
    return 0


if __name__ == "__main__":
    sys.exit(main())
