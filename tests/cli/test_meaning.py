"""What two people do apart with commands, or type in an editor, merges as they meant it."""

from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes.crdt.ops import Patch
from crdtnotes.editing.session import EditSession, Grouped
from tests.cli.program import Program
from tests.meaning import ROWS, take
from tests.vaults import meet, replicas


class AtCommandLine:
    """A person who runs commands, beside an open editor."""

    def __init__(self, vault: Vault) -> None:
        self.program = Program(Path(vault.path))
        self._note = vault.note("A")
        self._editor: EditSession | None = None

    def text(self) -> str:
        return self.program.run("show", "A").stdout_bytes.decode()

    def write(self, text: str) -> None:
        self.program.out("write", "A", stdin=text.encode())

    def append(self, text: str) -> None:
        self.program.out("append", "A", text)

    def rename(self, old: str, new: str) -> None:
        self.program.out("rename", old, new)

    def import_folder(self, folder: Path) -> None:
        self.program.out("import", folder)

    def type(self, start: int, removed: int, text: str) -> None:
        self._editor = self._editor or self._note.open()
        self._editor.commit([Grouped(Patch(start, removed, text))])
        self._editor.update_links()


@pytest.mark.parametrize("name", ROWS)
def test_a_row_at_two_command_lines(name: str, tmp_path: Path) -> None:
    text, *steps, wanted = ROWS[name]
    with replicas(tmp_path) as vaults:
        vaults[0].create_note("A", text)
        vaults[0].create_note("X")
        meet(*vaults)
        for vault, taken in zip(vaults, steps, strict=True):
            person = AtCommandLine(vault)
            for step in taken:
                take(person, step, tmp_path / vault.device)
        meet(*vaults)
        programs = [Program(Path(vault.path)) for vault in vaults]
        shown = {program.run("show", "A").stdout_bytes.decode() for program in programs}
        assert len(shown) == 1
        assert shown <= wanted
        for program in programs:
            assert program.json("dangling") == []
            program.out("check")
