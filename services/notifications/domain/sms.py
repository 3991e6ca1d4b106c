"""What an SMS can carry: its alphabet, its segments, its sender name.

GSM 03.38 packs 160 seven-bit units in a message; one character outside its table turns the
whole message into UCS-2 with 70. Joined messages lose room to a header in every segment.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from shared.errors import N_, InvalidInput

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"

_UNITS = {**dict.fromkeys(BASIC, 1), **dict.fromkeys(EXTENSION, 2)}

# What has no canonical decomposition, or whose decomposition is not what a reader expects.
_SPELLINGS = {
    "œ": "oe",
    "Œ": "OE",
    "’": "'",
    "‘": "'",
    "ʼ": "'",
    "‚": ",",
    "“": '"',
    "”": '"',
    "„": '"',
    "«": '"',
    "»": '"',
    "‹": "'",
    "›": "'",
    "–": "-",
    "—": "-",
    "‑": "-",
    "−": "-",
    "…": "...",
    "•": "-",
    "·": "-",
    "×": "x",
    "°": "o",
    "º": "o",
    "ª": "a",
    "№": "No",
    "©": "(c)",
    "®": "(r)",
    "™": "(tm)",
    "\t": " ",
    "\u00a0": " ",
    "\u202f": " ",
    "\u2007": " ",
    "\u2009": " ",
    "\u00ad": "",
    "\u200b": "",
    "\u200e": "",
    "\u200f": "",
    "\u2066": "",
    "\u2067": "",
    "\u2068": "",
    "\u2069": "",
    "\ufeff": "",
}
# French typography puts these spaces inside the marks; a plain quote keeps none of them.
_QUOTE_SPACES = re.compile(r"(?<=«)[\s\u00a0\u202f]+|[\s\u00a0\u202f]+(?=»)")

SENDER_ID = re.compile(r"[A-Za-z0-9]{1,11}", re.ASCII)


class Encoding(StrEnum):
    """How the characters of one SMS are written."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


# Units in a message alone in its segment, and in each segment of a joined one.
CAPACITY = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}


@dataclass(frozen=True, slots=True)
class SmsSize:
    """How much room a text takes; the operator bills each segment."""

    encoding: Encoding
    units: int
    segments: int


def measure(text: str) -> SmsSize:
    """Count the units and segments of ``text``.

    A character of two units (``€`` in GSM-7, anything outside the basic plane in UCS-2) is
    never cut by the end of a segment, so a segment may stay one unit short.
    """
    gsm = [_UNITS.get(character, 0) for character in text]
    encoding = Encoding.GSM7 if all(gsm) else Encoding.UCS2
    widths = gsm if encoding is Encoding.GSM7 else [2 if ord(c) > 0xFFFF else 1 for c in text]
    alone, joined = CAPACITY[encoding]
    units = sum(widths)
    if units <= alone:
        return SmsSize(encoding, units, 1)
    segments, used = 1, 0
    for width in widths:
        if used + width > joined:
            segments, used = segments + 1, 0
        used += width
    return SmsSize(encoding, units, segments)


def transliterate(text: str) -> str:
    """Spell ``text`` within the GSM-7 table wherever a Latin reader would not mind.

    One "ç" would halve what a message holds and double its price. Characters with no such
    spelling (Arabic, emoji) are kept: the message is then UCS-2, never mutilated.
    """
    if all(character in _UNITS for character in text):
        return text
    return "".join(map(_spell, _QUOTE_SPACES.sub("", unicodedata.normalize("NFC", text))))


def _spell(character: str) -> str:
    if character in _UNITS:
        return character
    if character in _SPELLINGS:
        return _SPELLINGS[character]
    stripped = "".join(
        part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part)
    )
    return stripped if stripped and all(part in _UNITS for part in stripped) else character


def sender_id(value: str) -> str:
    """Return ``value`` as the alphanumeric sender shown by the phone.

    Raises:
        InvalidInput: an operator would refuse it: more than 11 characters, a space, an accent,
            or digits only.
    """
    if not SENDER_ID.fullmatch(value) or value.isdigit():
        raise InvalidInput(
            N_("The SMS sender must be 1 to 11 letters or digits, without spaces, with a letter."),
            field="sender",
        )
    return value
