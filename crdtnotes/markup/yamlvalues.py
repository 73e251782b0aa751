"""The values at the top level of a YAML document, as they are written.

The YAML is read as a stream of events, never built into objects: values stay as they are written (``1.10``
and ``2024-01-01`` are those characters), and neither deep nesting (on which PyYAML's composer over libyaml
overflows the stack and takes the process with it) nor references that multiply can do harm.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without libyaml
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

MAX_BYTES = 64 * 1024
"""Nothing is read from a longer document."""

_MAX_DEPTH = 32
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Value(NamedTuple):
    """A value that stands under a key, or in a list there; `line` is counted from 0."""

    key: str
    value: str
    line: int
    in_list: bool


def read_values(document: str) -> list[Value]:
    """Return the scalars that the top level's keys have as a value or in a list; none if it is not YAML."""
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
    events: Iterator[Any] = yaml.parse(document, Loader=_Loader)
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH or (depth == 1 and not isinstance(event, yaml.MappingStartEvent)):
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
    """Nothing that could be a value: null, or a list in a list."""
    return not isinstance(event, yaml.ScalarEvent) or (event.implicit[0] and event.value in _NULLS)
