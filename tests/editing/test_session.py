import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes.crdt.ops import Patch
from crdtnotes.editing.session import EditSession, Grouped
from crdtnotes.errors import Busy, DiskFull, InvalidText, NoteNotFound, OutOfRange


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.create(tmp_path / "v.crdtnotes") as vault:
        yield vault


@pytest.fixture
def other(vault: Vault) -> Iterator[Vault]:
    """The same replica, opened a second time, as another process would."""
    with Vault.open(vault.path) as other:
        yield other


def patched(text: str, patches: Sequence[Patch]) -> str:
    for start, removed, inserted in patches:
        text = text[:start] + inserted + text[start + removed :]
    return text


def session(vault: Vault, text: str = "") -> EditSession:
    return vault.create_note("n", text).open()


def test_edits_are_stored_at_once_and_links_follow_on_update(vault: Vault) -> None:
    note = session(vault, "ab")
    assert note.commit([Grouped(Patch(1, 0, "[[")), Grouped(Patch(3, 1, "x]]"))]) == []
    assert note.text == vault.note("n").text == "a[[x]]"
    assert vault.note("n").links() == []
    note.update_links()
    assert [link.target for link in vault.note("n").links()] == ["x"]
    before = vault.version
    note.update_links()
    assert vault.version == before


def test_edits_of_others_do_not_shift_the_meaning_of_positions(vault: Vault, other: Vault) -> None:
    note = session(vault, "one two")
    other.note("n").insert(0, "zero ")
    assert note.text == "one two"
    assert note.commit([Grouped(Patch(3, 4, "!"))]) == [Patch(0, 0, "zero ")]
    assert note.text == other.note("n").text == "zero one!"


def test_refresh_returns_edits_of_the_same_replica_too(vault: Vault) -> None:
    note = session(vault, "one")
    vault.note("n").append("two")
    assert patched("one", note.refresh()) == note.text == "one\ntwo\n"
    assert note.refresh() == []


def test_undo_reverts_own_edits_only(vault: Vault, other: Vault) -> None:
    note = session(vault, "base")
    note.commit([Grouped(Patch(4, 0, " mine"), 1)])
    other.note("n").insert(9, " theirs")
    note.commit([Grouped(Patch(0, 4, ""), 2)])
    assert note.text == " mine theirs"
    note.undo()
    assert note.text == "base mine theirs"
    note.undo()
    assert note.text == "base theirs"
    assert not note.can_undo
    note.redo()
    note.redo()
    assert note.text == " mine theirs" == other.note("n").text
    assert not note.can_redo


def test_undo_keeps_text_of_others_inside_an_insertion(vault: Vault, other: Vault) -> None:
    note = session(vault)
    note.commit([Grouped(Patch(0, 0, "abcd"), 1)])
    other.note("n").insert(2, "XY")
    assert note.undo() == [Patch(0, 4, "")]
    assert note.refresh() == [Patch(0, 0, "XY")]
    note.redo()
    assert note.text == "abXYcd"


def test_an_insert_whose_middle_was_deleted_and_restored_is_undone_whole(vault: Vault) -> None:
    note = session(vault, ".")
    note.commit([Grouped(Patch(0, 0, "abc"), 1), Grouped(Patch(1, 1, ""), 2)])
    note.undo()
    assert note.text == "abc."
    note.undo()
    assert note.text == "."
    note.redo()
    note.redo()
    assert note.text == "ac."


def test_a_group_is_undone_together(vault: Vault) -> None:
    note = session(vault)
    note.commit([Grouped(Patch(0, 0, "a"), 1), Grouped(Patch(1, 0, "b"), 1), Grouped(Patch(0, 1, ""), 1)])
    note.commit([Grouped(Patch(1, 0, "c"), 1)])
    assert note.text == "bc"
    note.undo()
    assert (note.text, note.can_undo) == ("", False)


def test_a_new_edit_clears_the_redo_list(vault: Vault) -> None:
    note = session(vault)
    note.commit([Grouped(Patch(0, 0, "a"), 1)])
    note.undo()
    note.commit([Grouped(Patch(0, 0, "b"), 1)])
    assert note.redo() == []
    assert note.text == "b"


def test_an_edit_that_fails_changes_nothing_and_can_be_tried_again(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = session(vault, "abc")
    note.commit([Grouped(Patch(3, 0, "d"), 1), Grouped(Patch(0, 1, ""), 2)])

    def full(*_: object) -> None:
        raise DiskFull("There is no room left.")

    with monkeypatch.context() as patch:
        patch.setattr("crdtnotes.store.log.log.Log.write", full)
        with pytest.raises(DiskFull):
            note.commit([Grouped(Patch(0, 2, "x"), 3)])
        with pytest.raises(DiskFull):
            note.undo()
    assert note.text == vault.note("n").text == "bcd"
    note.commit([Grouped(Patch(0, 2, "x"), 3)])
    note.undo()
    note.undo()
    assert note.text == vault.note("n").text == "abcd"


def test_a_stored_edit_does_not_fail_because_of_a_later_step(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor repeats an edit that failed: a stored edit would then be there twice."""
    note = session(vault, "abc")

    def busy(*_: object) -> None:
        raise Busy("Another process has been writing for long.")

    note.commit([Grouped(Patch(0, 1, "A"))])
    with monkeypatch.context() as patch:
        patch.setattr("crdtnotes.store.views.documents.Documents.catch_up", busy)
        assert note.commit([Grouped(Patch(3, 0, "d"))]) == []
    other = vault.note("n")
    other.insert(0, "z")
    assert [patch.inserted for patch in note.refresh()] == ["z"]
    assert note.text == other.text == "zAbcd"


@pytest.mark.parametrize(
    ("edit", "error"),
    [
        (Grouped(Patch(4, 0, "x")), OutOfRange),
        (Grouped(Patch(0, 4, "")), OutOfRange),
        (Grouped(Patch(0, 0, "\ud800")), InvalidText),
    ],
)
def test_wrong_edits_are_refused_completely(vault: Vault, edit: Grouped, error: type[Exception]) -> None:
    note = session(vault, "abc")
    with pytest.raises(error):
        note.commit([Grouped(Patch(0, 0, "")), edit])
    assert note.text == vault.note("n").text == "abc"


def test_an_edit_restores_a_deleted_note(vault: Vault, other: Vault) -> None:
    note = session(vault, "abc")
    other.note("n").remove()
    note.refresh()
    assert not note.exists
    with pytest.raises(NoteNotFound):
        vault.note("n").open()
    note.commit([Grouped(Patch(3, 0, "d"))])
    assert note.exists
    assert other.note("n").text == "abcd"


def test_anchors_stay_with_their_character(vault: Vault, other: Vault) -> None:
    note = session(vault, "one two")
    anchor = note.anchor(3)
    other.note("n").insert(0, "zero ")
    note.refresh()
    assert note.position(anchor) == 8
    note.commit([Grouped(Patch(6, 3, ""))])
    assert note.position(anchor) == 6


@pytest.mark.parametrize("seed", range(6))
def test_two_sessions_and_their_undos_converge(vault: Vault, other: Vault, seed: int) -> None:
    chance = random.Random(seed)
    vault.create_note("n", "the first text\n中文\n")
    sessions = [vault.note("n").open(), other.note("n").open()]
    shown = [one.text for one in sessions]
    for turn in range(60):
        at = chance.randrange(2)
        one = sessions[at]
        roll = chance.random()
        if roll < 0.15:
            patches = one.undo()
        elif roll < 0.25:
            patches = one.redo()
        elif roll < 0.4:
            patches = one.refresh()
        else:
            edits, text = [], shown[at]
            for _ in range(chance.randint(1, 3)):
                start = chance.randint(0, len(text))
                removed = chance.randint(0, min(4, len(text) - start))
                edit = Grouped(
                    Patch(start, removed, chance.choice(["", "x", "文字", "\n"])),
                    chance.randint(turn, turn + 1),
                    alike=chance.random() < 0.3,
                )
                edits.append(edit)
                text = patched(text, [edit.edit])
            patches, shown[at] = one.commit(edits), text
        shown[at] = patched(shown[at], patches)
        assert shown[at] == one.text
    for at, one in enumerate(sessions):
        shown[at] = patched(shown[at], one.refresh())
    assert shown[0] == shown[1] == sessions[0].text == vault.note("n").text
    assert vault.check() == []


@pytest.mark.parametrize("seed", range(8))
def test_undoing_everything_restores_the_first_text(vault: Vault, seed: int) -> None:
    chance = random.Random(seed)
    note = session(vault, "the first text")
    for group in range(1, 80):
        length = len(note.text)
        start = chance.randint(0, length)
        removed = chance.randint(0, min(3, length - start))
        patch = Patch(start, removed, chance.choice(["", "ab", "文", "a\nb"]))
        note.commit([Grouped(patch, group, alike=chance.random() < 0.5)])
        if chance.random() < 0.3:
            note.undo()
            if chance.random() < 0.5:
                note.redo()
    while note.can_redo:
        note.redo()
    last = note.text
    while note.can_undo:
        note.undo()
    assert note.text == "the first text"
    while note.can_redo:
        note.redo()
    assert note.text == last


MILK = "- [ ] milk\n- [ ] tea\n"
TICKED = MILK.replace("[ ]", "[x]", 1)


@pytest.mark.parametrize(
    ("first", "others", "value", "wanted"),
    [
        (MILK, [TICKED], "x", TICKED),
        (MILK, [TICKED], "X", MILK.replace("[ ]", "[X]", 1)),
        (MILK, [TICKED, MILK], "x", TICKED),
        (TICKED, [MILK], " ", MILK),
        (TICKED, [MILK, TICKED, MILK], "X", MILK.replace("[ ]", "[X]", 1)),
        (MILK, ["- [ ] tea\n"], "x", "- [ ] tea\n"),
        (TICKED, ["- [ ] tea\n"], " ", "- [ ] tea\n"),
        (MILK, [TICKED, "- [ ] tea\n"], "x", "- [ ] tea\n"),
        (MILK, ["- [ ] tea\n", f"- [ ] rice\n{MILK[11:]}"], "x", f"- [ ] rice\n{MILK[11:]}"),
    ],
)
def test_a_tick_of_a_task_that_others_have_changed_since(
    vault: Vault, other: Vault, first: str, others: list[str], value: str, wanted: str
) -> None:
    note = session(vault, MILK)
    for text in (first, MILK, first):
        vault.note("n").write(text)  # the box holds a value if its first text is a tick
    note.refresh()
    shown = note.text
    for text in others:
        other.note("n").write(text)
    assert note.text == shown == first
    patches = note.commit([Grouped(Patch(3, 1, value))])
    assert patched(f"{shown[:3]}{value}{shown[4:]}", patches) == note.text == wanted
    assert other.note("n").text == wanted
    note.undo()
    assert note.text == other.note("n").text
    assert note.text in (wanted, f"{wanted[:3]}{shown[3]}{wanted[4:]}")


def test_undo_of_a_task_that_others_have_ticked_since(vault: Vault, other: Vault) -> None:
    note = session(vault, "- [ ] tea\n")
    note.commit([Grouped(Patch(0, 0, "- [ ] milk\n"))])
    other.note("n").write(TICKED)
    assert note.text == MILK
    assert patched(note.text, note.undo() + note.refresh()) == note.text == "- [ ] tea\n"
    assert other.note("n").text == "- [ ] tea\n"


@pytest.mark.parametrize(
    ("line", "was", "now"), [("- [ ] 任务 a\n", "[ ]", "[x]"), ("status: todo\n", "todo", "done")]
)
@pytest.mark.parametrize("refreshed", [True, False])
def test_undo_of_a_line_takes_the_value_along_that_others_have_set_in_it(
    vault: Vault, other: Vault, line: str, was: str, now: str, refreshed: bool
) -> None:
    text = "---\ntitle: n\n---\n## Week\n"
    note = vault.create_note("n", text)
    session = note.open()
    at = text.index("---", 3) if "status" in line else text.index("##")
    session.commit([Grouped(Patch(at, 0, line))])
    note.write(note.text.replace(was, now))
    if refreshed:
        session.refresh()
    session.undo()
    assert note.text == session.text == text
    session.redo()
    assert note.text == session.text
    assert note.text.count(line.replace(was, now) if refreshed else line) == 1
    assert other.note("n").text == note.text


def test_a_bracket_is_deleted_before_a_box_that_others_have_ticked_since(vault: Vault, other: Vault) -> None:
    note = session(vault, MILK)
    other.note("n").write(TICKED)
    patches = note.commit([Grouped(Patch(2, 1, ""))])
    assert patched(f"{MILK[:2]}{MILK[3:]}", patches) == note.text == other.note("n").text
    assert note.text == "- x] milk\n- [ ] tea\n"
