"""Blocks as rows of a width."""

from collections.abc import Collection, Iterator, Sequence
from itertools import zip_longest

from crdtnotes_tui.text.reading.blocks import Block, Callout, Code, Holder, Paragraph, Rule, Table
from crdtnotes_tui.text.reading.pieces import Piece, Row
from crdtnotes_tui.text.reading.tables import column_widths
from crdtnotes_tui.text.reading.wrap import cells, cut, line_ends, split, wrap

MAX_PROSE = 100
"""Prose is not wider than this, in cells, so that it stays easy to read."""

MIN_WIDTH = 8
"""Blocks nested so deep that less is left are laid out in this width, and cut off."""

_GAP = " │ "


def rows_of(blocks: Sequence[Block], width: int, toggled: Collection[int] = ()) -> list[Row]:
    """Return the rows of blocks in `width` cells.

    `toggled` has the lines of the callouts that are shown the other way round than they are at first.
    """
    return list(_stacked(blocks, width, toggled, tight=False))


def _stacked(blocks: Sequence[Block], width: int, toggled: Collection[int], *, tight: bool) -> Iterator[Row]:
    """Yield the rows of blocks one below the other, with empty rows between them."""
    for at, block in enumerate(blocks):
        if at and not tight:
            yield Row(max(0, block.line - 1))
        yield from _block(block, max(MIN_WIDTH, width), toggled)


def _block(block: Block, width: int, toggled: Collection[int]) -> Iterator[Row]:
    if isinstance(block, Paragraph):
        yield from _paragraph(block, min(width, MAX_PROSE))
    elif isinstance(block, Code):
        yield from _code(block, min(width, MAX_PROSE))
    elif isinstance(block, Table):
        yield from _table(block, width)
    elif isinstance(block, Rule):
        yield Row(block.line, (Piece("─" * min(width, MAX_PROSE), "rule"),))
    elif isinstance(block, Callout):
        yield from _callout(block, width, toggled)
    else:
        yield from _holder(block, width, toggled)


def _paragraph(block: Paragraph, width: int) -> Iterator[Row]:
    level_style = {0: "", 1: "title", 2: "heading"}.get(block.level, "heading")
    pieces = [one.styled(level_style) for one in block.pieces] if level_style else block.pieces
    widest = 0
    for below, line in enumerate(split(pieces)):
        for part in split(line, "\u2028"):
            for row in wrap(part, width):
                widest = max(widest, cells(row))
                yield Row(block.line + below, tuple(row))
    if block.level in (1, 2):
        yield Row(block.line, (Piece(("━" if block.level == 1 else "─") * widest, "rule"),))


def _code(block: Code, width: int) -> Iterator[Row]:
    for below, line in enumerate(block.lines):
        text = "".join(piece.text for piece in line)
        for row in _hard_wrapped(line, text, width - 2):
            room = width - 2 - cells(row)
            shown = (
                Piece(" ", "block"),
                *(one.styled("block") for one in row),
                Piece(" " * (room + 1), "block"),
            )
            yield Row(block.line + below, shown)


def _hard_wrapped(line: Sequence[Piece], text: str, width: int) -> list[list[Piece]]:
    if cells(line) <= width:
        return [list(line)]
    return wrap(line, width) if " " in text else [*_slices(line, text, width)]


def _slices(line: Sequence[Piece], text: str, width: int) -> Iterator[list[Piece]]:
    start = 0
    for end in line_ends(text, width):
        yield cut(line, start, end)
        start = end


def _holder(block: Holder, width: int, toggled: Collection[int]) -> Iterator[Row]:
    lead = cells([block.first])
    before, empty = block.first, True
    for row in _stacked(block.blocks, width - lead, toggled, tight=block.tight):
        line = block.line if block.fixed else row.line
        yield Row(line, (before, *(_under(row, block.style))) if before.text else _under(row, block.style))
        before, empty = block.later, False
    if empty and lead:
        yield Row(block.line, (block.first,))


def _under(row: Row, style: str) -> tuple[Piece, ...]:
    return tuple(piece.under(style) for piece in row.pieces) if style else row.pieces


def _callout(block: Callout, width: int, toggled: Collection[int]) -> Iterator[Row]:
    folded = block.folded != (block.line in toggled)
    title = list(block.title.pieces)
    if block.fold is not None:
        title.append(Piece(" ▸" if folded else " ▾", title[0].style, block.fold))
    head = Paragraph(block.title.line, title)
    yield from _holder(Holder(block.line, [head], block.bar, block.bar), width, toggled)
    if block.blocks and not folded:
        yield from _holder(Holder(block.line, block.blocks, block.bar, block.bar), width, toggled)


# -- tables


def _table(block: Table, width: int) -> Iterator[Row]:
    columns = len(block.aligns)
    if not columns:
        return
    needed = [max(1, *(max(map(cells, _cell_lines(row, at))) for row in block.rows)) for at in range(columns)]
    widths = column_widths(needed, width - len(_GAP) * (columns - 1))
    if widths is None:
        yield from _records(block, width)
        return
    for number, row in enumerate(block.rows):
        # The line of dashes is the second one of the source.
        line = block.line + number + (number > 0)
        wrapped = [
            [part for one in _cell_lines(row, at) for part in wrap(one, widths[at])] for at in range(columns)
        ]
        for parts in zip_longest(*wrapped, fillvalue=()):
            yield Row(line, tuple(_table_row(parts, widths, block.aligns, head=not number)))
        if not number:
            dashes = "─┼─".join("─" * one for one in widths)
            yield Row(line, (Piece(dashes, "rule"),))


def _cell_lines(row: Sequence[Sequence[Piece]], at: int) -> list[list[Piece]]:
    return split(row[at], "\u2028") if at < len(row) else [[]]


def _table_row(
    parts: Sequence[Sequence[Piece]], widths: Sequence[int], aligns: Sequence[str], *, head: bool
) -> Iterator[Piece]:
    for at, (part, width, align) in enumerate(zip(parts, widths, aligns, strict=True)):
        if at:
            yield Piece(_GAP, "rule")
        room = max(0, width - cells(part))
        left = {"right": room, "center": room // 2}.get(align, 0)
        if left:
            yield Piece(" " * left)
        yield from (piece.styled("strong") for piece in part) if head else part
        if room > left:
            yield Piece(" " * (room - left))


def _records(block: Table, width: int) -> Iterator[Row]:
    """Yield a table that is too wide: for each row, one line for each column, `head: cell`."""
    heads = block.rows[0]
    for number, row in enumerate(block.rows[1:], 1):
        if number > 1:
            yield Row(block.line + number, (Piece("─" * min(width, 8), "rule"),))
        for head, cell in zip(heads, row, strict=False):
            pieces = [*(one.styled("strong") for one in head), Piece(": ", "strong"), *cell]
            for line in split(pieces, "\u2028"):
                yield from (Row(block.line + number + 1, tuple(part)) for part in wrap(line, width))
