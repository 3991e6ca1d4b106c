"""The operations page: every service's own part on one page, which stays when one of them is down."""

from flask import Blueprint, render_template

from shared.errors import N_
from shared.web import requires

blueprint = Blueprint("operations_overview", __name__)

#: service → title, in the order of what a startup meets
PARTS = {
    "guichet": N_("Requests"),
    "notifications": N_("Notifications"),
    "booking": N_("Rooms"),
    "billing": N_("Invoices"),
}


@blueprint.get("/operations")
@requires("operator")
def overview() -> str:
    """How the four services stand."""
    return render_template("guichet/operations.html", parts=PARTS)
