"""Random schedules: replicas edit independently, receive some changes of others out of order, then sync.

`python -m tests.store.convergence --seeds 1000 --start 0` runs more schedules than the suite does.
"""

import argparse
import tempfile
import time
from contextlib import suppress
from datetime import date
from pathlib import Path
from random import Random

from crdtnotes.changes.batch import batches, changes_in
from crdtnotes.errors import NoteExists
from crdtnotes.note import Note
from crdtnotes.vault import Vault
from tests.store.oracle import check_against_log, check_against_new_file
from tests.vaults import fast

NAMES = [
    "A",
    "a",
    "B",
    "b",
    "Z",
    "Z (2)",
    "Z (3)",
    "f/A",
    "f/b",
    "g/h/A",
    "分布式系统",
    "g/系统",
    "É",
    "E\u0301.md",
]
TARGETS = [*NAMES, "f", "h/A", "alias", "./A", "../A", "nowhere"]
PAGES = [
    ("A", "一样\n\n[[Z]] [[Z]] #t\n"),
    ("Z", "---\naliases: [alias]\n---\n[[a|甲]]\n"),
    ("Z", "another [[B]]\n"),
]
PIECES = ["word ", "字", "😀", "\n", "#tag ", "x\n\ny"]
ACTIONS = "cccbbttttttddmmrrrxoTs"


class Person:
    """A person who writes notes at random."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def act(self, vault: Vault, action: str) -> None:
        """Do one thing that a person might do."""
        random = self.random
        if action == "c":
            with suppress(NoteExists):
                vault.create_note(random.choice(NAMES), self.words())
        elif action == "b":
            with suppress(NoteExists):
                vault.create_note(*random.choice(PAGES))
        elif action == "T":
            vault.today(date(2026, 11, random.randint(1, 2)))
        elif action == "s":
            vault.search("字")
        elif names := [info.name for info in vault.notes()]:
            self.change(vault.note(random.choice(names)), action)

    def change(self, note: Note, action: str) -> None:
        random, text = self.random, note.text
        at = random.randint(0, len(text))
        length = random.randint(0, min(20, len(text) - at))
        if action == "t":
            note.insert(at, self.words())
        elif action == "d":
            note.delete(at, length)
        elif action == "m":
            rest = text[:at] + text[at + length :]
            to = random.randint(0, len(rest))
            note.write(rest[:to] + text[at : at + length] + rest[to:])
        elif action == "r":
            with suppress(NoteExists):
                note.rename(random.choice(NAMES))
        elif action == "x":
            note.remove()
        elif action == "o":
            note.append(self.words())

    def words(self) -> str:
        random = self.random
        return "".join(
            f"[[{random.choice(TARGETS)}]]" if random.random() < 0.4 else random.choice(PIECES)
            for _ in range(random.randint(0, 4))
        )


class World:
    """Some replicas of one vault, and the random source of everything that happens."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.random = Random(seed)
        self.person = Person(self.random)
        first = fast(Vault.create(folder / "0.db", "d0"))
        self.folder = folder
        self.vaults = [first]
        for number in range(1, self.random.randint(3, 4)):
            self.vaults.append(fast(Vault.create(folder / f"{number}.db", f"d{number}", first.id)))

    def close(self) -> None:
        for vault in self.vaults:
            vault.close()

    def run(self, steps: int) -> None:
        random = self.random
        for _ in range(steps):
            at = random.randrange(len(self.vaults))
            if random.random() < 0.3:
                self.meet(at, random.randrange(len(self.vaults)))
            elif random.random() < 0.15:
                with self.vaults[at].transaction():
                    for _ in range(random.randint(1, 4)):
                        self.person.act(self.vaults[at], random.choice(ACTIONS))
            elif random.random() < 0.05:
                path = self.vaults[at].path
                self.vaults[at].close()
                self.vaults[at] = fast(Vault.open(path))
            else:
                self.person.act(self.vaults[at], random.choice(ACTIONS))

    def meet(self, to: int, source: int) -> None:
        """Bring part of one replica's changes to another: in pieces, out of order, some of them twice."""
        random = self.random
        changes = [
            data
            for batch in self.vaults[source].changes_since(self.vaults[to].version)
            for data in changes_in(batch)
        ]
        if random.random() < 0.5:
            random.shuffle(changes)
        changes = changes[: random.randint(0, len(changes))] + changes[:2]
        while changes:
            size = random.randint(1, 5)
            for batch in batches(changes[:size]):
                self.vaults[to].apply(batch)
            changes = changes[size:]

    def settle(self) -> None:
        """Let all replicas receive all changes."""
        for _ in range(2):
            for to in self.random.sample(self.vaults, len(self.vaults)):
                for source in self.vaults:
                    for batch in source.changes_since(to.version):
                        to.apply(batch)

    def check(self) -> None:
        """Fail unless all replicas show the same, and each matches its log."""
        assert len({tuple(vault.version.items()) for vault in self.vaults}) == 1
        assert len({vault.digest for vault in self.vaults}) == 1
        for vault in self.vaults:
            assert vault.check() == []
        check_against_log(self.vaults[0])
        for number, vault in enumerate(self.vaults):
            check_against_new_file(vault, self.folder / f"new{number}.db")


def run(seed: int, folder: Path, steps: int = 40) -> None:
    """Run one schedule; fails if a replica is not as it should be."""
    world = World(seed, folder)
    try:
        world.run(steps)
        for vault in world.vaults:
            check_against_log(vault)
        world.settle()
        world.check()
    finally:
        world.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args()
    began = time.monotonic()
    for seed in range(options.start, options.start + options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            try:
                run(seed, Path(folder), options.steps)
            except BaseException:
                print(f"seed {seed} fails")
                raise
    print(f"{options.seeds} schedules in {time.monotonic() - began:.1f} s; none failed")


if __name__ == "__main__":
    main()
