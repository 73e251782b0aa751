"""Random edits of folders and vaults on two devices: no line that somebody wrote is lost.

The reference model knows which lines were written and which were deleted on purpose, and nothing of texts.
Each line is written once, so it can be followed wherever it goes.
"""

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from crdtnotes.mirror.exporter import export_folder
from crdtnotes.mirror.importer import import_folder
from crdtnotes.vault import Vault
from tests.mirror.folders import held, texts
from tests.vaults import meet, replicas

Step = tuple[str, int, int, int]
"""What is done, on which device, to which file or note, and at which line."""

STEPS = st.tuples(
    st.sampled_from(
        [
            *("write file", "write note") * 4,
            *("cut file", "cut note", "new file", "new note", "rename note", "delete note", "remove file"),
            *("import", "export") * 3,
            "meet",
        ]
    ),
    st.integers(0, 1),
    st.integers(0, 1),
    st.integers(0, 5),
)


@dataclass
class Model:
    """The lines that were written, and those that somebody deleted."""

    written: int = 0
    deleted: set[str] = field(default_factory=set)

    def new_line(self) -> str:
        """A line that nobody has written before."""
        self.written += 1
        return f"line{self.written}\n"

    def wanted(self) -> set[str]:
        """The lines that must be there in the end."""
        return {f"line{number}\n" for number in range(1, self.written + 1)} - self.deleted


def edited(text: str, at: int, model: Model, *, cut: bool) -> str:
    """A text with a line more, or a line less."""
    lines = text.splitlines(keepends=True)
    if cut and lines:
        model.deleted.add(lines.pop(at % len(lines)))
    elif not cut:
        lines.insert(at % (len(lines) + 1), model.new_line())
    return "".join(lines)


def edit_file(folder: Path, what: str, which: int, at: int, model: Model) -> None:
    """Edit, make or remove a file of a folder."""
    if what == "new file":
        (folder / f"file {model.written} of {folder.name}.md").write_text(model.new_line(), encoding="utf-8")
        return
    files = sorted(folder.rglob("*.md"))
    if not files:
        return
    file = files[which % len(files)]
    if what == "remove file":
        file.unlink()
    else:
        text = edited(file.read_text(encoding="utf-8"), at, model, cut=what == "cut file")
        file.write_text(text, encoding="utf-8")


def edit_note(vault: Vault, what: str, which: int, at: int, model: Model) -> None:
    """Edit, make, rename or delete a note of a vault."""
    if what == "new note":
        vault.create_note(f"note {model.written} of {vault.device}", model.new_line())
        return
    names = sorted(texts(vault))
    if not names:
        return
    note = vault.note(names[which % len(names)])
    if what == "rename note":
        model.written += 1
        model.deleted.add(f"line{model.written}\n")
        note.rename(f"renamed {model.written} of {vault.device}")
    elif what == "delete note":
        model.deleted.update(note.text.splitlines(keepends=True))
        note.remove()
    else:
        note.write(edited(note.text, at, model, cut=what == "cut note"))


def lines_in(vault: Vault) -> set[str]:
    return {line for text in texts(vault).values() for line in text.splitlines(keepends=True)}


def lines_of(folder: Path) -> set[str]:
    return {line for data in held(folder).values() for line in data.decode().splitlines(keepends=True)}


def take(step: Step, vaults: list[Vault], folders: list[Path], model: Model) -> None:
    what, device, which, at = step
    vault, folder = vaults[device], folders[device]
    if what == "meet":
        meet(*vaults)
    elif what == "import":
        import_folder(vault, folder)
    elif what == "export":
        before = lines_of(folder)
        export_folder(vault, folder)
        assert before - lines_of(folder) <= lines_in(vault) | model.deleted
    elif what == "remove file":
        before = lines_of(folder)
        edit_file(folder, what, which, at, model)
        model.deleted.update(before - lines_of(folder) - lines_in(vaults[0]) - lines_in(vaults[1]))
    elif "file" in what:
        edit_file(folder, what, which, at, model)
    else:
        edit_note(vault, what, which, at, model)


@given(st.lists(STEPS, min_size=6, max_size=20))
def test_no_line_is_lost_unless_somebody_deleted_it(steps: list[Step]) -> None:
    with TemporaryDirectory() as place, replicas(Path(place)) as vaults:
        folders = [Path(place, f"folder{number}") for number in range(2)]
        model = Model()
        for folder in folders:
            folder.mkdir()
        (folders[0] / "n.md").write_text("".join(model.new_line() for _ in range(3)), encoding="utf-8")
        import_folder(vaults[0], folders[0])
        meet(*vaults)
        export_folder(vaults[1], folders[1])
        for step in steps:
            take(step, vaults, folders, model)
        for vault, folder in zip(vaults, folders, strict=True):
            import_folder(vault, folder)
        meet(*vaults)
        assert model.wanted() <= lines_in(vaults[0])
        for vault, folder in zip(vaults, folders, strict=True):
            assert export_folder(vault, folder).failed == []
            assert model.wanted() <= lines_of(folder)
            # Now both sides are equal: nothing is left to do in either direction.
            report = import_folder(vault, folder)
            assert (report.created, report.updated) == ([], [])
            assert export_folder(vault, folder).written == []
