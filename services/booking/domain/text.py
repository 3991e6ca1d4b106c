"""Words a person typed, made fit to store and show."""

import unicodedata

from shared.errors import N_, InvalidInput


def clean(value: str, *, field: str, longest: int) -> str:
    """Trimmed, composed (NFC), spaces collapsed; control characters and lone surrogates refused."""
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\t\n\r" for char in value):
        raise InvalidInput(N_("This text holds characters that cannot be stored."), field=field)
    text = " ".join(unicodedata.normalize("NFC", value).split())
    if len(text) > longest:
        raise InvalidInput(
            N_("This text is too long: %(longest)d characters at most."), field=field, longest=longest
        )
    return text
