"""Chinese words by the dictionary of `rjieba`, if it is installed (the extra `crdtnotes[zh]`)."""

import importlib
from functools import cache

from crdtnotes_tui.text.words import Segmenter


@cache
def segmenter() -> Segmenter | None:
    """Return the function that cuts Chinese into words, which the first call loads; None if it is missing."""
    try:
        cut = importlib.import_module("rjieba").cut
    except ImportError:
        return None

    def segment(text: str) -> list[str]:
        return [str(piece) for piece in cut(text)]

    return segment
