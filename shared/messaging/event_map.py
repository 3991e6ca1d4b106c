"""Who tells whom what, drawn from the contracts."""

from collections.abc import Iterable

from shared.messaging.contracts import Contract, consumed_by, published_by
from shared.settings import SERVICES

OPENING = "<!-- event map: written by `guichet events write` -->"
CLOSING = "<!-- end of the event map -->"


def event_map(services: Iterable[str] = SERVICES) -> str:
    """Return a Mermaid drawing and a table of every event, as Markdown."""
    names = tuple(services)
    readers = consumers(names)
    rows = [
        f"| `{contract.type}` | {', '.join(readers.get(contract.type, [])) or '—'} | {meaning(contract)} |"
        for name in names
        for contract in published_by(name)
    ]
    table = ["| Event | Read by | What happened |", "|---|---|---|", *rows]
    return "\n".join(["```mermaid", *_drawing(names, readers), "```", "", *table])


def consumers(services: Iterable[str] = SERVICES) -> dict[str, list[str]]:
    """Return, for each type somebody consumes, the services that do."""
    readers: dict[str, list[str]] = {}
    for name in services:
        for contract in consumed_by(name):
            readers.setdefault(contract.type, []).append(name)
    return readers


def meaning(contract: Contract) -> str:
    """Return what a published event says, in the words of its own docstring."""
    return " ".join((type(contract.schema).__doc__ or "").replace("``", "`").split())


def inserted(document: str, text: str) -> str:
    """Return ``document`` with ``text`` between the two markers.

    Raises:
        ValueError: a marker is missing.
    """
    before, opening, rest = document.partition(OPENING)
    _, closing, after = rest.partition(CLOSING)
    if not (opening and closing):
        raise ValueError(f"the document lacks {OPENING} or {CLOSING}")
    return f"{before}{OPENING}\n{text}\n{CLOSING}{after}"


def _drawing(names: tuple[str, ...], readers: dict[str, list[str]]) -> list[str]:
    lines = ["flowchart LR"]
    for publisher in names:
        heard: dict[str, list[str]] = {}
        for contract in published_by(publisher):
            for reader in readers.get(contract.type, []):
                heard.setdefault(reader, []).append(contract.type.split(".")[1])
        lines += [
            f'    {publisher} -- "{"<br>".join(events)}" --> {reader}' for reader, events in heard.items()
        ]
    return lines
