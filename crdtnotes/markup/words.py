"""Texts as the search index sees them: folded, and with a space wherever a word ends.

Text is folded with NFKC, so full-width ＣＡＰ and CAP are one, and so are NFC and NFD. CJK characters (Han,
kana, Hangul) are words of their own.
"""

import re
import unicodedata

CJK = (  # radicals, kana, bopomofo, Hangul, Han with its extensions
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3105-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
"""The characters that stand as words of their own, as the inside of a regular expression's class."""

_RUNS = re.compile(f"([{CJK}]+)")
# What NFKC leaves as it is, or makes of one separator another: ASCII, Han, common punctuation.
_FOLDED = re.compile(r"[\x00-\x7f\u4e00-\u9fff、。《》「」『』【】，；：！？（）“”‘’—…]*+")


def fold(text: str) -> str:
    """Return the text as the index sees it, but for the spacing."""
    return unicodedata.normalize("NFKC", text)


def spaced(text: str) -> str:
    """Return the text, folded, with its CJK characters apart, so that each is a word."""
    if not _FOLDED.fullmatch(text):
        text = fold(text)
    if text.isascii():
        return text
    parts = _RUNS.split(text)
    parts[1::2] = map(" ".join, parts[1::2])
    return " ".join(parts)
