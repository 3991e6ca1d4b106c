"""Finding the texts of the product in its code and templates."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, nodes
from jinja2.ext import babel_extract

# Functions whose first argument is shown to somebody, with those of our errors: a sentence given
# to an error is translated where it reaches the user, marked or not.
ONE = frozenset({"_", "gettext", "lazy_gettext", "N_"})
PLURAL = frozenset({"ngettext", "lazy_ngettext", "NN_"})
ERRORS = frozenset(
    {"DomainError", "InvalidInput", "NotFound", "Conflict", "Forbidden", "ValidationError", "MalformedBody"}
)
TEMPLATE_KEYWORDS = ("_", "gettext", "ngettext")


@dataclass(frozen=True, slots=True)
class Message:
    """One text, with its plural when it has one, and where it stands."""

    singular: str
    plural: str | None
    path: Path
    line: int

    @property
    def id(self) -> str | tuple[str, str]:
        """Return the msgid as Babel's catalogues spell it."""
        return (self.singular, self.plural) if self.plural is not None else self.singular


def python_files(root: Path) -> Iterator[Path]:
    """Yield the modules under ``root`` that may hold texts."""
    for path in sorted(root.rglob("*.py")):
        if "migrations" not in path.parts and "node_modules" not in path.parts:
            yield path


def template_files(root: Path) -> Iterator[Path]:
    """Yield the templates of pages and of mails under ``root``."""
    found = sorted([*root.rglob("*.html"), *root.rglob("*.txt")])
    yield from (path for path in found if "templates" in path.parts)


def messages(root: Path) -> Iterator[Message]:
    """Yield every text under ``root``."""
    for path in python_files(root):
        yield from python_messages(path)
    for path in template_files(root):
        yield from template_messages(path)


def python_messages(path: Path) -> Iterator[Message]:
    """Yield the texts of one module."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = called(node)
        texts = [
            a.value if isinstance(a, ast.Constant) and isinstance(a.value, str) else None for a in node.args
        ]
        if name in ONE | ERRORS and texts[0]:
            yield Message(texts[0], None, path, node.lineno)
        elif name in PLURAL and len(texts) > 1 and texts[0] and texts[1]:
            yield Message(texts[0], texts[1], path, node.lineno)


def called(node: ast.Call) -> str:
    """Return the last name of what is called: ``ValidationError`` for ``ma.ValidationError(…)``."""
    function = node.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def template_messages(path: Path) -> Iterator[Message]:
    """Yield the texts of one template."""
    with path.open("rb") as file:
        for line, _function, found, _comments in babel_extract(
            file, TEMPLATE_KEYWORDS, [], {"trimmed": "true", "silent": "false"}
        ):
            texts = found if isinstance(found, tuple) else (found,)
            if texts[0]:
                yield Message(texts[0], texts[1] if len(texts) > 1 and texts[1] else None, path, line)


def template_tree(path: Path) -> nodes.Template:
    """Return the syntax tree of a template."""
    return Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(path.read_text("utf-8"))
