import pytest
from textual.app import App, ComposeResult
from textual.widgets.input import Selection

from crdtnotes_tui.editor import line_input
from crdtnotes_tui.editor.line_input import LineInput
from tests.tui.loop import run

FAMILY = "👨\u200d👩\u200d👧"


class OneLine(App[None]):
    """An app of one input."""

    def __init__(self, value: str) -> None:
        super().__init__()
        self._value = value

    def compose(self) -> ComposeResult:
        yield LineInput(self._value, select_on_focus=False)

    @property
    def line(self) -> LineInput:
        return self.query_one(LineInput)


@pytest.fixture(autouse=True)
def without_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_input, "segmenter", lambda: None)


@pytest.mark.parametrize(
    ("text", "caret", "key", "left"),
    [
        ("xe\u0301", 3, "backspace", "x"),
        (f"a{FAMILY}", 6, "backspace", "a"),
        (f"a{FAMILY}b", 1, "delete", "ab"),
        (f"a{FAMILY}b", 1, "ctrl+d", "ab"),
        ("🇨🇳🇩🇪", 4, "backspace", "🇨🇳"),
        ("", 0, "backspace", ""),
        ("a", 1, "delete", "a"),
        ("用CRDT同步", 7, "ctrl+w", "用CRDT"),
        ("one two", 7, "ctrl+w", "one "),
        ("one two", 7, "ctrl+backspace", "one "),
        ("one two", 7, "alt+backspace", "one "),
        ("one two", 0, "ctrl+delete", " two"),
        ("one two", 3, "alt+delete", "one"),
        ("用CRDT同步", 1, "ctrl+delete", "用同步"),
    ],
)
def test_deleting_leaves_no_half(text: str, caret: int, key: str, left: str) -> None:
    async def main() -> None:
        app = OneLine(text)
        async with app.run_test() as pilot:
            app.line.cursor_position = caret
            await pilot.press(key)
            assert app.line.value == left

    run(main())


@pytest.mark.parametrize(
    ("text", "keys", "stops"),
    [
        (f"e\u0301{FAMILY}x", ["right"] * 4, [2, 7, 8, 8]),
        (f"e\u0301{FAMILY}x", ["end", "left", "left", "left", "left"], [8, 7, 2, 0, 0]),
        ("用CRDT同步，好", ["ctrl+right"] * 5, [1, 5, 7, 8, 9]),
        ("用CRDT同步，好", ["end"] + ["ctrl+left"] * 5, [9, 8, 7, 5, 1, 0]),
    ],
)
def test_the_caret_goes_by_clusters_and_words(text: str, keys: list[str], stops: list[int]) -> None:
    async def main() -> None:
        app = OneLine(text)
        async with app.run_test() as pilot:
            app.line.cursor_position = 0
            found = []
            for key in keys:
                await pilot.press(key)
                found.append(app.line.cursor_position)
            assert found == stops

    run(main())


@pytest.mark.parametrize(
    ("caret", "key", "selected"),
    [
        (6, "shift+left", (6, 1)),
        (1, "shift+right", (1, 6)),
        (7, "ctrl+shift+left", (7, 6)),
        (0, "ctrl+shift+right", (0, 1)),
    ],
)
def test_a_selection_holds_whole_clusters(caret: int, key: str, selected: tuple[int, int]) -> None:
    async def main() -> None:
        app = OneLine(f"a{FAMILY}b")
        async with app.run_test() as pilot:
            app.line.cursor_position = caret
            await pilot.press(key)
            assert app.line.selection == Selection(*selected)
            await pilot.press("delete")
            low, high = sorted(selected)
            assert app.line.value == f"a{FAMILY}b"[:low] + f"a{FAMILY}b"[high:]

    run(main())


def test_an_arrow_goes_to_an_end_of_the_selection() -> None:
    async def main() -> None:
        app = OneLine("abcd")
        async with app.run_test() as pilot:
            for key, place in (("left", 1), ("right", 3)):
                app.line.selection = Selection(3, 1)
                await pilot.press(key)
                assert app.line.selection == Selection.cursor(place)

    run(main())


def test_a_click_goes_between_clusters() -> None:
    async def main() -> None:
        app = OneLine(f"{FAMILY}x")
        async with app.run_test() as pilot:
            for x in range(10):
                await pilot.click(app.line, offset=(x, 1))
                assert app.line.cursor_position in (0, 5, 6)

    run(main())
