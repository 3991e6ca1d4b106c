"""The sentence catalogue: ``texts/<language>.yaml``, read once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.notifications.domain.audience import TRACKED, Kind
from services.notifications.domain.sms import measure, transliterate
from services.notifications.wording.facts import Facts, Places, shown

_FOLDER = Path(__file__).parent / "texts"
# French sets a no-break space before these marks; the files are written with plain ones.
_FRENCH_SPACES = re.compile(r" (?=[:;!?»])|(?<=«) ")


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one kind of message in one language."""

    subject: str
    title: str
    intro: str
    closing: str
    sms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Texts:
    """Everything said in one language."""

    signature: str
    greeting: str
    greeting_nameless: str
    footer: str
    footer_numberless: str
    footer_reason: str
    labels: Mapping[str, str]
    #: why something the startup relied on does not take place, by the cause of the event
    causes: Mapping[str, str]
    messages: Mapping[Kind, Wording]


@cache
def texts(language: str) -> Texts:
    """Return the catalogue of ``language``."""
    raw = yaml.safe_load((_FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))
    if language == "fr":
        raw = _with_french_spaces(raw)
    messages = {
        Kind(kind): Wording(**{**words, "sms": tuple(words["sms"])})
        for kind, words in raw.pop("messages").items()
    }
    return Texts(**raw, messages=messages)


def places(facts: Facts, language: str) -> Places:
    """Return what a wording may name; a cause is told before what somebody wrote about it."""
    seen = shown(facts, language)
    cause = texts(language).causes.get(facts.get("cause") or "")
    if cause:
        seen["motive"] = f"{cause} {seen['motive']}" if "motive" in seen else cause
    return seen


def subject(kind: Kind, language: str, facts: Facts) -> str:
    """Return the subject of an e-mail: one line of plain text."""
    return texts(language).messages[kind].subject.format_map(places(facts, language))


def sms_text(kind: Kind, language: str, facts: Facts) -> str:
    """Return the text of an SMS, within the GSM-7 table whenever the language allows.

    Of the wordings of this kind the fullest that fits one segment is taken; when none does,
    the shortest. Where there is a page to follow things on, its address ends the text.
    """
    seen = places(facts, language)
    link = f" {seen['link']}" if kind in TRACKED and "link" in seen else ""
    text = ""
    for wording in texts(language).messages[kind].sms:
        text = transliterate(wording.format_map(seen)) + link
        if measure(text).segments == 1:
            break
    return text


def _with_french_spaces(raw: Any) -> Any:
    if isinstance(raw, str):
        return _FRENCH_SPACES.sub("\u00a0", raw)
    if isinstance(raw, dict):
        return {key: _with_french_spaces(value) for key, value in raw.items()}
    return [_with_french_spaces(value) for value in raw]
