"""Addresses as screens and logs show them: enough to recognise, not enough to copy (loi 09-08)."""

DOTS = "•••"


def mask(address: str) -> str:
    """Hide most of an e-mail address or a phone number.

    ``salma.alami@oasis.ma`` becomes ``s•••@oasis.ma``, ``+212612345678`` becomes ``+212•••78``.
    """
    local, at, domain = address.rpartition("@")
    if at:
        return f"{local[:1]}{DOTS}@{domain}"
    if len(address) <= 6:
        return DOTS
    return f"{address[:4]}{DOTS}{address[-2:]}"
