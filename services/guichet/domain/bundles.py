"""Bundles: several procedures that follow from one another, asked for in one go.

A bundle asks its questions once; each step takes its answers from them, or from what an earlier
step delivered. Like procedures, bundles are versioned data of the catalogue.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.guichet.domain.catalogue import Field, Procedure
from services.guichet.domain.catalogue_entries import Entry, Path
from services.guichet.domain.catalogue_reader import PROCEDURE_CODE, check_fields, read_field
from services.guichet.domain.names import Names
from shared.errors import N_


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a step takes an answer from: the reference an earlier step delivered, an answer of the
    dossier, or always the same value. The first of them that exists counts."""

    outcome_of: str | None = None
    answer: str | None = None
    value: Any = None


@dataclass(frozen=True, slots=True)
class BundleStep:
    code: str
    procedure: str
    after: tuple[str, ...]
    answers: Mapping[str, Origin]

    def origin(self, field: str) -> Origin:
        """Unless the step says otherwise, a question is shared by its code."""
        return self.answers.get(field, Origin(answer=field))


@dataclass(frozen=True, slots=True)
class Bundle:
    code: str
    version: int
    names: Names
    note: Names | None
    fields: tuple[Field, ...]
    steps: tuple[BundleStep, ...]

    def step_answers(
        self,
        step: BundleStep,
        procedure: Procedure,
        answers: Mapping[str, Any],
        outcomes: Mapping[str, str | None],
    ) -> dict[str, Any]:
        """What the step answers to its procedure's questions, as far as it is known."""
        found: dict[str, Any] = {}
        for field in procedure.fields:
            origin = step.origin(field.code)
            known = [
                outcomes.get(origin.outcome_of or ""),
                answers.get(origin.answer or ""),
                origin.value,
            ]
            value = next((one for one in known if one is not None), None)
            if value is not None:
                found[field.code] = value
        return found


def bundle_from(data: object) -> Bundle:
    """Read one version of a bundle.

    Raises:
        Unreadable: with all faults.
    """
    entry = Entry(data)
    bundle = Bundle(
        code=entry.code("code"),
        version=entry.integer("version", minimum=1),
        names=entry.names("names"),
        note=entry.optional_names("note"),
        fields=tuple(entry.each("fields", read_field)),
        steps=tuple(entry.each("steps", _step)),
    )
    questions = check_fields(entry, bundle.fields)
    if not bundle.steps:
        entry.fault("steps", N_("a list is expected"))
    earlier: set[str] = set()
    for place, step in enumerate(bundle.steps):
        if step.code in earlier:
            entry.fault_at(("steps", place, "code"), N_("“%(code)s” is there twice"), code=step.code)
        # Only earlier steps: what waits for itself, directly or around a corner, would never start.
        for number, code in enumerate(step.after):
            if code not in earlier:
                entry.fault_at(
                    ("steps", place, "after", number), N_("“%(code)s” is not an earlier step"), code=code
                )
        for field, origin in step.answers.items():
            where = ("steps", place, "answers", field)
            if origin.answer is not None and origin.answer not in questions:
                entry.fault_at(where, N_("there is no question “%(code)s”"), code=origin.answer)
            if origin.outcome_of is not None and origin.outcome_of not in earlier:
                entry.fault_at(where, N_("“%(code)s” is not an earlier step"), code=origin.outcome_of)
        earlier.add(step.code)
    entry.finish()
    return bundle


def check_against(
    bundle: Bundle, procedures: Mapping[str, Procedure]
) -> list[tuple[tuple[str | int, ...], str]]:
    """What does not fit the procedures on offer: place and reason."""
    questions = {field.code for field in bundle.fields}
    found: list[tuple[Path, str]] = []
    for place, step in enumerate(bundle.steps):
        procedure = procedures.get(step.procedure)
        if procedure is None:
            found.append((("steps", place, "procedure"), f"there is no procedure “{step.procedure}”"))
            continue
        known = {field.code for field in procedure.fields}
        found.extend(
            (("steps", place, "answers", code), f"“{procedure.code}” asks for no “{code}”")
            for code in step.answers
            if code not in known
        )
        found.extend(
            (("steps", place), f"nothing answers “{field.code}” of “{procedure.code}”")
            for field in procedure.fields
            if field.required
            and field.when is None
            and field.code not in step.answers
            and field.code not in questions
        )
    return found


def _step(entry: Entry) -> BundleStep:
    return BundleStep(
        code=entry.code("code"),
        procedure=entry.text("procedure", matching=PROCEDURE_CODE),
        after=entry.codes("after"),
        answers=entry.keyed("answers", _origin),
    )


def _origin(entry: Entry) -> Origin:
    origin = Origin(
        outcome_of=entry.optional_code("outcome_of"),
        answer=entry.optional_code("answer"),
        value=entry.scalar("value"),
    )
    if origin == Origin():
        entry.fault("value", N_("one of outcome_of, answer and value is expected"))
    return origin
