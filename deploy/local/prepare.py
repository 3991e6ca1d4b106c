"""Databases, roles, tables, catalogue, broker shape, in one process: each would cost a Python start.

Told by the environment: `PG_ADMIN_URL`, `AMQP_ADMIN_URL` and each service's `…_DATABASE_URL`.
"""

import sys

from deploy.databases import make_databases
from shared.cli.main import cli


def main() -> None:
    make_databases()
    cli.main(["migrate"], standalone_mode=False)
    cli.main(["seed", "--demo"], standalone_mode=False)
    # A line says that the broker, which takes longer to start, answers.
    sys.stdin.readline()
    cli.main(["broker", "apply"], standalone_mode=False)


if __name__ == "__main__":
    main()
