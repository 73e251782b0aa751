"""The values at the top level of a YAML document, as written.

The YAML is read as a stream of events and never built into objects. So values stay as written (``1.10`` and
``2024-01-01`` are just these characters), and the reader is safe against deep nesting (which makes PyYAML's
composer over libyaml overflow the stack and crash the process) and against references that multiply.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML without libyaml
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Loader", "Value", "read_values"]

MAX_BYTES = 64 * 1024
"""A longer document is not read at all."""

MAX_DEPTH = 32
"""Deeper collections are not read."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Value(NamedTuple):
    """A key's value, or an item of its list; `line` is counted from 0."""

    key: str
    value: str
    line: int
    in_list: bool


def read_values(document: str) -> list[Value]:
    """Return the scalars under the top-level keys, as values or list items; none if it is not YAML."""
    if len(document) > MAX_BYTES:
        return []
    try:
        if len(document.encode()) > MAX_BYTES:
            return []
        return list(_scalars(document))
    except (yaml.YAMLError, ValueError):  # ValueError: half of a surrogate pair
        return []


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
