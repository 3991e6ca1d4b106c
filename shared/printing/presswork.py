"""What a :class:`~shared.printing.press.Press` starts: ``python -m shared.printing.presswork FD``."""

import os
import signal
import socket
import sys
from functools import cache
from pathlib import Path
from typing import Any

from environs import Env
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

from shared.logging import configure, get_logger
from shared.printing.environment import HERE
from shared.printing.press import FAILED, PDF, receive, send

log = get_logger()

IDLE_SECONDS = 30.0
FONT_PACKAGES = HERE.parents[1] / "frontend" / "node_modules"
# The same family in both scripts. Inter, the screens' font, comes as a variable font, and cutting
# its weights out took as long as everything else together.
# The older file format: unpacking woff2 takes Python a second more before the first document.
FONTS = tuple(
    (
        f"Plex {subset}",
        weight,
        f"@fontsource/ibm-plex-sans-arabic/files/ibm-plex-sans-arabic-{subset}-{weight}-normal.woff",
    )
    for subset in ("latin", "latin-ext", "arabic")
    for weight in ("400", "600", "700")
)


def work(line: socket.socket) -> None:
    """Print what is asked for until nothing has been for a while, or nobody is there to ask."""
    while True:
        try:
            sheet, html = receive(line), receive(line)
        except (ConnectionError, TimeoutError):
            return
        try:
            answer = PDF, _printed(html.decode(), Path(os.fsdecode(sheet)))
        except Exception as error:
            # Said where it is waited for, too; where in a page it happened only this process knows.
            log.exception("document_not_printed")
            answer = FAILED, f"{type(error).__name__}: {error}".encode()
        try:
            send(line, *answer)
        except OSError:
            return


def _printed(html: str, sheet: Path) -> bytes:
    styles, fonts = _styles(sheet)
    page = HTML(string=html, url_fetcher=_nothing_from_outside)
    pdf: bytes = page.write_pdf(stylesheets=[styles], font_config=fonts, pdf_tags=True)
    return pdf


@cache
def _styles(sheet: Path) -> tuple[CSS, FontConfiguration]:
    fonts = FontConfiguration()
    faces = [
        f"@font-face {{ font-family: '{family}'; font-weight: {weight}; src: url({path.as_uri()}); }}"
        for family, weight, file in FONTS
        # without the front end's packages the system's fonts serve
        if (path := FONT_PACKAGES / file).is_file()
    ]
    sheets = [path.read_text(encoding="utf-8") for path in (HERE / "templates/print/sheet.css", sheet)]
    return CSS(string="\n".join([*faces, *sheets]), font_config=fonts), fonts


def _nothing_from_outside(url: str, **_: Any) -> dict[str, Any]:
    """A name or an address typed by somebody must not make the server fetch anything."""
    raise ValueError(f"a document loads nothing, it asked for {url}")


def main() -> None:
    # Whoever started it decides when it ends, also where a terminal tells all of a group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure("printing", "press")
    with socket.socket(fileno=int(sys.argv[1])) as line:
        line.settimeout(Env().float("PRINTING_IDLE_SECONDS", IDLE_SECONDS))
        work(line)
    # WeasyPrint's own clean-up fails when it runs after the interpreter has shut its modules.
    _styles.cache_clear()


if __name__ == "__main__":
    main()
