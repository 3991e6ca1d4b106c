"""Small builders, so that a test says only what matters to it."""

import uuid
from datetime import UTC, datetime
from typing import Any

from services.guichet.catalogue import load
from services.guichet.domain.catalogue import Desk, Procedure, Site
from services.guichet.domain.names import Names
from services.guichet.domain.requests import Actor, Request
from services.guichet.domain.routing import route

MORNING = datetime(2026, 11, 23, 9, tzinfo=UTC)
CLERK = Actor("clerk-1", "Y. Benjelloun")
CATALOGUE = load().catalogue
SITES: dict[str, Site] = CATALOGUE.sites
PROCEDURES: dict[str, Procedure] = CATALOGUE.procedures
CERTIFICATE = "ompic.certificat-negatif"

ANSWERS: dict[str, dict[str, Any]] = {
    CERTIFICATE: {"name_1": "Atlas Robotique", "identity_document": "cnie", "cnie": "BK123456"},
    "cnss.affiliation-employeur": {
        "representative_name": "Salma Idrissi",
        "representative_cnie": "BK123456",
        "trade_tax": "35412345",
        "rib": "007780000123456789012396",
        "first_hire_on": "2026-11-02",
    },
    "cimr.adhesion-employeur": {"representative_name": "Salma Idrissi", "employees": 4},
    "legalisation.signature": {
        "document_title": "Statuts",
        "signer_name": "Salma Idrissi",
        "signer_cnie": "BK123456",
        "signatures": 3,
        "signer_present": True,
    },
}


def desk(agency: str, site: str, *, open: bool = True) -> Desk:
    return Desk(f"{agency}-{site}", agency, site, Names("Guichet", "شباك", "Desk"), open)


def submitted(procedure: str = CERTIFICATE, site: str = "casablanca") -> Request:
    return Request.submit(
        id=uuid.uuid4(),
        number="CAS-2026-000123",
        serial=123,
        startup_id=uuid.uuid4(),
        procedure=PROCEDURES[procedure],
        site=site,
        answers=dict(ANSWERS[procedure]),
        at=MORNING,
        actor=CLERK,
    )


def routed(procedure: str = CERTIFICATE) -> Request:
    request = submitted(procedure)
    decision = route(agency=request.agency, site=request.site, desks=CATALOGUE.desks.values(), sites=SITES)
    request.route(decision, at=MORNING)
    return request


def startup_details(**changes: Any) -> dict[str, Any]:
    return {
        "legal_name": "Atlas Robotique SARL (démonstration)",
        "site": "casablanca",
        "resident": True,
        "ice": "001561191000066",
        "rc_court": "Casablanca",
        "rc_number": "412345",
        "address": "Route de Nouaceur",
        "contacts": [
            {
                "name": "Salma Idrissi",
                "role": "gérante",
                "language": "fr",
                "email": "salma@atlas.example.com",
                "phone": "0612345678",
            }
        ],
    } | changes
