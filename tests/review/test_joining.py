"""One text of two that people wrote as the first text of one note."""

from itertools import product
from random import Random

import pytest

from crdtnotes.review.found import patched
from crdtnotes.review.joining import joined

FRONT = "---\ntitle: a\ntags: [x, y]\n---\n"

CASES: dict[str, tuple[str, str, str]] = {
    "a line more in the second": ("a\nb\nc\n", "a\nb\nnew\nc\n", "a\nb\nnew\nc\n"),
    "a line more in the first": ("a\nnew\nb\n", "a\nb\n", "a\nnew\nb\n"),
    "lines more in both": ("a\none\nb\nc\n", "a\nb\ntwo\nc\n", "a\none\nb\ntwo\nc\n"),
    "a changed line": (
        "# t\n\nold words\n\nend\n",
        "# t\n\nnew words\n\nend\n",
        "# t\n\nold words\nnew words\n\nend\n",
    ),
    "lines at both ends": ("a\nb\n", "first\na\nb\nlast\n", "first\na\nb\nlast\n"),
    "no final newline in the first": ("a\nb\n", "a\nb\nc", "a\nb\nc"),
    "no final newline in either": ("a\nx\nb\n", "a\nb", "a\nx\nb"),
    "a deleted newline between the two": ("a\nb", "a\nb\nc\n", "a\nb\nc\n"),
    "only blank lines more": ("a\nb\n", "a\n\nb\n", "a\n\nb\n"),
    "中文": ("# 日记\n今天\n天气好\n", "# 日记\n今天\n下雨\n天气好\n", "# 日记\n今天\n下雨\n天气好\n"),
    "nothing in common": ("a\nb\n", "c\nd\n", ""),
    "too little in common": ("a\nb\nc\nd\n", "a\nx\ny\nz\n", ""),
    "common lines in another order": ("a\nb\nc\nd\n", "d\nc\nb\na\n", ""),
    "front matter in both": (
        f"{FRONT}body\n",
        "---\ntags: [y, z]\ntitle: b\nauthor: me\n---\nbody\nmore\n",
        "---\ntitle: a\ntags: [x, y, z]\nauthor: me\n---\nbody\nmore\n",
    ),
    "front matter in the second only": ("body\nend\n", f"{FRONT}body\n", f"{FRONT}body\nend\n"),
    "front matter in the first only": (f"{FRONT}body\n", "body\nend\n", f"{FRONT}body\nend\n"),
    "front matter in both, bodies that differ": (
        f"{FRONT}one\n",
        "---\ntags: [z]\n---\ntwo\n",
        f"{FRONT.replace('y]', 'y, z]')}one\ntwo\n",
    ),
    "front matter in both, one body empty": (
        f"{FRONT}",
        "---\nx: 1\n---\ntwo\n",
        f"{FRONT[:-4]}x: 1\n---\ntwo\n",
    ),
    "lists as items": (
        "---\ntags:\n  - a\n  - b\naliases:\n- x\n---\nb\n",
        "---\naliases: [y, x]\ntags:\n- b\n- 'c: d'\n---\nb\n",
        "---\ntags:\n  - a\n  - b\n  - 'c: d'\naliases:\n- x\n- y\n---\nb\n",
    ),
    "an empty list and an empty value": (
        "---\ntags: []\naliases:\n---\nb\n",
        "---\ntags:\n- q\naliases:\n  - r\n---\nb\n",
        "---\ntags: [q]\naliases:\n  - r\n---\nb\n",
    ),
    "lists that are not simple stay as they are": (
        "---\ntags: ['a, b', c]\n---\nb\n",
        "---\ntags: [d]\n---\nb\n",
        "---\ntags: ['a, b', c]\n---\nb\n",
    ),
    "keys of several lines": (
        "---\na: 1\n---\nb\n",
        "---\nnested:\n  deep: [1]\n  # why\ntext: |\n  one\n  two\n---\nb\n",
        "---\na: 1\nnested:\n  deep: [1]\n  # why\ntext: |\n  one\n  two\n---\nb\n",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_two_texts_become_one(name: str) -> None:
    one, two, wanted = CASES[name]
    patches = joined(one, two)
    assert (patched(one + two, patches) if patches else "") == wanted


@pytest.mark.parametrize("seed", range(300))
def test_each_text_is_part_of_the_result_in_its_order(seed: int) -> None:
    random = Random(seed)
    words = [f"{word}\n" for word in ("ab", "cd", "ef", "", "gh", "", "- x", "- x")]
    base = [random.choice(words) for _ in range(random.randint(3, 30))]

    def varied() -> list[str]:
        lines = base[:]
        for _ in range(random.randint(0, 3)):
            lines.insert(random.randint(0, len(lines)), f"new {random.random()}\n")
        return lines

    one, two = varied(), varied()
    patches = joined("".join(one), "".join(two))
    starts = [patch.start for patch in patches]
    assert starts == sorted(starts, reverse=True)
    result = patched("".join(one + two), patches).splitlines(keepends=True)
    for text in (one, two):
        rest = iter(result)
        assert all(line in rest for line in text)
    assert not patches or len(result) <= len(base) + 6


@pytest.mark.parametrize(
    ("size", "kind"), list(product((2000, 40_000), ("unique", "recurring", "alternating")))
)
def test_long_texts_take_linear_time(size: int, kind: str) -> None:
    """Comparing each line with each takes 1.6 billion steps for the longer ones."""
    recurring = kind == "recurring"

    def make(number: int) -> str:
        if kind == "alternating":
            return "- [ ] task\n" if number % 2 else "\n"
        return f"line {number % 50 if recurring else number}\n"

    one = [make(number) for number in range(size)]
    two = [*one[: size // 3], "new\n", *one[size // 3 : -3], "other\n", *one[-3:]]
    patches = joined("".join(one), "".join(two))
    assert "new\n" in patched("".join(one + two), patches)
