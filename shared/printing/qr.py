"""QR codes, drawn inside the document."""

import io

import segno
from markupsafe import Markup


def qr_code(text: str, *, dark: str = "#1c2430") -> Markup:
    """Return ``text`` as a drawing that is as wide as the sheet lets ``.qr`` be.

    The box around it reads from left to right: WeasyPrint cannot place a drawing in Arabic text.

    Error correction M (15 %): a receipt is folded, stamped and photographed.
    """
    drawing = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawing, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2, dark=dark, nl=False
    )
    return Markup('<div class="qr" dir="ltr">{}</div>').format(
        Markup(drawing.getvalue().decode())  # noqa: S704 - drawn by us from modules, holds no text
    )
