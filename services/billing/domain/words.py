"""An amount in words, as the law and the habit want it under the total of an invoice."""

from __future__ import annotations

from .arabic import Noun, counted
from .money import Money

DIRHAM_AR = Noun(one="درهم", two="درهمان", few="دراهم", many="درهما")
CENTIME_AR = Noun(one="سنتيم", two="سنتيمان", few="سنتيمات", many="سنتيما")


def in_words(amount: Money, language: str) -> str:
    """``1234.56`` → « mille deux cent trente-quatre dirhams et cinquante-six centimes »."""
    if amount.amount < 0:
        raise ValueError("an invoice never totals less than nothing")
    dirhams, centimes = divmod(int(amount.amount * 100), 100)
    if language == "ar":
        return _arabic(dirhams, centimes)
    spell = _french if language == "fr" else _english
    parts = []
    if dirhams or not centimes:
        parts.append(spell(dirhams, "dirham"))
    if centimes:
        parts.append(spell(centimes, "centime"))
    return (" et " if language == "fr" else " and ").join(parts)


def _arabic(dirhams: int, centimes: int) -> str:
    parts = []
    if dirhams or not centimes:
        parts.append(counted(dirhams, DIRHAM_AR))
    if centimes:
        parts.append(counted(centimes, CENTIME_AR))
    return " و".join(parts)


def _french(count: int, noun: str) -> str:
    words = _cardinal(count, "fr")
    # « un million de dirhams », but « un million cent dirhams »
    link = " de " if count >= 1_000_000 and count % 1_000_000 == 0 else " "
    return f"{words}{link}{noun}{'s' if count >= 2 else ''}"


def _english(count: int, noun: str) -> str:
    return f"{_cardinal(count, 'en')} {noun}{'' if count == 1 else 's'}"


def _cardinal(count: int, language: str) -> str:
    # loads some fifty languages; only the process that prints a document pays for them
    from num2words import num2words

    return str(num2words(count, lang=language))
