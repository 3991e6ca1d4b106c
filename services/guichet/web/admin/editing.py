"""What the pages of procedures and those of bundles have in common: the editor and the versions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar
from uuid import uuid4

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.guichet.domain.numbers import counter_day
from services.guichet.storage.versions import Version
from services.guichet.use_cases import publishing
from services.guichet.use_cases.publishing import Draft, Kind
from services.guichet.web import forms, names
from services.guichet.web.access import actor
from services.guichet.web.admin import presenting
from services.guichet.web.forms import whole
from shared.clock import now
from shared.errors import N_, Conflict, InvalidInput, NotFound
from shared.web import sentence, transaction

T = TypeVar("T", bound=Any)


@dataclass(frozen=True, slots=True)
class Editor(Generic[T]):
    """Where one kind of thing is written: its address, its template, what its preview shows."""

    kind: Kind[T]
    address: str
    template: str
    preview: Callable[[Draft[T]], Mapping[str, Any]]

    def new(self) -> str:
        return self.page(self.kind.skeleton, code=None, based_on=0)

    def edit(self, code: str) -> str:
        with transaction() as session:
            newest = publishing.history(session, self.kind, code)[0]
        return self.page(presenting.source_of(newest), code=code, based_on=newest.version)

    def check(self) -> str:
        """What is wrong with the text, line by line, or what it makes."""
        try:
            starts = _typed_day(request.form.get("valid_from", ""))
        except InvalidInput:
            starts = today()  # still being typed
        draft = self._draft(request.form.get("source", ""), request.form.get("code") or None, starts)
        return render_template(f"guichet/admin/_{self.template}_check.html", **self._check(draft))

    def publish(self) -> ResponseReturnValue:
        """Publish what was written; refused, the text comes back with what is wrong."""
        code = request.form.get("code") or None
        source = request.form.get("source", "")
        typed = request.form.get("based_on", "")
        based_on = whole(typed) or 0
        try:
            starts = _typed_day(request.form.get("valid_from", ""))
            with transaction() as session:
                published = publishing.publish(
                    session,
                    self.kind,
                    publishing.draft_from_text(session, self.kind, source, code=code, starts=starts),
                    based_on=based_on,
                    note=request.form.get("note"),
                    actor=actor(),
                    at=now(),
                )
        except publishing.DraftRefused as refusal:
            return self.page(source, code=code, based_on=based_on, draft=refusal.draft), 422
        except InvalidInput as error:
            return self.page(source, code=code, based_on=based_on, errors=forms.page_errors(error)), 422
        except Conflict as error:
            return self.page(source, code=code, based_on=based_on, refusal=sentence(error)), 409
        return redirect(f"{self.address}/{published.code}?published={published.version}", 303)

    def page(
        self,
        source: str,
        *,
        code: str | None,
        based_on: int,
        draft: Draft[T] | None = None,
        errors: Sequence[dict[str, str]] = (),
        refusal: str | None = None,
    ) -> str:
        typed = request.form
        return render_template(
            f"guichet/admin/{self.template}_editor.html",
            address=self.address,
            source=source.replace("\r\n", "\n"),
            code=code or "",
            based_on=based_on,
            valid_from=typed.get("valid_from", ""),
            note=typed.get("note", ""),
            errors=errors,
            error_of=forms.by_field(errors),
            refusal=refusal,
            idempotency_key=str(uuid4()),
            **self._check(draft or self._draft(source, code, today())),
        )

    def _draft(self, source: str, code: str | None, starts: date) -> Draft[T]:
        with transaction() as session:
            return publishing.draft_from_text(session, self.kind, source, code=code, starts=starts)

    def _check(self, draft: Draft[T]) -> dict[str, Any]:
        return {
            "places": presenting.places(draft),
            "typed": {},
            "deciding": set(),
            "focus": "nothing",
            "list_rows": lambda field: forms.list_rows(field, {}, spare=1),
            **self.preview(draft),
        }


def chosen(kind: Kind[Any], versions: Sequence[Version], wanted: int | None) -> Version:
    """The version asked for; the newest when none is.

    Raises:
        NotFound: there is no such version.
    """
    found = next((one for one in versions if wanted in (None, one.version)), None)
    if found is None:
        raise NotFound(kind.words.no_version)
    return found


def about_versions(address: str, versions: Sequence[Version], shown: Version) -> dict[str, Any]:
    """What a page of versions shows of them, newest first, and of the one that is ``shown``."""
    statuses = presenting.statuses(versions, today())
    older = next((one for one in versions if one.version == shown.version - 1), None)
    return {
        "address": address,
        "versions": [(one, names.VERSION_STATUSES[statuses[one.version]]) for one in versions],
        "shown": shown,
        "source": presenting.source_of(shown),
        "changes": presenting.changes(shown, older) if older else [],
        "older": older,
        "published": request.args.get("published", ""),
    }


def today() -> date:
    return counter_day(now())


def _typed_day(text: str) -> date:
    """A date as typed; left empty, today."""
    if not text.strip():
        return today()
    try:
        return date.fromisoformat(forms.typed_date(text))
    except ValueError:
        raise InvalidInput(
            N_("This is not a date of the calendar. Example: 23/11/2026."), field="valid_from"
        ) from None
