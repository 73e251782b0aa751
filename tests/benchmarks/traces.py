"""Recorded typing: read from files, or generated.

A file is JSON, plain or gzipped: `{"startContent", "endContent", "txns": [{"patches": [[position, deleted,
inserted], …]}]}`, positions in code points. If several people type at once, each transaction also has its
`agent` and its `parents`, the indexes of the transactions that it was typed after.
"""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.benchmarks.words import Words

Patch = tuple[int, int, str]
"""`(position, deleted, inserted)`: this many characters at this position are replaced with these."""


@dataclass(frozen=True, slots=True)
class Txn:
    """Patches made together; each applies to the text that the patch before left."""

    patches: tuple[Patch, ...]
    agent: int = 0
    parents: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """One recording, and its final text."""

    name: str
    start: str
    end: str
    txns: tuple[Txn, ...]

    @property
    def agents(self) -> list[int]:
        """The people who type in it."""
        return sorted({txn.agent for txn in self.txns})

    @property
    def patches(self) -> list[Patch]:
        """All patches, with the initial text as the first patch."""
        first: list[Patch] = [(0, 0, self.start)] if self.start else []
        return first + [patch for txn in self.txns for patch in txn.patches]


def load(path: Path) -> Trace:
    """Read a recording; raises ValueError if the file is not one."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    content = json.loads(data)
    try:
        txns = tuple(_txn(entry) for entry in content["txns"])
        return Trace(path.name.split(".")[0], content.get("startContent", ""), content["endContent"], txns)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a recording of typing ({error!r}).") from None


def _txn(entry: dict[str, Any]) -> Txn:
    patches = tuple((int(start), int(deleted), str(text)) for start, deleted, text in entry["patches"])
    return Txn(patches, entry.get("agent", 0), tuple(entry.get("parents", ())))


class _Author:
    """One person who types in a part of a text: the characters `text`, between the parts of others."""

    def __init__(self, random: Random, words: Words, chinese: float) -> None:
        self._random = random
        self._words = words
        self._chinese = chinese
        self.text: list[str] = []
        self.cursor = 0

    def burst(self) -> list[Patch]:
        """Type, correct, jump, move or paste something; return the patches; positions are in the own part."""
        random = self._random
        choice = random.random()
        patches: list[Patch] = []
        if choice < 0.68 or len(self.text) < 200:
            self._type(patches)
        elif choice < 0.82:
            self._erase(patches, min(self.cursor, random.choice((1, 2, 3, 5, 8, 13, 21))))
        elif choice < 0.97:
            near = random.random() < 0.7
            place = self.cursor + random.randint(-80, 80) if near else random.randrange(len(self.text) + 1)
            self.cursor = min(max(0, place), len(self.text))
            self._type(patches)
        elif choice < 0.985:
            start = random.randrange(len(self.text))
            moved = "".join(self.text[start : start + random.randint(5, 300)])
            self._patch(patches, start, len(moved), "")
            self._patch(patches, random.randrange(len(self.text) + 1), 0, moved)
        else:
            pasted = " ".join(self._sentence() for _ in range(random.randint(1, 4)))
            self._patch(patches, self.cursor, 0, pasted)
        return patches

    def _sentence(self) -> str:
        return self._words.sentence(chinese=self._random.random() < self._chinese)

    def _type(self, patches: list[Patch]) -> None:
        random = self._random
        sentence = self._sentence() + random.choice((" ", " ", " ", "\n", "\n\n"))
        at = 0
        while at < len(sentence):
            # An input method commits several Chinese characters at a time.
            size = 1 if sentence[at].isascii() else random.randint(1, 4)
            self._patch(patches, self.cursor, 0, sentence[at : at + size])
            at += size
            if random.random() < 0.03:
                wrong = random.randint(1, 4)
                for _ in range(wrong):
                    self._patch(patches, self.cursor, 0, random.choice("asdfghjkl"))
                self._erase(patches, wrong)

    def _erase(self, patches: list[Patch], count: int) -> None:
        for _ in range(count):
            self._patch(patches, self.cursor - 1, 1, "")

    def _patch(self, patches: list[Patch], start: int, deleted: int, inserted: str) -> None:
        self.text[start : start + deleted] = inserted
        self.cursor = start + len(inserted)
        patches.append((start, deleted, inserted))


def typing(edits: int, seed: int = 1, chinese: float = 0.3) -> Trace:
    """Generate a person's typing of `edits` patches; `chinese` is the share of Chinese sentences."""
    random = Random(seed)
    author = _Author(random, Words(random), chinese)
    patches: list[Patch] = []
    while len(patches) < edits:
        patches += author.burst()
    txns = tuple(Txn((patch,)) for patch in patches)
    return Trace(f"typing-{edits}", "", "".join(author.text), txns)


def concurrent(edits: int, seed: int = 2, chinese: float = 0.3) -> Trace:
    """Generate two people who type at once, for at least `edits` transactions of one patch.

    They start from the same text, divide it at a character that neither deletes, and each writes on one side;
    now and then one merges the other's changes, and after a while both do and divide the text again. So they
    never write at the same place, and every correct CRDT ends with the same text.
    """
    random = Random(seed)
    words = Words(random)
    text = list("\n\n".join(words.sentence(chinese=random.random() < chinese) for _ in range(20)))
    txns = [Txn(((0, 0, "".join(text)),), 0)]
    last: dict[int, int] = {0: 0}
    while len(txns) < edits:
        text = _session(random, words, chinese, text, txns, last)
    return Trace(f"concurrent-{edits}", "", "".join(text), tuple(txns))


def _session(
    random: Random, words: Words, chinese: float, text: list[str], txns: list[Txn], last: dict[int, int]
) -> list[str]:
    """Let both type on their sides, starting from the same text; return the text that both end with."""
    cut = random.randrange(len(text))
    authors = [_Author(random, words, chinese) for _ in range(2)]
    authors[0].text, authors[1].text = text[:cut], text[cut + 1 :]
    for author in authors:
        author.cursor = random.randrange(len(author.text) + 1)
    before = cut  # characters on the first person's side, as the second person knows it
    merges = {0: 1 in last, 1: True}
    for _ in range(random.randint(4, 30)):
        agent = random.randrange(2)
        if random.random() < 0.3:
            merges[agent] = True
        if agent == 1 and merges[1]:
            before = len(authors[0].text)
        for start, deleted, inserted in authors[agent].burst():
            offset = before + 1 if agent else 0
            seen = [agent, 1 - agent] if merges[agent] else [agent]
            parents = sorted({last[other] for other in seen if other in last})
            merges[agent] = False
            last[agent] = len(txns)
            txns.append(Txn(((start + offset, deleted, inserted),), agent, tuple(parents)))
    return [*authors[0].text, text[cut], *authors[1].text]
