"""Simulated edits that people make to their notes: they write lines of real notes (see lines.py)."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from random import Random

from crdtnotes.crdt.diff import edits
from crdtnotes.crdt.ops import Patch
from crdtnotes.editing.session import EditSession, Grouped
from crdtnotes.errors import NoteExists, NoteNotFound
from crdtnotes.markup.values import with_values
from crdtnotes.note import Note
from crdtnotes.vault import Vault
from tests.simulation.leads import check_moved, leads
from tests.simulation.ledger import Ledger, marks
from tests.simulation.lines import (
    BLOCKS,
    BOXES,
    FIELDS,
    MIXED,
    PAGES,
    Pen,
    boxes,
    fields,
    inside_a_line,
    line_starts,
    lines_of,
    some_lines,
)
from tests.simulation.oracles import require

DAYS = (date(2026, 11, 1), date(2026, 11, 2))

WHOLE_LINES = {
    "add": 6,
    "drop": 3,
    "swap": 4,
    "move": 2,
    "append": 3,
    "block": 3,
    "tick": 5,
    "field": 3,
    "mirror": 3,
    "create": 2,
    "page": 2,
    "today": 1,
    "import": 1,
    "rename": 3,
    "remove": 2,
    "restore": 1,
    "editor": 8,
}
"""What people do, and how often: they write whole lines, and set values."""

ANYTHING = {**WHOLE_LINES, "type": 10, "delete": 5}
"""In a mixed world they also type and delete inside lines."""

_MAKE_NOTES = ("create", "page", "today", "import", "restore")
_ELSEWHERE = (*_MAKE_NOTES, "rename", "remove", "editor")
# What does not edit the text of one note, or leaves its links for later.


class Person:
    """A person at a machine."""

    def __init__(self, machine: int, ledger: Ledger, pen: Pen) -> None:
        self._machine = machine
        self._ledger = ledger
        self._pen = pen
        self._files: dict[str, str] = {}
        """Texts that were read into files, by note, and are written back later."""
        self._removed: list[bytes] = []

    def act(self, vault: Vault, random: Random, editors: dict[str, EditSession]) -> Note | None:
        """Do one thing; return the note if its text was edited and its links are updated at once."""
        habits = ANYTHING if self._pen.style == MIXED else WHOLE_LINES
        [kind] = random.choices(list(habits), list(habits.values()))
        names = [] if kind in _MAKE_NOTES else vault.names()
        if not names and kind not in _MAKE_NOTES:
            kind = "create"
        if kind in _MAKE_NOTES:
            return self._make_a_note(kind, vault, random)
        # Mostly the same note, so that people meet in it.
        note = vault.note((names[0] if random.random() < 0.5 else random.choice(names)).name)
        if kind == "rename":
            self.rename(vault, note, random.choice(self._pen.names))
        elif kind == "editor":
            self._edit(note, random, editors)
        else:
            before = note.text
            getattr(self, f"_{kind}")(note, random)
            return note if kind not in _ELSEWHERE and note.text != before else None
        return None

    # -- notes

    def _make_a_note(self, kind: str, vault: Vault, random: Random) -> Note | None:
        with suppress(NoteExists):
            if kind == "create":
                text = self._pen.page(random)
                self._ledger.wrote(lines_of(text))
                note = vault.create_note(random.choice(self._pen.names), text)
                self._ledger.save(text, self._machine)
                self._links_were_rewritten(vault)
                return note
            if kind == "page":
                name, text = random.choice(PAGES)
                self._ledger.wrote(lines_of(text))
                note = vault.create_note(name, text)
                self._links_were_rewritten(vault)
                return note
            if kind == "import":
                self._import(vault, random)
        if kind == "today":
            self._ledger.wrote(lines_of(vault.today(random.choice(DAYS)).text))
            self._links_were_rewritten(vault)
        elif kind == "restore" and self._removed:
            with suppress(NoteNotFound):
                Note(vault._writer, self._removed.pop()).restore()
        return None

    def _import(self, vault: Vault, random: Random) -> None:
        texts = [self._pen.page(random) for _ in range(random.randint(2, 4))]
        with vault.transaction():
            for text in texts:
                self._ledger.wrote(lines_of(text))
                vault.create_note(f"{random.choice('ABZ')}/{random.randint(0, 3)}", text)
        self._ledger.save("".join(texts), self._machine)

    def rename(self, vault: Vault, note: Note, name: str) -> None:
        """Give a note another name, unless a note has it."""
        with suppress(NoteExists):
            before = leads(vault)
            note.rename(name)
            after = leads(vault)
            uid = bytes.fromhex(note.id)
            check_moved(uid, before, after)
            for link in [link for link, target in after.targets.items() if target == uid]:
                if link not in before.targets:
                    self._ledger.renamed.setdefault(link, set()).add((uid, after.bases[uid]))
            self._links_were_rewritten(vault)

    def _links_were_rewritten(self, vault: Vault) -> None:
        """Know the lines with links as they are now: a note has another name, or took one that links had."""
        for info in vault.names():
            self._ledger.wrote(line for line in lines_of(vault.note(info.name).text) if "[[" in line)

    def _remove(self, note: Note, random: Random) -> None:
        self._ledger.take(note.text)
        note.remove()
        if random.random() < 0.5:
            self._removed.append(bytes.fromhex(note.id))

    # -- whole-text writes

    def write(self, note: Note, new: str, base: str | None = None) -> None:
        """Write a whole text, made from the present one or from `base`."""
        old = note.text if base is None else base
        self._ledger.take("".join(marks(old) - marks(new)))
        for patch, is_value in with_values(old, edits(old, new)):
            if is_value:
                # Of values that are set apart only one stands.
                self._ledger.take(old[patch.start : patch.start + patch.removed] + patch.inserted)
        self._ledger.wrote(set(lines_of(new)) - set(lines_of(old)))
        note.write(new, base)
        self._ledger.save("".join(marks(new) - marks(old)), self._machine)
        require(base is not None or note.text == new, "a write did not give the text that was asked for")

    def _add(self, note: Note, random: Random) -> None:
        text = note.text
        at = random.choice(line_starts(text))
        self.write(note, text[:at] + self._pen.lines(random) + text[at:])

    def _drop(self, note: Note, random: Random) -> None:
        text = note.text
        start, end = some_lines(text, random)
        self.write(note, text[:start] + text[end:])

    def _swap(self, note: Note, random: Random) -> None:
        text = note.text
        start, end = some_lines(text, random)
        self.write(note, text[:start] + self._pen.lines(random, 2) + text[end:])

    def _move(self, note: Note, random: Random) -> None:
        text = note.text
        start, end = some_lines(text, random)
        rest = text[:start] + text[end:]
        to = random.choice(line_starts(rest))
        self.write(note, rest[:to] + text[start:end] + rest[to:])

    def _block(self, note: Note, random: Random) -> None:
        text = note.text
        at = random.choice((text.find("\n") + 1, line_starts(text)[-1]))
        self.write(note, text[:at] + random.choice(BLOCKS) + text[at:])

    def _tick(self, note: Note, random: Random) -> None:
        text = note.text
        for at in random.sample(list(boxes(text)), 1) if any(boxes(text)) else ():
            self.write(note, text[:at] + _other_value(text[at], random) + text[at + 1 :])

    def _field(self, note: Note, random: Random) -> None:
        text = note.text
        found = fields(text)
        if not found:
            if not text.startswith("---"):
                self.write(note, f"---\nstatus: {random.choice(FIELDS['status'])}\n---\n{text}")
            return
        start, end, name = random.choice(found)
        self.write(note, text[:start] + random.choice(FIELDS[name]) + text[end:])

    def _mirror(self, note: Note, random: Random) -> None:
        """Read the text into a file, or change the file and write it back."""
        if note.id not in self._files:
            self._files[note.id] = note.text
            return
        base = self._files.pop(note.id)
        start, end = some_lines(base, random)
        lines = self._pen.lines(random, 2)
        if random.random() < 0.3:
            for start in random.sample(list(boxes(base)), 1) if any(boxes(base)) else ():
                lines, end = _other_value(base[start], random), start + 1
        self.write(note, base[:start] + lines + base[end:], base)

    # -- typing

    def _append(self, note: Note, random: Random) -> None:
        line = self._pen.line(random)
        note.append(line)
        self._ledger.save(line, self._machine)

    def _type(self, note: Note, random: Random) -> None:
        typed = self._pen.words(random)
        note.insert(inside_a_line(note.text, random), typed)
        self._ledger.save(typed, self._machine)

    def _delete(self, note: Note, random: Random) -> None:
        text = note.text
        at = inside_a_line(text, random)
        end = text.find("\n", at)
        end = random.randint(at, len(text) if end < 0 else end)
        # Where it joins lines, it ends inside a line too, so that it cuts no box in two.
        until = inside_a_line(text, random)
        if at < until < at + 60 and random.random() < 0.5:
            end = until
        self._ledger.take(text[at:end])
        note.delete(at, end - at)

    # -- an editor that stays open

    def _edit(self, note: Note, random: Random, editors: dict[str, EditSession]) -> None:
        """Do something in an editor that stays open."""
        editor = editors.get(note.id) or editors.setdefault(note.id, note.open())
        luck = random.random()
        if luck < 0.15 and editor.can_undo:
            self._turn(editor, editor.undo)
        elif luck < 0.22 and editor.can_redo:
            self._turn(editor, editor.redo)
        elif luck < 0.45 and any(boxes(editor.text)):
            self._tick_by_hand(editor, random)
        elif luck < 0.65 or self._pen.style != MIXED:
            self._type_lines(editor, random)
        else:
            self._type_inside(editor, random)
        if random.random() < 0.5:
            with suppress(NoteNotFound):
                editor.update_links()

    def _turn(self, editor: EditSession, turn: Callable[[], list[Patch]]) -> None:
        """Undo or redo: comparing shows which marks are gone."""
        before = editor.text
        patches = turn()
        self._ledger.take("".join(before[start : start + removed] for start, removed, _ in patches))
        self._ledger.take(before if len(patches) > 1 else "")
        self._ledger.wrote(set(lines_of(editor.text)) - set(lines_of(before)))

    def _tick_by_hand(self, editor: EditSession, random: Random) -> None:
        text = editor.text
        at = random.choice(list(boxes(text)))
        value = _other_value(text[at], random)
        start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at) + 1
        self._ledger.wrote((f"{text[start:at]}{value}{text[at + 1 : end or len(text)]}",))
        editor.commit([Grouped(Patch(at, 1, value))])

    def _type_lines(self, editor: EditSession, random: Random) -> None:
        """Type lines at one place, each below the last or, to write upwards, above it; or delete a line."""
        at = random.choice(line_starts(editor.text))
        if random.random() < 0.2:
            start, end = some_lines(editor.text, random, 1)
            self._ledger.take(editor.text[start:end])
            editor.commit([Grouped(Patch(start, end - start, ""))])
            return
        upwards = random.random() < 0.6
        anchor = editor.anchor(at)
        for _ in range(random.randint(1, 3)):
            line = self._pen.line(random)
            editor.commit([Grouped(Patch(at, 0, line))])
            self._ledger.save(line, self._machine)
            at = editor.position(anchor) if upwards else at + len(line)
            if not upwards and editor.text[at - len(line) : at] != line:
                return  # somebody else has written here

    def _type_inside(self, editor: EditSession, random: Random) -> None:
        text = editor.text
        at = inside_a_line(text, random)
        end = text.find("\n", at)
        length = random.randint(0, min(3, (len(text) if end < 0 else end) - at))
        typed = self._pen.words(random)
        self._ledger.take(text[at : at + length])
        editor.commit([Grouped(Patch(at, length, typed), alike=random.random() < 0.3)])
        self._ledger.save(typed, self._machine)


def _other_value(value: str, random: Random) -> str:
    """What a person puts into a task's box: mostly a tick, or none."""
    if random.random() < 0.8:
        return "x" if value == " " else " "
    return random.choice(BOXES.replace(value, ""))
