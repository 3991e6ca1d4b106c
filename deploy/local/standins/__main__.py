"""`python -m deploy.local.standins`: the stand-ins in one process, told where by the environment."""

import signal
import threading
from pathlib import Path

from environs import Env

from deploy.local.standins.agency import AgencyServer
from deploy.local.standins.sms import SmsGateway
from deploy.local.standins.smtp import MailServer
from shared.settings import load_folder


def main() -> None:
    load_folder()
    env = Env()
    folder = Path(env.str("STANDINS_FOLDER"))
    folder.mkdir(parents=True, exist_ok=True)
    # Beside a mail server that keeps what it receives by itself, none is started here.
    smtp_port = env.int("SMTP_PORT", 0)
    mail = (
        MailServer(folder / "mail.jsonl", smtp_port=smtp_port, http_port=env.int("MAIL_HTTP_PORT"))
        if smtp_port
        else None
    )
    sms = SmsGateway(
        folder / "sms.jsonl",
        port=env.int("SMS_HTTP_PORT"),
        token=env.str("SMS_GATEWAY_TOKEN", ""),
        receipt_url=env.str("SMS_RECEIPT_URL", ""),
    )
    agencies = AgencyServer(
        folder / "agencies.jsonl",
        port=env.int("AGENCY_HTTP_PORT", 0),
        secrets=env.dict("AGENCY_SECRETS", {}, delimiter=",", key_value_delimiter=":"),
        callback_url=env.str("AGENCY_CALLBACK_URL", ""),
    )
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    if mail:
        mail.start()
    sms.start()
    agencies.start()
    stopped.wait()
    if mail:
        mail.stop()
    sms.stop()
    agencies.stop()


if __name__ == "__main__":
    main()
