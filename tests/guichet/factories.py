"""Small builders, so that a test says only what matters to it."""

import uuid
from datetime import UTC, datetime
from typing import Any

from services.guichet.catalogue import load
from services.guichet.domain.calendar import NETWORK, Calendars
from services.guichet.domain.catalogue import Procedure, Site
from services.guichet.domain.desks import Desk
from services.guichet.domain.names import Names
from services.guichet.domain.promises import deadlines
from services.guichet.domain.requests import Actor, Request
from services.guichet.domain.routing import route

MORNING = datetime(2026, 11, 23, 9, tzinfo=UTC)
CLERK = Actor("clerk-1", "Y. Benjelloun")
LOADED = load()
CATALOGUE = LOADED.catalogue
CALENDARS = Calendars({NETWORK: LOADED.calendar.rules}, LOADED.calendar.overrides, LOADED.calendar.ramadans)
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
    "cimr.affiliation-salarie": {
        "cimr_member": "A-1234",
        "employees": [
            {"name": "Omar Filali", "cnie": "BE654321", "hired_on": "2026-11-02"},
            {"name": "Hind Chraibi", "cnie": "K123456"},
        ],
    },
    "legalisation.signature": {
        "document_title": "Statuts",
        "signer_name": "Salma Idrissi",
        "signer_cnie": "BK123456",
        "signatures": 3,
        "signer_present": True,
    },
    "legalisation.copie-conforme": {
        "document_title": "Statuts",
        "bearer_name": "Salma Idrissi",
        "bearer_cnie": "BK123456",
        "copies": 2,
    },
    "ompic.marque": {
        "filing": "online",
        "mark_kind": "word",
        "mark_name": "Atlas",
        "colours": "none",
        "classes": 3,
        "goods": "Robots industriels",
        "applicant": "company",
        "representative_name": "Salma Idrissi",
    },
    "ompic.brevet": {"title": "Bras articulé", "inventor_name": "Salma Idrissi", "applicant": "company"},
    "ompic.dessin-modele": {"title": "Bras articulé", "designs": 2},
    "ompic.immatriculation-rc": {
        "company_name": "Atlas Robotique SARL",
        "certificate_number": "CN-2026-88231",
        "rc_court": "Casablanca",
        "representative_name": "Salma Idrissi",
        "representative_cnie": "BK123456",
    },
    "ompic.extrait-rc": {"rc_number": "412345", "rc_court": "Casablanca"},
    "cnss.immatriculation-salarie": {
        "cnss_affiliate": "1234567",
        "employee_name": "Omar Filali",
        "employee_cnie": "BE654321",
        "born_on": "1996-04-12",
        "hired_on": "2026-11-02",
    },
    "cnss.adhesion-damancom": {
        "cnss_affiliate": "1234567",
        "user_name": "Salma Idrissi",
        "user_email": "salma@atlas.example.com",
        "user_phone": "+212612345678",
    },
    "cnss.attestation": {"cnss_affiliate": "1234567", "attestation": "Attestation d’affiliation"},
    "anapec.contrat-insertion": {
        "ice": "001561191000066",
        "cnss_affiliate": "1234567",
        "trainee_name": "Omar Filali",
        "trainee_cnie": "BE654321",
        "trainee_cnss": "123456789",
        "position": "Développeur",
        "starts_on": "2026-12-01",
        "months": 24,
        "allowance": "3000.00",
    },
    "anapec.attestation-activite": {
        "ice": "001561191000066",
        "candidate_name": "Ana Pereira",
        "nationality": "Portugal",
        "passport": "AB1234567",
        "position": "Ingénieure",
    },
    "anapec.visa-contrat-etranger": {
        "ice": "001561191000066",
        "employee_name": "Ana Pereira",
        "passport": "AB1234567",
        "starts_on": "2027-01-04",
    },
    "assurance.accidents-travail": {
        "ice": "001561191000066",
        "activity": "Robotique",
        "staff": "under_five",
        "employees": [{"name": "Omar Filali", "cnie": "BE654321", "monthly_pay": "4500.00"}],
    },
    "expert-comptable.tenue-comptabilite": {"tax_id": "1234567", "starts_on": "2027-01-01"},
    "expert-comptable.liasse-fiscale": {"tax_id": "12345678", "year": 2025},
    "expert-comptable.attestation-regularite-fiscale": {"ice": "001561191000066", "tax_id": "1234567"},
}


def desk(agency: str, site: str, *, open: bool = True) -> Desk:
    return Desk(f"{agency}-{site}", agency, site, Names("Guichet", "شباك", "Desk"), open)


def submitted(procedure: str = CERTIFICATE, site: str = "casablanca") -> Request:
    request = Request.submit(
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
    request.promise(deadlines(PROCEDURES[procedure], MORNING, (), CALENDARS.of(site)))
    return request


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
