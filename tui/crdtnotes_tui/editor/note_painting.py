"""Painting a note: styled text, the caret and the selection, and the carets of others.

Only the visible sections of a line are styled and painted, so a huge line costs no more than a short one.
"""

from collections.abc import Hashable, Sequence

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.cache import LRUCache
from textual.strip import Strip

from crdtnotes.terminal.text import visible
from crdtnotes_tui.editor.caret_overlay import Stretch, mark
from crdtnotes_tui.editor.changed_lines import PaintsChangedLines
from crdtnotes_tui.editor.line_cache import LineCache
from crdtnotes_tui.editor.remote_carets import Mark
from crdtnotes_tui.editor.wrapping import Wrapping
from crdtnotes_tui.notes.buffer import Buffer
from crdtnotes_tui.notes.catalogue import Catalogue
from crdtnotes_tui.notes.document import NoteDocument
from crdtnotes_tui.text.graphemes import cluster_end
from crdtnotes_tui.text.styling import STYLES, Part, code_lines


class NotePainting(PaintsChangedLines):
    """Paints the note of a buffer."""

    COMPONENT_CLASSES = {f"note--{style}" for style in STYLES}

    _wrapping: Wrapping

    def __init__(self, id: str | None = None) -> None:
        self.marks: Sequence[Mark] = ()
        self.buffer: Buffer | None = None
        self.catalogue = Catalogue()
        self._lines = LineCache()
        self._strips: LRUCache[tuple[object, ...], Strip] = LRUCache(2048)
        self._part_styles: dict[str, Style] = {}
        self._blocks: list[str | None] = []
        self._blocks_of: tuple[int, int] = (0, -1)
        super().__init__(id=id, tab_behavior="indent", show_line_numbers=False, disabled=True)

    @property
    def note_document(self) -> NoteDocument:
        """The document, typed as a NoteDocument."""
        if not isinstance(self.document, NoteDocument):
            raise TypeError("the editor shows notes only")
        return self.document

    def update_catalogue(self, catalogue: Catalogue) -> None:
        """Take the names of all notes, on which the look of links depends."""
        self.catalogue = catalogue
        self._lines.clear()
        self._strips.clear()
        self._line_cache.clear()
        self.repaint_all()

    def notify_style_update(self) -> None:
        """Drop caches that depend on styles."""
        self._part_styles.clear()
        self._lines.clear()
        self._strips.clear()
        self._looks = None
        super().notify_style_update()

    def look_of(self, y: int) -> Hashable:
        """Return the data that the picture of a screen line depends on: text, styles, selection, carets."""
        top = self.scroll_offset.y + y
        place = self._wrapping.line_at(top)
        state = (self.size, self.has_focus, self.disabled)
        stretches = tuple(self._stretches(top))
        if place is None:
            return state, stretches, self.cursor_location if y == 0 else None
        row, section = place
        begin, end = self._wrapping.columns(row, section)
        shown = self.document.get_line(row)[begin:end]
        parts = self._parts(row, begin, end)
        return shown, parts, state, self._selected_in(row, begin, end), stretches

    def _parts(self, row: int, begin: int, end: int) -> tuple[Part, ...]:
        """Return the styled parts of a section of a line, with columns that count from its beginning."""
        line, block = self.document.get_line(row), self._blocks_now()[row]
        return self._lines.get(line, block, begin, end, self._resolves)

    def _selected_in(self, row: int, begin: int, end: int) -> Hashable:
        """Return the parts of caret and selection in these columns of a line, relative to the first."""
        first, last = sorted(self.selection)
        if not (first <= (row, end) and last >= (row, begin)):
            return None
        low = max(begin, first[1]) if first[0] == row else begin
        high = min(end, last[1]) if last[0] == row else end + 1
        at_row, column = self.selection.end
        return low - begin, high - begin, column - begin if at_row == row else None

    def render_line(self, y: int) -> Strip:
        """Return a line of the screen; lines without caret and selection are cached."""
        place = self._wrapping.line_at(self.scroll_offset.y + y)
        if place is None:
            return self._with_marks(super().render_line(y), y)
        return self._with_marks(self._render_section(*place), y)

    def _render_section(self, row: int, section: int) -> Strip:
        begin, end = self._wrapping.columns(row, section)
        line = self.document.get_line(row)
        parts = self._parts(row, begin, end)
        last = end == len(line)
        first, final = sorted(self.selection)
        if first[0] <= row <= final[0]:
            return self._painted(self._with_caret(line, row, begin, end, parts), row == self.selection.end[0])
        key = (line[begin:end], parts, last, self.size, self.has_focus)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._painted(self._styled(line[begin:end], parts, last), False)
        return strip

    def _styled(self, shown: str, parts: Sequence[Part], last: bool) -> Text:
        """Return a section with its styles; the last one of a line has room for the caret at its end."""
        text = Text(visible(shown) + " " * last, end="", no_wrap=True)
        for start, end, style in parts:
            text.stylize(self._styles_of_parts[style], start, end)
        return text

    def _with_caret(self, line: str, row: int, begin: int, end: int, parts: Sequence[Part]) -> Text:
        """Return a section with its styles, the selection and the caret."""
        last = end == len(line)
        text = self._styled(line[begin:end], parts, last)
        theme, (caret_row, caret) = self._theme, self.selection.end
        (top, low), (bottom, high) = sorted(self.selection)
        if row == caret_row and self.highlight_cursor_line and theme.cursor_line_style:
            text.stylize(theme.cursor_line_style)
        if theme.selection_style and not self.selection.is_empty:
            if not line and row != caret_row:
                text = Text("▌", Style(color=theme.selection_style.bgcolor), end="")
            else:
                start = max(low if row == top else 0, begin) - begin
                finish = min(high if row == bottom else len(line), end) - begin
                if start < finish:
                    text.stylize(theme.selection_style, start, finish)
        here = row == caret_row and begin <= caret and (caret < end or last)
        if here and self._draw_cursor and theme.cursor_style:
            after = cluster_end(line, caret) if caret < end else caret + 1
            text.stylize(theme.cursor_style, caret - begin, after - begin)
        return text

    def _painted(self, text: Text, has_caret: bool) -> Strip:
        """Return a section as it is painted over the whole width."""
        theme = self._theme
        text.expand_tabs(self.indent_width)
        strip = Strip(text.render(self.app.console), text.cell_len)
        rest = theme.cursor_line_style if has_caret and self.highlight_cursor_line else theme.base_style
        strip = strip.extend_cell_length(self.scrollable_content_region.width, rest)
        return strip.apply_style(theme.base_style or self.rich_style)

    def mark_others(self, marks: Sequence[Mark]) -> None:
        """Show the carets and selections of others."""
        if list(marks) != list(self.marks):
            self.marks = marks
            self.refresh()

    def _with_marks(self, strip: Strip, y: int) -> Strip:
        """Draw the carets and selections of others over a line of the screen."""
        stretches = self._stretches(self.scroll_offset.y + y)
        if not stretches:
            return strip
        return mark(strip, stretches, self.background_colors[1], self.scrollable_content_region.width)

    def _stretches(self, y: int) -> list[Stretch]:
        places = (self._stretch(one, y) for one in self.marks)
        return [place for place in places if place is not None]

    def _stretch(self, one: Mark, y: int) -> Stretch | None:
        """Return the part of a person's caret and selection on a line of the wrapped text, None if none."""
        document = self.note_document
        end_of_text = len(document.text)
        low, high = sorted((min(one.caret, end_of_text), min(one.start, end_of_text)))
        first, last = (self._wrapping.cell_of(document.get_location_from_index(at)) for at in (low, high))
        if not first.y <= y <= last.y:
            return None
        row, column = document.get_location_from_index(min(one.caret, end_of_text))
        caret = self._wrapping.cell_of((row, column))
        line = document.get_line(row)
        return Stretch(
            one.name,
            one.colour,
            first.x if y == first.y else 0,
            last.x if y == last.y else self.size.width,
            caret.x if y == caret.y else -1,
            max(1, cell_len(line[column])) if column < len(line) else 1,
        )

    def get_line(self, line_index: int) -> Text:
        """Return a line with its styles."""
        line = self.document.get_line(line_index)
        return self._styled(line, self._parts(line_index, 0, len(line)), False)

    def get_column_width(self, row: int, column: int) -> int:
        """Return the cells before a column on its screen line; Textual asks for it with every typed key."""
        return self._wrapping.cell_of((row, column)).x

    @property
    def _styles_of_parts(self) -> dict[str, Style]:
        if not self._part_styles:
            self._part_styles = {
                style: self.get_component_rich_style(f"note--{style}", partial=True) for style in STYLES
            }
        return self._part_styles

    def _resolves(self, target: str) -> bool:
        if not self.catalogue.notes:
            return True  # the names are not known yet; no link is shown as dangling until then
        holder = "" if self.buffer is None else self.buffer.name
        return self.catalogue.resolve(target, holder) is not None

    def _blocks_now(self) -> list[str | None]:
        document = self.note_document
        if self._blocks_of != (id(document), document.revision):
            self._blocks = code_lines(document.lines)
            self._blocks_of = (id(document), document.revision)
        return self._blocks
