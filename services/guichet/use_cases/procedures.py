"""Procedures as staff publish them (``publishing``)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.guichet.catalogue.kinds import document_kinds
from services.guichet.domain.catalogue import Catalogue, Procedure
from services.guichet.domain.catalogue_entries import Fault
from services.guichet.domain.catalogue_reader import procedure_from
from services.guichet.domain.fees import unbillable
from services.guichet.domain.public_procedures import TERM_TOO_LONG, term_too_long
from services.guichet.storage import tables
from services.guichet.storage.catalogue import renew_revision
from services.guichet.use_cases.publishing import Kind, Words
from shared.errors import N_

_SKELETON = """\
code: ompic.example
agency: ompic
public: true
names:
  fr: Nom de la démarche
  ar: اسم المسطرة
  en: Name of the procedure
fields:
  - code: representative_name
    kind: text
    maximum: 120
    names: {fr: Nom du représentant légal, ar: اسم الممثل القانوني, en: Legal representative’s name}
documents:
  - code: representative-cnie
    names: {fr: CNIE du gérant, ar: البطاقة الوطنية للمسير, en: Manager’s identity card}
fee_lines: []
service_target: null
legal_term: {days: 60}
outcome: {fr: Attestation, ar: شهادة, en: Attestation}
outcome_validity: null
"""


def _misfits(catalogue: Catalogue, procedure: Procedure, _: date) -> list[Fault]:
    faults = list(unbillable(procedure))
    if procedure.agency not in catalogue.agencies:
        faults.append(Fault(("agency",), N_("there is no agency “%(agency)s”"), {"agency": procedure.agency}))
    for place, document in enumerate(procedure.documents):
        if document.kind is not None and document.kind not in document_kinds():
            path = ("documents", place, "kind")
            faults.append(Fault(path, N_("there is no kind of document “%(kind)s”"), {"kind": document.kind}))
    if term_too_long(procedure):
        faults.append(Fault(("legal_term",), TERM_TOO_LONG))
    return faults


def _columns(procedure: Procedure) -> Mapping[str, Any]:
    return {"agency": procedure.agency}


PROCEDURES = Kind(
    tables.procedures,
    procedure_from,
    _misfits,
    _columns,
    renew_revision,
    _SKELETON,
    Words(
        none=N_("There is no such procedure."),
        no_version=N_("There is no such version of this procedure."),
        code_stays=N_("the code of a procedure never changes: “%(code)s”"),
        code_taken=N_("there is a procedure “%(code)s” already"),
        nothing_to_build_on=N_("There is no version of this procedure to build on."),
        newest_is=N_(
            "Version %(version)s of this procedure is the newest one. Open it and make your change again."
        ),
        somebody_was_first=N_(
            "%(who)s published version %(version)s of this procedure on %(when)s. Open it and make your "
            "change again."
        ),
    ),
)
