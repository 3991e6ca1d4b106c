"""Sending mail by SMTP: the mechanism of every service that does.

::

    line = SmtpLine(SmtpSettings.load())
    sent = line.send(data, to="depot@agency.example")

What a message says, when it is tried again and what a doubt leads to is its service's business.
"""

from shared.mail.settings import SmtpSettings
from shared.mail.smtp import Sent, SmtpLine, Taken

__all__ = ["Sent", "SmtpLine", "SmtpSettings", "Taken"]
