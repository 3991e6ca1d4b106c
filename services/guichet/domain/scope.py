"""What of the counter's work somebody sees."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """Requests filed at some sites or sent to a desk there; with agencies, only those of these agencies.

    Without agencies it is every agency's: the counter's own staff, and officers who come for all.
    """

    sites: tuple[str, ...]
    agencies: tuple[str, ...] = ()

    @classmethod
    def whole(cls, sites: Iterable[str]) -> "Scope":
        """Every agency’s requests of these sites."""
        return cls(tuple(sites))

    def at(self, site: str) -> "Scope":
        """The same, at one site; at one that is not in it, nothing."""
        return Scope((site,) if site in self.sites else (), self.agencies)

    def serves(self, agency: str) -> bool:
        return not self.agencies or agency in self.agencies
