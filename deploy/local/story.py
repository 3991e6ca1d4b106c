"""A day at the counter, told by a client of the public API: each step is done, then seen to have happened."""

import itertools
import re
import secrets
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

import httpx

from deploy.local.addresses import ACCOUNTS

Json = dict[str, Any]
Seen = TypeVar("Seen")

PATIENCE_SECONDS = 30.0
LOOK_EVERY_SECONDS = 0.02
TAKEN = 409
WORKING_DAYS = range(5)
LINK = re.compile(r"https?://\S+")
FIRST_NAMES = ("Atlas", "Rif", "Souss", "Oasis", "Medina", "Argan", "Zellige", "Safran", "Cèdre", "Palmier")
TRADES = ("Énergie", "Robotique", "Santé", "Mobilité", "Agritech", "Logistique", "Éducation", "Données")


class Reached(Protocol):
    """Where the product and what stands for the world outside are reached."""

    @property
    def web_url(self) -> str: ...

    @property
    def sms_url(self) -> str: ...

    @property
    def demo_password(self) -> str: ...

    def mails(self, client: httpx.Client, recipient: str) -> list[Json]:
        """Return subject and text of what ``recipient`` got, oldest first."""


class StoryFailed(RuntimeError):
    """A step did not happen; the message is the reason."""


class Story:
    """Registers a startup, files a certificat négatif, books a room, issues the invoice."""

    def __init__(
        self,
        addresses: Reached,
        tell: Callable[[str], None] | None = None,
        *,
        certificates: ssl.SSLContext | bool = True,
        transport: httpx.BaseTransport | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
        look_every_seconds: float = LOOK_EVERY_SECONDS,
    ) -> None:
        """``transport`` carries what is asked of the product, in place of the client's own."""
        self._addresses = addresses
        self._patience_seconds, self._look_every_seconds = patience_seconds, look_every_seconds
        self._tell = tell or (lambda line: print(line, flush=True))
        self._started = self._last = 0.0
        self._known_sms: set[str] = set()
        timeout = httpx.Timeout(60.0)
        self._web = httpx.Client(
            base_url=addresses.web_url,
            timeout=timeout,
            headers={"Accept-Language": "fr"},
            verify=certificates,
            transport=transport,
        )
        self._outside = httpx.Client(timeout=timeout, verify=certificates)

    def play(self) -> None:
        """Raises StoryFailed when a step is refused or is not seen in time."""
        self._started = self._last = time.monotonic()
        self._tell("\n    ms  (+step)  The story, through the public API")
        try:
            with self._web, self._outside:
                self._play()
        except httpx.HTTPError as error:
            raise StoryFailed(f"the product cannot be reached: {error}") from error

    def _play(self) -> None:
        self._sign_in("agent")
        startup = self._register()
        request = self._file(startup)
        self._receipt_left(startup, request)
        self._sign_in("agency_officer")
        self._complete(request)
        self._messages_left(startup, request)
        self._sign_in("agent")
        self._fee_charged(request)
        booking = self._book(startup)
        self._booking_mail(startup, booking)
        self._booking_charged(booking)
        self._sign_in("billing_officer")
        self._invoice(startup)
        total = (time.monotonic() - self._started) * 1000
        self._tell(f"✓ every step was seen, in {total:.0f} ms\n")

    def _sign_in(self, role: str) -> None:
        self._web.headers.pop("Authorization", None)
        credentials = {"email": ACCOUNTS[role], "password": self._addresses.demo_password}
        session = self._call("POST", "/guichet/api/v1/session", credentials, expect=200)
        self._web.headers["Authorization"] = f"Bearer {session['token']}"
        self._note(f"{session['account']['name']} signs in ({role})")

    def _register(self) -> Json:
        mark = secrets.token_hex(3)
        name = f"{secrets.choice(FIRST_NAMES)} {secrets.choice(TRADES)} {mark.upper()}"
        phone = invented_phone()
        startup = self._call(
            "POST",
            "/guichet/api/v1/startups",
            {
                "legal_name": name,
                "site": "casablanca",
                "resident": True,
                "ice": invented_ice(),
                "address": "Technopark, route de Nouaceur, Casablanca",
                "contacts": [
                    {
                        "name": "Salma Idrissi",
                        "role": "gérante",
                        "language": "fr",
                        "email": f"salma.{mark}@startup.example",
                        "phone": phone,
                    }
                ],
            },
        )
        self._note(f"startup registered: {name}")
        return startup

    def _file(self, startup: Json) -> Json:
        request = self._call(
            "POST",
            "/guichet/api/v1/requests",
            {
                "startup_id": startup["id"],
                "procedure": "ompic.certificat-negatif",
                "site": "casablanca",
                "answers": {
                    "name_1": startup["legal_name"],
                    "identity_document": "cnie",
                    "cnie": "BK123456",
                },
            },
        )
        self._note(f"certificat négatif filed, receipt {request['receipt']['number']}")
        desk, state = request["desk"], request["state"]
        if (desk, state) != ("ompic-casablanca", "routed"):
            raise StoryFailed(f"the request is {state} at desk {desk}, not routed to ompic-casablanca")
        self._note(f"routed to the desk {desk}")
        return request

    def _receipt_left(self, startup: Json, request: Json) -> None:
        """The SMS of the filing, so that it is not taken for the one of the completion."""
        text = self._see("an SMS about the filed request", lambda: self._new_sms(startup, request))["text"]
        self._note(f"SMS received by the gateway: “{text}”")

    def _complete(self, request: Json) -> None:
        path = f"/guichet/api/v1/requests/{request['id']}"
        self._call("POST", f"{path}/start", {}, expect=200)
        self._note("taken in hand by the OMPIC officer")
        done = self._call("POST", f"{path}/complete", {"outcome_reference": "CN-2026-88231"}, expect=200)
        if done["state"] != "completed":
            raise StoryFailed(f"the request is {done['state']}, not completed")
        self._note("completed, certificate CN-2026-88231")

    def _messages_left(self, startup: Json, request: Json) -> None:
        (contact,) = startup["contacts"]
        number = request["number"]

        def mail() -> Json | None:
            return next(
                (mail for mail in self._mails(contact["email"]) if _says(mail, number, "88231")), None
            )

        received = self._see("a mail about the completed request", mail)
        self._note(f"mail received by the SMTP server: “{received['subject']}”")
        sms = self._see("an SMS about the completed request", lambda: self._new_sms(startup, request))
        self._note(f"SMS received by the gateway: “{sms['text']}”")
        self._follow(sms["text"], number)

    def _new_sms(self, startup: Json, request: Json) -> Json | None:
        """An SMS about the request that was not seen before; by its reference, which is sent once."""
        (contact,) = startup["contacts"]
        kept = self._outside.get(f"{self._addresses.sms_url}/sms", params={"to": contact["phone"]}).json()
        for sms in kept:
            if request["number"] in sms["text"] and sms["reference"] not in self._known_sms:
                self._known_sms.add(sms["reference"])
                found: Json = sms
                return found
        return None

    def _follow(self, text: str, number: str) -> None:
        """Open the link of a message as its reader would: on a telephone, signed in nowhere."""
        link = LINK.search(text)
        if link is None:
            raise StoryFailed(f"the SMS has no link to follow the request with: {text}")
        page = self._web.send(httpx.Request("GET", link[0], headers={"Accept-Language": "fr"}))
        if page.status_code != 200 or number not in page.text:
            raise StoryFailed(f"{link[0]} answers {page.status_code} and does not show {number}")
        self._note("its link opened: the startup sees where its request stands")

    def _fee_charged(self, request: Json) -> None:
        charge = self._see("the fee charged", lambda: self._charge(request["id"]))
        self._note(f"fee charged: {charge['net']} MAD, {charge['kind']}")

    def _book(self, startup: Json) -> Json:
        wish = self._free_slot()

        def booked() -> Json | None:
            nonlocal wish
            # Booking learns of the startup from an event: a moment later, not at once.
            answer = self._post("/booking/api/v1/bookings", {**wish, "startup_id": startup["id"]})
            if answer.status_code == 422 and "startup_id" in answer.text:
                return None
            if answer.status_code == TAKEN:
                wish = self._free_slot()
                return None
            return self._read(answer, 201)

        booking = self._see("the booking service to know the startup", booked)
        self._note(f"{booking['space']} booked, {booking['starts_local']}: {booking['number']}")
        return booking

    def _free_slot(self) -> Json:
        day = datetime.now(UTC).date()
        spaces = self._call("GET", "/booking/api/v1/spaces?site=casablanca", None, expect=200)["items"]
        rooms = {space["code"] for space in spaces if space["kind"] == "room"}
        for ahead in range(1, 60, 7):
            first, last = day + timedelta(days=ahead), day + timedelta(days=ahead + 6)
            path = f"/booking/api/v1/availability?site=casablanca&from={first}&to={last}"
            for found in self._call("GET", path, None, expect=200)["spaces"]:
                for slot in found["free"] if found["space"] in rooms else ():
                    starts, ends = (datetime.fromisoformat(slot[end]) for end in ("starts_at", "ends_at"))
                    if starts.weekday() in WORKING_DAYS and ends - starts >= timedelta(hours=2):
                        ends = starts + timedelta(hours=2)
                        return {
                            "space": found["space"],
                            "title": "Comité de lancement",
                            "starts_at": starts.isoformat().replace("+00:00", "Z"),
                            "ends_at": ends.isoformat().replace("+00:00", "Z"),
                        }
        raise StoryFailed("no room of Casablanca is free for two hours in the coming weeks")

    def _booking_mail(self, startup: Json, booking: Json) -> None:
        (contact,) = startup["contacts"]

        def mail() -> Json | None:
            mails = self._mails(contact["email"])
            return next((mail for mail in mails if _says(mail, booking["number"])), None)

        self._note(f"mail received: “{self._see('a mail about the booking', mail)['subject']}”")

    def _booking_charged(self, booking: Json) -> None:
        charge = self._see("the booking charged", lambda: self._charge(booking["id"]))
        self._note(f"booking charged: {charge['net']} MAD excl. TVA {charge['vat_rate']} %")

    def _invoice(self, startup: Json) -> None:
        wanted = {"startup_id": startup["id"], "site": "casablanca"}
        invoice = self._call("POST", "/billing/api/v1/invoices", wanted)
        kinds = {line["subject_kind"] for line in invoice["lines"]}
        if len(invoice["lines"]) < 2:
            raise StoryFailed(f"invoice {invoice['number']} has only {kinds}")
        self._note(f"invoice {invoice['number']} issued: {invoice['total_incl']} MAD incl. TVA")
        answer = self._web.get(f"/billing/api/v1/invoices/{invoice['number']}/pdf")
        if answer.status_code != 200 or not answer.content.startswith(b"%PDF-"):
            raise StoryFailed(
                f"the invoice's PDF could not be read: {answer.status_code} {answer.text[:200]}"
            )
        self._note(f"its PDF downloaded, {len(answer.content) / 1024:.0f} KB")

    def _charge(self, subject: str) -> Json | None:
        path = f"/billing/api/v1/charges?subject={subject}"
        return next(iter(self._call("GET", path, None, expect=200)["items"]), None)

    def _mails(self, recipient: str) -> list[Json]:
        return self._addresses.mails(self._outside, recipient)

    def _see(self, what: str, look: Callable[[], Seen | None]) -> Seen:
        deadline = time.monotonic() + self._patience_seconds
        for _ in itertools.count():
            seen = look()
            if seen is not None:
                return seen
            if time.monotonic() > deadline:
                break
            time.sleep(self._look_every_seconds)
        raise StoryFailed(f"waited {self._patience_seconds:.0f} s in vain for {what}")

    def _call(self, method: str, path: str, body: Json | None, *, expect: int = 201) -> Json:
        answer = self._web.get(path) if method == "GET" else self._post(path, body or {})
        return self._read(answer, expect)

    def _post(self, path: str, body: Json) -> httpx.Response:
        return self._web.post(path, json=body, headers={"Idempotency-Key": secrets.token_hex(16)})

    def _read(self, answer: httpx.Response, expect: int) -> Json:
        if answer.status_code != expect:
            request = answer.request
            raise StoryFailed(
                f"{request.method} {request.url.path} answered {answer.status_code}, not {expect}:"
                f" {answer.text[:500]}"
            )
        content: Json = answer.json()
        return content

    def _note(self, line: str) -> None:
        now = time.monotonic()
        self._tell(f"{(now - self._started) * 1000:6.0f}  {(now - self._last) * 1000:+7.0f}  {line}")
        self._last = now


def invented_phone() -> str:
    """A mobile number of the range +212 61: all of it is given out, but 3 % of +212 6 is not."""
    return f"+21261{secrets.randbelow(10**7):07d}"


def invented_ice() -> str:
    """Fifteen digits whose whole is divisible by 97, as real ones are."""
    start = 9_000_000_000_000 + secrets.randbelow(10**12)
    check = -start * 100 % 97
    return f"{start * 100 + check:015d}"


def _says(mail: Json, *words: str) -> bool:
    text = f"{mail['subject']} {mail['text']}"
    return all(word in text for word in words)
