"""Words for the codes the counter works with."""

from shared.errors import N_

ROLE_NAMES = {
    "agent": N_("Front-desk agent"),
    "agency_officer": N_("Agency officer"),
    "billing_officer": N_("Billing officer"),
    "site_manager": N_("Site manager"),
    "operator": N_("Operations"),
}
