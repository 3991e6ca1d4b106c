"""The booking form: what was typed, kept as typed, and what it means."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from services.booking.domain.booking import Purpose
from services.booking.domain.wall_time import (
    check_in_calendar,
    clock,
    parse_clock,
    parse_day,
    written,
)
from services.booking.use_cases.book import Wish
from services.booking.use_cases.name_subject import name_subject
from shared.errors import N_, DomainError, InvalidFields, InvalidInput

DEFAULT_LENGTH = timedelta(hours=1)
SEPARATOR = "|"
# How the rules name what is at fault, and where it stands in the form.
FORM_FIELDS = {"starts_at": "starts", "ends_at": "ends", "startup_id": "subject", "title": "subject"}

Value = TypeVar("Value")


@dataclass(frozen=True)
class BookingForm:
    """Everything as text: a refused form is shown again exactly as it was filled."""

    subject: str = ""
    space: str = ""
    day: str = ""
    starts: str = ""
    ends: str = ""
    purpose: str = Purpose.MEETING
    hold: bool = False
    key: str = ""

    @classmethod
    def sent(cls, values: Mapping[str, str]) -> "BookingForm":
        """What the browser sent; an offer that was chosen replaces the space and the time."""
        form = cls(
            subject=values.get("subject", ""),
            space=values.get("space", ""),
            day=values.get("day", ""),
            starts=values.get("starts", ""),
            ends=values.get("ends", ""),
            purpose=values.get("purpose", "") or Purpose.MEETING,
            hold=values.get("hold") == "yes",
            key=values.get("idempotency_key", ""),
        )
        offered = values.get("offer", "").split(SEPARATOR)
        if len(offered) != 4:
            return form
        space, day, starts, ends = offered
        return replace(form, space=space, day=day, starts=starts, ends=ends)

    @classmethod
    def suggested(
        cls, values: Mapping[str, str], *, space: str, day: date, now: datetime, key: str
    ) -> "BookingForm":
        """A form to begin with: what the address says, else the next hour of that day."""
        begin = datetime.combine(day, time(9))
        if now.date() == day:
            begin = max(begin, now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1))
        if begin.date() != day:
            begin = datetime.combine(day, time(23))
        end = min(begin + DEFAULT_LENGTH, datetime.combine(day, time(23, 45)))
        return cls(
            space=values.get("space", space),
            day=written(day),
            starts=values.get("starts", clock(begin)),
            ends=values.get("ends", clock(end)),
            key=key,
        )

    def wish(self, session: Session, *, today: date) -> Wish:
        """Read every field before refusing any, so that all mistakes are shown at once."""
        problems: list[InvalidInput] = []

        def read(attempt: Callable[[], Value], default: Value) -> Value:
            try:
                return attempt()
            except InvalidInput as problem:
                problems.append(problem)
                return default

        day = read(lambda: self._day(today), today)
        starts = read(lambda: parse_clock(self.starts, "starts"), time())
        ends = read(lambda: parse_clock(self.ends, "ends"), time())
        nobody: tuple[UUID | None, str] = (None, "")
        startup_id, title = read(lambda: name_subject(session, self.subject, field="subject"), nobody)
        purpose = read(self._purpose, Purpose.MEETING)
        if not self.subject.strip():
            problems.insert(0, InvalidInput(N_("Say who or what the booking is for."), field="subject"))
        if problems:
            raise InvalidFields(problems)
        return Wish(
            space=self.space,
            startup_id=startup_id,
            title=title,
            starts=datetime.combine(day, starts),
            ends=datetime.combine(day, ends),
            purpose=purpose,
            hold=self.hold,
        )

    def _day(self, today: date) -> date:
        day = parse_day(self.day, "day")
        check_in_calendar(day, today=today, field="day")
        return day

    def _purpose(self) -> Purpose:
        try:
            return Purpose(self.purpose)
        except ValueError:
            raise InvalidInput(N_("Choose what the booking is for."), field="purpose") from None


def in_form(error: DomainError) -> DomainError:
    """The same refusal, its fields named as the form names them."""
    if isinstance(error, InvalidFields):
        for one in error.errors:
            in_form(one)
    elif error.field is not None:
        error.field = FORM_FIELDS.get(error.field, error.field)
    return error
