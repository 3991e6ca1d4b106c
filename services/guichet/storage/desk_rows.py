"""A desk as its row, and back."""

from typing import Any

from services.guichet.domain.desk_reader import as_data, window_from
from services.guichet.domain.desks import Capacity, ChannelKind, Desk
from services.guichet.domain.names import Names


def desk_row(desk: Desk) -> dict[str, Any]:
    return as_data(desk)


def desk_from_row(row: Any) -> Desk:
    return Desk(
        code=row.code,
        agency=row.agency,
        site=row.site,
        names=Names.of(row.names),
        open=row.open,
        channel=ChannelKind(row.channel),
        address=row.address,
        capacity=Capacity(**row.capacity),
        presence=tuple(window_from(one) for one in row.presence),
        version=row.version,
    )
