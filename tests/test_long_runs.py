"""Long lives of notes that several people use, with syncs at random: what merges must not add up to.

A task and a link are there once at most, whole, and cost a bounded number of
elements however often they were changed.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from crdtnotes import Vault
from crdtnotes.crdt.note import NoteState
from crdtnotes.crdt.ops import Patch
from crdtnotes.editing.session import EditSession, Grouped
from crdtnotes.errors import NoteExists
from crdtnotes.mirror.importer import import_folder
from tests.shares import Share
from tests.vaults import meet, replicas, send

TASK = re.compile(r"- \[([ x])\] task (\d+)\Z")


def state_of(vault: Vault, name: str) -> NoteState:
    doc = vault.replica.documents.open(bytes.fromhex(vault.note(name).id))
    assert doc is not None
    return doc.state


def some_meet(random: Random, vaults: list[Vault]) -> None:
    """Sometimes all meet, more often one receives what another has."""
    luck = random.random()
    if luck < 0.1:
        meet(*vaults)
    elif luck < 0.5:
        send(*random.sample(vaults, 2))


class Owner:
    """Somebody who keeps a list of tasks, by whole-text writes and in an editor that stays open."""

    def __init__(self, vault: Vault, random: Random) -> None:
        self.vault = vault
        self.random = random
        self.editor: EditSession = vault.note("list").open()

    def tasks(self) -> dict[int, str]:
        """The box of each task; every line is a task, once."""
        found: dict[int, str] = {}
        for line in self.vault.note("list").text.splitlines():
            task = TASK.match(line)
            assert task is not None, line
            assert int(task[2]) not in found
            found[int(task[2])] = task[1]
        return found

    def _put(self, old: str, new: str) -> None:
        """Replace a part of the list, in the one way or in the other."""
        note = self.vault.note("list")
        if self.random.random() < 0.5:
            note.write(note.text.replace(old, new, 1))
            return
        self.editor.refresh()
        start = self.editor.text.index(old)
        same = 0
        while same < min(len(old), len(new)) and old[same] == new[same]:
            same += 1
        tail = 0
        while tail < min(len(old), len(new)) - same and old[-1 - tail] == new[-1 - tail]:
            tail += 1
        edit = Patch(start + same, len(old) - same - tail, new[same : len(new) - tail])
        self.editor.commit([Grouped(edit)])
        self.editor.update_links()

    def toggle(self) -> None:
        tasks = self.tasks()
        if tasks:
            number = self.random.choice(sorted(tasks))
            box, other = tasks[number], " x".replace(tasks[number], "")
            self._put(f"[{box}] task {number}\n", f"[{other}] task {number}\n")

    def add(self, number: int) -> None:
        text = self.vault.note("list").text
        lines = text.splitlines(keepends=True)
        at = self.random.randint(0, len(lines))
        new = [*lines[:at], f"- [ ] task {number}\n", *lines[at:]]
        if at == len(lines) or self.random.random() < 0.5:
            self.vault.note("list").write("".join(new))
        else:
            self.editor.refresh()
            self.editor.commit([Grouped(Patch(len("".join(lines[:at])), 0, f"- [ ] task {number}\n"))])
            self.editor.update_links()

    def remove(self) -> int | None:
        tasks = self.tasks()
        if len(tasks) < 4:
            return None
        number = self.random.choice(sorted(tasks))
        self._put(f"- [{tasks[number]}] task {number}\n", "")
        return number


@pytest.mark.parametrize("seed", range(2))
def test_a_year_of_a_list_of_tasks(seed: int, share: Share, tmp_path: Path) -> None:
    random = Random(seed)
    added, removed = set(range(8)), set()
    with replicas(tmp_path) as vaults:
        vaults[0].create_note("list", "".join(f"- [ ] task {number}\n" for number in range(8)))
        meet(*vaults)
        owners = [Owner(vault, random) for vault in vaults]
        for _ in range(share.list_days):
            for owner in owners:
                for _ in range(random.randint(1, 3)):
                    owner.toggle()
                if random.random() < 0.2:
                    added.add(len(added))
                    owner.add(len(added) - 1)
                if random.random() < 0.15:
                    removed.add(owner.remove())
                some_meet(random, vaults)
        meet(*vaults)
        tasks = [owner.tasks() for owner in owners]
        assert tasks[0] == tasks[1]
        assert set(tasks[0]) == added - removed
        for vault in vaults:
            assert vault.check() == []
            state = state_of(vault, "list")
            assert all(len(cell.values) <= 2 for cell in state.values.cells.values())
            elements = sum(length for _, _, length, _ in state.text.runs())
            assert elements <= len(added) * (len("- [ ] task 1000\n") + 2)


def test_a_box_that_two_people_toggle_holds_two_values(share: Share, tmp_path: Path) -> None:
    random = Random(1)
    with replicas(tmp_path) as vaults:
        vaults[0].create_note("list", "- [ ] task 0\n")
        meet(*vaults)
        owners = [Owner(vault, random) for vault in vaults]
        for _ in range(share.renames):
            random.choice(owners).toggle()
            some_meet(random, vaults)
        meet(*vaults)
        [cell] = state_of(vaults[0], "list").values.cells.values()
        assert len(cell.values) <= 2
        assert sum(length for _, _, length, _ in state_of(vaults[1], "list").text.runs()) <= 15
        assert vaults[0].check() == vaults[1].check() == []


LINKED = ("{0} and {1}.\n", "- {1}\n- {2}, {0} again {0}\n", "# About {2}\n\nSee {0}.\n")
"""The texts of three notes, with places for links to three others."""


def test_renames_by_three_people(share: Share, tmp_path: Path) -> None:
    random = Random(0)
    names = [f"first {number}" for number in range(3)]
    with replicas(tmp_path, 3) as vaults:
        for name in names:
            vaults[0].create_note(name)
        for number, text in enumerate(LINKED):
            vaults[0].create_note(f"holder {number}", text.format(*[f"[[{name}]]" for name in names]))
        meet(*vaults)
        notes = [[vault.note(name) for name in names] for vault in vaults]
        for number in range(share.renames):
            which = random.randrange(3)
            random.choice(notes)[which].rename(f"name {which} {number}")
            some_meet(random, vaults)
        meet(*vaults)
        for vault, own in zip(vaults, notes, strict=True):
            links = [f"[[{note.name}]]" for note in own]
            for number, text in enumerate(LINKED):
                assert vault.note(f"holder {number}").text == text.format(*links)
            assert not list(vault.dangling())
            assert vault.check() == []


@pytest.mark.parametrize("seed", range(2))
def test_renames_to_names_that_others_take_too(seed: int, share: Share, tmp_path: Path) -> None:
    """No link dangles, no text is doubled. Which of two notes of one name a link means is not looked at."""
    random = Random(seed)
    names = [f"first {number}" for number in range(3)]
    with replicas(tmp_path, 3) as vaults:
        for name in names:
            vaults[0].create_note(name)
        for number, text in enumerate(LINKED):
            vaults[0].create_note(f"holder {number}", text.format(*[f"[[{name}]]" for name in names]))
        meet(*vaults)
        notes = [vault.note(name) for vault in vaults for name in names]
        for _ in range(share.renames):
            with suppress(NoteExists):
                random.choice(notes).rename(random.choice("PQRST") * random.randint(1, 3))
            some_meet(random, vaults)
        meet(*vaults)
        for vault in vaults:
            for number, text in enumerate(LINKED):
                shown = vault.note(f"holder {number}").text
                pattern = re.escape(text).replace(r"\{0\}", "X").replace(r"\{1\}", "X").replace(r"\{2\}", "X")
                assert re.fullmatch(pattern.replace("X", r"\[\[[^\[\]]+\]\]"), shown), shown
            assert not list(vault.dangling())
            assert vault.check() == []


def file_in(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "log.md").write_bytes(text.encode())
    return folder


BASE = "# Log\n\none\ntwo\nthree\n"
NEXT = "# Log\n\none\n2\nthree\nfour\n"
LAST = "# Log\n\none\n2\nthree\nfour\nfive\n"


def imports(*texts: str) -> Callable[[Vault, Path], None]:
    """Import the folder as it is at several times."""

    def act(vault: Vault, folder: Path) -> None:
        for text in texts:
            import_folder(vault, file_in(folder, text))

    return act


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (imports(LAST), imports(LAST)),
        (imports(NEXT, LAST), imports(LAST)),
        (imports(LAST, BASE, LAST), imports(LAST)),
        (imports(LAST, BASE, LAST), imports(NEXT, LAST)),
        (imports(NEXT, BASE, LAST), imports(LAST)),
        (imports(NEXT, BASE, LAST), imports(NEXT, BASE, LAST)),
    ],
)
def test_a_folder_that_two_replicas_have_is_imported_again_on_both(
    first: Callable[[Vault, Path], None], second: Callable[[Vault, Path], None], tmp_path: Path
) -> None:
    with replicas(tmp_path) as vaults:
        imports(BASE)(vaults[0], tmp_path / "one")
        meet(*vaults)
        first(vaults[0], tmp_path / "one")
        second(vaults[1], tmp_path / "two")
        meet(*vaults)
        assert [vault.note("log").text for vault in vaults] == [LAST, LAST]
        for vault, folder in zip(vaults, ("one", "two"), strict=True):
            assert import_folder(vault, tmp_path / folder).updated == []
            assert vault.check() == []
