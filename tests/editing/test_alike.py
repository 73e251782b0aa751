"""Commands that two people give apart in their editors mean one edit; what they type means two."""

from collections.abc import Callable
from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes.changes.codec import decode
from crdtnotes.crdt.ops import Insert, Patch, Same
from crdtnotes.editing.session import EditSession, Grouped
from crdtnotes.store.writer import MAX_ALIKE
from tests.vaults import changes, meet, replicas

LIST = "- [ ] milk\n- [ ] tea\n"

Act = Callable[[EditSession], object]


def command(*patches: Patch) -> Act:
    """A command of the editor: edits from the last to the first, in one step of undo."""
    return lambda editor: editor.commit([Grouped(patch, 1, alike=True) for patch in patches])


def keys(*patches: Patch) -> Act:
    """What a person types or pastes."""
    return lambda editor: editor.commit([Grouped(patch, number) for number, patch in enumerate(patches, 1)])


def undo(editor: EditSession) -> None:
    editor.undo()


def redo(editor: EditSession) -> None:
    editor.redo()


TEXT = "one\ntwo\nthree\n"
PARAGRAPH = "first line\nsecond line\n\nthe rest\n"
DELETED = keys(Patch(0, 23, ""))

CASES: dict[str, tuple[str, list[Act], str]] = {
    "replaced everywhere": (
        "a b a b a\n",
        [command(*[Patch(at, 1, "cd") for at in (8, 4, 0)])],
        "cd b cd b cd\n",
    ),
    "one word replaced": ("see Paxos.\n", [command(Patch(4, 5, "Raft"))], "see Raft.\n"),
    "made a link": ("see Paxos.\n", [command(Patch(4, 5, "[[Paxos]]"))], "see [[Paxos]].\n"),
    "indented": ("- a\n- b\n", [command(Patch(4, 0, "  "))], "- a\n  - b\n"),
    "outdented": ("- a\n  - b\n", [command(Patch(4, 2, ""))], "- a\n- b\n"),
    "an item made a task": ("- milk\n", [command(Patch(2, 0, "[ ] "))], "- [ ] milk\n"),
    "a whole box pasted over": (LIST, [keys(Patch(2, 3, "[x]"))], LIST.replace("[ ]", "[x]", 1)),
    "typed": (TEXT, [keys(Patch(4, 0, "new\n"))], "one\nnew\nnew\ntwo\nthree\n"),
    "the replacement undone": (TEXT, [command(Patch(4, 3, "2")), undo], TEXT),
    "undone and done again": (TEXT, [command(Patch(4, 3, "2")), undo, redo], "one\n2\nthree\n"),
    "a paragraph deleted, undone": (PARAGRAPH, [DELETED, undo], PARAGRAPH),
    "undone, redone, undone": (PARAGRAPH, [DELETED, undo, redo, undo], PARAGRAPH),
    "deleted line by line, from below": (
        PARAGRAPH,
        [keys(Patch(11, 12, ""), Patch(0, 11, "")), undo, undo],
        PARAGRAPH,
    ),
    "删掉一段再撤销": ("第一行\n第二行\n剩下\n", [keys(Patch(0, 8, "")), undo], "第一行\n第二行\n剩下\n"),
    "the whole text deleted, undone": (PARAGRAPH, [keys(Patch(0, len(PARAGRAPH), "")), undo], PARAGRAPH),
    "backspaced, undone": (
        "abc\n",
        [keys(Patch(2, 1, ""), Patch(1, 1, ""), Patch(0, 1, "")), undo, undo, undo],
        "abc\n",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_two_people_do_alike(name: str, tmp_path: Path) -> None:
    text, acts, wanted = CASES[name]
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", text)
        meet(one, two)
        editors = [vault.note("A").open() for vault in (one, two)]
        for act in acts:
            for editor in editors:
                act(editor)
        meet(one, two)
        for editor in editors:
            editor.refresh()
            editor.update_links()
            assert editor.text == wanted
        assert one.note("A").text == wanted
        assert one.check() == two.check() == []


def test_the_same_paragraph_deleted_in_different_steps_comes_back_once(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", PARAGRAPH)
        meet(one, two)
        mine, theirs = one.note("A").open(), two.note("A").open()
        mine.commit([Grouped(Patch(0, 11, ""), 1), Grouped(Patch(0, 12, ""), 1)])
        theirs.commit([Grouped(Patch(0, 23, ""), 1)])
        mine.undo()
        theirs.undo()
        meet(one, two)
        assert one.note("A").text == two.note("A").text == PARAGRAPH


def test_an_editor_and_a_whole_text_write_replace_alike(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", "see Paxos and\n")
        meet(one, two)
        one.note("A").open().commit([Grouped(Patch(4, 5, "Raft"), 1, alike=True)])
        two.note("A").write("see Raft and\n")
        meet(one, two)
        assert one.note("A").text == two.note("A").text == "see Raft and\n"


def test_a_paragraph_that_another_person_has_brought_back_is_not_brought_back_twice(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", PARAGRAPH)
        meet(one, two)
        editors = [vault.note("A").open() for vault in (one, two)]
        for editor in editors:
            editor.commit([Grouped(Patch(0, 23, ""), 1)])
        for editor in editors:
            meet(one, two)
            editor.refresh()
            editor.undo()
        meet(one, two)
        editors[0].refresh()
        assert editors[0].text == editors[1].text == PARAGRAPH
        editors[0].redo()
        assert editors[0].text == "\nthe rest\n"
        editors[0].undo()
        assert editors[0].text == PARAGRAPH


def test_two_processes_of_one_replica_replace_alike(tmp_path: Path) -> None:
    """The second editor has not seen the first one's edit, though its replica has."""
    with Vault.create(tmp_path / "v") as vault:
        vault.create_note("A", TEXT)
        editors = [vault.note("A").open(), vault.note("A").open()]
        for editor in editors:
            editor.commit([Grouped(Patch(4, 3, "2"), 1, alike=True)])
        assert editors[1].text == vault.note("A").text == "one\n2\nthree\n"
        for editor in editors:
            editor.refresh()
            editor.undo()
        assert editors[1].text == vault.note("A").text == TEXT
        assert editors[0].refresh() == []


def test_what_somebody_wrote_between_stays_where_it_is(tmp_path: Path) -> None:
    with replicas(tmp_path) as [one, two]:
        one.create_note("A", PARAGRAPH)
        meet(one, two)
        mine, theirs = one.note("A").open(), two.note("A").open()
        theirs.commit([Grouped(Patch(11, 0, "between\n"))])
        mine.commit([Grouped(Patch(0, 23, ""), 1)])
        theirs.commit([Grouped(Patch(0, 11, ""), 1)])
        theirs.undo()
        meet(one, two)
        mine.refresh()
        assert mine.text == "first line\nbetween\n\nthe rest\n"
        mine.undo()
        meet(one, two)
        assert one.note("A").text == two.note("A").text == "first line\nbetween\nsecond line\n\nthe rest\n"


def test_a_command_that_edits_very_many_places_is_typed(tmp_path: Path) -> None:
    """An edit that is the same whoever makes it takes more memory, for good."""
    with Vault.create(tmp_path / "v") as vault:
        for name, count in (("few", MAX_ALIKE), ("many", MAX_ALIKE + 1)):
            text = "a " * count
            editor = vault.create_note(name, text).open()
            editor.commit([Grouped(Patch(2 * at, 1, "b"), 1, alike=True) for at in reversed(range(count))])
            kinds = {type(op) for op in decode(changes(vault)[-1]).ops}
            assert ((Same in kinds), (Insert in kinds)) == (name == "few", name == "many")
            assert editor.text == vault.note(name).text == "b " * count
            editor.undo()
            assert editor.text == vault.note(name).text == text


def test_a_long_deletion_is_undone_in_one_piece(tmp_path: Path) -> None:
    text = "line\n" * (MAX_ALIKE + 1)
    with Vault.create(tmp_path / "v") as vault:
        editor = vault.create_note("A", text).open()
        editor.commit([Grouped(Patch(0, len(text), ""), 1)])
        editor.undo()
        assert editor.text == vault.note("A").text == text
        assert [type(op) for op in decode(changes(vault)[-1]).ops] == [Insert]
