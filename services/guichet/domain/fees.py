"""What billing could not charge: refused before anybody is promised it.

Asked of the files and of what staff write. Versions that are kept already are read without it: a rule
that came later must not take the counter's whole catalogue away.
"""

from collections.abc import Iterator
from decimal import Decimal

from services.guichet.domain.catalogue import FeeKind, Procedure
from services.guichet.domain.catalogue_entries import Fault
from shared.errors import N_

MOST_VAT = Decimal(100)
#: what billing holds in one charge
LARGEST_CHARGE = Decimal("9999999999.99")
#: an answer without a maximum, see ``answers``
MOST_ANSWERED = 1_000_000


def unbillable(procedure: Procedure) -> Iterator[Fault]:
    """Each fee line that would be lost, or charged for something that was never asked."""
    asked = {field.code: field for field in procedure.fields}
    for place, line in enumerate(procedure.fee_lines or ()):
        here = ("fee_lines", place)
        if line.kind is FeeKind.DISBURSEMENT and line.vat_rate:
            yield Fault((*here, "vat_rate"), N_('a fee advanced for the client carries no TVA: write "0"'))
        elif line.vat_rate > MOST_VAT:
            yield Fault((*here, "vat_rate"), N_("at most %(most)s is expected"), {"most": MOST_VAT})
        multiplier = asked.get(line.per) if line.per else None
        if multiplier is None:
            continue
        quantity = MOST_ANSWERED if multiplier.maximum is None else multiplier.maximum
        if line.amount * quantity > LARGEST_CHARGE:
            most = round(LARGEST_CHARGE / quantity, 2)
            yield Fault((*here, "amount"), N_("at most %(most)s is expected"), {"most": most})
        if multiplier.when is not None and multiplier.when != line.when:
            yield Fault(
                (*here, "per"),
                N_("this question is not always asked: the fee line needs the same “when” as the question"),
            )
