"""The pages: every message beside its detail, and the fragment other services show."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, abort, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.notifications.domain.audience import Channel
from services.notifications.domain.delivery import State
from services.notifications.storage import figures, messages
from services.notifications.storage.messages import Filters
from services.notifications.use_cases.resending import resend
from services.notifications.web import presenting
from services.notifications.web.api import RESENDERS
from services.notifications.wording.sites import sites
from shared import clock
from shared.errors import N_, InvalidInput, NotFound
from shared.web import current_user, not_modified_if_same, requires, transaction

pages = Blueprint("notifications", __name__)

ROWS = 50
FRAGMENT_ROWS = 20
ATTENTION = "attention"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the filters of the list are set to; anything not offered counts as not set."""

    state: str
    channel: str
    site: str
    search: str
    before: UUID | None

    @classmethod
    def of_request(cls) -> "Chosen":
        """Read the query string, leniently: a page is no place for a 422."""
        args = request.args
        return cls(
            state=_offered(args.get("state"), [*State, ATTENTION]),
            channel=_offered(args.get("channel"), list(Channel)),
            site=_offered(args.get("site"), list(current_user().sites)),
            search=args.get("search", "").strip().replace("\x00", "")[:100],
            before=_uuid(args.get("before")),
        )

    def filters(self) -> Filters:
        """Return the filters of the storage, within the sites of the user."""
        return Filters(
            (self.site,) if self.site else current_user().sites,
            state=self.state if self.state != ATTENTION and self.state else None,
            channel=self.channel or None,
            attention=self.state == ATTENTION,
            search=self.search or None,
        )

    def query(self, **more: str) -> str:
        """Return the query string that stands for these choices."""
        chosen = {
            "state": self.state,
            "channel": self.channel,
            "site": self.site,
            "search": self.search,
            "before": str(self.before) if self.before else "",
            **more,
        }
        filled = {name: value for name, value in chosen.items() if value}
        return f"?{urlencode(filled)}" if filled else ""


@pages.get("/")
@requires()
def index() -> ResponseReturnValue:
    """Every message, the newest first."""
    return render_template("notifications/messages.html", **_list(), detail=None)


@pages.get("/messages/<uuid:message_id>")
@requires()
def message(message_id: UUID) -> ResponseReturnValue:
    """The list with one message open beside it."""
    return render_template("notifications/messages.html", **_list(), detail=_detail(message_id))


@pages.post("/messages/<uuid:message_id>/resend")
@requires(*RESENDERS)
def resend_message(message_id: UUID) -> ResponseReturnValue:
    """Send one message again; the same form once more does nothing."""
    seen = request.form.get("round", type=int, default=0)
    with transaction() as session:
        resend(session, message_id, sites=current_user().sites, seen_round=seen)
    if request.headers.get("HX-Request"):
        return render_template("notifications/_detail.html", detail=_detail(message_id), resent=True)
    return redirect(f"/notifications/messages/{message_id}", 303)


@pages.get("/fragments/list")
@requires()
def list_fragment() -> ResponseReturnValue:
    """The inside of the live list."""
    return not_modified_if_same(render_template("notifications/_list_fragment.html", **_list()))


@pages.get("/fragments/messages/<uuid:message_id>")
@requires()
def detail_fragment(message_id: UUID) -> ResponseReturnValue:
    """One message, for the place beside the list."""
    detail = render_template("notifications/_detail.html", detail=_detail(message_id), resent=False)
    return not_modified_if_same(detail)


@pages.get("/fragments/messages")
@requires()
def cause_fragment() -> ResponseReturnValue:
    """What was told about one request, booking or document, for the page of another service."""
    subject = request.args.get("subject", "")
    if not 1 <= len(subject) <= 64 or "\x00" in subject:
        raise InvalidInput(N_("Say which request or booking the messages are about."), field="subject")
    with transaction() as session:
        rows = messages.find(session, Filters(current_user().sites, subject=subject), limit=FRAGMENT_ROWS)
    return not_modified_if_same(render_template("notifications/_cause.html", messages=rows, shown=presenting))


@pages.get("/fragments/startup")
@requires()
def startup_fragment() -> ResponseReturnValue:
    """The last messages to one startup, for its page in another service."""
    try:
        startup_id = UUID(request.args.get("startup_id", ""))
    except ValueError:
        raise InvalidInput(N_("This is not a valid identifier."), field="startup_id") from None
    with transaction() as session:
        rows = messages.find(session, Filters(current_user().sites, startup_id), limit=FRAGMENT_ROWS)
    return not_modified_if_same(render_template("notifications/_cause.html", messages=rows, shown=presenting))


def _list() -> dict[str, Any]:
    chosen = Chosen.of_request()
    user = current_user()
    today = clock.now().astimezone(clock.CASABLANCA).replace(hour=0, minute=0, second=0, microsecond=0)
    with transaction() as session:
        rows = messages.find(session, chosen.filters(), before=chosen.before, limit=ROWS + 1)
        counted = figures.of_day(
            session, (chosen.site,) if chosen.site else user.sites, today, today + timedelta(days=1)
        )
    price = current_app.config["SMS_SEGMENT_PRICE"]
    return {
        "messages": rows[:ROWS],
        "older": chosen.query(before=str(rows[ROWS - 1].id)) if len(rows) > ROWS else None,
        "chosen": chosen,
        "figures": counted,
        "sms_cost": presenting.cost_of(counted.segments, price),
        "sites": [(code, names) for code, names in sites().items() if code in user.sites],
        "shown": presenting,
        "now": clock.now(),
    }


def _detail(message_id: UUID) -> dict[str, Any]:
    user = current_user()
    with transaction() as session:
        row = messages.get(session, message_id, user.sites)
        if row is None:
            raise NotFound(N_("There is no such message."))
        attempts = messages.attempts_of(session, message_id)
        receipts = messages.receipts_of(session, message_id)
    size = presenting.size_of(row)
    return {
        "message": row,
        "attempts": attempts,
        "receipts": receipts,
        "words": presenting.words_of(row),
        "text": presenting.text_of(row) if row.channel == Channel.SMS else None,
        "size": size,
        "cost": presenting.cost_of(size.segments if size else None, current_app.config["SMS_SEGMENT_PRICE"]),
        "site": sites().get(row.site, row.site),
        "shown": presenting,
        "unsettled": row.due_at is not None or (row.channel == Channel.SMS and row.state == State.ACCEPTED),
        "resendable": row.state not in (State.PENDING, State.SENDING)
        and row.forgotten_at is None
        and not set(RESENDERS).isdisjoint(user.roles),
    }


def _offered(value: str | None, offered: list[Any]) -> str:
    return value if value is not None and value in {str(one) for one in offered} else ""


def _uuid(value: str | None) -> UUID | None:
    try:
        return UUID(value) if value else None
    except ValueError:
        abort(404)
