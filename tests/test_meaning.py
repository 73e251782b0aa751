"""Merges in vaults mean what people meant: by whole-text writes, renames, and in two editors."""

from collections.abc import Callable
from pathlib import Path

import pytest

from crdtnotes import Note, Vault
from crdtnotes.changes.codec import decode
from crdtnotes.crdt.ops import Delete, Insert, Patch, Same
from crdtnotes.editing.session import EditSession, Grouped
from crdtnotes.mirror.importer import import_folder
from crdtnotes.store.writer import MAX_ALIKE
from tests.meaning import ROWS, take
from tests.vaults import changes, meet, replicas

MILK = "- [ ] milk\n- [ ] tea\n"
FRONT = "---\nstatus: open\n---\n"

Edit = Callable[[Vault], object]


def write(old: str, new: str) -> Edit:
    """Replace a part of the note in a whole-text write."""

    def edit(vault: Vault) -> None:
        note = vault.note("A")
        assert old in note.text
        note.write(note.text.replace(old, new, 1))

    return edit


def keys(start: int, removed: int, inserted: str) -> Edit:
    """Edit in an editor."""

    def edit(vault: Vault) -> None:
        vault.note("A").open().commit([Grouped(Patch(start, removed, inserted))])

    return edit


CASES: dict[str, tuple[str, Edit, Edit, set[str]]] = {
    "both tick, by a write": (
        MILK,
        write("[ ] m", "[x] m"),
        write("[ ] m", "[x] m"),
        {"- [x] milk\n- [ ] tea\n"},
    ),
    "both tick, in editors": (MILK, keys(3, 1, "x"), keys(3, 1, "x"), {"- [x] milk\n- [ ] tea\n"}),
    "one ticks by a write, one in an editor": (
        MILK,
        write("[ ] m", "[x] m"),
        keys(3, 1, "X"),
        {"- [x] milk\n- [ ] tea\n", "- [X] milk\n- [ ] tea\n"},
    ),
    "one ticks, one deletes the line": (MILK, keys(3, 1, "x"), keys(0, 11, ""), {"- [ ] tea\n"}),
    "one ticks, one deletes the line by a write": (
        MILK,
        keys(3, 1, "x"),
        write("- [ ] milk\n", ""),
        {"- [ ] tea\n"},
    ),
    "one scalar, two values": (
        FRONT,
        write("open", "done"),
        write("open", "closed"),
        {"---\nstatus: done\n---\n", "---\nstatus: closed\n---\n"},
    ),
    "a scalar of several words": (
        "---\nstate: not yet\n---\n",
        write("not yet", "not ever"),
        write("not yet", "just yet"),
        {"---\nstate: not ever\n---\n", "---\nstate: just yet\n---\n"},
    ),
    "一个字段，两个值": (
        "---\n状态: 未完\n---\n",
        write("未完", "完成"),
        write("未完", "取消"),
        {"---\n状态: 完成\n---\n", "---\n状态: 取消\n---\n"},
    ),
    "both correct a typo": (
        "recieve it\n",
        write("recieve", "receive"),
        write("recieve", "receive"),
        {"receive it\n"},
    ),
    "both import new lines": (
        "one\ntwo\n",
        write("one\ntwo", "0\none\ntwo\n3"),
        write("one\ntwo", "0\none\ntwo\n3"),
        {"0\none\ntwo\n3\n"},
    ),
    "both capitalise": ("notes\n", write("notes", "Notes"), write("notes", "Notes"), {"Notes\n"}),
    "both make one link": (
        "see Paxos.\n",
        write("Paxos", "[[Paxos]]"),
        write("Paxos", "[[Paxos]]"),
        {"see [[Paxos]].\n"},
    ),
    "both rewrite it all alike": (
        "one\ntwo\n",
        write("one\ntwo\n", "completely\nother\n"),
        write("one\ntwo\n", "completely\nother\n"),
        {"completely\nother\n"},
    ),
    "both sort": ("c\nb\na\n", write("c\nb\na", "a\nb\nc"), write("c\nb\na", "a\nb\nc"), {"a\nb\nc\n"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_merge_means_what_people_meant(name: str, tmp_path: Path) -> None:
    text, first, second, wanted = CASES[name]
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", text)
        meet(one, two)
        first(one)
        second(two)
        meet(one, two)
        assert one.note("A").text == two.note("A").text
        assert one.note("A").text in wanted
        for vault in (one, two):
            assert vault.check() == []


class AtVault:
    """A person who uses the library."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.note = vault.note("A")
        self._editor: EditSession | None = None

    def text(self) -> str:
        return self.note.text

    def write(self, text: str) -> None:
        self.note.write(text)

    def append(self, text: str) -> None:
        self.note.append(text)

    def rename(self, old: str, new: str) -> None:
        self.vault.note(old).rename(new)

    def import_folder(self, folder: Path) -> None:
        import_folder(self.vault, folder)

    def type(self, start: int, removed: int, text: str) -> None:
        self._editor = self._editor or self.note.open()
        self._editor.commit([Grouped(Patch(start, removed, text))])
        self._editor.update_links()


@pytest.mark.parametrize("name", ROWS)
def test_a_row_in_two_vaults(name: str, tmp_path: Path) -> None:
    text, *steps, wanted = ROWS[name]
    with replicas(tmp_path) as vaults:
        vaults[0].create_note("A", text)
        vaults[0].create_note("X")
        meet(*vaults)
        for vault, taken in zip(vaults, steps, strict=True):
            person = AtVault(vault)
            for step in taken:
                take(person, step, tmp_path / vault.device)
        meet(*vaults)
        for vault in vaults:
            assert vault.note("A").text in wanted
            assert not list(vault.dangling())
            assert vault.check() == []
        assert vaults[0].note("A").text == vaults[1].note("A").text


def linked(vault: Vault) -> Note:
    vault.create_note("X")
    return vault.create_note("holder", "See [[X]]. Two.\n")


def test_both_rename_a_note_alike(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        linked(one)
        meet(one, two)
        for vault in (one, two):
            vault.note("X").rename("Y")
        meet(one, two)
        assert one.note("holder").text == "See [[Y]]. Two.\n"
        assert [link.target for link in one.note("holder").links()] == ["Y"]
        assert one.check() == two.check() == []


def test_a_note_renamed_to_two_names_is_linked_by_the_one_that_it_has(tmp_path: Path) -> None:
    for number in range(4):
        folder = tmp_path / str(number)
        folder.mkdir()
        with replicas(folder) as [one, two]:
            linked(one)
            meet(one, two)
            for _ in range(number):
                one.create_note(f"more {_}")  # moves one clock on
            one.note("X").rename("Alpha")
            two.note("X").rename("Beta")
            meet(one, two)
            name = next(info.name for info in one.notes() if info.name in ("Alpha", "Beta"))
            assert one.note("holder").text == f"See [[{name}]]. Two.\n"
            assert not list(one.dangling())


def test_undo_of_a_tick_sets_the_box_back(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", MILK)
        meet(one, two)
        mine, theirs = one.note("A").open(), two.note("A").open()
        mine.commit([Grouped(Patch(3, 1, "x"), 1)])
        theirs.commit([Grouped(Patch(3, 1, "x"), 1)])
        mine.undo()
        assert mine.text == MILK
        mine.redo()
        assert mine.text == MILK.replace("[ ]", "[x]", 1)
        mine.undo()
        mine.update_links()
        theirs.update_links()
        meet(one, two)
        mine.refresh()
        theirs.refresh()
        assert mine.text == theirs.text == one.note("A").text == MILK


def test_what_is_written_upwards_in_two_editors_stays_together(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", "list\nend\n")
        meet(one, two)
        for vault in (one, two):
            session = vault.note("A").open()
            for number in range(3):
                session.commit([Grouped(Patch(5, 0, f"{vault.device} {number}\n"))])
        meet(one, two)
        assert one.note("A").text == two.note("A").text
        blocks = ["".join(f"{vault.device} {number}\n" for number in (2, 1, 0)) for vault in (one, two)]
        assert one.note("A").text in {f"list\n{a}{b}end\n" for a, b in (blocks, blocks[::-1])}


def in_editor(vault: Vault) -> None:
    editor = vault.note("n").open()
    editor.commit([Grouped(Patch(0, 0, "写在"))])
    editor.commit([Grouped(Patch(2, 0, "前面 "))])


def over_the_first_word(vault: Vault) -> None:
    vault.note("n").open().commit([Grouped(Patch(0, vault.note("n").text.index(" "), "写在前面"))])


def by_a_script(vault: Vault) -> None:
    vault.note("n").insert(0, "前面 ")
    vault.note("n").insert(0, "写在")


def deleted_and_typed(vault: Vault) -> None:
    vault.note("n").delete(0, 3)
    in_editor(vault)


@pytest.mark.parametrize("act", [in_editor, over_the_first_word, by_a_script, deleted_and_typed])
@pytest.mark.parametrize("texts", [("one 甲\n", "two 乙\n"), ("one 甲", "two 乙"), ("two 乙\n", "one 甲")])
def test_what_is_typed_at_the_beginning_of_a_birth_stays_with_it(
    act: Callable[[Vault], None], texts: tuple[str, str], tmp_path: Path
) -> None:
    with replicas(tmp_path) as vaults:
        shown = []
        for vault, text in zip(vaults, texts, strict=True):
            vault.create_note("n", text)
            act(vault)
            shown.append(vault.note("n").text.rstrip("\n"))
        meet(*vaults)
        for vault in vaults:
            assert sorted(vault.note("n").text.rstrip("\n").split("\n")) == sorted(shown)
            assert vault.check() == []


def test_what_two_people_write_upwards_at_the_beginning_stays_together(tmp_path: Path) -> None:
    with replicas(tmp_path) as vaults:
        vaults[0].create_note("n", "text\n")
        meet(*vaults)
        blocks = []
        for vault, number in zip(vaults, "12", strict=True):
            editor = vault.note("n").open()
            for letter in "cba":
                editor.commit([Grouped(Patch(0, 0, f"{letter}{number}\n"))])
            blocks.append(editor.text.removesuffix("text\n"))
        meet(*vaults)
        assert vaults[0].note("n").text in (f"{one}{two}text\n" for one, two in (blocks, blocks[::-1]))


def test_very_many_edits_at_once_are_typed(tmp_path: Path) -> None:
    """They would take 250 bytes of memory each, for good, if they were the same whoever made them."""
    old = "kept\n" + "".join(f"word{number}\nkept{number}\n" for number in range(MAX_ALIKE + 1))
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", old)
        one.note("A").write(old.replace("word", "Word"))
        one.create_note("B", old[: old.index("word500\n")])
        one.note("B").write(one.note("B").text.replace("word", "Word"))
        meet(one, two)
        assert two.note("A").text == old.replace("word", "Word")
        kinds = [{type(op) for op in decode(data).ops} for data in changes(one)]
        assert {Insert, Delete} in kinds
        assert {Same, Delete} in kinds
