"""The values at the top level of a YAML document, as written.

The YAML is read as a stream of events and never built into objects. So values stay as written (``1.10`` and
``2024-01-01`` are just these characters), and the reader is safe against deep nesting (which makes PyYAML's
composer over libyaml overflow the stack and crash the process) and against references that multiply.
"""

import re
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Any, NamedTuple

import yaml

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML without libyaml
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "Loader",
    "Value",
    "fields_of",
    "is_readable",
    "plain_value",
    "read_values",
]

MAX_BYTES = 64 * 1024
"""A longer document is not read at all."""

MAX_FIELDS = 1000
"""The most fields of a broken document that are read one by one."""

MAX_DEPTH = 32
"""Deeper collections are not read."""

_KEY = re.compile(r"^[^\s#\-:\[\]{},&*!|>'\"%@`][^:\n]*:(?=[ \t\n]|\Z)", re.MULTILINE)
_PLAIN = re.compile(r"[^:\n]*:[ \t]+(?P<value>[^\s\[{&*!|>'\"%@`#][^\n]*)")
_MORE = re.compile(r"^[ \t]*[^\s#]", re.MULTILINE)
_COMMENT = re.compile(r"[ \t]#")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Value(NamedTuple):
    """A key's value, or an item of its list; `line` is counted from 0."""

    key: str
    value: str
    line: int
    in_list: bool


class Field(NamedTuple):
    """The lines of one top-level key: where they begin and end in the YAML, and the first one, from 0."""

    start: int
    end: int
    line: int


def read_values(document: str) -> tuple[list[Value], list[int]]:
    """Return the scalars under the top-level keys, as values or list items, and the lines that are not YAML.

    Where the document is not YAML, its fields are read one by one. The lines are those where fields begin.
    """
    if not is_readable(document):
        return [], []
    try:
        return list(_scalars(document)), []
    except yaml.YAMLError:
        pass
    values: list[Value] = []
    broken: list[int] = []
    for field in fields_of(document):
        text = document[field.start : field.end]
        try:
            values += [value._replace(line=value.line + field.line) for value in _scalars(text)]
        except yaml.YAMLError:
            broken.append(field.line)
            if (plain := plain_value(text)) is not None and text[slice(*plain)] not in _NULLS:
                key = text.partition(":")[0].strip().casefold()
                values.append(Value(key, text[slice(*plain)], field.line, in_list=False))
    return values, broken


def is_readable(document: str) -> bool:
    """Whether a document is short enough to be read, and text that can be encoded."""
    if len(document) > MAX_BYTES:
        return False
    try:
        return len(document.encode()) <= MAX_BYTES
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


def fields_of(document: str) -> list[Field]:
    """Return the fields of YAML that is broken; of very many, only the first ones."""
    starts = [key.start() for key in islice(_KEY.finditer(document), MAX_FIELDS)]
    fields: list[Field] = []
    line, counted = 0, 0
    for start, end in pairwise([*starts, len(document)]):
        line += document.count("\n", counted, start)
        counted = start
        fields.append(Field(start, end, line))
    return fields


def plain_value(field: str) -> tuple[int, int] | None:
    """Return where the value of a field begins and ends that is not YAML, as plain text.

    Return None if its value is not on one line, or begins like a list, a quote or another sign of YAML.
    """
    found = _PLAIN.match(field)
    if found is None or _MORE.search(field, found.end()):
        return None
    start, end = found.span("value")
    comment = _COMMENT.search(field, start, end)
    value = field[start : comment.start() if comment else end].rstrip()
    return (start, start + len(value)) if value.isprintable() else None


def _scalars(document: str) -> Iterator[Value]:
    depth = 0
    key: str | None = None
    in_list = False
    events: Iterator[Any] = yaml.parse(document, Loader=Loader)
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH or (depth == 1 and not isinstance(event, yaml.MappingStartEvent)):
                return
            if depth == 2:
                in_list = isinstance(event, yaml.SequenceStartEvent)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            if depth == 1:
                key, in_list = None, False
        elif isinstance(event, yaml.NodeEvent) and (depth == 1 or (depth == 2 and in_list)):
            scalar = event.value if isinstance(event, yaml.ScalarEvent) else ""
            if depth == 1 and key is None:
                key = scalar.strip().casefold()
                continue
            if key and not _is_null(event):
                yield Value(key, scalar, event.start_mark.line if event.start_mark else 0, in_list)
            if depth == 1:
                key = None


def _is_null(event: Any) -> bool:
    """Whether the event is not a usable value: null, or a collection inside a list."""
    return not isinstance(event, yaml.ScalarEvent) or (event.implicit[0] and event.value in _NULLS)
