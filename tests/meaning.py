"""What two people do apart and what must come out, row by row, for tests at several levels.

Each person takes steps on the note "A", whose text both have. Where a row is about a link, the note "X" is
there too.
"""

from pathlib import Path
from typing import Protocol

Step = tuple[str, ...]
"""`("write", old, new)` replaces a part of the note in a whole new version, `("import", text)` imports a file
with this text, `("rename", old, new)` renames a note, `("append", text)` adds lines, and
`("type", before, gone, text)` types in an editor, right behind the text `before`."""

Row = tuple[str, list[Step], list[Step], set[str]]
"""The note's text, the steps of either person, and the texts that may come out."""

MILK = "- [ ] milk\n- [ ] tea\n"
TICK = ("write", "[ ] milk", "[x] milk")
UNTICK = ("write", "[x] milk", "[ ] milk")
LINK = "See [[X]]. Two.\n"
FRONT = "---\nstatus: open\n---\n"
DONE = ("write", "open", "done")
CHANGED = "zero\none\ntwo\nthree\n"

ROWS: dict[str, Row] = {
    "both tick a task": (MILK, [TICK], [TICK], {"- [x] milk\n- [ ] tea\n"}),
    "one ticks, one ticks and unticks": (MILK, [TICK], [TICK, UNTICK], {MILK}),
    "one ticks, one deletes the line": (MILK, [TICK], [("write", "- [ ] milk\n", "")], {"- [ ] tea\n"}),
    "both tick and untick, one does again, one deletes the line": (
        MILK,
        [TICK, UNTICK, TICK, UNTICK],
        [TICK, UNTICK, ("write", "- [ ] milk\n", "")],
        {"- [ ] tea\n"},
    ),
    "both rename alike": (LINK, [("rename", "X", "Y")], [("rename", "X", "Y")], {"See [[Y]]. Two.\n"}),
    "they rename to two names": (
        LINK,
        [("rename", "X", "Alpha")],
        [("rename", "X", "Beta")],
        {"See [[Alpha]]. Two.\n", "See [[Beta]]. Two.\n"},
    ),
    "one renames, one deletes the sentence": (
        LINK,
        [("rename", "X", "Y")],
        [("write", "See [[X]]. ", "")],
        {"Two.\n"},
    ),
    "one renames, one takes the brackets away": (
        LINK,
        [("rename", "X", "Y")],
        [("write", "[[X]]", "X")],
        {"See Y. Two.\n"},
    ),
    "two values for one field": (
        FRONT,
        [DONE],
        [("write", "open", "closed")],
        {"---\nstatus: done\n---\n", "---\nstatus: closed\n---\n"},
    ),
    "one sets a field, one deletes its line": (
        FRONT,
        [DONE],
        [("write", "status: open\n", "")],
        {"---\n---\n"},
    ),
    "one sets a field, one types behind its value": (
        FRONT,
        [DONE],
        [("type", "open", "", "!")],
        {"---\nstatus: done!\n---\n"},
    ),
    "the winner takes its own value back": (FRONT, [DONE, ("write", "done", "open")], [DONE], {FRONT}),
    "both correct one typo": (
        "recieve it\n",
        [("write", "recieve", "receive")],
        [("write", "recieve", "receive")],
        {"receive it\n"},
    ),
    "two words for one": (
        "on Monday, ok\n",
        [("write", "Monday", "Tuesday")],
        [("write", "Monday", "Wednesday")],
        {"on TuesdayWednesday, ok\n", "on WednesdayTuesday, ok\n"},
    ),
    "two numbers in a table's cell": (
        "| a | 1 |\n",
        [("write", "1", "2")],
        [("write", "1", "3")],
        {"| a | 23 |\n", "| a | 32 |\n"},
    ),
    "both import one changed file": ("one\ntwo\n", [("import", CHANGED)], [("import", CHANGED)], {CHANGED}),
    "both import it, one in two steps": (
        "one\ntwo\n",
        [("import", "zero\none\ntwo\n"), ("import", CHANGED)],
        [("import", CHANGED)],
        {CHANGED},
    ),
    "one imports it, one writes it": (
        "one\ntwo\n",
        [("import", CHANGED)],
        [("write", "one\ntwo\n", CHANGED)],
        {CHANGED},
    ),
    "both import it, one deletes the new line and writes it again": (
        "one\n",
        [("import", "one\ntwo\n"), ("write", "two\n", ""), ("write", "one\n", "one\ntwo\n")],
        [("import", "one\ntwo\n")],
        {"one\ntwo\n"},
    ),
    "both import it, one deletes the new line and imports the same file": (
        "one\n",
        [("import", "one\ntwo\n"), ("write", "two\n", ""), ("import", "one\ntwo\n")],
        [("import", "one\ntwo\n")],
        {"one\n"},
    ),
    "both append one line to a log": ("log\n", [("append", "tea")], [("append", "tea")], {"log\ntea\ntea\n"}),
    "both type one line of a log": (
        "log\n",
        [("type", "log\n", "", "tea\n")],
        [("type", "log\n", "", "tea\n")],
        {"log\ntea\ntea\n"},
    ),
    "both write paragraphs upwards": (
        "list\nend\n",
        [("type", "list\n", "", f"a{number}\n") for number in range(3)],
        [("type", "list\n", "", f"b{number}\n") for number in range(3)],
        {"list\na2\na1\na0\nb2\nb1\nb0\nend\n", "list\nb2\nb1\nb0\na2\na1\na0\nend\n"},
    ),
    "both move a line alike": (
        "a\nb\nc\n",
        [("write", "a\nb\nc\n", "a\nc\nb\n")],
        [("write", "a\nb\nc\n", "a\nc\nb\n")],
        {"a\nc\nb\n"},
    ),
    "two flags for one": (
        "from 🇩🇪 here\n",
        [("write", "🇩🇪", "🇫🇷")],
        [("write", "🇩🇪", "🇩🇰")],
        {"from 🇫🇷🇩🇰 here\n", "from 🇩🇰🇫🇷 here\n"},
    ),
    "两个重音": (
        "see cafe now\n",
        [("write", "cafe", "cafe\u0301")],
        [("write", "cafe", "cafe\u0300")],
        {"see cafe\u0301cafe\u0300 now\n", "see cafe\u0300cafe\u0301 now\n"},
    ),
}


class Person(Protocol):
    """Somebody who takes steps on one replica."""

    def text(self) -> str:
        """The text of the note."""
        ...

    def write(self, text: str) -> None:
        """Give the note a whole new text."""
        ...

    def append(self, text: str) -> None:
        """Add lines to the note."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Rename a note."""
        ...

    def import_folder(self, folder: Path) -> None:
        """Import a folder."""
        ...

    def type(self, start: int, removed: int, text: str) -> None:
        """Type in an editor that stays open."""
        ...


def take(person: Person, step: Step, folder: Path) -> None:
    """Let a person take a step; `folder` is for files to import."""
    kind, *words = step
    if kind == "write":
        old, new = words
        text = person.text()
        assert old in text
        person.write(text.replace(old, new, 1))
    elif kind == "import":
        folder.mkdir(exist_ok=True)
        (folder / "A.md").write_bytes(words[0].encode())
        person.import_folder(folder)
    elif kind == "append":
        person.append(words[0])
    elif kind == "rename":
        person.rename(*words)
    else:
        before, gone, new = words
        start = person.text().index(before + gone) + len(before)
        person.type(start, len(gone), new)
