"""What the counter tells the other services: every event, one module a topic.

People's names, addresses and telephones travel only with the startup's own record
(``startup_registered``, ``startup_changed``); nothing about a request carries an answer.
"""

from services.guichet.contracts.accounts import AccountChanged
from services.guichet.contracts.calendar import CalendarChanged
from services.guichet.contracts.deadlines import RequestDeadlineNear, RequestOverdue
from services.guichet.contracts.documents import DocumentExpiring
from services.guichet.contracts.dossiers import DossierStepWaiting
from services.guichet.contracts.queue import TicketCalled, TicketNear
from services.guichet.contracts.requests import (
    ComplementReceived,
    ComplementRequested,
    RequestCompleted,
    RequestRejected,
    RequestRouted,
    RequestSubmitted,
    RequestWithdrawn,
)
from services.guichet.contracts.startups import (
    StartupChanged,
    StartupErased,
    StartupMerged,
    StartupRegistered,
)
from services.guichet.contracts.visits import VisitBooked, VisitCancelled

__all__ = [
    "AccountChanged",
    "CalendarChanged",
    "ComplementReceived",
    "ComplementRequested",
    "DocumentExpiring",
    "DossierStepWaiting",
    "RequestCompleted",
    "RequestDeadlineNear",
    "RequestOverdue",
    "RequestRejected",
    "RequestRouted",
    "RequestSubmitted",
    "RequestWithdrawn",
    "StartupChanged",
    "StartupErased",
    "StartupMerged",
    "StartupRegistered",
    "TicketCalled",
    "TicketNear",
    "VisitBooked",
    "VisitCancelled",
]
