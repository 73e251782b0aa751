"""Private names of Textual that the editor uses: an incompatible upgrade fails here."""

import inspect

import pytest
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.command import CommandPalette
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key
from textual.widgets import Input, TextArea
from textual.widgets.text_area import Document, EditHistory, WrappedDocument

from crdtnotes_tui.terminal_keys import know_more_keys


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [
        (TextArea, "_set_document", ["self", "text", "language"]),
        (TextArea, "_build_highlight_map", ["self"]),
        (TextArea, "_refresh_size", ["self"]),
        (TextArea, "_rewrap_and_refresh_virtual_size", ["self"]),
        (TextArea, "_recompute_cursor_offset", ["self"]),
        (TextArea, "_replace_via_keyboard", ["self", "insert", "start", "end"]),
        (TextArea, "_on_key", ["self", "event"]),
        (TextArea, "_render_line", ["self", "y"]),
        (TextArea, "render_line", ["self", "y"]),
        (TextArea, "find_matching_bracket", ["self", "bracket", "search_from"]),
        (TextArea, "get_line", ["self", "line_index"]),
        (TextArea, "get_column_width", ["self", "row", "column"]),
        (TextArea, "clamp_visitable", ["self", "location"]),
        (TextArea, "get_cursor_word_left_location", ["self"]),
        (TextArea, "get_cursor_word_right_location", ["self"]),
        (TextArea, "_delete_via_keyboard", ["self", "start", "end"]),
        (TextArea, "edit", ["self", "edit"]),
        (TextArea, "_check_refresh", ["self"]),
        (TextArea, "refresh", ["self", "regions", "repaint", "layout", "recompose"]),
        (TextArea, "notify_style_update", ["self"]),
        (WrappedDocument, "wrap_range", ["self", "start", "old_end", "new_end"]),
        (Document, "replace_range", ["self", "start", "end", "text"]),
        (EditHistory, "record", ["self", "edit"]),
        (Input, "_cell_offset_to_index", ["self", "offset"]),
        *(
            (Input, f"action_cursor_{way}", ["self", "select"])
            for way in ("left", "right", "left_word", "right_word")
        ),
        *(
            (Input, f"action_delete_{what}", ["self"])
            for what in ("left", "right", "left_word", "right_word")
        ),
        (App, "_context", ["self"]),
        (App, "_fatal_error", ["self"]),
        (App, "_close_messages_no_wait", ["self"]),
        (App, "_display", ["self", "screen", "renderable"]),
        (Driver, "resume_application_mode", ["self"]),
        (LinuxDriver, "run_input_thread", ["self"]),
    ],
)
def test_what_is_called_or_overridden_is_there(owner: type, name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(owner, name)).parameters) == parameters


def test_what_is_read_or_set_is_there() -> None:
    area = TextArea()
    for name in ("_line_cache", "_cursor_offset", "_bindings", "history", "navigator", "wrapped_document"):
        assert hasattr(area, name)
    assert area._bindings.key_to_bindings["up"][0].action == "cursor_up"
    document = Document("a\nb")
    assert WrappedDocument(document)._wrap_offsets == [[], []]
    for name in ("_theme", "_draw_cursor", "highlight_cursor_line"):
        assert hasattr(area, name)
    assert (document._newline, document._lines) == ("\n", ["a", "b"])


def test_every_edit_of_the_keyboard_passes_through_the_document() -> None:
    source = inspect.getsource(TextArea)
    assert source.count("replace_range") == 0
    assert source.count("self.history.record(") == 1


def test_textual_makes_a_document_in_one_place_after_the_first() -> None:
    assert inspect.getsource(TextArea).count("self.document = ") == 1
    assert inspect.getsource(TextArea).count("self.document: DocumentBase = Document(text)") == 1


def test_alt_and_enter_is_told_from_enter() -> None:
    know_more_keys()
    parser = XTermParser()
    keys = [event.key for event in parser.feed("\x1b\r\r\x1b[13;3u") if isinstance(event, Key)]
    assert keys == ["alt+enter", "enter", "alt+enter"]


@pytest.mark.parametrize(
    ("sent", "typed"), [("\x1bn\x1bn", "^n^n"), ("\x1b1", "¡"), ("\x1b[1;5\x1b[A", "^[1;5")]
)
def test_textuals_own_parser_types_pieces_of_sequences(sent: str, typed: str) -> None:
    """Once this fails, `terminal_input` may do with less."""
    parser = XTermParser()
    found = [*parser.feed(sent), *parser.feed("\x1b")]
    assert "".join(one.character or "" for one in found if isinstance(one, Key) and one.is_printable) == typed


def test_the_driver_writes_on_a_thread_to_a_file_that_can_be_replaced() -> None:
    source = inspect.getsource(LinuxDriver)
    assert source.count("WriterThread(self._file)") == 1
    assert source.count("self._writer_thread.stop()") == 1


def test_textual_opens_its_palette_where_ours_takes_its_place() -> None:
    source = inspect.getsource(App)
    assert source.count("CommandPalette(") == 3
    for method in (App.action_command_palette, App.search_themes, App.search_commands):
        assert inspect.getsource(method).count("CommandPalette(") == 1
    assert list(inspect.signature(CommandPalette.dismiss).parameters) == ["self", "result"]
