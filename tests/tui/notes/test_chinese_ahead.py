import asyncio
import subprocess
import sys

import pytest

from crdtnotes_tui.notes import chinese_ahead
from crdtnotes_tui.notes.chinese_ahead import IDLE_SECONDS, NAMES_AT_A_TIME, SHORT_IDLE_SECONDS, load_chinese

LOADED = """
import asyncio, sys
from crdtnotes_tui.notes.chinese_ahead import load_chinese
from crdtnotes.markup.pinyin import pinyin_ranks

async def idle(seconds):
    pass

keys = sys.argv[1].split(",")
asyncio.run(load_chinese(keys, sys.argv[2], idle))
loaded = set(sys.modules)
print("pypinyin" in loaded)
pinyin_ranks("fb", [(key, key) for key in keys])
print(sorted(set(sys.modules) - loaded))
"""


def loaded(keys: str, text: str) -> list[str]:
    """Whether the readings are loaded, and the modules that a search loads afterwards."""
    ran = subprocess.run(
        [sys.executable, "-c", LOADED, keys, text], capture_output=True, text=True, check=True
    )
    return ran.stdout.split("\n")[:2]


def test_the_first_search_loads_nothing_more() -> None:
    assert loaded("zh/分布式系统,b", "") == ["True", "[]"]
    assert loaded("a", "一段文字") == ["True", "[]"]


def test_for_other_languages_nothing_is_loaded() -> None:
    assert loaded("b,сеть,ネット,네트", "text") == ["False", "[]"]


def test_it_goes_on_only_while_nobody_types(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[object] = []

    async def idle(seconds: float) -> None:
        steps.append(seconds)

    monkeypatch.setattr(chinese_ahead, "segmenter", lambda: steps.append("words"))
    monkeypatch.setattr(chinese_ahead, "load_readings", lambda: steps.append("readings"))
    monkeypatch.setattr(chinese_ahead, "spell", lambda keys: steps.append(len(keys)))
    names = [f"一{n}" for n in range(NAMES_AT_A_TIME + 5)]
    asyncio.run(load_chinese(["a", *names], "", idle))
    assert steps == [
        *(IDLE_SECONDS, "words", IDLE_SECONDS, "readings"),
        *(SHORT_IDLE_SECONDS, NAMES_AT_A_TIME, SHORT_IDLE_SECONDS, 5),
    ]
