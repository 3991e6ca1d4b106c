"""Every text is marked, and translated into French and Arabic: ``python -m shared.web.i18n_check``.

Finds texts in templates that nobody marked, errors whose sentence cannot be extracted, messages
without a translation or whose ``%(places)s`` differ, and names of the catalogues' data files that
lack a language.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import yaml
from jinja2 import nodes

from shared.web.translations.catalogues import CATALOGUES, LANGUAGES, ROOT, Catalogue
from shared.web.translations.extraction import (
    ERRORS,
    called,
    messages,
    python_files,
    template_files,
    template_tree,
)
from shared.web.translations.update import load

TRANSLATED = ("fr", "ar")
PLACE = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
JINJA = re.compile(
    r"\{#.*?#\}|\{%-?\s*(?:trans)\b.*?\{%-?\s*endtrans\s*-?%\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL
)
LETTERS = re.compile(r"[^\W\d_]{2,}")
SENTENCE = re.compile(r"^[A-ZÀ-Þ][^\W\d_]+|[^\W\d_]\s+[^\W\d_]|[À-ÿ؀-ۿ]")
TECHNICAL = re.compile(
    r"[/#@=<>{}\[\]]|^[a-z0-9_ .:;,%()+-]*$|^[A-Z][A-Za-z]*(-[A-Z][A-Za-z]*)+$|^(Esc|Enter|Tab)$"
)
SHOWN_ATTRIBUTES = frozenset({"title", "aria-label", "placeholder", "alt"})
UNTRANSLATED_TAGS = frozenset({"script", "style", "kbd", "code"})
MARKERS = frozenset({"_", "gettext", "ngettext", "translate"})
VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})


def main() -> int:
    """Print every finding; return 1 when there is one."""
    findings = [finding for catalogue in CATALOGUES for finding in check(catalogue)]
    for finding in findings:
        print(finding)
    print(f"{len(findings)} texts to look at" if findings else "every text is marked and translated")
    return 1 if findings else 0


def check(catalogue: Catalogue) -> Iterator[str]:
    """Yield what is wrong in one part of the product."""
    yield from untranslated(catalogue)
    for root in catalogue.sources:
        for path in template_files(root):
            yield from raw_texts(path)
            yield from raw_arguments(path)
        for path in python_files(root):
            yield from unmarked_errors(path)
        yield from incomplete_names(root)


def untranslated(catalogue: Catalogue) -> Iterator[str]:
    """Yield the messages that French or Arabic lack, or whose places differ."""
    for language in TRANSLATED:
        own = load(catalogue.po(language), language)
        shared = load(CATALOGUES[0].po(language), language)
        seen = set()
        for root in catalogue.sources:
            for message in messages(root):
                if message.id in seen:
                    continue
                seen.add(message.id)
                entry = own.get(message.singular) or shared.get(message.singular)
                strings = entry.string if entry and not entry.fuzzy else ""
                forms = [form or "" for form in (strings if isinstance(strings, tuple | list) else [strings])]
                where = f"{message.path.relative_to(ROOT)}:{message.line}: {message.singular!r}"
                if not all(forms):
                    yield f"{where} has no {language} translation"
                elif not places_agree(message.singular, message.plural, forms):
                    yield f"{where} has other places in {language}"


def places_agree(singular: str, plural: str | None, forms: list[str]) -> bool:
    """Tell whether each translation has the places of its text; a plural form may leave them out."""
    wanted = set(PLACE.findall(singular)) | set(PLACE.findall(plural or ""))
    found = [set(PLACE.findall(form)) for form in forms]
    if plural is None:
        return found[0] == wanted
    return all(one <= wanted for one in found) and found[-1] == wanted


def raw_texts(path: Path) -> Iterator[str]:
    """Yield the texts of a template that stand outside ``_()`` and ``{% trans %}``."""
    source = path.read_text("utf-8")
    parser = _Texts()
    parser.feed(JINJA.sub(lambda found: "\n" * found.group().count("\n") or " ", source))
    for line, text in parser.found:
        yield f"{path.relative_to(ROOT)}:{line}: unmarked text {text!r}"


class _Texts(HTMLParser):
    """Collects what a browser would show."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        hidden = tag in UNTRANSLATED_TAGS or values.get("translate") == "no"
        if tag not in VOID:
            self._open.append((tag, hidden))
        for name in SHOWN_ATTRIBUTES & values.keys():
            self._look(values[name] or "")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(hidden for _, hidden in self._open):
            self._look(data)

    def _look(self, text: str) -> None:
        if LETTERS.search(text):
            self.found.append((self.getpos()[0], " ".join(text.split())[:60]))


def raw_arguments(path: Path) -> Iterator[str]:
    """Yield literal sentences handed to macros: ``field("name", "Company name")``."""
    for text, line in _literals(template_tree(path)):
        if SENTENCE.search(text) and not TECHNICAL.search(text):
            yield f"{path.relative_to(ROOT)}:{line}: unmarked text {text!r}"


def _literals(node: nodes.Node) -> Iterator[tuple[str, int]]:
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in MARKERS:
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value, node.lineno
    if isinstance(node, nodes.Filter) and node.name in {"strftime", "format", "replace"}:
        return
    for child in node.iter_child_nodes():
        yield from _literals(child)


def unmarked_errors(path: Path) -> Iterator[str]:
    """Yield errors whose sentence is built on the spot, so that nobody can translate it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Call) and called(node) in ERRORS and node.args:
            built = isinstance(node.args[0], ast.JoinedStr | ast.BinOp) or (
                isinstance(node.args[0], ast.Call) and called(node.args[0]) == "format"
            )
            if built:
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                yield f"{place}: {called(node)} with a sentence built on the spot"


def incomplete_names(root: Path) -> Iterator[str]:
    """Yield ``{"fr", "ar", "en"}`` names of data files that lack a language."""
    for folder in sorted(root.rglob("catalogue")):
        for path in sorted([*folder.rglob("*.json"), *folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
            text = path.read_text("utf-8")
            data = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
            for place in _incomplete(data, ""):
                yield f"{path.relative_to(ROOT)}: {place} is not in the three languages"


def _incomplete(data: Any, place: str) -> Iterator[str]:
    if isinstance(data, dict):
        if "fr" in data and not all(data.get(language) for language in LANGUAGES):
            yield place
        for key, value in data.items():
            yield from _incomplete(value, f"{place}.{key}".lstrip("."))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _incomplete(value, f"{place}[{index}]")


if __name__ == "__main__":
    sys.exit(main())
