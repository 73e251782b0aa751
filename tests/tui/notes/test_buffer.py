import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from crdtnotes import Committed, Origin, Vault
from crdtnotes.crdt import Patch
from crdtnotes.editing import Grouped
from crdtnotes.errors import DiskFull
from crdtnotes_tui.notes.buffer import Buffer, State, open_note
from crdtnotes_tui.notes.transform import follow
from crdtnotes_tui.vault.vault_thread import VaultThread
from tests.tui.loop import run, until


@asynccontextmanager
async def opened(path: Path, text: str = "") -> AsyncIterator[Buffer]:
    """A buffer on a note of a new vault."""
    with Vault.create(path) as vault:
        vault.create_note("n", text)
    thread = VaultThread(path)
    buffer: Buffer | None = None

    def changed(commit: Committed, by: object) -> None:
        own = buffer is by and commit.origin is Origin.LOCAL
        if buffer is not None and (commit.names_changed or not (own or commit.derived_only)):
            buffer.refresh()

    await thread.start(changed)
    try:
        buffer = Buffer(thread, await thread.run(lambda vault: open_note(vault, "n")), settle_seconds=0)
        yield buffer
        await buffer.settled()
    finally:
        await thread.stop()


def type_text(buffer: Buffer, index: int, text: str) -> None:
    """Insert text as the keyboard does."""
    location = buffer.document.get_location_from_index(index)
    buffer.document.replace_range(location, location, text)


def stored(path: Path) -> str:
    with Vault.open(path) as vault:
        return vault.note("n").text


def test_typed_text_is_stored_before_the_state_is_saved(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "v"
        async with opened(path, "ab") as buffer:
            states = []
            buffer._changed = lambda it: states.append((it.state, stored(path)))
            for index, letter in enumerate("xyz"):
                type_text(buffer, index, letter)
            assert buffer.state is State.SAVING
            await until(lambda: buffer.state is State.SAVED)
            assert states[0] == (State.SAVING, "ab")
            assert all(text == "xyzab" for state, text in states if state is State.SAVED)

    run(main())


def test_a_burst_of_keys_makes_few_commits(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(tmp_path / "v") as buffer:
            for index in range(200):
                type_text(buffer, index, "x")
            await buffer.settled()
        with Vault.open(tmp_path / "v") as vault:
            assert sum(vault.version.values()) <= 4

    run(main())


def test_links_are_updated_once_typing_pauses(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(tmp_path / "v") as buffer:
            type_text(buffer, 0, "[[there]]")
            await buffer.settled()
        with Vault.open(tmp_path / "v") as vault:
            assert [link.target for link in vault.note("n").links()] == ["there"]

    run(main())


def test_an_edit_of_another_process_is_shown(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(tmp_path / "v", "base") as buffer:
            with Vault.open(tmp_path / "v") as other:
                other.note("n").insert(0, "theirs ")
                await until(lambda: buffer.document.text == "theirs base")
                other.note("n").rename("m")
                await until(lambda: buffer.name == "m")
                other.note("m").remove()
                await until(lambda: not buffer.exists)
                type_text(buffer, 0, "mine, ")
                await until(lambda: buffer.exists)
                assert other.note("m").text == "mine, theirs base"

    run(main())


def test_a_queued_undo_takes_back_the_edits_made_before_it(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(tmp_path / "v", "base ") as buffer:
            type_text(buffer, 5, "one")
            buffer.undo()
            type_text(buffer, 0, "two ")
            await buffer.settled()
            assert buffer.document.text == stored(tmp_path / "v") == "two base "
            buffer.undo()
            await buffer.settled()
            assert buffer.document.text == "base "
            buffer.redo()
            await buffer.settled()
            assert buffer.document.text == "two base "

    run(main())


def test_words_typed_after_a_pause_or_elsewhere_are_undone_separately(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(tmp_path / "v") as buffer:
            for index, letter in enumerate("abc"):
                type_text(buffer, index, letter)
            type_text(buffer, 0, "z")
            buffer.undo()
            await buffer.settled()
            assert buffer.document.text == "abc"
            buffer.undo()
            await buffer.settled()
            assert buffer.document.text == ""

    run(main())


def test_edits_that_cannot_be_stored_now_are_kept_and_retried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with opened(tmp_path / "v", "base") as buffer:

            def full(*_: object) -> None:
                raise DiskFull("There is no room left.")

            with monkeypatch.context() as patch:
                patch.setattr("crdtnotes.store.log.log.Log.write", full)
                type_text(buffer, 0, "kept ")
                await until(lambda: buffer.state is State.FAILED)
                assert buffer.problem == "There is no room left."
                type_text(buffer, 0, "also ")
            await until(lambda: buffer.state is State.SAVED)
            assert buffer.document.text == stored(tmp_path / "v") == "also kept base"

    run(main())


def test_edits_that_can_never_be_stored_are_removed_from_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with opened(tmp_path / "v", "base") as buffer:
            with monkeypatch.context() as patch:
                patch.setattr("crdtnotes.store.writer.MAX_TEXT", 3)
                type_text(buffer, 0, "long")
                await until(lambda: buffer.document.text == "base")
            type_text(buffer, 4, "!")
            await until(lambda: buffer.state is State.SAVED)
            assert buffer.document.text == stored(tmp_path / "v") == "base!"

    run(main())


class Marks:
    """A view with marks on positions, as a screen has a cursor."""

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer
        self.marks: dict[str, int] = {}
        buffer.view = self

    def patched(self, patches: Sequence[Patch], *, own: bool) -> None:
        for patch in patches:
            for character, index in self.marks.items():
                self.marks[character] = follow(index, patch, behind=False)
            self.buffer.document.patch(patch)

    def replaced(self) -> None:
        raise AssertionError("nothing was refused")


@pytest.mark.parametrize("seed", range(4))
def test_a_buffer_with_random_keys_and_remote_edits(tmp_path: Path, seed: int) -> None:
    async def main() -> None:
        chance = random.Random(seed)
        async with opened(tmp_path / "v", "0123456789\n中文") as buffer:
            marks = Marks(buffer)
            with Vault.open(tmp_path / "v") as other:
                session = other.note("n").open()
                for _ in range(120):
                    roll = chance.random()
                    length = len(buffer.document.text)
                    if roll < 0.08:
                        buffer.undo()
                    elif roll < 0.12:
                        buffer.redo()
                    elif roll < 0.55:
                        index = chance.randint(0, length)
                        type_text(buffer, index, chance.choice(["a", "文", "\n", "paste\nd"]))
                    elif roll < 0.7 and length:
                        start = chance.randrange(length)
                        end = min(length, start + chance.randint(1, 5))
                        document = buffer.document
                        document.replace_range(
                            document.get_location_from_index(start), document.get_location_from_index(end), ""
                        )
                    elif roll < 0.85:
                        session.refresh()
                        there = session.text
                        start = chance.randint(0, len(there))
                        removed = chance.randint(0, min(4, len(there) - start))
                        edit = Grouped(Patch(start, removed, chance.choice(["", "T", "远\n"])))
                        session.commit([edit])
                    else:
                        await until(lambda: buffer.state is State.SAVED)
                    buffer.refresh()
                await buffer.settled()
                session.refresh()
                assert marks.marks == {}
                assert buffer.document.text == session.text == other.note("n").text
                assert buffer.document.lines == session.text.split("\n")
                assert other.check() == []

    run(main())


def test_a_mark_stays_on_its_character(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(tmp_path / "v", "one two three") as buffer:
            marks = Marks(buffer)
            marks.marks["t"] = 4
            with Vault.open(tmp_path / "v") as other:
                type_text(buffer, 13, " mine")
                other.note("n").insert(4, "zero ")
                await until(lambda: "zero" in buffer.document.text)
                await buffer.settled()
                assert buffer.document.text == other.note("n").text == "one zero two three mine"
            assert buffer.document.text[marks.marks["t"]] == "t"

    run(main())


def test_an_unexpected_exception_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with opened(tmp_path / "v") as buffer:
            monkeypatch.setattr(buffer._session, "commit", lambda _: 1 // 0)
            type_text(buffer, 0, "x")
            await until(lambda: buffer.crash is not None)

    with pytest.raises(ZeroDivisionError):
        run(main())
