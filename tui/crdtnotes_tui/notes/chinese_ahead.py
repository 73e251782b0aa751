"""Loads what Chinese notes need before somebody asks for it: the readings of names, and the words.

Parts of it hold up every thread for up to 0.3 s, so it waits until nobody types.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice

from crdtnotes.markup.pinyin import is_chinese, load_readings, spell
from crdtnotes_tui.text.segmenter import segmenter

NAMES_AT_A_TIME = 200
"""How many names are spelled without a pause; it takes some 15 ms."""

IDLE_SECONDS, SHORT_IDLE_SECONDS = 1.0, 0.1
"""How long nobody must have typed before something is loaded, and before names are spelled."""


async def load_chinese(keys: Sequence[str], text: str, idle: Callable[[float], Awaitable[None]]) -> None:
    """Load the words of Chinese if names or the text have some, and find out how the names are spelled.

    `keys` are keys of names. `idle` waits until nobody has typed for so many seconds.
    """
    chinese = [key for key in keys if is_chinese(key)]
    if chinese or is_chinese(text):
        await idle(IDLE_SECONDS)
        await asyncio.to_thread(segmenter)
        await idle(IDLE_SECONDS)
        await asyncio.to_thread(load_readings)
    names = iter(chinese)
    while part := list(islice(names, NAMES_AT_A_TIME)):
        await idle(SHORT_IDLE_SECONDS)
        await asyncio.to_thread(spell, part)
