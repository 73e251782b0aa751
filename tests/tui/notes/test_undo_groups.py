import pytest

from crdtnotes.crdt import Patch
from crdtnotes_tui.notes.undo_groups import PAUSE_SECONDS, UndoGroups


class Typist:
    """Types into an imagined text; its clock stands still unless told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.at = 0
        self.groups = UndoGroups(lambda: self.now)
        self.numbers: list[int] = []
        self.typed: list[str] = []

    def type(self, text: str) -> None:
        for letter in text:
            self._edit(Patch(self.at, 0, letter), letter)

    def paste(self, text: str) -> None:
        self._edit(Patch(self.at, 0, text), text)

    def _edit(self, patch: Patch, shown: str) -> None:
        self.numbers.append(self.groups.number(patch))
        self.at += len(patch.inserted) - patch.removed
        self.typed.append(shown)

    def delete(self, count: int) -> None:
        for _ in range(count):
            self._edit(Patch(self.at - 1, 1, ""), "⌫")

    @property
    def parts(self) -> list[str]:
        """What was typed, in one text for each group."""
        parts: dict[int, str] = {}
        for number, text in zip(self.numbers, self.typed, strict=True):
            parts[number] = parts.get(number, "") + text
        return list(parts.values())


@pytest.mark.parametrize(
    "parts",
    [
        ["One two three"],
        ["One. ", "Two! ", "Three? ", "four"],
        ['He said "no." ', "Then"],
        ["Well... ", "so"],
        ["3.14 and a.b and x"],
        ["第一句。", "第二句！", "第三"],
        ["“是吗？”", "他问"],
        ["真的？！", "是"],
        ["a line\n", "another\n", "\n", "end"],
    ],
)
def test_sentences_and_lines_are_undone_one_by_one(parts: list[str]) -> None:
    typist = Typist()
    typist.type("".join(parts))
    assert typist.parts == parts


def test_a_pause_ends_a_group() -> None:
    typist = Typist()
    for letter in "slow":
        typist.type(letter)
        typist.now += PAUSE_SECONDS
    typist.now += 0.01
    typist.type("er")
    assert typist.parts == ["slow", "er"]


def test_a_paste_is_a_group_of_its_own() -> None:
    typist = Typist()
    typist.type("ab")
    typist.paste("pasted")
    typist.type("cd")
    assert typist.parts == ["ab", "pasted", "cd"]


def test_typing_elsewhere_and_moving_the_caret_end_a_group() -> None:
    typist = Typist()
    typist.type("ab")
    typist.at = 0
    typist.type("cd")
    typist.groups.end()
    typist.type("ef")
    assert typist.parts == ["ab", "cd", "ef"]


def test_deleting_is_undone_apart_from_typing() -> None:
    typist = Typist()
    typist.type("abc")
    typist.delete(2)
    typist.type("d")
    assert typist.parts == ["abc", "⌫⌫", "d"]


def test_joined_edits_are_one_group() -> None:
    typist = Typist()
    typist.type("a")
    with typist.groups.joined():
        typist.paste("xx")
        typist.at = 0
        typist.paste("yy")
    typist.type("b")
    assert typist.parts == ["a", "xxyy", "b"]
