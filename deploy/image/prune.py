"""Remove from an environment what no process of ours ever opens: ``prune.py /opt/guichet``.

Half of what is installed is data of other countries, sources of compiled modules and their symbols
for a debugger. deploy/image/select_for.py imports everything that stays, so that a build fails where
this goes too far; ``make compose-test`` prints, reads and sends with what is left.
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
# Holidays of other countries, and their names in other languages: Morocco's file is loaded by itself.
remove("holidays/financial", "holidays/locale/[!afe]*")
remove("holidays/locale/*/LC_MESSAGES/[!M]*", "holidays/locale/*/LC_MESSAGES/M[!A]*")
keep("holidays/countries", "*.py", "morocco.")
# Other languages' hyphens.
keep("pyphen/dictionaries", "*.dic", "hyph_fr", "hyph_en")
# Other countries' numbers: one module each.
for country in SITE.glob("stdnum/??"):
    if country.name != "ma":
        shutil.rmtree(country)
# What devices and telephones of the world are called; we ask for none of it.
remove("stdnum/*.dat")
# Time zones come from tzdata; these are a copy that only old interfaces open.
for zone in (SITE / "pytz" / "zoneinfo").glob("*"):
    if zone.name not in {"Africa", "Etc", "UTC", "GMT"} and zone.is_dir():
        shutil.rmtree(zone)
# Databases and brokers we do not talk to.
remove("sqlalchemy/dialects/mysql", "sqlalchemy/dialects/mssql", "sqlalchemy/dialects/oracle")
remove("eventlet/zipkin", "nameko/testing", "mock", "werkzeug/debug/shared")
# Compression of fonts on the web; printed ones are not compressed that way.
remove("_brotli*", "brotli*", "zopfli*")
# Kinds of fonts and files we do not print with or take in; drawing letters is WeasyPrint's affair.
remove("fontTools/ufoLib", "fontTools/voltLib", "fontTools/mtiLib", "fontTools/t1Lib", "fontTools/qu2cu")
remove("fontTools/merge", "fontTools/cu2qu", "fontTools/svgLib", "fontTools/diff", "fontTools/tfmLib.py")
remove("PIL/_avif.*", "PIL/_imagingft.*", "PIL/_imagingtk.*")
remove("lxml/objectify.*", "lxml/html", "lxml/isoschematron", "pikepdf/pdfa")
# Of OpenTelemetry only traces are sent, and none of their messages is one of Google's own services.
remove("google/[!p_]*", "opentelemetry/exporter/otlp/proto/http/metric_exporter")
# Of OpenID Connect we are a client, by way of requests.
remove("authlib/jose", "authlib/integrations/[!br_]*", "authlib/oidc/[!c_]*", "authlib/oauth2/drafts")
remove("authlib/oauth2/rfc759*", "authlib/oauth2/rfc7662")
remove("authlib/oauth2/rfc8[!4]*", "authlib/oauth2/rfc9[!1]*")
# Only for making packages, or for developing the package itself.
remove("pip", "pip-*", "setuptools", "setuptools-*", "pkg_resources", "_distutils_hack")
remove("distutils-precedence.pth", "*/tests", "*/test", "sqlalchemy/testing", "alembic/testing")
remove("**/*.c", "**/*.h", "**/*.pyx", "**/*.pxd", "**/*.pyi", "*.dist-info/RECORD", "lxml/includes")
remove("lxml/*.pxi", "*.dist-info/sboms")
for script in ("pip", "pip3", "Activate.ps1", "activate.csh", "activate.fish"):
    (BIN / script).unlink(missing_ok=True)


def binutils(program: str, option: str, library: Path) -> str:
    """Run a program of the build stage on a library installed a moment ago; return what it prints."""
    command = [program, option, str(library)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def needed(library: Path) -> set[str]:
    """Return the names of the libraries that ``library`` is linked with."""
    said = binutils("readelf", "-d", library)
    return {line.partition("[")[2].rstrip("]") for line in said.splitlines() if "(NEEDED)" in line}


# What came along with a wheel for a module that is gone now.
along = {library.name: library for library in SITE.glob("*.libs/*.so*")}
asked = [library for library in SITE.rglob("*.so*") if library.name not in along]
while asked:
    asked = [along.pop(name) for library in asked for name in needed(library) if name in along]
for library in along.values():
    library.unlink()
# Symbols for a debugger.
for library in SITE.rglob("*.so*"):
    binutils("strip", "--strip-unneeded", library)
