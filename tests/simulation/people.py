"""Simulated edits that people make to their notes."""

from contextlib import suppress
from datetime import date
from random import Random

from crdtnotes.crdt.ops import Patch
from crdtnotes.editing.session import EditSession, Grouped
from crdtnotes.errors import NoteExists, NoteNotFound
from crdtnotes.note import Note
from crdtnotes.vault import Vault
from tests.simulation.ledger import Ledger

NAMES = ("A", "a", "B", "Z", "Z (2)", "f/A", "f/b", "分布式系统", "g/系统", "É", "E\u0301.md", "ＣＡＰ")
TARGETS = (*NAMES, "h/A", "./A", "alias", "nowhere", "CAP定理|CAP", "系统#一")
PAGES = (
    ("A", "一样\n\n[[Z]] [[Z]] #t\n"),
    ("Z", "---\naliases: [alias]\n---\n[[a|甲]]\n"),
    ("Z", "another [[B]]\n"),
)
PIECES = ("word ", "字", "系统", "😀", "\n", "#tag ", "e\u0301", "x\n\ny", "[[", "]]")
DAYS = (date(2026, 11, 1), date(2026, 11, 2))

EDITS = {
    "type": 10,
    "delete": 5,
    "move": 2,
    "create": 4,
    "page": 2,
    "today": 1,
    "rename": 2,
    "remove": 2,
    "import": 1,
    "editor": 4,
}


class Person:
    """A person at a machine."""

    def __init__(self, machine: int, ledger: Ledger) -> None:
        self._machine = machine
        self._ledger = ledger

    def act(self, vault: Vault, random: Random, editors: dict[str, EditSession]) -> Note | None:
        """Do one thing; return the note if its text was edited and its links are updated at once."""
        [kind] = random.choices(list(EDITS), list(EDITS.values()))
        names = [] if kind in ("create", "page", "today", "import") else vault.names()
        if not names and kind not in ("page", "today", "import"):
            kind = "create"
        if kind == "create":
            return self._create(vault, random.choice(NAMES), self._words(random))
        if kind == "page":
            with suppress(NoteExists):
                return vault.create_note(*random.choice(PAGES))
        elif kind == "today":
            vault.today(random.choice(DAYS))
        elif kind == "import":
            self._import(vault, random)
        elif kind == "editor":
            self._edit(vault.note(random.choice(names).name), random, editors)
        else:
            note = vault.note(random.choice(names).name)
            before = note.text
            getattr(self, f"_{kind}")(note, random)
            return note if kind in ("type", "delete", "move") and note.text != before else None
        return None

    def _create(self, vault: Vault, name: str, text: str) -> Note | None:
        with suppress(NoteExists):
            note = vault.create_note(name, text)
            self._ledger.save(text, self._machine)
            return note
        return None

    def _import(self, vault: Vault, random: Random) -> None:
        texts = [self._words(random) for _ in range(random.randint(2, 4))]
        try:
            with vault.transaction():
                for text in texts:
                    vault.create_note(f"{random.choice(NAMES[:4])}/{random.randint(0, 3)}", text)
        except NoteExists:
            return
        self._ledger.save("".join(texts), self._machine)

    def _type(self, note: Note, random: Random) -> None:
        text = self._words(random)
        note.insert(random.randint(0, len(note.text)), text)
        self._ledger.save(text, self._machine)

    def _delete(self, note: Note, random: Random) -> None:
        text = note.text
        at, length = _part(text, random)
        self._ledger.take(text[at : at + length])
        note.delete(at, length)

    def _move(self, note: Note, random: Random) -> None:
        text = note.text
        at, length = _part(text, random)
        rest = text[:at] + text[at + length :]
        to = random.randint(0, len(rest))
        note.write(rest[:to] + text[at : at + length] + rest[to:])

    def _rename(self, note: Note, random: Random) -> None:
        with suppress(NoteExists):
            note.rename(random.choice(NAMES))

    def _remove(self, note: Note, random: Random) -> None:
        self._ledger.take(note.text)
        note.remove()

    def _edit(self, note: Note, random: Random, editors: dict[str, EditSession]) -> None:
        """Type into an editor that stays open."""
        editor = editors.get(note.id) or editors.setdefault(note.id, note.open())
        if random.random() < 0.15 and editor.can_undo:
            # The undone text was typed in this editor; comparing shows which marks are gone.
            before = editor.text
            undone = editor.undo()
            self._ledger.take("".join(before[start : start + removed] for start, removed, _ in undone))
            self._ledger.take(before if len(undone) > 1 else "")
        else:
            text = editor.text
            at, length = _part(text, random, most=3)
            typed = self._words(random)
            self._ledger.take(text[at : at + length])
            editor.commit([Grouped(Patch(at, length, typed), alike=random.random() < 0.3)])
            self._ledger.save(typed, self._machine)
        if random.random() < 0.5:
            with suppress(NoteNotFound):
                editor.update_links()

    def _words(self, random: Random) -> str:
        pieces = [
            f"[[{random.choice(TARGETS)}]]" if random.random() < 0.4 else random.choice(PIECES)
            for _ in range(random.randint(0, 3))
        ]
        pieces.insert(random.randint(0, len(pieces)), self._ledger.mark())
        return "".join(pieces)


def _part(text: str, random: Random, most: int = 12) -> tuple[int, int]:
    at = random.randint(0, len(text))
    return at, random.randint(0, min(most, len(text) - at))
