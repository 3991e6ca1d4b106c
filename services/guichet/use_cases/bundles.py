"""Bundles as staff publish them (``publishing``), held against the procedures they are made of."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from services.guichet.domain.bundle_reader import bundle_from, check_against
from services.guichet.domain.bundles import Bundle
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.catalogue_entries import Fault
from services.guichet.domain.offering import retired_days
from services.guichet.storage import tables
from services.guichet.use_cases.publishing import Kind, Words
from shared.errors import N_

_SKELETON = """\
code: name-and-register
names:
  fr: Nom du parcours
  ar: اسم المسار
  en: Name of the bundle
# Asked once; a step takes its answers from here, by the same code or as it says under “answers”.
fields:
  - code: name_1
    kind: text
    maximum: 120
    names: {fr: Premier choix de dénomination, ar: الاسم المقترح الأول, en: First choice of name}
  - code: name_2
    kind: text
    maximum: 120
    required: false
    names: {fr: Deuxième choix, ar: الاسم المقترح الثاني, en: Second choice}
  - code: name_3
    kind: text
    maximum: 120
    required: false
    names: {fr: Troisième choix, ar: الاسم المقترح الثالث, en: Third choice}
  - code: representative_name
    kind: text
    maximum: 120
    names: {fr: Nom du gérant, ar: اسم المسير, en: Manager’s name}
  - code: representative_cnie
    kind: cnie
    names: {fr: CNIE du gérant, ar: رقم البطاقة الوطنية للمسير, en: Manager’s identity card number}
  - code: company_name
    kind: text
    maximum: 160
    required: false
    names: {fr: Dénomination retenue, ar: التسمية المعتمدة, en: Name that was kept}
  - code: rc_court
    kind: text
    maximum: 80
    required: false
    names: {fr: Tribunal du registre de commerce, ar: محكمة السجل التجاري, en: Court of the trade register}
  - code: certificate_number
    kind: text
    maximum: 40
    required: false
    names: {fr: Numéro du certificat négatif, ar: رقم الشهادة السلبية, en: Negative certificate number}
steps:
  - code: name
    procedure: ompic.certificat-negatif
    answers:
      identity_document: {value: cnie}
      cnie: {answer: representative_cnie}
  - code: register
    procedure: ompic.immatriculation-rc
    after: [name]
    answers:
      certificate_number: {outcome_of: name, answer: certificate_number}
"""


def unfit(bundle: Bundle, catalogue: Catalogue) -> list[Fault]:
    """What no longer fits the procedures in force: they change after the bundle was published."""
    return check_against(bundle, catalogue.procedures, retired_days(catalogue))


def _misfits(catalogue: Catalogue, bundle: Bundle, starts: date) -> list[Fault]:
    return check_against(bundle, catalogue.offered_on(starts), retired_days(catalogue))


def _columns(_: Bundle) -> Mapping[str, Any]:
    return {}


def _published(_: Session) -> None:
    """Bundles are read from the database each time: nobody has to be told."""


BUNDLES = Kind(
    tables.bundles,
    bundle_from,
    _misfits,
    _columns,
    _published,
    _SKELETON,
    Words(
        none=N_("There is no such bundle."),
        no_version=N_("There is no such version of this bundle."),
        code_stays=N_("the code of a bundle never changes: “%(code)s”"),
        code_taken=N_("there is a bundle “%(code)s” already"),
        nothing_to_build_on=N_("There is no version of this bundle to build on."),
        newest_is=N_(
            "Version %(version)s of this bundle is the newest one. Open it and make your change again."
        ),
        somebody_was_first=N_(
            "%(who)s published version %(version)s of this bundle on %(when)s. Open it and make your "
            "change again."
        ),
    ),
)
