"""The words billing itself puts on a line, in the three languages of the counter."""

from __future__ import annotations

from datetime import datetime

from .charge import Names
from .tariff import SpaceKind

HIRE: dict[SpaceKind, Names] = {
    SpaceKind.ROOM: {"fr": "Location de salle : {}", "ar": "كراء قاعة: {}", "en": "Room hire: {}"},
    SpaceKind.HALL: {
        "fr": "Location d’espace évènementiel : {}",
        "ar": "كراء فضاء للتظاهرات: {}",
        "en": "Event hall hire: {}",
    },
    SpaceKind.DESK: {"fr": "Poste de travail : {}", "ar": "مكتب عمل: {}", "en": "Workspace: {}"},
}
CANCELLED: Names = {
    "fr": "Annulation de la réservation {}",
    "ar": "إلغاء الحجز {}",
    "en": "Booking {} was cancelled",
}


def hire_of(space_kind: SpaceKind, space_name: Names) -> Names:
    return {language: words.format(space_name[language]) for language, words in HIRE[space_kind].items()}


def fee_of(procedure_name: Names, fee: Names) -> Names:
    """« Certificat négatif — Droits OMPIC », without saying the procedure twice."""
    return {
        language: words
        if procedure_name[language].casefold() in words.casefold()
        else f"{procedure_name[language]} — {words}"
        for language, words in fee.items()
    }


def cancellation_of(booking_number: str) -> Names:
    return {language: words.format(booking_number) for language, words in CANCELLED.items()}


def period(starts: datetime, ends: datetime) -> str:
    """The local hours of a booking, with its days when it spans several."""
    if starts.date() == ends.date():
        return f"{starts:%H:%M}–{ends:%H:%M}"
    return f"{starts:%d/%m/%Y %H:%M} – {ends:%d/%m/%Y %H:%M}"
