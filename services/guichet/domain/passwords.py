"""What may be a password of the staff.

Long, and little else asked of it: NIST SP 800-63B (3.1.1.2) asks for length, and advises against rules of
composition and regular changes, which make people choose worse ones.
"""

from shared.errors import N_, InvalidInput

SHORTEST, LONGEST = 12, 1000
FEWEST_CHARACTERS = 5


def checked_password(value: object, again: object, *, email: str, name: str) -> str:
    """The password as it was typed, spaces and all.

    Raises:
        InvalidInput: it is too short, too long, all alike or the person's own name, or was typed in two ways.
    """
    if not isinstance(value, str) or "\x00" in value:
        raise InvalidInput(N_("This must be text."), field="password")
    if len(value) < SHORTEST:
        raise InvalidInput(N_("Choose at least %(min)s characters."), field="password", min=SHORTEST)
    if len(value) > LONGEST:
        raise InvalidInput(N_("Choose at most %(max)s characters."), field="password", max=LONGEST)
    if len(set(value.casefold())) < FEWEST_CHARACTERS or _is_known(value, email, name):
        raise InvalidInput(N_("This is too easy to guess: choose several words."), field="password")
    if value != again:
        raise InvalidInput(N_("The two are not the same."), field="again")
    return value


def _is_known(value: str, email: str, name: str) -> bool:
    """Whether it is little more than what everybody knows of the person."""
    rest = _letters(value)
    parts = {_letters(part) for part in (email, email.partition("@")[0], *name.split())}
    for known in sorted(parts, key=len, reverse=True):
        if len(known) > 2:
            rest = rest.replace(known, "")
    return len(rest) < SHORTEST / 2


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
