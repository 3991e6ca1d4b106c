"""Every address of the counter that can be read, filled with what a test knows."""

import uuid
from collections.abc import Iterator, Mapping

from flask import Flask
from werkzeug.routing import Rule


def addresses(app: Flask, known: Mapping[str, str]) -> Iterator[tuple[Rule, str]]:
    """A name that means several things is looked up behind a part of the address first: ``desks/code``."""
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and "/assets/" not in rule.rule:
            nothing = str(uuid.UUID(int=7))
            parts = [part for part in rule.rule.split("/") if part and not part.startswith("<")]
            values = {
                name: next((known[key] for key in _keys(parts, name) if key in known), nothing)
                for name in rule.arguments
            }
            for name, converter in rule._converters.items():
                if type(converter).__name__ == "IntegerConverter":
                    values[name] = "1"
            yield rule, _filled(rule, values)


def _keys(parts: list[str], name: str) -> list[str]:
    return [*(f"{part}/{name}" for part in reversed(parts)), name]


def _filled(rule: Rule, values: Mapping[str, str]) -> str:
    return "".join(values[part] if is_name else part for is_name, part in rule._trace).replace("|", "")
