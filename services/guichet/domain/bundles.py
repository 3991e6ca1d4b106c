"""Bundles: several procedures that follow from one another, asked for in one go.

A bundle asks its questions once; each step takes its answers from them, or from what an earlier
step delivered. Like procedures, bundles are versioned data of the catalogue (``bundle_reader``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.guichet.domain.catalogue import Field, Procedure
from services.guichet.domain.names import Names


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
