"""Payloads and errors without people: names, telephones, e-mail addresses and CNIE numbers.

What is shown is what is known to be harmless – identifiers, instants, numbers, codes, and texts
under the keys a service has named – and everything else is hidden: an event that failed may be
shaped in a way nobody expected, so a list of what to hide would miss it.
"""

import re
from collections.abc import Collection
from contextlib import suppress
from typing import Any

import orjson

MASK = "•••"
MOST_SHOWN = 20_000

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d([T ][0-9:.]+(Z|[+-]\d\d:?\d\d)?)?")
_NUMBER = re.compile(r"-?\d{1,8}(\.\d{1,4})?")
# Letters in lower case or a reference with hyphens: neither a CNIE nor a telephone looks like that.
_CODE = re.compile(r"/?[a-z][a-z0-9]*([._/-][a-z0-9]+)*|[A-Z]{2,6}(-[A-Z]{1,6})*-\d{4}-\d{2,9}")
_PEOPLE = re.compile(
    r"""(?x)
    [^\s@'"<>(){}\[\],;:]+@[^\s@'"<>(){}\[\],;:]+      # an address
    | (?<![\w-])(?:\+|00)?\d(?:[\s.()-]?\d){8,}(?![\w-]) # a telephone, or any long number
    | (?<![\w-])[A-Za-z]{1,2}[1-9]\d{3,6}(?![\w-])       # a CNIE
    """
)
_SAVED = re.compile(
    rf"{_UUID.pattern}|\d{{4}}-\d\d-\d\d(?:[T ][0-9:.]+(?:Z|[+-]\d\d:?\d\d)?)?", re.IGNORECASE
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|“[^”]*”|«[^»]*»")
#: what SQLAlchemy and PostgreSQL append to an error: the statement, its values, the row
_VALUES = re.compile(r"\s*(\[SQL:|\[parameters:|DETAIL:|CONTEXT:|\(Background on).*", re.DOTALL)
#: a code, or a key, that may also be somebody's first name
_NEVER = frozenset(
    {"name", "first_name", "last_name", "recipient", "recipient_name", "contact", "contact_name", "email"}
    | {"phone", "mobile", "cnie", "cin", "passport", "depositor", "courier", "signatory", "representative"}
    | {"actor", "actor_name", "address", "answers", "role"}
)


def payload(body: bytes, plain: Collection[str] = ()) -> str | None:
    """Return an event as indented JSON without people; None when it is not JSON and could hide anything."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    masked = orjson.dumps(_masked(document, "", frozenset(plain), []), option=orjson.OPT_INDENT_2).decode()
    return masked if len(masked) <= MOST_SHOWN else masked[:MOST_SHOWN] + "\n…"


def error(message: str, body: bytes, plain: Collection[str] = ()) -> str:
    """Return an error without the values its event brought along."""
    hidden: list[str] = []
    with suppress(orjson.JSONDecodeError):
        _masked(orjson.loads(body), "", frozenset(plain), hidden)
    message = _VALUES.sub("", message)
    for value in sorted({value for value in hidden if len(value) > 1}, key=len, reverse=True):
        message = message.replace(value, MASK)
    message = _QUOTED.sub(_quoted, message)
    return free_text(message)


def free_text(value: str) -> str:
    """Hide addresses, long numbers and CNIE numbers in a sentence; identifiers and instants stay."""
    parts, last = [], 0
    for saved in _SAVED.finditer(value):
        parts += [_PEOPLE.sub(MASK, value[last : saved.start()]), saved.group()]
        last = saved.end()
    return "".join([*parts, _PEOPLE.sub(MASK, value[last:])])


def _quoted(found: re.Match[str]) -> str:
    quoted = found.group()
    inside = quoted[1:-1]
    return quoted if not inside or _harmless(inside) else f"{quoted[0]}{MASK}{quoted[-1]}"


def _harmless(value: str) -> bool:
    return len(value) <= 80 and any(pattern.fullmatch(value) for pattern in (_UUID, _INSTANT, _NUMBER, _CODE))


def _masked(value: Any, key: str, plain: frozenset[str], hidden: list[str]) -> Any:
    if isinstance(value, dict):
        # A key can be a value, too: of a document that is not what it should be.
        return {
            (name if _CODE.fullmatch(name) else MASK): _masked(
                item, key if name in {"fr", "ar", "en"} else name, plain, hidden
            )
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_masked(item, key, plain, hidden) for item in value]
    if isinstance(value, str):
        if not value:
            return value
        if key in plain:
            return free_text(value)
        if key not in _NEVER and _harmless(value):
            return value
        hidden.append(value)
        return MASK
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= 10**8:
        hidden.append(str(value))
        return MASK
    return value
