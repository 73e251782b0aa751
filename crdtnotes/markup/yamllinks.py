"""Wiki-links in the YAML of the front matter: ``parent: "[[Note]]"``.

A link may be anywhere in a scalar, or stand without quotes: YAML reads ``up: [[Note]]`` as a list in a list,
but people mean the link. Where a rename writes a new target, the YAML stays valid: the target is escaped as
the scalar's quotes need it, and a scalar without quotes gets some if the target has signs of YAML.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from crdtnotes.crdt.ops import Patch
from crdtnotes.markup.inline import Link
from crdtnotes.markup.kinds import KIND_EMBED, KIND_LINK
from crdtnotes.markup.wikilink import WikiLink, match_wikilink
from crdtnotes.markup.yamlvalues import MAX_DEPTH, Loader, fields_of, is_readable, plain_value

UNQUOTED = "-"
"""The `quoting` of a scalar without quotes."""

_OPENING = re.compile(r"[!！]?(?:\[\[|【【|［［)")
_SAFE = re.compile(r"(?:[^\W_]|[ _./()+=~^$;-]|[^\x00-\x7f])*")


class _Scalar(NamedTuple):
    """Where a scalar is in the YAML, and how it is quoted (`Link.quoting`)."""

    start: int
    end: int
    quoting: str


def read_links(source: str, start: int, end: int) -> list[Link]:
    """Return the wiki-links in the YAML ``source[start:end]``, in order."""
    if not _OPENING.search(source, start, end):
        return []
    document = source[start:end]
    if not is_readable(document):
        return []
    try:
        scalars = list(_scalars(document))
    except yaml.YAMLError:
        scalars = list(_scalars_of_fields(document))
    found: list[Link] = []
    for scalar in scalars:
        pos = scalar.start
        while opening := _OPENING.search(document, pos, scalar.end):
            link = _link_at(document, opening.start(), scalar, start)
            if link is not None:
                found.append(link)
            pos = opening.end() if link is None else link.end - start
    return found


def target_edits(source: str, link: Link, written: str) -> list[Patch]:
    """The edits that write another target in a scalar of the front matter, in order of position."""
    edits: list[Patch] = []
    if link.quoting == '"':
        written = written.replace("\\", "\\\\").replace('"', '\\"')
    elif link.quoting == "'":
        written = written.replace("'", "''")
    elif link.quoting == UNQUOTED and link.scalar is not None and not _SAFE.fullmatch(written):
        written = written.replace("'", "''")
        start, end = link.scalar
        edits = [Patch(start, 0, "'"), Patch(end, 0, "'")]
        edits += [
            Patch(at, 1, "''")
            for at in range(start, end)
            if source[at] == "'" and not link.target_start <= at < link.target_end
        ]
    edits.append(Patch(link.target_start, link.target_end - link.target_start, written))
    return sorted(edits)


def _link_at(document: str, pos: int, scalar: _Scalar, offset: int) -> Link | None:
    link = match_wikilink(document, pos)
    if link is None or link.end > scalar.end:
        return None
    read = _read(document[link.start : link.end], scalar.quoting)
    if read is None or not read.target:
        return None
    return Link(
        KIND_EMBED if link.embed else KIND_LINK,
        read.target,
        read.heading,
        read.block,
        read.label,
        0,
        link.start + offset,
        link.end + offset,
        link.target_start + offset,
        link.target_end + offset,
        markdown=False,
        cell=False,
        scalar=(scalar.start + offset, scalar.end + offset),
        quoting=scalar.quoting,
    )


def _read(written: str, quoting: str) -> WikiLink | None:
    """The link that a part of a scalar means; None if it is none once it is read as YAML."""
    if quoting == "'":
        written = written.replace("''", "'")
    elif quoting == '"' and "\\" in written:
        try:
            written = str(yaml.load(f'"{written}"', Loader=Loader))  # noqa: S506 - a scalar, by a safe loader
        except (yaml.YAMLError, ValueError):
            return None
    link = match_wikilink(written, 0)
    return link if link is not None and link.end == len(written) else None


def _scalars(document: str) -> Iterator[_Scalar]:
    """Yield the scalars, and lists of one list of one scalar, ``[[x]]``, as one without quotes."""
    events: list[Any] = []
    depth = 0
    parsed: Iterator[Any] = yaml.parse(document, Loader=Loader)
    for event in parsed:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            return
        events = [*events[-4:], event]
        if isinstance(event, yaml.ScalarEvent):
            yield _Scalar(_begin(event), _end(event), _quoting(event))
        elif _is_bracketed(events, document):
            yield _Scalar(_begin(events[0]), _end(event), UNQUOTED)


def _scalars_of_fields(document: str) -> Iterator[_Scalar]:
    """Yield the scalars of each field of YAML that is broken."""
    for start, end, _ in fields_of(document):
        text = document[start:end]
        try:
            found = list(_scalars(text))
        except yaml.YAMLError:
            plain = plain_value(text)
            found = [] if plain is None else [_Scalar(*plain, "")]
        for scalar in found:
            yield scalar._replace(start=scalar.start + start, end=scalar.end + start)


def _begin(event: Any) -> int:
    return int(event.start_mark.index)


def _end(event: Any) -> int:
    return int(event.end_mark.index)


def _quoting(event: Any) -> str:
    if event.style in ('"', "'"):
        return str(event.style)
    return UNQUOTED if event.style in (None, "") else ""


def _is_bracketed(events: list[Any], document: str) -> bool:
    """Whether the last five events are ``[[scalar]]``, without anything between the brackets."""
    if len(events) < 5 or not isinstance(events[4], yaml.SequenceEndEvent):
        return False
    outer, inner, scalar, inner_end, outer_end = events
    return (
        isinstance(outer, yaml.SequenceStartEvent)
        and isinstance(inner, yaml.SequenceStartEvent)
        and isinstance(scalar, yaml.ScalarEvent)
        and isinstance(inner_end, yaml.SequenceEndEvent)
        and scalar.style in (None, "")
        and document.startswith("[[", _begin(outer))
        and document.startswith("]]", _end(outer_end) - 2)
    )
