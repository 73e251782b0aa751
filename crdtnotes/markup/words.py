"""Texts as the search index sees them: folded, and with a space wherever a word ends.

Text is folded with NFKC, so full-width ＣＡＰ and CAP are one, and so are NFC and NFD. CJK characters (Han,
kana, Hangul) are words of their own.
"""

import re
import unicodedata
from functools import cache

CJK = (  # radicals, kana, bopomofo, Hangul, Han with its extensions
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3105-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
"""The characters that stand as words of their own, as the inside of a regular expression's class."""


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what matches a run of CJK characters, and what matches a text that is folded already.

    Compiled when first needed: it takes longer than opening a vault. Folded is what NFKC leaves as it is, or
    makes of one separator another: ASCII, Han, common punctuation.
    """
    folded = r"[\x00-\x7f\u4e00-\u9fff、。《》「」『』【】，；：！？（）“”‘’—…]*+"
    return re.compile(f"([{CJK}]+)"), re.compile(folded)


def fold(text: str) -> str:
    """Return the text as the index sees it, but for the spacing."""
    return unicodedata.normalize("NFKC", text)


def is_cjk(character: str) -> bool:
    """Whether a character stands as a word of its own."""
    return _patterns()[0].match(character) is not None


def spaced(text: str) -> str:
    """Return the text, folded, with its CJK characters apart, so that each is a word."""
    runs, folded = _patterns()
    if not folded.fullmatch(text):
        text = fold(text)
    if text.isascii():
        return text
    parts = runs.split(text)
    parts[1::2] = map(" ".join, parts[1::2])
    return " ".join(parts)
