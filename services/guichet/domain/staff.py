"""As what, where and for whom somebody of the staff works, and what an account may be changed to."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from services.guichet.domain.workflow import Role
from shared.errors import N_, Forbidden, InvalidFields, InvalidInput

#: besides those who act on requests
BILLING_OFFICER = "billing_officer"
ROLES = (Role.AGENT, Role.AGENCY_OFFICER, BILLING_OFFICER, Role.SITE_MANAGER, Role.OPERATOR)
OFFICER_ALONE = frozenset({Role.AGENCY_OFFICER.value})


@dataclass(frozen=True, slots=True)
class Post:
    """Without agencies an officer works for all that are at the sites; who is not active cannot sign in."""

    roles: tuple[str, ...]
    sites: tuple[str, ...]
    agencies: tuple[str, ...]
    active: bool

    def changes_to(self, other: "Post") -> dict[str, list[Any]]:
        """What differs, each with what it was and what it becomes."""
        before, after = asdict(self), asdict(other)
        return {name: [before[name], after[name]] for name in before if before[name] != after[name]}


def checked_post(
    *,
    roles: Collection[str],
    sites: Collection[str],
    agencies: Collection[str],
    active: bool,
    known_sites: Iterable[str],
    known_agencies: Iterable[str],
) -> Post:
    """The post as it is written down: nothing twice, in the order of the catalogue.

    Raises:
        InvalidFields: a role, site or agency is unknown, none is named, or agencies go with another role.
    """
    known: Mapping[str, tuple[str, ...]] = {
        "roles": tuple(str(role) for role in ROLES),
        "sites": tuple(known_sites),
        "agencies": tuple(known_agencies),
    }
    given = {"roles": roles, "sites": sites, "agencies": agencies}
    faults = [
        InvalidInput(N_("There is no “%(code)s” to choose here."), field=name, code=code)
        for name, codes in given.items()
        for code in sorted(set(codes) - set(known[name]))
    ]
    if not roles:
        faults.append(InvalidInput(N_("Choose at least one role."), field="roles"))
    if not sites:
        faults.append(InvalidInput(N_("Choose at least one site."), field="sites"))
    if agencies and set(roles) != OFFICER_ALONE:
        faults.append(
            InvalidInput(
                N_("Only an agency officer without any other role works for some agencies alone."),
                field="agencies",
            )
        )
    if faults:
        raise InvalidFields(faults)
    chosen = {name: tuple(code for code in codes if code in given[name]) for name, codes in known.items()}
    return Post(chosen["roles"], chosen["sites"], chosen["agencies"], active)


def check_not_own(account_id: str, actor_id: str | None) -> None:
    """Nobody changes the own account: so an operator always remains, and nobody gives themselves anything.

    Raises:
        Forbidden: it is the own one.
    """
    if account_id == actor_id:
        raise Forbidden(N_("This is your own account: another operator changes it."))
