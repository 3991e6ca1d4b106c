"""``guichet read-copy``: what a service keeps of another's, held against it and rebuilt."""

import time
from collections.abc import Sequence

import click

from shared.cli.operations import shell_user, who_option
from shared.cli.wording import counted
from shared.db import Database
from shared.operations import audit, read_copies
from shared.operations.actions import LONGEST_REASON
from shared.operations.read_copies import MOST_NAMED, Comparison, ReadCopy
from shared.settings import SERVICES

LOOK_EVERY_SECONDS = 0.5


@click.group("read-copy")
def read_copy() -> None:
    """What services keep of each other's data."""


@read_copy.command("compare")
@click.argument("service", required=False, type=click.Choice(SERVICES))
@click.argument("name", required=False)
def compare(service: str | None, name: str | None) -> None:
    """Hold read copies against their owners, row by row; exit code 1 when they differ."""
    differ = False
    for keeper, copy in _chosen(service, name):
        found = _compare(keeper, copy)
        differ = differ or not found.agrees
        _tell(keeper, copy, found)
    if differ:
        raise SystemExit(1)


@read_copy.command("rebuild")
@click.argument("service", type=click.Choice(SERVICES))
@click.argument("name")
@click.option("--send", is_flag=True, help="Do it. Without, it is only said what differs.")
@click.option("--reason", default="", help="Why; kept on record. Required with --send.")
@click.option("--wait", type=float, default=0.0, metavar="SECONDS", help="Wait until the copy agrees.")
@who_option
def rebuild(service: str, name: str, send: bool, reason: str, wait: float, who: str | None) -> None:
    """Have a copy's owner announce all it knows now, to this service alone.

    Rows that differ believe it, whatever version they have; to all others it is no news.
    """
    if send and not reason.strip():
        raise click.UsageError("--send wants a --reason: it is kept on record")
    if len(reason) > LONGEST_REASON:
        raise click.UsageError(f"a reason has at most {LONGEST_REASON} characters")
    ((_, copy),) = _chosen(service, name)
    owner, keeper = Database.of(copy.owner), Database.of(service)
    try:
        found = read_copies.compare(owner, keeper, service, copy)
        _tell(service, copy, found)
        if not send:
            click.echo("nothing was announced: repeat it with --send --reason '…'")
            return
        with keeper.transaction() as session:
            read_copies.doubt(session, copy, found)
            audit.record(
                session,
                shell_user(who),
                "rebuild",
                events=found.rows,
                event_type=f"{copy.owner}.{copy.name}",
                reason=reason.strip(),
            )
        events = read_copies.announce(owner, service, copy)
        click.echo(f"{copy.owner} announces {counted(events, 'event')} to {service}")
        deadline = time.monotonic() + wait
        while wait:
            found = read_copies.compare(owner, keeper, service, copy)
            if found.agrees or time.monotonic() > deadline:
                _tell(service, copy, found)
                if not found.agrees:
                    raise SystemExit(1)
                break
            time.sleep(LOOK_EVERY_SECONDS)
    finally:
        owner.dispose()
        keeper.dispose()


def _chosen(service: str | None, name: str | None) -> Sequence[tuple[str, ReadCopy]]:
    copies = list(read_copies.every())
    chosen = [
        (keeper, copy) for keeper, copy in copies if service in (None, keeper) and name in (None, copy.name)
    ]
    if not chosen:
        there = ", ".join(f"{keeper} {copy.name}" for keeper, copy in copies)
        raise click.UsageError(f"there is no such read copy; there are: {there}")
    return chosen


def _compare(service: str, copy: ReadCopy) -> Comparison:
    owner, keeper = Database.of(copy.owner), Database.of(service)
    try:
        return read_copies.compare(owner, keeper, service, copy)
    finally:
        owner.dispose()
        keeper.dispose()


def _tell(service: str, copy: ReadCopy, found: Comparison) -> None:
    of = f"{service} {copy.name} (of {copy.owner}): {counted(found.rows, 'row')}"
    if found.agrees:
        click.echo(f"{of}, the copy agrees")
        return
    click.echo(
        f"{of}, {len(found.missing)} missing, {len(found.different)} different,"
        f" {len(found.unknown)} its owner does not know"
    )
    lines = [
        *(f"  missing    {key}" for key in found.missing),
        *(f"  different  {key}  in {', '.join(names)}" for key, names in found.different.items()),
        *(f"  unknown    {key}" for key in found.unknown),
    ]
    for line in lines[:MOST_NAMED]:
        click.echo(line)
    if len(lines) > MOST_NAMED:
        click.echo(f"  and {len(lines) - MOST_NAMED} more")
