"""Edits that change the links of a text and nothing else: for renames, and for full-width brackets."""

import re
from collections.abc import Callable, Iterable
from urllib.parse import quote

from crdtnotes.crdt.ops import Patch
from crdtnotes.markup.inline import has_extension
from crdtnotes.markup.outline import Link, outline
from crdtnotes.markup.wikilink import BAR, HASH, escape_target, match_wikilink

# Characters that a Markdown link's destination may contain unencoded, besides letters, digits and "_.-~".
_PLAIN = "/!$'*+,;=@"
_SPECIAL_IN_ANGLES = frozenset("%<>#?&:\\")
_ENCODED_LETTER = re.compile(r"%[89A-Fa-f][0-9A-Fa-f]")


def retarget(text: str, new_target: Callable[[Link], str | None]) -> list[Patch]:
    """The edits that make links go elsewhere, in the order of the text; positions are those before any edit.

    ``new_target`` is called for each link that has a target and returns a name or a relative target, or None
    to leave the link alone; the present target gives an edit, too. Headings, labels, brackets, ``.md`` and
    the encoding of a Markdown link stay.
    """
    edits: set[Patch] = set()  # links by one definition share its edit
    for link in outline(text).links:
        if not link.target:
            continue
        target = new_target(link)
        if target is None:
            continue
        if target == link.target:
            edits.add(
                _replacing(link.target_start, link.target_end, text[link.target_start : link.target_end])
            )
        elif link.scalar is not None:
            from crdtnotes.markup.yamllinks import target_edits

            edits.update(target_edits(text, link, escape_target(target)))
        else:
            written = _as_destination(text, link, target) if link.markdown else escape_target(target)
            edits.add(_replacing(link.target_start, link.target_end, written))
    return _without_overlaps(edits)


def bracket_edits(text: str) -> list[Patch]:
    """The edits that turn wiki-links with full-width characters into ASCII ones (also ``！｜＃``).

    Full-width separators in ASCII brackets change too. Labels and targets stay. A link whose meaning would
    change is left as it is.
    """
    edits: list[Patch] = []
    for link in outline(text).links:
        if not link.markdown and link.scalar is None:
            edits += _normalised(text, link)
    return edits


def normalise_brackets(text: str) -> str:
    """``text`` with full-width wiki-links turned into ASCII ones; see :func:`bracket_edits`."""
    if not any(character in text for character in "【［｜＃"):
        return text
    return apply_edits(text, bracket_edits(text))


def apply_edits(text: str, edits: Iterable[Patch]) -> str:
    """``text`` after ``edits``, which are in order and do not overlap; positions are those before any."""
    parts: list[str] = []
    done = 0
    for start, removed, inserted in edits:
        parts += [text[done:start], inserted]
        done = start + removed
    parts.append(text[done:])
    return "".join(parts)


def _without_overlaps(edits: Iterable[Patch]) -> list[Patch]:
    """Edits in order; where one escapes a character of a target that another replaces, without the former."""
    kept: list[Patch] = []
    done = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.removed)):
        if edit.start >= done:
            kept.append(edit)
            done = edit.start + edit.removed
    return kept


def _replacing(start: int, end: int, text: str) -> Patch:
    """The edit that puts ``text`` in place of the code points from ``start`` to before ``end``."""
    return Patch(start, end - start, text)


def _as_destination(text: str, link: Link, target: str) -> str:
    """A target in the form for ``[label](target.md)``, encoded to the same extent as the old target."""
    if has_extension(target) and text[link.target_end : link.target_end + 3].lower() != ".md":
        target += ".md"
    if text[link.target_start - 1] == "<":
        return "".join(quote(one, safe="") if one in _SPECIAL_IN_ANGLES else one for one in target)
    if _ENCODED_LETTER.search(text, link.target_start, link.target_end):
        return quote(target, safe=_PLAIN)
    # Letters beyond ASCII stay readable unless the old target has them encoded.
    return "".join(one if one.isalnum() else quote(one, safe=_PLAIN) for one in target)


def _normalised(text: str, link: Link) -> list[Patch]:
    inner_start = link.start + 2 + (link.kind == "embed")
    inner_end = link.end - 2
    edits = [
        _replacing(link.start, inner_start, "![[" if link.kind == "embed" else "[["),
        _replacing(inner_end, link.end, "]]"),
    ]
    bar = BAR.search(text, inner_start, inner_end)
    fragment = HASH.search(text, inner_start, bar.start() if bar else inner_end)
    if bar and bar[0][-1] == "｜":
        edits.insert(1, _replacing(bar.start(), bar.end(), "\\|" if link.cell else "|"))
    if fragment:
        edits.insert(1, _replacing(fragment.start(), fragment.end(), "#"))
    edits = [edit for edit in edits if text[edit.start : edit.start + edit.removed] != edit.inserted]
    if not edits:
        return []
    relative = [edit._replace(start=edit.start - link.start) for edit in edits]
    written = apply_edits(text[link.start : link.end], relative)
    again = match_wikilink(written, 0)
    same = (
        again is not None
        and again.end == len(written)
        and (again.embed, again.target, again.heading, again.block, again.label)
        == (link.kind == "embed", link.target, link.heading, link.block, link.label)
    )
    return edits if same else []
