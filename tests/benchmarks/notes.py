"""A generated folder of wiki-linked Markdown notes."""

from pathlib import Path
from random import Random

from tests.benchmarks.words import Words

NOTES = 6280
BYTES = 34_000_000

_PER_FOLDER = 40


def make_notes(folder: Path, count: int = NOTES, size: int = BYTES // NOTES, seed: int = 3) -> None:
    """Write `count` notes of `size` bytes on average into folders, every other one in Chinese.

    One title in twenty occurs in several folders; one link in twenty dangles.
    """
    random = Random(seed)
    maker = _Maker(random, Words(random), count)
    for number, (place, title) in enumerate(maker.places):
        path = folder / place / f"{title}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        wanted = int(size * random.uniform(0.2, 1.8))
        path.write_text(maker.note(number, title, wanted), encoding="utf-8", newline="\n")


class _Maker:
    def __init__(self, random: Random, words: Words, count: int) -> None:
        self._random = random
        self._words = words
        self.places: list[tuple[str, str]] = []
        taken: set[tuple[str, str]] = set()
        while len(self.places) < count:
            chinese = len(self.places) % 2 == 1
            folder = f"{'zh' if chinese else 'en'}/{len(self.places) // _PER_FOLDER:03d}"
            if self.places and random.random() < 0.05:
                title = random.choice(self.places)[1]
            else:
                title = words.rare(random.choice((2, 2, 3)), chinese=chinese)
            if (folder, title) not in taken:
                taken.add((folder, title))
                self.places.append((folder, title))

    def note(self, number: int, title: str, size: int) -> str:
        chinese = number % 2 == 1
        random, words = self._random, self._words
        parts: list[str] = []
        if random.random() < 0.6:
            tags = words.words(random.randint(1, 3), chinese=chinese)
            lines = ["---", "tags:", *(f"  - {tag}" for tag in tags)]
            if random.random() < 0.4:
                lines += ["aliases:", f"  - {words.rare(2, chinese=chinese)} {number}"]
            parts.append("\n".join([*lines, "---"]))
        parts.append(f"# {title}")
        length = 0
        while length < size:
            block = self._block(chinese)
            parts.append(block)
            length += len(block.encode())
        return "\n\n".join(parts) + "\n"

    def _block(self, chinese: bool) -> str:
        random = self._random
        kind = random.random()
        if kind < 0.62:
            return self._prose(random.randint(2, 5), chinese)
        if kind < 0.74:
            return f"## {self._words.rare(2, chinese=chinese)}"
        if kind < 0.9:
            return "\n".join(f"- {self._prose(1, chinese)}" for _ in range(random.randint(2, 6)))
        if kind < 0.95:
            code = "\n".join(f"    {' '.join(self._words.words(4, chinese=False))}" for _ in range(5))
            return f"```python\n{code}\n```"
        rows = "\n".join(
            f"| {a} | {b} |"
            for a, b in zip(
                self._words.words(4, chinese=chinese), self._words.words(4, chinese=chinese), strict=True
            )
        )
        return f"| a | b |\n| --- | --- |\n{rows}"

    def _prose(self, sentences: int, chinese: bool) -> str:
        texts = [self._words.sentence(chinese=chinese) for _ in range(sentences)]
        for number in range(sentences):
            choice = self._random.random()
            if choice < 0.22:
                texts[number] += f" {self._link()}"
            elif choice < 0.24:
                texts[number] += f" #{self._words.words(1, chinese=chinese)[0]}"
        return ("" if chinese else " ").join(texts)

    def _link(self) -> str:
        random = self._random
        folder, title = random.choice(self.places)
        if random.random() < 0.05:
            title = self._words.rare(3, chinese=folder.startswith("zh"))
        choice = random.random()
        if choice < 0.6:
            return f"[[{title}]]"
        if choice < 0.75:
            return f"[[{title}|{self._words.words(1, chinese=False)[0]}]]"
        if choice < 0.85:
            return f"[[{folder}/{title}]]"
        if choice < 0.95:
            return f"[[{title}#{self._words.words(1, chinese=False)[0]}]]"
        return f"![[{title}]]"
