"""Moroccan identifiers: what is refused, what is only worth a warning, and the form kept.

Every number is text: leading zeros count, and nobody adds two of them up.
"""

import re
from collections.abc import Callable
from typing import TypeVar

import phonenumbers
from stdnum.ma import ice as stdnum_ice

from services.guichet.domain.text import ascii_digits, required_text
from shared.errors import N_, InvalidInput

T = TypeVar("T")

_SEPARATORS = re.compile(r"[\s.\-]+")
_CNIE = re.compile(r"[A-Z]{1,2}[1-9]\d{0,6}", re.ASCII)
_PASSPORT = re.compile(r"[A-Z0-9]{5,15}")
_RC_NUMBER = re.compile(r"\d{1,10}", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)
_EMAIL = re.compile(
    r"(?P<local>[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])"
)

ICE_CHECKSUM_WARNING = N_("The check digits of this ICE do not match: compare it with the certificate.")


def ice(value: object, *, field: str) -> str:
    number = _digits(value, field=field)
    if len(number) != 15:
        raise InvalidInput(
            N_("An ICE has 15 digits; this one has %(count)s."), field=field, count=len(number)
        )
    return number


def ice_checks(number: str) -> bool:
    """False is a reason to look again, not to refuse: the checksum is inferred, not official."""
    return bool(stdnum_ice.is_valid(number))


def cnie(value: object, *, field: str) -> str:
    number = _compact(value, field=field).upper()
    if not _CNIE.fullmatch(number):
        raise InvalidInput(
            N_("An identity card number is one or two letters, then up to seven digits, as in BK123456."),
            field=field,
        )
    return number


def passport(value: object, *, field: str) -> str:
    number = _compact(value, field=field).upper()
    if not _PASSPORT.fullmatch(number):
        raise InvalidInput(N_("A passport number has 5 to 15 letters and digits."), field=field)
    return number


def rib(value: object, *, field: str) -> str:
    number = _digits(value, field=field)
    if len(number) != 24:
        raise InvalidInput(N_("A RIB has 24 digits; this one has %(count)s."), field=field, count=len(number))
    if int(number) % 97 != 0:
        raise InvalidInput(N_("The key of this RIB is wrong: check the 24 digits."), field=field)
    return number


def iban(value: object, *, field: str) -> str:
    """Any country's by its check digits; a Moroccan one holds a RIB, whose own key has to match."""
    number = _compact(value, field=field).upper()
    if not _IBAN.fullmatch(number):
        raise InvalidInput(
            N_("An IBAN is a country code, two digits and the account: MA64 and the 24 digits of a RIB."),
            field=field,
        )
    if number.startswith("MA"):
        if len(number) != 28 or not number[4:].isdigit():
            raise InvalidInput(
                N_("A Moroccan IBAN has 28 characters: MA, two digits and the 24 digits of the RIB."),
                field=field,
            )
        rib(number[4:], field=field)
    if int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 != 1:
        raise InvalidInput(
            N_("The check digits of this IBAN do not match: compare it with the certificate."), field=field
        )
    return number


def tax_id(value: object, *, field: str) -> str:
    """Identifiant fiscal (IF); no check digit is known."""
    number = _digits(value, field=field)
    if not 7 <= len(number) <= 8:
        raise InvalidInput(
            N_("A tax identifier (IF) has 7 or 8 digits; this one has %(count)s."),
            field=field,
            count=len(number),
        )
    return number


def cnss_affiliate(value: object, *, field: str) -> str:
    number = _digits(value, field=field)
    if len(number) != 7:
        raise InvalidInput(
            N_("A CNSS affiliate number has 7 digits; this one has %(count)s."),
            field=field,
            count=len(number),
        )
    return number


def cnss_employee(value: object, *, field: str) -> str:
    number = _digits(value, field=field)
    if len(number) != 9:
        raise InvalidInput(
            N_("A CNSS employee number has 9 digits; this one has %(count)s."),
            field=field,
            count=len(number),
        )
    return number


def trade_tax(value: object, *, field: str) -> str:
    """Taxe professionnelle; its exact length is not established, so only the obvious is refused."""
    number = _digits(value, field=field)
    if not 6 <= len(number) <= 10:
        raise InvalidInput(
            N_("A trade tax number has about 8 digits; this one has %(count)s."),
            field=field,
            count=len(number),
        )
    return number


def rc_number(value: object, *, field: str) -> str:
    number = _compact(value, field=field)
    if not _RC_NUMBER.fullmatch(number):
        raise InvalidInput(N_("A trade register number has 1 to 10 digits."), field=field)
    return number


def phone(value: object, *, field: str) -> str:
    """E.164; a number without country code is read as Moroccan."""
    text = ascii_digits(required_text(value, field=field, maximum=40))
    try:
        number = phonenumbers.parse(text, "MA")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or number.extension or not phonenumbers.is_valid_number(number):
        raise InvalidInput(
            N_("This is not a valid phone number. Example: 0612345678, or +33 and the number for abroad."),
            field=field,
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email(value: object, *, field: str) -> str:
    text = required_text(value, field=field, maximum=254)
    match = _EMAIL.fullmatch(text)
    if match is None or len(match["local"]) > 64:
        raise InvalidInput(
            N_("This is not a valid e-mail address. Example: contact@startup.ma."), field=field
        )
    return text


def masked(number: str) -> str:
    """Enough to recognise a number one has in hand, too little to copy it."""
    return "•" * max(len(number) - 3, 3) + number[-3:] if len(number) > 3 else "•••"


def _compact(value: object, *, field: str) -> str:
    return ascii_digits(_SEPARATORS.sub("", required_text(value, field=field, maximum=60)))


def _digits(value: object, *, field: str) -> str:
    number = _compact(value, field=field)
    if not (number.isascii() and number.isdigit()):
        raise InvalidInput(N_("Only digits are expected here."), field=field)
    return number


def optional(check: Callable[..., T]) -> Callable[..., T | None]:
    """The same check, where leaving the field empty is allowed."""

    def checked(value: object, *, field: str, **options: object) -> T | None:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        return check(value, field=field, **options)

    return checked
