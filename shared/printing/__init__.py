"""Documents on paper, as PDF: the mechanism every service prints with.

::

    receipts = Printer(TEMPLATES, TRANSLATIONS, sheet="guichet/print/receipt.css")
    pdf = receipts.pdf("guichet/print/receipt.html", "ar", receipt=receipt)

Works without a web request, so that a worker can print as well. A template imports
``named``, ``ltr`` and ``identifier`` from ``print/macros.html``; its filters are those of
:mod:`shared.printing.environment`; ``print/sheet.css`` gives page, fonts and common blocks and
the service's own sheet adds to it. Nothing is ever fetched: what is drawn stands in the template,
QR codes by :func:`qr_code`.
"""

from shared.printing.press import PrintingFailed
from shared.printing.printer import Printer
from shared.printing.qr import qr_code

__all__ = ["Printer", "PrintingFailed", "qr_code"]
