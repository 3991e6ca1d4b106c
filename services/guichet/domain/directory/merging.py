"""Two records that are one startup become one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.guichet.domain.contacts import MOST_CONTACTS, OPT_IN, Consent, Contact
from services.guichet.domain.startups import COMPANY_FIELDS, Startup
from services.guichet.domain.text import search_key
from shared.errors import N_, Conflict, InvalidInput

WINNER, LOSER = "winner", "loser"
#: One says nothing without the other, so they are chosen together.
TOGETHER = {"rc_number": "rc_court"}
CHOOSABLE = tuple(name for name in COMPANY_FIELDS if name not in TOGETHER.values())


def merge(winner: Startup, loser: Startup, chosen: Mapping[str, str]) -> tuple[Startup, Startup]:
    """The record that stands for both, and the one that only leads to it.

    ``chosen`` says whose value is kept; without a choice it is the winner's, or the loser's where
    the winner has none.

    Raises:
        InvalidInput: both are the same record, or a choice is none.
        Conflict: together they have too many contacts.
    """
    if winner.id == loser.id:
        raise InvalidInput(N_("Choose two different startups."), field="loser")
    values: dict[str, Any] = {}
    for name in CHOOSABLE:
        source = _source(name, winner, loser, chosen)
        for part in filter(None, (name, TOGETHER.get(name))):
            values[part] = getattr(source, part)
    start, end = values["contract_start"], values["contract_end"]
    if start and end and end < start:
        raise InvalidInput(N_("The contract cannot end before it begins."), field="contract_end")
    people = merged_contacts(winner.contacts, loser.contacts)
    if len(people) > MOST_CONTACTS:
        raise Conflict(
            N_("Together they have %(count)s contacts, %(maximum)s at most are allowed: remove some first."),
            count=len(people),
            maximum=MOST_CONTACTS,
        )
    kept = replace(winner, **values, contacts=people, version=winner.version + 1)
    gone = replace(loser, contacts=(), merged_into=winner.id, version=loser.version + 1)
    return kept, gone


def merged_contacts(winner: tuple[Contact, ...], loser: tuple[Contact, ...]) -> tuple[Contact, ...]:
    """Everybody once; somebody in both records keeps the agreements given in either."""
    people = list(winner)
    for contact in loser:
        place = next((place for place, one in enumerate(people) if _same_person(one, contact)), None)
        if place is None:
            taken = {purpose for one in people for purpose in one.preferred_for}
            preferred = tuple(purpose for purpose in contact.preferred_for if purpose not in taken)
            people.append(replace(contact, preferred_for=preferred))
        else:
            people[place] = _one_person(people[place], contact)
    return tuple(people)


def default_choice(name: str, winner: Startup, loser: Startup) -> str:
    return LOSER if getattr(winner, name) is None and getattr(loser, name) is not None else WINNER


def _source(name: str, winner: Startup, loser: Startup, chosen: Mapping[str, str]) -> Startup:
    choice = chosen.get(name) or default_choice(name, winner, loser)
    if choice not in (WINNER, LOSER):
        raise InvalidInput(N_("Choose one of the two values."), field=name)
    return winner if choice == WINNER else loser


def _same_person(one: Contact, other: Contact) -> bool:
    same_address = (one.email or "").casefold() == (other.email or "").casefold() and one.phone == other.phone
    return same_address and search_key(one.name) == search_key(other.name)


def _one_person(kept: Contact, other: Contact) -> Contact:
    consents: list[Consent] = []
    for purpose in OPT_IN:
        both = [one for contact in (kept, other) for one in contact.consents if one.purpose == purpose]
        # A withdrawal holds, whichever record it was noted in.
        consents += sorted(both, key=lambda one: one.in_force)[:1]
    return replace(kept, consents=tuple(consents))
