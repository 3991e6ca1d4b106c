"""Remove from an environment what no process of ours ever opens: ``prune.py /opt/guichet``.

Half of what is installed is data of other countries, sources of compiled modules and their symbols
for a debugger. deploy/image/select.py imports everything that stays, so that a build fails where
this goes too far.
"""

import shutil
import subprocess
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


def keep(folder: str, pattern: str, *beginnings: str) -> None:
    for path in (SITE / folder).glob(pattern):
        if not path.name.startswith(beginnings):
            path.unlink()


# Which operator or town a number belongs to: we only ask whether it is one.
remove("phonenumbers/geodata", "phonenumbers/carrierdata", "phonenumbers/tzdata")
# Other languages' dates and amounts: Babel reads one file a language.
keep("babel/locale-data", "*.dat", *(end for each in LANGUAGES for end in (f"{each}.", f"{each}_")))
# Holidays' names in other languages. (Other countries' rules stay: asking for one country loads all.)
remove("holidays/locale/[!afe]*")
# Other languages' hyphens.
keep("pyphen/dictionaries", "*.dic", "hyph_fr", "hyph_en")
# Other countries' numbers: one module each.
for country in SITE.glob("stdnum/??"):
    if country.name != "ma":
        shutil.rmtree(country)
# Kinds of fonts and files we do not print with or take in.
remove("fontTools/ufoLib", "fontTools/voltLib", "fontTools/mtiLib", "fontTools/t1Lib", "fontTools/qu2cu")
remove("PIL/_avif.*", "pillow.libs/libavif-*", "lxml/objectify.*", "lxml/html", "lxml/isoschematron")
# Of OpenTelemetry only traces are sent, and none of their messages is one of Google's own services.
remove("google/[!p_]*", "opentelemetry/exporter/otlp/proto/http/metric_exporter")
# Only for making packages, or for developing the package itself.
remove("pip", "pip-*", "setuptools", "setuptools-*", "pkg_resources", "_distutils_hack")
remove("distutils-precedence.pth", "*/tests", "*/test", "sqlalchemy/testing", "alembic/testing")
remove("**/*.c", "**/*.h", "**/*.pyx", "**/*.pxd", "**/*.pyi", "*.dist-info/RECORD", "lxml/includes")
for script in ("pip", "pip3", "Activate.ps1", "activate.csh", "activate.fish"):
    (BIN / script).unlink(missing_ok=True)
# Symbols for a debugger. Libraries that came along with a wheel are left as they were made.
for module in SITE.rglob("*.so"):
    if not module.parent.name.endswith(".libs"):
        subprocess.run(["strip", "--strip-unneeded", str(module)], check=True)  # noqa: S603, S607
