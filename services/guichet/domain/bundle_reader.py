"""Reading a bundle from plain data: its own shape, then whether it fits the procedures on offer.

The two are apart because a stored version has to stay readable when its procedures have changed:
dossiers are pinned to it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from services.guichet.domain.answers import checked_fields
from services.guichet.domain.bundles import Bundle, BundleStep, Origin
from services.guichet.domain.catalogue import Field, FieldKind, Procedure
from services.guichet.domain.catalogue_entries import Entry, Fault, Path
from services.guichet.domain.catalogue_reader import PROCEDURE_CODE, check_fields, read_field
from shared.errors import N_, InvalidFields

_EVERY_KIND = frozenset(FieldKind)
#: what is not kept as text
_NOT_TEXT = frozenset({FieldKind.INTEGER, FieldKind.CONFIRMATION, FieldKind.LIST})
#: a question for free text → what cannot answer it, as everything else can
_NO_ANSWER_TO = {FieldKind.TEXT: _NOT_TEXT | {FieldKind.LONG_TEXT}, FieldKind.LONG_TEXT: _NOT_TEXT}


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
        entry.fault("steps", N_("a bundle needs at least one step"))
    _check_steps(entry, bundle.steps, questions)
    _check_order(entry, bundle.steps)
    entry.finish()
    return bundle


def check_against(
    bundle: Bundle, procedures: Mapping[str, Procedure], retired: Mapping[str, date] | None = None
) -> list[Fault]:
    """What does not fit the procedures on offer; ``retired`` says since when others are not."""
    before = predecessors({step.code: step.after for step in bundle.steps})
    faults: list[Fault] = []
    asked: set[str] = set()
    for place, step in enumerate(bundle.steps):
        faults.extend(_too_early(step, ("steps", place, "answers"), before[step.code]))
        procedure = procedures.get(step.procedure)
        if procedure is None:
            path: Path = ("steps", place, "procedure")
            faults.append(_not_on_offer(step.procedure, path, retired or {}))
            continue
        faults.extend(_misfits(bundle, step, ("steps", place), procedure))
        asked |= {step.origin(field.code).answer or "" for field in procedure.fields}
    if all(step.procedure in procedures for step in bundle.steps):
        asked |= {field.when.field for field in bundle.fields if field.when and field.code in asked}
        faults.extend(
            Fault(("fields", place), N_("no step asks for this"))
            for place, field in enumerate(bundle.fields)
            if field.code not in asked
        )
    return faults


def _not_on_offer(code: str, path: Path, retired: Mapping[str, date]) -> Fault:
    if code not in retired:
        return Fault(path, N_("there is no procedure “%(procedure)s”"), {"procedure": code})
    message = N_("“%(procedure)s” has not been offered since %(day)s: no dossier can be opened")
    return Fault(path, message, {"procedure": code, "day": retired[code]})


def predecessors(after: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    """Everything that is completed when a step starts: what it waits for, and what that waited for.

    Each step comes after those it waits for, as in every bundle that could be read.
    """
    found: dict[str, set[str]] = {}
    for code, direct in after.items():
        found[code] = set(direct).union(*(found[one] for one in direct))
    return found


def circles(after: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """The steps that wait for themselves around some corner, each time as the way back to the first."""
    left = {code: list(direct) for code, direct in after.items()}
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            # graphlib names each before what waits for it; a bundle is written the other way round.
            circle = tuple(reversed(error.args[1]))
        else:
            return
        yield circle
        left[circle[-2]].remove(circle[-1])


def _check_steps(entry: Entry, steps: Sequence[BundleStep], questions: Mapping[str, Field]) -> None:
    codes = [step.code for step in steps]
    for place, step in enumerate(steps):
        if step.code and step.code in codes[:place]:
            entry.fault_at(("steps", place, "code"), N_("“%(code)s” is there twice"), code=step.code)
        for number, code in enumerate(step.after):
            if code and code not in codes:
                where: Path = ("steps", place, "after", number)
                entry.fault_at(where, N_("there is no step “%(code)s” in this bundle"), code=code)
        for field, origin in step.answers.items():
            where = ("steps", place, "answers", field)
            if origin.answer is not None and origin.answer not in questions:
                entry.fault_at(where, N_("there is no question “%(code)s”"), code=origin.answer)
            if origin.outcome_of is not None and origin.outcome_of not in codes:
                entry.fault_at(
                    where, N_("there is no step “%(code)s” in this bundle"), code=origin.outcome_of
                )


def _check_order(entry: Entry, steps: Sequence[BundleStep]) -> None:
    """Steps are shown as written, so each stands below those it waits for; a circle never starts."""
    codes = [step.code for step in steps]
    after: dict[str, Sequence[str]] = {}
    for step in steps:
        after.setdefault(step.code, step.after)
    closing: set[tuple[str, str]] = set()
    for circle in circles(after):
        closing.update(pairwise(circle))
        place = codes.index(circle[-2])
        where: Path = ("steps", place, "after", steps[place].after.index(circle[-1]))
        message = N_("these steps wait for one another, so none of them would ever start: %(circle)s")
        entry.fault_at(where, message, circle=" → ".join(circle))
    for place, step in enumerate(steps):
        for number, code in enumerate(step.after):
            if code in codes[place + 1 :] and (step.code, code) not in closing:
                entry.fault_at(
                    ("steps", place, "after", number),
                    N_("“%(code)s” comes further down: write it above this step"),
                    code=code,
                )


def _too_early(step: BundleStep, where: Path, before: set[str]) -> Iterator[Fault]:
    for code, origin in step.answers.items():
        if origin.outcome_of is not None and origin.outcome_of not in before:
            message = N_("this step does not wait for “%(code)s”, so that may have delivered nothing yet")
            yield Fault((*where, code), message, {"code": origin.outcome_of})


def _misfits(bundle: Bundle, step: BundleStep, where: Path, procedure: Procedure) -> Iterator[Fault]:
    questions = {field.code: place for place, field in enumerate(bundle.fields)}
    known = {field.code for field in procedure.fields}
    for code in step.answers:
        if code not in known:
            message = N_("“%(procedure)s” asks for no “%(code)s”")
            yield Fault((*where, "answers", code), message, {"procedure": procedure.code, "code": code})
    for field in procedure.fields:
        origin = step.origin(field.code)
        said = (*where, "answers", field.code)
        if origin.value is not None:
            yield from _unacceptable(field, origin, (*said, "value"))
        if origin.answer in questions:
            place = questions[origin.answer]
            shared = said if field.code in step.answers else ("fields", place)
            yield from _unlike(bundle.fields[place], field, procedure, shared)
        elif field.code not in step.answers and field.required and field.when is None:
            message = N_("nothing answers “%(code)s” of “%(procedure)s”")
            yield Fault(where, message, {"code": field.code, "procedure": procedure.code})


def _unacceptable(field: Field, origin: Origin, where: Path) -> Iterator[Fault]:
    """A value given once and for all is checked now: nobody could correct it in a dossier."""
    try:
        checked_fields((replace(field, when=None),), {field.code: origin.value})
    except InvalidFields as refusal:
        for error in refusal.errors:
            yield Fault(where, error.message, error.params)


def _unlike(ours: Field, theirs: Field, procedure: Procedure, where: Path) -> Iterator[Fault]:
    """What is asked once has to be an answer there, too."""
    params = {"procedure": procedure.code, "code": theirs.code}
    if ours.kind is not theirs.kind and ours.kind in _NO_ANSWER_TO.get(theirs.kind, _EVERY_KIND):
        message = N_("is of kind %(kind)s, and “%(procedure)s” wants %(wanted)s for “%(code)s”")
        yield Fault(where, message, params | {"kind": ours.kind.value, "wanted": theirs.kind.value})
    elif theirs.kind is FieldKind.CHOICE:
        accepted = {option.value for option in theirs.options}
        for option in ours.options:
            if option.value not in accepted:
                message = N_("offers “%(value)s”, and “%(procedure)s” does not take that for “%(code)s”")
                yield Fault(where, message, params | {"value": option.value})


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
