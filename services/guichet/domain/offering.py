"""What may still be begun: a procedure or bundle that was retired is refused, and says since when.

What was begun before goes on to its end: a request keeps its version anyway, a draft may be filed, the steps
of a dossier follow one another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from services.guichet.domain.bundles import Bundle
from services.guichet.domain.catalogue import Catalogue, Procedure
from services.guichet.domain.names import Names
from services.guichet.domain.numbers import counter_day
from shared.errors import N_, InvalidInput


@dataclass(frozen=True, slots=True)
class Retirement:
    """When something was no longer offered, who said so and why; and the same of its return."""

    code: str
    at: datetime
    by: str
    reason: str
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_reason: str | None = None

    @property
    def day(self) -> date:
        return counter_day(self.at)


def not_offered(names: Names, since: datetime, *, field: str) -> InvalidInput:
    return InvalidInput(
        N_("“%(name)s” has not been offered since %(day)s."),
        field=field,
        name=names.as_dict(),
        day=counter_day(since),
    )


def procedure_to_file(
    catalogue: Catalogue, code: str, *, begun_at: datetime | None = None, field: str = "procedure"
) -> Procedure:
    """The version in force that a request is filed under.

    ``begun_at`` is when the draft or the dossier was begun that the request comes of.

    Raises:
        InvalidInput: there is none, or it is retired and was so when that was begun.
    """
    procedure = catalogue.in_force.get(code)
    if procedure is None:
        raise InvalidInput(N_("There is no procedure called “%(procedure)s”."), field=field, procedure=code)
    retired_at = catalogue.retired.get(code)
    if retired_at is not None and (begun_at is None or begun_at >= retired_at):
        raise not_offered(procedure.names, retired_at, field=field)
    return procedure


def stopped(bundle: Bundle, catalogue: Catalogue) -> InvalidInput | None:
    """Why no dossier may be opened from the bundle: one of its procedures is retired."""
    for step in bundle.steps:
        retired_at = catalogue.retired.get(step.procedure)
        if retired_at is not None:
            procedure = catalogue.in_force.get(step.procedure)
            return InvalidInput(
                N_("“%(bundle)s” cannot be opened: its step “%(name)s” has not been offered since %(day)s."),
                field="bundle",
                bundle=bundle.names.as_dict(),
                name=procedure.names.as_dict() if procedure else step.procedure,
                day=counter_day(retired_at),
            )
    return None


def retired_days(catalogue: Catalogue) -> Mapping[str, date]:
    return {code: counter_day(at) for code, at in catalogue.retired.items()}
