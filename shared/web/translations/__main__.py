"""``python -m shared.web.translations compile|extract|update``

compile   .po → .mo, where the .po is newer (bootstrap does this)
extract   print the texts found in the code
update    bring the .po files up to date: new texts added, unused ones dropped
"""

import sys

from shared.translations import compile_stale
from shared.web.translations.catalogues import CATALOGUES
from shared.web.translations.extraction import messages
from shared.web.translations.update import update


def main(arguments: list[str]) -> int:
    """Run the command named by the first argument."""
    match arguments:
        case ["compile"]:
            for catalogue in CATALOGUES:
                compile_stale(catalogue.folder)
        case ["extract"]:
            for catalogue in CATALOGUES:
                for root in catalogue.sources:
                    for message in messages(root):
                        print(f"{message.path}:{message.line}: {message.singular}")
        case ["update"]:
            for path, missing in update():
                print(f"{path}: {missing} to translate")
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
