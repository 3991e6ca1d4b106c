"""Events as this service reads them, with everything a test does not care about filled in."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from services.notifications.contracts import consumed
from shared import clock
from shared.db import uuid7
from shared.messaging.contracts import Event, contract_of
from shared.messaging.envelope import Envelope, encode

STARTUP = UUID("0192f39c-1111-7aaa-8bbb-000000000001")
CONTACT = UUID("0192f39c-1111-7aaa-8bbb-0000000000c1")
SITE_NAME = {"fr": "Technopark Casablanca", "ar": "تكنوبارك الدار البيضاء", "en": "Technopark Casablanca"}
PROCEDURE = {"fr": "Certificat négatif", "ar": "الشهادة السلبية", "en": "Negative certificate"}


def contact(**given: Any) -> dict[str, Any]:
    return {
        "contact_id": str(uuid4()),
        "name": "Salma Alami",
        "role": "manager",
        "language": "fr",
        "email": "salma@oasis.example",
        "phone": "+212612345678",
        **given,
    }


def event(schema: type, subject: UUID, **data: Any) -> Event:
    """Load ``data`` by the contract, as the consumer does."""
    contract = contract_of(schema)
    return Event(
        id=uuid7(),
        type=contract.type,
        source="/tests",
        subject=str(subject),
        time=datetime.now(UTC),
        data=contract.schema.load(data),
        correlation_id="correlation-of-the-request",
    )


def startup(*contacts: dict[str, Any], version: int = 1, startup_id: UUID = STARTUP) -> Event:
    return event(
        consumed.StartupRegistered if version == 1 else consumed.StartupChanged,
        startup_id,
        startup_id=str(startup_id),
        legal_name="Oasis Fintech",
        site="casablanca",
        version=version,
        contacts=list(contacts) or [contact()],
        ice="001234567000089",
    )


def _request(startup_id: UUID) -> dict[str, Any]:
    return {
        "request_id": str(uuid4()),
        "number": "CAS-2026-000123",
        "startup_id": str(startup_id),
        "procedure": "ompic.certificat-negatif",
        "procedure_name": PROCEDURE,
        "agency": "ompic",
        "site": "casablanca",
        "site_name": SITE_NAME,
    }


def request_submitted(*, startup_id: UUID = STARTUP, **given: Any) -> Event:
    data = {
        **_request(startup_id),
        "submitted_at": "2026-11-23T09:00:00Z",
        "due_at": "2026-11-23T11:00:00Z",
        **given,
    }
    return event(consumed.RequestSubmitted, UUID(data["request_id"]), **data)


def request_completed(**given: Any) -> Event:
    data = {
        **_request(STARTUP),
        "procedure_version": 1,
        "completed_at": "2026-11-23T10:00:00Z",
        "outcome_reference": "CN-889123",
        "fee_lines": [],
        **given,
    }
    return event(consumed.RequestCompleted, UUID(data["request_id"]), **data)


def request_rejected(**given: Any) -> Event:
    data = {
        **_request(STARTUP),
        "rejected_at": "2026-11-23T10:00:00Z",
        "motive": "Le nom de M. Alami figure déjà au registre.",
        **given,
    }
    return event(consumed.RequestRejected, UUID(data["request_id"]), **data)


def complement_requested(**given: Any) -> Event:
    data = {
        **_request(STARTUP),
        "requested_at": "2026-11-23T10:00:00Z",
        "items": [
            {
                "document": "cnie-copy",
                "label": {
                    "fr": "Copie de la CNIE",
                    "ar": "نسخة من البطاقة الوطنية",
                    "en": "Copy of the identity card",
                },
                "copies": 2,
                "legalised": False,
                "note": "La copie de M. Alami est illisible.",
            },
            {"document": None, "label": None, "copies": 1, "legalised": False, "note": "Signer le CN1."},
        ],
        "tracking_url": "https://guichet.example/t/q3Zr0v1uQ7mE2yTn8sKdLw",
        **given,
    }
    return event(consumed.ComplementRequested, UUID(data["request_id"]), **data)


def complement_received(**given: Any) -> Event:
    data = {**_request(STARTUP), "received_at": "2026-11-23T10:00:00Z", **given}
    return event(consumed.ComplementReceived, UUID(data["request_id"]), **data)


def request_withdrawn(**given: Any) -> Event:
    data = {**_request(STARTUP), "withdrawn_at": "2026-11-23T10:00:00Z", **given}
    return event(consumed.RequestWithdrawn, UUID(data["request_id"]), **data)


def ticket_near(**given: Any) -> Event:
    data = {
        "number": "A012",
        "startup_id": str(STARTUP),
        "contact_id": str(CONTACT),
        "site": "casablanca",
        "site_name": SITE_NAME,
        "near_at": clock.now().isoformat(),
        **given,
    }
    return event(consumed.TicketNear, uuid4(), **data)


def _booking(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "booking_id": str(uuid4()),
        "number": "R-2026-000045",
        "startup_id": str(STARTUP),
        "site": "casablanca",
        "site_name": SITE_NAME,
        "space": "atlas",
        "space_name": {"fr": "Salle Atlas", "ar": "قاعة أطلس", "en": "Atlas room"},
        "starts_at": "2026-11-23T09:00:00Z",
        "ends_at": "2026-11-23T11:00:00Z",
        "zone": "Africa/Casablanca",
        **given,
    }


def _visit(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "visit_id": str(uuid4()),
        "number": "RV-5D3A91C0",
        "request_number": None,
        "startup_id": str(STARTUP),
        "desk": "cnss-casablanca",
        "agency": "cnss",
        "agency_name": {"fr": "CNSS", "ar": "الصندوق الوطني للضمان الاجتماعي", "en": "CNSS"},
        "site": "casablanca",
        "site_name": SITE_NAME,
        "starts_at": "2026-11-24T09:30:00Z",
        "zone": "Africa/Casablanca",
        **given,
    }


def visit_booked(**given: Any) -> Event:
    data = _visit({"bring": [PROCEDURE], **given})
    return event(consumed.VisitBooked, UUID(data["visit_id"]), **data)


def visit_cancelled(**given: Any) -> Event:
    data = _visit({"cancelled_at": "2026-11-23T10:00:00Z", "reason": "Agent absent.", **given})
    return event(consumed.VisitCancelled, UUID(data["visit_id"]), **data)


def dossier_step_waiting(**given: Any) -> Event:
    data = {
        "dossier_id": str(uuid4()),
        "number": "D-CAS-2026-000007",
        "startup_id": str(STARTUP),
        "procedure_name": PROCEDURE,
        "site": "casablanca",
        "site_name": SITE_NAME,
        "answers": [{"fr": "Tribunal", "ar": "المحكمة", "en": "Court"}],
        "documents": [{"fr": "Statuts signés", "ar": "النظام الأساسي", "en": "Signed articles"}],
        **given,
    }
    return event(consumed.DossierStepWaiting, UUID(data["dossier_id"]), **data)


def booking_confirmed(**given: Any) -> Event:
    data = _booking({"space_kind": "room", "confirmed_at": "2026-11-20T09:00:00Z", **given})
    return event(consumed.BookingConfirmed, UUID(data["booking_id"]), **data)


def booking_cancelled(**given: Any) -> Event:
    data = _booking({"cancelled_at": "2026-11-20T09:00:00Z", "was_confirmed": True, **given})
    return event(consumed.BookingCancelled, UUID(data["booking_id"]), **data)


def invoice_issued(**given: Any) -> Event:
    data = {
        "invoice_id": str(uuid4()),
        "number": "F-CAS-2026-000007",
        "startup_id": str(STARTUP),
        "site": "casablanca",
        "issued_on": "2026-11-30",
        "due_on": "2027-01-29",
        "total_excl": "1028.80",
        "total_vat": "205.76",
        "total_incl": "1234.56",
        "currency": "MAD",
        **given,
    }
    return event(consumed.InvoiceIssued, UUID(data["invoice_id"]), **data)


def credit_note_issued(**given: Any) -> Event:
    data = {
        "credit_note_id": str(uuid4()),
        "number": "A-CAS-2026-000002",
        "invoice_id": str(uuid4()),
        "invoice_number": "F-CAS-2026-000007",
        "startup_id": str(STARTUP),
        "site": "casablanca",
        "issued_on": "2026-12-01",
        "total_incl": "240.00",
        "currency": "MAD",
        **given,
    }
    return event(consumed.CreditNoteIssued, UUID(data["credit_note_id"]), **data)


def document_expiring(**given: Any) -> Event:
    data = {
        "document_id": str(uuid4()),
        "startup_id": str(STARTUP),
        "kind": "trade-register",
        "kind_name": {"fr": "Extrait du RC", "ar": "مستخرج السجل التجاري", "en": "Trade register extract"},
        "site": "casablanca",
        "site_name": SITE_NAME,
        "expires_on": "2026-12-23",
        "threshold_days": 30,
        **given,
    }
    return event(consumed.DocumentExpiring, UUID(data["document_id"]), **data)


def body(event: Event) -> bytes:
    """Return the event as it travels."""
    for schema in vars(consumed).values():
        if getattr(schema, "contract", None) is not None and contract_of(schema).type == event.type:
            return encode(
                Envelope(
                    id=event.id,
                    type=event.type,
                    source=event.source,
                    subject=event.subject,
                    time=event.time,
                    data=contract_of(schema).schema.dump(event.data),
                    correlation_id=event.correlation_id,
                )
            )
    raise LookupError(event.type)
