"""Addresses and header lines as SMTP and mail programs take them."""

import base64
import re
from email.utils import formataddr

# What may stand in an envelope: no space, bracket or line break, so no second recipient.
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\\\"@]+@[A-Za-z0-9.-]+", re.ASCII)
# Anything a header parser could take for the end of a line; no-break spaces are text.
_BREAKS = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")
# An encoded word is at most 75 characters long, marks included.
_WORD_BYTES = 45


class UnusableAddress(ValueError):
    """The recipient is not an address an SMTP server could be given."""


def envelope_address(recipient: str) -> str:
    """Return the address as SMTP takes it, an international domain in its ASCII form.

    Raises:
        UnusableAddress: it holds what SMTP cannot carry.
    """
    local, _, domain = recipient.rpartition("@")
    try:
        address = f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise UnusableAddress(f"not a domain name: {error}") from error
    if not address.isascii() or not _ADDRESS.fullmatch(address):
        raise UnusableAddress("not an e-mail address")
    return address


def encoded(value: str) -> str:
    """Return a header's text; outside ASCII as RFC 2047 words, folded between characters."""
    line = one_line(value)
    if line.isascii() and "=?" not in line:
        return line
    words, room = [""], _WORD_BYTES
    for character in line:
        size = len(character.encode())
        if size > room:
            words.append("")
            room = _WORD_BYTES
        words[-1] += character
        room -= size
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(word.encode()).decode()}?=" for word in words)


def mailbox(name: str, address: str) -> str:
    """Return a name and its address as headers write them."""
    line = one_line(name)
    if line.isascii():
        return formataddr((line, address))
    return f"{encoded(line)} <{address}>"


def one_line(value: str) -> str:
    """Make a value safe in a header: what might end the line becomes a space."""
    return _BREAKS.sub(" ", value).strip()
