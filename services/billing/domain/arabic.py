"""Counting masculine things in Arabic, where the number changes the noun and the noun the number.

3–10 take the plural, 11–99 the accusative singular, hundreds and thousands the genitive singular
and lose their final nūn before it; 101 and 102 repeat the noun (« مائة درهم ودرهم واحد »).
"""

from __future__ import annotations

from dataclasses import dataclass

UNITS = ("", "واحد", "اثنان", "ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة", "عشرة")
TEENS = ("أحد عشر", "اثنا عشر", *(f"{unit} عشر" for unit in UNITS[3:10]))
TENS = ("", "", "عشرون", "ثلاثون", "أربعون", "خمسون", "ستون", "سبعون", "ثمانون", "تسعون")
HUNDREDS = (
    "",
    "مائة",
    "مائتان",
    "ثلاثمائة",
    "أربعمائة",
    "خمسمائة",
    "ستمائة",
    "سبعمائة",
    "ثمانمائة",
    "تسعمائة",
)
AND = " و"


@dataclass(frozen=True, slots=True)
class Noun:
    """``one`` also serves as the genitive singular; ``joined_two`` is the dual before a noun."""

    one: str
    two: str
    few: str
    many: str
    joined_two: str = ""


SCALES = (
    (1_000_000_000, Noun("مليار", "ملياران", "مليارات", "مليارا", "مليارا")),
    (1_000_000, Noun("مليون", "مليونان", "ملايين", "مليونا", "مليونا")),
    (1_000, Noun("ألف", "ألفان", "آلاف", "ألفا", "ألفا")),
)


def counted(count: int, noun: Noun) -> str:
    """``count`` things: 230 → « مائتان وثلاثون درهما »."""
    if count == 0:
        return f"صفر {noun.one}"
    rest = count % 100
    if count > 2 and rest in (1, 2):
        return f"{_cardinal(count - rest, before_noun=True)} {noun.one}{AND}{counted(rest, noun)}"
    if count == 1:
        return f"{noun.one} واحد"
    if count == 2:
        return noun.two
    if 3 <= rest <= 10:
        return f"{_cardinal(count)} {noun.few}"
    if rest:
        return f"{_cardinal(count)} {noun.many}"
    return f"{_cardinal(count, before_noun=True)} {noun.one}"


def _cardinal(count: int, *, before_noun: bool = False) -> str:
    """The number alone; ``before_noun`` when the counted noun follows it at once."""
    parts: list[str] = []
    for size, scale in SCALES:
        times, count = divmod(count, size)
        if times:
            parts.append(_scaled(times, scale, before_noun=before_noun and not count))
    if count:
        parts.append(_below_thousand(count, before_noun=before_noun))
    return AND.join(parts)


def _scaled(times: int, scale: Noun, *, before_noun: bool) -> str:
    if times == 1:
        return scale.one
    if times == 2:
        return scale.joined_two if before_noun else scale.two
    rest = times % 100
    if rest in (1, 2):
        tail = scale.one if rest == 1 else scale.joined_two if before_noun else scale.two
        return f"{_cardinal(times - rest, before_noun=True)} {scale.one}{AND}{tail}"
    if 3 <= rest <= 10:
        return f"{_cardinal(times)} {scale.few}"
    if rest:
        # the accusative loses its tanwīn before the noun: « أحد عشر ألف درهم »
        return f"{_cardinal(times)} {scale.one if before_noun else scale.many}"
    return f"{_cardinal(times, before_noun=True)} {scale.one}"


def _below_thousand(count: int, *, before_noun: bool) -> str:
    hundreds, rest = divmod(count, 100)
    parts = []
    if hundreds:
        parts.append("مائتا" if hundreds == 2 and before_noun and not rest else HUNDREDS[hundreds])
    if rest:
        parts.append(_below_hundred(rest))
    return AND.join(parts)


def _below_hundred(count: int) -> str:
    if count <= 10:
        return UNITS[count]
    if count < 20:
        return TEENS[count - 11]
    tens, unit = divmod(count, 10)
    return f"{UNITS[unit]}{AND}{TENS[tens]}" if unit else TENS[tens]
