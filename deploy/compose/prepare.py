"""Everything between empty servers and the first sign-in: ``python -m deploy.compose.prepare``."""

import sys

from deploy.databases import make_databases
from services.guichet.documents.__main__ import main as documents
from shared.cli.main import cli
from shared.settings import load_folder


def main() -> int:
    load_folder()
    make_databases()
    cli.main(["migrate"], standalone_mode=False)
    cli.main(["seed", "--demo"], standalone_mode=False)
    cli.main(["broker", "apply"], standalone_mode=False)
    return documents(["make-bucket"])


if __name__ == "__main__":
    sys.exit(main())
