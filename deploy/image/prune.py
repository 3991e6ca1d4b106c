"""Remove from an environment what no process of ours ever opens: ``prune.py /opt/guichet``.

Half of what is installed is data of other countries and tools for making packages. Nothing here is
needed to import what stays: tests/local and the compose test run on the result.
"""

import shutil
import sys
from pathlib import Path

SITE = next((Path(sys.argv[1]) / "lib").glob("python3*/site-packages"))
BIN = Path(sys.argv[1]) / "bin"
LANGUAGES = ("root", "fr", "ar", "en")


def remove(*patterns: str) -> None:
    for pattern in patterns:
        for path in SITE.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


# Which operator or town a number belongs to: we only ask whether it is one.
remove("phonenumbers/geodata", "phonenumbers/carrierdata", "phonenumbers/tzdata")
# Other languages' calendars and numbers: Babel reads one file a language.
for file in (SITE / "babel" / "locale-data").glob("*.dat"):
    if file.stem.partition("_")[0] not in LANGUAGES:
        file.unlink()
# Other countries' holidays are imported by name, none of them but Morocco's; their texts are data.
remove("holidays/locale/[!afe]*")
# Other languages' hyphens.
for file in (SITE / "pyphen" / "dictionaries").glob("*.dic"):
    if not file.stem.removeprefix("hyph_").startswith(("fr", "en")):
        file.unlink()
# Only for making packages, or for developing the package itself.
remove(
    "pip",
    "pip-*",
    "setuptools",
    "setuptools-*",
    "pkg_resources",
    "_distutils_hack",
    "distutils-precedence.pth",
)
remove("*/tests", "*/test", "sqlalchemy/testing", "alembic/testing", "*.dist-info/RECORD")
for script in ("pip", "pip3", "Activate.ps1", "activate.csh", "activate.fish"):
    (BIN / script).unlink(missing_ok=True)
