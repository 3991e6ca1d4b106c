"""A YAML text with its places: what is wrong with the data is shown where it was written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from services.guichet.domain.catalogue_entries import Path

_VERSION = re.compile(r"^version:.*\n", re.MULTILINE)
LONGEST = 60_000
DEEPEST = 20

# The parser in C where there is one: the same result in a tenth of the time.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something that is not even YAML, or not the YAML meant; the sentence is the parser's own."""

    line: int | None
    message: str


class NotYaml(ValueError):
    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.message)
        self.mistake = mistake


@dataclass(frozen=True, slots=True)
class Source:
    """The data of a text; ``data`` is made of mappings, lists, texts, numbers and truth values."""

    data: Any
    node: yaml.Node
    mistakes: tuple[Mistake, ...]

    def line_of(self, path: Path) -> int:
        """The line of the entry, or of the closest thing around it that exists."""
        node = self.node
        line = node.start_mark.line
        for step in path:
            child = None
            if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                child = node.value[step]
            elif isinstance(node, yaml.MappingNode):
                child = next((value for key, value in node.value if key.value == step), None)
            if child is None:
                break
            node, line = child, child.start_mark.line
        return int(line) + 1


def read_source(text: str) -> Source:
    """Read a text.

    Raises:
        NotYaml: it cannot be read at all.
    """
    if len(text) > LONGEST:
        raise NotYaml(Mistake(None, f"the text is longer than {LONGEST} characters"))
    try:
        _refuse_aliases_and_depth(text)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            data = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYaml(Mistake(mark.line + 1 if mark else None, str(error.problem))) from error
    except (yaml.YAMLError, ValueError) as error:
        raise NotYaml(Mistake(None, str(error))) from error
    if node is None:
        raise NotYaml(Mistake(None, "the file is empty"))
    return Source(data, node, tuple(_repeated_keys(node)))


def without_version(text: str) -> str:
    """The text of a procedure or a bundle less its version, which is given when it is published."""
    return _VERSION.sub("", text, count=1)


def written(data: Any) -> str:
    """Data as the text people edit."""
    return str(yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=110))


def _refuse_aliases_and_depth(text: str) -> None:
    """A few lines of aliases of aliases stand for gigabytes; brackets in brackets exhaust the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise NotYaml(Mistake(_line(event), "aliases (*name) are not used here"))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise NotYaml(Mistake(_line(event), "this is nested too deeply"))


def _line(event: yaml.Event) -> int | None:
    return event.start_mark.line + 1 if event.start_mark else None


def _repeated_keys(node: yaml.Node) -> Iterator[Mistake]:
    """YAML keeps the last of two equal keys without a word; the first one was meant too."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = key.value if isinstance(key.value, str) else ""
            if name in seen:
                yield Mistake(key.start_mark.line + 1, f"“{name}” is there twice")
            seen.add(name)
            yield from _repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated_keys(value)
