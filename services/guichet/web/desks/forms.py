"""The form of a desk: what was typed as the data a desk is read from, and back."""

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from services.guichet.domain.desk_reader import as_data
from services.guichet.domain.desks import Desk
from services.guichet.domain.names import LANGUAGES
from services.guichet.web.desks.typed import whole_typed
from shared.errors import InvalidFields, InvalidInput

SPARE_WINDOWS = 2
MOST_WINDOWS = 14
WINDOW_KEYS = ("day", "opens", "closes", "places", "officer")
CAPACITIES = ("open_requests", "per_presence_day")


def window_rows(typed: Mapping[str, str]) -> list[dict[str, str]]:
    """What was typed of each window, and some empty lines to add one."""
    rows = []
    for number in range(MOST_WINDOWS):
        row = {
            key: typed.get(f"window-{number}-{key}", "")
            for key in ("day", "opens", "closes", "places", "officer")
        }
        if any(row[key] for key in ("day", "opens", "closes")):
            rows.append(row)
    return [*rows, *(dict.fromkeys(WINDOW_KEYS, "") for _ in range(SPARE_WINDOWS))]


def data_from(typed: Mapping[str, str]) -> dict[str, Any]:
    """A desk's data, as its file would say it.

    Raises:
        InvalidFields: a number is none.
    """
    faults: list[InvalidInput] = []

    def whole(field: str) -> int:
        try:
            return whole_typed(typed.get(field), field)
        except InvalidInput as error:
            faults.append(error)
            return 1

    measure = typed.get("capacity_kind", "")
    presence = [
        {
            "day": row["day"],
            "opens": row["opens"].strip().replace("h", ":").zfill(5),
            "closes": row["closes"].strip().replace("h", ":").zfill(5),
            "places": whole(f"window-{number}-places"),
            "officer": row["officer"].strip() or None,
        }
        for number, row in enumerate(window_rows(typed)[:-SPARE_WINDOWS])
    ]
    data = {
        "code": typed.get("code", "").strip(),
        "agency": typed.get("agency", "").strip(),
        "site": typed.get("site", "").strip() or None,
        "names": {language: typed.get(f"name_{language}", "").strip() for language in LANGUAGES},
        "open": "open" in typed,
        "channel": typed.get("channel", ""),
        "address": typed.get("address", "").strip() or None,
        "capacity": {measure if measure in CAPACITIES else "open_requests": whole("capacity")},
        "presence": presence,
    }
    if faults:
        raise InvalidFields(faults)
    return data


def as_form(desk: Desk) -> MultiDict[str, str]:
    data = as_data(desk)
    measure, capacity = next(iter(data["capacity"].items()))
    form: MultiDict[str, str] = MultiDict(
        {
            "code": desk.code,
            "agency": desk.agency,
            "site": desk.site or "",
            "channel": desk.channel.value,
            "address": desk.address or "",
            "capacity": str(capacity),
            "capacity_kind": measure,
            "version": str(desk.version),
            **{f"name_{language}": data["names"][language] for language in LANGUAGES},
        }
    )
    if desk.open:
        form["open"] = "yes"
    for number, window in enumerate(data["presence"]):
        for key in WINDOW_KEYS:
            form[f"window-{number}-{key}"] = str(window[key] if window[key] is not None else "")
    return form


def field_of(path: str) -> str:
    """The form's field for a place in the data: ``presence[1].opens`` is ``window-1-opens``."""
    if path.startswith("presence["):
        number, _, key = path.removeprefix("presence[").partition("]")
        return f"window-{number}-{key.lstrip('.') or 'day'}"
    if path.startswith("names."):
        return f"name_{path.removeprefix('names.')}"
    return "capacity" if path.startswith("capacity") else path
