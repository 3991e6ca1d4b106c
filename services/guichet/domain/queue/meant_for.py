"""Whose visitor somebody is, where agencies share the house."""

from services.guichet.domain.queue.rules import QueueRules
from services.guichet.domain.queue.tickets import Ticket
from services.guichet.domain.scope import Scope


def is_for(scope: Scope, rules: QueueRules, ticket: Ticket, *, request_agency: str | None) -> bool:
    """Whether the visitor has come for an agency of the scope: by line, procedure or request.

    A scope without agencies is the whole house's; a visitor who comes for no agency is nobody else's.
    """
    line = rules.by_letter.get(ticket.line)
    # A procedure's code begins with its agency (``catalogue_reader``).
    named = {request_agency, (ticket.procedure or "").partition(".")[0]}
    agencies = {*(line.agencies if line else ()), *named}
    return not scope.agencies or not agencies.isdisjoint(scope.agencies)
