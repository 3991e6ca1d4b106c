"""How messages are put into words: one sentence catalogue per language, one e-mail layout.

What a message says is a function of its kind, its language and its facts. The subject and the
SMS text are settled when the message is made, for both are shown and counted before sending.
The body of an e-mail is composed by the sender (and again by the preview page): the consuming
transaction stays short and 8 kB of HTML per message are not stored.
"""

from services.notifications.wording.email import EmailBody, EmailWords, email_body, email_words
from services.notifications.wording.facts import Facts
from services.notifications.wording.texts import sms_text, subject

__all__ = ["EmailBody", "EmailWords", "Facts", "email_body", "email_words", "sms_text", "subject"]
