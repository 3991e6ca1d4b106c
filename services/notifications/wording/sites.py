"""The names of the sites, for events that carry only their code."""

import json
from functools import cache
from pathlib import Path

from services.notifications.wording.facts import Names

_FILE = Path(__file__).parents[1] / "catalogue" / "sites.json"


def site_names(code: str) -> Names:
    """Return the name of a site in three languages; a site not listed goes by its code."""
    return _sites().get(code) or {"fr": code, "ar": code, "en": code}


def sites() -> dict[str, Names]:
    """Return every site of the network, in the order staff know them."""
    return dict(_sites())


@cache
def _sites() -> dict[str, Names]:
    found: dict[str, Names] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found
