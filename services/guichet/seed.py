"""Brings the catalogue of the files into the database; with ``demo``, a network to try it on."""

from environs import Env
from sqlalchemy.orm import Session

from services.guichet.catalogue import check_lists, demo_startups, load
from services.guichet.catalogue.faults import check_all
from services.guichet.storage import accounts, dossiers, startups
from services.guichet.storage import calendar as calendar_storage
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.use_cases.startups import register_startup
from shared.clock import now

#: address, name, role, site (None: all)
DEMO_ACCOUNTS = (
    ("accueil.casablanca", "Yasmine Benjelloun", "agent", "casablanca"),
    ("facturation", "Nadia El Alaoui", "billing_officer", None),
    ("responsable.casablanca", "Samir El Amrani", "site_manager", "casablanca"),
    ("exploitation", "Hicham Tazi", "operator", None),
)
#: agency and name: an officer for each that has a desk at Casablanca
DEMO_OFFICERS = (
    ("ompic", "Karim Ouazzani"),
    ("cnss", "Salma Berrada"),
    ("cimr", "Youssef Chraïbi"),
    ("legalisation", "Zineb Alami"),
    ("anapec", "Omar Bennis"),
    ("assurance", "Leïla Fassi"),
    ("expert-comptable", "Mehdi Lahlou"),
)
DEMO_OFFICERS_SITE = "casablanca"


def seed(session: Session, *, demo: bool) -> None:
    """Can be run any number of times; what is already right is left alone."""
    check_all(check_lists, load)
    loaded = load()
    catalogue_storage.save(session, loaded.catalogue, loaded.definitions, loaded.sources)
    dossiers.save_bundles(session, loaded.bundles, loaded.bundle_sources)
    calendar_storage.seed(session, loaded.calendar)
    if demo:
        _seed_accounts(session, tuple(loaded.catalogue.sites))
        _seed_startups(session)


def _seed_accounts(session: Session, every_site: tuple[str, ...]) -> None:
    password = Env().str("DEMO_PASSWORD", "technopark")
    officers = [
        (f"{agency}.{DEMO_OFFICERS_SITE}", name, "agency_officer", DEMO_OFFICERS_SITE, (agency,))
        for agency, name in DEMO_OFFICERS
    ]
    for address, name, role, site, agencies in (*((*one, ()) for one in DEMO_ACCOUNTS), *officers):
        accounts.put(
            session,
            email=f"{address}@{accounts.DEMO_DOMAIN}",
            name=name,
            password=password,
            roles=(role,),
            sites=every_site if site is None else (site,),
            language="fr",
            agencies=agencies,
        )


def _seed_startups(session: Session) -> None:
    for details in demo_startups():
        if not startups.with_ice(session, details["ice"]):
            register_startup(session, details, at=now())
