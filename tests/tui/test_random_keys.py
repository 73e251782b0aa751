"""Random keys and remote edits: the screen shows the CRDT's text; caret and selection stay in place."""

import random
from pathlib import Path

import pytest
from textual import events
from textual.widgets.text_area import Selection

from crdtnotes import Vault
from crdtnotes.crdt import Patch
from crdtnotes.editing import Grouped
from crdtnotes_tui.editor.editor import NoteEditor
from tests.tui.desktop import Desktop, desktop, vault_of
from tests.tui.loop import run

KEYS = [
    *("left", "right", "up", "down", "home", "end", "pageup", "pagedown", "ctrl+a"),
    *("shift+left", "shift+right", "shift+up", "shift+end", "ctrl+x", "ctrl+v", "ctrl+z", "ctrl+y"),
    *("backspace", "delete", "enter", "tab", "shift+tab", "ctrl+w", "ctrl+k", "ctrl+space"),
]
LETTERS = "ab- *[]中文【】#"


class Witness:
    """Checks each arrival of remote patches against an independent model: a list of marked characters."""

    def __init__(self, editor: NoteEditor, monkeypatch: pytest.MonkeyPatch) -> None:
        self.arrivals = 0
        self._editor = editor
        self._patched = editor.patched
        monkeypatch.setattr(editor, "patched", self.patched)

    def patched(self, patches: list[Patch], *, own: bool) -> None:
        editor, document = self._editor, self._editor.note_document
        if own:
            self._patched(patches, own=True)
            return
        self.arrivals += 1
        start, end = (document.get_index_from_location(place) for place in editor.selection)
        cells: list[tuple[str, int | None]] = [(character, at) for at, character in enumerate(document.text)]
        for at, removed, inserted in patches:
            cells[at : at + removed] = [(character, None) for character in inserted]
        self._patched(patches, own=False)
        assert document.text == "".join(character for character, _ in cells)
        now_start, now_end = (document.get_index_from_location(place) for place in editor.selection)
        living = {was: now for now, (_, was) in enumerate(cells) if was is not None}
        if start == end:
            assert now_start == now_end
            before = max((now for was, now in living.items() if was < end), default=-1)
            assert now_end == before + 1 or any(
                was is None for _, was in cells[min(now_end, before + 1) : max(now_end, before + 1)]
            )
        else:
            chosen = [now for was, now in living.items() if min(start, end) <= was < max(start, end)]
            low, high = sorted((now_start, now_end))
            assert all(low <= now < high for now in chosen)
            kept = [was for _, was in cells[low:high] if was is not None]
            assert len(kept) == len(chosen)
            if chosen:
                # Text that arrived exactly at either end is not part of the selection.
                assert (low, high) == (chosen[0], chosen[-1] + 1)
                assert (now_start <= now_end) == (start <= end)


def check_screen(workspace: Desktop) -> None:
    """Compare the wrapped lines with the text."""
    editor = workspace.editor
    wrapped = editor.wrapped_document
    assert "\n".join("".join(sections) for sections in wrapped.lines) == editor.text
    assert editor.virtual_size.height == wrapped.height
    assert editor.note_document.lines == editor.text.split("\n")
    assert editor.selection == Selection(*map(editor.clamp_visitable, editor.selection))


def test_random_keys_and_remote_edits(
    tmp_path: Path, keys_seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        chance = random.Random(keys_seed)
        text = "\n".join(f"- line {number} 中文字" for number in range(30))
        async with desktop(vault_of(tmp_path / "v", n=text), "n", size=(40, 12)) as workspace:
            witness = Witness(workspace.editor, monkeypatch)
            with Vault.open(workspace.path) as vault:
                other = vault.note("n").open()
                for _ in range(120):
                    for _ in range(chance.randint(1, 8)):
                        if chance.random() < 0.5:
                            workspace.send(events.Key(chance.choice(KEYS), None))
                        else:
                            letter = chance.choice(LETTERS)
                            workspace.send(events.Key(letter, letter))
                    if chance.random() < 0.1:
                        workspace.send(events.Paste(chance.choice(["one\ntwo\n", "粘贴", "- a\r\n- b"])))
                    if chance.random() < 0.7:
                        other.refresh()
                        there = other.text
                        start = chance.randint(0, len(there))
                        removed = chance.randint(0, min(20, len(there) - start))
                        inserted = chance.choice(["", "T", "远方\n", "\n\n", "wide line of text " * 4])
                        other.commit([Grouped(Patch(start, removed, inserted))])
                    if chance.random() < 0.3:
                        await workspace.saved()
                        check_screen(workspace)
                    else:
                        # Even with edits pending in both directions, the wrapped lines are the text.
                        await workspace.editor.drained()
                        check_screen(workspace)
                await workspace.editor.drained()
                await workspace.saved()
                workspace.buffer.refresh()
                await workspace.saved()
                check_screen(workspace)
                other.refresh()
                assert workspace.text == other.text == workspace.stored()
                assert vault.check() == []
            assert witness.arrivals

    run(main())
