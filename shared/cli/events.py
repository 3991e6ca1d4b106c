"""``guichet events``: the contracts between services, as people and tools read them."""

from pathlib import Path

import click
import orjson

from shared.messaging.asyncapi import as_yaml
from shared.messaging.contract_schemas import breaking_changes, data_schema
from shared.messaging.contracts import published_by
from shared.messaging.event_map import event_map, inserted
from shared.settings import SERVICES

DOCS = Path(__file__).resolve().parents[2] / "docs"


@click.group()
def events() -> None:
    """What the services tell each other."""


@events.command("map")
def map_command() -> None:
    """Print who tells whom what, as Markdown with a Mermaid drawing."""
    click.echo(event_map())


@events.command("asyncapi")
def asyncapi_command() -> None:
    """Print the AsyncAPI 3 document of all events."""
    click.echo(as_yaml(), nl=False)


@events.command("write")
@click.option("--docs", type=click.Path(path_type=Path, file_okay=False), default=DOCS, show_default=False)
def write(docs: Path) -> None:
    """Bring the event map, the AsyncAPI document and the event schemas under docs/ up to date.

    Refuses a change that would break a reader of an event as it was.
    """
    written: dict[Path, str] = {
        docs / "asyncapi.yaml": as_yaml(),
        docs / "architecture.md": inserted((docs / "architecture.md").read_text("utf-8"), event_map()),
    }
    broken: list[str] = []
    for service in SERVICES:
        for contract in published_by(service):
            schema = data_schema(contract)
            path = docs / "events" / f"{contract.type}.json"
            if path.exists():
                broken += breaking_changes(contract.type, orjson.loads(path.read_bytes()), schema)
            written[path] = orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode() + "\n"
    if broken:
        raise click.ClickException("\n".join(broken))
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            click.echo(f"{path.relative_to(docs)} written")
